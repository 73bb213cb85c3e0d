//! Questions (RFC 4256): a password and then a one-time code; and a password alone, for clients that know no questions.

use serde_json::json;

use super::{assert_sftp_works, sftp_fails, steps};
use crate::support::Site;
use crate::support::askpass::Askpass;
use crate::support::node::{Login, node, result};
use crate::support::otp;
use crate::support::sshd::Sshd;
use crate::support::user::User;

const ONE_QUESTION: &str =
    "PasswordAuthentication no\nPubkeyAuthentication no\nKbdInteractiveAuthentication yes";

fn site() -> Site {
    Site::with(otp::sshd().start(), |config| config)
}

#[test]
fn two_rounds_of_questions_log_sftp_in() {
    let site = site();
    let user = &site.bridge.user;
    let person = Askpass::new(&[("Password:", &user.password), ("Verification code:", &otp::code())]);
    assert_sftp_works(&site.bridge.connect_as(&user.name, ""), &person.variables(), &site.sshd);
    assert_eq!(person.asked().len(), 2, "{:?}", person.asked());
    assert!(site.sshd.accepted()[0].contains("keyboard-interactive"), "{}", site.sshd.log());
}

#[test]
fn two_rounds_of_questions_log_a_login_client_in() {
    let site = site();
    let user = &site.bridge.user;
    let answers = json!([["password", user.password], ["code", otp::code()]]);
    let step = json!({ "method": "keyboard-interactive", "user": user.name, "answers": answers });
    let login = Login::run(&steps(&site.bridge, step));
    login.assert_worked(&user.name);
    let questions = login.questions();
    assert_eq!(questions.len(), 2);
    assert!(questions[0].contains("Password") && questions[1].contains("Verification code"), "{questions:?}");
    let prompts = login.messages.iter().filter_map(|message| message["prompts"].as_array());
    assert!(prompts.flatten().all(|prompt| prompt["echo"] == false), "{}", login.output);
}

#[test]
fn a_wrong_code_is_refused_and_may_be_tried_again() {
    let site = site();
    let user = &site.bridge.user;
    let step = |code: &str| {
        let answers = json!([["password", user.password], ["code", code]]);
        json!({ "method": "keyboard-interactive", "user": user.name, "answers": answers })
    };
    let login = Login::run(&steps(&site.bridge, json!([step("000000x"), step(&otp::code())])));
    login.assert_worked(&user.name);
    assert_eq!(login.count("failure"), 1);
    assert_eq!(login.questions().len(), 4);
}

#[test]
fn a_wrong_code_does_not_let_sftp_in() {
    let site = site();
    let user = &site.bridge.user;
    let person = Askpass::new(&[("Password:", &user.password), ("Verification code:", "000000x")]);
    sftp_fails(&site.bridge.connect_as(&user.name, ""), &person.variables());
    assert_eq!(site.sshd.accepted(), [""; 0]);
}

#[test]
fn a_basic_login_answers_the_one_question_of_a_server_without_passwords() {
    let site = Site::with(Sshd::options().config(ONE_QUESTION).start(), |config| config);
    let user = User::read();
    let parameters = json!({
        "url": site.bridge.url(),
        "user": user.name,
        "password": user.password,
        "remote": site.sshd.files(),
    });
    assert_eq!(result(node("list.js", &parameters))["names"], 0);
    assert!(site.sshd.accepted()[0].contains("keyboard-interactive"), "{}", site.sshd.log());
}

#[test]
fn a_basic_login_gives_its_password_to_no_second_question() {
    let site = site();
    assert_eq!(site.bridge.login().send().status, 401);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}
