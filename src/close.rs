//! How a session's end is told to the client: close code and public reason. The only place.

use crate::config::Limits;
use crate::pump::{self, CloseFrame, Ended, MESSAGE_TIME, MOST_FRAMES, Side, Violation};
use crate::words::time;

/// RFC 6455, section 7.4.1: the connection is gone, and no frame can be sent. For the log only.
const ABNORMAL: u16 = 1006;

/// The longest reason in bytes: a control frame carries 125, and 2 are the code (RFC 6455, section 5.5).
pub const LONGEST_REASON: usize = 123;

/// What a client is told of beside the end itself.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The limits, to name the one that was reached.
    pub limits: &'a Limits,
    /// The number of the session, which finds it in the log. It is told with 1011: that is for somebody else to mend.
    pub session: &'a str,
}

/// The close frame for an end. Total: a new end must choose its code. Never 1012-1015, which clients of
/// `sftp-ws` refuse.
pub fn close_frame(ended: &Ended, told: Told<'_>) -> CloseFrame {
    let Limits { idle, lifetime, stall, keepalive, .. } = *told.limits;
    let (code, reason) = match ended {
        Ended::Finished(_) | Ended::Closed { .. } => (1000, String::new()),
        Ended::Lost { side: Side::Client, .. } => (ABNORMAL, String::new()),
        Ended::Lost { side: Side::Upstream, .. } => {
            (1011, "The connection to the SFTP server was lost.".into())
        }
        Ended::Unanswered { .. } => (1011, "The SFTP server left requests unanswered.".into()),
        Ended::Violation { side: Side::Client, violation } => client_violation(violation),
        Ended::Violation { side: Side::Upstream, violation } => (1011, upstream_violation(violation)),
        Ended::Stalled(Side::Client) => (1011, format!("The client took no responses for {}.", time(stall))),
        Ended::Stalled(Side::Upstream) => {
            (1011, format!("The SFTP server took no requests for {}.", time(stall)))
        }
        Ended::Silent(_) => (1008, format!("No sign of life for {}.", time(pump::silence(keepalive)))),
        Ended::Idle => (1008, format!("Idle for too long: no request for {}.", time(idle))),
        Ended::Lifetime => (1008, format!("The session reached its longest lifetime, {}.", time(lifetime))),
        Ended::Draining => (1001, "The bridge is going away; please connect again.".into()),
        Ended::Replaced => (1008, "The session goes on elsewhere.".into()),
        Ended::Internal => (1011, "Internal error of the bridge.".into()),
    };
    let reason = if code == 1011 { format!("{reason} (ref {})", told.session) } else { reason };
    debug_assert!(reason.len() <= LONGEST_REASON);
    CloseFrame { code, reason }
}

fn client_violation(violation: &Violation) -> (u16, String) {
    match violation {
        Violation::Text => (1003, "Only binary messages are spoken here.".into()),
        Violation::Malformed(_) => (1007, "A message must be exactly one SFTP packet.".into()),
        Violation::NotSftp { .. } => (1007, "Not SFTP.".into()),
        Violation::Truncated => (1007, "The stream ended inside a packet.".into()),
        Violation::TooLarge { limit, .. } => {
            (1009, format!("The message is over the limit of {limit} bytes."))
        }
        Violation::TooManyFrames => (1008, format!("The message comes in more than {MOST_FRAMES} frames.")),
        Violation::OpenTooLong => {
            (1008, format!("The message took longer than {} to arrive.", time(MESSAGE_TIME)))
        }
        Violation::NotInit => (1008, "The first packet must be SSH_FXP_INIT.".into()),
        Violation::SecondInit => (1008, "SSH_FXP_INIT may be sent once only.".into()),
        Violation::WebSocket(_) => (1002, "A breach of the WebSocket protocol.".into()),
    }
}

fn upstream_violation(violation: &Violation) -> String {
    match violation {
        Violation::NotSftp { .. } => {
            "The SFTP server's login writes text before SFTP starts; ask its operator to silence it.".into()
        }
        Violation::TooLarge { limit, .. } => {
            format!("The SFTP server sent a packet over the limit of {limit} bytes.")
        }
        Violation::Truncated => "The SFTP server ended inside a packet.".into(),
        Violation::Malformed(_)
        | Violation::Text
        | Violation::TooManyFrames
        | Violation::OpenTooLong
        | Violation::NotInit
        | Violation::SecondInit
        | Violation::WebSocket(_) => "The SFTP server sent something that is not SFTP.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sftp::Malformed;

    const SESSION: &str = "0123456789abcdef";

    fn told(ended: &Ended) -> CloseFrame {
        close_frame(ended, Told { limits: &Limits::default(), session: SESSION })
    }

    fn violations() -> Vec<Violation> {
        vec![
            Violation::Text,
            Violation::Malformed(Malformed::Short { bytes: 0 }),
            Violation::TooLarge { size: usize::MAX, limit: usize::MAX },
            Violation::TooManyFrames,
            Violation::OpenTooLong,
            Violation::NotInit,
            Violation::SecondInit,
            Violation::WebSocket("x".to_owned()),
            Violation::NotSftp { text: "x".to_owned() },
            Violation::Truncated,
        ]
    }

    fn ends() -> Vec<Ended> {
        let mut ends = vec![
            Ended::Unanswered { requests: 1 },
            Ended::Idle,
            Ended::Lifetime,
            Ended::Draining,
            Ended::Replaced,
            Ended::Internal,
        ];
        for side in [Side::Client, Side::Upstream] {
            ends.extend([Ended::Finished(side), Ended::Closed { side, frame: None }]);
            ends.extend([Ended::Stalled(side), Ended::Silent(side)]);
            ends.push(Ended::Lost { side, source: "x".into() });
            ends.extend(violations().into_iter().map(|violation| Ended::Violation { side, violation }));
        }
        ends
    }

    #[test]
    fn every_end_has_a_code_that_sftp_ws_understands_and_a_reason_that_fits() {
        assert!(ends().len() > 20);
        for ended in ends() {
            let CloseFrame { code, reason } = told(&ended);
            assert!(matches!(code, 1000..=1003 | 1006..=1009 | 1011), "{ended}: {code}");
            assert!(reason.len() <= LONGEST_REASON, "{ended}: {reason}");
            assert_eq!(reason.is_empty(), matches!(code, 1000 | ABNORMAL), "{ended}");
        }
    }

    #[test]
    fn what_the_upstream_does_wrong_is_never_blamed_on_the_client() {
        for violation in violations() {
            assert_eq!(told(&Ended::Violation { side: Side::Upstream, violation }).code, 1011);
        }
    }

    #[test]
    fn a_limit_that_was_reached_is_named_with_its_number() {
        for (ended, named) in [
            (Ended::Idle, "15 minutes"),
            (Ended::Lifetime, "24 hours"),
            (Ended::Stalled(Side::Client), "1 minute"),
            (Ended::Stalled(Side::Upstream), "1 minute"),
            (Ended::Silent(Side::Client), "75 seconds"),
            (Ended::Violation { side: Side::Client, violation: Violation::TooManyFrames }, "1024 frames"),
            (Ended::Violation { side: Side::Client, violation: Violation::OpenTooLong }, "30 seconds"),
        ] {
            assert!(told(&ended).reason.contains(named), "{}", told(&ended).reason);
        }
        let violation = Violation::TooLarge { size: 9_999_999, limit: 1_114_112 };
        let frame = told(&Ended::Violation { side: Side::Client, violation });
        assert!(frame.reason.contains("1114112 bytes"), "{}", frame.reason);
    }

    #[test]
    fn what_somebody_else_must_mend_is_told_with_the_number_that_finds_it() {
        for ended in ends() {
            let CloseFrame { code, reason } = told(&ended);
            assert_eq!(reason.contains(SESSION), code == 1011, "{reason}");
        }
    }
}
