//! The upstream's side of a login, by the library itself, against a real sshd.

mod expired;
mod keys;
mod release;

use std::collections::VecDeque;

use sftpbridge::config::{self, HostPort, Secret};
use sftpbridge::pump::{PacketSink, Packets};
use sftpbridge::refusal::Refusal;
use sftpbridge::sftp::Packet;
use sftpbridge::upstream::{
    Answers, Attempt, Connection, Credentials, Method, Nobody, Round, SignRequest, Upstream, UpstreamError,
};

use crate::support::host_keys::HostKeys;
use crate::support::otp;
use crate::support::sshd::Sshd;
use crate::support::user::User;

fn upstream(port: u16) -> Upstream {
    with(port, |_| {})
}

fn with(port: u16, configure: impl FnOnce(&mut config::Upstream)) -> Upstream {
    let mut settings = config::Upstream::at(HostPort { host: "127.0.0.1".to_owned(), port });
    settings.host_keys =
        HostKeys::named("main").fingerprints().iter().map(|text| text.parse().unwrap()).collect();
    configure(&mut settings);
    Upstream::new("main", &settings, 256 * 1024).unwrap()
}

fn password() -> Credentials {
    Credentials::Password(Secret::new(User::read().password))
}

fn wrong() -> Credentials {
    Credentials::Password(Secret::new("wrong".to_owned()))
}

/// INIT is answered by VERSION: the channel works.
async fn assert_alive(connection: &mut Connection) {
    let init = Packet::parse(vec![0, 0, 0, 5, 1, 0, 0, 0, 3].into()).unwrap();
    connection.end.sink.feed(init).await.unwrap();
    let version = connection.end.packets.next().await.unwrap();
    assert_eq!(version.kind().0, 2);
}

fn failure(remaining: &[Method], partial: bool) -> Attempt {
    Attempt::Failure { remaining: remaining.to_vec(), partial }
}

/// Gives these answers, a list a round, and remembers what was asked.
struct Script {
    answers: VecDeque<Vec<String>>,
    rounds: Vec<Round>,
}

impl Script {
    fn new(rounds: &[&[&str]]) -> Script {
        let texts = |round: &&[&str]| round.iter().map(|text| (*text).to_owned()).collect();
        Script { answers: rounds.iter().map(texts).collect(), rounds: Vec::new() }
    }
}

impl Answers for Script {
    async fn answers(&mut self, round: Round) -> Option<Vec<Secret>> {
        self.rounds.push(round);
        Some(self.answers.pop_front()?.into_iter().map(Secret::new).collect())
    }

    async fn signature(&mut self, _: SignRequest) -> Option<Vec<u8>> {
        None
    }
}

#[tokio::test]
async fn a_password_logs_in_after_a_wrong_one_on_the_same_connection() {
    let sshd = Sshd::start();
    let user = User::read().name;
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let refused = authentication.attempt(&user, &wrong(), &mut Nobody).await.unwrap();
    assert_eq!(refused, failure(&[Method::PublicKey, Method::Password], false));
    assert_eq!(authentication.attempt(&user, &password(), &mut Nobody).await.unwrap(), Attempt::Success);
    let mut connection = authentication.start().await.unwrap();
    assert_alive(&mut connection).await;
    connection.close().await;
    assert_eq!(sshd.connections(), 1);
}

#[tokio::test]
async fn a_server_that_has_heard_enough_refuses_with_nothing_left_to_try() {
    let sshd = Sshd::options().config("MaxAuthTries 1").start();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let refused = authentication.attempt(&User::read().name, &wrong(), &mut Nobody).await.unwrap();
    assert_eq!(refused, failure(&[], false));
}

#[tokio::test]
async fn a_connection_that_dies_between_two_attempts_is_a_loss_and_not_a_refusal() {
    let sshd = Sshd::start();
    let user = User::read().name;
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    authentication.attempt(&user, &wrong(), &mut Nobody).await.unwrap();
    sshd.kill_sessions();
    let error = authentication.attempt(&user, &password(), &mut Nobody).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Lost { .. }), "{error}");
    assert_eq!(Refusal::from(&error), Refusal::Unreachable);
}

#[tokio::test]
async fn a_banner_is_kept_for_the_person() {
    let sshd = Sshd::options().config("Banner /etc/pam.d/common-auth").start();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    assert_eq!(authentication.banner(), None);
    authentication.attempt(&User::read().name, &password(), &mut Nobody).await.unwrap();
    assert_eq!(authentication.banner().unwrap(), std::fs::read_to_string("/etc/pam.d/common-auth").unwrap());
}

#[tokio::test]
async fn a_slow_refusal_after_a_banner_is_no_expired_password() {
    let sshd = Sshd::options().config("Banner /etc/pam.d/common-auth").start();
    // pam_unix waits two seconds or so before each; the patience of ours is three.
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    for _ in 0..2 {
        let refused = authentication.attempt(&User::read().name, &wrong(), &mut Nobody).await.unwrap();
        assert!(matches!(refused, Attempt::Failure { .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn questions_are_passed_on_round_by_round() {
    let sshd = otp::sshd().start();
    let user = User::read();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let mut script = Script::new(&[&[&user.password], &[&otp::code()], &[]]);
    let attempt = authentication.attempt(&user.name, &Credentials::KeyboardInteractive, &mut script).await;
    assert_eq!(attempt.unwrap(), Attempt::Success, "{}", sshd.log());
    let asked: Vec<_> = script.rounds.iter().flat_map(|round| &round.prompts).cloned().collect();
    assert_eq!(asked, [("Password: ".to_owned(), false), ("Verification code: ".to_owned(), false)]);
    assert_alive(&mut authentication.start().await.unwrap()).await;
}

#[tokio::test]
async fn a_wrong_answer_is_refused_and_the_questions_may_be_asked_again() {
    let sshd = otp::sshd().start();
    let user = User::read();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let mut script = Script::new(&[&[&user.password], &["000000"], &[]]);
    let attempt = authentication.attempt(&user.name, &Credentials::KeyboardInteractive, &mut script).await;
    assert_eq!(attempt.unwrap(), failure(&[Method::KeyboardInteractive], false));
    let mut script = Script::new(&[&[&user.password], &[&otp::code()], &[]]);
    let attempt = authentication.attempt(&user.name, &Credentials::KeyboardInteractive, &mut script).await;
    assert_eq!(attempt.unwrap(), Attempt::Success);
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_the_questions_leaves_no_connection_behind() {
    let sshd = otp::sshd().start();
    let user = User::read();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let mut script = Script::new(&[&[&user.password]]);
    let attempt = authentication.attempt(&user.name, &Credentials::KeyboardInteractive, &mut script).await;
    assert!(matches!(attempt, Err(UpstreamError::Unanswered)), "{attempt:?}");
    sshd.wait_idle();
    drop(authentication);
}

/// Never answers.
struct Asleep;

impl Answers for Asleep {
    async fn answers(&mut self, _: Round) -> Option<Vec<Secret>> {
        std::future::pending().await
    }

    async fn signature(&mut self, _: SignRequest) -> Option<Vec<u8>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_attempt_that_is_dropped_half_way_cuts_the_connection() {
    let sshd = otp::sshd().start();
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let credentials = Credentials::KeyboardInteractive;
    let user = User::read().name;
    let mut asleep = Asleep;
    let attempt = authentication.attempt(&user, &credentials, &mut asleep);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), attempt).await.is_err());
    sshd.wait_idle();
    drop(authentication);
}

/// Answers, but takes longer for each than the upstream may take for all.
struct Slow(Script);

impl Answers for Slow {
    async fn answers(&mut self, round: Round) -> Option<Vec<Secret>> {
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        self.0.answers(round).await
    }

    async fn signature(&mut self, request: SignRequest) -> Option<Vec<u8>> {
        self.0.signature(request).await
    }
}

#[tokio::test]
async fn the_time_that_a_person_takes_is_not_the_upstreams() {
    let sshd = otp::sshd().start();
    let user = User::read();
    let upstream = with(sshd.port, |settings| settings.login_timeout = std::time::Duration::from_secs(3));
    let mut authentication = upstream.connect().await.unwrap();
    let mut slow = Slow(Script::new(&[&[&user.password], &[&otp::code()], &[]]));
    let attempt = authentication.attempt(&user.name, &Credentials::KeyboardInteractive, &mut slow).await;
    assert_eq!(attempt.unwrap(), Attempt::Success);
}

const ONLY_QUESTIONS: &str = "PasswordAuthentication no\nKbdInteractiveAuthentication yes";

#[tokio::test]
async fn a_password_answers_the_one_question_of_a_server_without_password_logins() {
    let sshd = Sshd::options().config(ONLY_QUESTIONS).start();
    let user = User::read();
    let mut connection = upstream(sshd.port).open(&user.name, &password()).await.unwrap();
    assert_alive(&mut connection).await;
    let error = upstream(sshd.port).open(&user.name, &wrong()).await.unwrap_err();
    assert_eq!(Refusal::from(&error), Refusal::WrongCredentials, "{error}");
}

#[tokio::test]
async fn a_password_does_not_answer_a_second_question() {
    let sshd = otp::sshd().start();
    let error = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unanswered), "{error}");
    assert_eq!(Refusal::from(&error), Refusal::WrongCredentials);
    sshd.wait_idle();
}

#[test]
fn basic_works_at_a_server_that_asks_questions_only() {
    let site = crate::support::Site::with(Sshd::options().config(ONLY_QUESTIONS).start(), |config| config);
    site.session().is_alive();
}
