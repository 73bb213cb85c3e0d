//! Why an upstream could not be reached. The log shows these; the visitor sees `refusal.rs`.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::host_key::HostKeyRefusal;
use super::method::Method;

/// A step on the way to an sftp channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Name resolution and TCP.
    Connect,
    /// The identification string (RFC 4253, section 4.2).
    Identification,
    /// Algorithm negotiation and key exchange.
    KeyExchange,
    /// User authentication (RFC 4252).
    Login,
    /// Session channel and subsystem (RFC 4254, sections 6.1 and 6.5).
    Subsystem,
}

impl Step {
    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Identification => "identification",
            Self::KeyExchange => "key-exchange",
            Self::Login => "login",
            Self::Subsystem => "subsystem",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Identification => "waiting for the SSH identification",
            Self::KeyExchange => "the key exchange",
            Self::Login => "the login",
            Self::Subsystem => "starting the sftp subsystem",
        })
    }
}

/// Why there is no sftp channel.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No name, no route, nobody listening.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// The address of the configuration.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// A step ran out of time.
    #[error("{step} took longer than {after:?}")]
    TimedOut {
        /// Which one.
        step: Step,
        /// Its limit.
        after: Duration,
    },
    /// Something else listens there, or the server turned us away before the identification.
    #[error("not an SSH server, or one that is too busy; it says {text:?}")]
    NotSsh {
        /// The first bytes, escaped, at most 512.
        text: String,
    },
    /// The two sides share no algorithm.
    #[error("no common {kind} algorithm; the server offers {offered}{}", legacy_hint(*.legacy))]
    NoCommonAlgorithm {
        /// Which kind.
        kind: String,
        /// What the server offers, escaped, at most 512 characters.
        offered: String,
        /// Whether the old algorithms were allowed already.
        legacy: bool,
    },
    /// The host key is not trusted. No credential was sent.
    #[error(transparent)]
    HostKey(HostKeyRefusal),
    /// The server refused the credentials.
    #[error("the server refused the login{}", refused_hint(.remaining, *.partial))]
    Refused {
        /// What may be tried, or what is still needed. Empty when the server has hung up.
        remaining: Vec<Method>,
        /// Whether the credentials were right but not enough.
        partial: bool,
    },
    /// The server wants another password before it lets the user in.
    #[error("the password has expired")]
    PasswordExpired,
    /// The server asks what nobody answers.
    #[error("nobody answers the server's questions")]
    Unanswered,
    /// The server asks more than anybody could answer.
    #[error("the server asks too many questions, or too long ones")]
    TooManyQuestions,
    /// There is no signature that could be sent.
    #[error("{reason}")]
    Signature {
        /// Why not.
        reason: String,
    },
    /// The bridge's ssh-agent is of no help.
    #[error("ssh-agent at {}: {reason}", .socket.display())]
    Agent {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The server opened no session channel.
    #[error("the server opens no session channel: {reason}")]
    NoChannel {
        /// Its reason.
        reason: String,
    },
    /// The server has no sftp subsystem.
    #[error("the server has no sftp subsystem")]
    NoSubsystem,
    /// Text where SFTP was expected.
    #[error("the server writes text instead of SFTP: {text:?}")]
    NotSftp {
        /// The first bytes, escaped, at most 512.
        text: String,
    },
    /// The connection broke.
    #[error("the connection was lost during {step}: {source}")]
    Lost {
        /// The step.
        step: Step,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a server says, on one line and harmless in a log; at most 512 characters of it.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(512).flat_map(char::escape_debug).collect()
}

fn legacy_hint(legacy: bool) -> &'static str {
    if legacy { "" } else { "; `legacy = true` on this upstream allows the old ones" }
}

fn refused_hint(remaining: &[Method], partial: bool) -> String {
    let hint = match (partial, remaining) {
        (true, _) => ": right so far, but it wants more:",
        (false, []) => return String::new(),
        (false, _) => ", and takes",
    };
    let names: Vec<&str> = remaining.iter().map(|method| method.name()).collect();
    format!("{hint} {}", names.join(", "))
}
