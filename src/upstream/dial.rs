//! From the address to a connection whose host key was checked.

use std::pin::pin;
use std::sync::Arc;

use russh::AlgorithmKind;
use russh::client;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::Upstream;
use super::authentication::Authentication;
use super::error::{Step, UpstreamError, shown};
use super::handler::{Handler, HandlerError};
use super::heard::{Heard, Listening};
use super::link::{Cut, Link};
use super::notes::Notes;
use super::patience::Patience;
use super::wire::{Early, Wire};
use crate::config;

/// russh reads each SSH packet with two small reads; a buffer under it saves the system calls.
const READ_BUFFER: usize = 64 * 1024;

impl Upstream {
    /// TCP, identification, key exchange and host key, each with its deadline. When the future is dropped, the
    /// connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says which step failed and why.
    pub async fn connect(&self) -> Result<Authentication, UpstreamError> {
        let connect_deadline = Instant::now() + self.connect_timeout;
        let tcp = self.dial(connect_deadline).await?;
        self.handshake(tcp, connect_deadline).await
    }

    async fn dial(&self, deadline: Instant) -> Result<TcpStream, UpstreamError> {
        let config::HostPort { host, port } = &self.address;
        let connect = TcpStream::connect((host.as_str(), *port));
        let tcp = timeout_at(deadline, connect)
            .await
            .map_err(|_| self.timed_out(Step::Connect))?
            .map_err(|source| UpstreamError::Connect { address: self.address.to_string(), source })?;
        // Without it every small packet waits for the acknowledgement of the one before: 39 ms a handshake.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        Ok(tcp)
    }

    /// Identification and key exchange. The time for the login begins with the identification.
    async fn handshake(
        &self,
        tcp: TcpStream,
        connect_deadline: Instant,
    ) -> Result<Authentication, UpstreamError> {
        let tcp = Arc::new(tcp);
        let cut = Cut::new(Arc::clone(&tcp));
        let (early, notes, heard) =
            (Arc::<Early>::default(), Arc::<Notes>::default(), Arc::<Heard>::default());
        let wire = BufReader::with_capacity(READ_BUFFER, Wire::new(tcp, Arc::clone(&early)));
        let wire = Listening::new(wire, Arc::clone(&heard));
        let handler = Handler::new(&self.trusted, &self.address, self.legacy, &notes, &heard);
        let mut connecting = pin!(client::connect_stream(Arc::clone(&self.ssh), wire, handler));
        let identified = async {
            tokio::select! {
                over = &mut connecting => Some(over),
                () = early.identified() => None,
            }
        };
        let identified = timeout_at(connect_deadline, identified).await;
        let mut patience = Patience::of(self.login_timeout);
        let result = match identified {
            Err(_) => return Err(self.timed_out(Step::Identification)),
            Ok(Some(over)) => over,
            Ok(None) => patience.spend(connecting).await.map_err(|_| self.timed_out(Step::KeyExchange))?,
        };
        let handle = result.map_err(|error| self.handshake_failed(error, &early, &notes))?;
        let link = Link { handle, notes, heard, cut, packet_limit: self.packet_limit };
        Ok(Authentication { link, patience, login_timeout: self.login_timeout, legacy: self.legacy })
    }

    fn handshake_failed(&self, error: HandlerError, early: &Early, notes: &Notes) -> UpstreamError {
        match error {
            HandlerError::HostKey(refusal) => UpstreamError::HostKey(refusal),
            HandlerError::Ssh(russh::Error::NoCommonAlgo { kind, ours: _, theirs }) => {
                self.no_common_algorithm(kind, &theirs)
            }
            HandlerError::Ssh(source) if !early.is_identified() => match early.text() {
                Some(text) => UpstreamError::NotSsh { text },
                None => UpstreamError::Lost { step: Step::Identification, source: source.into() },
            },
            HandlerError::Ssh(source) => notes.lost(Step::KeyExchange, source),
        }
    }

    fn no_common_algorithm(&self, kind: AlgorithmKind, offered: &[String]) -> UpstreamError {
        let config::HostPort { host, port } = &self.address;
        let refusal = match kind {
            AlgorithmKind::Key => self.trusted.no_certificate(host, *port, offered),
            _ => None,
        };
        refusal.map_or_else(
            || UpstreamError::NoCommonAlgorithm {
                kind: format!("{kind:?}").to_lowercase(),
                offered: shown(&offered.join(",")),
                legacy: self.legacy,
            },
            UpstreamError::HostKey,
        )
    }

    fn timed_out(&self, step: Step) -> UpstreamError {
        let after = match step {
            Step::Connect | Step::Identification => self.connect_timeout,
            Step::KeyExchange | Step::Login | Step::Subsystem => self.login_timeout,
        };
        UpstreamError::TimedOut { step, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_algorithms_are_the_servers_and_harmless_in_a_log() {
        let mut settings = config::Upstream::at("127.0.0.1:22".parse().unwrap());
        settings.host_keys = vec!["SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM".parse().unwrap()];
        let upstream = Upstream::new("main", &settings, 1024).unwrap();
        let offered = ["x\n\u{1b}[2J".to_owned(), "y".repeat(30_000)];
        let error = upstream.no_common_algorithm(AlgorithmKind::Kex, &offered).to_string();
        assert!(error.contains(r"the server offers x\n\u{1b}[2J,yyy") && error.len() < 1024, "{error}");
    }
}
