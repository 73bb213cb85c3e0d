//! The ways to log in that the SSH server speaks of.

use russh::MethodKind;

/// A way to log in, by its name in RFC 4252.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `password`
    Password,
    /// `keyboard-interactive`
    KeyboardInteractive,
    /// `publickey`
    PublicKey,
    /// Anything else: nothing that is spoken here.
    Other,
}

impl Method {
    /// Its name, for the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::KeyboardInteractive => "keyboard-interactive",
            Self::PublicKey => "publickey",
            Self::Other => "something else",
        }
    }
}

impl From<MethodKind> for Method {
    fn from(kind: MethodKind) -> Self {
        match kind {
            MethodKind::Password => Self::Password,
            MethodKind::KeyboardInteractive => Self::KeyboardInteractive,
            MethodKind::PublicKey => Self::PublicKey,
            MethodKind::None | MethodKind::HostBased | MethodKind::GssapiWithMic => Self::Other,
        }
    }
}
