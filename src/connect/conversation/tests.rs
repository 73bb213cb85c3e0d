use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::connect::fixtures::{ECDSA, ED25519, RSA, blob, request};

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// A conversation with what the bridge says in it, and what was done.
struct Talk {
    machine: Conversation,
}

impl Talk {
    fn with(means: Means) -> Talk {
        Talk { machine: Conversation::new(Some("ann".to_owned()), means) }
    }

    fn keys(keys: &[&str], password: Option<&str>, person: bool) -> Talk {
        Talk::with(Means::new(keys.iter().map(|key| blob(key)).collect(), None, password.map(secret), person))
    }

    fn hear(&mut self, message: Value) -> Result<Step, Ended> {
        self.machine.hear(&message.to_string())
    }

    #[track_caller]
    fn hello(&mut self, methods: &[&str]) -> Step {
        self.hear(json!({"type": "hello", "upstreams": [], "methods": methods})).unwrap()
    }

    #[track_caller]
    fn refused(&mut self, methods: &[&str]) -> Result<Step, Ended> {
        self.hear(failure("refused", methods, true))
    }
}

fn failure(code: &str, methods: &[&str], retry: bool) -> Value {
    json!({"type": "failure", "code": code, "message": "No.", "methods": methods, "retry": retry})
}

fn prompt(prompts: &[(&str, bool)]) -> Value {
    let prompts: Vec<Value> =
        prompts.iter().map(|(text, echo)| json!({"text": text, "echo": echo})).collect();
    json!({"type": "prompt", "id": 7, "name": "", "instruction": "", "prompts": prompts})
}

/// What is sent, as JSON.
#[track_caller]
fn sent(step: Step) -> Value {
    match step {
        Step::Send(Some(message)) => serde_json::to_value(message).unwrap(),
        other => panic!("nothing is sent: {other:?}"),
    }
}

#[track_caller]
fn method(step: Step) -> String {
    sent(step)["method"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refusal(ended: Result<Step, Ended>) -> String {
    match ended {
        Err(Ended::Over(error @ ConnectError::Refused(_))) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn broken(ended: Result<Step, Ended>) -> String {
    match ended {
        Err(Ended::Over(error @ ConnectError::Failed(_))) => error.to_string(),
        other => panic!("not broken off: {other:?}"),
    }
}

const READY: &str = r#"{"type":"ready","upstream":"main","user":"ann","max_packet":1,"resume_token":null,"resume_seconds":0}"#;
const ALL: &[&str] = &["password", "keyboard-interactive", "publickey", "later"];

#[test]
fn a_given_password_logs_in_where_nobody_is_there() {
    let mut talk = Talk::keys(&[], Some("pw"), false);
    let login = sent(talk.hello(ALL));
    assert_eq!(login, json!({"type": "login", "user": "ann", "method": "password", "password": "pw"}));
    assert!(matches!(talk.machine.hear(READY), Ok(Step::Ready)));
}

#[test]
fn the_order_is_that_of_ssh() {
    let mut talk = Talk::keys(&[ED25519, ECDSA], None, true);
    let first = sent(talk.hello(ALL));
    assert!(first["public_key"].as_str().unwrap().starts_with("ssh-ed25519 AAAA"), "{first}");
    let second = sent(talk.refused(ALL).unwrap());
    assert!(second["public_key"].as_str().unwrap().starts_with("ecdsa-sha2-nistp256 AAAA"), "{second}");
    assert_eq!(method(talk.refused(ALL).unwrap()), "keyboard-interactive");
    assert!(
        matches!(talk.refused(ALL), Ok(Step::AskPassword)),
        "a server that asks nothing is not tried again"
    );
    assert_eq!(sent(talk.machine.typed(secret("pw")).unwrap())["password"], "pw");
}

#[test]
fn a_person_has_three_passwords_and_hears_why() {
    let mut talk = Talk::keys(&[], None, true);
    assert!(matches!(talk.hello(&["password"]), Step::AskPassword));
    for _ in 0..2 {
        talk.machine.typed(secret("x")).unwrap();
        assert!(matches!(talk.refused(&["password"]), Ok(Step::AskPassword)));
        assert_eq!(talk.machine.notes(), ["No."]);
    }
    talk.machine.typed(secret("x")).unwrap();
    assert_eq!(refusal(talk.refused(&["password"])), "the login was refused: No.");
}

#[test]
fn a_given_password_that_is_wrong_is_not_tried_twice_and_not_asked_for() {
    for person in [false, true] {
        let mut talk = Talk::keys(&[], Some("pw"), person);
        let step = talk.hello(ALL);
        if person {
            assert_eq!(method(step), "keyboard-interactive");
            let answer = sent(talk.hear(prompt(&[("Password: ", false)])).unwrap());
            assert_eq!(answer, json!({"type": "answer", "id": 7, "answers": ["pw"]}));
        }
        refusal(talk.refused(ALL));
    }
}

#[test]
fn a_given_password_answers_the_question_for_it_and_the_person_the_others() {
    let mut talk = Talk::keys(&[], Some("pw"), true);
    talk.hello(&["keyboard-interactive"]);
    assert_eq!(sent(talk.hear(prompt(&[("Password:", false)])).unwrap())["answers"], json!(["pw"]));
    let Ok(Step::Ask(prompts)) = talk.hear(prompt(&[("Verification code:", true)])) else { panic!() };
    assert_eq!(prompts.len(), 1);
    assert_eq!(sent(talk.machine.answered(vec![secret("123")]).unwrap())["answers"], json!(["123"]));
    assert!(matches!(talk.hear(prompt(&[("Password:", false)])), Ok(Step::Ask(_))), "once only");
}

#[test]
fn a_question_without_questions_is_shown_and_answered() {
    let mut talk = Talk::keys(&[], None, true);
    talk.hello(&["keyboard-interactive"]);
    let message = json!({"type": "prompt", "id": 1, "name": "Hint", "instruction": "Look\nhere", "prompts": [],
        "banner": "Welcome"});
    assert_eq!(sent(talk.hear(message).unwrap())["answers"], json!([]));
    assert_eq!(talk.machine.notes(), ["Welcome", "Hint", "Look\nhere"]);
}

#[test]
fn nobody_there_and_a_question_is_one_sentence() {
    let mut talk = Talk::keys(&[], Some("pw"), false);
    talk.hello(&["keyboard-interactive"]);
    let sentence = refusal(talk.hear(prompt(&[("Code\u{1b}[2J: ", true)])));
    assert!(sentence.contains(r#"asks "Code\u{1b}[2J:""#), "{sentence}");
}

#[test]
fn a_partial_success_narrows_the_methods() {
    let mut talk = Talk::keys(&[ED25519], Some("pw"), true);
    assert_eq!(method(talk.hello(ALL)), "publickey");
    let step = talk.hear(failure("partial", &["keyboard-interactive"], true)).unwrap();
    assert_eq!(method(step), "keyboard-interactive");
    assert_eq!(talk.machine.notes(), Vec::<String>::new());
    talk.hear(prompt(&[("Password: ", false)])).unwrap();
    let step = talk.hear(failure("partial", &["password"], true)).unwrap();
    assert_eq!(sent(step)["password"], "pw", "right once, it may be asked for again");
    let sentence = refusal(talk.hear(failure("partial", &["publickey"], true)));
    assert!(sentence.contains("one more proof is needed") && sentence.contains("another key"), "{sentence}");
}

#[test]
fn keys_leave_room_for_a_password() {
    let keys = [ED25519, ECDSA, RSA, ED25519, ECDSA, RSA, ED25519];
    for (person, password, tries) in [(true, None, 4), (false, Some("pw"), 4), (false, None, 6)] {
        let mut talk = Talk::keys(&keys, password, person);
        let mut step = Ok(talk.hello(ALL));
        for _ in 0..tries {
            assert_eq!(method(step.unwrap()), "publickey");
            step = talk.refused(ALL);
        }
        match step {
            Ok(step) => {
                assert_ne!(method(step), "publickey");
                assert_eq!(talk.machine.notes().concat().contains("Keys not tried: 3"), person);
            }
            ended => assert!(refusal(ended).contains("keys not tried: 1"), "no hint"),
        }
    }
}

#[test]
fn a_stricter_bridge_gets_the_password_on_another_socket_once() {
    let mut talk = Talk::keys(&[ED25519, ECDSA], Some("pw"), false);
    talk.hello(ALL);
    assert!(matches!(talk.hear(failure("too-many-attempts", ALL, false)), Err(Ended::Again)));
    talk.machine.again();
    assert_eq!(method(talk.hello(ALL)), "password");
    refusal(talk.hear(failure("refused", ALL, false)));
}

#[test]
fn only_the_login_that_was_agreed_to_is_signed() {
    let mut talk = Talk::keys(&[ED25519], None, false);
    talk.hello(ALL);
    let sign =
        |data: Vec<u8>| json!({"type": "sign", "id": 3, "algorithm": "ssh-ed25519", "data": Blob(data)});
    let good = request("ann", "ssh-ed25519", &blob(ED25519));
    let Ok(Step::Sign(0, signable)) = talk.hear(sign(good.clone())) else { panic!() };
    assert_eq!(signable.data, good);
    assert_eq!(sent(talk.machine.signed(Some(vec![1])).unwrap())["signature"], "AQ==");
    assert!(broken(talk.hear(sign(good))).contains("out of turn"), "one signature for one try");

    let mut talk = Talk::keys(&[ED25519], None, false);
    talk.hello(ALL);
    let sentence = broken(talk.hear(sign(request("root", "ssh-ed25519", &blob(ED25519)))));
    assert!(sentence.contains("no part in this login"), "{sentence}");
}

#[test]
fn a_key_out_of_reach_ends_its_try_and_not_the_login() {
    let mut talk = Talk::keys(&[ED25519], Some("pw"), false);
    talk.hello(ALL);
    let data = Blob(request("ann", "ssh-ed25519", &blob(ED25519)));
    talk.hear(json!({"type": "sign", "id": 3, "algorithm": "ssh-ed25519", "data": data})).unwrap();
    assert_eq!(sent(talk.machine.signed(None).unwrap())["type"], "signature");
    assert_eq!(method(talk.refused(ALL).unwrap()), "password");
}

#[test]
fn no_question_takes_the_place_of_a_passphrase_that_is_being_typed() {
    for (code, retry) in [("refused", true), ("too-many-attempts", false)] {
        let mut talk = Talk::keys(&[ED25519], None, true);
        talk.hello(ALL);
        let data = Blob(request("ann", "ssh-ed25519", &blob(ED25519)));
        talk.hear(json!({"type": "sign", "id": 3, "algorithm": "ssh-ed25519", "data": data})).unwrap();
        let ended = talk.hear(failure(code, ALL, retry));
        assert!(matches!(ended, Err(Ended::Over(_))), "{code}: {ended:?}");
    }
}

#[test]
fn what_the_handshake_proved_comes_first_and_the_token_next() {
    let mut talk = Talk::with(Means::new(vec![blob(ED25519)], Some(secret("t")), Some(secret("pw")), false));
    let hello = json!({"type": "hello", "upstreams": [], "user": "ann@example.org",
        "methods": ["password", "publickey", "bearer", "external"]});
    let login = sent(talk.hear(hello).unwrap());
    assert_eq!(login, json!({"type": "login", "method": "external"}));
    let login = sent(talk.refused(&["bearer", "password"]).unwrap());
    assert_eq!(login, json!({"type": "login", "method": "bearer", "token": "t"}));
    assert_eq!(method(talk.refused(&["bearer", "password"]).unwrap()), "password");
}

#[test]
fn endings_have_their_exit_code_and_say_when_to_come_back() {
    for code in ["refused", "password-expired", "too-many-attempts", "method-unavailable"] {
        let mut talk = Talk::keys(&[], Some("pw"), false);
        talk.hello(ALL);
        refusal(talk.hear(failure(code, ALL, false)));
    }
    for code in ["upstream-failed", "upstream-timeout", "full", "draining", "timeout", "protocol", "new-one"]
    {
        let mut talk = Talk::keys(&[], Some("pw"), false);
        talk.hello(ALL);
        broken(talk.hear(failure(code, ALL, false)));
    }
    let mut talk = Talk::keys(&[], Some("pw"), false);
    talk.hello(ALL);
    let mut throttled = failure("throttled", ALL, false);
    throttled["retry_after"] = json!(42);
    assert!(broken(talk.hear(throttled)).contains("try again in 42 s"));
}

#[test]
fn nothing_to_log_in_with_says_what_would_do() {
    let mut talk = Talk::keys(&[], None, false);
    let hello = json!({"type": "hello", "upstreams": [], "methods": ["password", "publickey", "oidc"]});
    let sentence = refusal(talk.hear(hello));
    for part in ["--password-file", "no terminal", "--identity", "browser"] {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
}

#[test]
fn a_key_that_is_refused_where_nobody_is_there_says_what_else_would_do() {
    let mut talk = Talk::keys(&[ED25519], None, false);
    talk.hello(ALL);
    let sentence = refusal(talk.refused(ALL));
    assert!(sentence.starts_with("the login was refused: No. (it also takes a password"), "{sentence}");
}

#[test]
fn a_user_name_is_needed_where_the_method_does_not_tell_it() {
    let mut machine = Conversation::new(None, Means::new(Vec::new(), None, Some(secret("pw")), true));
    let hello = json!({"type": "hello", "upstreams": [], "methods": ["password"]}).to_string();
    assert!(refusal(machine.hear(&hello)).contains("--user"));
}

#[test]
fn a_bridge_out_of_turn_or_without_measure_is_left() {
    let said = |messages: &[Value]| {
        let mut talk = Talk::keys(&[ED25519], None, true);
        talk.hello(&["keyboard-interactive"]);
        let mut last = Ok(Step::Send(None));
        for message in messages {
            last = talk.hear(message.clone());
        }
        broken(last)
    };
    said(&[json!({"type": "hello", "upstreams": [], "methods": []})]);
    said(&[json!({"type": "sign", "id": 1, "algorithm": "ssh-ed25519", "data": ""})]);
    said(&[json!("?")]);
    said(&[json!({"type": "unheard-of"})]);
    said(&[json!({"type": "notice", "kind": "drain", "seconds": 1, "message": ""})]);
    said(&[
        json!({"type": "failure", "code": "refused", "message": "x".repeat(20_000), "methods": [], "retry": true}),
    ]);
    said(&[prompt(&[("?", true); 65])]);
    said(&vec![prompt(&[]); 101]);
    said(&[prompt(&[("?", true)]), prompt(&[("?", true)])]);
    said(&[prompt(&[("?", true)]), failure("refused", ALL, true)]);
    let mut typing = Talk::keys(&[], None, true);
    typing.hello(&["password"]);
    broken(typing.refused(&["password"]));
    assert!(broken(Talk::keys(&[], None, true).machine.hear(READY)).contains("out of turn"));
}

#[test]
fn the_clock_of_the_bridge_ends_a_question_that_is_open() {
    let mut talk = Talk::keys(&[], None, true);
    talk.hello(&["keyboard-interactive"]);
    talk.hear(prompt(&[("?", true)])).unwrap();
    broken(talk.hear(failure("timeout", &[], false)));
}

/// Any message, mostly in its right form.
fn message() -> impl Strategy<Value = Value> {
    let methods = prop::sample::subsequence(
        vec!["password", "keyboard-interactive", "publickey", "bearer", "external", "oidc", "later"],
        0..7,
    );
    let codes =
        vec!["refused", "partial", "method-unavailable", "too-many-attempts", "upstream-failed", "later"];
    let failure = (prop::sample::select(codes), methods.clone(), prop::bool::weighted(0.9))
        .prop_map(|(code, methods, retry)| failure(code, &methods, retry));
    let hello = methods
        .prop_map(|methods| json!({"type": "hello", "upstreams": [], "methods": methods, "user": "a"}));
    let question =
        prop::collection::vec((prop::sample::select(vec!["Password:", "Code:"]), any::<bool>()), 0..3)
            .prop_map(|prompts| prompt(&prompts));
    let sign = Just(json!({"type": "sign", "id": 1, "algorithm": "ssh-ed25519",
        "data": Blob(request("ann", "ssh-ed25519", &blob(ED25519)))}));
    prop_oneof![6 => failure, 1 => hello, 3 => question, 2 => sign, 1 => Just(json!({"type": "x"}))]
}

proptest! {
    /// Whatever a bridge says, it gets a bounded number of tries, and the given password only in its two places.
    #[test]
    fn no_bridge_keeps_us_trying(
        messages in prop::collection::vec(message(), 0..60),
        person in any::<bool>(),
        given in any::<bool>(),
    ) {
        let keys = [ED25519, ECDSA].map(blob).to_vec();
        let password = given.then(|| secret("pw"));
        let mut talk = Talk::with(Means::new(keys, Some(secret("t")), password, person));
        let mut step = Ok(talk.hello(ALL));
        let (mut tries, mut passwords) = (0, 0);
        let mut messages = messages.into_iter();
        loop {
            step = match step {
                Err(Ended::Again) => {
                    talk.machine.again();
                    Ok(talk.hello(ALL))
                }
                Err(Ended::Over(_)) | Ok(Step::Ready) => break,
                Ok(Step::Ask(prompts)) => talk.machine.answered(vec![secret("typed"); prompts.len()]),
                Ok(Step::AskPassword) => talk.machine.typed(secret("typed")),
                Ok(Step::Sign(..)) => talk.machine.signed(None),
                Ok(Step::Send(sent)) => {
                    let sent = serde_json::to_value(sent).unwrap();
                    tries += i32::from(sent["type"] == "login");
                    passwords += i32::from(sent["password"] == "pw" || sent["answers"] == json!(["pw"]));
                    let Some(message) = messages.next() else { break };
                    talk.hear(message)
                }
            };
        }
        prop_assert!(tries <= 10, "{tries} tries");
        prop_assert!(passwords <= 2, "{passwords} times the password");
    }
}
