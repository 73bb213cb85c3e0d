//! What is served where.

use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::bridge::Bridge;
use super::handshake::Subprotocol;
use super::page::{PAGE_HEADERS, escape, nothing_here};
use super::{sign_in, upgrade};
use crate::login::Method;

/// The bridge as a service, to be mounted in any axum or hyper server. Sessions run on the runtime that
/// serves it. With [`axum::extract::ConnectInfo`] of a [`std::net::SocketAddr`] in the request's extensions,
/// the limits per address work and the log knows the peer.
pub(super) fn router(bridge: Bridge) -> Router {
    let base = bridge.config.listen.base_path.as_str().to_owned();
    let mut router = Router::new()
        .route(&format!("{base}/"), get(page))
        .route(&format!("{base}/sftp"), any(upgrade::default_upstream))
        .route(&format!("{base}/sftp/{{upstream}}"), any(upgrade::named_upstream))
        .route(&format!("{base}/auth/login"), get(sign_in::login))
        .route(&format!("{base}/auth/callback"), get(sign_in::callback))
        .route(&format!("{base}/auth/logout"), post(sign_in::logout))
        .route(&format!("{base}/api/info"), get(info))
        .route(&format!("{base}/healthz"), get(healthz))
        .route(&format!("{base}/readyz"), get(readyz));
    if !base.is_empty() {
        router = router.route(&base, get(page));
    }
    router.fallback(nothing_here).with_state(bridge)
}

/// The process runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// New sessions are taken.
pub(super) async fn readyz(State(bridge): State<Bridge>) -> (StatusCode, &'static str) {
    if bridge.draining.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

/// What a client needs to know before it logs in. Addresses and limits of the inside are not part of it.
#[derive(Serialize)]
struct Info<'a> {
    title: &'a str,
    version: &'static str,
    default_upstream: &'a str,
    upstreams: Vec<InfoUpstream<'a>>,
    subprotocols: &'static [&'static str],
    /// Of the default upstream.
    methods: Vec<Method>,
    limits: InfoLimits,
}

#[derive(Serialize)]
struct InfoUpstream<'a> {
    name: &'a str,
    title: &'a str,
    /// How this visitor logs in there.
    methods: Vec<Method>,
}

#[derive(Serialize)]
struct InfoLimits {
    /// Largest request in bytes, length prefix included.
    packet: usize,
    /// Seconds.
    idle: u64,
    /// Seconds.
    lifetime: u64,
}

async fn info(State(bridge): State<Bridge>, request: Request) -> impl IntoResponse {
    let config = &bridge.config;
    let (mut parts, _) = request.into_parts();
    let peer = bridge.peer(&parts.headers, &parts.extensions);
    let person = match bridge.origin_allowed(peer, &parts.headers, &parts.extensions) {
        true => upgrade::person(&bridge, &mut parts).await.unwrap_or_default(),
        // Whoever the browser is, the page is none of ours.
        false => None,
    };
    let methods = |name: &str| bridge.methods(name, person.as_ref());
    let upstreams = config.upstreams.iter();
    let info = Info {
        title: &config.page.title,
        version: env!("CARGO_PKG_VERSION"),
        default_upstream: &config.default_upstream,
        upstreams: upstreams
            .map(|(name, upstream)| InfoUpstream {
                name,
                title: upstream.title_or(name),
                methods: methods(name),
            })
            .collect(),
        subprotocols: Subprotocol::NAMES,
        methods: methods(&config.default_upstream),
        limits: InfoLimits {
            packet: config.limits.packet,
            idle: config.limits.idle.as_secs(),
            lifetime: config.limits.lifetime.as_secs(),
        },
    };
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(info).into_response())
}

/// How to connect, for a person who opens the bridge's address in a browser.
async fn page(State(bridge): State<Bridge>) -> impl IntoResponse {
    let title = escape(&bridge.config.page.title);
    let base = bridge.config.listen.base_path.as_str();
    let html = include_str!("page.html").replace("{title}", &title).replace("{base}", &escape(base));
    (PAGE_HEADERS, Html(html))
}
