//! Gauges of what is there now.

use metrics::Gauge;

use super::series;

/// Counts as one of its kind as long as it lives. Whatever ends it, a panic included, it is not counted any more.
#[derive(Debug)]
pub struct Present(Gauge);

impl Present {
    /// A session that runs.
    pub fn session() -> Self {
        Self::one(series::SESSIONS)
    }

    /// A login that is kept.
    pub fn parked() -> Self {
        Self::one(series::SESSIONS_PARKED)
    }

    /// A client that has not logged in yet.
    pub fn conversation() -> Self {
        Self::one(series::CONVERSATIONS)
    }

    /// An HTTP connection.
    pub fn connection() -> Self {
        Self::one(series::CONNECTIONS)
    }

    fn one(name: &'static str) -> Self {
        let gauge = metrics::gauge!(name);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::recorder::recorded;

    #[test]
    fn whoever_panics_is_not_counted_any_more() {
        let (recorder, exporter) = recorded();
        metrics::with_local_recorder(&recorder, || {
            let here = Present::session();
            let panicked = std::panic::catch_unwind(|| {
                let _here = Present::session();
                assert!(exporter.render().contains("sftpbridge_sessions 2"));
                panic!("a defect");
            });
            assert!(panicked.is_err() && exporter.render().contains("sftpbridge_sessions 1"));
            drop(here);
            assert!(exporter.render().contains("sftpbridge_sessions 0"));
        });
    }
}
