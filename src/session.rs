//! One session: a client's WebSocket and an upstream's channel, from the upgrade to the last log line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::close::close_frame;
use crate::config;
use crate::policy::PacketLimit;
use crate::pump::{Clocks, Direction, Ended, Progress, pump};
use crate::upstream::{Connection, Exit};
use crate::websocket::{self, Socket};

/// Time for one message to arrive: a packet of 256 KiB at 9 kB/s.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Who a session belongs to, for the log.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A random number, to find the session's lines by.
    pub session: String,
    /// The user name, as the user typed it: escaped before it is logged.
    pub user: String,
    /// The name of the upstream in the configuration.
    pub upstream: String,
    /// The address of the client.
    pub peer: String,
}

/// A random name for a session: 16 hexadecimal digits. It is no secret.
pub fn new_id() -> String {
    // A system without randomness could not have started; then the log has a poorer name, and nothing more.
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}

/// Runs a session to its end. `stop` asks it to end soon, in order.
pub async fn run<S>(
    identity: Identity,
    socket: Socket<S>,
    mut connection: Connection,
    limits: &config::Limits,
    stop: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Identity { session, user, upstream, peer } = &identity;
    let user = user.escape_debug().to_string();
    let span = tracing::info_span!("session", %session, %user, %upstream, %peer);
    tracing::info!(event = %"session_start", %session, %user, %peer, %upstream);

    let progress = Arc::new(Progress::default());
    let mut client = websocket::packets(socket, Arc::clone(&progress));
    let observer = PacketLimit { bytes: limits.packet };
    let clocks = clocks(limits);
    let pumped = pump(&mut client, &mut connection.end, observer, &clocks, &progress, stop);
    // A defect in one session is that session's end and nobody else's.
    let ended = AssertUnwindSafe(pumped).catch_unwind().instrument(span.clone()).await;
    let ended = ended.unwrap_or(Ended::Internal);

    let frame = close_frame(&ended);
    let code = frame.code;
    let goodbyes = async { tokio::join!(connection.close(), client.close(frame)) };
    let (exit, ()) = goodbyes.instrument(span).await;
    log_end(&identity, &user, &ended, code, &exit, &progress);
}

fn clocks(limits: &config::Limits) -> Clocks {
    Clocks {
        idle: Some(limits.idle),
        lifetime: Some(limits.lifetime),
        stall: Some(limits.stall),
        keepalive: Some(limits.keepalive),
        message: Some(MESSAGE_TIMEOUT),
        listens_to: Direction::Requests,
        linger: limits.linger,
    }
}

fn log_end(identity: &Identity, user: &str, ended: &Ended, code: u16, exit: &Exit, progress: &Progress) {
    let (up, down) = (progress.totals(Direction::Requests), progress.totals(Direction::Responses));
    tracing::info!(
        event = %"session_end",
        session = %identity.session,
        %user,
        peer = %identity.peer,
        upstream = %identity.upstream,
        close_code = code,
        reason = ended.to_string(),
        %exit,
        bytes_up = up.bytes,
        bytes_down = down.bytes,
        packets = up.packets + down.packets,
        duration = progress.age().as_secs_f64(),
    );
}
