//! Methods, login and subsystem.

use std::time::SystemTime;

use tokio::time::Instant;

use super::advice;
use super::arrival::Arrival;
use super::escape;
use super::proof::Proof;
use super::step::{Step, StepName};
use crate::upstream::{Attempt, Authentication, Connection, Credentials, Method, OwnError, UpstreamError};

/// The certificate of a check says so in the log of sshd, where that of a session has its number.
const SESSION: &str = "check";

/// Tells how the login goes, up to the subsystem; the connection is there if all of it went well.
pub(super) async fn log_in(
    mut authentication: Authentication,
    way: &Arrival<'_>,
    proof: Proof<'_>,
    tell: &mut impl FnMut(Step),
) -> Option<Connection> {
    let (user, credentials) = match bring(proof) {
        Ok(brought) => brought,
        Err(NotBrought::Nobody(why)) => {
            for name in [StepName::Methods, StepName::Login, StepName::Subsystem] {
                tell(Step::skipped(name, why));
            }
            return None;
        }
        Err(NotBrought::Unusable(error)) => {
            tell(Step::skipped(StepName::Methods, "no user to ask for"));
            let found = escape::harmless(&error.to_string());
            tell(Step::failed(StepName::Login, None, found, advice::own_unusable(&error)));
            tell(Step::not_reached(StepName::Subsystem));
            return None;
        }
    };
    let methods = methods(&mut authentication, way, &user, tell).await;
    let logged_in = match (methods, &credentials) {
        (None, _) => not_tried(tell, Step::NOT_REACHED),
        (Some(_), Err(why)) => not_tried(tell, why),
        (Some(methods), Ok(credentials)) => {
            attempt(&mut authentication, way, &user, credentials, &methods, tell).await
        }
    };
    if !logged_in {
        tell(Step::not_reached(StepName::Subsystem));
        return None;
    }
    let start = Instant::now();
    match authentication.start().await {
        Ok(connection) => {
            tell(Step::ok(StepName::Subsystem, Some(start.elapsed()), "sftp"));
            Some(connection)
        }
        Err(error) => {
            tell(failed(StepName::Subsystem, start, way, &error, None));
            None
        }
    }
}

enum NotBrought<'a> {
    Nobody(&'a str),
    Unusable(OwnError),
}

/// The name for the server, and the credentials, or why there are none.
type Brought<'a> = (String, Result<Credentials, &'a str>);

fn bring(proof: Proof<'_>) -> Result<Brought<'_>, NotBrought<'_>> {
    match proof {
        Proof::Nobody(why) => Err(NotBrought::Nobody(why)),
        Proof::Name(user, why) => Ok((user.to_owned(), Err(why))),
        Proof::Password(user, password) => Ok((user.to_owned(), Ok(Credentials::Password(password.clone())))),
        Proof::Own(own, person) => {
            let (user, credentials) =
                own.login(person, SESSION, SystemTime::now()).map_err(NotBrought::Unusable)?;
            Ok((user, Ok(credentials)))
        }
    }
}

/// What the server takes. Empty where it takes nothing and lets everybody in.
async fn methods(
    authentication: &mut Authentication,
    way: &Arrival<'_>,
    user: &str,
    tell: &mut impl FnMut(Step),
) -> Option<Vec<Method>> {
    let start = Instant::now();
    let asked = authentication.methods(user).await;
    let user = escape::harmless(user);
    match asked {
        Ok(Attempt::Failure { remaining, .. }) if !remaining.is_empty() => {
            let names: Vec<&str> = remaining.iter().map(|method| method.name()).collect();
            let found = format!("{} for {user}", names.join(", "));
            tell(Step::ok(StepName::Methods, Some(start.elapsed()), found));
            Some(remaining)
        }
        Ok(Attempt::Failure { remaining, partial }) => {
            let error = UpstreamError::Refused { remaining, partial };
            tell(failed(StepName::Methods, start, way, &error, authentication.banner()));
            None
        }
        Ok(Attempt::PasswordExpired) => None,
        Ok(Attempt::Success) => {
            let found = format!("none needed for {user}");
            let took = Some(start.elapsed());
            tell(Step::warning(StepName::Methods, took, found, advice::empty_methods()));
            Some(Vec::new())
        }
        Err(error) => {
            tell(failed(StepName::Methods, start, way, &error, authentication.banner()));
            None
        }
    }
}

async fn attempt(
    authentication: &mut Authentication,
    way: &Arrival<'_>,
    user: &str,
    credentials: &Credentials,
    methods: &[Method],
    tell: &mut impl FnMut(Step),
) -> bool {
    let shown = escape::harmless(user);
    if methods.is_empty() {
        tell(Step::ok(StepName::Login, None, format!("{shown}, without a proof")));
        return true;
    }
    let asks = methods.contains(&Method::Password) || methods.contains(&Method::KeyboardInteractive);
    if matches!(credentials, Credentials::Password(_)) && !asks {
        let found = format!("not tried as {shown}: no password is taken");
        tell(Step::failed(StepName::Login, None, found, advice::no_password_method()));
        return false;
    }
    let start = Instant::now();
    let error = match authentication.log_in(user, credentials).await {
        Ok(Attempt::Success) => {
            tell(Step::ok(
                StepName::Login,
                Some(start.elapsed()),
                format!("{shown} by {}", kind(credentials)),
            ));
            return true;
        }
        Ok(Attempt::Failure { remaining, partial }) => UpstreamError::Refused { remaining, partial },
        Ok(Attempt::PasswordExpired) => UpstreamError::PasswordExpired,
        Err(error) => error,
    };
    tell(failed(StepName::Login, start, way, &error, authentication.banner()));
    false
}

fn not_tried(tell: &mut impl FnMut(Step), why: &str) -> bool {
    tell(Step::skipped(StepName::Login, why));
    false
}

fn failed(
    name: StepName,
    start: Instant,
    way: &Arrival<'_>,
    error: &UpstreamError,
    banner: Option<String>,
) -> Step {
    let mut found = advice::found(error, &way.seen);
    if let Some(banner) = banner {
        found.push_str(&format!("; its banner says \"{}\"", escape::bytes(banner.trim().as_bytes())));
    }
    Step::failed(name, Some(start.elapsed()), found, advice::advice(error, &way.seen, way.settings))
}

/// What kind of proof it is; never the proof.
fn kind(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::Password(_) => "password",
        Credentials::KeyboardInteractive => "keyboard-interactive",
        Credentials::PublicKey(_) | Credentials::Key { certificate: None, .. } => "key",
        Credentials::Certificate(_) | Credentials::Key { certificate: Some(_), .. } => "certificate",
        Credentials::Agent { .. } => "the ssh-agent's key",
    }
}
