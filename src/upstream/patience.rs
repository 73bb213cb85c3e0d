//! How long the upstream may take, in all, while others are waited for in between.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// What is left of a time limit that runs only while the upstream works.
#[derive(Debug)]
pub(super) struct Patience {
    left: Duration,
}

/// The limit ran out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RanOut;

impl Patience {
    pub(super) fn of(left: Duration) -> Self {
        Self { left }
    }

    /// What is left.
    pub(super) fn left(&self) -> Duration {
        self.left
    }

    /// Waits for `work`, on the upstream's time.
    pub(super) async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Result<T, RanOut> {
        let start = Instant::now();
        let done = timeout(self.left, work).await;
        self.left = self.left.saturating_sub(start.elapsed());
        done.map_err(|_| RanOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn only_the_time_that_is_spent_counts() {
        let mut patience = Patience::of(Duration::from_secs(10));
        assert_eq!(patience.spend(sleep(Duration::from_secs(6))).await, Ok(()));
        sleep(Duration::from_secs(60)).await;
        assert_eq!(patience.spend(sleep(Duration::from_secs(3))).await, Ok(()));
        let start = Instant::now();
        assert_eq!(patience.spend(sleep(Duration::from_secs(3))).await, Err(RanOut));
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        assert_eq!(patience.spend(sleep(Duration::from_secs(1))).await, Err(RanOut));
    }
}
