//! Where the log goes: standard error, as text for people or JSON for machines. A record is one line, whatever is in
//! its fields.

mod json;
mod text;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, FilterFn, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::{Log, LogFormat};
use crate::traces::{self, Traces};

/// Starts logging as configured. Called once, by the program; an embedding program has its own subscriber.
///
/// # Errors
/// When the level is not one.
pub fn start(log: &Log, traces: &Traces) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.level)?;
    subscriber(log.format, filter, std::io::stderr, std::io::stderr().is_terminal(), traces).init();
    std::panic::set_hook(Box::new(note_panic));
    Ok(())
}

/// A panic is a record like any other: one line, with the number of the session that it ends.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let cause = panic.payload_as_str();
    tracing::error!(event = %"panic", location, cause);
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
    coloured: bool,
    traces: &Traces,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(coloured).fmt_fields(text::fields()).boxed(),
        LogFormat::Json => lines.fmt_fields(json::SpanFields).event_format(json::FlatLines).boxed(),
    };
    let discreet = FilterFn::new(is_for_the_log as fn(&Metadata<'_>) -> bool);
    // It holds back at any level. Without the hint, every line of every library would be asked about.
    let discreet = discreet.with_max_level_hint(LevelFilter::TRACE);
    registry().with(traces.layer()).with(lines.with_filter(filter.and(discreet)))
}

/// Spans for a collector would repeat in each line what that line says by itself.
fn is_for_the_log(record: &Metadata<'_>) -> bool {
    record.target() != traces::TARGET && holds_no_payload(record)
}

/// Libraries that write whole frames and packets below `info`: somebody's files, and perhaps passwords. No
/// level and no directive lets that through.
const TALKATIVE: [&str; 5] = ["tungstenite", "tokio_tungstenite", "russh", "hyper", "russh_sftp"];

fn holds_no_payload(record: &Metadata<'_>) -> bool {
    let library = record.target().split("::").next().unwrap_or_default();
    *record.level() <= Level::INFO || !TALKATIVE.contains(&library)
}

#[cfg(test)]
mod tests;
