//! A real OpenSSH server on loopback, with its own keys, for one test.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal};

use super::files::Scratch;
use super::host_keys::HostKeys;
use super::process::{Running, command_name, descendants, need_root, read_lossy, signal_process, tool};
use super::user::User;
use super::wait::{SOON, wait_for, wait_until};

/// The PAM service that `tests/setup.sh` makes: the system's own takes two seconds for a wrong password.
const SERVICE: &str = "sshd-sftpbridge";

/// What `Subsystem sftp` says.
pub enum Subsystem {
    /// The program sftp-server: a process of its own that can be stopped and killed.
    Program,
    /// sftp-server built into sshd.
    Internal,
    /// No sftp at all.
    Absent,
    /// A shell script; `$SFTP_SERVER` and `$FILES` are set.
    Script(&'static str),
}

pub struct Options {
    subsystem: Subsystem,
    keys: HostKeys,
    extra: String,
    service: &'static str,
}

impl Options {
    pub fn subsystem(mut self, subsystem: Subsystem) -> Options {
        self.subsystem = subsystem;
        self
    }

    pub fn keys(mut self, keys: HostKeys) -> Options {
        self.keys = keys;
        self
    }

    /// sshd_config lines; they win over ours, as the first value of a keyword counts.
    pub fn config(mut self, lines: &str) -> Options {
        self.extra.push_str(lines);
        self.extra.push('\n');
        self
    }

    /// The PAM service by which sshd checks passwords and asks questions.
    pub fn pam_service(mut self, service: &'static str) -> Options {
        self.service = service;
        self
    }

    pub fn start(self) -> Sshd {
        need_root();
        fs::create_dir_all("/run/sshd").unwrap();
        let scratch = Scratch::new();
        let files = scratch.owned_by_user("files");
        let program = self.program(&scratch);
        // A port that was free a moment ago may be taken now: then sshd ends and we ask for another.
        for _ in 0..10 {
            let port = free_port();
            let config = scratch.join("sshd_config");
            fs::write(&config, self.text(&scratch, &files, port)).unwrap();
            let log = scratch.join("sshd.log");
            let mut command = Command::new(&program);
            command.arg("-D").arg("-f").arg(&config).arg("-E").arg(&log);
            let mut process = Running::spawn(&mut command);
            let listens = wait_for("sshd to listen", SOON, || {
                let up = read_lossy(&log).contains("Server listening on 127.0.0.1");
                up.then_some(true).or_else(|| process.ended().map(|_| false))
            });
            if listens {
                return Sshd { process, port, keys: self.keys, scratch };
            }
            let text = read_lossy(&log);
            assert!(
                text.contains("Address already in use"),
                "sshd does not start: {text}{}",
                process.stderr()
            );
        }
        panic!("no free port for sshd in ten tries");
    }

    /// sshd takes its own name for that of its PAM service.
    fn program(&self, scratch: &Scratch) -> PathBuf {
        let file = Path::new("/etc/pam.d").join(self.service);
        assert!(file.is_file(), "{} is missing; run: tests/setup.sh", file.display());
        let named = scratch.join(self.service);
        symlink(tool("sshd"), &named).unwrap();
        named
    }

    fn text(&self, scratch: &Scratch, files: &Path, port: u16) -> String {
        let mut text = self.extra.clone();
        for key in self.keys.private_keys() {
            writeln!(text, "HostKey {}", key.display()).unwrap();
        }
        let subsystem = self.subsystem.command(scratch, files);
        if let Some(command) = subsystem {
            writeln!(text, "Subsystem sftp {command}").unwrap();
        }
        writeln!(
            text,
            "ListenAddress 127.0.0.1:{port}\n\
             PidFile none\n\
             UsePAM yes\n\
             PasswordAuthentication yes\n\
             KbdInteractiveAuthentication no\n\
             PermitRootLogin no\n\
             AllowUsers {user}\n\
             StrictModes no\n\
             UseDNS no\n\
             PrintMotd no\n\
             PrintLastLog no\n\
             MaxStartups 200\n\
             LogLevel VERBOSE",
            user = User::read().name,
        )
        .unwrap();
        text
    }
}

impl Subsystem {
    fn command(&self, scratch: &Scratch, files: &Path) -> Option<String> {
        let server = tool("sftp-server");
        match self {
            Subsystem::Program => Some(server.display().to_string()),
            Subsystem::Internal => Some("internal-sftp".to_owned()),
            Subsystem::Absent => None,
            Subsystem::Script(body) => {
                let body = format!("SFTP_SERVER={}\nFILES={}\n{body}", server.display(), files.display());
                Some(scratch.script("subsystem", &body).display().to_string())
            }
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub struct Sshd {
    process: Running,
    pub port: u16,
    pub keys: HostKeys,
    scratch: Scratch,
}

impl Sshd {
    pub fn start() -> Sshd {
        Sshd::options().start()
    }

    pub fn with(subsystem: Subsystem) -> Sshd {
        Sshd::options().subsystem(subsystem).start()
    }

    pub fn options() -> Options {
        Options {
            subsystem: Subsystem::Program,
            keys: HostKeys::named("main"),
            extra: String::new(),
            service: SERVICE,
        }
    }

    /// With the system's own PAM, which takes about two seconds for a wrong password.
    pub fn slow() -> Options {
        Sshd::options().pam_service("sshd")
    }

    pub fn known_hosts(&self) -> String {
        self.keys.known_hosts(self.port)
    }

    pub fn log(&self) -> String {
        read_lossy(&self.scratch.join("sshd.log"))
    }

    /// Waits until the log has so many times this text. sshd answers a failed login before it logs it.
    #[track_caller]
    pub fn wait_logged(&self, count: usize, text: &str) {
        let found = || self.log().matches(text).count();
        wait_until(&format!("{text:?} in sshd's log, {count} times"), SOON, || found() >= count);
        assert_eq!(found(), count, "{text:?} in {}", self.log());
    }

    /// A directory of the test user.
    pub fn files(&self) -> PathBuf {
        self.scratch.join("files")
    }

    /// The path of a file in it, as the SFTP client names it.
    pub fn remote(&self, name: &str) -> String {
        self.files().join(name).to_str().unwrap().to_owned()
    }

    /// How many clients have come as far as TCP.
    pub fn connections(&self) -> usize {
        self.log().matches("Connection from ").count()
    }

    /// The lines of the log for logins that succeeded.
    pub fn accepted(&self) -> Vec<String> {
        // "Accepted key" and "Accepted certificate" tell no more than that one is known.
        let over = |line: &&str| line.contains("Accepted ") && line.contains(" ssh2");
        self.log().lines().filter(over).map(str::to_owned).collect()
    }

    fn sessions(&self) -> Vec<Pid> {
        descendants(self.process.pid())
    }

    /// Whether a connection is open.
    pub fn has_sessions(&self) -> bool {
        !self.sessions().is_empty()
    }

    /// The sftp-server processes that serve now.
    pub fn sftp_servers(&self) -> Vec<Pid> {
        self.sessions().into_iter().filter(|pid| command_name(*pid) == "sftp-server").collect()
    }

    /// The one sftp-server of the one session.
    pub fn sftp_server(&self) -> Pid {
        wait_for("one sftp-server", SOON, || match self.sftp_servers()[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// Kills the connections; the listener stays.
    pub fn kill_sessions(&self) {
        self.signal_sessions(Signal::KILL);
    }

    /// To whatever serves the connections.
    pub fn signal_sessions(&self, signal: Signal) {
        for pid in self.sessions() {
            signal_process(pid, signal);
        }
    }

    /// Waits until no connection is left.
    pub fn wait_idle(&self) {
        wait_until("sshd to have no session", SOON, || self.sessions().is_empty());
    }
}
