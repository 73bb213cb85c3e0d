//! From what was seen on the way to the server, to the steps of that way.

use std::time::Duration;

use tokio::time::Instant;

use super::advice;
use super::step::{Advice, Step, StepName};
use crate::config;
use crate::fingerprint::Fingerprint;
use crate::upstream::host_key::{Presented, TrustedBy};
use crate::upstream::{Agreement, Offers, Seen, Step as Stage, Upstream, UpstreamError};

/// The steps of the way, in their order.
pub(super) const WAY: [StepName; 5] =
    [StepName::Resolve, StepName::Connect, StepName::Version, StepName::Algorithms, StepName::HostKey];

/// A way that was tried, from `begun` to `over`.
pub(super) struct Arrival<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) settings: &'a config::Upstream,
    pub(super) seen: Seen,
    pub(super) begun: Instant,
    pub(super) over: Instant,
}

impl Arrival<'_> {
    /// The steps up to the one that `failure` is about, or all.
    pub(super) fn steps(&self, failure: Option<&UpstreamError>) -> Vec<Step> {
        let failed = failure.map(|error| (self.place(error), error));
        let mut steps = Vec::new();
        for name in WAY {
            match failed {
                Some((place, error)) if place == name => {
                    let found = advice::found(error, &self.seen);
                    let advice = advice::advice(error, &self.seen, self.settings);
                    steps.push(Step::failed(name, Some(self.took(name, true)), found, advice));
                    break;
                }
                Some(_) | None => steps.push(self.passed(name)),
            }
        }
        steps
    }

    /// Which step it is about. What an error calls connecting is two things here.
    fn place(&self, error: &UpstreamError) -> StepName {
        let connect = match &self.seen.resolved {
            None => StepName::Resolve,
            Some(_) => StepName::Connect,
        };
        let exchange = match &self.seen.offered {
            None => StepName::Algorithms,
            Some(_) => StepName::HostKey,
        };
        match error {
            UpstreamError::Connect { .. } => connect,
            UpstreamError::NotSsh { .. } => StepName::Version,
            UpstreamError::NoCommonAlgorithm { .. } => StepName::Algorithms,
            UpstreamError::HostKey(_) => StepName::HostKey,
            UpstreamError::TimedOut { step, .. } | UpstreamError::Lost { step, .. } => match step {
                Stage::Connect => connect,
                Stage::Identification => StepName::Version,
                Stage::KeyExchange | Stage::Login | Stage::Subsystem => exchange,
            },
            UpstreamError::Refused { .. }
            | UpstreamError::PasswordExpired
            | UpstreamError::Unanswered
            | UpstreamError::TooManyQuestions
            | UpstreamError::Signature { .. }
            | UpstreamError::Agent { .. }
            | UpstreamError::NoChannel { .. }
            | UpstreamError::NoSubsystem
            | UpstreamError::NotSftp { .. } => exchange,
        }
    }

    /// From the end of the step before to that of this one; to the end of all where this one never ended.
    fn took(&self, name: StepName, unfinished: bool) -> Duration {
        let ends = [
            self.seen.resolved.as_ref().map(|(_, at)| *at),
            self.seen.connected,
            self.seen.identified.as_ref().map(|(_, at)| *at),
            self.seen.offered.as_ref().map(|(_, at)| *at),
            Some(self.over),
        ];
        let at = WAY.iter().position(|other| *other == name).unwrap_or_default();
        let end = if unfinished { self.over } else { ends.get(at).copied().flatten().unwrap_or(self.over) };
        let start = ends.iter().take(at).rev().find_map(|end| *end).unwrap_or(self.begun);
        end.saturating_duration_since(start)
    }

    fn passed(&self, name: StepName) -> Step {
        let took = Some(self.took(name, false));
        match name {
            StepName::Resolve => Step::ok(name, took, self.addresses()),
            StepName::Connect => self.connected(took),
            StepName::Version => {
                let identified = self.seen.identified.as_ref().map(|(text, _)| text.clone());
                Step::ok(name, took, identified.unwrap_or_default())
            }
            StepName::Algorithms => self.algorithms(took),
            _ => self.host_key(took),
        }
    }

    fn addresses(&self) -> String {
        let addresses = self.seen.resolved.iter().flat_map(|(addresses, _)| addresses);
        addresses.map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
    }

    fn connected(&self, took: Option<Duration>) -> Step {
        let found = self.seen.tried.map(|address| address.to_string()).unwrap_or_default();
        let Some((address, problem)) = self.seen.refused.first() else {
            return Step::ok(StepName::Connect, took, found);
        };
        let found = format!("{found}, after {address} did not answer: {problem}");
        Step::warning(StepName::Connect, took, found, advice::one_address(address))
    }

    fn algorithms(&self, took: Option<Duration>) -> Step {
        let offers = self.seen.offered.as_ref().map(|(offers, _)| offers.clone()).unwrap_or_default();
        let legacy = self.settings.legacy;
        let agreed = self.upstream.agreement(&offers, legacy);
        let found = agreement(&agreed, &offers);
        if !legacy {
            return Step::ok(StepName::Algorithms, took, found);
        }
        let needed = !self.upstream.agreement(&offers, false).is_whole();
        Step::warning(StepName::Algorithms, took, found, advice::legacy(needed))
    }

    fn host_key(&self, took: Option<Duration>) -> Step {
        let Some((presented, _)) = &self.seen.host_key else {
            return Step::ok(StepName::HostKey, took, "");
        };
        let by = match self.upstream.trusted_by(presented) {
            Some(TrustedBy::Line { line }) => format!(", {}", self.line(line)),
            Some(TrustedBy::Authority { line }) => format!(", authority in {}", self.line(line)),
            Some(TrustedBy::Pinned) => ", pinned in host_keys".to_owned(),
            None => String::new(),
        };
        Step::ok(StepName::HostKey, took, format!("{}{by}", shown(presented)))
    }

    fn line(&self, line: usize) -> String {
        let file = self.settings.known_hosts.as_deref().unwrap_or_else(|| "known_hosts".as_ref());
        format!("line {line} of {}", file.display())
    }
}

fn agreement(agreed: &Agreement, offers: &Offers) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let strict = if offers.is_strict() { ", strict" } else { "" };
    let Agreement { kex, host_key, cipher, mac } = agreed;
    format!(
        "kex {}{strict}; host key {}; cipher {}; mac {}",
        name(kex),
        name(host_key),
        name(cipher),
        name(mac)
    )
}

/// The key as people name it.
fn shown(presented: &Presented) -> String {
    let algorithm = presented.key().algorithm();
    let key = format!("{} {}", algorithm.as_str(), Fingerprint::of_data(presented.key()));
    match presented.authority() {
        None => key,
        Some(authority) => format!("{key}, certified by {}", Fingerprint::of_data(authority)),
    }
}

/// What the configuration trusts, before anything is asked.
pub(super) fn trust(upstream: &Upstream, settings: &config::Upstream) -> Step {
    let file = settings.known_hosts.as_ref().map(|file| file.display().to_string());
    let sources: Vec<String> = file
        .iter()
        .cloned()
        .chain((!settings.host_keys.is_empty()).then(|| format!("{} in host_keys", settings.host_keys.len())))
        .collect();
    let sources = sources.join(", ");
    if !upstream.is_recognisable() {
        let found = format!("{sources}: nothing for {}", settings.address);
        return Step::warning(StepName::Trust, None, found, advice::nothing_trusted(&settings.address));
    }
    let unused: Vec<String> = upstream.warnings().iter().take(5).map(ToString::to_string).collect();
    if unused.is_empty() {
        return Step::ok(StepName::Trust, None, sources);
    }
    let more = upstream.warnings().len() - unused.len();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let found = format!("{}: {}{more}", file.unwrap_or_default(), unused.join("; "));
    let advice = Advice::new(
        "these lines of known_hosts cannot be read, and are passed over",
        "mend or delete them; `sftpbridge keyscan` prints lines that can be read",
    );
    Step::warning(StepName::Trust, None, found, advice)
}
