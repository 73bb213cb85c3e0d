//! Logins by key: the private half with somebody who signs, with the bridge, or in an agent.

use std::path::Path;
use std::sync::Arc;

use russh::keys::signature::Signer;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::public::{KeyData, SkEd25519};
use russh::keys::{Algorithm, Certificate, HashAlg, PrivateKey, PublicKey};
use sftpbridge::config::Secret;
use sftpbridge::fingerprint::Fingerprint;
use sftpbridge::refusal::Refusal;
use sftpbridge::upstream::{
    Answers, Attempt, Authentication, Credentials, Method, Nobody, Round, SignRequest, UpstreamError,
};
use sha2::{Digest, Sha256};

use super::{assert_alive, failure, password, upstream};
use crate::support::agent::Agent;
use crate::support::keys::Keys;
use crate::support::sshd::Sshd;
use crate::support::user::User;

/// Signs with a key file, as a client does; `spoil` changes the signature.
struct Signing {
    key: PrivateKey,
    spoil: fn(&mut Vec<u8>),
    asked: Vec<String>,
}

impl Signing {
    fn with(file: &Path) -> Signing {
        Signing { key: private(file), spoil: |_| {}, asked: Vec::new() }
    }
}

impl Answers for Signing {
    async fn answers(&mut self, _: Round) -> Option<Vec<Secret>> {
        None
    }

    async fn signature(&mut self, request: SignRequest) -> Option<Vec<u8>> {
        let signature = match self.key.key_data() {
            KeypairData::Rsa(pair) => {
                let hash = match request.algorithm.as_str() {
                    "rsa-sha2-512" => HashAlg::Sha512,
                    "rsa-sha2-256" => HashAlg::Sha256,
                    other => panic!("{other}"),
                };
                (pair, Some(hash)).sign(&request.data)
            }
            other => other.sign(&request.data),
        };
        self.asked.push(request.algorithm);
        let mut signature: Vec<u8> = signature.try_into().unwrap();
        (self.spoil)(&mut signature);
        Some(signature)
    }
}

fn private(file: &Path) -> PrivateKey {
    PrivateKey::read_openssh_file(file).unwrap()
}

fn shown(file: &Path) -> Credentials {
    Credentials::PublicKey(private(file).public_key().clone())
}

fn certificate(file: &Path) -> Box<Certificate> {
    Box::new(Certificate::read_file(file).unwrap())
}

async fn attempt(
    sshd: &Sshd,
    credentials: &Credentials,
    answers: &mut impl Answers,
) -> (Authentication, Result<Attempt, UpstreamError>) {
    let mut authentication = upstream(sshd.port).connect().await.unwrap();
    let attempt = authentication.attempt(&User::read().name, credentials, answers).await;
    (authentication, attempt)
}

async fn assert_logs_in(sshd: &Sshd, credentials: &Credentials, answers: &mut impl Answers) {
    let (authentication, attempt) = attempt(sshd, credentials, answers).await;
    assert_eq!(attempt.unwrap(), Attempt::Success, "{}", sshd.log());
    assert_alive(&mut authentication.start().await.unwrap()).await;
}

const KINDS: [(&str, &str); 3] =
    [("ed25519", "ssh-ed25519"), ("ecdsa", "ecdsa-sha2-nistp256"), ("rsa", "rsa-sha2-512")];

#[tokio::test]
async fn a_key_whose_private_half_is_elsewhere_logs_in_whatever_its_kind() {
    let keys = Keys::new();
    let files = KINDS.map(|(kind, _)| keys.make(kind));
    let sshd = Sshd::options().config(&keys.authorize(&files.each_ref().map(|file| file.as_path()))).start();
    for (file, (_, algorithm)) in files.iter().zip(KINDS) {
        let mut signing = Signing::with(file);
        assert_logs_in(&sshd, &shown(file), &mut signing).await;
        assert_eq!(signing.asked, [algorithm]);
    }
}

#[tokio::test]
async fn a_certificate_whose_private_half_is_elsewhere_logs_in_whatever_its_kind() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let sshd = Sshd::options().config(&keys.trust(&authority)).start();
    for (kind, algorithm) in KINDS {
        let file = keys.make(kind);
        let certified = certificate(&keys.certify(&authority, &file, &User::read().name));
        let mut signing = Signing::with(&file);
        assert_logs_in(&sshd, &Credentials::Certificate(certified), &mut signing).await;
        assert_eq!(signing.asked, [algorithm]);
    }
}

/// A security key (PROTOCOL.u2f of OpenSSH), in software.
struct SecurityKey {
    key: PrivateKey,
}

impl SecurityKey {
    const APPLICATION: &str = "ssh:";

    fn public(&self) -> PublicKey {
        let KeyData::Ed25519(key) = self.key.public_key().key_data() else { panic!("not an Ed25519 key") };
        KeyData::SkEd25519(SkEd25519::new(*key, Self::APPLICATION)).into()
    }
}

impl Answers for SecurityKey {
    async fn answers(&mut self, _: Round) -> Option<Vec<Secret>> {
        None
    }

    async fn signature(&mut self, request: SignRequest) -> Option<Vec<u8>> {
        // Somebody touched it, for the seventh time.
        let trailer = [1, 0, 0, 0, 7];
        let application = Sha256::digest(Self::APPLICATION);
        let signed = [&application[..], &trailer, &Sha256::digest(&request.data)].concat();
        let raw = self.key.key_data().sign(&signed).as_bytes().to_vec();
        let signature = Signature::new(Algorithm::SkEd25519, [&raw[..], &trailer].concat()).unwrap();
        assert_eq!(request.algorithm, signature.algorithm().as_str());
        Some(signature.try_into().unwrap())
    }
}

#[tokio::test]
async fn a_security_key_logs_in() {
    let keys = Keys::new();
    let mut security_key = SecurityKey { key: private(&keys.make("ed25519")) };
    let public = security_key.public();
    let authorized = keys.make("ecdsa");
    std::fs::write(authorized.with_file_name("ecdsa.pub"), public.to_openssh().unwrap() + "\n").unwrap();
    let sshd = Sshd::options().config(&keys.authorize(&[&authorized])).start();
    assert_logs_in(&sshd, &Credentials::PublicKey(public), &mut security_key).await;
}

#[tokio::test]
async fn sha_1_is_not_used_with_a_server_that_knows_nothing_else() {
    let keys = Keys::new();
    let file = keys.make("rsa");
    let config = format!("{}\nPubkeyAcceptedAlgorithms ssh-rsa", keys.authorize(&[&file]));
    let sshd = Sshd::options().config(&config).start();
    let (_, attempt) = attempt(&sshd, &shown(&file), &mut Signing::with(&file)).await;
    assert!(matches!(attempt, Ok(Attempt::Failure { .. })), "{attempt:?}");
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_is_refused_before_anybody_signs() {
    let keys = Keys::new();
    let (known, unknown) = (keys.make("ecdsa"), keys.make("ed25519"));
    let sshd = Sshd::options().config(&keys.authorize(&[&known])).start();
    let mut signing = Signing::with(&unknown);
    let (_, attempt) = attempt(&sshd, &shown(&unknown), &mut signing).await;
    assert_eq!(attempt.unwrap(), failure(&[Method::PublicKey, Method::Password], false));
    assert_eq!(signing.asked, [""; 0]);
}

#[tokio::test]
async fn a_wrong_signature_does_not_reach_the_server_and_another_attempt_may_follow() {
    let keys = Keys::new();
    let file = keys.make("ed25519");
    let sshd = Sshd::options().config(&keys.authorize(&[&file])).config("LogLevel DEBUG2").start();
    let mut wrong =
        Signing { spoil: |signature| *signature.last_mut().unwrap() ^= 1, ..Signing::with(&file) };
    let (mut authentication, attempt) = attempt(&sshd, &shown(&file), &mut wrong).await;
    let error = attempt.unwrap_err();
    assert!(matches!(error, UpstreamError::Signature { .. }), "{error}");
    assert_eq!(Refusal::from(&error), Refusal::WrongCredentials);
    let user = User::read().name;
    let attempt = authentication.attempt(&user, &shown(&file), &mut Signing::with(&file)).await;
    assert_eq!(attempt.unwrap(), Attempt::Success);
    let log = sshd.log();
    assert_eq!(log.matches("Failed publickey").count(), 0, "{log}");
    assert!(!log.contains("incorrect signature"), "{log}");
}

#[tokio::test]
async fn a_server_that_wants_key_and_password_gets_both_on_one_connection() {
    let keys = Keys::new();
    let file = keys.make("ed25519");
    let config = format!("{}\nAuthenticationMethods publickey,password", keys.authorize(&[&file]));
    let sshd = Sshd::options().config(&config).start();
    let (mut authentication, attempt) = attempt(&sshd, &shown(&file), &mut Signing::with(&file)).await;
    assert_eq!(attempt.unwrap(), failure(&[Method::Password], true));
    let attempt = authentication.attempt(&User::read().name, &password(), &mut Nobody).await;
    assert_eq!(attempt.unwrap(), Attempt::Success);
    assert_alive(&mut authentication.start().await.unwrap()).await;
}

#[tokio::test]
async fn the_bridges_own_key_logs_in_with_and_without_a_certificate() {
    let keys = Keys::new();
    let authority = keys.authority("rsa");
    let files = KINDS.map(|(kind, _)| keys.make(kind));
    let authorized = keys.authorize(&files.each_ref().map(|file| file.as_path()));
    let plain = Sshd::options().config(&authorized).start();
    let certified = Sshd::options().config(&keys.trust(&authority)).start();
    for file in &files {
        let key = Arc::new(private(file));
        let own = Credentials::Key { key: Arc::clone(&key), certificate: None };
        assert_logs_in(&plain, &own, &mut Nobody).await;
        let certificate = certificate(&keys.certify(&authority, file, &User::read().name));
        let own = Credentials::Key { key, certificate: Some(certificate) };
        assert_logs_in(&certified, &own, &mut Nobody).await;
    }
}

fn in_agent(agent: &Agent, key: Option<&Path>) -> Credentials {
    let fingerprint = key.map(|file| Fingerprint::of(private(file).public_key()));
    Credentials::Agent { socket: agent.socket().into(), key: fingerprint }
}

#[tokio::test]
async fn an_agent_signs_with_its_only_key_or_with_the_one_that_is_named() {
    let keys = Keys::new();
    let (one, two) = (keys.make("rsa"), keys.make("ed25519"));
    let sshd = Sshd::options().config(&keys.authorize(&[&one, &two])).start();
    let agent = Agent::start().add(&one);
    assert_logs_in(&sshd, &in_agent(&agent, None), &mut Nobody).await;
    let agent = agent.add(&two);
    for file in [&one, &two] {
        assert_logs_in(&sshd, &in_agent(&agent, Some(file)), &mut Nobody).await;
    }
    let (_, attempt) = attempt(&sshd, &in_agent(&agent, None), &mut Nobody).await;
    assert!(attempt.unwrap_err().to_string().contains("several keys"));
}

#[tokio::test]
async fn an_agent_shows_the_certificate_and_then_the_key() {
    let keys = Keys::new();
    let authority = keys.authority("ed25519");
    let file = keys.make("rsa");
    keys.certify(&authority, &file, &User::read().name);
    let agent = Agent::start().add(&file);
    let certified = Sshd::options().config(&keys.trust(&authority)).start();
    assert_logs_in(&certified, &in_agent(&agent, None), &mut Nobody).await;
    let plain = Sshd::options().config(&keys.authorize(&[&file])).start();
    assert_logs_in(&plain, &in_agent(&agent, None), &mut Nobody).await;
}

#[tokio::test]
async fn an_agent_that_is_not_there_or_has_no_key_is_an_error_of_the_bridge() {
    let sshd = Sshd::start();
    let agent = Agent::start();
    let absent = Credentials::Agent { socket: "/nonexistent/agent".into(), key: None };
    for credentials in [in_agent(&agent, None), absent] {
        let (_, attempt) = attempt(&sshd, &credentials, &mut Nobody).await;
        let error = attempt.unwrap_err();
        assert!(matches!(error, UpstreamError::Agent { .. }), "{error}");
        assert_eq!(Refusal::from(&error), Refusal::Internal);
    }
}
