//! Signing in with the browser, as HTTP: `auth/login` sends a person to the provider, `auth/callback` takes them
//! back, and `auth/logout` forgets them.
//!
//! Behind `auth/logout` is a POST with an `Origin` of ours. The page must send it by `fetch`: a form would carry
//! `Origin: null`, because the page sends no referrer.

use std::time::{Duration, SystemTime};

use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use url::form_urlencoded;

use super::bridge::Bridge;
use super::page::{PAGE_HEADERS, escape, nothing_here};
use super::refused::refused;
use crate::auth::{Ended, OidcError, SignInError};
use crate::refusal::Refusal;

/// When to come back to where too many people sign in.
const BUSY: Duration = Duration::from_secs(5);

/// `GET auth/login?next=/path`
pub(super) async fn login(State(bridge): State<Bridge>, request: Request) -> Response {
    let Some(sign_in) = bridge.identities.sign_in() else {
        return nothing_here(State(bridge)).await;
    };
    let query = request.uri().query().unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = next.as_ref().map(|(_, path)| &**path);
    match sign_in.begin(next, request.headers(), SystemTime::now()).await {
        Ok(begun) => see_other(begun.url.as_str(), &begun.cookies),
        Err(failure) => failed(&bridge, &failure, request.headers(), request.extensions()),
    }
}

/// `GET auth/callback`, with the provider's answer in the query.
pub(super) async fn callback(State(bridge): State<Bridge>, request: Request) -> Response {
    let Some(sign_in) = bridge.identities.sign_in() else {
        return nothing_here(State(bridge)).await;
    };
    let query = request.uri().query().unwrap_or_default();
    let exists = |name: &str| bridge.config.upstreams.contains_key(name);
    let matters = |group: &str| bridge.policies.name_group(group);
    // A code is a secret that can be guessed at, and each try is a request to the provider.
    let address = bridge.peer(request.headers(), request.extensions()).and_then(|peer| peer.address);
    let attempt = match bridge.throttle.begin_unnamed(address).await {
        Ok(attempt) => attempt,
        Err(not_now) => return throttled(&bridge, not_now.into(), request.headers(), request.extensions()),
    };
    let now = SystemTime::now();
    let Ended { result, cookies } = sign_in.end(query, request.headers(), now, exists, matters).await;
    if let Some(attempt) = attempt {
        match &result {
            Ok(_) => attempt.succeeded(),
            Err(SignInError::Oidc(OidcError::Refused)) => attempt.failed(),
            Err(_) => attempt.void(),
        }
    }
    match result {
        Ok(signed_in) => {
            let peer = peer(&bridge, request.headers(), request.extensions());
            let user = signed_in.person.name().escape_debug();
            tracing::info!(event = %"sign_in", %user, %peer);
            see_other(&signed_in.next, &cookies)
        }
        Err(failure) => {
            let page = failed(&bridge, &failure, request.headers(), request.extensions());
            with_cookies(page, &cookies)
        }
    }
}

/// `POST auth/logout`. What was opened before goes on; nothing more can be.
pub(super) async fn logout(State(bridge): State<Bridge>, request: Request) -> Response {
    let (headers, extensions) = (request.headers(), request.extensions());
    let peer = bridge.peer(headers, extensions);
    // Whoever has no page of ours open has nothing to sign out of.
    let ours = headers.contains_key(header::ORIGIN) && bridge.origin_allowed(peer, headers, extensions);
    match bridge.identities.sign_in() {
        None => nothing_here(State(bridge)).await,
        Some(_) if !ours => refused(Refusal::Origin, &bridge.config.page.title, None),
        Some(sign_in) => see_other(sign_in.home(), &[sign_in.sign_out()]),
    }
}

fn see_other(location: &str, cookies: &[String]) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let response = (StatusCode::SEE_OTHER, PAGE_HEADERS, [(header::LOCATION, location)]);
    with_cookies(response.into_response(), cookies)
}

/// Nothing that has to do with signing in may be kept by a cache.
fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// A page that says what went wrong, and a line of the log that says why.
fn failed(bridge: &Bridge, failure: &SignInError, headers: &HeaderMap, extensions: &Extensions) -> Response {
    let (status, sentence) = told(failure);
    let peer = peer(bridge, headers, extensions);
    tracing::warn!(event = %"sign_in_failed", status = status.as_u16(), %peer, cause = %failure);
    let wait = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(BUSY);
    page(bridge, status, sentence, wait)
}

/// Too many codes of this address were wrong: the provider hears nothing of another one.
fn throttled(bridge: &Bridge, refusal: Refusal, headers: &HeaderMap, extensions: &Extensions) -> Response {
    let (status, peer) = (refusal.status(), peer(bridge, headers, extensions));
    let cause = "throttle.attempts_per_address";
    tracing::warn!(event = %"sign_in_failed", status = status.as_u16(), %peer, cause);
    page(bridge, status, &refusal.reason(), refusal.retry_after())
}

fn page(bridge: &Bridge, status: StatusCode, sentence: &str, wait: Option<Duration>) -> Response {
    let html = include_str!("sign_in.html")
        .replace("{title}", &escape(&bridge.config.page.title))
        .replace("{sentence}", &escape(sentence));
    let mut response = with_cookies((status, PAGE_HEADERS, Html(html)).into_response(), &[]);
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    response
}

fn peer(bridge: &Bridge, headers: &HeaderMap, extensions: &Extensions) -> String {
    bridge.peer(headers, extensions).map_or_else(|| "unknown".to_owned(), |peer| peer.to_string())
}

/// What a person is told. The provider's own words are none of it.
fn told(failure: &SignInError) -> (StatusCode, &'static str) {
    match failure {
        SignInError::Next => (StatusCode::BAD_REQUEST, "The page to go to afterwards is not on this server."),
        SignInError::Unknown => (
            StatusCode::BAD_REQUEST,
            "This sign-in was begun too long ago, or not in this browser, or is over already.",
        ),
        SignInError::Malformed => (StatusCode::BAD_REQUEST, "This is not an answer of the sign-in server."),
        SignInError::Declined(_) => (StatusCode::FORBIDDEN, "The sign-in server did not let you in."),
        SignInError::TooMany | SignInError::Oidc(OidcError::Claims(_)) => {
            (StatusCode::FORBIDDEN, "Your account cannot be used here.")
        }
        SignInError::Oidc(OidcError::Refused) => {
            (StatusCode::FORBIDDEN, "This sign-in was not accepted; it may have been used already.")
        }
        SignInError::Oidc(OidcError::Busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Too many people sign in at this moment.")
        }
        SignInError::Oidc(OidcError::TimedOut) => {
            (StatusCode::GATEWAY_TIMEOUT, "The sign-in server did not answer in time.")
        }
        SignInError::Oidc(OidcError::Unusable(_)) => {
            (StatusCode::BAD_GATEWAY, "The sign-in server cannot be used at this moment.")
        }
        SignInError::Oidc(OidcError::Token(_)) => (
            StatusCode::BAD_GATEWAY,
            "The sign-in server did not say who you are in a way that can be believed.",
        ),
    }
}
