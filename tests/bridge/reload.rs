//! What changes while the bridge runs: read again, checked first, told in the log, and no session is dropped.

mod certificates;
mod configuration;
mod credentials;
mod known_hosts;
mod people;
mod policy;
