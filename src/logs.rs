//! Where the log goes: standard error, as text for people or JSON for machines.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Starts logging as configured. Called once, by the program; an embedding program has its own subscriber.
///
/// # Errors
/// When the level is not one.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&log.level)?)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let discreet = FilterFn::new(holds_no_payload as fn(&Metadata<'_>) -> bool);
    match log.format {
        LogFormat::Text => builder.finish().with(discreet).init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().with(discreet).init(),
    }
    Ok(())
}

/// Libraries that write whole frames and packets below `info`: somebody's files, and perhaps passwords. No
/// level and no directive lets that through.
const TALKATIVE: [&str; 5] = ["tungstenite", "tokio_tungstenite", "russh", "hyper", "russh_sftp"];

fn holds_no_payload(record: &Metadata<'_>) -> bool {
    let library = record.target().split("::").next().unwrap_or_default();
    *record.level() <= Level::INFO || !TALKATIVE.contains(&library)
}
