//! What is served where.

use axum::Router;
use axum::extract::State;
use axum::routing::{any, get, post};
use http::StatusCode;

use super::bridge::Bridge;
use super::file_manager::{self, Files};
use super::info::info;
use super::page::nothing_here;
use super::{sign_in, upgrade};

/// The bridge as a service, to be mounted in any axum or hyper server. Sessions run on the runtime that
/// serves it. With [`axum::extract::ConnectInfo`] of a [`std::net::SocketAddr`] in the request's extensions,
/// the limits per address work and the log knows the peer.
pub(super) fn router(bridge: Bridge) -> Router {
    router_with(bridge, &Files::built_in())
}

/// The same with another file manager page.
pub(super) fn router_with(bridge: Bridge, page: &Files) -> Router {
    let base = bridge.config.listen.base_path.as_str().to_owned();
    let mut router = Router::new()
        .route(&format!("{base}/sftp"), any(upgrade::default_upstream))
        .route(&format!("{base}/sftp/{{upstream}}"), any(upgrade::named_upstream))
        .route(&format!("{base}/auth/login"), get(sign_in::login))
        .route(&format!("{base}/auth/callback"), get(sign_in::callback))
        .route(&format!("{base}/auth/logout"), post(sign_in::logout))
        .route(&format!("{base}/api/info"), get(info))
        .route(&format!("{base}/healthz"), get(healthz))
        .route(&format!("{base}/readyz"), get(readyz));
    if bridge.config.page.enabled {
        router = router.merge(file_manager::routes(&bridge.config, page));
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
