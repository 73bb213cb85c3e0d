//! The recorder of the program: it keeps the numbers and writes them in Prometheus' text format.

use std::time::{Duration, SystemTime};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::{process, series};

/// Bounds in seconds. An answer from a file in memory on loopback takes 0.1 ms, one that is waited for in vain a
/// minute.
const REQUESTS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0, 60.0,
];

/// Likewise; the longest default limit of a step is 30 s.
const STEPS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Likewise, from a second to a day.
const SESSIONS: &[f64] = &[1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0, 86_400.0];

/// The recorder cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the metrics cannot be recorded: {0}")]
pub struct InstallError(#[from] BuildError);

/// Writes down what was recorded. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
}

/// Makes this process record. To be called once, before there is a bridge, by a program and never by the library.
///
/// # Errors
/// When the process has a recorder already.
pub fn install() -> Result<Exporter, InstallError> {
    let handle = builder()?.install_recorder()?;
    let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!(series::PROCESS_START_TIME).set(started.as_secs_f64());
    Ok(Exporter { handle })
}

impl Exporter {
    /// How often [`Exporter::upkeep`] is due. At 50,000 answers a second 5 MB wait in between.
    pub const UPKEEP: Duration = Duration::from_secs(5);

    /// The type of what [`Exporter::render`] writes.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Everything as of now, in Prometheus' text format.
    pub fn render(&self) -> String {
        process::measure();
        self.handle.render()
    }

    /// Sorts measurements into their buckets. Until then each is kept as it is, so that without this a bridge that
    /// nobody asks for its metrics would grow.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let exactly = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(exactly(series::REQUEST_DURATION), REQUESTS)?
        .set_buckets_for_metric(exactly(series::UPSTREAM_STEP), STEPS)?
        .set_buckets_for_metric(exactly(series::SESSION_DURATION), SESSIONS)
}

/// A recorder for one test, which others do not write to.
#[cfg(test)]
pub(super) fn recorded() -> (metrics_exporter_prometheus::PrometheusRecorder, Exporter) {
    let recorder = builder().unwrap().build_recorder();
    let handle = recorder.handle();
    (recorder, Exporter { handle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Kind, SERIES, declare};

    #[test]
    fn every_histogram_has_buckets_of_its_own_and_everything_its_help() {
        let (recorder, exporter) = recorded();
        metrics::with_local_recorder(&recorder, || {
            declare();
            for series in SERIES.iter().filter(|series| series.kind == Kind::Histogram) {
                metrics::histogram!(series.name).record(0.2);
            }
            for series in SERIES.iter().filter(|series| series.kind == Kind::Counter) {
                metrics::counter!(series.name).increment(1);
            }
            let text = exporter.render();
            for series in SERIES.iter().filter(|series| series.kind == Kind::Histogram) {
                assert!(text.contains(&format!("# TYPE {} histogram\n", series.name)), "{text}");
            }
            for series in SERIES.iter().filter(|series| series.kind == Kind::Counter) {
                assert!(text.contains(&format!("# HELP {} {}\n", series.name, series.help)), "{text}");
            }
        });
    }

    #[test]
    fn upkeep_loses_nothing() {
        let (recorder, exporter) = recorded();
        metrics::with_local_recorder(&recorder, || {
            let times = metrics::histogram!(series::SESSION_DURATION);
            for _ in 0..1000 {
                times.record(5.0);
                exporter.upkeep();
            }
        });
        assert!(exporter.render().contains("sftpbridge_session_duration_seconds_count 1000\n"));
    }
}
