//! Whether a person can be known in the ways that are configured, where somebody must be.

use figment::Figment;

use crate::config::source::placed;
use crate::config::{Config, ConfigError, Credentials, Identity};

/// Where people are sent back to after they signed in, under the base path.
const CALLBACK: &str = "/auth/callback";

pub(super) fn check(figment: &Figment, config: &Config) -> Result<(), ConfigError> {
    let identity = &config.identity;
    let at = |key: &str, problem: String| Err(placed(figment, key, problem));
    if identity.trusted_header.as_ref().is_some_and(|trusted| trusted.from.is_empty()) {
        return at("identity.trusted_header.from", "a list with at least one network is required".to_owned());
    }
    if let Some(trusted) = &identity.trusted_header
        && trusted.groups.as_ref() == Some(&trusted.name)
    {
        let problem = format!("{} is the header of the name; groups need one of their own", trusted.name);
        return at("identity.trusted_header.groups", problem);
    }
    let client_ca = config.listen.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
    if identity.client_certificate.is_some() && client_ca.is_none() {
        let problem = "needs listen.tls.client_ca: whose certificates are to be believed?";
        return at("identity.client_certificate", problem.to_owned());
    }
    if let Some(oidc) = &identity.oidc {
        let end = format!("{}{CALLBACK}", config.listen.base_path);
        let url = &oidc.redirect_url;
        if !url.path().ends_with(&end) || url.query().is_some() {
            let problem = format!("expected a URL that ends in {end:?}, found {:?}", url.as_str());
            return at("identity.oidc.redirect_url", problem);
        }
    }
    let own = |credentials: &Credentials| matches!(credentials, Credentials::Own { .. });
    match config.upstreams.iter().find(|(_, upstream)| own(&upstream.credentials)) {
        Some((name, _)) if *identity == Identity::default() => {
            let problem =
                "the bridge's own credentials are for people it knows, and [identity] has no way to";
            at(&format!("upstreams.{name}.credentials"), problem.to_owned())
        }
        _ => Ok(()),
    }
}
