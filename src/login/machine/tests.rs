use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::Secret;
use crate::login::replay::CANARY;
use crate::login::{Proof, VisibleUpstream, replay};

mod transcripts;

const LOGIN: &str = r#"{"type":"login","user":"ann","method":"password","password":"p"}"#;

fn machine(attempts: usize) -> Machine {
    let methods = vec![Method::Password, Method::KeyboardInteractive];
    let main = VisibleUpstream { name: "main".to_owned(), title: "Main".to_owned(), methods };
    let terms = Terms {
        session: String::new(),
        upstreams: vec![main],
        user: None,
        banner: None,
        attempts,
        max_packet: 1,
    };
    Machine::open(terms).0
}

fn prompts(count: usize) -> Event<'static> {
    let prompt = crate::login::Prompt { text: "?".to_owned(), echo: false };
    Event::Question(Question::Prompts {
        name: String::new(),
        instruction: String::new(),
        prompts: vec![prompt; count],
    })
}

fn failure(actions: &[Action]) -> Option<(FailureCode, bool)> {
    match actions.first() {
        Some(Action::Send(ServerMessage::Failure { code, retry, .. })) => Some((*code, *retry)),
        _ => None,
    }
}

#[test]
fn a_server_that_asks_without_end_is_given_up() {
    let mut machine = machine(6);
    machine.on(Event::Text(LOGIN));
    for id in 1..=MOST_QUESTIONS {
        assert!(matches!(machine.on(prompts(1)).as_slice(), [Action::Send(ServerMessage::Prompt { .. })]));
        let answer = format!(r#"{{"type":"answer","id":{id},"answers":["x"]}}"#);
        assert!(matches!(machine.on(Event::Text(&answer)).as_slice(), [Action::Reply(_)]));
    }
    assert_eq!(failure(&machine.on(prompts(1))), Some((FailureCode::UpstreamFailed, true)));
    assert!(!machine.is_trying(), "what runs at the upstream is dropped");
}

#[test]
fn questions_beyond_the_bounds_never_reach_the_client() {
    let instruction = "x".repeat(LARGEST_MESSAGE);
    let long = Question::Prompts { name: String::new(), instruction, prompts: Vec::new() };
    for question in [prompts(MOST_PROMPTS + 1), Event::Question(long)] {
        let mut machine = machine(6);
        machine.on(Event::Text(LOGIN));
        assert_eq!(failure(&machine.on(question)), Some((FailureCode::UpstreamFailed, true)));
    }
    let mut machine = machine(6);
    machine.on(Event::Text(LOGIN));
    assert!(failure(&machine.on(prompts(MOST_PROMPTS))).is_none());
}

#[test]
fn a_banner_is_passed_on_once_and_always_fits() {
    let mut machine = machine(6);
    machine.on(Event::Text(LOGIN));
    assert!(machine.on(Event::Banner("\u{1b}\"\n€".repeat(10_000))).is_empty());
    let actions = machine.on(prompts(1));
    let Some(Action::Send(message @ ServerMessage::Prompt { banner: Some(banner), .. })) = actions.first()
    else {
        panic!("{actions:?}");
    };
    assert!(!banner.contains('\u{1b}') && bytes(message) <= LARGEST_MESSAGE);
    let actions = machine.on(Event::Refused { remaining: Vec::new(), partial: false });
    assert!(matches!(actions.first(), Some(Action::Send(ServerMessage::Failure { banner: None, .. }))));
}

#[test]
fn a_long_list_of_upstreams_does_not_burst_the_hello() {
    let upstream = |number| VisibleUpstream {
        name: format!("upstream-{number}"),
        title: "\"".repeat(200),
        methods: vec![Method::Password],
    };
    let upstreams = (0..1000).map(upstream).collect();
    let terms =
        Terms { session: String::new(), upstreams, user: None, banner: None, attempts: 1, max_packet: 1 };
    let (mut machine, hello) = Machine::open(terms);
    assert!(bytes(&hello) <= LARGEST_MESSAGE);
    let last = LOGIN.replace(r#""user""#, r#""upstream":"upstream-999","user""#);
    assert!(matches!(machine.on(Event::Text(&last)).as_slice(), [Action::Begin(_)]));
}

#[test]
fn names_and_passwords_that_cannot_be_right_reach_no_upstream() {
    let long = "u".repeat(257);
    for (user, password) in
        [("", "p"), ("ann", ""), ("a\\nb", "p"), ("ann", "p\\u0000"), (long.as_str(), "p")]
    {
        let login =
            format!(r#"{{"type":"login","user":"{user}","method":"password","password":"{password}"}}"#);
        let actions = machine(6).on(Event::Text(&login));
        assert_eq!(failure(&actions), Some((FailureCode::Refused, true)), "{user:?} {password:?}");
    }
}

/// A record of [`replay`].
fn record(kind: u8, content: &str) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&[kind][..], &length.to_be_bytes(), content.as_bytes()].concat()
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just(format!(r#""method":"password","password":"{CANARY}""#)),
        Just(r#""method":"keyboard-interactive""#.to_owned()),
        Just(format!(r#""method":"bearer","token":"{CANARY}""#)),
        Just(r#""method":"external""#.to_owned()),
        Just(format!(r#""method":"resume","token":"{CANARY}""#)),
    ];
    let upstream = prop_oneof![Just("main"), Just("own"), Just("all"), Just("none")];
    let login = (upstream, method).prop_map(|(upstream, method)| {
        record(0, &format!(r#"{{"type":"login","upstream":"{upstream}","user":"ann",{method}}}"#))
    });
    let answer = (0u32..5, 0usize..3).prop_map(|(id, count)| {
        let answers = vec![format!("{CANARY:?}"); count].join(",");
        record(0, &format!(r#"{{"type":"answer","id":{id},"answers":[{answers}]}}"#))
    });
    let question = (0u8..4).prop_map(|count| record(7, &char::from(count).to_string()));
    let any = (any::<u8>(), "\\PC{0,40}").prop_map(|(kind, content)| record(kind, &content));
    prop_oneof![3 => login, 3 => answer, 2 => question, 2 => any]
}

proptest! {
    #[test]
    fn no_sequence_of_events_panics_or_leaks_or_is_ready_without_success(
        records in prop::collection::vec(any_record(), 0..60)
    ) {
        let mut begun = 0;
        let mut over = false;
        for (record, (actions, machine)) in records.iter().zip(replay(&records.concat())) {
            let shown = format!("{actions:?} {machine:?}");
            prop_assert!(!shown.contains(CANARY), "{}", shown);
            prop_assert!(actions.len() <= 2);
            prop_assert!(!over || actions.is_empty(), "nothing follows the end");
            for action in &actions {
                match action {
                    Action::Begin(_) => begun += 1,
                    Action::Ready => prop_assert!(begun > 0 && record.first().unwrap() % 16 == 14),
                    Action::Send(_) | Action::Reply(_) | Action::End { .. } => {}
                }
            }
            prop_assert!(begun <= 6);
            over = machine.is_over();
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        replay(&bytes);
    }

    #[test]
    fn whoever_keeps_logging_in_comes_to_an_end(attempts in 1usize..10, name in "(main|none)") {
        let mut machine = machine(attempts);
        let login = LOGIN.replace(r#""user""#, &format!(r#""upstream":"{name}","user""#));
        for _ in 0..attempts {
            prop_assert!(!machine.is_over());
            machine.on(Event::Text(&login));
            if machine.is_trying() {
                machine.on(Event::Refused { remaining: vec![Method::Password], partial: false });
            }
        }
        prop_assert!(machine.is_over());
    }
}
