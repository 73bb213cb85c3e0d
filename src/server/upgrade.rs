//! From the opening handshake to a running session. All upstream work is done before the 101: after it, a
//! client of `sftp-ws` learns nothing of what went wrong.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::admission::Ticket;
use super::bridge::Bridge;
use super::handshake::{Handshake, origin_allowed, upgrade_headers};
use crate::auth::{BasicError, basic};
use crate::refusal::Refusal;
use crate::session::{self, Identity};
use crate::upstream::{Connection, Credentials, Upstream};
use crate::websocket;

/// Where sftp-ws looks for a sentence to show its user.
const REASON: HeaderName = HeaderName::from_static("sftp-authenticate-info");

/// Time for the connection to be handed over after the 101.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// `/sftp`
pub(super) async fn default_upstream(State(bridge): State<Bridge>, request: Request) -> Response {
    let name = bridge.config.default_upstream.clone();
    upgrade(bridge, &name, request).await
}

/// `/sftp/{upstream}`
pub(super) async fn named_upstream(
    State(bridge): State<Bridge>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    // A name that is not even UTF-8 is nobody's.
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    upgrade(bridge, &name, request).await
}

async fn upgrade(bridge: Bridge, name: &str, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let attempt = Attempt { bridge: &bridge, name, peer };
    match attempt.run(request).await {
        Ok(response) => response,
        Err(refusal) => refused(refusal, &bridge.config.page.title),
    }
}

/// One opening handshake.
struct Attempt<'a> {
    bridge: &'a Bridge,
    name: &'a str,
    peer: Option<SocketAddr>,
}

impl Attempt<'_> {
    async fn run(&self, request: Request) -> Result<Response, Refusal> {
        let (mut parts, _) = request.into_parts();
        let config = &self.bridge.config;
        let handshake = Handshake::check(&parts, config.listen.require_subprotocol)?;
        let upstream = self.bridge.upstreams.get(self.name).ok_or(Refusal::UnknownUpstream)?;
        if !origin_allowed(&parts.headers, &config.listen.allowed_origins) {
            return Err(self.log(Refusal::Origin, None, "origin not allowed"));
        }
        // From here on a drain waits for this attempt and for the session that it becomes.
        let tracked = self.bridge.sessions.token();
        if self.bridge.draining.is_cancelled() {
            return Err(Refusal::Draining);
        }
        let credentials = basic(&parts.headers).map_err(|error| match error {
            BasicError::Missing => Refusal::NoCredentials,
            BasicError::Unusable => Refusal::UnusableCredentials,
        })?;
        let (connection, ticket) = self.open(upstream, &credentials).await?;
        let Credentials::Password { user, .. } = &credentials;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(|| {
            self.log(Refusal::Internal, Some(user), "the HTTP server around the bridge allows no upgrades")
        })?;
        let opened =
            Opened { bridge: self.bridge.clone(), identity: self.identity(user), connection, ticket };
        tokio::spawn(async move {
            opened.begin(on_upgrade).await;
            drop(tracked);
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = handshake.headers();
        Ok(response)
    }

    async fn open(
        &self,
        upstream: &Upstream,
        credentials: &Credentials,
    ) -> Result<(Connection, Ticket), Refusal> {
        let Credentials::Password { user, .. } = credentials;
        let refuse = |refusal| self.log(refusal, Some(user), "too many sessions");
        let mut ticket =
            self.bridge.admission.enter(self.peer.map(|peer| peer.ip().to_canonical())).map_err(refuse)?;
        let opened = tokio::select! {
            opened = upstream.open(credentials) => opened,
            () = self.bridge.draining.cancelled() => return Err(Refusal::Draining),
        };
        let connection =
            opened.map_err(|error| self.log(Refusal::from(&error), Some(user), &error.to_string()))?;
        ticket.admit(upstream.name(), user).map_err(refuse)?;
        Ok((connection, ticket))
    }

    fn identity(&self, user: &str) -> Identity {
        Identity {
            session: session::new_id(),
            user: user.to_owned(),
            upstream: self.name.to_owned(),
            peer: self.peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string()),
        }
    }

    fn log(&self, refusal: Refusal, user: Option<&str>, cause: &str) -> Refusal {
        let Identity { user, upstream, peer, .. } = self.identity(user.unwrap_or_default());
        let (user, status) = (user.escape_debug(), refusal.status().as_u16());
        tracing::warn!(event = %"refused", status, %user, %peer, %upstream, cause);
        refusal
    }
}

/// A session whose upstream is ready, and whose client is about to be.
struct Opened {
    bridge: Bridge,
    identity: Identity,
    connection: Connection,
    ticket: Ticket,
}

impl Opened {
    async fn begin(self, on_upgrade: OnUpgrade) {
        match timeout(UPGRADE_TIMEOUT, on_upgrade).await {
            Ok(Ok(upgraded)) => self.take_over(upgraded).await,
            _ => {
                tracing::info!(session = %self.identity.session, "the client left during the opening handshake");
                self.connection.close().await;
            }
        }
    }

    /// hyper's own stream is used directly where it is the one that our listener gave it.
    async fn take_over(self, upgraded: Upgraded) {
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => self.run(parts.io.into_inner(), parts.read_buf.into()).await,
            Err(upgraded) => self.run(TokioIo::new(upgraded), Vec::new()).await,
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin + Send>(self, stream: S, early: Vec<u8>) {
        let limits = &self.bridge.config.limits;
        let socket = websocket::accept(stream, early, limits.packet).await;
        session::run(self.identity, socket, self.connection, limits, &self.bridge.stop).await;
        drop(self.ticket);
    }
}

pub(super) fn refused(refusal: Refusal, realm: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{}\n", refusal.reason())));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REASON, HeaderValue::from_static(refusal.reason()));
    if let Some(after) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, challenge(realm));
    }
    if refusal == Refusal::NotWebSocket {
        headers.extend(only_websocket());
    }
    response
}

fn only_websocket() -> HeaderMap {
    let mut headers = upgrade_headers();
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers
}

/// sftp-ws looks for `Basic realm` at the very start, in exactly this case.
fn challenge(realm: &str) -> HeaderValue {
    let realm: String =
        realm.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    HeaderValue::try_from(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic realm=\"Files\", charset=\"UTF-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_what_sftp_ws_looks_for_whatever_the_title() {
        assert_eq!(challenge("Files"), "Basic realm=\"Files\", charset=\"UTF-8\"");
        assert_eq!(challenge("Dä\"tei\\en\n"), "Basic realm=\"Dteien\", charset=\"UTF-8\"");
    }

    #[test]
    fn a_refusal_carries_its_reason_in_the_header_and_the_body() {
        let response = refused(Refusal::Full, "x");
        assert_eq!(response.headers()["sftp-authenticate-info"], Refusal::Full.reason());
        assert_eq!(response.headers()["retry-after"], "5");
        assert!(!response.headers().contains_key("www-authenticate"));
        assert_eq!(refused(Refusal::NotWebSocket, "x").headers()["upgrade"], "websocket");
    }
}
