//! OpenTelemetry's own part: spans wait in a queue that drops what is too much, and a thread of its own sends them.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::TARGET;
use super::collector::{Collector, DEADLINE};

/// Longest wait for the last spans to be sent.
const FINISH: Duration = Duration::from_secs(5);

/// The program's name in a collector, unless `OTEL_SERVICE_NAME` says another.
const NAME: &str = "sftpbridge";

/// An exporter and its thread.
#[derive(Debug)]
pub(super) struct Export {
    provider: SdkTracerProvider,
}

impl Export {
    pub(super) fn start(endpoint: &Url) -> Result<Self, String> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(endpoint)?)
            .with_endpoint(endpoint.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(DEADLINE)
            // Meanwhile the queue would fill up; the next batch is the next try.
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(|error| error.to_string())?;
        // The batch processor has a bounded queue and drops what does not fit. The sampler is the SDK's: everything,
        // unless the parent's trace is not sampled, or `OTEL_TRACES_SAMPLER` says otherwise.
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        Ok(Self { provider })
    }

    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET);
        // Without what it adds of itself: threads, and places in our source.
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::INFO))
    }

    /// The SDK blocks here, which no thread with other tasks may.
    pub(super) async fn finish(self) {
        let finished = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FINISH)).await;
        // The collector itself has warned already, or has not answered yet.
        if let Ok(Err(error)) = finished {
            tracing::info!(%error, "the last spans could not be sent");
        }
    }
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let detected = Resource::builder().with_attribute(version).build();
    let named = detected.get(&Key::new("service.name"));
    // The SDK's word for nobody's: `unknown_service:` and the name of the program.
    if named.is_some_and(|name| !name.as_str().starts_with("unknown_service")) {
        return detected;
    }
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder().with_attribute(version).with_service_name(NAME).build()
}
