//! Whose logins are counted together.

use std::net::{IpAddr, Ipv4Addr};

use sha2::{Digest, Sha256};

/// Where a login comes from. Whoever has one address of an IPv6 network has all 2^64 of it (RFC 6177), so its
/// first 64 bits count as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::server) enum Network {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The account that a user name stands for, as far as anybody can tell from here. Some servers take a name in any case:
/// `ALICE` must not have limits of her own. Nor must `alice:1` and `alice/1`: OpenSSH cuts a style off (auth2.c), and
/// a role of SELinux in the builds of many distributions.
pub(in crate::server) fn account(name: &str) -> String {
    name.split([':', '/']).next().unwrap_or_default().to_lowercase()
}

/// A user of an upstream. Only the hash is kept: a name of any length takes 32 bytes, and a password that was
/// typed into the wrong field is not remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct User([u8; 32]);

impl User {
    fn new(upstream: &str, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update((upstream.len() as u64).to_be_bytes());
        hash.update(upstream);
        hash.update(account(name));
        Self(hash.finalize().into())
    }
}

/// What one attempt counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) network: Option<Network>,
    /// `None` where nobody is named yet.
    pub(super) user: Option<User>,
}

/// What failures are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Network(Network),
    User(User),
}

impl Subject {
    pub(super) fn new(address: Option<IpAddr>, upstream: &str, user: &str) -> Self {
        Self { network: address.map(Network::from), user: Some(User::new(upstream, user)) }
    }

    /// Whoever is at `address`.
    pub(super) fn anybody(address: IpAddr) -> Self {
        Self { network: Some(address.into()), user: None }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        self.network.map(Key::Network).into_iter().chain(self.user.map(Key::User))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(address: &str, upstream: &str, user: &str) -> Subject {
        Subject::new(Some(address.parse().unwrap()), upstream, user)
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_mapped_address_is_that_of_ipv4() {
        let network = |address| subject(address, "main", "u").network;
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn a_user_is_one_of_an_upstream_in_any_case() {
        let user = |upstream, name| subject("192.0.2.1", upstream, name).user;
        assert_eq!(user("main", "alice"), user("main", "ALICE"));
        for same in ["alice:1", "alice/1", "Alice:/"] {
            assert_eq!(user("main", "alice"), user("main", same));
        }
        assert_ne!(user("main", "alice"), user("other", "alice"));
        assert_ne!(user("main", "alice"), user("mai", "nalice"));
    }

    #[test]
    fn without_an_address_the_user_alone_counts() {
        assert_eq!(Subject::new(None, "main", "u").keys().count(), 1);
        assert_eq!(subject("192.0.2.1", "main", "u").keys().count(), 2);
    }
}
