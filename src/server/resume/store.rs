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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Claimant<'a> {
    /// The upstream that was asked for, where one was.
    pub(in crate::server) upstream: Option<&'a str>,
    /// The user name that was given, where one was.
    pub(in crate::server) user: Option<&'a str>,
    /// Whom the opening handshake proved, if anybody.
    pub(in crate::server) person: Option<&'a str>,
    /// When the opening handshake came.
    pub(in crate::server) came: Instant,
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
    /// Nobody has this token, or it is used up.
    #[error("unknown or used token")]
    Unknown,
    /// The token is right, and its owner is another person, user or upstream.
    #[error("somebody else's token")]
    Foreign,
    /// The token is right, and its owner has used it on a socket that was opened later.
    #[error("a socket that was opened later has the session")]
    Overtaken,
    /// The grace time is over.
    #[error("expired token")]
    Expired,
    /// The old session did not end in time.
    #[error("the old session did not end in time")]
    StillRunning,
    /// The old session ended and left no connection, the connection has died, or another claim came later.
    #[error("the connection is gone, or was claimed once more")]
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

/// A session, over any number of sockets.
pub(super) type Id = u64;

/// The entries. `K` is what is kept of a parked session, `S` stops a running one, `W` waits for one that was
/// stopped. What the store drops, it gives up: `K` must take that as the order to end.
#[derive(Debug)]
pub(super) struct Store<K, S, W> {
    entries: HashMap<Id, Entry<K, S, W>>,
    tokens: HashMap<TokenHash, Id>,
    next: Id,
    capacity: usize,
    closed: bool,
}

#[derive(Debug)]
struct Entry<K, S, W> {
    owner: Owner,
    newest: TokenHash,
    /// The token that was used last, until its client has shown that it knows the newest.
    used: Option<TokenHash>,
    /// When the last claimant came.
    claimed: Option<Instant>,
    state: State<K, S, W>,
}

#[derive(Debug)]
enum State<K, S, W> {
    /// The session runs. It may have been asked to end, for the one who waits.
    Live { stop: S, claim: Option<Claim<S, W>> },
    /// The session has ended.
    Parked(K, Instant),
}

/// Somebody who comes back.
#[derive(Debug)]
pub(super) struct Claim<S, W> {
    /// Stops the session that comes of it.
    pub(super) stop: S,
    /// Waits for the connection, where the session still runs.
    pub(super) waits: W,
}

/// What a claim has found.
#[derive(Debug)]
pub(super) enum Found<K, S> {
    /// Its session counts as running from now on.
    Parked(K),
    /// It runs, must be stopped, and will then be handed over.
    Live(S),
}

/// Where a connection goes whose session has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parking<S, W> {
    /// It is kept.
    Kept,
    /// Somebody waits for it. Their session counts as running from now on, and the first of these stops it.
    Claimed(S, W),
    /// Nobody can come for it.
    Refused,
}

impl<K, S: Clone, W> Store<K, S, W> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), tokens: HashMap::new(), next: 0, capacity, closed: false }
    }

    /// An entry for a session that runs, where there is room.
    pub(super) fn register(&mut self, newest: TokenHash, owner: Owner, stop: S) -> Option<Id> {
        if self.closed || self.entries.len() >= self.capacity {
            return None;
        }
        self.next += 1;
        let state = State::Live { stop, claim: None };
        self.insert(self.next, Entry { owner, newest, used: None, claimed: None, state });
        Some(self.next)
    }

    /// The next token of a session that was resumed. The one that was used for that stays good until
    /// [`Store::confirm`]: the client may never hear of the new one. Whether the session can still be resumed.
    ///
    /// Who was overtaken by another claim meanwhile gets a token that is good for nothing: their session ends at once.
    pub(super) fn renew(&mut self, id: Id, newest: TokenHash) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else { return false };
        if matches!(entry.state, State::Live { claim: None, .. }) {
            let used = std::mem::replace(&mut entry.newest, newest);
            if let Some(older) = entry.used.replace(used) {
                self.tokens.remove(&older);
            }
            self.tokens.insert(newest, id);
        }
        true
    }

    /// The client has the newest token: the one before is used up.
    pub(super) fn confirm(&mut self, id: Id) {
        if let Some(used) = self.entries.get_mut(&id).and_then(|entry| entry.used.take()) {
            self.tokens.remove(&used);
        }
    }

    /// The session of this entry has ended; what is left of it waits until `deadline`.
    pub(super) fn park(&mut self, id: Id, kept: K, deadline: Instant) -> Parking<S, W> {
        let Some(Entry { state, .. }) = self.entries.get_mut(&id) else { return Parking::Refused };
        match state {
            State::Live { stop, claim } => match claim.take() {
                Some(claim) => {
                    *stop = claim.stop.clone();
                    Parking::Claimed(claim.stop, claim.waits)
                }
                None => {
                    *state = State::Parked(kept, deadline);
                    Parking::Kept
                }
            },
            // A session ends once only.
            State::Parked(..) => Parking::Refused,
        }
    }

    /// Finds the session of a token, and leaves it this token alone, until [`Store::renew`]. Whoever claimed it
    /// before and still waits, waits in vain: a client that comes again has lost the socket on which it did. What it
    /// said there may be late, when the network is back, and then changes nothing.
    ///
    /// A claim by another person, or for another user or upstream, uses the session's tokens up: they are in wrong
    /// hands, and must not be tried again with a better guess. Its owner has to log in once more, which is the lesser
    /// harm. A session that runs goes on, unless its owner claims it.
    ///
    /// # Errors
    /// [`ResumeRefused`]; what was parked is dropped then, except for [`ResumeRefused::Overtaken`].
    pub(super) fn claim(
        &mut self,
        hash: TokenHash,
        claimant: &Claimant<'_>,
        claim: Claim<S, W>,
        now: Instant,
    ) -> Result<(Id, Found<K, S>), ResumeRefused> {
        let id = self.tokens.get(&hash).copied().ok_or(ResumeRefused::Unknown)?;
        let entry = self.entries.get(&id).ok_or(ResumeRefused::Unknown)?;
        let own = entry.owner.is(claimant);
        if own && entry.claimed.is_some_and(|claimed| claimant.came < claimed) {
            return Err(ResumeRefused::Overtaken);
        }
        let Entry { owner, state, .. } = self.remove(id).ok_or(ResumeRefused::Unknown)?;
        let (found, state) = match state {
            _ if !own => return Err(ResumeRefused::Foreign),
            State::Parked(_, deadline) if now >= deadline => return Err(ResumeRefused::Expired),
            State::Parked(kept, _) => (Found::Parked(kept), State::Live { stop: claim.stop, claim: None }),
            State::Live { stop, .. } => (Found::Live(stop.clone()), State::Live { stop, claim: Some(claim) }),
        };
        self.insert(id, Entry { owner, newest: hash, used: None, claimed: Some(claimant.came), state });
        Ok((id, found))
    }

    /// There is nothing to come back to: the session ended for good.
    pub(super) fn forget(&mut self, id: Id) {
        self.remove(id);
    }

    /// The same where it is still parked: the connection died, or its time is over.
    pub(super) fn forget_parked(&mut self, id: Id) {
        if self.entries.get(&id).is_some_and(|entry| matches!(entry.state, State::Parked(..))) {
            self.remove(id);
        }
    }

    /// Gives up all that is parked, and takes nothing any more.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.entries.clear();
        self.tokens.clear();
    }

    fn insert(&mut self, id: Id, entry: Entry<K, S, W>) {
        self.tokens.insert(entry.newest, id);
        self.entries.insert(id, entry);
    }

    fn remove(&mut self, id: Id) -> Option<Entry<K, S, W>> {
        let entry = self.entries.remove(&id)?;
        for token in entry.used.iter().chain([&entry.newest]) {
            self.tokens.remove(token);
        }
        Some(entry)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(super) fn tokens(&self) -> usize {
        self.tokens.len()
    }
}

#[cfg(test)]
mod tests;
