//! What the upstream's SSH server may ask of us: to check its host key, and to hear its banner. Nothing else.

use std::sync::Arc;
use std::time::SystemTime;

use russh::Channel;
use russh::client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use tokio_util::sync::DropGuard;

use super::heard::Heard;
use super::host_key::{HostKeyRefusal, TrustedHostKeys};
use super::notes::Notes;
use super::sights::Sights;
use crate::config::HostPort;

pub(super) struct Handler {
    trusted: Arc<TrustedHostKeys>,
    address: HostPort,
    legacy: bool,
    notes: Arc<Notes>,
    heard: Arc<Heard>,
    sights: Option<Arc<Sights>>,
    /// What whoever dialled was about: russh runs this in a task of its own. A span of the log, never one of the
    /// collector's, which would not be over before the connection is.
    span: tracing::Span,
    /// Whether the log has that the upstream opens channels. Once is enough: it may do so without end.
    told_of_channels: bool,
    /// russh drops the handler when its task ends, in whatever way.
    _over: DropGuard,
}

impl Handler {
    pub(super) fn new(
        trusted: &Arc<TrustedHostKeys>,
        address: &HostPort,
        legacy: bool,
        notes: &Arc<Notes>,
        heard: &Arc<Heard>,
        sights: Option<&Arc<Sights>>,
    ) -> Self {
        Self {
            trusted: Arc::clone(trusted),
            address: address.clone(),
            legacy,
            notes: Arc::clone(notes),
            heard: Arc::clone(heard),
            sights: sights.cloned(),
            span: tracing::Span::current(),
            told_of_channels: false,
            _over: notes.over.clone().drop_guard(),
        }
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
            if !std::mem::replace(&mut self.told_of_channels, true) {
                let request = stringify!($method);
                tracing::warn!(parent: &self.span, request, "the upstream tried to open a channel to us; refused");
            }
            Ok(())
        })+
    };
}

impl client::Handler for Handler {
    type Error = HandlerError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, HandlerError> {
        if let Some(sights) = &self.sights {
            sights.host_key(key);
        }
        let HostPort { host, port } = &self.address;
        // russh has checked that the exchange was signed with this key, or with the certified one. Of the
        // certificate it has checked nothing.
        let verdict = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.trusted.verify(host, *port, key),
            PublicKeyOrCertificate::Certificate(certificate) => {
                let now = SystemTime::now();
                self.trusted.verify_certificate(host, *port, certificate, now, self.legacy)
            }
        };
        verdict.map(|()| true).map_err(HandlerError::HostKey)
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), HandlerError> {
        self.heard.account();
        self.notes.add_banner(banner);
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<HandlerError>) -> Result<(), HandlerError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.notes.disconnected(&info.message);
                Ok(())
            }
            DisconnectReason::Error(HandlerError::Ssh(russh::Error::NoAuthMethod)) => {
                self.notes.nothing_left();
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.notes.failed(error.to_string());
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
