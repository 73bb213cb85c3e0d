//! What `sftpbridge connect` does for the person who logs in: the terminal, the order of keys, the words when it fails.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::Site;
use crate::support::agent::Agent;
use crate::support::askpass::Askpass;
use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::keys::Keys;
use crate::support::process::{Running, Said, run, tool};
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};

const QUICK: Duration = Duration::from_secs(30);

/// `connect` for a person without a terminal, keys or an agent, unless the test gives them.
fn connect(site: &Site, arguments: &[&str]) -> Command {
    let mut connect = Command::new(tool("setsid"));
    connect.arg("--wait").arg(binary()).args([
        "connect",
        &site.bridge.url(),
        "--user",
        &site.bridge.user.name,
    ]);
    connect.args(arguments).env("HOME", "/nonexistent");
    for variable in ["SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY"] {
        connect.env_remove(variable);
    }
    connect
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Ends its input after INIT: a session that came about is a clean exit.
#[track_caller]
fn logs_in(connect: &mut Command) -> Said {
    let said = run(connect, &sftp::init(), QUICK);
    assert_eq!(said.status.code(), Some(0), "{}", said.stderr);
    assert!(!said.stdout.is_empty(), "VERSION is missing");
    said
}

#[track_caller]
fn fails(connect: &mut Command, code: i32) -> String {
    let said = run(connect, &sftp::init(), QUICK);
    assert_eq!(said.status.code(), Some(code), "{}", said.stderr);
    assert_eq!(said.stdout, "", "stdout belongs to SFTP");
    said.stderr
}

/// A terminal with a shell command in it. What is typed comes from the test.
struct Terminal {
    script: Running,
}

impl Terminal {
    fn run(command: &str) -> Terminal {
        let mut script = Command::new(tool("script"));
        script
            .args(["-q", "-e", "-c", command, "/dev/null"])
            .env("HOME", "/nonexistent")
            .env("SHELL", "/bin/sh");
        for variable in ["SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"] {
            script.env_remove(variable);
        }
        Terminal { script: Running::spawn(&mut script) }
    }

    /// Waits for the number of times that `question` has been asked, and types.
    #[track_caller]
    fn answer(&mut self, question: &str, times: usize, keys: &str) {
        wait_until(question, SOON, || self.script.stdout().matches(question).count() == times);
        self.script.stdin().write_all(keys.as_bytes()).unwrap();
    }

    #[track_caller]
    fn end(mut self) -> Said {
        self.script.wait(QUICK)
    }
}

/// `connect` in a terminal; then how the terminal was left.
fn in_terminal(site: &Site) -> Terminal {
    let (binary, url, user) = (binary(), site.bridge.url(), &site.bridge.user.name);
    let connect = format!("{} connect {url} --user {user} </dev/null >/dev/null", binary.display());
    Terminal::run(&format!("{connect}; echo \"exit $?\"; stty -a"))
}

#[track_caller]
fn assert_left_in_order(said: &Said) {
    for mode in [" echo ", " icanon ", "isig ", " iexten"] {
        assert!(said.stdout.contains(mode), "{mode} is off: {}", said.stdout);
    }
}

#[test]
fn a_password_is_asked_for_at_the_terminal_unseen_and_again_when_it_is_wrong() {
    let site = Site::start();
    let mut terminal = in_terminal(&site);
    terminal.answer("'s password: ", 1, "not this one\n");
    terminal.answer("'s password: ", 2, &format!("typo\x15{}\n", site.bridge.user.password));
    let said = terminal.end();
    assert!(said.stdout.contains("exit 0"), "{}", said.stdout);
    assert!(!said.stdout.contains("not this one") && !said.stdout.contains(&site.bridge.user.password));
    assert_left_in_order(&said);
}

/// A terminal that cannot hide what is typed, as that of an emulator or of a window that was closed: no login was refused.
#[test]
fn a_terminal_that_fails_is_no_refused_login() {
    let site = Site::start();
    let mut connect = Command::new(tool("unshare"));
    connect.args(["--mount", "--propagation", "private", "sh", "-c"]);
    connect.args(["mount --bind /dev/null /dev/tty && exec \"$@\"", "sh"]).arg(binary());
    connect.args(["connect", &site.bridge.url(), "--user", &site.bridge.user.name]);
    connect.env("HOME", "/nonexistent").env_remove("SSH_AUTH_SOCK").env_remove("SSH_ASKPASS");
    let said = fails(&mut connect, 77);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("nobody could be asked: the terminal cannot be used: "), "{said}");
    assert!(said.contains("--password-file") && !said.contains("refused"), "{said}");
}

#[test]
fn in_batch_mode_nobody_is_asked_although_there_is_a_terminal() {
    let site = Site::start();
    let (binary, url) = (binary(), site.bridge.url());
    let transport = format!("{} connect {url} --user {} \"$@\"", binary.display(), site.bridge.user.name);
    let scratch = Scratch::new();
    let program = scratch.script("transport", &transport);
    let batch = scratch.join("batch");
    std::fs::write(&batch, "pwd\n").unwrap();
    let sftp = format!("{} -S {} -b {} bridge", tool("sftp").display(), text(&program), text(&batch));
    let said = Terminal::run(&format!("{sftp}; echo \"exit $?\"")).end();
    assert!(said.stdout.contains("login was refused") && !said.stdout.contains("exit 0"), "{}", said.stdout);
}

#[test]
fn what_the_server_has_to_say_is_shown_to_those_whom_it_refuses_too() {
    let scratch = Scratch::new();
    let banner = scratch.join("banner");
    std::fs::write(&banner, "Ask the help desk.\n").unwrap();
    let sshd = Sshd::options().config(&format!("Banner {}", text(&banner))).start();
    let site = Site::with(sshd, |config| config);
    let said = fails(connect(&site, &[]).env("SFTPBRIDGE_PASSWORD", "not this one"), 77);
    assert!(said.contains("Ask the help desk.\n"), "{said}");
}

#[test]
fn ctrl_c_at_a_question_leaves_the_terminal_in_order() {
    let site = Site::start();
    let mut terminal = in_terminal(&site);
    terminal.answer("'s password: ", 1, "half\x03");
    let said = terminal.end();
    assert!(said.stdout.contains("exit 77"), "{}", said.stdout);
    assert_left_in_order(&said);
}

#[test]
fn a_bridge_that_loses_patience_leaves_the_terminal_in_order() {
    let site = Site::with(Sshd::start(), |config| config.upstream("login_timeout = \"2s\""));
    let mut terminal = in_terminal(&site);
    terminal.answer("'s password: ", 1, "half");
    let said = terminal.end();
    assert!(said.stdout.contains("exit 1") && !said.stdout.contains("exit 77"), "{}", said.stdout);
    assert_left_in_order(&said);
}

#[test]
fn many_keys_in_the_agent_leave_room_for_the_password() {
    let keys = Keys::new();
    let agent =
        ["ed25519", "ecdsa", "rsa"].iter().fold(Agent::start(), |agent, kind| agent.add(&keys.make(kind)));
    let others = Keys::new();
    let agent = ["ed25519", "ecdsa", "rsa"].iter().fold(agent, |agent, kind| agent.add(&others.make(kind)));
    let site = Site::start();
    let mut connect = connect(&site, &[]);
    logs_in(
        connect.env("SSH_AUTH_SOCK", agent.socket()).env("SFTPBRIDGE_PASSWORD", &site.bridge.user.password),
    );
    assert!(site.sshd.accepted()[0].contains("Accepted password"), "{}", site.sshd.log());
}

#[test]
fn a_bridge_with_fewer_tries_gets_the_password_too() {
    let keys = Keys::new();
    let agent =
        ["ed25519", "ecdsa", "rsa"].iter().fold(Agent::start(), |agent, kind| agent.add(&keys.make(kind)));
    let site = Site::with(Sshd::start(), |config| config.throttle("login_attempts = 2"));
    let mut connect = connect(&site, &[]);
    logs_in(
        connect.env("SSH_AUTH_SOCK", agent.socket()).env("SFTPBRIDGE_PASSWORD", &site.bridge.user.password),
    );
}

#[test]
fn the_named_key_is_used_alone_where_that_is_asked_for() {
    let (keys, others) = (Keys::new(), Keys::new());
    let key = keys.make("ed25519");
    let agent =
        ["ed25519", "ecdsa", "rsa"].iter().fold(Agent::start(), |agent, kind| agent.add(&others.make(kind)));
    let site = Site::with(Sshd::options().config(&keys.authorize(&[&key])).start(), |config| config);
    let mut connect = connect(&site, &["-i", text(&key), "--identities-only"]);
    logs_in(connect.env("SSH_AUTH_SOCK", agent.socket()));
    assert!(!site.sshd.log().contains("Failed publickey"), "{}", site.sshd.log());
}

#[test]
fn a_public_key_file_stands_for_the_key_in_the_agent() {
    let keys = Keys::new();
    let key = keys.make("rsa");
    let agent = Agent::start().add(&key);
    let site = Site::with(Sshd::options().config(&keys.authorize(&[&key])).start(), |config| config);
    let public = crate::support::keys::public(&key);
    let mut connect = connect(&site, &["--identity", text(&public), "--identities-only"]);
    logs_in(connect.env("SSH_AUTH_SOCK", agent.socket()));
}

#[test]
fn the_usual_files_of_the_home_directory_are_tried() {
    let keys = Keys::new();
    let key = keys.make("ecdsa");
    let site = Site::with(Sshd::options().config(&keys.authorize(&[&key])).start(), |config| config);
    let home = Scratch::new();
    std::fs::create_dir(home.join(".ssh")).unwrap();
    std::fs::copy(&key, home.join(".ssh/id_ecdsa")).unwrap();
    logs_in(connect(&site, &[]).env("HOME", home.path()));
}

#[test]
fn a_certificate_elsewhere_is_named() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let site = Site::with(Sshd::options().config(&keys.trust(&authority)).start(), |config| config);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = keys.make(kind);
        let certificate = keys.certify(&authority, &key, &site.bridge.user.name);
        let elsewhere = key.with_file_name(format!("elsewhere-{kind}"));
        std::fs::rename(&certificate, &elsewhere).unwrap();
        logs_in(&mut connect(&site, &["--identity", text(&key), "--certificate", text(&elsewhere)]));
    }
    assert_eq!(site.sshd.log().matches("-CERT ").count(), 3, "{}", site.sshd.log());
}

#[test]
fn locked_keys_in_both_forms_are_opened_by_askpass_only_when_they_are_to_sign() {
    let keys = Keys::new();
    let (new, pem, stranger) = (
        keys.encrypted("ed25519", "first passphrase"),
        keys.encrypted_pem("rsa", "second passphrase"),
        keys.encrypted("ecdsa", "third passphrase"),
    );
    let site = Site::with(Sshd::options().config(&keys.authorize(&[&new, &pem])).start(), |config| config);
    for (key, passphrase) in [(&new, "first passphrase"), (&pem, "second passphrase")] {
        let person = Askpass::new(&[("passphrase for key", passphrase)]);
        let mut connect = connect(&site, &["--identity", text(&stranger), "--identity", text(key)]);
        logs_in(connect.envs(person.variables()));
        assert_eq!(person.asked(), [format!("Enter passphrase for key '{}': ", key.display())]);
    }
}

#[test]
fn a_key_that_stays_locked_leaves_the_password() {
    let keys = Keys::new();
    let key = keys.encrypted("ed25519", "first passphrase");
    let site = Site::with(Sshd::options().config(&keys.authorize(&[&key])).start(), |config| config);
    let mut connect = connect(&site, &["--identity", text(&key)]);
    let said = logs_in(connect.env("SFTPBRIDGE_PASSWORD", &site.bridge.user.password));
    assert_eq!(said.stderr, "sftpbridge: the key stays locked: there is no terminal to ask at\n");
}

#[test]
fn without_anything_to_log_in_with_one_sentence_says_what_would_do() {
    let site = Site::start();
    let said = fails(&mut connect(&site, &[]), 77);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("--identity") && said.contains("--password-file"), "{said}");
}

#[test]
fn a_throttled_login_says_when_to_come_back() {
    let site = Site::with(Sshd::start(), |config| config.throttle("attempts_per_user = 3"));
    for _ in 0..3 {
        fails(connect(&site, &[]).env("SFTPBRIDGE_PASSWORD", "wrong"), 77);
    }
    let said = fails(connect(&site, &[]).env("SFTPBRIDGE_PASSWORD", "wrong"), 1);
    assert!(said.contains("try again in ") && said.lines().count() == 1, "{said}");
}

#[test]
fn an_unusable_key_file_is_64() {
    let site = Site::start();
    let scratch = Scratch::new();
    let file = scratch.join("file");
    std::fs::write(&file, "canary").unwrap();
    for arguments in [["--identity", "/no/such/file"], ["-i", text(&file)], ["--certificate", text(&file)]] {
        let said = fails(&mut connect(&site, &arguments), 64);
        assert!(said.contains(arguments[1]) && !said.contains("canary"), "{said}");
    }
}

#[test]
fn a_drain_is_told_on_stderr_and_the_session_goes_on() {
    let site = Site::start();
    let mut running =
        Running::spawn(connect(&site, &[]).env("SFTPBRIDGE_PASSWORD", &site.bridge.user.password));
    running.stdin().write_all(&sftp::init()).unwrap();
    wait_until("VERSION", SOON, || !running.stdout().is_empty());
    site.bridge.terminate();
    wait_until("the notice", SOON, || running.stderr().contains("sftpbridge: "));
    let before = running.stdout().len();
    running.stdin().write_all(&sftp::with_name(sftp::REALPATH, 1, ".")).unwrap();
    wait_until("an answer", SOON, || running.stdout().len() > before);
    running.close_stdin();
    assert_eq!(running.wait(QUICK).status.code(), Some(0));
}
