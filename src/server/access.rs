//! Logins that need nobody to answer questions: a password, and the bridge's own credentials.

use std::time::SystemTime;

use super::bridge::Bridge;
use super::throttle::{Attempt, LONGEST_WAIT, Limit, NotNow};
use super::visitor::{Refused, Visitor};
use crate::auth::{Denied, Person};
use crate::config::Secret;
use crate::login::Method;
use crate::metrics;
use crate::refusal::Refusal;
use crate::upstream::{Connection, Credentials, Upstream, UpstreamError};

/// In place of an upstream's name where the bridge itself checks a password: no upstream has an empty name.
const BRIDGE: &str = "";

/// What a visitor may do at the bridge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) visitor: &'a Visitor,
}

impl Access<'_> {
    /// Leave to try a secret; the wait for it is bounded.
    pub(super) async fn guess(&self, upstream: &str, user: &str) -> Result<Attempt, Refused> {
        let begun = self.bridge.throttle.begin(self.visitor.address(), upstream, user).await;
        begun.map_err(|not_now| self.throttled(not_now))
    }

    /// A limit of `[throttle]` is reached.
    pub(super) fn throttled(&self, not_now: NotNow) -> Refused {
        metrics::throttled();
        let limits = &self.bridge.config.throttle;
        let failures =
            |key: &str, limit| format!("throttle.{key} = {limit} failed logins in {:?}", limits.window);
        let cause = match not_now {
            NotNow::Failures(_, Limit::Address) => {
                failures("attempts_per_address", limits.attempts_per_address)
            }
            NotNow::Failures(_, Limit::User) => failures("attempts_per_user", limits.attempts_per_user),
            NotNow::Pending => {
                format!("other logins of this user or address have been under way for {LONGEST_WAIT:?}")
            }
        };
        Refused::new(not_now.into(), cause)
    }

    /// A person's own password at an upstream. One guess, as the throttle sees it: when the client hangs up
    /// half-way, the drop of this future counts it.
    pub(super) async fn pass_through(
        &self,
        upstream: &Upstream,
        user: &str,
        password: Secret,
    ) -> Result<Connection, Refused> {
        let mut guess = self.guess(upstream.name(), user).await?;
        guess.sent();
        let opened = upstream.open(user, &Credentials::Password(password)).await;
        guess.answered(&opened);
        Ok(opened?)
    }

    /// A person of the users file.
    pub(super) async fn by_password(&self, user: &str, password: &Secret) -> Result<Person, Refused> {
        let mut guess = self.guess(BRIDGE, user).await?;
        guess.sent();
        let known = self.bridge.identities.by_password(user, password).await;
        match &known {
            Ok(_) => guess.succeeded(),
            Err(Denied::Busy | Denied::NotOffered) => guess.void(),
            Err(_) => guess.failed(),
        }
        Ok(known?)
    }

    /// The bridge's own login at the upstream `name`, for a person who may reach it.
    pub(super) async fn own(&self, person: &Person, name: &str) -> Result<Connection, Refused> {
        let unknown = |cause| Refused::new(Refusal::UnknownUpstream, cause);
        let grant = person.grant(name).ok_or_else(|| unknown("this person may not reach it"))?;
        let upstream =
            self.bridge.upstreams.get(grant.upstream()).ok_or_else(|| unknown("no such upstream"))?;
        let own = self.bridge.own.get(grant.upstream());
        let own = own.ok_or_else(|| Refused::new(Refusal::Internal, "no credentials of the bridge's own"))?;
        // A server that punishes failures would punish the bridge, and so everybody, for one whom it does not know.
        let turn = self.bridge.throttle.begin(None, grant.upstream(), grant.person()).await;
        let turn = turn.map_err(|not_now| self.throttled(not_now))?;
        let (user, credentials) = own.login(grant.person(), &self.visitor.session, SystemTime::now())?;
        let opened = upstream.open(&user, &credentials).await;
        match &opened {
            Err(UpstreamError::Refused { .. }) => turn.failed(),
            _ => turn.void(),
        }
        opened.map_err(|error| Refused::of_own_login(&error))
    }
}

impl Bridge {
    /// Whether the bridge logs in to the upstream `name` by itself.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    /// How `person`, whom the request has proved, or anybody logs in to the upstream `name`.
    pub(super) fn methods(&self, name: &str, person: Option<&Person>) -> Vec<Method> {
        let resume = self.config.upstreams.get(name).is_some_and(|upstream| !upstream.resume.is_zero());
        let (own, known) = (self.is_own(name), &self.identities);
        let external = person.is_some_and(|person| person.grant(name).is_some());
        [
            (Method::Password, !own || known.has_passwords()),
            (Method::KeyboardInteractive, !own),
            (Method::PublicKey, !own),
            (Method::Bearer, own && known.has_bearer()),
            (Method::External, own && external),
            (Method::Oidc, own && known.has_oidc()),
            (Method::Resume, resume),
        ]
        .into_iter()
        .filter_map(|(method, offered)| offered.then_some(method))
        .collect()
    }
}
