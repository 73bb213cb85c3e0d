//! OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), as the relying party. What the
//! provider says is taken for a stranger's words until its signature is verified, and for hostile ones until
//! they are parsed.

mod claims;
mod fetch;
mod provider;

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, TokenResponse,
};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};
use url::Url;

use super::person::Person;
use super::sign_in_cookie::Pending;
use crate::config::{self, Secret};

pub use claims::ClaimError;
pub(super) use fetch::Fetch;
use fetch::FetchError;
use provider::Provider;

/// Requests of people that talk to the provider at a time; more find it busy.
const AT_A_TIME: usize = 64;

/// Everything that one request of a person waits for at the provider.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long what the provider says about itself is believed.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// A token that is signed with an unknown key makes us look for new ones, but not more often than this.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// After the provider could not be reached, the next few people are told so at once.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Signatures with a private key only. With `HS256` our own secret would sign, and `none` is no signature.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why a sign-in at the provider came to nothing. The texts are for the log: they hold no codes, no tokens and
/// no secrets, and what is the provider's own in them is escaped and short.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// Too many people sign in at this moment.
    #[error("too many sign-ins at a time")]
    Busy,
    /// No answer in time.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// No answer, or one that is none.
    #[error("the provider cannot be used: {0}")]
    Unusable(String),
    /// The code is unknown, used, expired or not for us (`invalid_grant`).
    #[error("the provider refused the code")]
    Refused,
    /// An ID token that proves nothing.
    #[error("the ID token is not valid: {0}")]
    Token(String),
    /// A valid ID token that names nobody whom we could let in.
    #[error("the ID token cannot be used: {0}")]
    Claims(#[from] ClaimError),
}

/// The client of one provider.
#[derive(Debug)]
pub(super) struct Oidc {
    config: config::Oidc,
    secret: Option<Secret>,
    fetch: Fetch,
    known: Mutex<Known>,
    places: Semaphore,
}

/// What is known of the provider.
#[derive(Debug)]
enum Known {
    Nothing,
    Provider(Arc<Provider>, Instant),
    Failed(OidcError, Instant),
}

/// The client in the form that the library wants: with both endpoints known.
type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl Oidc {
    /// Nothing is fetched yet: the provider may start after us.
    pub(super) fn new(config: &config::Oidc, secret: Option<Secret>, fetch: Fetch) -> Oidc {
        Oidc {
            config: config.clone(),
            secret,
            fetch,
            known: Mutex::new(Known::Nothing),
            places: Semaphore::new(AT_A_TIME),
        }
    }

    /// Where to send a person, and what to remember until they are back.
    pub(super) async fn begin(&self, next: String) -> Result<(Url, Pending), OidcError> {
        let provider = self.patiently(self.provider(None)).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client(&provider)?;
        let scopes = self.config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .add_scopes(scopes);
        let (url, state, nonce) = request.url();
        let pending = Pending {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next,
        };
        Ok((url, pending))
    }

    /// Who the person is, by the code that the provider gave them.
    pub(super) async fn finish(&self, pending: &Pending, code: String) -> Result<Person, OidcError> {
        self.patiently(async {
            let provider = self.provider(None).await?;
            let token = self.exchange(&provider, pending, code).await?;
            let nonce = Nonce::new(pending.nonce.clone());
            match self.verify(&provider, &token, &nonce) {
                Err(ClaimsVerificationError::SignatureVerification(
                    SignatureVerificationError::NoMatchingKey,
                )) => {
                    let provider = self.provider(Some(&provider)).await?;
                    self.verify(&provider, &token, &nonce).map_err(not_valid)?;
                }
                other => other.map_err(not_valid)?,
            }
            Ok(claims::person(&token, &self.config)?)
        })
        .await
    }

    /// Whether the answer to the person's request names another issuer than ours (RFC 9207).
    pub(super) fn is_other_issuer(&self, issuer: &str) -> bool {
        issuer.parse::<Url>().ok().as_ref() != Some(&self.config.issuer)
    }

    async fn patiently<T>(&self, work: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
        let _place = self.places.try_acquire().map_err(|_| OidcError::Busy)?;
        timeout(PATIENCE, work).await.unwrap_or(Err(OidcError::TimedOut))
    }

    /// What the provider says about itself: as it was, if that is fresh and was not `outdated`. Only one request
    /// asks at a time, and the others wait for what it hears.
    async fn provider(&self, outdated: Option<&Provider>) -> Result<Arc<Provider>, OidcError> {
        let mut known = self.known.lock().await;
        let now = Instant::now();
        match &*known {
            Known::Provider(provider, since) => {
                let age = now.duration_since(*since);
                let outdated = outdated.is_some_and(|old| std::ptr::eq(old, &**provider));
                if age < if outdated { REFRESH_PAUSE } else { FRESH } {
                    return Ok(provider.clone());
                }
            }
            Known::Failed(error, since) if now.duration_since(*since) < FAILURE_PAUSE => {
                return Err(error.clone());
            }
            Known::Failed(..) | Known::Nothing => {}
        }
        let found = Provider::discover(&self.config.issuer, &self.fetch).await.map(Arc::new);
        *known = match &found {
            Ok(provider) => Known::Provider(provider.clone(), Instant::now()),
            Err(error) => Known::Failed(error.clone(), Instant::now()),
        };
        found
    }

    fn client(&self, provider: &Provider) -> Result<Client, OidcError> {
        let redirect = RedirectUrl::new(self.config.redirect_url.to_string());
        let redirect = redirect.map_err(|error| OidcError::Unusable(error.to_string()))?;
        let id = ClientId::new(self.config.client_id.clone());
        let client = CoreClient::new(id, provider.issuer.clone(), provider.keys.clone())
            .set_auth_uri(provider.authorization.clone())
            .set_token_uri(provider.token.clone())
            .set_redirect_uri(redirect)
            .set_auth_type(provider.auth_type.clone());
        Ok(match &self.secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        })
    }

    async fn exchange(
        &self,
        provider: &Provider,
        pending: &Pending,
        code: String,
    ) -> Result<CoreIdToken, OidcError> {
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let client = self.client(provider)?;
        let request = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
        let response = request.request_async(&self.fetch).await.map_err(no_token)?;
        response.id_token().cloned().ok_or_else(|| OidcError::Token("there is none".to_owned()))
    }

    fn verify(
        &self,
        provider: &Provider,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<(), ClaimsVerificationError> {
        // Without the secret, on purpose: it must never be what verifies a signature.
        let id = ClientId::new(self.config.client_id.clone());
        let verifier =
            CoreIdTokenVerifier::new_public_client(id, provider.issuer.clone(), provider.keys.clone());
        token.claims(&verifier.set_allowed_algs(ALGORITHMS), nonce).map(drop)
    }
}

fn not_valid(error: ClaimsVerificationError) -> OidcError {
    OidcError::Token(short(&error.to_string()) + &cause(&error))
}

fn cause(error: &ClaimsVerificationError) -> String {
    match error {
        ClaimsVerificationError::SignatureVerification(error) => format!(": {}", short(&error.to_string())),
        _ => String::new(),
    }
}

/// What is wrong with the answer to a code. The answer itself may hold tokens, and is not repeated.
fn no_token(error: RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(said) => match said.error() {
            CoreErrorResponseType::InvalidGrant => OidcError::Refused,
            other => OidcError::Unusable(format!("it answers {}", short(other.as_ref()))),
        },
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::Parse(error, _) => {
            OidcError::Unusable(format!("no token response; wrong at {}", short(&error.path().to_string())))
        }
        RequestTokenError::Other(_) => OidcError::Unusable("an error without a reason".to_owned()),
    }
}

impl From<FetchError> for OidcError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::TimedOut => Self::TimedOut,
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// A stranger's text for a log line.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    text.chars().take(LONGEST).flat_map(char::escape_debug).collect()
}
