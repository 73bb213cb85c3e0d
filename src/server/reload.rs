//! Reads again what may change while the bridge runs: a look every two seconds, and at everything on SIGHUP.
//!
//! Each item counts for itself: a certificate with its key, a known_hosts file, the configuration. One that cannot
//! be used stays as it was, and keeps none of the others back.

mod config_file;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::bridge::Bridge;
use super::signals::Hangup;
use super::tls::{Acme, Expiry, Tls};
use crate::config::Config;
use crate::watched::{Look, Watched};

pub use config_file::ConfigFile;

/// Between two looks. A look is a few calls of `stat`.
const TICK: Duration = Duration::from_secs(2);

/// All that is looked at.
pub(super) struct Upkeep {
    bridge: Bridge,
    tls: Option<Tls>,
    config: Option<Watched<Config>>,
}

impl Upkeep {
    pub(super) fn new(bridge: &Bridge, tls: Option<Tls>, config: Option<ConfigFile>) -> Self {
        let config = config.map(|file| file.watch(bridge));
        Self { bridge: bridge.clone(), tls, config }
    }

    /// Goes on for ever, also while the bridge drains.
    pub(super) async fn run(self, hangup: Hangup, acme: Option<Acme>) {
        let again = Notify::new();
        let certified = async {
            if let Some(acme) = acme {
                acme.run(&again).await;
            }
        };
        tokio::join!(self.looks(hangup, &again), certified);
    }

    async fn looks(self, mut hangup: Hangup, again: &Notify) {
        let all = Arc::new(self);
        let (mut ticks, mut expiry) = (interval(TICK), Expiry::default());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let look = tokio::select! {
                _ = ticks.tick() => Look::Changed,
                () = hangup.next() => Look::Everything,
            };
            if look == Look::Everything {
                tracing::info!(event = %"hangup", "the files are read again");
                all.bridge.audit.reopen();
                again.notify_waiters();
            }
            let looking = Arc::clone(&all);
            // Files may be on a server that is slow to answer.
            if spawn_blocking(move || looking.look(look)).await.is_err() {
                tracing::error!("a look at the files panicked");
            }
            if let Some(tls) = &all.tls {
                expiry.tell(tls.expires(), SystemTime::now(), Instant::now());
            }
        }
    }

    /// The configuration comes last: a file that it names anew, or a policy, may need what was read before.
    fn look(&self, look: Look) {
        if let Some(tls) = &self.tls {
            tls.reload(look);
        }
        self.bridge.look(look);
        if let Some(config) = &self.config {
            config.look(look, Instant::now());
        }
    }
}
