//! The file manager page: the files that `make web` has built, as they were put into this program, or a page that says
//! how to get them. Each file is a route, so a request can name nothing else. What the page shows is in its URL's
//! fragment, which never gets here.

mod accept_encoding;
mod asset;
mod files;
mod security_policy;
#[cfg(test)]
mod tests;

use std::future::ready;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};

use super::bridge::Bridge;
use super::page::{PAGE_HEADERS, escape};
use crate::config::Config;
use asset::Asset;
pub(super) use files::Files;
use security_policy::security_policy;

/// Whether this program was built with the file manager page in it.
pub fn has_file_manager() -> bool {
    Files::built_in().index().is_some()
}

/// The page, below the base path.
pub(super) fn routes(config: &Config, files: &Files) -> Router<Bridge> {
    let base = config.listen.base_path.as_str();
    let policy = security_policy(&config.page.frame_ancestors);
    let index = match files.index() {
        Some(index) => get(answer(index, &policy)),
        None => get(not_built),
    };
    let mut router = Router::new().route(&format!("{base}/"), index);
    for (path, asset) in files.iter() {
        router = router.route(&format!("{base}/{path}"), get(answer(asset, &policy)));
    }
    if !base.is_empty() {
        router = router.route(base, get(with_slash));
    }
    router
}

fn answer(
    asset: &Asset,
    policy: &HeaderValue,
) -> impl FnOnce(HeaderMap) -> std::future::Ready<Response> + Clone + use<> {
    let (asset, policy) = (asset.clone(), policy.clone());
    move |request| ready(asset.answer(&request, &policy))
}

/// The page's URLs are relative, and would be beside the base path without the slash.
async fn with_slash(State(bridge): State<Bridge>) -> impl IntoResponse {
    let page = format!("{}/", bridge.config.listen.base_path.as_str());
    (no_cache(), Redirect::permanent(&page))
}

/// How to get the page, and how to connect without it.
async fn not_built(State(bridge): State<Bridge>, request: Request) -> impl IntoResponse {
    let peer = bridge.peer(request.headers(), request.extensions());
    let scheme = if bridge.is_https(peer, request.extensions()) { "wss" } else { "ws" };
    let html = include_str!("file_manager/not_built.html")
        .replace("{title}", &escape(&bridge.config.page.title))
        .replace("{scheme}", scheme)
        .replace("{base}", &escape(bridge.config.listen.base_path.as_str()));
    (PAGE_HEADERS, no_cache(), Html(html))
}

fn no_cache() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]
}
