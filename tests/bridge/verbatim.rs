//! The bridge alters no byte: what one end sent is what the other received, in both directions.

use std::fs;
use std::time::Duration;

use crate::support::Site;
use crate::support::connect::sftp as stock_sftp;
use crate::support::files::{Scratch, random_bytes};
use crate::support::sftp::{self, Packet};
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::wait::{SOON, wait_until};

/// sftp-server with both of its streams recorded.
const RECORDED: &str = "tee \"$FILES/up\" | \"$SFTP_SERVER\" | tee \"$FILES/down\"";

fn recorded_site() -> Site {
    Site::with(Sshd::with(Subsystem::Script(RECORDED)), |config| config)
}

#[track_caller]
fn assert_recorded(site: &Site, name: &str, expected: &[u8]) {
    let file = site.sshd.remote(name);
    wait_until(&format!("all of {name}"), SOON, || {
        fs::metadata(&file).unwrap().len() >= expected.len() as u64
    });
    let recorded = fs::read(&file).unwrap();
    let first = recorded.iter().zip(expected).position(|(one, other)| one != other);
    assert_eq!(first, None, "{name} differs from this byte on");
    assert_eq!(recorded.len(), expected.len(), "{name} is longer than what the client saw");
}

/// A session of every kind of packet, odd names and all sizes.
fn requests(handle: &[u8], dir: &str) -> Vec<Vec<u8>> {
    let mut odd_name = format!("{dir}/").into_bytes();
    odd_name.extend(b"caf\xe9 \"quoted\" \\ \n \x1b[0m");
    let (new, link) = (format!("{dir}/new"), format!("{dir}/link"));
    let mut requests = vec![
        sftp::with_name(sftp::REALPATH, 10, "."),
        sftp::mkdir(11, &odd_name),
        sftp::with_name(sftp::STAT, 12, &odd_name),
        sftp::with_names(sftp::RENAME, 13, &odd_name, &new),
        sftp::with_names(sftp::SYMLINK, 14, &new, &link),
        sftp::with_name(sftp::READLINK, 15, &link),
        sftp::with_name(sftp::REMOVE, 16, &link),
        sftp::with_name(sftp::RMDIR, 17, &new),
        sftp::with_name(sftp::STAT, 18, "/no/such/file"),
        sftp::with_name(sftp::OPENDIR, 21, dir),
        sftp::with_name(sftp::READDIR, 22, [0, 0, 0, 1]),
        sftp::with_name(sftp::READDIR, 23, "no handle"),
        // Extensions, known and unknown.
        Packet::request(sftp::EXTENDED, 19).string("statvfs@openssh.com").string(dir).bytes(),
        Packet::request(sftp::EXTENDED, 20).string("nothing@example.org").string([0, 255, 128]).bytes(),
        // The same id twice, and the largest there is.
        sftp::with_name(sftp::REALPATH, 20, "/"),
        sftp::with_name(sftp::REALPATH, u32::MAX, "/"),
    ];
    for (number, length) in [0, 1, 2, 3, 1000, 32 << 10, 200 << 10, 261_000].into_iter().enumerate() {
        let data = random_bytes(length);
        requests.push(sftp::write(100 + number as u32, handle, (number as u64) << 20, &data));
        requests.push(sftp::read(200 + number as u32, handle, (number as u64) << 20, length as u32));
    }
    requests
}

#[test]
fn both_streams_of_a_session_arrive_byte_for_byte() {
    let site = recorded_site();
    let mut session = site.session();
    let flags = sftp::READ_FLAG | sftp::WRITE_FLAG | sftp::CREATE_FLAG;
    let open = sftp::open(2, site.sshd.remote("data"), flags);
    session.ws.send(&open);
    let opened = session.ws.packet();
    let handle = sftp::Response::parse(&opened).string().to_vec();

    let mut sent = [sftp::init(), open].concat();
    let mut heard = Vec::new();
    for request in requests(&handle, &site.sshd.remote("")) {
        session.ws.send(&request);
        sent.extend(request);
        heard.extend(session.ws.packet());
    }
    assert_recorded(&site, "up", &sent);
    // VERSION came before we began to keep what we heard.
    let version = fs::read(site.sshd.remote("down")).unwrap();
    let version = version[..4 + u32::from_be_bytes(version[..4].try_into().unwrap()) as usize].to_vec();
    assert_recorded(&site, "down", &[version, opened, heard].concat());
}

#[test]
fn both_streams_of_a_stock_sftp_session_arrive_byte_for_byte() {
    let site = recorded_site();
    let scratch = Scratch::new();
    let (up, down) = (scratch.join("up"), scratch.join("down"));
    let connect = site.bridge.connect_line();
    let transport =
        scratch.script("transport", &format!("tee {} | {connect} | tee {}", up.display(), down.display()));
    let file = scratch.join("file");
    fs::write(&file, random_bytes(3 << 20)).unwrap();
    let commands = format!(
        "cd {dir}\nput {file} one\nrename one two\nls -la\nget two {copy}\nln -s two three\nrm three\nrm two\nmkdir d\nrmdir d",
        dir = site.sshd.files().display(),
        file = file.display(),
        copy = scratch.join("copy").display(),
    );
    stock_sftp(transport.to_str().unwrap(), &commands, Duration::from_secs(60));
    site.sshd.wait_idle();
    assert!(fs::metadata(&up).unwrap().len() > 3 << 20 && fs::metadata(&down).unwrap().len() > 3 << 20);
    assert_recorded(&site, "up", &fs::read(&up).unwrap());
    assert_recorded(&site, "down", &fs::read(&down).unwrap());
    assert_eq!(site.bridge.session_end().number("bytes_up"), fs::metadata(&up).unwrap().len());
}
