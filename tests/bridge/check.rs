//! `sftpbridge check` against servers that work, and against each way in which one does not: the cause and the remedy
//! are named, in the table and in the JSON document.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::authority::Authority;
use crate::support::bridge::{Config, binary};
use crate::support::fake::{Fake, closed_port};
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::keys::Keys;
use crate::support::node::node;
use crate::support::otp;
use crate::support::process::{Said, run, tool};
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::user::User;

const LIMIT: Duration = Duration::from_secs(60);

fn command(file: &Path, arguments: &[&str], password: &str) -> Command {
    let mut command = Command::new(binary());
    command.arg("check").arg("--config").arg(file).args(arguments);
    command.env_remove("NO_COLOR").env("SFTPBRIDGE_PASSWORD", password);
    command
}

/// What was found, as a table and as JSON, each from a run of its own.
struct Checked {
    table: Said,
    document: Value,
}

impl Checked {
    #[track_caller]
    fn with(config: &Config, arguments: &[&str], password: &str) -> Checked {
        let (_scratch, file) = config.write();
        let table = run(&mut command(&file, arguments, password), b"", LIMIT);
        let json = run(&mut command(&file, &[arguments, &["--json"]].concat(), password), b"", LIMIT);
        for said in [&table, &json] {
            let text = format!("{}{}", said.stdout, said.stderr);
            assert!(!text.contains('\x1b'), "an escape sequence in what is no terminal: {text:?}");
            assert!(password.is_empty() || !text.contains(password), "the password is shown");
        }
        assert_eq!(table.status.code(), json.status.code());
        let document: Value = serde_json::from_str(&json.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}{}", json.stdout, json.stderr);
        });
        assert_eq!(document["ok"], table.status.success(), "{document:#}");
        Checked { table, document }
    }

    /// As nobody: up to the host key.
    #[track_caller]
    fn anonymous(config: &Config) -> Checked {
        Checked::with(config, &[], "")
    }

    /// As the test user.
    #[track_caller]
    fn login(config: &Config) -> Checked {
        let user = User::read();
        Checked::with(config, &["--user", &user.name], &user.password)
    }

    #[track_caller]
    fn step(&self, name: &str) -> &Value {
        let steps = self.document["upstreams"][0]["steps"].as_array().unwrap();
        let setting = self.document["config"]["steps"].as_array().unwrap();
        let found = steps.iter().chain(setting).find(|step| step["step"] == name);
        found.unwrap_or_else(|| panic!("no step {name}: {:#}", self.document))
    }

    #[track_caller]
    fn is(&self, name: &str, status: &str) -> &str {
        let step = self.step(name);
        assert_eq!(step["status"], status, "{name}: {:#}", self.document);
        step["found"].as_str().unwrap()
    }

    /// This step failed, and says so; the exit code too. Those behind it were not tried.
    #[track_caller]
    fn fails(&self, name: &str, found: &str, cause: &str, remedy: &str) {
        assert_eq!(self.table.status.code(), Some(1), "{}", self.table.stderr);
        assert!(self.is(name, "failed").contains(found), "{:#}", self.document);
        self.advises(name, cause, remedy);
        let steps = self.document["upstreams"][0]["steps"].as_array().unwrap();
        let behind = steps.iter().skip_while(|step| step["step"] != name).skip(1);
        behind.for_each(|step| assert_eq!(step["status"], "skipped", "{step:#}"));
        assert!(self.table.stderr.contains(&format!("main at {name}")), "{}", self.table.stderr);
    }

    #[track_caller]
    fn advises(&self, name: &str, cause: &str, remedy: &str) {
        let step = self.step(name);
        assert!(step["cause"].as_str().unwrap().contains(cause), "{step:#}");
        assert!(step["remedy"].as_str().unwrap().contains(remedy), "{step:#}");
        let table = self.table.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(table.contains(cause) && table.contains(remedy), "{}", self.table.stdout);
    }
}

#[test]
fn a_server_that_works_is_followed_to_its_last_step() {
    let sshd = Sshd::options().config("LogLevel DEBUG1").start();
    let checked = Checked::login(&Config::to(&sshd));
    assert_eq!(checked.table.status.code(), Some(0), "{}", checked.table.stdout);
    for step in checked.document["upstreams"][0]["steps"].as_array().unwrap() {
        assert_eq!(step["status"], "ok", "{step:#}");
        assert!(step["cause"].is_null() && step["remedy"].is_null(), "{step:#}");
        let timed = step["step"] != "trust";
        assert_eq!(step["milliseconds"].is_number(), timed, "{step:#}");
    }
    assert_eq!(checked.is("resolve", "ok"), "127.0.0.1");
    assert_eq!(checked.is("connect", "ok"), format!("127.0.0.1:{}", sshd.port));
    assert!(checked.is("version", "ok").starts_with("SSH-2.0-OpenSSH_"));
    assert!(checked.is("host_key", "ok").contains("line 1 of /"), "{}", checked.is("host_key", "ok"));
    assert!(sshd.keys.fingerprints().iter().any(|key| checked.is("host_key", "ok").contains(key)));
    assert!(checked.is("methods", "ok").contains("password"));
    assert!(checked.is("login", "ok").ends_with("by password"));
    let sftp = checked.is("sftp", "ok");
    assert!(sftp.starts_with("version 3; ") && sftp.contains("posix-rename@openssh.com"), "{sftp}");
    assert!(checked.is("limits", "ok").starts_with("packet 262144 bytes, read "));
    assert!(checked.is("round_trip", "ok").contains("ms, median of 5; the user begins in /"));
    assert!(checked.table.stdout.ends_with("all is well\n"), "{}", checked.table.stdout);
    sshd.wait_idle();
}

#[test]
fn the_algorithms_are_those_that_the_server_has_agreed_on() {
    for extra in ["", "Ciphers aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms ecdh-sha2-nistp384"] {
        let sshd = Sshd::options().config("LogLevel DEBUG1").config(extra).start();
        let checked = Checked::anonymous(&Config::to(&sshd));
        let found = checked.is("algorithms", "ok").to_owned();
        let log = sshd.log();
        let logged = |what: &str| {
            let rest = log.split_once(what).unwrap_or_else(|| panic!("no {what} in {log}")).1;
            rest.split_whitespace().next().unwrap().to_owned()
        };
        for (kind, what) in [
            ("kex", "kex: algorithm: "),
            ("host key", "kex: host key algorithm: "),
            ("cipher", "kex: client->server cipher: "),
        ] {
            assert!(found.contains(&format!("{kind} {}", logged(what))), "{found}: {kind} {}", logged(what));
        }
        let mac = logged("MAC: ");
        assert!(found.ends_with(&format!("mac {}", mac.trim_matches(['<', '>']))), "{found}: {mac}");
    }
}

#[test]
fn without_a_user_it_ends_at_the_host_key_and_nothing_failed() {
    let sshd = Sshd::start();
    let checked = Checked::anonymous(&Config::to(&sshd));
    assert_eq!(checked.table.status.code(), Some(0));
    assert!(checked.is("login", "skipped").contains("--user"));
    checked.is("host_key", "ok");
    assert!(!sshd.log().contains("user"), "nobody's name came as far as sshd: {}", sshd.log());
}

#[test]
fn a_changed_host_key_is_shown_with_the_expected_one_before_a_password_leaves() {
    let sshd = Sshd::options().keys(HostKeys::named("other")).start();
    let known = HostKeys::named("main");
    let checked = Checked::login(&Config::to(&sshd).known_hosts(&known.known_hosts(sshd.port)));
    checked.fails("host_key", "mismatch", "installed anew", "keyscan");
    let found = checked.is("host_key", "failed");
    assert!(known.fingerprints().iter().all(|key| found.contains(key)), "{found}");
    assert!(sshd.keys.fingerprints().iter().any(|key| found.contains(key)), "{found}");
    assert!(!sshd.log().contains(&User::read().name), "{}", sshd.log());
}

#[test]
fn a_key_for_another_port_is_no_key() {
    let sshd = Sshd::start();
    let checked = Checked::anonymous(&Config::to(&sshd).known_hosts(&sshd.keys.known_hosts(22)));
    checked.is("trust", "warning");
    checked.advises("trust", "other names or ports", "keyscan");
    checked.fails("host_key", "unknown host key", "no host key is known", "operator");
}

#[test]
fn a_revoked_key_is_named_as_such() {
    let sshd = Sshd::start();
    let known = sshd.known_hosts();
    let revoked: String = known.lines().map(|line| format!("@revoked {line}\n")).collect();
    let checked = Checked::anonymous(&Config::to(&sshd).known_hosts(&format!("{known}{revoked}")));
    checked.fails("host_key", "revoked", "@revoked", "new host keys");
}

#[test]
fn a_host_certificate_is_shown_with_its_authority() {
    let authority = Authority::new();
    let certificate =
        authority.sign(&HostKeys::named("main").public_key("ed25519"), &["-h", "-n", "127.0.0.1"]);
    let sshd = Sshd::options().config(&format!("HostCertificate {}", certificate.display())).start();
    let line = authority.line("@cert-authority", sshd.port);
    let checked = Checked::login(&Config::to(&sshd).known_hosts(&line));
    let found = checked.is("host_key", "ok");
    assert!(found.contains(&format!("certified by {}", authority.fingerprint())), "{found}");
    assert!(found.contains("authority in line 1"), "{found}");
    let stranger = Authority::new().line("@cert-authority", sshd.port);
    let checked = Checked::login(&Config::to(&sshd).known_hosts(&stranger));
    checked.fails("host_key", &authority.fingerprint(), "authority that is not trusted", "@cert-authority");
}

#[test]
fn a_closed_port_is_told_from_one_that_does_not_answer() {
    let closed = Checked::anonymous(&Config::to_port(closed_port()));
    closed.fails("connect", "refused", "the port is closed", "sshd running");
    let hole = Full::new();
    let quick = Config::to_port(hole.port).upstream(r#"connect_timeout = "1s""#);
    let start = Instant::now();
    let dropped = Checked::anonymous(&quick);
    dropped.fails("connect", "no answer from 127.0.0.1", "drops the packets", "firewall");
    assert!(start.elapsed() < Duration::from_secs(15), "the upstream's own deadline");
}

/// A listener whose queue is full: it answers nobody any more.
struct Full {
    port: u16,
    _held: Vec<socket2::Socket>,
}

impl Full {
    fn new() -> Full {
        use socket2::{Domain, Socket, Type};
        use std::net::{Ipv4Addr, SocketAddr};
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let port = address.as_socket().unwrap().port();
        let mut held = vec![listener];
        for _ in 0..4 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            let _ = socket.connect_timeout(&address, Duration::from_millis(300));
            held.push(socket);
        }
        Full { port, _held: held }
    }
}

#[test]
fn a_name_without_an_address_fails_to_resolve() {
    let (_scratch, file) = Config::to_port(22).write();
    let text = fs::read_to_string(&file).unwrap().replace("127.0.0.1:22", "nowhere.invalid:22");
    fs::write(&file, text).unwrap();
    let said = run(&mut command(&file, &["--json"], ""), b"", LIMIT);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let step = &document["upstreams"][0]["steps"][1];
    assert_eq!((&step["step"], &step["status"]), (&"resolve".into(), &"failed".into()), "{document:#}");
    assert!(step["remedy"].as_str().unwrap().contains("getent hosts nowhere.invalid"), "{step:#}");
}

#[test]
fn what_is_no_ssh_server_is_told_by_what_it_says() {
    let quick = |fake: &Fake| Config::to_port(fake.port).upstream(r#"connect_timeout = "1s""#);
    let silent = Fake::black_hole();
    let checked = Checked::anonymous(&quick(&silent));
    checked.fails("version", "it says nothing", "nothing comes", "port of sshd");
    let ftp = Fake::says(b"220 ftp \x1b[2J\r\n");
    let checked = Checked::anonymous(&quick(&ftp));
    checked.fails("version", r"220 ftp \x1b[2J", "FTP", "SFTP is not FTP");
    let full = Fake::says_and_ends(b"Exceeded MaxStartups\r\n");
    let checked = Checked::anonymous(&quick(&full));
    checked.fails("version", "Exceeded MaxStartups", "MaxStartups", "raise MaxStartups");
    let banned = Fake::says_and_ends(b"Not allowed at this time\r\n");
    let checked = Checked::anonymous(&quick(&banned));
    checked.fails("version", "Not allowed", "PerSourcePenalties", "PerSourcePenaltyExemptList");
    let gone = Fake::says_and_ends(b"");
    Checked::anonymous(&quick(&gone)).fails("version", "lost", "hung up without a word", "MaxStartups");
}

#[test]
fn an_old_server_needs_legacy_and_a_new_one_does_not() {
    let old = "HostKeyAlgorithms ssh-rsa\nKexAlgorithms diffie-hellman-group14-sha1\nCiphers aes128-cbc\nMACs hmac-sha1";
    let sshd = Sshd::options().config(old).start();
    let checked = Checked::anonymous(&Config::to(&sshd));
    let offered = "diffie-hellman-group14-sha1";
    checked.fails("algorithms", offered, "no common algorithm", "legacy = true");
    let checked = Checked::login(&Config::to(&sshd).upstream("legacy = true"));
    assert_eq!(checked.table.status.code(), Some(0), "{}", checked.table.stdout);
    assert!(checked.is("algorithms", "warning").contains("cipher aes128-cbc; mac hmac-sha1"));
    checked.advises("algorithms", "only algorithms that OpenSSH dropped", "renew the server");
    let modern = Sshd::start();
    let checked = Checked::anonymous(&Config::to(&modern).upstream("legacy = true"));
    checked.is("algorithms", "warning");
    checked.advises("algorithms", "does not need them", "delete legacy");
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let sshd = Sshd::start();
    let checked = Checked::with(&Config::to(&sshd), &["--user", &User::read().name], "canary-pw");
    checked.fails("login", "refused the login", "wrong password", "the log of sshd");
    let keys_only = Sshd::options().config("PasswordAuthentication no").start();
    let checked = Checked::login(&Config::to(&keys_only));
    checked.fails("login", "no password is taken", "takes no passwords", "PasswordAuthentication yes");
    assert!(checked.is("methods", "ok").starts_with("publickey for "));
}

#[test]
fn an_expired_password_is_no_wrong_one() {
    let scratch = Scratch::new();
    let banner = scratch.join("banner");
    fs::write(&banner, "You are required to change your password immediately (password expired).\n").unwrap();
    let expired = format!("Banner {}", banner.display());
    let sshd = Sshd::options().config(&expired).subsystem(Subsystem::Script("exit 1")).start();
    let checked = Checked::login(&Config::to(&sshd));
    checked.fails("subsystem", "expired", "the password was right, and has expired", "change it");
}

#[test]
fn a_server_that_asks_for_a_new_password_is_understood() {
    let keys: Vec<_> = HostKeys::named("main").private_keys().collect();
    let mut server = node("expired.js", &json!({ "keys": keys, "banner": null }));
    let port = server.line("the port", |line| line.strip_prefix("port ")?.parse().ok());
    let (_scratch, file) = Config::to_port(port).write();
    let said = run(&mut command(&file, &["--user", "user", "--json"], "expired"), b"", LIMIT);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let steps = document["upstreams"][0]["steps"].as_array().unwrap();
    let login = steps.iter().find(|step| step["step"] == "login").unwrap();
    assert_eq!((said.status.code(), &login["status"]), (Some(1), &"failed".into()), "{document:#}");
    assert!(login["cause"].as_str().unwrap().contains("has expired"), "{login:#}");
}

#[test]
fn a_password_answers_one_question_and_a_second_one_is_for_people() {
    let asks = "PasswordAuthentication no\nPubkeyAuthentication no\nKbdInteractiveAuthentication yes";
    let sshd = Sshd::options().config(asks).start();
    let checked = Checked::login(&Config::to(&sshd));
    assert!(checked.is("methods", "ok").starts_with("keyboard-interactive for "));
    checked.is("round_trip", "ok");
    let two = otp::sshd().start();
    let checked = Checked::login(&Config::to(&two));
    checked.fails("login", "nobody answers", "one-time code", "sftpbridge connect");
}

#[test]
fn a_server_without_sftp_gets_the_line_for_its_configuration() {
    let sshd = Sshd::with(Subsystem::Absent);
    let checked = Checked::login(&Config::to(&sshd));
    checked.fails("subsystem", "no sftp subsystem", "does not offer SFTP", "Subsystem sftp internal-sftp");
    checked.is("login", "ok");
}

#[test]
fn noise_before_sftp_is_shown_escaped_with_what_silences_it() {
    let noisy = "sleep 0.3; printf 'Welcome \\033[31mto the jungle\\n'; exec \"$SFTP_SERVER\"";
    let sshd = Sshd::with(Subsystem::Script(noisy));
    let checked = Checked::login(&Config::to(&sshd));
    checked.fails("sftp", r#"says "Welcome \x1b[31mto the jungle""#, "text comes before SFTP", ".bashrc");
    checked.advises("sftp", "prints it at every login", "internal-sftp");
    let ends = Sshd::with(Subsystem::Script("sleep 0.3; exit 3"));
    let checked = Checked::login(&Config::to(&ends));
    checked.fails("sftp", "the channel ended", "exit status 3", "Subsystem sftp");
}

#[test]
fn the_bridges_own_key_is_tried_without_a_user() {
    let keys = Keys::new();
    let (known, stranger) = (keys.make("ed25519"), keys.make("ecdsa"));
    let sshd = Sshd::options().config(&keys.authorize(&[&known])).start();
    let user = User::read().name;
    let config = |key: &Path| {
        let config =
            Config::to(&sshd).upstream(r#"credentials = "key""#).upstream(&format!("user = {user:?}"));
        config
            .upstream(&format!("key_file = {key:?}"))
            .section("[identity.trusted_header]\nname = \"X-User\"\nfrom = [\"127.0.0.1\"]")
    };
    let checked = Checked::anonymous(&config(&known));
    assert_eq!(checked.is("login", "ok"), format!("{user} by key"));
    checked.is("round_trip", "ok");
    let checked = Checked::anonymous(&config(&stranger));
    checked.fails("login", "refused the login", &stranger.display().to_string(), "authorized_keys");
}

#[test]
fn what_only_deserves_a_look_is_a_warning() {
    let sshd = Sshd::start();
    let known = format!("a broken line\n{}", sshd.known_hosts());
    let config = Config::to(&sshd).known_hosts(&known).limit("packet = 34000");
    let checked = Checked::login(&config);
    assert_eq!(checked.table.status.code(), Some(0), "{}", checked.table.stdout);
    assert!(checked.is("trust", "warning").contains("line 1: "));
    checked.is("limits", "warning");
    checked.advises("limits", "limits.packet is 34000 bytes", "262148");
    assert!(checked.table.stdout.ends_with("all is well, 2 warnings\n"), "{}", checked.table.stdout);
}

#[test]
fn a_mistake_in_the_file_or_the_arguments_is_64_and_one_line() {
    let sshd = Sshd::start();
    let (scratch, file) = Config::to(&sshd).write();
    let second = Config::to(&sshd).another_upstream("second");
    let (_other, several) = Config::to(&sshd).section(&second).write();
    let broken = scratch.join("broken.toml");
    fs::write(&broken, fs::read_to_string(&file).unwrap().replace("address =", "adress =")).unwrap();
    for (file, arguments, mention) in [
        (&broken, &[][..], "did you mean"),
        (&file, &["--upstream", "nobody"], "no such upstream; there are: main"),
        (&several, &["--user", "me"], "--user needs --upstream"),
        (&file, &["--password-file", "x"], "--user"),
    ] {
        for json in [&[][..], &["--json"]] {
            let said = run(&mut command(file, &[arguments, json].concat(), ""), b"", LIMIT);
            assert_eq!(said.status.code(), Some(64), "{}", said.stderr);
            assert!(
                said.stderr.contains(mention) && said.stdout.is_empty(),
                "{}{}",
                said.stdout,
                said.stderr
            );
        }
    }
    let said = run(&mut command(&several, &["--upstream", "second"], ""), b"", LIMIT).ok();
    assert!(said.stdout.contains("upstream second at 127.0.0.1") && !said.stdout.contains("upstream main"));
}

#[test]
fn colours_are_for_a_terminal_that_wants_them() {
    let (_scratch, file) = Config::to_port(closed_port()).write();
    let line = format!("'{}' check --config '{}'", binary().display(), file.display());
    let at_a_terminal = |no_color: &str| {
        let mut script = Command::new(tool("script"));
        script.args(["-qefc", &line, "/dev/null"]).env("TERM", "xterm").env("NO_COLOR", no_color);
        run(&mut script, b"", LIMIT).stdout
    };
    let coloured = at_a_terminal("");
    assert!(coloured.contains("\x1b[31mfailed"), "{coloured:?}");
    assert!(!at_a_terminal("1").contains('\x1b'));
}
