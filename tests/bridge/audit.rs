//! The audit log, seen from outside.

mod log;
mod names;
mod records;
mod required;
mod syslog;
mod truth;
mod workload;
