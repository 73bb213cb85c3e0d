//! From the opening handshake to a running session. With the subprotocol `sftp`, all upstream work is done before
//! the 101: after it, a client of `sftp-ws` learns nothing of what went wrong.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::access::Access;
use super::admission::Ticket;
use super::bridge::Bridge;
use super::handshake::{Handshake, Subprotocol, upgrade_headers};
use super::login::Conversation;
use super::tls::TlsPeer;
use super::visitor::{Refused, Visitor};
use crate::auth::{BasicError, ClientName, Denied, Person, basic};
use crate::config::Secret;
use crate::refusal::Refusal;
use crate::session::{self, Course};
use crate::upstream::{Connection, Upstream};
use crate::websocket;

/// Where sftp-ws looks for a sentence to show its user.
const REASON: HeaderName = HeaderName::from_static("sftp-authenticate-info");

/// Time for the connection to be handed over after the 101.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// `/sftp`
pub(super) async fn default_upstream(State(bridge): State<Bridge>, request: Request) -> Response {
    upgrade(bridge, None, request).await
}

/// `/sftp/{upstream}`
pub(super) async fn named_upstream(
    State(bridge): State<Bridge>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    // A name that is not even UTF-8 is nobody's.
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    upgrade(bridge, Some(name), request).await
}

/// Whom a request itself proves. A header of a trusted proxy must come from that proxy itself, so it is the other
/// end of the TCP connection that counts here, whatever that says about the client behind it.
pub(super) async fn person(bridge: &Bridge, parts: &mut Parts) -> Result<Option<Person>, Denied> {
    let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = direct.map(|ConnectInfo(direct)| direct.ip().to_canonical());
    let certificate = client_name(bridge, &parts.extensions);
    bridge.identities.of_request(parts, address, certificate.as_ref()).await
}

fn client_name(bridge: &Bridge, extensions: &Extensions) -> Option<ClientName> {
    let part = bridge.config.identity.client_certificate.as_ref()?.user;
    let certificate = extensions.get::<TlsPeer>()?.certificate.as_ref()?;
    Some(ClientName::of(certificate, part))
}

async fn upgrade(bridge: Bridge, only: Option<String>, request: Request) -> Response {
    let peer = bridge.peer(request.headers(), request.extensions());
    let title = bridge.config.page.title.clone();
    let attempt = Attempt { bridge, only, visitor: Visitor::new(peer) };
    match attempt.run(request).await {
        Ok(response) => response,
        Err(refusal) => refused(refusal, &title),
    }
}

/// One opening handshake.
struct Attempt {
    bridge: Bridge,
    /// The upstream that the request names.
    only: Option<String>,
    visitor: Visitor,
}

impl Attempt {
    async fn run(self, request: Request) -> Result<Response, Refusal> {
        let (mut parts, _) = request.into_parts();
        let config = &self.bridge.config;
        let handshake = Handshake::check(&parts, config.listen.require_subprotocol)?;
        let upstream = self.bridge.upstreams.get(self.name()).ok_or(Refusal::UnknownUpstream)?;
        if !self.bridge.origin_allowed(self.visitor.peer, &parts.headers, &parts.extensions) {
            return Err(self.log(Refused::new(Refusal::Origin, "origin not allowed"), ""));
        }
        // From here on a drain waits for this attempt and for the session that it becomes.
        let tracked = self.bridge.sessions.token();
        if self.bridge.draining.is_cancelled() {
            return Err(Refusal::Draining);
        }
        let person = self.person(&mut parts).await?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let begun = match handshake.subprotocol {
            Some(Subprotocol::Login) => self.converse(person)?,
            Some(Subprotocol::Sftp) | None => {
                let draining = self.bridge.draining.cancelled();
                tokio::select! {
                    opened = self.log_in(&parts.headers, upstream, person) => opened?,
                    () = draining => return Err(Refusal::Draining),
                }
            }
        };
        let on_upgrade = on_upgrade.ok_or_else(|| {
            let cause = "the HTTP server around the bridge allows no upgrades";
            self.log(Refused::new(Refusal::Internal, cause), "")
        })?;
        tokio::spawn(async move {
            begun.begin(on_upgrade).await;
            drop(tracked);
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = handshake.headers();
        Ok(response)
    }

    fn name(&self) -> &str {
        self.only.as_deref().unwrap_or(&self.bridge.config.default_upstream)
    }

    /// Whom the request itself proves. It matters only where the bridge logs in for people.
    async fn person(&self, parts: &mut Parts) -> Result<Option<Person>, Refusal> {
        match person(&self.bridge, parts).await {
            Ok(person) => Ok(person),
            Err(_) if !self.bridge.is_own(self.name()) => Ok(None),
            Err(denied) => Err(self.log(denied.into(), "")),
        }
    }

    /// Everything else is said on the socket.
    fn converse(&self, person: Option<Person>) -> Result<Begun, Refusal> {
        let caller = self.bridge.admission.knock(self.visitor.address());
        let caller = caller.map_err(|refusal| self.log(Refused::full(refusal), ""))?;
        let (bridge, visitor, only) = (self.bridge.clone(), self.visitor.clone(), self.only.clone());
        Ok(Begun::Conversation(Box::new(Conversation { bridge, visitor, caller, person, only })))
    }

    async fn log_in(
        &self,
        headers: &HeaderMap,
        upstream: &Upstream,
        person: Option<Person>,
    ) -> Result<Begun, Refusal> {
        let login = Login::new(basic(headers), person, self.bridge.is_own(self.name()))?;
        let user = login.user().to_owned();
        let opened = self.open(upstream, login).await;
        let (connection, ticket, user) = opened.map_err(|refused| self.log(refused, &user))?;
        let (bridge, visitor) = (self.bridge.clone(), self.visitor.clone());
        let upstream = self.name().to_owned();
        Ok(Begun::Session(Box::new(Opened { bridge, visitor, upstream, user, connection, ticket })))
    }

    async fn open(&self, upstream: &Upstream, login: Login) -> Result<(Connection, Ticket, String), Refused> {
        let access = Access { bridge: &self.bridge, visitor: &self.visitor };
        let mut ticket = self.bridge.admission.enter(self.visitor.address()).map_err(Refused::full)?;
        let (connection, user) = match login {
            Login::PassedThrough(user, password) => {
                (access.pass_through(upstream, &user, password).await?, user)
            }
            Login::ByPassword(user, password) => {
                let person = access.by_password(&user, &password).await?;
                (access.own(&person, upstream.name()).await?, person.name().to_owned())
            }
            Login::Known(person) => (access.own(&person, upstream.name()).await?, person.name().to_owned()),
        };
        ticket.admit(upstream.name(), &user).map_err(Refused::full)?;
        Ok((connection, ticket, user))
    }

    fn log(&self, refused: Refused, user: &str) -> Refusal {
        self.visitor.log(&refused, user, self.name());
        refused.refusal
    }
}

/// What an opening handshake has of a login.
enum Login {
    /// A password of the upstream's.
    PassedThrough(String, Secret),
    /// A password of the bridge's.
    ByPassword(String, Secret),
    /// Somebody who has proved it already.
    Known(Person),
}

impl Login {
    /// `own` says that the bridge logs in to the upstream by itself.
    fn new(
        basic: Result<(String, Secret), BasicError>,
        person: Option<Person>,
        own: bool,
    ) -> Result<Self, Refusal> {
        if let Some(person) = person.filter(|_| own) {
            return Ok(Self::Known(person));
        }
        match basic {
            Ok((user, password)) if own => Ok(Self::ByPassword(user, password)),
            Ok((user, password)) => Ok(Self::PassedThrough(user, password)),
            Err(BasicError::Missing) => Err(Refusal::NoCredentials),
            Err(BasicError::Unusable) => Err(Refusal::UnusableCredentials),
        }
    }

    /// As far as it is known, for the log.
    fn user(&self) -> &str {
        match self {
            Self::PassedThrough(user, _) | Self::ByPassword(user, _) => user,
            Self::Known(person) => person.name(),
        }
    }
}

/// What comes after the 101.
enum Begun {
    Session(Box<Opened>),
    Conversation(Box<Conversation>),
}

/// A session whose upstream is ready, and whose client is about to be.
struct Opened {
    bridge: Bridge,
    visitor: Visitor,
    upstream: String,
    user: String,
    connection: Connection,
    ticket: Ticket,
}

impl Begun {
    async fn begin(self, on_upgrade: OnUpgrade) {
        match timeout(UPGRADE_TIMEOUT, on_upgrade).await {
            Ok(Ok(upgraded)) => self.take_over(upgraded).await,
            _ => {
                let session = &self.visitor().session;
                tracing::info!(%session, "the client left during the opening handshake");
                if let Self::Session(opened) = self {
                    opened.connection.close().await;
                }
            }
        }
    }

    fn visitor(&self) -> &Visitor {
        match self {
            Self::Session(opened) => &opened.visitor,
            Self::Conversation(conversation) => &conversation.visitor,
        }
    }

    /// hyper's own stream is used directly where it is one that our listener gave it.
    async fn take_over(self, upgraded: Upgraded) {
        let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => return self.run(parts.io.into_inner(), parts.read_buf.into()).await,
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<TlsStream<TcpStream>>>() {
            Ok(parts) => self.run(parts.io.into_inner(), parts.read_buf.into()).await,
            Err(upgraded) => self.run(TokioIo::new(upgraded), Vec::new()).await,
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin + Send>(self, stream: S, early: Vec<u8>) {
        match self {
            Self::Session(opened) => opened.run(stream, early).await,
            Self::Conversation(conversation) => {
                let limit = conversation.bridge.config.limits.packet;
                let socket = websocket::accept(stream, early, limit).await;
                conversation.run(socket).await;
            }
        }
    }
}

impl Opened {
    async fn run<S: AsyncRead + AsyncWrite + Unpin + Send>(self, stream: S, early: Vec<u8>) {
        let limits = &self.bridge.config.limits;
        let socket = websocket::accept(stream, early, limits.packet).await;
        let identity = self.visitor.identity(&self.user, &self.upstream);
        let course =
            Course { stop: &self.bridge.stop, lifetime: limits.lifetime, announce: None, resumable: None };
        session::run(identity, socket, self.connection, limits, course).await;
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
