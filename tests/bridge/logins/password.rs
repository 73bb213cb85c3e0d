//! Passwords (RFC 4252, section 8).

use serde_json::json;

use super::{assert_sftp_works, nobody, sftp_fails, steps};
use crate::support::Site;
use crate::support::askpass::Askpass;
use crate::support::files::Scratch;
use crate::support::node::Login;

#[test]
fn a_password_logs_sftp_in() {
    let site = Site::start();
    let nobody = nobody();
    assert_sftp_works(&site.bridge.connect_line(), &nobody.variables(), &site.sshd);
    assert_eq!(nobody.asked(), [""; 0]);
    assert!(site.sshd.accepted()[0].contains("Accepted password for"), "{}", site.sshd.log());
}

#[test]
fn a_password_that_is_asked_for_logs_sftp_in() {
    let site = Site::start();
    let user = &site.bridge.user;
    let person = Askpass::new(&[("assword", &user.password)]);
    assert_sftp_works(&site.bridge.connect_as(&user.name, ""), &person.variables(), &site.sshd);
    assert_eq!(person.asked().len(), 1);
}

#[test]
fn a_password_logs_a_login_client_in() {
    let site = Site::start();
    let user = &site.bridge.user;
    let step = json!({ "method": "password", "user": user.name, "password": user.password });
    let login = Login::run(&steps(&site.bridge, step));
    login.assert_worked(&user.name);
    assert_eq!(login.result["upstream"], "main");
    assert_eq!((login.count("prompt"), login.count("sign"), login.count("failure")), (0, 0, 0));
}

#[test]
fn after_a_wrong_password_the_right_one_is_taken_on_the_same_socket_and_connection() {
    let site = Site::start();
    let user = &site.bridge.user;
    let step = |password: &str| json!({ "method": "password", "user": user.name, "password": password });
    let login = Login::run(&steps(&site.bridge, json!([step("wrong"), step(&user.password)])));
    login.assert_worked(&user.name);
    let failure = login.messages.iter().find(|message| message["type"] == "failure").expect("a failure");
    assert_eq!((&failure["code"], &failure["retry"]), (&json!("refused"), &json!(true)), "{failure}");
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_wrong_password_is_refused_in_words() {
    let site = Site::start();
    let user = &site.bridge.user;
    let step = json!({ "method": "password", "user": user.name, "password": "wrong" });
    let login = Login::run(&steps(&site.bridge, step));
    assert_eq!(login.result["failure"], "refused", "{}", login.output);
    assert!(login.result["message"].as_str().unwrap().contains(' '), "{}", login.output);
    let scratch = Scratch::new();
    let file = scratch.join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let transport = site.bridge.connect_as(&user.name, &format!("--password-file {}", file.display()));
    let said = sftp_fails(&transport, &nobody().variables());
    assert!(said.stderr.contains("refused"), "{}", said.stderr);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}
