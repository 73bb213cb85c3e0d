//! The spans, and what is written on them. Their fields are the whole of what a collector learns.

use http::StatusCode;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::{Parent, TARGET};

/// A login, from the opening handshake to the session or to what came in its place. The clones are one login, which is
/// over with the last of them.
#[derive(Debug, Clone)]
pub struct Login(Span);

impl Login {
    /// Begins one, in somebody else's trace if there is a `parent`. `session` is the name of the session that may become
    /// of it.
    pub fn begin(session: &str, parent: Option<Parent>) -> Self {
        let span = info_span!(
            target: TARGET,
            parent: None,
            "login",
            otel.kind = "server",
            otel.status_code = Empty,
            session,
            upstream = Empty,
            method = Empty,
            outcome = Empty,
            status = Empty,
            reason = Empty,
            close_code = Empty,
        );
        if let Some(parent) = parent {
            parent.adopt(&span);
        }
        Self(span)
    }

    /// The steps within `work` become its children. It lasts at least as long as `work`.
    pub fn covers<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.instrument(self.0.clone())
    }

    /// Where the visitor wants to go: a name of the configuration, never what a visitor has made up.
    pub fn is_to(&self, upstream: &str) {
        self.0.record("upstream", upstream);
    }

    /// Nobody was let in; `reason` is the sentence that the visitor was told. A status of 500 or more is an error of ours,
    /// all others are the visitor's.
    pub fn refused(&self, status: StatusCode, reason: &str) {
        self.0.record("outcome", "refused");
        self.0.record("status", number(status.as_u16()));
        self.0.record("reason", reason);
        if status.is_server_error() {
            self.0.record("otel.status_code", "ERROR");
        }
    }

    /// The conversation ended without a session; with this close code, if it was not the client who broke it.
    pub fn ended(&self, close_code: Option<u16>) {
        self.0.record("outcome", "refused");
        self.0.record("close_code", close_code.map(number));
    }

    /// The client left before there was a session.
    pub fn left(&self) {
        self.0.record("outcome", "left");
    }

    /// The session that became of it: a child, which begins where this ends.
    pub fn session(self, session: &str, upstream: &str, method: &'static str) -> Session {
        self.is_to(upstream);
        self.0.record("method", method);
        self.0.record("outcome", "session");
        let span = info_span!(
            target: TARGET,
            // Not a child by tracing's own book, where a parent lasts as long as its children.
            parent: None,
            "session",
            otel.kind = "server",
            otel.status_code = Empty,
            session,
            upstream,
            method,
            close_code = Empty,
            reason = Empty,
            bytes_up = Empty,
            bytes_down = Empty,
            packets = Empty,
            duration = Empty,
        );
        Parent::continue_from(&self.0, &span);
        Session(span)
    }
}

/// A session. It is not entered, because that would cost something at each packet.
#[derive(Debug)]
pub struct Session(Span);

/// What a session has moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Bytes of requests.
    pub bytes_up: u64,
    /// Bytes of responses.
    pub bytes_down: u64,
    /// Packets both ways.
    pub packets: u64,
    /// Seconds.
    pub duration: f64,
}

impl Session {
    /// The end. `reason` is a sentence for the public: what a peer has written is not in it.
    pub fn ended(self, close_code: u16, reason: &str, totals: Totals) {
        let Self(span) = self;
        span.record("close_code", number(close_code));
        span.record("reason", Some(reason).filter(|reason| !reason.is_empty()));
        span.record("bytes_up", number(totals.bytes_up));
        span.record("bytes_down", number(totals.bytes_down));
        span.record("packets", number(totals.packets));
        span.record("duration", totals.duration);
        if close_code == 1011 {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// OpenTelemetry's integers have a sign; others would become text.
fn number(value: impl Into<u64>) -> i64 {
    i64::try_from(value.into()).unwrap_or(i64::MAX)
}

/// A step of the login that runs, such as `connect`; `method` where there is one. An error marks it, without saying what
/// it was: that may hold what a server has written.
pub async fn step<T, E>(
    name: &'static str,
    method: Option<&'static str>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let span = info_span!(
        target: TARGET,
        "step",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        method,
    );
    let result = work.instrument(span.clone()).await;
    if result.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    result
}
