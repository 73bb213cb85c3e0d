//! The conversation of `sftp-login.v1`, against a real sshd.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::fake::Fake;
use crate::support::files::Scratch;
use crate::support::login::Talk;
use crate::support::sshd::Sshd;
use crate::support::user::User;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{BINARY, Heard, PING, TEXT, header};

/// An sshd that asks: PAM's `Password: `, as a question.
fn asking() -> Site {
    let asks = "PasswordAuthentication no\nKbdInteractiveAuthentication yes\n";
    Site::with(Sshd::options().config(asks).start(), |config| config)
}

/// Begins a login that is answered by a question.
#[track_caller]
fn asked(talk: &mut Talk) -> serde_json::Value {
    let user = User::read().name;
    talk.say(json!({"type": "login", "user": user, "method": "keyboard-interactive"}));
    talk.hear("prompt")
}

#[test]
fn a_password_opens_a_session_without_a_header() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    let methods = json!(["password", "keyboard-interactive", "publickey", "resume"]);
    assert_eq!(talk.hello["methods"], methods);
    assert_eq!(talk.hello["upstreams"], json!([{"name": "main", "title": "main", "methods": methods}]));
    let ready = talk.log_in();
    let user = User::read().name;
    assert_eq!((&ready["upstream"], &ready["user"]), (&json!("main"), &json!(user)));
    assert_eq!((&ready["max_packet"], &ready["resume_seconds"]), (&json!(262_148), &json!(60)));
    let mut session = talk.session();
    session.is_alive();
    session.ws.send_close(1000);
    let end = site.bridge.session_end();
    assert_eq!((end.get("user"), end.number("close_code")), (user.as_str(), 1000));
    site.sshd.wait_idle();
}

#[test]
fn a_wrong_password_twice_and_then_the_right_one_is_one_connection_to_sshd() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    for _ in 0..2 {
        talk.password(&User::read().name, "wrong");
        let failure = talk.fails("refused");
        assert_eq!(failure["retry"], true);
        assert!(failure["methods"].as_array().unwrap().contains(&json!("password")), "{failure}");
    }
    talk.log_in();
    talk.session().is_alive();
    assert_eq!(site.sshd.connections(), 1);
    assert_eq!(site.sshd.log().matches("Failed password").count(), 2);
}

#[test]
fn another_user_is_another_connection() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    talk.password("nobody-here", "wrong");
    talk.fails("refused");
    talk.log_in();
    talk.session().is_alive();
    assert_eq!(site.sshd.connections(), 2);
}

#[test]
fn questions_are_answered_on_the_socket() {
    let site = asking();
    let mut talk = Talk::start(&site.bridge);
    let prompt = asked(&mut talk);
    assert_eq!(prompt["prompts"], json!([{"text": "Password: ", "echo": false}]));
    talk.answer(&prompt, &["wrong"]);
    assert_eq!(talk.fails("refused")["methods"], json!(["keyboard-interactive", "publickey", "resume"]));
    let again = asked(&mut talk);
    assert_ne!(again["id"], prompt["id"]);
    talk.answer(&again, &[&User::read().password]);
    talk.hear("ready");
    talk.session().is_alive();
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_password_answers_the_question_of_a_server_that_takes_none() {
    let site = asking();
    let mut talk = Talk::start(&site.bridge);
    talk.log_in();
    talk.session().is_alive();
}

#[test]
fn the_servers_banner_comes_with_the_first_message_that_can_carry_it() {
    let scratch = Scratch::new();
    std::fs::write(scratch.join("banner"), "Authorised use only.\n").unwrap();
    let banner = format!("Banner {}", scratch.join("banner").display());
    let site = Site::with(Sshd::options().config(&banner).start(), |config| config);
    let mut talk = Talk::start(&site.bridge);
    talk.password(&User::read().name, "wrong");
    assert_eq!(talk.fails("refused")["banner"], "Authorised use only.\n");
    assert!(talk.log_in().get("banner").is_none(), "once");
}

#[test]
fn whoever_hangs_up_at_a_question_leaves_no_connection_behind() {
    let site = asking();
    for abrupt in [true, false] {
        let mut talk = Talk::start(&site.bridge);
        asked(&mut talk);
        if !abrupt {
            talk.ws.send_close(1000);
            assert!(matches!(talk.ws.hear(), Heard::Close(Some(1000), _)));
        }
        drop(talk);
        site.sshd.wait_idle();
    }
    assert!(site.bridge.session_ends().is_empty());
}

#[test]
fn a_server_that_dies_at_a_question_is_told_at_once_and_another_try_may_follow() {
    let site = asking();
    let mut talk = Talk::start(&site.bridge);
    let prompt = asked(&mut talk);
    site.sshd.kill_sessions();
    assert_eq!(talk.fails("upstream-failed")["retry"], true);
    talk.answer(&prompt, &["too late"]);
    let prompt = asked(&mut talk);
    talk.answer(&prompt, &[&User::read().password]);
    talk.hear("ready");
}

#[test]
fn pings_are_answered_while_the_server_is_waited_for() {
    let silent = Fake::black_hole();
    let bridge = Config::to_port(silent.port).upstream(r#"connect_timeout = "3s""#).start();
    let mut talk = Talk::start(&bridge);
    talk.password("ann", "secret");
    wait_until("the bridge to dial", SOON, || silent.connections() == 1);
    let asked = Instant::now();
    talk.ws.send_frame(true, PING, b"there?");
    assert_eq!(talk.ws.hear(), Heard::Pong(b"there?".to_vec()));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    talk.fails("upstream-timeout");
}

#[test]
fn a_client_that_hangs_up_while_the_server_is_waited_for_cuts_the_connection() {
    let silent = Fake::black_hole();
    let bridge = Config::to_port(silent.port).start();
    let mut talk = Talk::start(&bridge);
    talk.password("ann", "secret");
    wait_until("the bridge to dial", SOON, || silent.open() == 1);
    let begun = Instant::now();
    drop(talk);
    wait_until("the connection to be cut", SOON, || silent.open() == 0);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn the_clients_share_of_the_time_is_bounded() {
    let site = Site::with(Sshd::start(), |config| config.upstream(r#"login_timeout = "1s""#));
    let mut talk = Talk::start(&site.bridge);
    let begun = Instant::now();
    assert_eq!(talk.fails("timeout")["retry"], false);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    talk.closes(1008);
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn a_message_over_16_kib_ends_the_conversation_at_its_header() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    talk.ws.send_frame(true, TEXT, &vec![b' '; 16 * 1024 + 1]);
    talk.closes(1009);
    let mut talk = Talk::start(&site.bridge);
    talk.ws.send_raw(&header(true, TEXT, 1 << 20));
    assert!(matches!(talk.ws.hear(), Heard::Close(Some(1009), _)));
    let mut talk = Talk::start(&site.bridge);
    let User { name, password, .. } = User::read();
    talk.say(json!({"type": "login", "user": name, "method": "password", "password": password,
        "padding": " ".repeat(16_000)}));
    talk.hear("ready");
    talk.session().is_alive();
}

#[test]
fn a_text_that_is_not_utf8_is_1007_in_words_that_fit() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    talk.ws.send_frame(true, TEXT, b"\xff");
    let Heard::Close(code, reason) = talk.ws.hear() else { panic!("no close frame") };
    assert_eq!((code, reason.as_str()), (Some(1007), "A text message must be UTF-8."));
}

#[test]
fn what_is_no_part_of_the_conversation_ends_it() {
    let site = Site::start();
    for (opcode, payload) in [(BINARY, &b"\0\0\0\x05\x01\0\0\0\x03"[..]), (TEXT, b"{}"), (TEXT, b"hello")] {
        let mut talk = Talk::start(&site.bridge);
        talk.ws.send_frame(true, opcode, payload);
        assert_eq!(talk.fails("protocol")["retry"], false);
        talk.closes(1008);
    }
    assert_eq!(site.sshd.connections(), 0);
}

#[test]
fn after_ready_a_text_message_is_1003() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    talk.log_in();
    talk.say(json!({"type": "login", "method": "external"}));
    talk.closes(1003);
}

#[test]
fn a_drain_is_announced_and_ends_conversations() {
    let site = Site::with(Sshd::start(), |config| config.limit(r#"drain = "20s""#));
    let mut waiting = Talk::start(&site.bridge);
    let mut talk = Talk::start(&site.bridge);
    talk.log_in();
    site.bridge.terminate();
    let notice = talk.hear("notice");
    assert_eq!((&notice["kind"], &notice["seconds"]), (&json!("drain"), &json!(20)));
    talk.session().is_alive();
    waiting.fails("draining");
    waiting.closes(1001);
}

#[test]
fn too_many_failures_are_throttled_and_the_next_ones_never_reach_sshd() {
    let site = Site::with(Sshd::start(), |config| config.throttle("attempts_per_user = 3"));
    let mut talk = Talk::start(&site.bridge);
    for _ in 0..3 {
        talk.password(&User::read().name, "wrong");
        talk.fails("refused");
    }
    talk.password(&User::read().name, "wrong");
    let failure = talk.fails("throttled");
    assert!(failure["retry_after"].as_u64().is_some_and(|wait| (1..=60).contains(&wait)), "{failure}");
    talk.closes(1008);
    site.sshd.wait_logged(3, "Failed password");
}

#[test]
fn a_lost_socket_is_resumed_on_the_same_connection_with_a_token_that_is_good_once() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    let first = talk.log_in();
    let mut session = talk.session();
    session.is_alive();
    drop(session);
    let token = |ready: &serde_json::Value| json!({"type": "login", "method": "resume", "token": ready["resume_token"]});
    let mut talk = Talk::start(&site.bridge);
    talk.say(token(&first));
    let second = talk.hear("ready");
    assert_ne!(first["resume_token"], second["resume_token"]);
    talk.session().is_alive();
    let mut talk = Talk::start(&site.bridge);
    talk.say(token(&first));
    talk.fails("resume-refused");
    assert_eq!(site.sshd.connections(), 1);
}

#[test]
fn a_goodbye_leaves_nothing_to_resume() {
    let site = Site::start();
    let mut talk = Talk::start(&site.bridge);
    let ready = talk.log_in();
    let mut session = talk.session();
    session.ws.send_close(1000);
    site.bridge.session_end();
    site.sshd.wait_idle();
    let mut talk = Talk::start(&site.bridge);
    talk.say(json!({"type": "login", "method": "resume", "token": ready["resume_token"]}));
    talk.fails("resume-refused");
}

/// An upstream that the bridge logs in to by itself, for ann and for whom a proxy on loopback vouches.
fn own(sshd: &Sshd, scratch: &Scratch) -> Config {
    let user = User::read();
    let (users, password) = (scratch.join("users"), scratch.join("upstream-password"));
    let secret = sftpbridge::config::Secret::new("ann's own".to_owned());
    let hash = sftpbridge::auth::hash_password(&secret, [7; 16]).unwrap();
    std::fs::write(&users, format!("ann:{hash}\n")).unwrap();
    std::fs::write(&password, &user.password).unwrap();
    Config::to(sshd)
        .upstream(&format!(
            "credentials = \"password\"\nuser = {:?}\npassword_file = {password:?}",
            user.name
        ))
        .section(&format!("[identity]\nusers_file = {users:?}"))
        .section("[identity.trusted_header]\nname = \"X-Person\"\nfrom = [\"127.0.0.1/32\"]")
}

#[test]
fn the_bridge_logs_in_by_itself_for_a_person_it_knows() {
    let (sshd, scratch) = (Sshd::start(), Scratch::new());
    let bridge = own(&sshd, &scratch).start();
    let mut talk = Talk::start(&bridge);
    assert_eq!(talk.hello["methods"], json!(["password", "resume"]));
    talk.password("ann", "guess");
    talk.fails("refused");
    assert_eq!(sshd.connections(), 0, "that is the bridge's to say");
    talk.password("ann", "ann's own");
    assert_eq!(talk.hear("ready")["user"], "ann");
    talk.session().is_alive();

    let mut talk = Talk::with(&bridge.anonymous().header("X-Person", "bob"));
    assert_eq!(
        (&talk.hello["user"], &talk.hello["methods"]),
        (&json!("bob"), &json!(["password", "external", "resume"]))
    );
    talk.say(json!({"type": "login", "method": "external"}));
    assert_eq!(talk.hear("ready")["user"], "bob");
    talk.session().is_alive();

    for request in
        [bridge.anonymous().basic("ann", "ann's own"), bridge.anonymous().header("X-Person", "bob")]
    {
        crate::support::session::Session::start(request.open()).is_alive();
    }
    assert_eq!(bridge.anonymous().send().status, 401);
    assert_eq!(bridge.anonymous().basic("ann", "guess").send().status, 401);
}

#[test]
fn info_lists_the_subprotocols_and_the_methods_of_each_upstream() {
    let (sshd, scratch) = (Sshd::start(), Scratch::new());
    let bridge = own(&sshd, &scratch).upstream(r#"resume = "0s""#).start();
    let body = bridge.get("/api/info").send().body();
    let info: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(info["subprotocols"], json!(["sftp", "sftp-login.v1"]));
    assert_eq!(info["upstreams"][0]["methods"], json!(["password"]));
    let body = bridge.get("/api/info").header("X-Person", "bob").send().body();
    let info: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(info["methods"], json!(["password", "external"]));
    assert_eq!(info["user"], "bob");
    let signs_in = |info: &serde_json::Value| info.get("sign_in").is_some() || info.get("sign_out").is_some();
    assert!(!signs_in(&info), "by the proxy alone: {info}");
    let foreign = bridge.get("/api/info").header("X-Person", "bob").header("Origin", "https://evil.example");
    let info: serde_json::Value = serde_json::from_str(&foreign.send().body()).unwrap();
    assert_eq!(info["methods"], json!(["password"]), "to a page of anybody's");
    assert!(info.get("user").is_none(), "to a page of anybody's: {info}");
}
