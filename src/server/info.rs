//! `api/info`: what a page or a client needs to know before it logs in. Addresses and limits of the inside are not part
//! of it.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;

use super::bridge::Bridge;
use super::handshake::Subprotocol;
use super::upgrade;
use crate::auth::{Person, Proved};
use crate::config::Config;
use crate::login::Method;

/// The answer is this visitor's: nobody keeps it, and no page of another origin gets hold of it.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

#[derive(Serialize)]
struct Info<'a> {
    title: &'a str,
    version: &'static str,
    default_upstream: &'a str,
    upstreams: Vec<Upstream<'a>>,
    subprotocols: &'static [&'static str],
    /// Of the default upstream.
    methods: Vec<Method>,
    limits: Limits,
    /// Whom the request proves.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    /// How to sign in with the browser, where that is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in: Option<SignIn<'a>>,
    /// Where a POST signs out whoever has signed in with the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_out: Option<&'static str>,
}

#[derive(Serialize)]
struct Upstream<'a> {
    name: &'a str,
    title: &'a str,
    /// How this visitor logs in there.
    methods: Vec<Method>,
}

#[derive(Serialize)]
struct Limits {
    /// Largest request in bytes, length prefix included.
    packet: usize,
    /// Seconds.
    idle: u64,
    /// Seconds.
    lifetime: u64,
}

#[derive(Serialize)]
struct SignIn<'a> {
    /// From the page, whatever path a proxy has put it under.
    url: &'static str,
    /// The provider's host.
    name: &'a str,
}

pub(super) async fn info(State(bridge): State<Bridge>, request: Request) -> impl IntoResponse {
    let (mut parts, _) = request.into_parts();
    let peer = bridge.peer(&parts.headers, &parts.extensions);
    let person = match bridge.origin_allowed(peer, &parts.headers, &parts.extensions) {
        true => upgrade::person(&bridge, &mut parts).await.unwrap_or_default(),
        // Whoever the browser is, the page is none of ours.
        false => None,
    };
    (HEADERS, Json(Info::of(&bridge, person.as_ref())).into_response())
}

impl<'a> Info<'a> {
    fn of(bridge: &'a Bridge, person: Option<&'a Person>) -> Self {
        let config = &bridge.config;
        let methods = |name: &str| bridge.methods(name, person);
        let upstreams = config.upstreams.iter();
        let signed_in = person.is_some_and(|person| person.method() == Proved::Oidc);
        Info {
            title: &config.page.title,
            version: env!("CARGO_PKG_VERSION"),
            default_upstream: &config.default_upstream,
            upstreams: upstreams
                .map(|(name, upstream)| Upstream {
                    name,
                    title: upstream.title_or(name),
                    methods: methods(name),
                })
                .collect(),
            subprotocols: Subprotocol::NAMES,
            methods: methods(&config.default_upstream),
            limits: Limits {
                packet: config.limits.packet,
                idle: config.limits.idle.as_secs(),
                lifetime: config.limits.lifetime.as_secs(),
            },
            user: person.map(Person::name),
            sign_in: sign_in(config),
            sign_out: signed_in.then_some("auth/logout"),
        }
    }
}

fn sign_in(config: &Config) -> Option<SignIn<'_>> {
    let provider = &config.identity.oidc.as_ref()?.issuer;
    Some(SignIn { url: "auth/login", name: provider.host_str().unwrap_or_default() })
}
