//! The server from outside: a russh client against it, over loopback.

mod confinement;
mod connections;
mod extensions;
mod files;
mod names;
mod pipelines;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle, Msg};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg};
use russh_sftp::client::error::Error;
use russh_sftp::client::{RawSftpSession, SftpSession};
use russh_sftp::protocol::StatusCode;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{DemoServer, Login};
use crate::fingerprint::Fingerprint;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server over a fresh directory.
struct Demo {
    directory: TempDir,
    server: DemoServer,
}

struct Pinned(Fingerprint);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        Ok(Fingerprint::of(key) == self.0)
    }
}

impl Demo {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let login = Login { user: "demo".into(), password: "correct horse".into() };
        let server = DemoServer::start(directory.path().to_owned(), login).await.unwrap();
        Self { directory, server }
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    async fn connect(&self) -> Handle<Pinned> {
        let config =
            client::Config { nodelay: true, inactivity_timeout: Some(PATIENCE), ..client::Config::default() };
        let pinned = Pinned(self.server.host_key());
        client::connect(Arc::new(config), self.server.address(), pinned).await.unwrap()
    }

    async fn login(&self) -> Handle<Pinned> {
        let mut connection = self.connect().await;
        let result = connection.authenticate_password("demo", "correct horse").await.unwrap();
        assert_eq!(result, AuthResult::Success);
        connection
    }

    /// A channel on which the subsystem runs, before INIT.
    async fn channel(&self) -> (Handle<Pinned>, Channel<Msg>) {
        let connection = self.login().await;
        let mut channel = connection.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "sftp").await.unwrap();
        assert!(granted(&mut channel).await);
        (connection, channel)
    }

    async fn sftp(&self) -> SftpSession {
        let (_, channel) = self.channel().await;
        SftpSession::new(channel.into_stream()).await.unwrap()
    }

    async fn raw(&self) -> RawSftpSession {
        let (_, channel) = self.channel().await;
        let session = RawSftpSession::new(channel.into_stream());
        session.init().await.unwrap();
        session
    }
}

/// Whether the last channel request succeeded.
async fn granted(channel: &mut Channel<Msg>) -> bool {
    loop {
        match timeout(PATIENCE, channel.wait()).await.unwrap() {
            Some(ChannelMsg::Success) => return true,
            Some(ChannelMsg::Failure) => return false,
            Some(_) => continue,
            None => panic!("the channel ended"),
        }
    }
}

/// The status of a request that failed.
fn refusal<T>(result: Result<T, Error>) -> (StatusCode, String) {
    match result.err() {
        Some(Error::Status(status)) => (status.status_code, status.error_message),
        other => panic!("no status but {other:?}"),
    }
}

fn code<T>(result: Result<T, Error>) -> StatusCode {
    refusal(result).0
}
