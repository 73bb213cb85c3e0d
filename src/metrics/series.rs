//! The table of all series. docs/metrics.md has the same, and a test compares the two.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const BUILD_INFO: &str = "sftpbridge_build_info";
pub(super) const SESSIONS: &str = "sftpbridge_sessions";
pub(super) const SESSIONS_LIMIT: &str = "sftpbridge_sessions_limit";
pub(super) const SESSIONS_PARKED: &str = "sftpbridge_sessions_parked";
pub(super) const CONVERSATIONS: &str = "sftpbridge_conversations";
pub(super) const CONNECTIONS: &str = "sftpbridge_connections";
pub(super) const SESSIONS_STARTED: &str = "sftpbridge_sessions_started_total";
pub(super) const SESSION_ENDS: &str = "sftpbridge_session_ends_total";
pub(super) const SESSION_DURATION: &str = "sftpbridge_session_duration_seconds";
pub(super) const LOGINS: &str = "sftpbridge_logins_total";
pub(super) const REFUSALS: &str = "sftpbridge_refusals_total";
pub(super) const THROTTLED: &str = "sftpbridge_throttled_total";
pub(super) const UPSTREAM_STEP: &str = "sftpbridge_upstream_step_duration_seconds";
pub(super) const REQUEST_DURATION: &str = "sftpbridge_request_duration_seconds";
pub(super) const BYTES: &str = "sftpbridge_bytes_total";
pub(super) const PACKETS: &str = "sftpbridge_packets_total";
pub(super) const STALLS: &str = "sftpbridge_stalls_total";
pub(super) const POLICY_DENIED: &str = "sftpbridge_policy_denied_total";
pub(super) const AUDIT_LOST: &str = "sftpbridge_audit_lost_total";
pub(super) const RELOADS: &str = "sftpbridge_reloads_total";
pub(super) const CERTIFICATE_EXPIRY: &str = "sftpbridge_certificate_expiry_timestamp_seconds";
pub(super) const PROCESS_START_TIME: &str = "process_start_time_seconds";
pub(super) const PROCESS_RESIDENT_MEMORY: &str = "process_resident_memory_bytes";
pub(super) const PROCESS_OPEN_FILES: &str = "process_open_fds";
pub(super) const PROCESS_MOST_FILES: &str = "process_max_fds";

/// How a series behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins anew with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations, counted by how long they were.
    Histogram,
}

/// One row of [`SERIES`].
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// The name in Prometheus.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means: the line `# HELP`.
    pub help: &'static str,
}

/// Everything that is counted and measured.
pub const SERIES: &[Series] = &[
    gauge(BUILD_INFO, &["version"], "Always 1; the label is the version that runs"),
    gauge(SESSIONS, &[], "Sessions that run now"),
    gauge(SESSIONS_LIMIT, &[], "Sessions that are allowed at a time, parked ones included"),
    gauge(SESSIONS_PARKED, &[], "Logins that are kept for clients that lost their socket"),
    gauge(CONVERSATIONS, &[], "Clients of sftp-login.v1 that have not logged in yet"),
    gauge(CONNECTIONS, &[], "HTTP connections of the public listener that are open and not a session"),
    counter(
        SESSIONS_STARTED,
        &["upstream", "method"],
        "Sessions that began, by how their user had logged in",
    ),
    counter(SESSION_ENDS, &["code"], "Sessions that ended, by WebSocket close code"),
    histogram(SESSION_DURATION, &[], "How long sessions lasted"),
    counter(LOGINS, &["upstream", "method", "outcome"], "Attempts to log in"),
    counter(REFUSALS, &["reason", "status"], "Clients that got no session, by reason and HTTP status"),
    counter(THROTTLED, &[], "Attempts to log in that were turned away because too many had failed"),
    histogram(
        UPSTREAM_STEP,
        &["upstream", "step", "outcome"],
        "How long the steps on the way to an upstream took, without the time that its user took",
    ),
    histogram(
        REQUEST_DURATION,
        &["class"],
        "From the forwarding of an SFTP request to the arrival of its answer",
    ),
    counter(BYTES, &["direction"], "Bytes of SFTP packets carried, length prefixes included"),
    counter(PACKETS, &["direction"], "SFTP packets carried"),
    counter(STALLS, &["side"], "Sessions that ended because a side took no packets any more"),
    counter(POLICY_DENIED, &["rule"], "SFTP requests that a policy has denied"),
    counter(AUDIT_LOST, &[], "Audit records that could not be written"),
    counter(RELOADS, &["what", "outcome"], "Files that were read again because they had changed"),
    gauge(CERTIFICATE_EXPIRY, &[], "When the listener's certificate expires, in seconds since 1970"),
    gauge(PROCESS_START_TIME, &[], "When the process started, in seconds since 1970"),
    gauge(PROCESS_RESIDENT_MEMORY, &[], "Resident memory of the process in bytes"),
    gauge(PROCESS_OPEN_FILES, &[], "File descriptors that are open"),
    gauge(PROCESS_MOST_FILES, &[], "File descriptors that the process may have open"),
];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Series {
    Series { name, kind: Kind::Histogram, labels, help }
}

impl Series {
    fn unit(&self) -> Option<Unit> {
        if self.name.contains("_seconds") {
            Some(Unit::Seconds)
        } else if self.name.contains("_bytes") {
            Some(Unit::Bytes)
        } else {
            None
        }
    }

    fn describe(&self) {
        let Self { name, kind, help, .. } = *self;
        match (kind, self.unit()) {
            (Kind::Counter, Some(unit)) => describe_counter!(name, unit, help),
            (Kind::Counter, None) => describe_counter!(name, help),
            (Kind::Gauge, Some(unit)) => describe_gauge!(name, unit, help),
            (Kind::Gauge, None) => describe_gauge!(name, help),
            (Kind::Histogram, Some(unit)) => describe_histogram!(name, unit, help),
            (Kind::Histogram, None) => describe_histogram!(name, help),
        }
    }
}

/// Tells the recorder what every series means, and begins those at 0 whose labels are known: `increase()` does not
/// see a counter that comes into being with 1. May be called again.
pub fn declare() {
    for series in SERIES {
        series.describe();
        match series.kind {
            Kind::Counter if series.labels.is_empty() => metrics::counter!(series.name).increment(0),
            Kind::Gauge if series.labels.is_empty() && !series.name.ends_with("_seconds") => {
                metrics::gauge!(series.name).increment(0.0);
            }
            _ => {}
        }
    }
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for (name, label, values) in [
        (BYTES, "direction", ["up", "down"]),
        (PACKETS, "direction", ["up", "down"]),
        (STALLS, "side", ["client", "upstream"]),
    ] {
        for value in values {
            metrics::counter!(name, label => value).increment(0);
        }
    }
    let _ = metrics::histogram!(SESSION_DURATION);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_what_prometheus_and_its_users_expect() {
        assert!(SERIES.len() > 10);
        for Series { name, kind, labels, help } in SERIES {
            assert!(name.starts_with("sftpbridge_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_duration_seconds"), *kind == Kind::Histogram, "{name}");
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}");
            for label in *labels {
                assert!(
                    !["user", "path", "address", "peer", "session", "file", "name"].contains(label),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<&str> = SERIES.iter().map(|series| series.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERIES.len());
    }
}
