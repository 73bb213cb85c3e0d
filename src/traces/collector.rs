//! HTTP to the collector, by the client that asks issuers for their keys too: one stack of HTTP and TLS.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use url::Url;

use crate::http_client;

/// From the name to the last byte of an answer.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// Largest answer in bytes: how many spans were not taken, and why.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Shortest time between two lines about a collector that is away.
const WARNING_PAUSE: Duration = Duration::from_secs(60);

/// The way to one collector.
pub(super) struct Collector {
    client: reqwest::Client,
    warned: Mutex<Option<Instant>>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

type Answer = Result<Response<Bytes>, HttpError>;

impl Collector {
    pub(super) fn new(endpoint: &Url) -> Result<Self, String> {
        Ok(Self { client: http_client::client(endpoint, None)?, warned: Mutex::default() })
    }

    /// Blocks: the exporter has a thread of its own, which is in no runtime, and nothing else to do meanwhile.
    fn post(&self, request: Request<Bytes>) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(self.ask(request));
        // Looking up a name may go on for longer than we wait for it.
        runtime.shutdown_background();
        match &answer {
            Err(error) => self.warn(error),
            Ok(answer) if !answer.status().is_success() => {
                self.warn(&format_args!("it answers {}", answer.status()));
            }
            Ok(_) => {}
        }
        answer
    }

    async fn ask(&self, request: Request<Bytes>) -> Answer {
        let request = reqwest::Request::try_from(request).map_err(|error| http_client::chain(&error))?;
        let asked = async {
            let mut answer =
                self.client.execute(request).await.map_err(|error| http_client::chain(&error))?;
            let status = answer.status();
            let mut body = BytesMut::new();
            while let Some(chunk) = answer.chunk().await? {
                if body.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(format!("an answer of more than {LARGEST_ANSWER} bytes").into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Response::builder().status(status).body(body.freeze())?)
        };
        let late = |_| format!("no answer within {DEADLINE:?}");
        tokio::time::timeout(DEADLINE, asked).await.map_err(late)?
    }

    fn warn(&self, error: &dyn fmt::Display) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if warned.is_none_or(|before| now.duration_since(before) >= WARNING_PAUSE) {
            *warned = Some(now);
            tracing::warn!(event = %"traces_lost", %error, "the collector takes no spans");
        }
    }
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'sent>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'sent>>
    where
        'a: 'sent,
        Self: 'sent,
    {
        Box::pin(async move { self.post(request) })
    }
}
