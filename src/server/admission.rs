//! How many sessions there are, and whether one more may begin; and, apart from them, how many clients are in a
//! conversation about their login.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::throttle::{Network, account};
use crate::config::Limits;
use crate::metrics::Present;
use crate::refusal::Refusal;

/// Counts sessions in all, per address and per user. A place is taken before the upstream is touched, and kept
/// while a connection is parked.
///
/// Callers, who have not logged in yet, are counted by the same limits but on their own: otherwise whoever connects
/// and says nothing would take the places of those who have an account.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sessions: Places,
    callers: Places,
    users: HashMap<User, usize>,
}

#[derive(Debug, Default)]
struct Places {
    all: usize,
    addresses: HashMap<Network, usize>,
}

/// The same name at two upstreams is two users. Names for the same account, such as `bob` and `bob:1`, are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct User {
    upstream: String,
    name: String,
}

/// A session's places. They are given back on drop.
#[derive(Debug)]
pub(super) struct Ticket {
    admission: Arc<Admission>,
    address: Option<Network>,
    user: Option<User>,
}

/// The place of a client that has not logged in yet. It is given back on drop.
#[derive(Debug)]
pub(super) struct Caller {
    admission: Arc<Admission>,
    address: Option<Network>,
    _counted: Present,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self { limits: limits.clone(), counts: Mutex::default() })
    }

    /// A place for a conversation with `address`.
    pub(super) fn knock(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Caller, Refusal> {
        let address = address.map(Network::from);
        self.lock().callers.enter(address, &self.limits)?;
        Ok(Caller { admission: Arc::clone(self), address, _counted: Present::conversation() })
    }

    /// A place for a session from `address`.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Ticket, Refusal> {
        self.enter_from(address.map(Network::from))
    }

    fn enter_from(self: &Arc<Self>, address: Option<Network>) -> Result<Ticket, Refusal> {
        self.lock().sessions.enter(address, &self.limits)?;
        Ok(Ticket { admission: Arc::clone(self), address, user: None })
    }

    /// Sessions that hold a place now.
    pub(super) fn sessions(&self) -> usize {
        self.lock().sessions.all
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// A place for the session that the caller wants, beside its own; to be taken before an upstream is touched.
    pub(super) fn enter(&self) -> Result<Ticket, Refusal> {
        self.admission.enter_from(self.address)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.admission.lock().callers.leave(self.address);
    }
}

impl Ticket {
    /// A place for `user`, once the upstream has said that it is them: before that, a stranger could use up
    /// somebody's places with wrong passwords.
    pub(super) fn admit(&mut self, upstream: &str, user: &str) -> Result<(), Refusal> {
        let user = User { upstream: upstream.to_owned(), name: account(user) };
        let mut counts = self.admission.lock();
        let limit = self.admission.limits.sessions_per_user;
        if !take(&mut counts.users, &user, limit) {
            return Err(Refusal::UserFull(limit));
        }
        if let Some(before) = self.user.replace(user) {
            give_back(&mut counts.users, &before);
        }
        Ok(())
    }

    /// Takes the place along to `address`, from where a parked session is resumed.
    ///
    /// # Errors
    /// When that address has no place left. The ticket is as it was.
    pub(super) fn move_to(&mut self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let address = address.map(Network::from);
        if address != self.address {
            self.admission.lock().sessions.move_one(self.address, address, &self.admission.limits)?;
            self.address = address;
        }
        Ok(())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.admission.lock();
        counts.sessions.leave(self.address);
        if let Some(user) = &self.user {
            give_back(&mut counts.users, user);
        }
    }
}

impl Places {
    fn enter(&mut self, address: Option<Network>, limits: &Limits) -> Result<(), Refusal> {
        if self.all >= limits.sessions {
            return Err(Refusal::Full);
        }
        self.take_address(address, limits)?;
        self.all += 1;
        Ok(())
    }

    fn move_one(
        &mut self,
        from: Option<Network>,
        to: Option<Network>,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        self.take_address(to, limits)?;
        self.leave_address(from);
        Ok(())
    }

    fn leave(&mut self, address: Option<Network>) {
        self.all = self.all.saturating_sub(1);
        self.leave_address(address);
    }

    fn take_address(&mut self, address: Option<Network>, limits: &Limits) -> Result<(), Refusal> {
        match address {
            Some(address) if !take(&mut self.addresses, &address, limits.sessions_per_address) => {
                Err(Refusal::AddressFull(limits.sessions_per_address))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn leave_address(&mut self, address: Option<Network>) {
        if let Some(address) = &address {
            give_back(&mut self.addresses, address);
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
        assert_eq!(admission.enter(address(1)).unwrap_err(), Refusal::AddressFull(2));
        let _third = admission.enter(address(2)).unwrap();
        assert_eq!(admission.enter(address(3)).unwrap_err(), Refusal::Full);

        first.admit("main", "u").unwrap();
        assert_eq!(second.admit("main", "u"), Err(Refusal::UserFull(1)));
        second.admit("other", "u").unwrap();
        drop(first);
        assert_eq!(admission.sessions(), 2);
        assert!(admission.enter(address(1)).is_ok());
    }

    #[test]
    fn names_for_one_account_share_its_places() {
        let admission = admission(9, 9, 2);
        let mut tickets = [1, 2, 3].map(|last| admission.enter(address(last)).unwrap());
        tickets[0].admit("main", "bob:1").unwrap();
        tickets[1].admit("main", "Bob/x").unwrap();
        assert_eq!(tickets[2].admit("main", "bob"), Err(Refusal::UserFull(2)));
        tickets[2].admit("main", "bobby").unwrap();
        drop(tickets);
        assert_empty(&admission);
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let admission = admission(3, 2, 2);
        for last in 0..100 {
            let mut ticket = admission.enter(address(last)).unwrap();
            ticket.admit("main", &last.to_string()).unwrap();
        }
        assert_empty(&admission);
    }

    #[track_caller]
    fn assert_empty(admission: &Admission) {
        let counts = admission.lock();
        for places in [&counts.sessions, &counts.callers] {
            assert_eq!((places.all, places.addresses.len()), (0, 0));
        }
        assert!(counts.users.is_empty());
    }

    #[test]
    fn callers_are_bounded_on_their_own_and_take_no_session_from_anybody() {
        let admission = admission(3, 2, 1);
        let callers = [1, 1, 2].map(|last| admission.knock(address(last)).unwrap());
        assert_eq!(admission.knock(address(3)).unwrap_err(), Refusal::Full);
        assert_eq!(admission.sessions(), 0);
        let tickets = [1, 1, 2].map(|last| admission.enter(address(last)).unwrap());
        drop(callers);
        let first = admission.knock(address(1)).unwrap();
        let second = admission.knock(address(1)).unwrap();
        assert_eq!(admission.knock(address(1)).unwrap_err(), Refusal::AddressFull(2));
        assert_eq!(first.enter().unwrap_err(), Refusal::Full);
        drop(tickets);
        let ticket = first.enter().unwrap();
        drop(first);
        assert_eq!(admission.sessions(), 1, "the session outlives the conversation");
        drop((ticket, second));
        assert_empty(&admission);
    }

    #[test]
    fn whoever_has_a_network_of_ipv6_has_the_places_of_one_address() {
        let admission = admission(9, 2, 1);
        let address = |last| Some(format!("2001:db8:1:2::{last}").parse().unwrap());
        let _callers = [1, 2].map(|last| admission.knock(address(last)).unwrap());
        assert_eq!(admission.knock(address(3)).unwrap_err(), Refusal::AddressFull(2));
        let _tickets = [1, 2].map(|last| admission.enter(address(last)).unwrap());
        assert_eq!(admission.enter(address(3)).unwrap_err(), Refusal::AddressFull(2));
        admission.knock(Some("2001:db8:1:3::1".parse().unwrap())).unwrap();
    }

    #[test]
    fn a_moved_ticket_counts_at_its_new_address_and_stays_where_there_is_no_room() {
        let admission = admission(9, 2, 1);
        let mut ticket = admission.enter(address(1)).unwrap();
        ticket.admit("main", "u").unwrap();
        ticket.move_to(address(2)).unwrap();
        let full = [1, 1, 2].map(|last| admission.enter(address(last)).unwrap());
        assert_eq!(ticket.move_to(address(1)), Err(Refusal::AddressFull(2)));
        assert_eq!(admission.enter(address(2)).unwrap_err(), Refusal::AddressFull(2), "it is still there");
        ticket.move_to(address(2)).unwrap();
        ticket.move_to(None).unwrap();
        ticket.move_to(address(3)).unwrap();
        assert_eq!(admission.sessions(), 4);
        drop((ticket, full));
        assert_empty(&admission);
    }

    #[test]
    fn a_ticket_moves_within_a_full_bridge_and_a_full_address() {
        let admission = admission(1, 1, 1);
        let mut ticket = admission.enter(address(1)).unwrap();
        ticket.move_to(address(1)).unwrap();
        ticket.move_to(address(2)).unwrap();
        assert_eq!(admission.enter(address(1)).unwrap_err(), Refusal::Full);
    }
}
