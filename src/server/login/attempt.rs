//! One attempt of a conversation, from its proof to its outcome. Dropping the future cuts what it has opened.

use std::time::Duration;

use tokio::time::Instant;

use super::Entry;
use super::asker::{Asker, Client};
use super::guessing::{Efforts, Guessing};
use crate::auth::{Person, Proved};
use crate::login::{Method, Proof};
use crate::metrics::{self, LoginOutcome};
use crate::refusal::Refusal;
use crate::server::access::Access;
use crate::server::admission::Ticket;
use crate::server::bridge::Bridge;
use crate::server::counted;
use crate::server::parked::{Parked, Since};
use crate::server::resume::Claimant;
use crate::server::visitor::{Refused, Visitor, who};
use crate::session::Who;
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
    /// The server refused, or wants more. Or it does not take the method from this user (`unavailable`), which many
    /// clients find out by trying it: nothing has failed then.
    Refused {
        remaining: Vec<Method>,
        partial: bool,
        unavailable: bool,
        held: Option<Box<Held>>,
        banner: Option<String>,
    },
    /// The token is not good.
    ResumeRefused,
    /// Something else.
    Failed(Refusal),
}

/// Somebody who is in.
pub(super) struct Entered {
    pub(super) entry: Entry,
    pub(super) banner: Option<String>,
}

impl Outcome {
    fn counted(&self) -> LoginOutcome {
        match self {
            Self::In(_) => LoginOutcome::Ok,
            Self::Refused { partial: true, .. } => LoginOutcome::Partial,
            Self::Refused { unavailable: true, .. } => LoginOutcome::Unavailable,
            Self::Refused { .. } | Self::ResumeRefused => LoginOutcome::Refused,
            Self::Failed(refusal) => counted::outcome(*refusal),
        }
    }

    /// The session, if it came to one.
    pub(super) fn entry(self) -> Option<Entry> {
        match self {
            Self::In(entered) => Some(entered.entry),
            Self::Refused { .. } | Self::ResumeRefused | Self::Failed(_) => None,
        }
    }

    /// Why there is no session, in terms of HTTP.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::In(_) | Self::Refused { partial: true, .. } | Self::Refused { unavailable: true, .. } => {
                None
            }
            Self::Refused { .. } | Self::ResumeRefused => Some(Refusal::WrongCredentials),
            Self::Failed(refusal) => Some(*refusal),
        }
    }
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
        let mut login = metrics::Login::begun(self.known_upstream(), method_name(&proof));
        let outcome = match (proof, places) {
            (Proof::Resume(token), _) => self.resume(&token).await,
            (proof, Some(places)) if self.bridge.is_own(&self.upstream) => {
                self.own(proof, places.ticket).await
            }
            (proof, Some(places)) => self.of_ssh(proof, places, &asker).await,
            (_, None) => Err(Refused::new(Refusal::Internal, "no place was taken")),
        };
        let outcome = outcome.unwrap_or_else(|refused| {
            self.log(&refused);
            Outcome::Failed(refused.refusal)
        });
        if let Outcome::In(entered) = &outcome {
            login.at(&entered.entry.upstream); // a token knows better
        }
        login.over(outcome.counted());
        outcome
    }

    /// The upstream's name, unless the client has made it up.
    fn known_upstream(&self) -> &str {
        let configured = self.bridge.upstreams.get(&self.upstream);
        configured.map_or(&self.bridge.config.default_upstream, |upstream| upstream.name())
    }

    fn access(&self) -> Access<'_> {
        Access { bridge: &self.bridge, visitor: &self.visitor }
    }

    fn full(&self, refusal: Refusal) -> Refused {
        Refused::full(refusal, &self.bridge.config.limits)
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
        let entered = opened.and_then(|connection| self.enter(connection, ticket, who(&person), None));
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
        let method = method_name(&proof);
        let credentials = credentials(proof)?;
        // A password has been sent, and was judged, whatever else is taken there.
        let asked = match &credentials {
            Credentials::Password(_) => None,
            others => Some(others.method()),
        };
        let mut guessing = Guessing::new(self.access(), &self.upstream, &self.user, &self.efforts);
        match &credentials {
            // Its turn comes before the upstream is touched.
            Credentials::Password(_) => _ = guessing.begin().await,
            _ => {
                let admitted = self.bridge.throttle.admits(self.visitor.address());
                admitted.map_err(|not_now| self.access().throttled(not_now))?;
            }
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
                let who = Who { user: self.user.clone(), method, groups: Vec::new() };
                self.enter(authentication.start().await?, ticket, who, banner)
            }
            upstream::Attempt::Failure { remaining, partial } => {
                let kept = Kept { authentication, told };
                let unavailable = !partial
                    && !remaining.is_empty()
                    && asked.is_some_and(|method| !remaining.contains(&method));
                let places = Places { ticket, kept: Some(kept) };
                Ok(self.refused(remaining, (partial, unavailable), places, banner))
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
        (partial, unavailable): (bool, bool),
        places: Places,
        banner: Option<String>,
    ) -> Outcome {
        let methods = remaining.iter().map(|method| Method::from(*method)).collect();
        // A server that leaves nothing has hung up.
        let keep = !remaining.is_empty();
        if !partial && !unavailable {
            self.log(&UpstreamError::Refused { remaining, partial }.into());
        }
        let (upstream, user) = (self.upstream.clone(), self.user.clone());
        let held = keep.then(|| Box::new(Held { upstream, user, partial, places }));
        Outcome::Refused { remaining: methods, partial, unavailable, held, banner }
    }

    async fn resume(&self, token: &crate::config::Secret) -> Result<Outcome, Refused> {
        let claimant = Claimant {
            upstream: self.named.then_some(self.upstream.as_str()),
            user: (!self.user.is_empty()).then_some(self.user.as_str()),
            person: self.person.as_ref().map(Person::name),
            came: self.visitor.came,
        };
        let patience = self.bridge.config.limits.linger + HAND_OVER;
        let (mut parked, live) = match self.bridge.resume.claim(token, &claimant, patience).await {
            Ok(claimed) => claimed,
            Err(cause) => {
                self.log(&Refused::new(Refusal::WrongCredentials, cause));
                return Ok(Outcome::ResumeRefused);
            }
        };
        if let Err(full) = parked.ticket.move_to(self.visitor.address()) {
            // There may be room later, and the token is good still.
            self.bridge.park(live, parked);
            return Err(self.full(full));
        }
        let Parked { idle, ticket, upstream, mut who, since, .. } = parked;
        // Whoever has proved anew who they are may reach less than before.
        let themselves = self.person.as_ref().filter(|person| person.name() == who.user);
        if self.bridge.is_own(&upstream) && themselves.is_some_and(|person| person.grant(&upstream).is_none())
        {
            self.log(&Refused::new(Refusal::UnknownUpstream, "this person may not reach it any more"));
            idle.close().await;
            return Ok(Outcome::ResumeRefused);
        }
        if themselves.is_none() && self.is_forgotten(&upstream, &who, since).await {
            self.log(&Refused::new(
                Refusal::WrongCredentials,
                "this person is not in the users file any more",
            ));
            idle.close().await;
            return Ok(Outcome::ResumeRefused);
        }
        if let Some(person) = themselves {
            who.groups = person.groups().to_vec();
        }
        who.method = "resume";
        let connection = idle.reopen().await?;
        let entry = Entry { connection, ticket, upstream, who, since, live: Some(live) };
        Ok(Outcome::In(Box::new(Entered { entry, banner: None })))
    }

    /// Whether the login was by a line of the users file that is not there any more. Sessions that run go on without
    /// it, but none begins anew.
    async fn is_forgotten(&self, upstream: &str, who: &Who, since: Since) -> bool {
        self.bridge.is_own(upstream)
            && since.method == Proved::Password.name()
            && !self.bridge.identities.has_user(&who.user).await
    }

    fn enter(
        &self,
        connection: Connection,
        mut ticket: Ticket,
        who: Who,
        banner: Option<String>,
    ) -> Result<Outcome, Refused> {
        ticket.admit(&self.upstream, &who.user).map_err(|refusal| self.full(refusal))?;
        let since = Since { at: Instant::now(), method: who.method };
        let entry = Entry { connection, ticket, upstream: self.upstream.clone(), who, since, live: None };
        Ok(Outcome::In(Box::new(Entered { entry, banner })))
    }
}

/// For logs and metrics.
fn method_name(proof: &Proof) -> &'static str {
    match proof {
        Proof::Password(_) => "password",
        Proof::KeyboardInteractive => "keyboard-interactive",
        Proof::PublicKey(_) | Proof::Certificate(_) => "publickey",
        Proof::Bearer(_) => "bearer",
        Proof::External => "external",
        Proof::Resume(_) => "resume",
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
