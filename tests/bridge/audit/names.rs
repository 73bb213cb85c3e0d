//! Names with anything in them.

use super::log::{Log, bytes, of};
use crate::support::Site;
use crate::support::sftp;
use crate::support::sshd::Sshd;

#[test]
fn names_with_newline_escape_quotes_and_invalid_utf_8_give_one_line_each() {
    let log = Log::new();
    let site = Site::with(Sshd::start(), |config| log.configure(config));
    let dir = site.sshd.remote("");
    let names: [&[u8]; 7] = [
        b"two\nlines",
        b"\x1b[2J\x1b]0;title\x07",
        b"\"quotes\" 'and' \\back\\x0a",
        b"\xff\xfe\xc3",
        b"{\"event\":\"forged\"}\r\n{\"event\":\"forged\"}",
        "Grüße\u{202e}gpj".as_bytes(),
        "文件".as_bytes(),
    ];
    let paths = names.map(|name| [dir.as_bytes(), name].concat());
    let mut session = site.session();
    for path in &paths {
        let reply = session.call(|id| sftp::open(id, path, sftp::WRITE_FLAG | sftp::CREATE_FLAG));
        session.close(reply.string());
        session.call(|id| sftp::with_names(sftp::RENAME, id, path, [path.as_slice(), b"\n2"].concat()));
    }
    session.ws.send_close(1000);
    let records = log.after(1);
    assert_eq!(log.text().lines().count(), 3 + 3 * names.len());
    for event in ["open", "close", "rename"] {
        let told: Vec<_> = of(&records, event).iter().map(|record| bytes(record, "path")).collect();
        assert_eq!(told, paths, "{event}");
        assert!(of(&records, event).iter().all(|record| record["result"] == "ok"), "{event}");
    }
    let printed = log.text();
    assert!(!printed.contains(['\x1b', '\x07', '\r', '\u{202e}']), "a terminal would obey this");
    assert!(printed.contains("文件"), "what is plain text stays so");
}

#[test]
fn a_path_of_a_quarter_mebibyte_is_cut_and_says_so() {
    let log = Log::new();
    let site = Site::with(Sshd::start(), |config| log.configure(config));
    let mut session = site.session();
    session.call(|id| sftp::with_name(sftp::REMOVE, id, "/".repeat(250_000)));
    session.ws.send_close(1000);
    let records = log.after(1);
    let record = of(&records, "remove")[0];
    assert_eq!((&record["path_length"], record["path"].as_str().unwrap().len()), (&250_000.into(), 4096));
    assert_ne!(record["result"], "ok");
}
