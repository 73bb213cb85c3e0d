//! What people type is for the SSH server alone: not in the log, not in an answer, not in what a client prints.

use serde_json::json;

use super::{assert_sftp_works, sftp_fails, steps};
use crate::logs::{TRACE, assert_hidden};
use crate::support::Site;
use crate::support::askpass::Askpass;
use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::http::Answer;
use crate::support::identity::{Minting, Tokens, users_file};
use crate::support::keys::Keys;
use crate::support::node::Login;
use crate::support::otp;
use crate::support::sshd::Sshd;
use crate::support::user::User;

const PASSWORD: &str = "canary-password-in-a-coal-mine";
const ANSWER: &str = "canary-answer-to-a-question";

fn watched(sshd: Sshd) -> Site {
    Site::with(sshd, |config| config.section(TRACE))
}

/// All that an HTTP answer says.
fn said(answer: Answer) -> String {
    let fields = format!("{:?}", answer.fields());
    fields + &answer.body()
}

#[test]
fn passwords_and_answers_reach_nobody_but_the_server() {
    let site = watched(otp::sshd().start());
    let (user, code) = (&site.bridge.user, otp::code());
    let step = |answers| json!({ "method": "keyboard-interactive", "user": user.name, "answers": answers });
    let login = Login::run(&steps(
        &site.bridge,
        json!([
            { "method": "password", "user": user.name, "password": PASSWORD, "answers": [["code", ANSWER]] },
            step(json!([["password", PASSWORD], ["code", ANSWER]])),
            step(json!([["password", user.password], ["code", ANSWER]])),
            step(json!([["password", user.password], ["code", code]])),
        ]),
    ));
    login.assert_worked(&user.name);
    assert_eq!(login.count("failure"), 3, "{}", login.output);
    site.bridge.session_end();
    let log = site.bridge.log();
    for secret in [PASSWORD, ANSWER, &user.password] {
        assert_hidden(&log, secret);
        assert_hidden(&login.output, secret);
    }
    // Six digits may well be part of a time stamp; quoted, or after a blank, they are the code.
    for around in [format!("\"{code}"), format!(" {code}"), format!("[{code}")] {
        assert!(!log.contains(&around) && !login.output.contains(&around), "{around}");
    }
}

#[test]
fn connect_prints_and_logs_no_secret() {
    let site = watched(otp::sshd().start());
    let user = &site.bridge.user;
    let variables = |person: &Askpass| {
        let mut variables: Vec<(String, String)> = person
            .variables()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        variables.push(("RUST_LOG".to_owned(), "trace".to_owned()));
        variables
    };
    let wrong = Askpass::new(&[("Password:", &user.password), ("code", ANSWER)]);
    let owned = variables(&wrong);
    let borrowed: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (&**name, &**value)).collect();
    let said = sftp_fails(&site.bridge.connect_as(&user.name, ""), &borrowed);
    let right = Askpass::new(&[("Password:", &user.password), ("code", &otp::code())]);
    assert_sftp_works(&site.bridge.connect_as(&user.name, ""), &right.variables(), &site.sshd);
    for text in [said.stdout + &said.stderr, site.bridge.log()] {
        assert_hidden(&text, ANSWER);
        assert_hidden(&text, &user.password);
    }
}

#[test]
fn http_answers_repeat_no_secret() {
    let scratch = Scratch::new();
    let person = User::read().name;
    let site = Minting::with("ed25519", |config| {
        config.section(&users_file(&scratch, &[(&person, "right")])).section(TRACE)
    });
    let anonymous = || site.bridge.anonymous();
    let mut all = String::new();
    for request in [
        anonymous().basic(&person, PASSWORD),
        anonymous().basic("nobody-of-that-name", PASSWORD),
        anonymous().bearer(PASSWORD),
        anonymous().header("Authorization", &format!("Digest {PASSWORD}")),
        anonymous().header("Cookie", &format!("sftpbridge={PASSWORD}")),
        anonymous().protocol(&format!("sftp-login.v1, {PASSWORD}")).basic(&person, PASSWORD),
    ] {
        let answer = request.send();
        all += &if answer.status == 101 { format!("{:?}", answer.fields()) } else { said(answer) };
    }
    let mut conversation = Conversation::open(&anonymous());
    let failure =
        conversation.login(json!({ "method": "password", "user": person, "password": PASSWORD }), &[]);
    conversation
        .say(&json!({ "type": "login", "method": "no-such", "password": PASSWORD, "user": [PASSWORD] }));
    let last = conversation.hear();
    all += &format!("{failure}{last}");
    for text in [all, site.bridge.log(), site.sshd.log()] {
        assert_hidden(&text, PASSWORD);
        assert_hidden(&text, &format!("{person}:{PASSWORD}"));
    }
}

#[test]
fn resume_tokens_are_in_no_log_and_in_no_failure() {
    let site = watched(Sshd::start());
    let user = &site.bridge.user;
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    let login = json!({ "method": "password", "user": user.name, "password": user.password });
    let ready = conversation.ready(login, &[]);
    let token = ready["resume_token"].as_str().expect("a token").to_owned();
    conversation.session().is_alive();
    let mut again = Conversation::open(&site.bridge.anonymous());
    again.ready(json!({ "method": "resume", "token": token }), &[]);
    let _session = again.session();
    let mut third = Conversation::open(&site.bridge.anonymous());
    let failure = third.login(json!({ "method": "resume", "token": token }), &[]);
    assert_eq!(failure["type"], "failure");
    for text in [failure.to_string(), site.bridge.log(), site.sshd.log()] {
        assert_hidden(&text, &token);
    }
}

#[test]
fn bearer_tokens_are_in_no_log_and_in_no_answer() {
    let (scratch, person) = (Scratch::new(), User::read().name);
    let tokens = Tokens::issue(&scratch, &person);
    let site = Minting::with("ed25519", |config| config.section(&tokens.section()).section(TRACE));
    let mut all = String::new();
    for name in ["good", "expired", "forged", "garbage"] {
        let answer = site.bridge.anonymous().bearer(tokens.get(name)).send();
        all += &if answer.status == 101 { format!("{:?}", answer.fields()) } else { said(answer) };
        let mut conversation = Conversation::open(&site.bridge.anonymous());
        let last = conversation.login(json!({ "method": "bearer", "token": tokens.get(name) }), &[]);
        all += &format!("{}{last}", conversation.hello);
    }
    assert!(all.contains("\"ready\"") && all.contains("\"failure\""), "{all}");
    let step = json!({ "method": "bearer", "token": tokens.get("good") });
    all += &Login::run(&steps(&site.bridge, step)).output;
    site.bridge.session_end();
    let log = site.bridge.log();
    for name in ["good", "expired", "forged", "garbage"] {
        for text in [&all, &log, &site.sshd.log()] {
            assert_hidden(text, tokens.get(name));
            // Nor the part that makes it one: what stands before can be guessed.
            let signature = tokens.get(name).rsplit('.').next().unwrap();
            assert!(name == "garbage" || !text.contains(signature), "{signature}");
        }
    }
}

#[test]
fn passwords_of_the_bridge_itself_are_in_no_log_and_in_no_answer() {
    let (scratch, person) = (Scratch::new(), User::read().name);
    let users = users_file(&scratch, &[(&person, PASSWORD)]);
    let site = Minting::with("ed25519", |config| config.section(&users).section(TRACE));
    let answer = site.bridge.anonymous().basic(&person, PASSWORD).send();
    let mut all = format!("{:?}", answer.fields());
    let mut plain = answer.upgraded();
    let mut conversation = Conversation::open(&site.bridge.anonymous());
    for password in [ANSWER, PASSWORD] {
        let login = json!({ "method": "password", "user": person, "password": password });
        all += &conversation.login(login, &[]).to_string();
    }
    assert!(all.contains("\"ready\"") && all.contains("\"failure\""), "{all}");
    plain.send_close(1000);
    site.bridge.session_end();
    for text in [all, site.bridge.log(), site.sshd.log()] {
        for secret in [PASSWORD, ANSWER] {
            assert_hidden(&text, secret);
            assert_hidden(&text, &format!("{person}:{secret}"));
        }
    }
}

#[test]
fn a_passphrase_is_for_the_key_alone() {
    let keys = Keys::new();
    let key = keys.encrypted("ed25519", PASSWORD);
    let site = watched(Sshd::options().config(&keys.authorize(&[&key])).start());
    let person = Askpass::new(&[("assphrase", PASSWORD), ("assword", ANSWER)]);
    let transport = site.bridge.connect_as(&site.bridge.user.name, &format!("--identity {}", key.display()));
    assert_sftp_works(&transport, &person.variables(), &site.sshd);
    assert_hidden(&site.bridge.log(), PASSWORD);
    assert_hidden(&site.sshd.log(), PASSWORD);
}
