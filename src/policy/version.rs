//! Which version of the protocol a session speaks. The packets of another one have other fields at the same places:
//! what looks like reading to who reads version 3 may truncate a file in version 6.

use crate::sftp::{Answer, Arguments, Packet, PacketType};

/// The one that can be judged.
const JUDGED: u32 = 3;

/// What is known of it. Servers choose none above the client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Version {
    /// 3, chosen or offered.
    #[default]
    Three,
    /// The client has offered another one, and the server has not chosen yet.
    Offered,
    /// Another one, and so it stays.
    Other,
}

impl Version {
    /// The client offers its version.
    pub(super) fn offered(&mut self, init: &Packet) {
        if !matches!(Arguments::of(init), Ok(Arguments::Init { version: JUDGED })) && *self == Self::Three {
            *self = Self::Offered;
        }
    }

    /// The server has chosen.
    pub(super) fn chosen(&mut self, version: &Packet) {
        match Answer::of(version) {
            Ok(Answer::Version(JUDGED)) if *self != Self::Other => *self = Self::Three,
            _ => *self = Self::Other,
        }
    }

    /// A request goes on. One of them chooses the version anew (draft-ietf-secsh-filexfer-13, section 5.5).
    pub(super) fn passes(&mut self, request: &Packet) {
        if request.kind() == PacketType::EXTENDED
            && Arguments::first_string(request).is_some_and(|name| name.starts_with(b"version-select"))
        {
            *self = Self::Other;
        }
    }

    pub(super) fn is_judged(self) -> bool {
        self == Self::Three
    }
}
