//! Every flow as a text: what the client says (`C`), what happens beside it (`U`), and what the bridge then
//! says (`S`) and does (`A`). `T` changes the terms; lines with `#` are comments.

use std::fs;
use std::path::Path;

use super::*;
use crate::login::Attempt;

/// The upstreams of every transcript: one that persons log in to by themselves, one that the bridge does.
fn terms() -> Terms {
    let upstream = |name: &str, title: &str, methods: &[Method]| VisibleUpstream {
        name: name.to_owned(),
        title: title.to_owned(),
        methods: methods.to_vec(),
    };
    use Method::{Bearer, External, KeyboardInteractive, Oidc, Password, PublicKey, Resume};
    let main = upstream("main", "Files", &[Password, KeyboardInteractive, PublicKey, Resume]);
    let own = upstream("own", "Archive", &[Password, Bearer, External, Oidc]);
    let session = "0123456789abcdef".to_owned();
    Terms { session, upstreams: vec![main, own], user: None, banner: None, attempts: 6, max_packet: 262_148 }
}

fn set(terms: &mut Terms, what: &str) {
    match what.split_once(' ') {
        Some(("attempts", count)) => terms.attempts = count.parse().unwrap(),
        Some(("user", user)) => terms.user = Some(user.to_owned()),
        Some(("banner", banner)) => terms.banner = Some(banner.to_owned()),
        _ => panic!("T {what}"),
    }
}

fn methods(list: &str) -> Vec<Method> {
    list.split_whitespace().map(|name| serde_json::from_value(name.into()).unwrap()).collect()
}

fn refusal(name: &str) -> Refusal {
    let all = [
        Refusal::WrongCredentials,
        Refusal::PasswordExpired,
        Refusal::Unreachable,
        Refusal::TimedOut,
        Refusal::UserFull(32),
        Refusal::Internal,
    ];
    *all.iter().find(|refusal| format!("{refusal:?}") == name).unwrap()
}

fn prompts(json: &str) -> Question {
    let ServerMessage::Prompt { name, instruction, prompts, .. } = serde_json::from_str(json).unwrap() else {
        panic!("no prompt: {json}");
    };
    Question::Prompts { name, instruction, prompts }
}

fn sign(words: &str) -> Question {
    let (algorithm, data) = words.split_once(' ').unwrap();
    let data: Blob = serde_json::from_value(data.into()).unwrap();
    Question::Sign { algorithm: algorithm.to_owned(), data: data.0 }
}

fn succeeded(words: &str) -> Event<'static> {
    let (upstream, words) = words.split_once(' ').unwrap();
    let (user, token) = words.split_once(' ').map_or((words, None), |(user, token)| (user, Some(token)));
    let time = Duration::from_secs(60);
    let resume = token.map(|token| Resume { token: Secret::new(token.to_owned()), time });
    Event::Succeeded { upstream: upstream.to_owned(), user: user.to_owned(), resume }
}

fn happens(what: &str) -> Event<'static> {
    let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
    match word {
        "asks" => Event::Question(prompts(rest)),
        "wants-signed" => Event::Question(sign(rest)),
        "banner" => Event::Banner(rest.to_owned()),
        "refused" => Event::Refused { remaining: methods(rest), partial: false },
        "partial" => Event::Refused { remaining: methods(rest), partial: true },
        "failed" => Event::Failed(refusal(rest)),
        "resume-refused" => Event::ResumeRefused,
        "throttled" => Event::Failed(Refusal::Throttled(Duration::from_secs(rest.parse().unwrap()))),
        "succeeded" => succeeded(rest),
        "clock" => Event::TimedOut,
        "drain" => Event::Draining,
        "binary" => Event::Binary,
        "too-large" => Event::TooLarge,
        _ => panic!("U {what}"),
    }
}

fn in_words(action: &Action) -> String {
    match action {
        Action::Send(message) => format!("S {}", serde_json::to_string(message).unwrap()),
        Action::Begin(attempt) => begun(attempt),
        Action::Reply(Reply::Answers(answers)) => {
            let answers: Vec<&str> = answers.iter().map(Secret::expose).collect();
            format!("A answers {answers:?}")
        }
        Action::Reply(Reply::Signature(signature)) => {
            format!("A signature {}", serde_json::to_string(&Blob(signature.clone())).unwrap())
        }
        Action::Ready => "A ready".to_owned(),
        Action::End { code, reason } => format!("A end {code} {reason}"),
    }
}

fn begun(attempt: &Attempt) -> String {
    let Attempt { upstream, named, user, proof } = attempt;
    let upstream = if *named { upstream.clone() } else { format!("({upstream})") };
    let proof = match proof {
        Proof::Password(password) => format!("password {:?}", password.expose()),
        Proof::KeyboardInteractive => "keyboard-interactive".to_owned(),
        Proof::PublicKey(key) => format!("publickey {}", key.algorithm()),
        Proof::Certificate(certificate) => {
            format!("certificate {} {}", certificate.algorithm(), certificate.key_id())
        }
        Proof::Bearer(token) => format!("bearer {:?}", token.expose()),
        Proof::External => "external".to_owned(),
        Proof::Resume(token) => format!("resume {:?}", token.expose()),
    };
    format!("A begin {upstream} {user:?} {proof}")
}

/// The transcript as it really goes.
fn play(transcript: &str) -> String {
    let mut terms = terms();
    let mut machine = None;
    let mut played = String::new();
    let mut note = |line: &str| writeln!(played, "{line}").unwrap();
    for line in transcript.lines() {
        match line.split_once(' ').or(Some((line, ""))) {
            _ if line.starts_with('#') || line.is_empty() => note(line),
            Some(("S" | "A", _)) if machine.is_some() => {}
            Some(("T", what)) => {
                set(&mut terms, what);
                note(line);
            }
            Some(("S", _)) => {
                let (opened, hello) = Machine::open(terms.clone());
                machine = Some(opened);
                note(&in_words(&Action::Send(hello)));
            }
            Some((who @ ("C" | "U"), what)) => {
                let event = if who == "C" { Event::Text(what) } else { happens(what) };
                note(line);
                let actions = machine.as_mut().unwrap().on(event);
                actions.iter().for_each(|action| note(&in_words(action)));
            }
            _ => panic!("not a line of a transcript: {line}"),
        }
    }
    played
}

#[test]
fn every_transcript_goes_exactly_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/login/transcripts");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let written = fs::read_to_string(&path).unwrap();
        let played = play(&written);
        assert_eq!(written, played, "{}:\n{played}", path.display());
        count += 1;
    }
    assert!(count > 20, "only {count} transcripts");
}
