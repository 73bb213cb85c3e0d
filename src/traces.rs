//! Spans of logins and sessions for an OpenTelemetry collector: how long each took, by which step, and how it ended.
//! Never a span for a packet, and never a user name, a path, an address of a client or a secret.
//!
//! The spans are those of `tracing`, with a target of their own by which the log leaves them out. A build without the
//! feature `opentelemetry` makes none, and sends nothing.

#[cfg(feature = "opentelemetry")]
mod collector;
#[cfg(feature = "opentelemetry")]
mod export;
mod parent;
mod span;

use url::Url;

pub use parent::Parent;
pub use span::{Login, Session, Totals, step};

/// What marks the spans that are meant for a collector.
pub const TARGET: &str = "sftpbridge::traces";

/// Why there can be no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The build cannot.
    #[error("this build has no OpenTelemetry; build with --features opentelemetry")]
    NotBuilt,
    /// The exporter cannot be set up.
    #[error("{0}")]
    Setup(String),
}

/// Whether this build can send spans to `endpoint`. Nothing is set up.
///
/// # Errors
/// When it was built without the feature.
pub fn check(endpoint: Option<&Url>) -> Result<(), TracesError> {
    match endpoint {
        Some(_) if !cfg!(feature = "opentelemetry") => Err(TracesError::NotBuilt),
        _ => Ok(()),
    }
}

/// The way to the collector, if there is one.
#[derive(Debug, Default)]
pub struct Traces {
    #[cfg(feature = "opentelemetry")]
    export: Option<export::Export>,
}

#[cfg(feature = "opentelemetry")]
impl Traces {
    /// Prepares to send spans to `endpoint`; nothing is sent yet, and the collector need not be there.
    ///
    /// # Errors
    /// When what the environment says for OpenTelemetry cannot be done.
    pub fn to(endpoint: Option<&Url>) -> Result<Self, TracesError> {
        let export = endpoint.map(export::Export::start).transpose().map_err(TracesError::Setup)?;
        Ok(Self { export })
    }

    /// What has to be in the program's subscriber.
    pub fn layer<S>(&self) -> Option<impl tracing_subscriber::Layer<S> + use<S>>
    where
        S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
    {
        self.export.as_ref().map(export::Export::layer)
    }

    /// Sends what is left. Whatever the collector does, it takes no longer than five seconds.
    pub async fn finish(self) {
        if let Some(export) = self.export {
            export.finish().await;
        }
    }
}

#[cfg(not(feature = "opentelemetry"))]
impl Traces {
    /// Nothing can be sent.
    ///
    /// # Errors
    /// When something should be.
    pub fn to(endpoint: Option<&Url>) -> Result<Self, TracesError> {
        check(endpoint).map(|()| Self::default())
    }

    /// Nothing.
    pub fn layer(&self) -> Option<tracing_subscriber::layer::Identity> {
        None
    }

    /// There is nothing left.
    pub async fn finish(self) {}
}

#[cfg(all(test, not(feature = "opentelemetry")))]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_needs_a_build_with_opentelemetry() {
        assert!(Traces::to(None).is_ok());
        let error = Traces::to(Some(&"http://127.0.0.1:4318/v1/traces".parse().unwrap())).unwrap_err();
        assert!(error.to_string().contains("--features opentelemetry"), "{error}");
    }
}
