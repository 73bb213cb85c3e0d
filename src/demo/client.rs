//! One SSH connection: checks the password, and starts an SFTP session for each session channel that
//! asks for the "sftp" subsystem. Every other request is refused.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Pty};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Login;
use super::channel;
use super::files::Files;
use super::tree::Tree;

/// As OpenSSH's MaxSessions.
const MAX_CHANNELS: usize = 10;
/// From the opening of a channel to its subsystem request.
const SUBSYSTEM_TIME: Duration = Duration::from_secs(30);

/// The methods of RFC 4252 on offer.
pub(super) fn methods() -> MethodSet {
    MethodSet::from([MethodKind::Password].as_slice())
}

/// One connection.
pub(super) struct Client {
    login: Arc<Login>,
    tree: Arc<Tree>,
    stop: CancellationToken,
    authenticated: Option<oneshot::Sender<()>>,
    room: Arc<Semaphore>,
    /// Channels that are open and have no subsystem yet.
    channels: HashMap<ChannelId, oneshot::Sender<()>>,
}

impl Client {
    /// `authenticated` is told when the user is in.
    pub(super) fn new(
        login: Arc<Login>,
        tree: Arc<Tree>,
        stop: CancellationToken,
        authenticated: oneshot::Sender<()>,
    ) -> Self {
        let room = Arc::new(Semaphore::new(MAX_CHANNELS));
        Self { login, tree, stop, authenticated: Some(authenticated), room, channels: HashMap::new() }
    }

    /// Waits for the subsystem request, then serves. Not tied to the connection's life: requests that
    /// have arrived are carried out even if the client has left.
    fn start(&mut self, channel: Channel<Msg>, permit: OwnedSemaphorePermit) {
        let (start, started) = oneshot::channel();
        self.channels.retain(|_, start| !start.is_closed());
        self.channels.insert(channel.id(), start);
        let files = Files::new(self.tree.clone());
        let session = async move {
            match timeout(SUBSYSTEM_TIME, started).await {
                Ok(Ok(())) => channel::serve(channel, files).await,
                Ok(Err(_)) | Err(_) => drop(channel.close().await),
            }
            drop(permit);
        };
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(session));
    }
}

impl server::Handler for Client {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        // Not `&&`: the time must not tell whether the user name was right.
        let right = same(user, &self.login.user) & same(password, &self.login.password);
        // Said explicitly, for else russh takes "password" off the list after the first attempt.
        let again = Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false };
        Ok(if right { Auth::Accept } else { again })
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        if let Some(authenticated) = self.authenticated.take() {
            let _ = authenticated.send(());
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.room.clone().try_acquire_owned() {
            Ok(permit) => {
                reply.accept().await;
                self.start(channel, permit);
            }
            Err(_) => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let start = if name == "sftp" { self.channels.remove(&channel) } else { None };
        // The success must be queued before the first reply can be.
        match start {
            Some(start) if !start.is_closed() => {
                session.channel_success(channel)?;
                let _ = start.send(());
                Ok(())
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _single_connection: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }
}

/// Compares every byte whatever the first ones are; only the length of the guess shows in the time.
fn same(guess: &str, secret: &str) -> bool {
    let pairs = guess.bytes().zip(secret.bytes().cycle());
    let differences = pairs
        .fold(guess.len() ^ secret.len(), |seen, (left, right)| black_box(seen | usize::from(left ^ right)));
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(same("secret", "secret") && same("", ""));
        for guess in ["", "s", "secre", "secreT", "secretsecret", "xecret"] {
            assert!(!same(guess, "secret"), "{guess}");
        }
        assert!(!same("x", ""));
    }
}
