//! `connect`: stdin and stdout as a session of the bridge, so that stock sftp, sshfs, rclone and lftp travel
//! the same road as a browser. The same pump as in the bridge, with the WebSocket on the other side.

mod arguments;
mod conversation;
mod dialogue;
mod handshake;
mod identities;
mod login;
mod notices;
mod opening;
mod person;
mod shown;
mod signing;
mod target;
mod tls;
mod warning;

#[cfg(test)]
mod fixtures;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::pump::{Clocks, CloseFrame, Direction, End, Ended, Notices, Progress, Side, pump};
use crate::stdio::{self, StreamPackets, StreamSink};
use crate::websocket;

pub use arguments::SshArguments;
pub use identities::{KeyChoice, KeyFiles, Unusable};
pub use login::{Login, Token};
pub use target::{Target, TargetError};
pub(crate) use tls::connector;
pub use tls::{ClientCertificate, Trust};

use opening::Opening;
use person::Person;

/// Largest packet in bytes, either way: the most that a bridge can be configured to carry.
const PACKET_LIMIT: usize = 16 * 1024 * 1024;

/// Pings keep proxies on the way from closing an idle connection; most wait 60 s.
const KEEPALIVE: Duration = Duration::from_secs(25);

/// Longest wait for owed answers after the local program ended. It is gone then, and nobody waits for us.
const LINGER: Duration = Duration::from_secs(60);

/// The same after SIGTERM: whoever sends it does not wait for long.
const STOP_LINGER: Duration = Duration::from_secs(5);

/// What `connect` is asked to do.
#[derive(Debug)]
pub struct Options {
    /// The bridge.
    pub target: Target,
    /// Which certificates prove it is the bridge.
    pub trust: Trust,
    /// What proves to it who we are, where TLS does.
    pub certificate: Option<ClientCertificate>,
    /// Who is logging in.
    pub login: Login,
    /// Nobody is to be asked for anything.
    pub batch: bool,
}

/// Why a session did not come about, or did not end well. `Display` is one sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The bridge, or the server behind it, refused the login.
    #[error("the login was refused: {0}")]
    Refused(String),
    /// The person who should have answered a question is out of reach.
    #[error(
        "nobody could be asked: {0}; give --password-file, a key by --identity, or a program that answers by \
         SSH_ASKPASS with SSH_ASKPASS_REQUIRE=force"
    )]
    Unasked(io::Error),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Carries one session from stdin and stdout to its end.
///
/// # Errors
/// [`ConnectError`], when there was no session or it broke.
pub async fn run(mut options: Options) -> Result<(), ConnectError> {
    let stop = stop_on_sigterm()?;
    let person = if options.batch { Person::Nobody } else { Person::find() };
    let opening = tokio::select! {
        opening = opening::open(&mut options, &person) => opening?,
        // A question at the terminal is taken back in order.
        () = stop.cancelled() => return Err(ConnectError::Failed("terminated".to_owned())),
    };
    carry(opening, stop).await
}

async fn carry(opening: Opening, stop: CancellationToken) -> Result<(), ConnectError> {
    let failed = |what, error| ConnectError::Failed(format!("cannot use standard {what}: {error}"));
    let (input, _input_mode) = stdio::stdin().map_err(|error| failed("input", error))?;
    let (output, _output_mode) = stdio::stdout().map_err(|error| failed("output", error))?;
    let mut client = End { packets: StreamPackets::new(input, PACKET_LIMIT), sink: StreamSink::new(output) };
    let progress = Arc::new(Progress::default());
    let mut bridge = websocket::packets(opening.socket, Arc::clone(&progress));
    if opening.has_notices {
        bridge.packets.hear_texts(notices::shown());
    }
    let clocks = Clocks {
        idle: None,
        lifetime: None,
        stall: None,
        keepalive: Some(KEEPALIVE),
        message: None,
        listens_to: Direction::Responses,
        linger: LINGER,
        notices: Notices::default(),
    };
    let told_to_stop = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_LINGER).await;
    };
    let ended = tokio::select! {
        ended = pump(&mut client, &mut bridge, (), &clocks, &progress, &stop) => ended,
        () = told_to_stop => Ended::Draining,
    };
    bridge.close(CloseFrame { code: 1000, reason: String::new() }).await;
    outcome(&ended)
}

/// SIGINT is left alone: sftp ignores it for us, so that Ctrl-C ends a transfer and not the session.
fn stop_on_sigterm() -> Result<CancellationToken, ConnectError> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|error| ConnectError::Failed(format!("cannot catch signals: {error}")))?;
    let cancel = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        cancel.cancel();
    });
    Ok(stop)
}

fn outcome(ended: &Ended) -> Result<(), ConnectError> {
    let broken = match ended {
        Ended::Finished(_)
        | Ended::Closed { frame: None, .. }
        | Ended::Closed { frame: Some(CloseFrame { code: 1000, .. }), .. } => return Ok(()),
        Ended::Closed { frame: Some(CloseFrame { code, reason }), .. } => {
            format!("the bridge ended the session: {} (close code {code})", reason.escape_debug())
        }
        Ended::Draining => "terminated".to_owned(),
        Ended::Lost { side: Side::Client, source } => {
            format!("standard input or output broke: {source}")
        }
        Ended::Violation { side: Side::Client, violation } => {
            format!("the local program sent {violation}")
        }
        other => other.to_string().replace("the upstream", "the bridge"),
    };
    Err(ConnectError::Failed(broken))
}
