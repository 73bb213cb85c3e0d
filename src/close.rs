//! How a session's end is told to the client: close code and public reason. The only place.

use crate::pump::{CloseFrame, Ended, Side, Violation};

/// RFC 6455, section 7.4.1: the connection is gone, and no frame can be sent. For the log only.
const ABNORMAL: u16 = 1006;

/// The longest reason in bytes: a control frame carries 125, and 2 are the code (RFC 6455, section 5.5).
pub const LONGEST_REASON: usize = 123;

/// The close frame for an end. Total: a new end must choose its code. Never 1012-1015, which clients of
/// `sftp-ws` refuse.
pub fn close_frame(ended: &Ended) -> CloseFrame {
    let (code, reason) = match ended {
        Ended::Finished(_) | Ended::Closed { .. } => (1000, ""),
        Ended::Lost { side: Side::Client, .. } => (ABNORMAL, ""),
        Ended::Lost { side: Side::Upstream, .. } => (1011, "The connection to the SFTP server was lost."),
        Ended::Unanswered { .. } => (1011, "The SFTP server left requests unanswered."),
        Ended::Violation { side: Side::Client, violation } => client_violation(violation),
        Ended::Violation { side: Side::Upstream, violation } => (1011, upstream_violation(violation)),
        Ended::Stalled(Side::Client) => (1011, "The client did not take its responses in time."),
        Ended::Stalled(Side::Upstream) => (1011, "The SFTP server did not take its requests in time."),
        Ended::Silent(_) => (1008, "No sign of life for too long."),
        Ended::Idle => (1008, "Idle for too long."),
        Ended::Lifetime => (1008, "The session reached its longest lifetime."),
        Ended::Draining => (1001, "The bridge is going away; please connect again."),
        Ended::Replaced => (1008, "The session goes on elsewhere."),
        Ended::Internal => (1011, "Internal error of the bridge."),
    };
    debug_assert!(reason.len() <= LONGEST_REASON);
    CloseFrame { code, reason: reason.to_owned() }
}

fn client_violation(violation: &Violation) -> (u16, &'static str) {
    match violation {
        Violation::Text => (1003, "Only binary messages are spoken here."),
        Violation::Malformed(_) => (1007, "A message must be exactly one SFTP packet."),
        Violation::NotSftp { .. } => (1007, "Not SFTP."),
        Violation::Truncated => (1007, "The stream ended inside a packet."),
        Violation::TooLarge { .. } => (1009, "The message is too large."),
        Violation::TooManyFrames => (1008, "The message comes in too many frames."),
        Violation::OpenTooLong => (1008, "The message took too long to arrive."),
        Violation::NotInit => (1008, "The first packet must be SSH_FXP_INIT."),
        Violation::SecondInit => (1008, "SSH_FXP_INIT may be sent once only."),
        Violation::WebSocket(_) => (1002, "A breach of the WebSocket protocol."),
    }
}

fn upstream_violation(violation: &Violation) -> &'static str {
    match violation {
        Violation::NotSftp { .. } => {
            "The SFTP server's login writes text before SFTP starts; ask its operator to silence it."
        }
        Violation::TooLarge { .. } => "The SFTP server sent a packet over the limit.",
        Violation::Truncated => "The SFTP server ended inside a packet.",
        Violation::Malformed(_)
        | Violation::Text
        | Violation::TooManyFrames
        | Violation::OpenTooLong
        | Violation::NotInit
        | Violation::SecondInit
        | Violation::WebSocket(_) => "The SFTP server sent something that is not SFTP.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sftp::Malformed;

    fn violations() -> Vec<Violation> {
        vec![
            Violation::Text,
            Violation::Malformed(Malformed::Short { bytes: 0 }),
            Violation::TooLarge { size: 2, limit: 1 },
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
            let CloseFrame { code, reason } = close_frame(&ended);
            assert!(matches!(code, 1000..=1003 | 1006..=1009 | 1011), "{ended}: {code}");
            assert!(reason.len() <= LONGEST_REASON, "{ended}: {reason}");
            assert_eq!(reason.is_empty(), matches!(code, 1000 | ABNORMAL), "{ended}");
        }
    }

    #[test]
    fn what_the_upstream_does_wrong_is_never_blamed_on_the_client() {
        for violation in violations() {
            assert_eq!(close_frame(&Ended::Violation { side: Side::Upstream, violation }).code, 1011);
        }
    }
}
