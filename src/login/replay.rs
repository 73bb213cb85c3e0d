//! Any bytes as a conversation, for fuzzing.

use std::time::Duration;

use super::{Action, Event, Machine, Method, Prompt, Question, Resume, Terms, VisibleUpstream};
use crate::config::Secret;
use crate::refusal::Refusal;

/// A secret that [`replay`] gives to the state machine. Wherever its `Debug` shows up, something leaks.
pub(super) const CANARY: &str = "canary-4711";

const METHODS: [Method; 7] = [
    Method::Password,
    Method::KeyboardInteractive,
    Method::PublicKey,
    Method::Bearer,
    Method::External,
    Method::Oidc,
    Method::Resume,
];

/// Plays `bytes` to a state machine: records of a kind, a length and a content. Gives what followed from
/// each event, and the machine as it is then.
pub fn replay(bytes: &[u8]) -> Vec<(Vec<Action>, Machine)> {
    let upstream = |name: &str, methods: &[Method]| VisibleUpstream {
        name: name.to_owned(),
        title: name.to_owned(),
        methods: methods.to_vec(),
    };
    let (ssh, own) = METHODS.split_at(3);
    let upstreams = vec![upstream("main", ssh), upstream("own", own), upstream("all", &METHODS)];
    let session = "0123456789abcdef".to_owned();
    let terms = Terms { session, upstreams, user: None, banner: None, attempts: 6, max_packet: 262_148 };
    let (mut machine, _) = Machine::open(terms);
    let mut happened = Vec::new();
    let mut rest = bytes;
    while let Some(([kind, high, low], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (content, next) = after.split_at(length);
        rest = next;
        let text = String::from_utf8_lossy(content);
        let event = event(*kind, content, &text);
        let actions = machine.on(event);
        happened.push((actions, machine.clone()));
    }
    happened
}

fn event<'a>(kind: u8, content: &[u8], text: &'a str) -> Event<'a> {
    let first = content.first().copied().unwrap_or_default();
    match kind % 16 {
        0..4 => Event::Text(text),
        4 => Event::Binary,
        5 => Event::TooLarge,
        6 => Event::Banner(text.to_owned()),
        7 => Event::Question(Question::Prompts {
            name: text.to_owned(),
            instruction: String::new(),
            prompts: vec![Prompt { text: text.to_owned(), echo: false }; usize::from(first % 80)],
        }),
        8 => Event::Question(Question::Sign { algorithm: "ssh-ed25519".to_owned(), data: content.to_vec() }),
        9 => Event::Refused {
            remaining: METHODS.into_iter().filter(|method| (first >> (*method as u8)) & 1 == 1).collect(),
            partial: first > 127,
        },
        10 if first % 2 == 0 => Event::Failed(Refusal::Internal),
        10 => Event::Failed(Refusal::TimedOut),
        11 => Event::Failed(Refusal::PasswordExpired),
        12 => Event::ResumeRefused,
        13 => Event::Failed(Refusal::Throttled(Duration::from_secs(first.into()))),
        14 => Event::Succeeded {
            upstream: "main".to_owned(),
            user: text.to_owned(),
            resume: Some(Resume { token: Secret::new(CANARY.to_owned()), time: Duration::from_secs(60) }),
        },
        _ if first % 2 == 0 => Event::TimedOut,
        _ => Event::Draining,
    }
}
