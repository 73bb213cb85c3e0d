//! One attempt of a conversation, from its proof to its outcome. Dropping the future cuts what it has opened.

use std::time::Duration;

use tokio::time::Instant;

use super::asker::{Asker, Client};
use super::guessing::{Efforts, Guessing};
use crate::auth::Person;
use crate::login::{Method, Proof};
use crate::refusal::Refusal;
use crate::server::access::{Access, throttled};
use crate::server::admission::Ticket;
use crate::server::bridge::Bridge;
use crate::server::parked::Parked;
use crate::server::resume::Claimant;
use crate::server::visitor::{Refused, Visitor};
use crate::upstream::{self, Authentication, Connection, Credentials, UpstreamError};

/// Longest wait for the session of a lost socket to give its connection away, beside `limits.linger`.
const HAND_OVER: Duration = Duration::from_secs(5);

/// One attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) bridge: Bridge,
    pub(super) visitor: Visitor,
    /// Whom the request itself has proved.
    pub(super) person: Option<Person>,
    pub(super) upstream: String,
    /// Whether a token must be for that upstream.
    pub(super) named: bool,
    /// The user name; empty where the proof tells it.
    pub(super) user: String,
    pub(super) efforts: Efforts,
}

/// Places for a session, and what earlier attempts have left.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) ticket: Ticket,
    pub(super) kept: Option<Kept>,
}

/// A connection on which further attempts may follow.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) authentication: Authentication,
    /// Bytes of its banners that the client knows.
    told: usize,
}

/// What an attempt leaves for the next.
#[derive(Debug)]
pub(super) struct Held {
    upstream: String,
    user: String,
    /// The server remembers that something was right.
    pub(super) partial: bool,
    pub(super) places: Places,
}

/// How it went.
pub(super) enum Outcome {
    /// There is an sftp channel, and a place for the session.
    In(Box<Entered>),
    /// The server refused, or wants more.
    Refused { remaining: Vec<Method>, partial: bool, held: Option<Box<Held>>, banner: Option<String> },
    /// The token is not good.
    ResumeRefused,
    /// Something else.
    Failed(Refusal),
}

/// Somebody who is in.
pub(super) struct Entered {
    pub(super) connection: Connection,
    pub(super) ticket: Ticket,
    pub(super) upstream: String,
    pub(super) user: String,
    /// When the login was.
    pub(super) since: Instant,
    pub(super) banner: Option<String>,
}

impl Held {
    pub(super) fn is_for(&self, upstream: &str, user: &str) -> bool {
        self.upstream == upstream && self.user == user
    }

    /// Ready when the connection is over. Cancel-safe.
    pub(super) async fn lost(&self) {
        match &self.places.kept {
            Some(kept) => kept.authentication.lost().await,
            None => std::future::pending().await,
        }
    }
}

impl Attempt {
    /// `places` are not needed for a resumption, which brings its own.
    pub(super) async fn run(self, proof: Proof, places: Option<Places>, asker: Asker) -> Outcome {
        let outcome = match (proof, places) {
            (Proof::Resume(token), _) => self.resume(&token).await,
            (proof, Some(places)) if self.bridge.is_own(&self.upstream) => {
                self.own(proof, places.ticket).await
            }
            (proof, Some(places)) => self.of_ssh(proof, places, &asker).await,
            (_, None) => Err(Refused::new(Refusal::Internal, "no place was taken")),
        };
        outcome.unwrap_or_else(|refused| {
            self.log(&refused);
            Outcome::Failed(refused.refusal)
        })
    }

    fn access(&self) -> Access<'_> {
        Access { bridge: &self.bridge, visitor: &self.visitor }
    }

    fn log(&self, refused: &Refused) {
        self.visitor.log(refused, &self.user, &self.upstream);
    }

    /// The bridge knows the person, and logs in by itself.
    async fn own(&self, proof: Proof, ticket: Ticket) -> Result<Outcome, Refused> {
        let wrong = |cause| Refused::new(Refusal::WrongCredentials, cause);
        let person = match proof {
            Proof::Password(password) => {
                self.efforts.guess();
                self.access().by_password(&self.user, &password).await?
            }
            // Nobody can guess a signature.
            Proof::Bearer(token) => self.bridge.identities.by_bearer(&token).await?,
            Proof::External => self.person.clone().ok_or_else(|| wrong("the request proves nobody"))?,
            Proof::KeyboardInteractive | Proof::PublicKey(_) | Proof::Certificate(_) | Proof::Resume(_) => {
                return Err(wrong("no method of the bridge's own"));
            }
        };
        let opened = self.access().own(&person, &self.upstream).await;
        let entered = opened.and_then(|connection| self.enter(connection, ticket, person.name(), None));
        entered.or_else(|refused| {
            // Not under the name that they gave, if they gave one.
            self.visitor.log(&refused, person.name(), &self.upstream);
            Ok(Outcome::Failed(refused.refusal))
        })
    }

    /// The person logs in at the upstream.
    async fn of_ssh(&self, proof: Proof, places: Places, asker: &Asker) -> Result<Outcome, Refused> {
        let unknown = || Refused::new(Refusal::UnknownUpstream, "no such upstream");
        let upstream = self.bridge.upstreams.get(&self.upstream).ok_or_else(unknown)?;
        let Places { ticket, kept } = places;
        let credentials = credentials(proof)?;
        let mut guessing = Guessing::new(self.access(), &self.upstream, &self.user, &self.efforts);
        match &credentials {
            // Its turn comes before the upstream is touched.
            Credentials::Password(_) => _ = guessing.begin().await,
            _ => self.bridge.throttle.admits(self.visitor.address()).map_err(throttled)?,
        }
        guessing.allowed()?;
        let kept = match kept {
            Some(kept) => kept,
            None => match upstream.connect().await {
                Ok(authentication) => Kept { authentication, told: 0 },
                Err(error) => {
                    guessing.void();
                    return Err(error.into());
                }
            },
        };
        self.efforts.work();
        let Kept { mut authentication, told } = kept;
        let mut client = Client::new(asker, authentication.banners(), told, guessing);
        let attempt = self.ask_server(&mut authentication, credentials, &mut client).await;
        client.guessing.settle(&attempt)?;
        let (banner, told) = (client.unheard(), client.told());
        match attempt? {
            upstream::Attempt::Success => {
                self.efforts.pay();
                self.enter(authentication.start().await?, ticket, &self.user, banner)
            }
            upstream::Attempt::Failure { remaining, partial } => {
                let kept = Kept { authentication, told };
                Ok(self.refused(remaining, partial, Places { ticket, kept: Some(kept) }, banner))
            }
            upstream::Attempt::PasswordExpired => Err(UpstreamError::PasswordExpired.into()),
        }
    }

    /// One attempt; a password also as the answer to the hidden question of a server that takes it no other way.
    async fn ask_server(
        &self,
        authentication: &mut Authentication,
        credentials: Credentials,
        client: &mut Client<'_>,
    ) -> Result<upstream::Attempt, UpstreamError> {
        use upstream::Method::{KeyboardInteractive, Password};
        let attempt = authentication.attempt(&self.user, &credentials, client).await?;
        match (&attempt, credentials) {
            (upstream::Attempt::Failure { remaining, partial: false }, Credentials::Password(password))
                if remaining.contains(&KeyboardInteractive) && !remaining.contains(&Password) =>
            {
                client.answer_with(password);
                authentication.attempt(&self.user, &Credentials::KeyboardInteractive, client).await
            }
            _ => Ok(attempt),
        }
    }

    fn refused(
        &self,
        remaining: Vec<upstream::Method>,
        partial: bool,
        places: Places,
        banner: Option<String>,
    ) -> Outcome {
        let methods = remaining.iter().map(|method| Method::from(*method)).collect();
        // A server that leaves nothing has hung up.
        let keep = !remaining.is_empty();
        if !partial {
            self.log(&UpstreamError::Refused { remaining, partial }.into());
        }
        let (upstream, user) = (self.upstream.clone(), self.user.clone());
        let held = keep.then(|| Box::new(Held { upstream, user, partial, places }));
        Outcome::Refused { remaining: methods, partial, held, banner }
    }

    async fn resume(&self, token: &crate::config::Secret) -> Result<Outcome, Refused> {
        let claimant = Claimant {
            upstream: self.named.then_some(self.upstream.as_str()),
            user: (!self.user.is_empty()).then_some(self.user.as_str()),
            person: self.person.as_ref().map(Person::name),
        };
        let patience = self.bridge.config.limits.linger + HAND_OVER;
        let Parked { idle, mut ticket, upstream, user, since } =
            match self.bridge.resume.claim(token, &claimant, patience).await {
                Ok(parked) => parked,
                Err(cause) => {
                    self.log(&Refused::new(Refusal::WrongCredentials, cause));
                    return Ok(Outcome::ResumeRefused);
                }
            };
        // Whoever has proved anew who they are may reach less than before.
        let themselves = self.person.as_ref().filter(|person| person.name() == user);
        if self.bridge.is_own(&upstream) && themselves.is_some_and(|person| person.grant(&upstream).is_none())
        {
            self.log(&Refused::new(Refusal::UnknownUpstream, "this person may not reach it any more"));
            idle.close().await;
            return Ok(Outcome::ResumeRefused);
        }
        ticket.move_to(self.visitor.address()).map_err(Refused::full)?;
        let connection = idle.reopen().await?;
        Ok(Outcome::In(Box::new(Entered { connection, ticket, upstream, user, since, banner: None })))
    }

    fn enter(
        &self,
        connection: Connection,
        mut ticket: Ticket,
        user: &str,
        banner: Option<String>,
    ) -> Result<Outcome, Refused> {
        ticket.admit(&self.upstream, user).map_err(Refused::full)?;
        let (upstream, user) = (self.upstream.clone(), user.to_owned());
        Ok(Outcome::In(Box::new(Entered {
            connection,
            ticket,
            upstream,
            user,
            since: Instant::now(),
            banner,
        })))
    }
}

fn credentials(proof: Proof) -> Result<Credentials, Refused> {
    match proof {
        Proof::Password(password) => Ok(Credentials::Password(password)),
        Proof::KeyboardInteractive => Ok(Credentials::KeyboardInteractive),
        Proof::PublicKey(key) => Ok(Credentials::PublicKey(*key)),
        Proof::Certificate(certificate) => Ok(Credentials::Certificate(certificate)),
        Proof::Bearer(_) | Proof::External | Proof::Resume(_) => {
            Err(Refused::new(Refusal::WrongCredentials, "no method of SSH"))
        }
    }
}
