//! One session: a client's WebSocket and an upstream's channel, from the upgrade to the last log line.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::audit::{Audit, SessionEnd, Subject};
use crate::close::{Told, close_frame};
use crate::config;
use crate::login;
use crate::metrics::{self, Present, Timed};
use crate::policy::{PacketLimit, Policy};
use crate::pump::{Clocks, Direction, Ended, FirstRequest, MESSAGE_TIME, Notices, Progress, pump};
use crate::traces::{self, Totals};
use crate::upstream::{Connection, Exit, Idle};
use crate::websocket::{self, Socket};

/// How long before the end of the idle time a client is told of it; in a short one, the last tenth.
const IDLE_NOTICE: Duration = Duration::from_secs(60);

/// Who a session belongs to, for the log.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A random number, to find the session's lines by.
    pub session: String,
    /// Who has logged in.
    pub who: Who,
    /// The name of the upstream in the configuration.
    pub upstream: String,
    /// The address of the client.
    pub peer: String,
}

/// Who has logged in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The person's name where the bridge logs in for them, else the user name at the upstream, as the user typed it:
    /// escaped before it is logged.
    pub user: String,
    /// How they proved it: `password`, `keyboard-interactive`, `publickey`, `bearer`, `header`, `certificate`, `oidc`,
    /// or `resume`.
    pub method: &'static str,
    /// The groups that whoever vouches for the person says they are in.
    pub groups: Vec<String>,
}

/// A random name for a session: 16 hexadecimal digits. It is no secret.
pub fn new_id() -> String {
    // A system without randomness could not have started; then the log has a poorer name, and nothing more.
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}

/// What a session heeds beside its packets.
#[derive(Debug)]
pub struct Course<'a> {
    /// Asks it to end soon, in order.
    pub stop: &'a CancellationToken,
    /// How old it may get from here on.
    pub lifetime: Duration,
    /// Where the subprotocol has notices: the beginning of the drain, to be announced.
    pub announce: Option<&'a CancellationToken>,
    /// Where the session can be resumed: what to do with its connection.
    pub resumable: Option<Resumable>,
    /// Which requests may pass.
    pub policy: Policy,
    /// Where requests are recorded.
    pub audit: &'a Audit,
    /// The session in the traces.
    pub trace: traces::Session,
}

/// What becomes of the connection of a lost socket.
pub struct Resumable {
    /// The client is back on another socket: this session shall end, and give its connection away.
    pub wanted: CancellationToken,
    /// To be called when the first packet comes: the client has heard all that was said before.
    pub heard: Option<Box<dyn FnOnce() + Send>>,
    /// Takes the connection.
    pub park: Box<dyn FnOnce(Idle) + Send>,
}

impl fmt::Debug for Resumable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumable").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

/// Runs a session to its end.
pub async fn run<S>(
    identity: Identity,
    socket: Socket<S>,
    mut connection: Connection,
    limits: &config::Limits,
    mut course: Course<'_>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Identity { session, who, upstream, peer } = &identity;
    let user = who.user.escape_debug().to_string();
    let span = tracing::info_span!("session", %session, %user, %upstream, %peer);
    let _running = Present::session();
    metrics::session_started(upstream, who.method);
    tracing::info!(event = %"session_start", %session, %user, method = who.method, %peer, %upstream);

    let progress = Arc::new(Progress::default());
    let mut client = websocket::packets(socket, Arc::clone(&progress));
    let subject = Subject { session, user: &who.user, method: who.method, upstream, peer };
    let judged = (PacketLimit { bytes: limits.packet }, course.policy);
    let (observer, ending) = course.audit.session(&subject, judged);
    let heard = course.resumable.as_mut().and_then(|resumable| resumable.heard.take());
    let observer = (FirstRequest::tells(heard), Timed::new(observer, Arc::clone(&progress)));
    let mut clocks = clocks(limits, course.lifetime);
    if let Some(draining) = course.announce {
        client.sink.say_notices(login::notice);
        clocks.notices = notices(limits, draining);
    }
    let stop = course.stop.child_token();
    let pumped = pump(&mut client, &mut connection.end, observer, &clocks, &progress, &stop);
    let wanted = course.resumable.as_ref().map(|resumable| resumable.wanted.clone());
    let pumped = stopped_when_wanted(pumped, wanted, &stop);
    // A defect in one session is that session's end and nobody else's.
    let ended = AssertUnwindSafe(pumped).catch_unwind().instrument(span.clone()).await;
    let ended = ended.unwrap_or_else(|_| {
        client.packets.give_up();
        Ended::Internal
    });

    let frame = close_frame(&ended, Told { limits, session });
    let (code, told) = (frame.code, frame.reason.clone());
    let part = part_with(connection, course.resumable, &ended);
    let goodbyes = async { tokio::join!(part, client.close(frame)) };
    let (exit, ()) = goodbyes.instrument(span).await;
    let (up, down) = (progress.totals(Direction::Requests), progress.totals(Direction::Responses));
    let end = SessionEnd {
        close_code: code,
        reason: &ended.to_string(),
        bytes_up: up.bytes,
        bytes_down: down.bytes,
        packets: up.packets + down.packets,
        duration: progress.age(),
    };
    log_end(&identity, &user, &exit, &end);
    course.trace.ended(code, &told, totals(&end));
    metrics::session_ended(code, end.duration);
    if let Ended::Stalled(side) = ended {
        metrics::stalled(side);
    }
    // Last, as it may have to wait.
    ending.record(&end).await;
}

fn totals(end: &SessionEnd<'_>) -> Totals {
    let SessionEnd { bytes_up, bytes_down, packets, duration, .. } = *end;
    Totals { bytes_up, bytes_down, packets, duration: duration.as_secs_f64() }
}

async fn stopped_when_wanted(
    pumped: impl Future<Output = Ended>,
    wanted: Option<CancellationToken>,
    stop: &CancellationToken,
) -> Ended {
    let mut pumped = pin!(pumped);
    let wanted = async {
        match wanted {
            Some(wanted) => wanted.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = &mut pumped => ended,
        () = wanted => {
            stop.cancel();
            // The pump knows of one reason to be stopped.
            match pumped.await {
                Ended::Draining => Ended::Replaced,
                other => other,
            }
        }
    }
}

/// Closes the connection, or gives it to whoever comes back for it.
async fn part_with(connection: Connection, resumable: Option<Resumable>, ended: &Ended) -> Exit {
    match resumable {
        Some(Resumable { wanted, park, .. }) if wanted.is_cancelled() || ended.may_be_back() => {
            match connection.release().await {
                Ok(idle) => {
                    park(idle);
                    Exit::Unknown
                }
                Err(exit) => exit,
            }
        }
        _ => connection.close().await,
    }
}

fn clocks(limits: &config::Limits, lifetime: Duration) -> Clocks {
    Clocks {
        idle: Some(limits.idle),
        lifetime: Some(lifetime),
        stall: Some(limits.stall),
        keepalive: Some(limits.keepalive),
        message: Some(MESSAGE_TIME),
        listens_to: Direction::Requests,
        linger: limits.linger,
        notices: Notices::default(),
    }
}

fn notices(limits: &config::Limits, draining: &CancellationToken) -> Notices {
    Notices { idle: Some(IDLE_NOTICE.min(limits.idle / 10)), drain: Some((draining.clone(), limits.drain)) }
}

fn log_end(identity: &Identity, user: &str, exit: &Exit, end: &SessionEnd<'_>) {
    tracing::info!(
        event = %"session_end",
        session = %identity.session,
        %user,
        peer = %identity.peer,
        upstream = %identity.upstream,
        close_code = end.close_code,
        reason = end.reason,
        %exit,
        bytes_up = end.bytes_up,
        bytes_down = end.bytes_down,
        packets = end.packets,
        duration = milliseconds(end.duration),
    );
}

/// In seconds, as in the audit log: more digits are noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
