//! A password that must be changed before it lets anybody in.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use sftpbridge::config::Secret;
use sftpbridge::refusal::Refusal;
use sftpbridge::upstream::{Attempt, Credentials, Nobody, Upstream, UpstreamError};

use super::{Script, assert_alive, password, upstream, wrong};
use crate::support::files::Scratch;
use crate::support::host_keys::HostKeys;
use crate::support::process::{Running, tool};
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::user::User;
use crate::support::wait::SOON;

/// ssh2's server, which answers the password `expired` by SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, and asks the user
/// `asked` as PAM does.
struct Server {
    port: u16,
    _process: Running,
}

impl Server {
    fn start(banner: Option<&str>) -> Server {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
        assert!(dir.join("node_modules/ssh2").is_dir(), "ssh2 is not installed; run: tests/setup.sh");
        let keys: Vec<_> = HostKeys::named("main").private_keys().collect();
        let mut command = Command::new(tool("node"));
        command.arg(dir.join("expired.js")).current_dir(&dir);
        let mut process = Running::spawn(&mut command);
        let parameters = json!({ "keys": keys, "banner": banner }).to_string();
        std::io::Write::write_all(process.stdin(), parameters.as_bytes()).unwrap();
        process.close_stdin();
        let port = process.line("the port", |line| line.strip_prefix("port ")?.parse().ok());
        Server { port, _process: process }
    }

    fn upstream(&self) -> Upstream {
        upstream(self.port)
    }
}

fn expired() -> Credentials {
    Credentials::Password(Secret::new("expired".to_owned()))
}

#[tokio::test]
async fn a_server_that_wants_a_new_password_says_so() {
    let server = Server::start(None);
    let error = server.upstream().open("user", &expired()).await.unwrap_err();
    assert_eq!(Refusal::from(&error), Refusal::PasswordExpired, "{error}");
}

#[tokio::test]
async fn an_expired_password_is_recognised_behind_a_banner_and_after_a_refusal() {
    let server = Server::start(Some("Welcome.\n"));
    let mut authentication = server.upstream().connect().await.unwrap();
    let refused = authentication.attempt("user", &wrong(), &mut Nobody).await.unwrap();
    assert!(matches!(refused, Attempt::Failure { .. }), "{refused:?}");
    let attempt = authentication.attempt("user", &expired(), &mut Nobody).await.unwrap();
    assert_eq!(attempt, Attempt::PasswordExpired);
    assert!(authentication.banner().is_some_and(|banner| banner.starts_with("Welcome.\n")));
    // The server still waits for a password; nothing else may be told to it.
    authentication.attempt("user", &wrong(), &mut Nobody).await.unwrap_err();
}

#[tokio::test]
async fn a_server_that_thinks_for_long_is_waited_for() {
    let server = Server::start(Some("Welcome.\n"));
    let slow = Credentials::Password(Secret::new("slow".to_owned()));
    let mut authentication = server.upstream().connect().await.unwrap();
    let attempt = authentication.attempt("user", &slow, &mut Nobody).await.unwrap();
    assert_eq!(attempt, Attempt::Success);
}

#[tokio::test]
async fn a_server_that_refuses_without_end_is_left_before_it_fills_our_memory() {
    let server = Server::start(None);
    let flood = Credentials::Password(Secret::new("flood".to_owned()));
    let mut authentication = server.upstream().connect().await.unwrap();
    let attempt = authentication.attempt("user", &flood, &mut Nobody).await.unwrap();
    assert!(matches!(attempt, Attempt::Failure { .. }), "{attempt:?}");
    tokio::time::timeout(SOON, authentication.lost()).await.expect("the connection to be given up");
}

#[tokio::test]
async fn a_question_for_a_new_password_that_nobody_answers_is_an_expired_password() {
    let server = Server::start(None);
    let renewed = Credentials::Password(Secret::new("renewed".to_owned()));
    let error = server.upstream().open("asked", &renewed).await.unwrap_err();
    assert_eq!(Refusal::from(&error), Refusal::PasswordExpired, "{error}");
}

#[tokio::test]
async fn a_question_for_a_new_password_may_be_answered() {
    let server = Server::start(None);
    let mut script = Script::new(&[&["expired"], &["expired"], &["new", "new"]]);
    let mut authentication = server.upstream().connect().await.unwrap();
    let attempt = authentication.attempt("asked", &Credentials::KeyboardInteractive, &mut script).await;
    assert_eq!(attempt.unwrap(), Attempt::Success);
    assert_eq!(script.rounds[2].prompts.len(), 2);
}

/// What sshd does after a plain password that has expired: PAM's words as a banner, and a channel that ends.
fn lets_in_with_pams_words(subsystem: Subsystem) -> (Sshd, Scratch) {
    let scratch = Scratch::new();
    let banner = scratch.join("banner");
    let words = "You are required to change your password immediately (password expired).\n";
    std::fs::write(&banner, words).unwrap();
    let config = format!("Banner {}", banner.display());
    (Sshd::options().config(&config).subsystem(subsystem).start(), scratch)
}

#[tokio::test]
async fn a_login_for_nothing_but_a_new_password_is_an_expired_password() {
    let (sshd, _banner) = lets_in_with_pams_words(Subsystem::Script("exit 1"));
    let error = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap_err();
    assert_eq!(Refusal::from(&error), Refusal::PasswordExpired, "{error}");
}

#[tokio::test]
async fn a_banner_about_expired_passwords_expires_nobodys() {
    let (sshd, _banner) = lets_in_with_pams_words(Subsystem::Program);
    let mut connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    assert_alive(&mut connection).await;
}

#[tokio::test]
async fn a_channel_that_ends_at_once_without_a_word_is_no_expired_password() {
    let sshd = Sshd::with(Subsystem::Script("exit 1"));
    let opened = upstream(sshd.port).open(&User::read().name, &password()).await;
    assert!(!matches!(opened, Err(UpstreamError::PasswordExpired)), "{opened:?}");
}
