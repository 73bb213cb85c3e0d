//! The conversation of `sftp-login.v1` on a socket: it drives `login::Machine` and what runs at the upstream.

mod asker;
mod attempt;
mod guessing;
mod talk;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument;

use super::admission::{Caller, Ticket};
use super::bridge::Bridge;
use super::parked::{Parked, Since};
use super::resume::{LiveHandle, Owner};
use super::visitor::Visitor;
use crate::auth::Person;
use crate::close::{Told, close_frame};
use crate::login::{LARGEST_MESSAGE, Resume, Terms, VisibleUpstream};
use crate::pump::{Ended, Side};
use crate::session::{self, Course, Resumable, Who};
use crate::traces;
use crate::upstream::Connection;
use crate::websocket::{self, Socket};

use talk::{Over, Talk};

/// Whoever has been answered with 101, and has not logged in yet.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) bridge: Bridge,
    pub(super) visitor: Visitor,
    pub(super) caller: Caller,
    /// Whom the request itself has proved.
    pub(super) person: Option<Person>,
    /// The one upstream that the request names.
    pub(super) only: Option<String>,
    pub(super) login: traces::Login,
}

/// A session that may begin.
struct Entry {
    connection: Connection,
    ticket: Ticket,
    upstream: String,
    who: Who,
    since: Since,
    /// For a later resumption, where that is possible.
    live: Option<LiveHandle<Parked>>,
}

impl Entry {
    /// Its socket was lost before it began.
    async fn park(self, bridge: &Bridge) {
        let Self { connection, ticket, upstream, who, since, live } = self;
        if let (Some(live), Ok(idle)) = (live, connection.release().await) {
            bridge.park(live, Parked::new(idle, ticket, upstream, who, since));
        }
    }
}

impl Conversation {
    /// Talks until there is a session, and runs that.
    pub(super) async fn run<S>(self, mut socket: Socket<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        websocket::limit_messages(&mut socket, Some(LARGEST_MESSAGE));
        let mut talk = Talk::new(&self, socket);
        // A defect in one conversation is that conversation's end and nobody else's.
        let talked = self.login.covers(talk.run().instrument(self.visitor.span()));
        let over = AssertUnwindSafe(talked).catch_unwind().await.unwrap_or(Err(Over::Broken));
        let unpaid = over.is_err() && talk.is_unpaid();
        if over.as_ref().is_err_and(Over::may_be_back)
            && let Some(unheard) = talk.resumption()
        {
            self.bridge.sessions.spawn(unheard);
        }
        let (socket, broken) = talk.hang_up();
        match over {
            Ok(entry) => self.serve(socket, entry).await,
            Err(over) => {
                match &over {
                    Over::Told(frame) => self.login.ended(Some(frame.code)),
                    Over::Violation(_) | Over::Broken => self.login.ended(None),
                    Over::Closed(_) | Over::Gone => self.login.left(),
                }
                if unpaid {
                    self.bridge.throttle.unauthenticated(self.visitor.address());
                }
                self.part(socket, over, broken).await;
            }
        }
    }

    fn terms(&self) -> Terms {
        let config = &self.bridge.config;
        let default = self.only.as_ref().unwrap_or(&config.default_upstream);
        let others = config.upstreams.keys().filter(|name| self.only.is_none() && *name != default);
        let visible = |name: &String| VisibleUpstream {
            name: name.clone(),
            title: config
                .upstreams
                .get(name)
                .map_or(name.as_str(), |upstream| upstream.title_or(name))
                .to_owned(),
            methods: self.bridge.methods(name, self.person.as_ref()),
        };
        Terms {
            upstreams: std::iter::once(default).chain(others).map(visible).collect(),
            user: self.person.as_ref().map(|person| person.name().to_owned()),
            banner: None,
            session: self.visitor.session.clone(),
            attempts: config.throttle.login_attempts,
            max_packet: config.limits.packet,
        }
    }

    async fn serve<S>(self, mut socket: Socket<S>, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Self { bridge, visitor, caller, login, .. } = self;
        drop(caller);
        websocket::limit_messages(&mut socket, None);
        let Entry { connection, ticket, upstream, who, since, live } = entry;
        let trace = login.session(&visitor.session, &upstream, who.method);
        let policy = bridge.policies.of(&upstream, &who.user, &who.groups);
        let identity = visitor.identity(who.clone(), &upstream);
        // Without a way back, the places are kept until the end.
        let mut places = Some(ticket);
        let resumable = live.map(|live| {
            let (keeper, ticket) = (bridge.clone(), places.take());
            let (wanted, heard) = (live.wanted().clone(), live.confirmation());
            let park = move |idle| {
                let Some(ticket) = ticket else { return };
                keeper.park(live, Parked::new(idle, ticket, upstream, who, since));
            };
            Resumable { wanted, heard: Some(Box::new(heard)), park: Box::new(park) }
        });
        let limits = &bridge.config.limits;
        let lifetime = limits.lifetime.saturating_sub(since.at.elapsed());
        let course = Course {
            stop: &bridge.stop,
            lifetime,
            announce: Some(&bridge.draining),
            resumable,
            policy,
            audit: &bridge.audit,
            trace,
        };
        session::run(identity, socket, connection, limits, course).await;
    }

    /// A token for a way back, where the upstream has one: the next one, for whom is back already.
    fn way_back(&self, entry: &mut Entry) -> Option<Resume> {
        let time = self.bridge.config.upstreams.get(&entry.upstream)?.resume;
        if time.is_zero() {
            return None;
        }
        let (token, live) = match entry.live.take() {
            Some(live) => (live.renew()?, live),
            None => {
                let person = self.person.as_ref().map(|person| person.name().to_owned());
                let (upstream, user) = (entry.upstream.clone(), entry.who.user.clone());
                self.bridge.resume.register(Owner { upstream, user, person })?
            }
        };
        entry.live = Some(live);
        Some(Resume { token, time })
    }

    /// The farewell to a client that gets no session.
    async fn part<S>(&self, socket: Socket<S>, over: Over, broken: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let told = Told { limits: &self.bridge.config.limits, session: &self.visitor.session };
        let (frame, broken) = match over {
            Over::Told(frame) => (frame, broken),
            Over::Violation(violation) => {
                (close_frame(&Ended::Violation { side: Side::Client, violation }, told), true)
            }
            Over::Broken => (close_frame(&Ended::Internal, told), true),
            Over::Closed(frame) => (close_frame(&Ended::Closed { side: Side::Client, frame }, told), false),
            Over::Gone => return,
        };
        self.visitor.log_farewell(&frame);
        websocket::close(socket, frame, broken).await;
    }
}
