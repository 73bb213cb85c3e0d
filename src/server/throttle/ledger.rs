//! The counts behind the throttle, as values: the time comes in, and who may go on comes out.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::subject::{Key, Network, Subject};
use crate::config;

/// Attempts that may wait at one key.
const MOST_WAITING: usize = 64;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
    /// It said nothing about a secret.
    Void,
}

/// Failures within the window, attempts under way, and those who wait for one of these to be settled. `W` is how
/// a waiting one is told.
#[derive(Debug)]
pub(super) struct Ledger<W> {
    limits: config::Throttle,
    /// How many keys are remembered, beside those with attempts under way or waiting.
    capacity: usize,
    counts: HashMap<Key, Count>,
    waiting: HashMap<u64, (Subject, W)>,
    next: u64,
    /// When those that say nothing any more are looked for again.
    prune: Option<Instant>,
}

#[derive(Debug, Default)]
struct Count {
    /// The newest, at most as many as the limit: those decide. Oldest first.
    failures: VecDeque<Failure>,
    under_way: usize,
    /// By their numbers, so first come, first served.
    waiting: BTreeSet<u64>,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    from: Option<Network>,
}

/// One that waits no longer.
#[derive(Debug)]
pub(super) struct Answer<W> {
    pub(super) told: W,
    pub(super) subject: Subject,
    /// Under way from now on, or refused for so long.
    pub(super) verdict: Result<(), Blocked>,
}

/// A limit that is reached, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blocked {
    pub(super) wait: Duration,
    pub(super) limit: Limit,
}

/// What there are too many failures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) enum Limit {
    Address,
    User,
}

enum Verdict {
    Pass,
    Wait,
    Refuse(Blocked),
}

impl<W> Ledger<W> {
    pub(super) fn new(limits: &config::Throttle, capacity: usize) -> Self {
        Self {
            limits: limits.clone(),
            capacity,
            counts: HashMap::new(),
            waiting: HashMap::new(),
            next: 0,
            prune: None,
        }
    }

    /// Takes the place at the end of the queue, and its number; [`Ledger::advance`] answers. `None`: too many wait.
    pub(super) fn arrive(&mut self, subject: &Subject, told: W, now: Instant) -> Option<u64> {
        let crowded = |key| self.counts.get(&key).is_some_and(|count| count.waiting.len() >= MOST_WAITING);
        if subject.keys().any(crowded) {
            return None;
        }
        let number = self.next;
        self.next += 1;
        for key in subject.keys() {
            self.count(key, now).waiting.insert(number);
        }
        self.waiting.insert(number, (*subject, told));
        Some(number)
    }

    /// Answers all those who wait for what `subject` counts for and need not wait longer. To be called after
    /// anything that changed.
    pub(super) fn advance(&mut self, subject: &Subject, now: Instant) -> Vec<Answer<W>> {
        let counts = subject.keys().filter_map(|key| self.counts.get(&key));
        let numbers: BTreeSet<u64> = counts.flat_map(|count| count.waiting.iter().copied()).collect();
        numbers.into_iter().filter_map(|number| self.answer(number, now)).collect()
    }

    fn answer(&mut self, number: u64, now: Instant) -> Option<Answer<W>> {
        let (subject, _) = self.waiting.get(&number)?;
        let subject = *subject;
        let verdict = match self.judge(&subject, now) {
            Verdict::Wait => return None,
            Verdict::Refuse(blocked) => Err(blocked),
            Verdict::Pass => {
                for key in subject.keys() {
                    self.count(key, now).under_way += 1;
                }
                Ok(())
            }
        };
        self.leave(number).map(|told| Answer { told, subject, verdict })
    }

    /// One that waited has gone.
    pub(super) fn leave(&mut self, number: u64) -> Option<W> {
        let (subject, told) = self.waiting.remove(&number)?;
        self.change(&subject, |count, _| {
            count.waiting.remove(&number);
        });
        Some(told)
    }

    /// An attempt that was under way is over.
    ///
    /// A success takes this user's failures from this address back, in the count of the user alone. Not those
    /// from elsewhere: whenever alice logs in, a stranger would get new guesses at her password. And not in the
    /// count of the address: whoever has one account could then try all others without end.
    pub(super) fn settle(&mut self, subject: &Subject, outcome: Outcome, now: Instant) {
        let (limits, network) = (self.limits.clone(), subject.network);
        self.change(subject, |count, key| {
            count.under_way = count.under_way.saturating_sub(1);
            match (outcome, key) {
                (Outcome::Failed, _) => count.fail(Failure { at: now, from: network }, limit(&limits, key)),
                (Outcome::Succeeded, Key::User(_)) if network.is_some() => {
                    count.failures.retain(|failure| failure.from != network);
                }
                (Outcome::Succeeded | Outcome::Void, _) => {}
            }
        });
    }

    /// A failure of nothing that is under way.
    pub(super) fn fail(&mut self, key: Key, from: Option<Network>, now: Instant) {
        let limit = limit(&self.limits, key);
        self.count(key, now).fail(Failure { at: now, from }, limit);
    }

    /// How long nothing may be tried at `key`.
    pub(super) fn blocked(&mut self, key: Key, now: Instant) -> Option<Blocked> {
        let (window, limit) = (self.limits.window, limit(&self.limits, key));
        let count = self.counts.get_mut(&key)?;
        count.expire(window, now);
        let oldest = count.failures.front().filter(|_| count.failures.len() >= limit)?;
        let wait = (oldest.at + window).saturating_duration_since(now);
        Some(Blocked { wait, limit: key.limit() })
    }

    fn judge(&mut self, subject: &Subject, now: Instant) -> Verdict {
        if let Some(blocked) = subject.keys().filter_map(|key| self.blocked(key, now)).max() {
            return Verdict::Refuse(blocked);
        }
        let free = |key| {
            let count = self.counts.get(&key);
            count.is_none_or(|count| count.failures.len() + count.under_way < limit(&self.limits, key))
        };
        if subject.keys().all(free) { Verdict::Pass } else { Verdict::Wait }
    }

    /// Changes what is there, and forgets what says nothing any more.
    fn change(&mut self, subject: &Subject, change: impl Fn(&mut Count, Key)) {
        for key in subject.keys() {
            if let Some(count) = self.counts.get_mut(&key) {
                change(count, key);
                if count.is_idle() && count.failures.is_empty() {
                    self.counts.remove(&key);
                }
            }
        }
    }

    fn count(&mut self, key: Key, now: Instant) -> &mut Count {
        if !self.counts.contains_key(&key) {
            self.make_room(now);
        }
        self.counts.entry(key).or_default()
    }

    /// Drops what has expired, once in a window, and the oldest when there are too many keys all the same, those
    /// at their limit last. One address makes few keys, as it may fail only a few times; to have its own dropped, an
    /// attacker needs as many failed logins from ever other addresses within a window, each of which the upstream
    /// has to answer.
    fn make_room(&mut self, now: Instant) {
        let window = self.limits.window;
        if self.prune.is_none_or(|prune| now >= prune) {
            self.prune = Some(now + window);
            self.counts.retain(|_, count| {
                count.expire(window, now);
                !(count.is_idle() && count.failures.is_empty())
            });
        }
        if self.counts.len() >= self.capacity {
            self.drop_oldest();
        }
    }

    /// An eighth at a time, so that a flood does not sort for every one of its logins.
    fn drop_oldest(&mut self) {
        let idle = self.counts.iter().filter(|(_, count)| count.is_idle());
        let mut idle: Vec<_> = idle
            .map(|(key, count)| {
                let newest = count.failures.back().map(|failure| failure.at);
                (count.failures.len() >= limit(&self.limits, *key), newest, *key)
            })
            .collect();
        idle.sort_unstable_by_key(|(full, newest, _)| (*full, *newest));
        for (_, _, key) in idle.iter().take((self.capacity / 8).max(1)) {
            self.counts.remove(key);
        }
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.counts.len(), self.waiting.len())
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.counts.values().map(|count| count.under_way).sum()
    }
}

impl Count {
    fn expire(&mut self, window: Duration, now: Instant) {
        while self.failures.front().is_some_and(|failure| failure.at + window <= now) {
            self.failures.pop_front();
        }
    }

    fn fail(&mut self, failure: Failure, limit: usize) {
        self.failures.push_back(failure);
        while self.failures.len() > limit {
            self.failures.pop_front();
        }
    }

    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.waiting.is_empty()
    }
}

impl Key {
    fn limit(self) -> Limit {
        match self {
            Self::Network(_) => Limit::Address,
            Self::User(_) => Limit::User,
        }
    }
}

fn limit(limits: &config::Throttle, key: Key) -> usize {
    match key {
        Key::Network(_) => limits.attempts_per_address,
        Key::User(_) => limits.attempts_per_user,
    }
}

#[cfg(test)]
mod tests;
