//! Versions of the protocol other than 3, whose packets have other fields.

use super::*;

fn init(version: u32) -> Packet {
    Packet::parse([&[0, 0, 0, 5, 1], &version.to_be_bytes()[..]].concat().into()).unwrap()
}

fn version(version: u32) -> Packet {
    Packet::parse([&[0, 0, 0, 5, 2], &version.to_be_bytes()[..]].concat().into()).unwrap()
}

/// OPEN of version 6: ACE4_READ_DATA, which is 1, and SSH_FXF_CREATE_TRUNCATE, which is 1 too.
fn truncating() -> Vec<u8> {
    [&string("/a")[..], &[0, 0, 0, 1], &[0, 0, 0, 1], &[0, 0, 0, 0, 1, 0, 0, 0]].concat()
}

#[test]
fn a_restrictive_policy_judges_version_3_and_no_other() {
    for (offered, chosen, judged) in [(3, 3, true), (6, 3, true), (6, 6, false), (4, 4, false), (3, 5, false)]
    {
        for policy in [json!({"read_only": true}), json!({"paths": ["read /"]}), json!({"deny": ["remove"]})]
        {
            let mut ann = Ann::under(policy);
            assert_eq!(ann.policy.request(&init(offered)), Verdict::Forward);
            assert_eq!(ann.may(OPEN, &truncating()), offered == 3, "before the answer to {offered}");
            ann.policy.response(&version(chosen));
            assert_eq!(ann.may(OPEN, &truncating()), judged, "{offered}, {chosen}");
            assert!(ann.may(4, &string("h")), "close");
        }
    }
    let mut ann = Ann::under(json!({"read_only": true}));
    ann.policy.response(&version(6));
    ann.policy.response(&version(3));
    let said = ann.tries(OPEN, &truncating()).unwrap_err();
    assert_eq!(said, "the policy of this server can judge only version 3 of the protocol");
}

#[test]
fn a_version_that_was_chosen_before_the_policy_came_is_remembered() {
    for select in [false, true] {
        let mut ann = Ann::under(json!({}));
        ann.policy.request(&init(if select { 3 } else { 6 }));
        ann.policy.response(&version(if select { 3 } else { 6 }));
        if select {
            assert!(ann.may(EXTENDED, &extended("version-select", &string("6"))));
        }
        assert!(ann.may(OPEN, &truncating()), "nothing is judged");
        ann.policies.replace(&config(json!({"read_only": true}))).unwrap();
        assert!(!ann.may(OPEN, &truncating()));
    }
}
