//! From the opening handshake to a running session. With the subprotocol `sftp`, all upstream work is done before
//! the 101: after it, a client of `sftp-ws` learns nothing of what went wrong.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures_util::FutureExt;
use http::request::Parts;
use http::{Extensions, HeaderMap, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tracing::Instrument;

use super::access::Access;
use super::admission::Ticket;
use super::bridge::Bridge;
use super::counted;
use super::handshake::{Handshake, Subprotocol};
use super::login::Conversation;
use super::peer::direct;
use super::refused::refused;
use super::tls::TlsPeer;
use super::visitor::{Refused, Visitor, who};
use crate::auth::{BasicError, ClientName, Denied, Person, basic};
use crate::config::Secret;
use crate::metrics::{self, LoginOutcome};
use crate::refusal::Refusal;
use crate::session::{self, Course, Who};
use crate::traces;
use crate::upstream::{Connection, Upstream};
use crate::websocket;

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
/// end of the connection that counts here, whatever that says about the client behind it.
pub(super) async fn person(bridge: &Bridge, parts: &mut Parts) -> Result<Option<Person>, Denied> {
    let direct = direct(&parts.extensions);
    let certificate = client_name(bridge, &parts.extensions);
    bridge.identities.of_request(parts, direct, certificate.as_ref()).await
}

fn client_name(bridge: &Bridge, extensions: &Extensions) -> Option<ClientName> {
    let part = bridge.config.identity.client_certificate.as_ref()?.user;
    let certificate = extensions.get::<TlsPeer>()?.certificate.as_ref()?;
    Some(ClientName::of(certificate, part))
}

async fn upgrade(bridge: Bridge, only: Option<String>, request: Request) -> Response {
    let peer = bridge.peer(request.headers(), request.extensions());
    let title = bridge.config.page.title.clone();
    let visitor = Visitor::new(peer, bridge.audit.clone());
    let login =
        traces::Login::begin(&visitor.session, bridge.parent(request.headers(), request.extensions()));
    let attempt = Attempt { bridge, only, visitor: visitor.clone(), login: login.clone() };
    // The log's span is the inner one: it may be kept for as long as the connection to the upstream, and with the
    // collector's the login would last as long.
    let attempt = login.covers(attempt.run(request).instrument(visitor.span()));
    let Told { refusal, logged } = match AssertUnwindSafe(attempt).catch_unwind().await {
        Ok(Ok(response)) => return response,
        Ok(Err(told)) => told,
        // A defect is this visitor's end and nobody else's.
        Err(_) => {
            visitor.log(&Refused::new(Refusal::Internal, "a panic"), "", "");
            Told { refusal: Refusal::Internal, logged: true }
        }
    };
    login.refused(refusal.status(), &refusal.reason());
    refused(refusal, &title, logged.then_some(visitor.session.as_str()))
}

/// A refusal on its way to the client.
struct Told {
    refusal: Refusal,
    /// Whether there is a line of the log to be found.
    logged: bool,
}

impl From<Refusal> for Told {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, logged: false }
    }
}

/// One opening handshake.
struct Attempt {
    bridge: Bridge,
    /// The upstream that the request names.
    only: Option<String>,
    visitor: Visitor,
    login: traces::Login,
}

impl Attempt {
    async fn run(self, request: Request) -> Result<Response, Told> {
        let (mut parts, _) = request.into_parts();
        let config = &self.bridge.config;
        let handshake = Handshake::check(&parts, config.listen.require_subprotocol)?;
        let upstream = self.bridge.upstreams.get(self.name()).ok_or(Refusal::UnknownUpstream)?;
        self.login.is_to(upstream.name());
        if !self.bridge.origin_allowed(self.visitor.peer, &parts.headers, &parts.extensions) {
            return Err(self.log(Refused::new(Refusal::Origin, "origin not allowed"), ""));
        }
        // From here on a drain waits for this attempt and for the session that it becomes.
        let tracked = self.bridge.sessions.token();
        if self.bridge.draining.is_cancelled() {
            return Err(Refusal::Draining.into());
        }
        let person = self.person(&mut parts).await?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let begun = match handshake.subprotocol {
            Some(Subprotocol::Login) => self.converse(person)?,
            Some(Subprotocol::Sftp) | None => {
                let draining = self.bridge.draining.cancelled();
                tokio::select! {
                    opened = self.log_in(&parts.headers, upstream, person) => opened?,
                    () = draining => return Err(Refusal::Draining.into()),
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
    async fn person(&self, parts: &mut Parts) -> Result<Option<Person>, Told> {
        match person(&self.bridge, parts).await {
            Ok(person) => Ok(person),
            Err(_) if !self.bridge.is_own(self.name()) => Ok(None),
            Err(denied) => {
                if let Some(method) = counted::method(&denied) {
                    metrics::Login::begun(self.name(), method).over(LoginOutcome::Refused);
                }
                Err(self.log(denied.into(), ""))
            }
        }
    }

    /// Everything else is said on the socket.
    fn converse(&self, person: Option<Person>) -> Result<Begun, Told> {
        let caller = self.bridge.admission.knock(self.visitor.address());
        let caller = caller.map_err(|refusal| {
            let Refused { refusal, cause } = self.full(refusal);
            self.log(Refused::new(refusal, format_args!("{cause}, of conversations before the login")), "")
        })?;
        let (bridge, visitor, only) = (self.bridge.clone(), self.visitor.clone(), self.only.clone());
        let login = self.login.clone();
        Ok(Begun::Conversation(Box::new(Conversation { bridge, visitor, caller, person, only, login })))
    }

    async fn log_in(
        &self,
        headers: &HeaderMap,
        upstream: &Upstream,
        person: Option<Person>,
    ) -> Result<Begun, Told> {
        let login = Login::new(basic(headers), person, self.bridge.is_own(self.name()))?;
        let user = login.user().to_owned();
        let counted = metrics::Login::begun(upstream.name(), login.method());
        let opened = self.open(upstream, login).await;
        counted.over(opened.as_ref().map_or_else(|no| counted::outcome(no.refusal), |_| LoginOutcome::Ok));
        let (connection, ticket, who) = opened.map_err(|refused| self.log(refused, &user))?;
        let (bridge, visitor) = (self.bridge.clone(), self.visitor.clone());
        let (upstream, trace) = (self.name().to_owned(), self.login.clone());
        Ok(Begun::Session(Box::new(Opened { bridge, visitor, upstream, who, connection, ticket, trace })))
    }

    async fn open(&self, upstream: &Upstream, login: Login) -> Result<(Connection, Ticket, Who), Refused> {
        let access = Access { bridge: &self.bridge, visitor: &self.visitor };
        let mut ticket =
            self.bridge.admission.enter(self.visitor.address()).map_err(|refusal| self.full(refusal))?;
        let (connection, who) = match login {
            Login::PassedThrough(user, password) => {
                let connection = access.pass_through(upstream, &user, password).await?;
                (connection, Who { user, method: "password", groups: Vec::new() })
            }
            Login::ByPassword(user, password) => {
                let person = access.by_password(&user, &password).await?;
                (access.own(&person, upstream.name()).await?, who(&person))
            }
            Login::Known(person) => (access.own(&person, upstream.name()).await?, who(&person)),
        };
        ticket.admit(upstream.name(), &who.user).map_err(|refusal| self.full(refusal))?;
        Ok((connection, ticket, who))
    }

    fn full(&self, refusal: Refusal) -> Refused {
        Refused::full(refusal, &self.bridge.config.limits)
    }

    fn log(&self, refused: Refused, user: &str) -> Told {
        self.visitor.log(&refused, user, self.name());
        Told { refusal: refused.refusal, logged: true }
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

    fn method(&self) -> &'static str {
        match self {
            Self::PassedThrough(..) | Self::ByPassword(..) => "password",
            Self::Known(person) => person.method().name(),
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
    who: Who,
    connection: Connection,
    ticket: Ticket,
    trace: traces::Login,
}

impl Begun {
    async fn begin(self, on_upgrade: OnUpgrade) {
        match timeout(UPGRADE_TIMEOUT, on_upgrade).await {
            Ok(Ok(upgraded)) => self.take_over(upgraded).await,
            _ => {
                let session = &self.visitor().session;
                tracing::info!(%session, "the client left during the opening handshake");
                self.login().left();
                if let Self::Session(opened) = self {
                    opened.connection.close().await;
                }
            }
        }
    }

    fn login(&self) -> &traces::Login {
        match self {
            Self::Session(opened) => &opened.trace,
            Self::Conversation(conversation) => &conversation.login,
        }
    }

    fn visitor(&self) -> &Visitor {
        match self {
            Self::Session(opened) => &opened.visitor,
            Self::Conversation(conversation) => &conversation.visitor,
        }
    }

    /// hyper's own stream is used directly where it is one that our listener gave it: this saves a call through a
    /// table for each read and write. TLS on a unix socket is too rare for a copy of its own of all the rest.
    async fn take_over(self, upgraded: Upgraded) {
        let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => return self.run(parts.io.into_inner(), parts.read_buf.into()).await,
            Err(upgraded) => upgraded,
        };
        let upgraded = match upgraded.downcast::<TokioIo<TlsStream<TcpStream>>>() {
            Ok(parts) => return self.run(parts.io.into_inner(), parts.read_buf.into()).await,
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<UnixStream>>() {
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
        let trace = self.trace.session(&self.visitor.session, &self.upstream, self.who.method);
        let course = Course {
            stop: &self.bridge.stop,
            lifetime: limits.lifetime,
            announce: None,
            resumable: None,
            policy: self.bridge.policies.of(&self.upstream, &self.who.user, &self.who.groups),
            audit: &self.bridge.audit,
            trace,
        };
        let identity = self.visitor.identity(self.who, &self.upstream);
        session::run(identity, socket, self.connection, limits, course).await;
        drop(self.ticket);
    }
}
