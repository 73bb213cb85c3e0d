//! What the upstream's SSH server may ask of us: to check its host key, and nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use russh::Channel;
use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::PublicKeyOrCertificate;

use super::error::{Step, UpstreamError};
use super::host_key::{HostKeyRefusal, TrustedHostKeys};
use crate::config::HostPort;

pub(super) struct Handler {
    trusted: Arc<TrustedHostKeys>,
    address: HostPort,
    notes: Arc<Notes>,
}

impl Handler {
    pub(super) fn new(trusted: &Arc<TrustedHostKeys>, address: &HostPort, notes: &Arc<Notes>) -> Self {
        Self { trusted: Arc::clone(trusted), address: address.clone(), notes: Arc::clone(notes) }
    }
}

/// Why the connection loop ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandlerError {
    #[error(transparent)]
    Ssh(#[from] russh::Error),
    #[error(transparent)]
    HostKey(HostKeyRefusal),
}

/// Rejects a channel that the upstream wants to open to us: dropping the handle does it. russh's own
/// default would accept.
macro_rules! refuse_channels {
    ($($method:ident ( $($argument:ty),* )),+ $(,)?) => {
        $(async fn $method(
            &mut self,
            _: Channel<Msg>,
            $(_: $argument,)*
            _: ChannelOpenHandle,
            _: &mut Session,
        ) -> Result<(), Self::Error> {
            tracing::warn!(request = stringify!($method), "the upstream tried to open a channel to us; refused");
            Ok(())
        })+
    };
}

impl client::Handler for Handler {
    type Error = HandlerError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, HandlerError> {
        let HostPort { host, port } = &self.address;
        match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.trusted.verify(host, *port, key).map_err(HandlerError::HostKey)?;
                Ok(true)
            }
            // Certificates are not offered, so this would be a breach of the protocol.
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<HandlerError>) -> Result<(), HandlerError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.notes.set(format!("the server disconnected: {}", info.message.escape_debug()));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.notes.set(error.to_string());
                Err(error)
            }
        }
    }

    refuse_channels! {
        server_channel_open_session(),
        server_channel_open_agent_forward(),
        server_channel_open_unknown(),
        server_channel_open_forwarded_tcpip(&str, u32, &str, u32),
        server_channel_open_direct_tcpip(&str, u32, &str, u32),
        server_channel_open_forwarded_streamlocal(&str),
        server_channel_open_direct_streamlocal(&str),
        server_channel_open_x11(&str, u32),
    }
}

/// What the connection loop learnt about its end. russh tells it to the handler only.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Option<String>>);

/// sshd says this, and hangs up, where others would refuse the password (MaxAuthTries).
const TOO_MANY_FAILURES: &str = "Too many authentication failures";

impl Notes {
    fn set(&self, note: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The loss of the connection during `step`, with the best cause that is known.
    pub(super) fn lost(&self, step: Step, source: russh::Error) -> UpstreamError {
        let source = self.reason().map_or_else(|| source.into(), Into::into);
        UpstreamError::Lost { step, source }
    }

    /// A login that ended without an answer.
    pub(super) fn login_ended(&self, closed: bool) -> UpstreamError {
        let turned_away = self.reason().is_some_and(|reason| reason.contains(TOO_MANY_FAILURES));
        if closed && !turned_away {
            self.lost(Step::Login, russh::Error::Disconnect)
        } else {
            UpstreamError::Refused { password_offered: true, partial_success: false }
        }
    }
}
