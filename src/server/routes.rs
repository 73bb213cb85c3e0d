//! What is served where.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::bridge::Bridge;
use super::upgrade;
use crate::refusal::Refusal;

/// The bridge as a service, to be mounted in any axum or hyper server. Sessions run on the runtime that
/// serves it. With [`axum::extract::ConnectInfo`] of a [`std::net::SocketAddr`] in the request's extensions,
/// the limits per address work and the log knows the peer.
pub(super) fn router(bridge: Bridge) -> Router {
    let base = bridge.config.listen.base_path.as_str().to_owned();
    let mut router = Router::new()
        .route(&format!("{base}/"), get(page))
        .route(&format!("{base}/sftp"), any(upgrade::default_upstream))
        .route(&format!("{base}/sftp/{{upstream}}"), any(upgrade::named_upstream))
        .route(&format!("{base}/api/info"), get(info))
        .route(&format!("{base}/healthz"), get(healthz))
        .route(&format!("{base}/readyz"), get(readyz));
    if !base.is_empty() {
        router = router.route(&base, get(page));
    }
    router.fallback(nothing_here).with_state(bridge)
}

async fn nothing_here(State(bridge): State<Bridge>) -> Response {
    upgrade::refused(Refusal::UnknownRoute, &bridge.config.page.title)
}

/// The process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// New sessions are taken.
async fn readyz(State(bridge): State<Bridge>) -> (StatusCode, &'static str) {
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
    methods: &'static [&'static str],
    limits: InfoLimits,
}

#[derive(Serialize)]
struct InfoUpstream<'a> {
    name: &'a str,
    title: &'a str,
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

async fn info(State(bridge): State<Bridge>) -> impl IntoResponse {
    let config = &bridge.config;
    let upstreams = config.upstreams.iter();
    let info = Info {
        title: &config.page.title,
        version: env!("CARGO_PKG_VERSION"),
        default_upstream: &config.default_upstream,
        upstreams: upstreams
            .map(|(name, upstream)| InfoUpstream { name, title: upstream.title_or(name) })
            .collect(),
        subprotocols: &["sftp"],
        methods: &["password"],
        limits: InfoLimits {
            packet: config.limits.packet,
            idle: config.limits.idle.as_secs(),
            lifetime: config.limits.lifetime.as_secs(),
        },
    };
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(info).into_response())
}

/// Nothing on this page is loaded from anywhere, and nobody may frame it.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// How to connect, for a person who opens the bridge's address in a browser.
async fn page(State(bridge): State<Bridge>) -> impl IntoResponse {
    let title = escape(&bridge.config.page.title);
    let base = bridge.config.listen.base_path.as_str();
    let html = include_str!("page.html").replace("{title}", &title).replace("{base}", &escape(base));
    (PAGE_HEADERS, Html(html))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
