//! `Content-Security-Policy` (CSP level 3): what the page may do, and who may show it in a frame.

use http::HeaderValue;

use crate::config::Origin;

/// The page may load and run its own files only. It frames what its service worker downloads, and shows images and media
/// out of memory (`blob:`). No string becomes a script, but for what its one policy of Trusted Types lets through.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; \
     img-src 'self' blob:; media-src 'self' blob:; frame-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types sftp-app";

/// Only pages of these origins may frame the page, and without any nobody may.
pub(super) fn security_policy(frame_ancestors: &[Origin]) -> HeaderValue {
    let origins: Vec<&str> = frame_ancestors.iter().map(Origin::as_str).collect();
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    let policy = POLICY.replace("{ancestors}", &ancestors);
    // An origin is ASCII, so this never is an error; if it were one, the page would do nothing at all.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
