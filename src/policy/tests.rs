use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Upstream;
use crate::sftp::{EXTENSIONS, REQUESTS, Writes};

mod files;
mod handles;
mod requests;
mod versions;

/// A configuration with this policy for the upstream `main`, as it would be written.
fn config(policy: Value) -> Config {
    let mut main = Upstream::at("127.0.0.1:22".parse().unwrap());
    main.policy = serde_json::from_value(policy).unwrap();
    Config { upstreams: [("main".to_owned(), main)].into(), ..Config::default() }
}

fn policies(policy: Value) -> Policies {
    Policies::new(&config(policy)).unwrap()
}

/// A session of `ann` under a policy, with a server of few words.
struct Ann {
    policies: Policies,
    policy: Policy,
    id: u32,
}

impl Ann {
    fn under(policy: Value) -> Ann {
        Ann::with(policies(policy), "ann", &[])
    }

    fn with(policies: Policies, user: &str, groups: &[&str]) -> Ann {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        Ann { policy: policies.of("main", user, &groups), policies, id: 0 }
    }

    /// What the policy says to a request: nothing, or a sentence.
    #[track_caller]
    fn asks(&mut self, kind: u8, body: &[u8]) -> Result<u32, String> {
        self.id += 1;
        match self.policy.request(&packet(kind, self.id, body)) {
            Verdict::Forward => Ok(self.id),
            Verdict::Answer(answer) => {
                assert_eq!((answer.kind(), answer.id()), (PacketType::STATUS, Some(self.id)));
                assert_eq!(answer.body()[..4], StatusCode::PERMISSION_DENIED.0.to_be_bytes());
                Err(String::from_utf8(answer.body()[8..answer.body().len() - 4].to_vec()).unwrap())
            }
        }
    }

    /// The same, and the server fails to do it.
    fn tries(&mut self, kind: u8, body: &[u8]) -> Result<(), String> {
        let id = self.asks(kind, body)?;
        self.policy.response(&packet(101, id, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]));
        Ok(())
    }

    fn may(&mut self, kind: u8, body: &[u8]) -> bool {
        self.tries(kind, body).is_ok()
    }

    /// Opens a file, which the server calls `handle`.
    fn opens(&mut self, path: &str, flags: u32, handle: &str) {
        let id = self.asks(OPEN, &open(path, flags)).unwrap();
        self.policy.response(&packet(102, id, &string(handle)));
    }

    /// Asks where the session starts.
    fn starts_at(&mut self, home: &str) {
        let id = self.asks(REALPATH, &string(".")).unwrap();
        let body = [&[0, 0, 0, 1][..], &string(home), &string(home), &[0; 4]].concat();
        self.policy.response(&packet(104, id, &body));
    }
}

const OPEN: u8 = 3;
const WRITE: u8 = 6;
const REALPATH: u8 = 16;
const STAT: u8 = 17;
const EXTENDED: u8 = 200;

fn packet(kind: u8, id: u32, body: &[u8]) -> Packet {
    let mut bytes = (body.len() as u32 + 5).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend(id.to_be_bytes());
    bytes.extend(body);
    Packet::parse(Bytes::from(bytes)).unwrap()
}

fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&(text.len() as u32).to_be_bytes()[..], text].concat()
}

fn open(path: impl AsRef<[u8]>, flags: u32) -> Vec<u8> {
    [&string(path)[..], &flags.to_be_bytes(), &[0; 4]].concat()
}

fn strings(one: &str, other: &str) -> Vec<u8> {
    [string(one), string(other)].concat()
}

fn write(handle: &str, offset: u64, data: &[u8]) -> Vec<u8> {
    [&string(handle)[..], &offset.to_be_bytes(), &string(data)].concat()
}

fn attributes(size: Option<u64>) -> Vec<u8> {
    size.map_or(vec![0; 4], |size| [&[0, 0, 0, 1][..], &size.to_be_bytes()].concat())
}

fn with_attributes(name: &str, size: Option<u64>) -> Vec<u8> {
    [string(name), attributes(size)].concat()
}

fn extended(name: &str, body: &[u8]) -> Vec<u8> {
    [&string(name)[..], body].concat()
}

#[test]
fn a_policy_that_permits_everything_reads_nothing_and_keeps_nothing() {
    for policy in [json!({}), json!({"paths": ["write /a", "write /**", "none /secret"]})] {
        let mut ann = Ann::under(policy);
        for kind in 0..=255 {
            if kind != 1 && kind != 2 {
                assert_eq!(ann.asks(kind, b"\xff\xff\xff\xff"), Ok(ann.id), "{kind}");
            }
        }
        assert!(matches!(ann.policy.standing, Standing::Free));
    }
}

#[test]
fn a_denied_request_is_answered_in_words() {
    let mut ann = Ann::under(json!({"deny": ["remove"], "paths": ["none /a", "read /b"]}));
    for (kind, body, sentence) in [
        (13, string("/c"), "the policy of this server does not allow remove"),
        (STAT, string("/a/x"), "the policy of this server does not allow reading this path"),
        (
            14,
            [string("/b/x"), vec![0; 4]].concat(),
            "the policy of this server does not allow writing to this path",
        ),
        (14, string("/b/x"), "the policy of this server cannot judge this request: it is cut short"),
        (99, vec![], "the policy of this server does not allow a request of unknown type 99"),
    ] {
        assert_eq!(ann.tries(kind, &body), Err(sentence.to_owned()));
    }
}

#[test]
fn a_request_without_an_id_is_answered_too() {
    let policies = policies(json!({"read_only": true}));
    let short = Packet::parse(Bytes::from_static(b"\0\0\0\x02\x63\0")).unwrap();
    let Verdict::Answer(answer) = policies.of("main", "ann", &[]).request(&short) else {
        panic!("a request of unknown type");
    };
    assert_eq!((answer.kind(), answer.id()), (PacketType::STATUS, Some(0)));
}

#[test]
fn whoever_is_in_groups_has_their_rules_in_place_of_the_others() {
    let policies = policies(json!({
        "read_only": true,
        "groups": {
            "staff": {"users": ["ann", "bob"], "deny": ["remove"]},
            "ops": {"claims": ["operators", "root people"], "deny": ["rename"]},
            "guests": {"users": ["eve"], "paths": ["none /**"]},
        }
    }));
    let may = |user: &str, groups: &[&str]| {
        let mut someone = Ann::with(policies.clone(), user, groups);
        (
            someone.may(13, &string("/x")),
            someone.may(18, &strings("/x", "/y")),
            someone.may(STAT, &string("/x")),
        )
    };
    assert_eq!(may("dan", &[]), (false, false, true));
    assert_eq!(
        may("dan", &["staff", "ops", "Operators"]),
        (false, false, true),
        "the sections' names are nobody's"
    );
    assert_eq!(may("ann", &[]), (false, true, true));
    assert_eq!(may("Ann", &[]), (false, false, true));
    assert_eq!(may("dan", &["x", "root people"]), (true, false, true));
    assert_eq!(may("ann", &["operators"]), (true, true, true));
    assert_eq!(may("eve", &[]), (false, false, false));
    assert!(policies.name_group("operators") && !policies.name_group("ops") && !policies.name_group("ann"));
}

#[test]
fn one_set_of_rules_must_permit_the_whole_request() {
    let policies = policies(json!({"groups": {
        "a": {"users": ["ann"], "paths": ["write /a", "none /**"]},
        "b": {"users": ["ann"], "paths": ["write /b", "none /**"]},
    }}));
    let mut ann = Ann::with(policies, "ann", &[]);
    assert!(ann.may(18, &strings("/a/x", "/a/y")) && ann.may(18, &strings("/b/x", "/b/y")));
    assert!(!ann.may(18, &strings("/a/x", "/b/y")));
    assert!(!ann.may(STAT, &string("/c")));
}

#[test]
fn sessions_that_run_follow_a_replacement() {
    let mut ann = Ann::under(json!({}));
    ann.opens("/a", 2, "H");
    assert!(ann.may(WRITE, &write("H", 0, b"x")));
    ann.policies.replace(&config(json!({"read_only": true}))).unwrap();
    assert_eq!(
        ann.tries(WRITE, &write("H", 0, b"x")),
        Err("the policy of this server is read-only".to_owned())
    );
    assert!(ann.may(STAT, &string("/a")));
    ann.policies.replace(&config(json!({"paths": ["none /secret"]}))).unwrap();
    let denied = "the policy of this server cannot judge this request: the file was not opened under it";
    assert_eq!(ann.tries(WRITE, &write("H", 0, b"x")), Err(denied.to_owned()), "nobody looked at what H is");
    assert!(ann.may(4, &string("H")), "it can be closed");
    ann.opens("/b", 2, "H");
    assert!(ann.may(WRITE, &write("H", 0, b"x")));
    ann.policies.replace(&config(json!({"paths": ["read /b"]}))).unwrap();
    assert!(!ann.may(WRITE, &write("H", 0, b"x")) && ann.may(5, &[string("H"), vec![0; 12]].concat()));
    ann.policies.replace(&config(json!({}))).unwrap();
    assert!(ann.may(WRITE, &write("H", 0, b"x")));
}

#[test]
fn a_replacement_that_makes_no_sense_changes_nothing() {
    let mut ann = Ann::under(json!({"read_only": true}));
    let error = ann.policies.replace(&config(json!({"deny": ["close"]}))).unwrap_err().to_string();
    assert_eq!(error, "upstreams.main.policy: deny: close always passes, or files would stay open");
    assert!(ann.policies.replace(&config(json!({"groups": {"g": {"deny": ["close"]}}}))).is_err());
    assert!(!ann.may(13, &string("/a")));
    ann.policies.replace(&Config::default()).unwrap();
    assert!(!ann.may(13, &string("/a")), "its upstream is gone, and its rules are not");
    let mut bob = ann.policies.of("main", "bob", &[]);
    assert_ne!(
        bob.request(&packet(13, 1, &string("/a"))),
        Verdict::Forward,
        "nor are they for who comes later"
    );
}

#[test]
fn an_answer_that_is_owed_when_the_rules_change_tells_nothing() {
    let mut ann = Ann::under(json!({}));
    let before = ann.asks(OPEN, &open("/secret/x", 1)).unwrap();
    ann.policies.replace(&config(json!({"paths": ["read /secret"]}))).unwrap();
    let denied = "the policy of this server has just changed: try again";
    assert_eq!(ann.asks(OPEN, &open("/a", 2)), Err(denied.to_owned()));
    assert!(ann.may(STAT, &string("/a")));
    ann.policy.response(&packet(102, before, &string("H")));
    assert!(!ann.may(WRITE, &write("H", 0, b"x")));
    ann.opens("/a", 2, "I");
    assert!(ann.may(WRITE, &write("I", 0, b"x")));
}

proptest! {
    #[test]
    fn nothing_a_peer_sends_breaks_the_policy(
        packets in proptest::collection::vec((any::<bool>(), any::<u8>(), 0u32..4, proptest::collection::vec(0u8..8, 0..40)), 0..60)
    ) {
        let all = json!({"deny": ["lstat"], "paths": ["none /a/*", "read /b"], "largest_file": 5});
        let mut policy = policies(all).of("main", "ann", &[]);
        for (up, kind, id, body) in packets {
            let packet = packet(kind, id, &body);
            match up {
                true => drop(policy.request(&packet)),
                false => policy.response(&packet),
            }
        }
    }
}
