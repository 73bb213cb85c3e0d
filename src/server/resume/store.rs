//! The entries behind the resume tokens, as values: tokens, persons and times come in, what was kept comes out.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::config::Secret;

/// Bytes of randomness in a token.
pub(super) const TOKEN_BYTES: usize = 32;

/// Whose session it is. A later claim must come from the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Owner {
    /// The name of the upstream.
    pub(in crate::server) upstream: String,
    /// The user name there.
    pub(in crate::server) user: String,
    /// Whom the opening handshake proved, if anybody: by a header, a certificate, a cookie or a bearer token. Not
    /// who logged in within the conversation: the token stands for that.
    pub(in crate::server) person: Option<String>,
}

/// Who presents a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::server) struct Claimant<'a> {
    /// The upstream that was asked for, where one was.
    pub(in crate::server) upstream: Option<&'a str>,
    /// The user name that was given, where one was.
    pub(in crate::server) user: Option<&'a str>,
    /// Whom the opening handshake proved, if anybody.
    pub(in crate::server) person: Option<&'a str>,
}

impl Owner {
    /// A person who was proved must be proved again, and nobody else may be: a token that got into other hands is
    /// worthless there.
    fn is(&self, claimant: &Claimant<'_>) -> bool {
        claimant.upstream.is_none_or(|upstream| upstream == self.upstream)
            && claimant.user.is_none_or(|user| user == self.user)
            && claimant.person == self.person.as_deref()
    }
}

/// Why nothing is resumed. For the log: the client is told no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::server) enum ResumeRefused {
    /// Nobody has this token, or it was used before.
    #[error("unknown or used token")]
    Unknown,
    /// The token is right, and its owner is another person, user or upstream.
    #[error("somebody else's token")]
    Foreign,
    /// The grace time is over.
    #[error("expired token")]
    Expired,
    /// The old session did not end in time.
    #[error("the old session did not end in time")]
    StillRunning,
    /// The old session ended and left no connection, or the connection has died.
    #[error("the connection is gone")]
    Gone,
}

/// A token's entry is found by this. Whoever reads the memory, or measures the time of a lookup, learns no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &Secret) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }
}

/// A token of these random bytes: 43 digits of base64url (RFC 4648, section 5).
pub(super) fn token(random: &Zeroizing<[u8; TOKEN_BYTES]>) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random.as_slice()))
}

/// The entries. `K` is what is kept of a parked session, `S` stops a running one, `W` waits for one that was
/// stopped. What the store drops, it gives up: `K` must take that as the order to end.
#[derive(Debug)]
pub(super) struct Store<K, S, W> {
    entries: HashMap<TokenHash, Entry<K, S, W>>,
    capacity: usize,
    closed: bool,
}

#[derive(Debug)]
struct Entry<K, S, W> {
    owner: Owner,
    state: State<K, S, W>,
}

#[derive(Debug)]
enum State<K, S, W> {
    /// The session runs.
    Live(S),
    /// It was asked to end, for the one who waits.
    Claimed(W),
    /// The session has ended.
    Parked(K, Instant),
}

/// What a claim has found.
#[derive(Debug)]
pub(super) enum Found<K, S> {
    Parked(K),
    /// It runs, must be stopped, and will then be handed over.
    Live(S),
}

/// Where a connection goes whose session has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parking<W> {
    /// It is kept.
    Kept,
    /// Somebody waits for it.
    Claimed(W),
    /// Nobody can come for it.
    Refused,
}

impl<K, S, W> Store<K, S, W> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity, closed: false }
    }

    /// An entry for a session that runs. Whether there was room.
    pub(super) fn register(&mut self, hash: TokenHash, owner: Owner, stop: S) -> bool {
        let room = !self.closed && self.entries.len() < self.capacity;
        if room {
            self.entries.insert(hash, Entry { owner, state: State::Live(stop) });
        }
        room
    }

    /// The session of this entry has ended; what is left of it waits until `deadline`.
    pub(super) fn park(&mut self, hash: TokenHash, kept: K, deadline: Instant) -> Parking<W> {
        let Some(Entry { owner, state }) = self.entries.remove(&hash) else { return Parking::Refused };
        match state {
            State::Claimed(waits) => Parking::Claimed(waits),
            State::Live(_) => {
                self.entries.insert(hash, Entry { owner, state: State::Parked(kept, deadline) });
                Parking::Kept
            }
            // A session ends once only.
            State::Parked(..) => Parking::Refused,
        }
    }

    /// Uses a token up. Any claim does, also one that is refused: if it comes from another person, or names another
    /// user or upstream, the token is in wrong hands, and must not be tried again with a better guess. Its owner
    /// has to log in once more, which is the lesser harm. A session that runs goes on, unless its owner claims it.
    ///
    /// # Errors
    /// [`ResumeRefused`]; what was parked is dropped then.
    pub(super) fn claim(
        &mut self,
        hash: TokenHash,
        claimant: &Claimant<'_>,
        waits: W,
        now: Instant,
    ) -> Result<Found<K, S>, ResumeRefused> {
        let Entry { owner, state } = self.entries.remove(&hash).ok_or(ResumeRefused::Unknown)?;
        match state {
            State::Claimed(before) => {
                self.entries.insert(hash, Entry { owner, state: State::Claimed(before) });
                Err(ResumeRefused::Unknown)
            }
            State::Live(_) | State::Parked(..) if !owner.is(claimant) => Err(ResumeRefused::Foreign),
            State::Parked(_, deadline) if now >= deadline => Err(ResumeRefused::Expired),
            State::Parked(kept, _) => Ok(Found::Parked(kept)),
            State::Live(stop) => {
                self.entries.insert(hash, Entry { owner, state: State::Claimed(waits) });
                Ok(Found::Live(stop))
            }
        }
    }

    /// There is nothing to come back to: the session ended for good, the connection died, or its time is over.
    pub(super) fn forget(&mut self, hash: TokenHash) {
        self.entries.remove(&hash);
    }

    /// Gives up all that is parked, and takes nothing any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.entries.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests;
