//! What the system knows of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::series;

/// Sets the gauges; what the system does not tell stays as it was. Only Linux has /proc.
#[expect(clippy::cast_precision_loss, reason = "a float is what a gauge holds")]
pub(super) fn measure() {
    if let Some(bytes) = resident_memory() {
        metrics::gauge!(series::PROCESS_RESIDENT_MEMORY).set(bytes as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder's own.
        metrics::gauge!(series::PROCESS_OPEN_FILES).set(open.count().saturating_sub(1) as f64);
    }
    let most = getrlimit(Resource::Nofile).current;
    metrics::gauge!(series::PROCESS_MOST_FILES).set(most.map_or(f64::INFINITY, |most| most as f64));
}

/// Bytes, from the field `VmRSS` of proc(5).
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
