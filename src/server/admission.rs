//! How many sessions there are, and whether one more may begin.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Limits;
use crate::refusal::Refusal;

/// Counts sessions in all, per address and per user. A place is taken before the upstream is touched.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    addresses: HashMap<IpAddr, usize>,
    users: HashMap<User, usize>,
}

/// The same name at two upstreams is two users.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct User {
    upstream: String,
    name: String,
}

/// A session's places. They are given back on drop.
#[derive(Debug)]
pub(super) struct Ticket {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
    user: Option<User>,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self { limits: limits.clone(), counts: Mutex::default() })
    }

    /// A place for a session from `address`.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Ticket, Refusal> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.limits.sessions {
            return Err(Refusal::Full);
        }
        if let Some(address) = address
            && !take(&mut counts.addresses, &address, self.limits.sessions_per_address)
        {
            return Err(Refusal::AddressFull);
        }
        counts.all += 1;
        Ok(Ticket { admission: Arc::clone(self), address, user: None })
    }

    /// Sessions that hold a place now.
    pub(super) fn sessions(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Ticket {
    /// A place for `user`, once the upstream has said that it is them: before that, a stranger could use up
    /// somebody's places with wrong passwords.
    pub(super) fn admit(&mut self, upstream: &str, user: &str) -> Result<(), Refusal> {
        let user = User { upstream: upstream.to_owned(), name: user.to_owned() };
        let mut counts = self.admission.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !take(&mut counts.users, &user, self.admission.limits.sessions_per_user) {
            return Err(Refusal::UserFull);
        }
        drop(counts);
        self.user = Some(user);
        Ok(())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.admission.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all = counts.all.saturating_sub(1);
        if let Some(address) = &self.address {
            give_back(&mut counts.addresses, address);
        }
        if let Some(user) = &self.user {
            give_back(&mut counts.users, user);
        }
    }
}

fn take<K: Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, key: &K, limit: usize) -> bool {
    let count = counts.entry(key.clone()).or_default();
    let free = *count < limit;
    *count += usize::from(free);
    free
}

fn give_back<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn admission(sessions: usize, per_address: usize, per_user: usize) -> Arc<Admission> {
        Admission::new(&Limits {
            sessions,
            sessions_per_address: per_address,
            sessions_per_user: per_user,
            ..Limits::default()
        })
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[test]
    fn each_limit_refuses_by_its_own_name_and_frees_on_drop() {
        let admission = admission(3, 2, 1);
        let mut first = admission.enter(address(1)).unwrap();
        let mut second = admission.enter(address(1)).unwrap();
        assert_eq!(admission.enter(address(1)).unwrap_err(), Refusal::AddressFull);
        let _third = admission.enter(address(2)).unwrap();
        assert_eq!(admission.enter(address(3)).unwrap_err(), Refusal::Full);

        first.admit("main", "u").unwrap();
        assert_eq!(second.admit("main", "u"), Err(Refusal::UserFull));
        second.admit("other", "u").unwrap();
        drop(first);
        assert_eq!(admission.sessions(), 2);
        assert!(admission.enter(address(1)).is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let admission = admission(3, 2, 2);
        for last in 0..100 {
            let mut ticket = admission.enter(address(last)).unwrap();
            ticket.admit("main", &last.to_string()).unwrap();
        }
        let counts = admission.counts.lock().unwrap();
        assert_eq!((counts.all, counts.addresses.len(), counts.users.len()), (0, 0, 0));
    }
}
