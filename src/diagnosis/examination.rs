//! One upstream, from its name to an answer of its SFTP server.

use std::sync::Arc;

use tokio::time::Instant;

use super::arrival::{self, Arrival};
use super::login;
use super::proof::Proof;
use super::sftp;
use super::step::{Step, StepName};
use crate::config;
use crate::upstream::{Sights, Upstream};

/// The steps after the way to the server.
const AFTERWARDS: [StepName; 6] = [
    StepName::Methods,
    StepName::Login,
    StepName::Subsystem,
    StepName::Sftp,
    StepName::Limits,
    StepName::RoundTrip,
];

/// What is to be examined.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// As `serve` dials it.
    pub upstream: &'a Upstream,
    /// What the configuration says of it.
    pub settings: &'a config::Upstream,
    /// Who logs in there.
    pub proof: Proof<'a>,
    /// `limits.packet`, in bytes.
    pub packet_limit: usize,
}

/// Goes all the way, and tells each step when it is over. Every wait has the upstream's own deadline. Nothing stays
/// open behind it, nor when the future is dropped.
pub async fn examine(subject: Subject<'_>, tell: &mut impl FnMut(Step)) {
    let Subject { upstream, settings, proof, packet_limit } = subject;
    tell(arrival::trust(upstream, settings));
    let sights = Arc::<Sights>::default();
    let begun = Instant::now();
    let result = upstream.connect_watched(&sights).await;
    let way = Arrival { upstream, settings, seen: sights.seen(), begun, over: Instant::now() };
    let steps = way.steps(result.as_ref().err());
    let reached = steps.len();
    steps.into_iter().for_each(&mut *tell);
    let authentication = match result {
        Ok(authentication) => authentication,
        Err(_) => {
            let rest = arrival::WAY.iter().skip(reached).chain(&AFTERWARDS);
            return rest.for_each(|name| tell(Step::not_reached(*name)));
        }
    };
    match login::log_in(authentication, &way, proof, tell).await {
        Some(connection) => sftp::talk(connection, packet_limit, tell).await,
        None => AFTERWARDS.iter().skip(3).for_each(|name| tell(Step::not_reached(*name))),
    }
}
