//! One file of the page, and how a request for it is answered.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::accept_encoding::{AcceptEncoding, Coding};

/// Bytes of a hash in an ETag: enough that no two builds share one.
const ETAG_BYTES: usize = 16;

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::VARY, HeaderValue::from_static("Accept-Encoding")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    content_type: HeaderValue,
    cache_control: HeaderValue,
    original: Form,
    /// The best first.
    compressed: Vec<(Coding, Form)>,
}

/// The file as it is, or compressed: each is a representation with an ETag of its own.
#[derive(Debug, Clone)]
struct Form {
    bytes: Bytes,
    etag: String,
}

impl Asset {
    pub(super) fn new(
        path: &str,
        original: Bytes,
        compressed: impl IntoIterator<Item = (Coding, Bytes)>,
    ) -> Self {
        Self {
            content_type: HeaderValue::from_static(content_type(path)),
            cache_control: HeaderValue::from_static(cache_control(path)),
            original: Form::new(original),
            compressed: compressed.into_iter().map(|(coding, bytes)| (coding, Form::new(bytes))).collect(),
        }
    }

    /// `policy` is the `Content-Security-Policy`.
    pub(super) fn answer(&self, request: &HeaderMap, policy: &HeaderValue) -> Response {
        let (coding, form) = self.form(&AcceptEncoding::of(request));
        let mut response = Response::default();
        if is_known(request, &form.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(form.bytes.clone());
            response.headers_mut().insert(header::CONTENT_TYPE, self.content_type.clone());
            if let Some(coding) = coding {
                let coding = HeaderValue::from_static(coding.name());
                response.headers_mut().insert(header::CONTENT_ENCODING, coding);
            }
        }
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        headers.extend(HEADERS);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        if let Ok(etag) = HeaderValue::try_from(&form.etag) {
            headers.insert(header::ETAG, etag);
        }
        response
    }

    fn form(&self, accepted: &AcceptEncoding<'_>) -> (Option<Coding>, &Form) {
        let chosen = accepted.choose(self.compressed.iter().map(|(coding, _)| *coding));
        let form = self.compressed.iter().find(|(coding, _)| Some(*coding) == chosen);
        (chosen, form.map_or(&self.original, |(_, form)| form))
    }
}

impl Form {
    fn new(bytes: Bytes) -> Self {
        let hash = Sha256::digest(&bytes);
        let tag = URL_SAFE_NO_PAD.encode(hash.get(..ETAG_BYTES).unwrap_or(&hash));
        Self { bytes, etag: format!("\"{tag}\"") }
    }
}

/// `If-None-Match` (RFC 9110, section 13.1.2). No tag of ours has a comma in it, so that others may be cut at theirs.
fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let lines = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    // A proxy that compresses may have made a tag weak.
    tags.any(|tag| tag == "*" || etag == tag.strip_prefix("W/").unwrap_or(tag))
}

/// Names below `assets/` have a hash of their content in them: what is there never changes. All else is asked for each
/// time, so that the page is of one piece after an update.
fn cache_control(path: &str) -> &'static str {
    match path.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

/// Of the files that a build of the page has. A browser is told not to guess, so that an unknown one is not used.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => UNKNOWN,
    }
}

const UNKNOWN: &str = "application/octet-stream";
