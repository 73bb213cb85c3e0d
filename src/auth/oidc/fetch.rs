//! One HTTP request to the provider: over TLS, without redirects, with a deadline, and with an answer of which
//! only so much is read.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::Url;

use crate::http_client;

/// From the first packet to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Largest answer in bytes. The documents of the large providers have a few thousand.
const LONGEST: usize = 256 * 1024;

/// Asks one provider.
#[derive(Debug, Clone)]
pub(in crate::auth) struct Fetch {
    client: reqwest::Client,
    /// The provider is on loopback without TLS.
    plain: bool,
}

/// Why there is no answer. Nothing of it is the provider's own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not all of it came in time.
    #[error("no whole answer within {} s", DEADLINE.as_secs())]
    TimedOut,
    /// No connection, or no TLS: a refused port, an unknown name, a certificate of nobody's.
    #[error("no connection, or not over TLS with a certificate that is trusted")]
    Connect,
    /// The connection broke off, or what came is not HTTP.
    #[error("the answer broke off, or is not HTTP")]
    Broken,
    /// More bytes than any such answer needs.
    #[error("an answer over {LONGEST} bytes")]
    TooLong,
    /// An address that the provider must not send us, or a person, to.
    #[error("an address that is not https")]
    Address,
    /// The status is not 200.
    #[error("status {0}")]
    Status(u16),
    /// Another type than `application/json`, or JSON that says something else.
    #[error("not the JSON that was asked for")]
    Content,
}

impl Fetch {
    /// For the provider `issuer`, whom the authorities in `ca_file` vouch for, or else the system's.
    pub(in crate::auth) fn new(issuer: &Url, ca_file: Option<&Path>) -> Result<Fetch, String> {
        Ok(Fetch { client: http_client::client(issuer, ca_file)?, plain: issuer.scheme() == "http" })
    }

    /// Whether the provider may send us, or a person, to `url`: https, or what the provider is itself.
    pub(super) fn may_go_to(&self, url: &Url) -> bool {
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let bare = url.username().is_empty() && url.password().is_none();
        bare && (url.scheme() == "https" || (self.plain && loopback && url.scheme() == "http"))
    }

    /// The JSON document at `url`.
    pub(super) async fn json<T: serde::de::DeserializeOwned>(&self, url: &Url) -> Result<T, FetchError> {
        let request = http::Request::get(url.as_str()).header(http::header::ACCEPT, "application/json");
        let response = self.send(request.body(Vec::new()).map_err(|_| FetchError::Address)?).await?;
        match response.status().as_u16() {
            200 => serde_json::from_slice(response.body()).map_err(|_| FetchError::Content),
            other => Err(FetchError::Status(other)),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut request = reqwest::Request::try_from(request).map_err(|_| FetchError::Address)?;
        *request.timeout_mut() = Some(DEADLINE);
        if !self.may_go_to(request.url()) {
            return Err(FetchError::Address);
        }
        let failed = |error: reqwest::Error| match () {
            () if error.is_timeout() => FetchError::TimedOut,
            () if error.is_connect() => FetchError::Connect,
            () => FetchError::Broken,
        };
        let mut response = self.client.execute(request).await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
