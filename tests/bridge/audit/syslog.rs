//! Records to a real rsyslogd.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use super::log::{of, records};
use crate::support::Site;
use crate::support::files::Scratch;
use crate::support::process::{Running, read_lossy, tool};
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

struct Rsyslogd {
    process: Running,
    scratch: Scratch,
}

impl Rsyslogd {
    fn start(scratch: Scratch) -> Rsyslogd {
        let [socket, output] = ["log", "output"].map(|name| scratch.join(name));
        let text = format!(
            "module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket={socket:?})\n\
             template(name=\"bare\" type=\"string\" string=\"%programname%|%syslogfacility-text%|%syslogseverity-text%|%msg%\\n\")\n\
             action(type=\"omfile\" file={output:?} template=\"bare\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n"
        );
        let config = scratch.join("rsyslog.conf");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(tool("rsyslogd"));
        command.arg("-n").arg("-f").arg(config).arg("-i").arg(scratch.join("pid"));
        let process = Running::spawn(&mut command);
        wait_until("rsyslogd's socket", SOON, || socket.exists());
        Rsyslogd { process, scratch }
    }

    fn socket(&self) -> PathBuf {
        self.scratch.join("log")
    }

    fn output(&self) -> String {
        read_lossy(&self.scratch.join("output"))
    }

    fn restart(mut self) -> Rsyslogd {
        self.process.signal(Signal::TERM);
        self.process.wait(SOON);
        let _ = fs::remove_file(self.socket());
        Rsyslogd::start(self.scratch)
    }
}

#[test]
fn rsyslogd_gets_every_record_whole_and_after_its_restart_too() {
    let daemon = Rsyslogd::start(Scratch::new());
    let section = format!("[audit]\nsyslog = {:?}\nrequired = true", daemon.socket());
    let site = Site::with(Sshd::start(), |config| config.section(&section));
    let mut session = site.session();
    let path = site.sshd.remote("file");
    for number in 0..300 {
        session.call(|id| sftp::with_name(sftp::REMOVE, id, format!("{path}-{number}")));
    }
    // The longest record that there can be.
    let bad = vec![0xFF; 100_000];
    session.call(|id| sftp::with_names(sftp::RENAME, id, &bad, &bad));
    wait_until("the first records", SOON, || daemon.output().contains("path_length"));
    let daemon = daemon.restart();
    session.call(|id| sftp::with_name(sftp::REMOVE, id, "after"));
    session.ws.send_close(1000);
    wait_until("the last record", SOON, || daemon.output().contains("session_end"));
    let output = daemon.output();
    let lines: Vec<&str> = output.lines().filter(|line| line.contains("sftpbridge|")).collect();
    let bare: Vec<&str> = lines
        .iter()
        .map(|line| line.strip_prefix("sftpbridge|authpriv|info|").unwrap_or_else(|| panic!("{line}")).trim())
        .collect();
    let records = records(&(bare.join("\n") + "\n"));
    assert_eq!(of(&records, "remove").len(), 301);
    assert_eq!(of(&records, "rename")[0]["path_length"], 100_000);
    assert_eq!(of(&records, "session_end").len(), 1);
}
