//! One try to log in, checked: whatever is in an [`Attempt`] may be tried.

use russh::keys::{Certificate, PublicKey};

use super::failure::sentence;
use super::{FailureCode, LoginMethod, LoginRequest, Method, VisibleUpstream, key};
use crate::auth::{is_login_name, is_password};
use crate::config::Secret;

/// A try that passed every check that needs nobody else.
#[derive(Debug)]
pub struct Attempt {
    /// The name of the upstream, one of those on offer.
    pub upstream: String,
    /// Whether the client named it. If not, a token stands for any.
    pub named: bool,
    /// The user name; empty where the proof tells it.
    pub user: String,
    /// What proves it; its method is one that the upstream has on offer.
    pub proof: Proof,
}

/// What proves who somebody is, at the upstream or to the bridge.
#[derive(Debug)]
pub enum Proof {
    /// A password, not empty.
    Password(Secret),
    /// Answers to the questions to come.
    KeyboardInteractive,
    /// A key; the signature will be asked for.
    PublicKey(Box<PublicKey>),
    /// The same with a user certificate for the key.
    Certificate(Box<Certificate>),
    /// A bearer token.
    Bearer(Secret),
    /// What the opening handshake proved.
    External,
    /// A token of an earlier session.
    Resume(Secret),
}

/// Why a try is none. Another may follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfit {
    pub(super) code: FailureCode,
    pub(super) message: &'static str,
}

/// Checks a try for `upstream`.
pub(super) fn check(upstream: &VisibleUpstream, request: LoginRequest) -> Result<(Attempt, Method), Unfit> {
    let LoginRequest { upstream: named, user, method } = request;
    let name = method.name();
    if !upstream.methods.contains(&name) || name == Method::Oidc {
        let message = if name == Method::Oidc { sentence::SIGN_IN } else { sentence::NOT_OFFERED };
        return Err(Unfit { code: FailureCode::MethodUnavailable, message });
    }
    let user = user.unwrap_or_default();
    let refused = |message| Unfit { code: FailureCode::Refused, message };
    let needs_user = matches!(name, Method::Password | Method::KeyboardInteractive | Method::PublicKey);
    if !is_login_name(&user) && (needs_user || !user.is_empty()) {
        return Err(refused(sentence::EMPTY));
    }
    let proof = prove(method).map_err(refused)?;
    Ok((Attempt { upstream: upstream.name.clone(), named: named.is_some(), user, proof }, name))
}

fn prove(method: LoginMethod) -> Result<Proof, &'static str> {
    match method {
        LoginMethod::Password { password } if is_password(password.expose()) => Ok(Proof::Password(password)),
        LoginMethod::Password { .. } => Err(sentence::EMPTY),
        LoginMethod::KeyboardInteractive {} => Ok(Proof::KeyboardInteractive),
        LoginMethod::PublicKey { public_key } => key::parse(&public_key).ok_or(sentence::KEY),
        LoginMethod::Bearer { token } if token.expose().is_empty() => Err(sentence::EMPTY),
        LoginMethod::Bearer { token } => Ok(Proof::Bearer(token)),
        LoginMethod::External {} => Ok(Proof::External),
        LoginMethod::Resume { token } => Ok(Proof::Resume(token)),
        LoginMethod::Oidc {} | LoginMethod::Other => Err(sentence::NOT_OFFERED),
    }
}

impl LoginMethod {
    pub(super) fn name(&self) -> Method {
        match self {
            Self::Password { .. } => Method::Password,
            Self::KeyboardInteractive {} => Method::KeyboardInteractive,
            Self::PublicKey { .. } => Method::PublicKey,
            Self::Bearer { .. } => Method::Bearer,
            Self::External {} => Method::External,
            Self::Resume { .. } => Method::Resume,
            Self::Oidc {} => Method::Oidc,
            Self::Other => Method::Other,
        }
    }
}
