//! The real binary, `sftpbridge serve`, with a configuration of the test's own.

use std::collections::HashMap;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::files::Scratch;
use super::http::Request;
use super::process::{Running, Said, status_kib};
use super::sshd::Sshd;
use super::user::User;
use super::wait::{SOON, wait_for, wait_until};

/// What cargo has just built; or what `SFTPBRIDGE_BINARY` names, such as a release's binary for another kind of machine.
pub fn binary() -> PathBuf {
    std::env::var_os("SFTPBRIDGE_BINARY")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_sftpbridge")), PathBuf::from)
}

/// For gibibytes: another build of the binary, such as an optimised one, where `SFTPBRIDGE_BULK_BINARY` names it.
pub fn bulk_binary() -> PathBuf {
    std::env::var_os("SFTPBRIDGE_BULK_BINARY").map_or_else(binary, PathBuf::from)
}

/// The configuration file, section by section.
pub struct Config {
    binary: PathBuf,
    port: u16,
    trust: Trust,
    address: String,
    listen: String,
    upstream: String,
    limits: String,
    throttle: String,
    admin: String,
    rest: String,
    wrap: Option<Wrap>,
}

/// Makes the command that starts the command of the bridge.
type Wrap = Box<dyn FnOnce(&Command) -> Command>;

impl Config {
    pub fn to(sshd: &Sshd) -> Config {
        Config::to_port(sshd.port).known_hosts(&sshd.known_hosts())
    }

    /// An upstream that no key will be found for, unless the test says which.
    pub fn to_port(port: u16) -> Config {
        let known_hosts = super::host_keys::HostKeys::named("main").known_hosts(port);
        Config {
            binary: binary(),
            port,
            trust: Trust::KnownHosts(known_hosts),
            address: "127.0.0.1:0".to_owned(),
            listen: String::new(),
            upstream: String::new(),
            limits: String::new(),
            throttle: String::new(),
            admin: String::new(),
            rest: String::new(),
            wrap: None,
        }
    }

    pub fn binary(mut self, binary: PathBuf) -> Config {
        self.binary = binary;
        self
    }

    pub fn known_hosts(mut self, text: &str) -> Config {
        self.trust = Trust::KnownHosts(text.to_owned());
        self
    }

    /// A file of the test's own.
    pub fn known_hosts_file(mut self, file: &std::path::Path) -> Config {
        self.trust = Trust::File(file.to_owned());
        self
    }

    /// Fingerprints in place of known_hosts.
    pub fn pinned(mut self, fingerprints: Vec<String>) -> Config {
        self.trust = Trust::Pinned(fingerprints);
        self
    }

    /// At this port of loopback, instead of one of the bridge's choice.
    pub fn listen_port(mut self, port: u16) -> Config {
        self.address = format!("127.0.0.1:{port}");
        self
    }

    /// Listens on a unix socket in place of TCP. The bridge's `port` is 0 then.
    pub fn unix(mut self, path: &Path) -> Config {
        self.address = format!("unix:{}", path.display());
        self
    }

    /// Started by another program, whose process becomes the bridge's.
    pub fn wrapped(mut self, wrap: impl FnOnce(&Command) -> Command + 'static) -> Config {
        self.wrap = Some(Box::new(wrap));
        self
    }

    /// A line of `[listen]`.
    pub fn listen(mut self, line: &str) -> Config {
        add(&mut self.listen, line);
        self
    }

    /// A line of `[upstreams.main]`.
    pub fn upstream(mut self, line: &str) -> Config {
        add(&mut self.upstream, line);
        self
    }

    /// A section for a further upstream that leads to the same server.
    pub fn another_upstream(&self, name: &str) -> String {
        let keys = super::host_keys::HostKeys::named("main").fingerprints();
        format!("[upstreams.{name}]\naddress = \"127.0.0.1:{}\"\nhost_keys = {keys:?}", self.port)
    }

    /// A line of `[limits]`.
    pub fn limit(mut self, line: &str) -> Config {
        add(&mut self.limits, line);
        self
    }

    /// A line of `[throttle]`. Without any, logins may fail as often as a test likes: they all come from one address.
    pub fn throttle(mut self, line: &str) -> Config {
        add(&mut self.throttle, line);
        self
    }

    /// With an admin listener, at a port of its own choice; there is none otherwise.
    pub fn admin(mut self) -> Config {
        self.admin = "127.0.0.1:0".to_owned();
        self
    }

    /// Another section, its header included.
    pub fn section(mut self, text: &str) -> Config {
        add(&mut self.rest, text);
        self
    }

    fn text(&self, trust: &str) -> String {
        let Config { port, address, listen, upstream, limits, admin, rest, .. } = self;
        let throttle = match self.throttle.as_str() {
            "" => "attempts_per_address = 100000\nattempts_per_user = 100000\n",
            lines => lines,
        };
        format!(
            "default_upstream = \"main\"\n\n\
             [listen]\naddress = {address:?}\n{listen}\n\
             [upstreams.main]\naddress = \"127.0.0.1:{port}\"\n{trust}\n{upstream}\n\
             [admin]\naddress = {admin:?}\n\n\
             [limits]\n{limits}\n[throttle]\n{throttle}\n{rest}"
        )
    }

    /// The file alone, for commands that only read it. It is gone with the scratch.
    pub fn write(&self) -> (Scratch, PathBuf) {
        let scratch = Scratch::new();
        let file = scratch.join("proxy.toml");
        fs::write(&file, self.text(&self.trust.line(&scratch))).unwrap();
        (scratch, file)
    }

    /// Starts it where it cannot run, and waits for what it says to that.
    #[track_caller]
    pub fn refused(self) -> Said {
        let (mut process, _scratch) = self.spawn();
        process.wait(SOON)
    }

    #[track_caller]
    fn spawn(mut self) -> (Running, Scratch) {
        let scratch = Scratch::new();
        let config = scratch.join("proxy.toml");
        fs::write(&config, self.text(&self.trust.line(&scratch))).unwrap();
        let mut command = Command::new(&self.binary);
        command.arg("serve").arg("--config").arg(&config);
        let mut command = match self.wrap.take() {
            Some(wrap) => wrap(&command),
            None => command,
        };
        command.current_dir(scratch.path()).env_remove("RUST_LOG");
        (Running::spawn(&mut command), scratch)
    }

    #[track_caller]
    pub fn start(self) -> Bridge {
        let (binary, admin, user) = (self.binary.clone(), self.admin.clone(), User::read());
        let (mut process, scratch) = self.spawn();
        write_secret(&scratch, "password", &user.password);
        let port = process.line("the line `listening on http://ADDRESS/`", |line| {
            let listening = line.strip_prefix("listening on http")?;
            if listening.contains("unix:") {
                return Some(0);
            }
            listening.split_once("://127.0.0.1:")?.1.split('/').next()?.parse().ok()
        });
        let admin_port = (!admin.is_empty()).then(|| {
            process.line("the line `metrics on http://ADDRESS/metrics`", |line| {
                line.strip_prefix("metrics on http://127.0.0.1:")?.strip_suffix("/metrics")?.parse().ok()
            })
        });
        Bridge { process, port, admin_port, user, binary, scratch }
    }
}

/// How the bridge knows its upstream.
enum Trust {
    KnownHosts(String),
    File(PathBuf),
    Pinned(Vec<String>),
}

impl Trust {
    fn line(&self, scratch: &Scratch) -> String {
        match self {
            Trust::KnownHosts(text) => {
                let file = scratch.join("known_hosts");
                fs::write(&file, text).unwrap();
                format!("known_hosts = {file:?}")
            }
            Trust::File(file) => format!("known_hosts = {file:?}"),
            Trust::Pinned(fingerprints) => format!("host_keys = {fingerprints:?}"),
        }
    }
}

fn add(section: &mut String, line: &str) {
    section.push_str(line);
    section.push('\n');
}

fn write_secret(scratch: &Scratch, name: &str, secret: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = scratch.join(name);
    fs::write(&path, format!("{secret}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub struct Bridge {
    process: Running,
    pub port: u16,
    /// Where the admin listener is, with [`Config::admin`].
    pub admin_port: Option<u16>,
    pub user: User,
    binary: PathBuf,
    scratch: Scratch,
}

impl Bridge {
    /// An opening handshake with the test user's credentials.
    pub fn login(&self) -> Request {
        self.anonymous().basic(&self.user.name, &self.user.password)
    }

    pub fn anonymous(&self) -> Request {
        Request::upgrade(self.port, "/sftp")
    }

    pub fn get(&self, path: &str) -> Request {
        Request::get(self.port, path)
    }

    /// A request to the admin listener.
    #[track_caller]
    pub fn admin(&self, path: &str) -> Request {
        Request::get(self.admin_port.expect("Config::admin"), path)
    }

    pub fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/sftp", self.port)
    }

    pub fn password_file(&self) -> PathBuf {
        self.scratch.join("password")
    }

    /// The command line of `connect` to this bridge, for `sftp -D` and sshfs.
    pub fn connect_line(&self) -> String {
        let (binary, password) = (self.binary.display(), self.password_file());
        format!(
            "{binary} connect {} --user {} --password-file {}",
            self.url(),
            self.user.name,
            password.display()
        )
    }

    /// The same for a login by other means, or as somebody else.
    pub fn connect_as(&self, user: &str, arguments: &str) -> String {
        format!("{} connect {} --user {user} {arguments}", self.binary.display(), self.url())
    }

    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Memory that is its own, in KiB: neither code nor mapped files.
    pub fn own_memory(&self) -> u64 {
        status_kib(self.pid(), "RssAnon")
    }

    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// What it has printed.
    pub fn output(&self) -> String {
        self.process.stdout()
    }

    /// A file beside its configuration: `proxy.toml`, `known_hosts`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Asks it to read its files again.
    pub fn hang_up(&self) {
        self.process.signal(Signal::HUP);
    }

    /// How many lines of the log have all of these texts.
    pub fn logged(&self, texts: &[&str]) -> usize {
        let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
        self.log().lines().filter(has_all).count()
    }

    /// Waits until so many lines of the log have all of these texts.
    #[track_caller]
    pub fn wait_logged(&self, count: usize, texts: &[&str]) {
        let what = format!("{count} lines of the log with {texts:?}");
        wait_until(&what, SOON, || self.logged(texts) >= count);
        assert_eq!(self.logged(texts), count, "lines with {texts:?}");
    }

    /// Open files and sockets.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid().as_raw_nonzero())).unwrap().count()
    }

    /// Ends it with no chance to tidy up.
    pub fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(SOON);
    }

    /// Asks it to drain.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    #[track_caller]
    pub fn wait_exit(&mut self, limit: Duration) -> ExitStatus {
        self.process.wait(limit).status
    }

    /// The `event=session_end` lines so far.
    pub fn session_ends(&self) -> Vec<SessionEnd> {
        self.log().lines().filter_map(SessionEnd::parse).collect()
    }

    /// The line of the one session that has been.
    #[track_caller]
    pub fn session_end(&self) -> SessionEnd {
        wait_for("the log line of the session's end", SOON, || self.session_ends().pop())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the bridge's log\n{}---", self.log());
        }
    }
}

/// The fields of the log line at a session's end.
#[derive(Debug)]
pub struct SessionEnd {
    fields: HashMap<String, String>,
}

impl SessionEnd {
    fn parse(line: &str) -> Option<SessionEnd> {
        let start = line.find("event=session_end").or_else(|| line.find("event=\"session_end\""))?;
        Some(SessionEnd { fields: fields(&line[start..]) })
    }

    #[track_caller]
    pub fn get(&self, field: &str) -> &str {
        self.fields.get(field).unwrap_or_else(|| panic!("no {field} in {:?}", self.fields))
    }

    #[track_caller]
    pub fn number(&self, field: &str) -> u64 {
        self.get(field).parse().unwrap_or_else(|_| panic!("{field} in {:?} is no number", self.fields))
    }
}

/// `key=value` pairs; a value with spaces stands in quotes.
fn fields(text: &str) -> HashMap<String, String> {
    let mut fields = HashMap::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        fields.insert(key.trim().to_owned(), value.to_owned());
        rest = next;
    }
    fields
}

#[test]
fn the_end_line_is_read_with_and_without_quotes() {
    let line =
        r#"2026-01-01T00:00:00Z INFO event=session_end session=7 reason="upstream ended" exit=0 packets=12"#;
    let end = SessionEnd::parse(line).unwrap();
    assert_eq!((end.get("reason"), end.number("packets"), end.get("exit")), ("upstream ended", 12, "0"));
}
