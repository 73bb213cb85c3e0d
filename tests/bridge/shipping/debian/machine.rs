//! A Debian that is booted with its own systemd, in a container with a network of its own. What happens in it is forgotten
//! with it, and any number of them may run at a time.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::support::process::{Running, Said, command_name, descendants, run, tool};
use crate::support::wait::{poll, wait_until};

/// The tree that `tests/setup.sh` makes.
const ROOT: &str = "/var/cache/sftpbridge-test/bookworm-with-sshd";

/// On a machine that has more to do: nobody waits as long as that otherwise.
const BOOT: Duration = Duration::from_secs(180);
const COMMAND: Duration = Duration::from_secs(120);
const POWEROFF: Duration = Duration::from_secs(20);

/// As the documents call them: an SSH server, and somebody who can log in there.
pub const HOST: &str = "files.example.org";
pub const USER: &str = "me";
pub const PASSWORD: &str = "correct horse";

pub struct Machine {
    container: Running,
    systemd: Pid,
}

impl Machine {
    /// `folder` is at /mnt in it.
    pub fn boot(folder: &Path) -> Machine {
        assert!(Path::new(ROOT).exists(), "there is no {ROOT}; run: tests/setup.sh");
        // However the test ends, systemd-nspawn is told so: even if nobody is left to drop the machine. (Killed, it would
        // leave the systemd inside behind.)
        let mut container = Command::new(tool("setpriv"));
        container.arg("--pdeathsig=TERM").arg(tool("systemd-nspawn"));
        // The tree stays as it is, and is locked for those alone who want to change it.
        container.args(["--directory", ROOT, "--read-only", "--volatile=overlay"]);
        container.arg(format!("--machine=sftpbridge-test-{}", std::process::id()));
        container.args(["--boot", "--console=pipe", "--quiet", "--private-network"]);
        // Of the systemd outside nothing is needed: there may be none.
        container.args(["--register=no", "--keep-unit"]);
        // Nothing in it is worth to be ended in order: this powers it off at once.
        container.arg("--kill-signal=SIGRTMIN+14");
        container.arg(format!("--bind-ro={}:/mnt", folder.display()));
        let mut container = Running::spawn(&mut container);
        let systemd = poll(BOOT, || {
            assert!(container.ended().is_none(), "{}{}", container.stdout(), container.stderr());
            descendants(container.pid()).into_iter().find(|pid| command_name(*pid) == "systemd")
        });
        let Some(systemd) = systemd else {
            panic!("no systemd: {}{}", container.stdout(), container.stderr());
        };
        let machine = Machine { container, systemd };
        machine.has_booted();
        // Whoever types the commands answers apt-get's question by Enter.
        machine.sh(&format!(
            "echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/99yes\n\
             echo 127.0.0.1 {HOST} >> /etc/hosts\n\
             useradd --create-home {USER}; echo '{USER}:{PASSWORD}' | chpasswd"
        ));
        machine
    }

    fn has_booted(&self) {
        let state = || self.try_sh("systemctl is-system-running --wait").stdout.trim().to_owned();
        let mut last = String::new();
        wait_until("the machine to have booted", BOOT, || {
            last = state();
            last == "running" || last == "degraded"
        });
        let failed = || self.try_sh("systemctl --failed --no-legend").stdout;
        assert_eq!(last, "running", "{}\n{}", failed(), self.container.stdout());
    }

    pub fn try_sh(&self, script: &str) -> Said {
        let mut enter = Command::new(tool("nsenter"));
        enter.arg(format!("--target={}", self.systemd.as_raw_nonzero()));
        enter.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--", "/bin/sh", "-ec", script]);
        enter.env_clear().env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        run(&mut enter, b"", COMMAND)
    }

    /// What the script printed.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let said = self.try_sh(script);
        let (stdout, stderr) = (&said.stdout, &said.stderr);
        assert!(said.status.success(), "{script}\n{stdout}{stderr}\n{}", self.journal());
        said.stdout.trim_end().to_owned()
    }

    #[track_caller]
    pub fn is_active(&self, unit: &str) -> bool {
        self.try_sh(&format!("systemctl is-active --quiet {unit}")).status.success()
    }

    /// What systemd knows about the service under this name.
    #[track_caller]
    pub fn property(&self, name: &str) -> String {
        self.sh(&format!("systemctl show --value --property={name} sftpbridge.service"))
    }

    pub fn journal(&self) -> String {
        self.try_sh("journalctl --no-pager --unit=sftpbridge.service").stdout
    }
}

/// systemd-nspawn tidies up in /run, if it gets the time.
impl Drop for Machine {
    fn drop(&mut self) {
        self.container.signal(Signal::TERM);
        poll(POWEROFF, || self.container.ended());
    }
}
