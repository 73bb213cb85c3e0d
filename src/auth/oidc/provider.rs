//! What a provider says about itself (OpenID Connect Discovery 1.0).

use openidconnect::core::{CoreClientAuthMethod, CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::{AuthType, AuthUrl, IssuerUrl, TokenUrl};
use url::Url;

use super::OidcError;
use super::fetch::{Fetch, FetchError};

/// Where the document is, under the issuer (section 4).
const DOCUMENT: &str = "/.well-known/openid-configuration";

/// The part of it that we need, and the keys.
#[derive(Debug)]
pub(super) struct Provider {
    /// Exactly as tokens will spell it.
    pub(super) issuer: IssuerUrl,
    pub(super) authorization: AuthUrl,
    pub(super) token: TokenUrl,
    pub(super) auth_type: AuthType,
    pub(super) keys: CoreJsonWebKeySet,
}

impl Provider {
    /// Asks for the document of `issuer`, and for the keys.
    pub(super) async fn discover(issuer: &Url, fetch: &Fetch) -> Result<Provider, OidcError> {
        let unusable = |part, error| match error {
            FetchError::TimedOut => OidcError::TimedOut,
            other => OidcError::Unusable(format!("{part}: {other}")),
        };
        let mut document = issuer.clone();
        document.set_path(&format!("{}{DOCUMENT}", issuer.path().trim_end_matches('/')));
        let metadata: CoreProviderMetadata =
            fetch.json(&document).await.map_err(|error| unusable("its document", error))?;
        let provider = check(issuer, metadata, fetch)?;
        let keys = fetch.json(provider.1.url()).await.map_err(|error| unusable("its keys", error))?;
        Ok(Provider { keys, ..provider.0 })
    }
}

/// Section 4.3: the issuer is the one that was asked. The configuration holds a URL, in which `https://a` and
/// `https://a/` are the same; tokens are compared with the document's own spelling.
fn check(
    issuer: &Url,
    metadata: CoreProviderMetadata,
    fetch: &Fetch,
) -> Result<(Provider, openidconnect::JsonWebKeySetUrl), OidcError> {
    let wrong = |what: &str| OidcError::Unusable(format!("its document: {what}"));
    if metadata.issuer().as_str().parse::<Url>().ok().as_ref() != Some(issuer) {
        return Err(wrong("it is about another issuer"));
    }
    let authorization = metadata.authorization_endpoint().clone();
    let token = metadata.token_endpoint().cloned().ok_or_else(|| wrong("no token_endpoint"))?;
    let keys = metadata.jwks_uri().clone();
    if ![authorization.url(), token.url(), keys.url()].into_iter().all(|url| fetch.may_go_to(url)) {
        return Err(wrong("an endpoint is not https"));
    }
    let provider = Provider {
        issuer: metadata.issuer().clone(),
        authorization,
        token,
        auth_type: auth_type(metadata.token_endpoint_auth_methods_supported()),
        keys: CoreJsonWebKeySet::default(),
    };
    Ok((provider, keys))
}

/// `client_secret_basic` unless only `client_secret_post` is taken (section 3).
fn auth_type(methods: Option<&Vec<CoreClientAuthMethod>>) -> AuthType {
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    let post =
        takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic);
    if post { AuthType::RequestBody } else { AuthType::BasicAuth }
}
