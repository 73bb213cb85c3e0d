//! Where the commands of a page run: as root of a machine `files.example.org` that is theirs alone (`world.sh`), with a real
//! sshd at port 22 whose user is `me`, and a bridge behind `wss://files.example.org/sftp` that the machine's authorities vouch for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::Page;
use crate::support::certificates;
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::process::{Running, need_root, tool};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bridge/shipping/documents");

/// sshd at the port that it has everywhere, and at the other one of the examples.
const SSHD: &str = "Port 22\nPort 2222\nListenAddress 127.0.0.1\nPidFile none\nUsePAM yes\nPasswordAuthentication yes\n\
                    KbdInteractiveAuthentication no\nUseDNS no\nPrintMotd no\nPrintLastLog no\nLogLevel VERBOSE\n";

const SITE: &str = "[listen]\naddress = \"127.0.0.1:443\"\n\
                    [listen.tls]\ncertificate = \"front.pem\"\nkey = \"front.key\"\n\
                    [admin]\naddress = \"\"\n\
                    [upstreams.main]\naddress = \"127.0.0.1:22\"\n";

/// The binary that is shipped.
fn program() -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dist/sftpbridge");
    assert!(file.is_file(), "{} is missing; run: make image", file.display());
    file
}

/// The names in a text that are only for examples (RFC 2606), as hosts.
fn example_hosts(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')));
    words
        .map(|word| word.trim_matches(|c| matches!(c, '.' | '-')))
        .filter(|word| [".example.org", ".example.com", ".example.net"].iter().any(|end| word.ends_with(end)))
        .chain(["files.example.org"])
        .collect()
}

pub struct World {
    scratch: Scratch,
}

impl World {
    pub fn of(page: &Page) -> World {
        need_root();
        let scratch = Scratch::new();
        let hosts = example_hosts(&page.text);
        let lines: String = hosts.iter().map(|host| format!("127.0.0.1 {host}\n")).collect();
        fs::write(scratch.join("hosts"), lines).unwrap();

        let names: Vec<String> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
        let authority = scratch.join("authority.pem");
        certificates::authority(&authority);
        certificates::signed(&scratch.join("front.pem"), &authority, "front", &names.join(","));

        let keys = HostKeys::named("main");
        let mut sshd = format!("{SSHD}Subsystem sftp {}\n", tool("sftp-server").display());
        for key in keys.private_keys() {
            writeln!(sshd, "HostKey {}", key.display()).unwrap();
            let name = format!("ssh_host_{}_key.pub", key.file_name().unwrap().to_str().unwrap());
            fs::copy(key.with_extension("pub"), scratch.join(&name)).unwrap();
        }
        fs::write(scratch.join("sshd_config"), sshd).unwrap();
        fs::write(scratch.join("site.toml"), format!("{SITE}host_keys = {:?}\n", keys.fingerprints()))
            .unwrap();
        fs::create_dir(scratch.join("steps")).unwrap();
        World { scratch }
    }

    /// Where the page's commands are: `$STEPS` for them.
    pub fn steps(&self) -> PathBuf {
        self.scratch.join("steps")
    }

    /// Runs the script `page.sh` in `steps`.
    pub fn run(&self) -> Running {
        let mut unshare = Command::new(tool("unshare"));
        unshare.args(["--net", "--mount", "--propagation", "private", "--uts", "--pid", "--mount-proc"]);
        unshare.args(["--fork", "--kill-child", "bash"]).arg(format!("{FOLDER}/world.sh"));
        unshare.arg(self.scratch.path()).arg(program());
        unshare.args(["python3", &format!("{FOLDER}/typist.py"), "bash", "/run/world/steps/page.sh"]);
        unshare.env("REPOSITORY", env!("CARGO_MANIFEST_DIR"));
        Running::spawn(&mut unshare)
    }

    /// What the upstream and the bridge of this world said.
    pub fn logs(&self) -> String {
        let log = |name: &str| fs::read_to_string(self.scratch.join(name)).unwrap_or_default();
        format!("--- sshd\n{}--- wss://files.example.org\n{}", log("sshd.log"), log("site.log"))
    }
}

#[test]
fn hosts_of_examples_are_found_wherever_they_stand() {
    let text = "wss://a.example.org:443/x, `b.example.com`. and http://c.example.net/, not d.example nor example.org";
    let hosts: Vec<&str> = example_hosts(text).into_iter().collect();
    assert_eq!(hosts, ["a.example.org", "b.example.com", "c.example.net", "files.example.org"]);
}
