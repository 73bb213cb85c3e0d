//! What all pages have in common.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use super::bridge::Bridge;
use super::refused::refused;
use crate::refusal::Refusal;

/// Nothing on this page is loaded from anywhere, and nobody may frame it.
pub(super) const PAGE_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The answer where there is no page.
pub(super) async fn nothing_here(State(bridge): State<Bridge>) -> Response {
    refused(Refusal::UnknownRoute, &bridge.config.page.title, None)
}
