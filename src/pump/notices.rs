//! What a client is told before it happens, so that a person can save their work.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Progress;

/// Something to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The bridge is going away, at the latest after this time.
    Drain(Duration),
    /// Nothing has moved for long; without a packet the session ends after this time.
    Idle(Duration),
}

/// Which notices a client gets; by default none.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// How long before the end of the idle time.
    pub idle: Option<Duration>,
    /// When the drain begins, and how long it takes at most.
    pub drain: Option<(CancellationToken, Duration)>,
}

/// Knows when the next notice is due, each for once.
pub(super) struct Herald<'a> {
    progress: &'a Progress,
    drain: Option<(CancellationToken, Duration)>,
    /// The idle time, and how much of it passes before the notice.
    idle: Option<(Duration, Duration)>,
    /// Which idle time was announced last: the one that began then.
    announced: Option<u64>,
}

impl<'a> Herald<'a> {
    pub(super) fn new(notices: &Notices, idle: Option<Duration>, progress: &'a Progress) -> Self {
        let idle = idle.zip(notices.idle).map(|(idle, before)| (idle, idle.saturating_sub(before)));
        Self { progress, drain: notices.drain.clone(), idle, announced: None }
    }

    /// Ready when a notice is due. Cancel-safe.
    pub(super) async fn next(&mut self) -> Notice {
        let Self { progress, drain, idle, announced } = self;
        let draining = async {
            match drain {
                Some((begun, _)) => begun.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = draining => {
                let time = drain.take().map(|(_, time)| time);
                Notice::Drain(time.unwrap_or_default())
            }
            left = quiet(progress, *idle, announced) => Notice::Idle(left),
        }
    }
}

/// Ready when the idle time is nearly over and that was not announced yet, with what is left of it.
async fn quiet(
    progress: &Progress,
    idle: Option<(Duration, Duration)>,
    announced: &mut Option<u64>,
) -> Duration {
    let Some((idle, warned)) = idle else {
        return std::future::pending().await;
    };
    loop {
        let quiet = progress.idle_for();
        let began = progress.last_moved();
        let known = *announced == Some(began);
        if quiet >= warned && !known {
            *announced = Some(began);
            return idle.saturating_sub(quiet);
        }
        // Known: packets may move meanwhile, and then the idle time begins anew.
        let left = if known { warned } else { warned.saturating_sub(quiet) };
        sleep(left.max(Duration::from_millis(1))).await;
    }
}
