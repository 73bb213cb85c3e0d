//! A conversation that goes on: what is heard, what runs at the upstream and what time it is go into the state
//! machine, and what follows is done.

use std::future::{pending, ready};
use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::asker::{self, Asked};
use super::attempt::{Attempt, Entered, Held, Outcome, Places};
use super::guessing::Efforts;
use super::{Conversation, Entry};
use crate::login::{self, Action, Event, Machine, Proof, Reply, ServerMessage};
use crate::pump::{CloseFrame, Ended, Side, SourceEnd, Violation};
use crate::refusal::Refusal;
use crate::server::counted;
use crate::server::visitor::Refused;
use crate::websocket::{self, Said, Socket};

/// Longest wait for a client to take a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no session.
pub(super) enum Over {
    /// The conversation came to its end.
    Told(CloseFrame),
    /// The client broke the rules of the socket.
    Violation(Violation),
    /// The client closed.
    Closed(Option<CloseFrame>),
    /// The client is gone.
    Gone,
    /// A defect of the bridge.
    Broken,
}

impl Over {
    /// As [`Ended::may_be_back`].
    pub(super) fn may_be_back(&self) -> bool {
        match self {
            Self::Gone => true,
            Self::Closed(frame) => Ended::Closed { side: Side::Client, frame: frame.clone() }.may_be_back(),
            Self::Told(_) | Self::Violation(_) | Self::Broken => false,
        }
    }
}

/// What happens next.
enum Happening {
    Heard(Result<Said, SourceEnd>),
    Asked(Asked),
    Ended(Outcome),
    /// The connection that was kept for another attempt is over.
    Lost,
    TimedOut,
    Draining,
}

/// A conversation that goes on.
pub(super) struct Talk<'a, S> {
    with: &'a Conversation,
    socket: Socket<S>,
    machine: Machine,
    /// Until it has been said.
    hello: Option<ServerMessage>,
    /// The client's share of the time that has passed.
    spent: Duration,
    running: Option<BoxFuture<'static, Outcome>>,
    /// Whether the last attempt is by a token.
    resumes: bool,
    /// What the attempt asks, and where its answer goes.
    questions: Option<mpsc::Receiver<Asked>>,
    reply_to: Option<oneshot::Sender<Reply>>,
    /// The connection of earlier attempts.
    held: Option<Box<Held>>,
    entry: Option<Entry>,
    efforts: Efforts,
    /// Nothing more can be heard.
    broken: bool,
}

impl<'a, S> Talk<'a, S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    pub(super) fn new(with: &'a Conversation, socket: Socket<S>) -> Self {
        let (machine, hello) = Machine::open(with.terms());
        Self {
            with,
            socket,
            machine,
            hello: Some(hello),
            spent: Duration::ZERO,
            running: None,
            resumes: false,
            questions: None,
            reply_to: None,
            held: None,
            entry: None,
            efforts: Efforts::default(),
            broken: false,
        }
    }

    /// Whether somebody has worked for nothing although no secret was tried, which the throttle counts by itself.
    pub(super) fn is_unpaid(&self) -> bool {
        self.efforts.are_unpaid()
    }

    /// Cuts what has been opened at an upstream: the farewell to the client may take its time. Gives the socket
    /// back, and whether nothing more can be heard on it.
    pub(super) fn hang_up(self) -> (Socket<S>, bool) {
        (self.socket, self.broken)
    }

    /// What is left to do where the socket of somebody who comes back was lost before `ready` was sent. They have
    /// their token still, so what it stands for must not be cut, and is parked again.
    pub(super) fn resumption(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (entry, running) = (self.entry.take(), self.running.take());
        let bridge = self.with.bridge.clone();
        self.resumes.then_some(async move {
            let entry = match (entry, running) {
                (None, Some(running)) => running.await.entry(),
                (entry, _) => entry,
            };
            if let Some(entry) = entry {
                entry.park(&bridge).await;
            }
        })
    }

    /// Until somebody is in, or nobody will be.
    pub(super) async fn run(&mut self) -> Result<Entry, Over> {
        if let Some(hello) = self.hello.take() {
            self.say(&hello).await.map_err(|_| Over::Gone)?;
        }
        loop {
            let turn = self.machine.awaits_client().then(Instant::now);
            let happening = self.next(turn).await;
            self.spent += turn.map(|turn| turn.elapsed()).unwrap_or_default();
            for action in self.follow(happening)? {
                if let Some(entry) = self.perform(action).await? {
                    return Ok(entry);
                }
            }
            if !self.machine.is_trying() {
                (self.running, self.questions, self.reply_to) = (None, None, None);
            }
        }
    }

    async fn next(&mut self, turn: Option<Instant>) -> Happening {
        let deadline = turn.map(|turn| turn + self.time_limit().saturating_sub(self.spent));
        let Self { with, socket, running, questions, held, .. } = self;
        tokio::select! {
            heard = websocket::hear(socket) => Happening::Heard(heard),
            Some(asked) = asked(questions) => Happening::Asked(asked),
            outcome = ended(running) => Happening::Ended(outcome),
            () = lost(held) => Happening::Lost,
            () = expired(deadline) => Happening::TimedOut,
            () = with.bridge.draining.cancelled() => Happening::Draining,
        }
    }

    /// The client's share of the time, in all.
    fn time_limit(&self) -> Duration {
        let settings = self.machine.upstream().and_then(|name| self.with.bridge.config.upstreams.get(name));
        settings.map(|settings| settings.login_timeout).unwrap_or_default()
    }

    fn follow(&mut self, happening: Happening) -> Result<Vec<Action>, Over> {
        let event = match happening {
            Happening::Heard(Ok(Said::Text(text))) => return Ok(self.machine.on(Event::Text(&text))),
            Happening::Heard(Ok(Said::Binary)) => Event::Binary,
            Happening::Heard(Err(SourceEnd::Violation(Violation::TooLarge { .. }))) => {
                self.broken = true;
                Event::TooLarge
            }
            // RFC 6455, section 8.1. Before `ready` there is nothing else about text to object to.
            Happening::Heard(Err(SourceEnd::Violation(Violation::Text))) => {
                self.broken = true;
                let reason = "A text message must be UTF-8.".to_owned();
                return Err(Over::Told(CloseFrame { code: 1007, reason }));
            }
            Happening::Heard(Err(end)) => return Err(over(end)),
            Happening::Asked(Asked { banner, question, reply_to }) => {
                self.show(banner);
                self.reply_to = Some(reply_to);
                Event::Question(question)
            }
            Happening::Ended(outcome) => {
                self.running = None;
                return Ok(self.conclude(outcome));
            }
            Happening::Lost => {
                let partial = self.held.take().is_some_and(|held| held.partial);
                if !partial {
                    return Ok(Vec::new()); // The next attempt dials anew.
                }
                counted::refused(Refusal::Unreachable);
                Event::Failed(Refusal::Unreachable)
            }
            Happening::TimedOut => Event::TimedOut,
            Happening::Draining => Event::Draining,
        };
        Ok(self.machine.on(event))
    }

    /// What an attempt came to.
    fn conclude(&mut self, outcome: Outcome) -> Vec<Action> {
        if let Some(refusal) = outcome.refusal() {
            counted::refused(refusal);
        }
        let event = match outcome {
            Outcome::In(entered) => {
                let Entered { mut entry, banner } = *entered;
                self.show(banner);
                let resume = self.with.way_back(&mut entry);
                let (upstream, user) = (entry.upstream.clone(), entry.who.user.clone());
                self.entry = Some(entry);
                Event::Succeeded { upstream, user, resume }
            }
            Outcome::Refused { remaining, partial, held, banner, .. } => {
                self.held = held;
                self.show(banner);
                Event::Refused { remaining, partial }
            }
            Outcome::ResumeRefused => Event::ResumeRefused,
            Outcome::Failed(refusal) => Event::Failed(refusal),
        };
        self.machine.on(event)
    }

    /// Passes on what the SSH server says to whoever logs in.
    fn show(&mut self, banner: Option<String>) {
        if let Some(banner) = banner {
            self.machine.on(Event::Banner(banner));
        }
    }

    async fn perform(&mut self, action: Action) -> Result<Option<Entry>, Over> {
        match action {
            Action::Send(message) => self.say(&message).await.map(|()| None).map_err(|_| Over::Gone),
            Action::Begin(attempt) => {
                self.begin(attempt);
                Ok(None)
            }
            Action::Reply(reply) => {
                if let Some(reply_to) = self.reply_to.take() {
                    // An attempt that does not wait any more has an outcome, which comes next.
                    let _ = reply_to.send(reply);
                }
                Ok(None)
            }
            Action::Ready => Ok(self.entry.take()),
            Action::End { code, reason } => Err(Over::Told(CloseFrame { code, reason })),
        }
    }

    fn begin(&mut self, attempt: login::Attempt) {
        let held = self.held.take().filter(|held| held.is_for(&attempt.upstream, &attempt.user));
        let Conversation { bridge, visitor, caller, person, only, .. } = self.with;
        self.resumes = matches!(attempt.proof, Proof::Resume(_));
        let places = match (&attempt.proof, held) {
            (Proof::Resume(_), _) => None,
            (_, Some(held)) => Some(held.places),
            (_, None) => match caller.enter() {
                Ok(ticket) => Some(Places { ticket, kept: None }),
                Err(refusal) => {
                    let refused = Refused::full(refusal, &bridge.config.limits);
                    visitor.log(&refused, &attempt.user, &attempt.upstream);
                    self.running = Some(Box::pin(ready(Outcome::Failed(refusal))));
                    return;
                }
            },
        };
        let (asker, questions) = asker::channel();
        let attempt = Attempt {
            bridge: bridge.clone(),
            visitor: visitor.clone(),
            person: person.clone(),
            named: attempt.named || only.is_some(),
            upstream: attempt.upstream,
            user: attempt.user,
            efforts: self.efforts.clone(),
        }
        .run(attempt.proof, places, asker);
        self.questions = Some(questions);
        self.running = Some(Box::pin(attempt));
    }

    async fn say(&mut self, message: &ServerMessage) -> io::Result<()> {
        let text = serde_json::to_string(message).map_err(io::Error::other)?;
        timeout(SEND_TIMEOUT, websocket::say(&mut self.socket, text)).await?
    }
}

async fn asked(questions: &mut Option<mpsc::Receiver<Asked>>) -> Option<Asked> {
    match questions {
        Some(questions) => questions.recv().await,
        None => None,
    }
}

async fn ended(running: &mut Option<BoxFuture<'static, Outcome>>) -> Outcome {
    match running {
        Some(running) => running.await,
        None => pending().await,
    }
}

async fn lost(held: &Option<Box<Held>>) {
    match held {
        Some(held) => held.lost().await,
        None => pending().await,
    }
}

async fn expired(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

fn over(end: SourceEnd) -> Over {
    match end {
        SourceEnd::Finished | SourceEnd::Lost(_) => Over::Gone,
        SourceEnd::Closed(frame) => Over::Closed(frame),
        SourceEnd::Violation(violation) => Over::Violation(violation),
    }
}
