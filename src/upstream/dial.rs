//! From the address to a connection whose host key was checked.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use russh::AlgorithmKind;
use russh::client;
use tokio::io::BufReader;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::Upstream;
use super::authentication::Authentication;
use super::error::{Step, UpstreamError, shown};
use super::handler::{Handler, HandlerError};
use super::heard::{Heard, Listening};
use super::host_key::TrustedHostKeys;
use super::known::Known;
use super::link::{Cut, Link};
use super::measured::measured;
use super::notes::Notes;
use super::patience::Patience;
use super::sights::Sights;
use super::wire::{Early, Wire};
use crate::config;
use crate::traces;

/// russh reads each SSH packet with two small reads; a buffer under it saves the system calls.
pub(super) const READ_BUFFER: usize = 64 * 1024;

impl Upstream {
    /// TCP, identification, key exchange and host key, each with its deadline. When the future is dropped, the
    /// connection is cut.
    ///
    /// # Errors
    /// [`UpstreamError`] says which step failed and why.
    pub async fn connect(&self) -> Result<Authentication, UpstreamError> {
        self.reach(None).await
    }

    /// The same, and `sights` keep what there was to see of the server on the way.
    ///
    /// # Errors
    /// As [`Upstream::connect`].
    pub async fn connect_watched(&self, sights: &Arc<Sights>) -> Result<Authentication, UpstreamError> {
        self.reach(Some(sights)).await
    }

    async fn reach(&self, sights: Option<&Arc<Sights>>) -> Result<Authentication, UpstreamError> {
        let connect_deadline = Instant::now() + self.connect_timeout;
        let tcp = measured(&self.steps, Step::Connect, self.dial(connect_deadline, sights)).await?;
        self.handshake(tcp, connect_deadline, sights).await
    }

    async fn dial(
        &self,
        deadline: Instant,
        sights: Option<&Arc<Sights>>,
    ) -> Result<TcpStream, UpstreamError> {
        timeout_at(deadline, dial(&self.address, sights.map(|sights| &**sights)))
            .await
            .map_err(|_| self.timed_out(Step::Connect))?
            .map_err(|source| UpstreamError::Connect { address: self.address.to_string(), source })
    }

    /// Identification and key exchange. The time for the login begins with the identification.
    async fn handshake(
        &self,
        tcp: TcpStream,
        connect_deadline: Instant,
        sights: Option<&Arc<Sights>>,
    ) -> Result<Authentication, UpstreamError> {
        let tcp = Arc::new(tcp);
        let cut = Cut::new(Arc::clone(&tcp));
        let (early, notes, heard) =
            (Arc::<Early>::default(), Arc::<Notes>::default(), Arc::<Heard>::default());
        let wire = BufReader::with_capacity(READ_BUFFER, Wire::new(tcp, Arc::clone(&early), sights.cloned()));
        let wire = Listening::new(wire, Arc::clone(&heard));
        let Known { trusted, ssh } = &*self.known();
        let handler = Handler::new(trusted, &self.address, self.legacy, &notes, &heard, sights);
        let mut connecting = pin!(client::connect_stream(Arc::clone(ssh), wire, handler));
        let identified = async {
            tokio::select! {
                over = &mut connecting => Some(over),
                () = early.identified() => None,
            }
        };
        let failed = |error| self.handshake_failed(error, trusted, &early, &notes);
        let identified = async {
            let late = |_| self.timed_out(Step::Identification);
            timeout_at(connect_deadline, identified).await.map_err(late)?.transpose().map_err(failed)
        };
        let over = measured(&self.steps, Step::Identification, identified).await?;
        let mut patience = Patience::of(self.login_timeout);
        let handle = match over {
            Some(handle) => handle,
            None => {
                let exchanged = async {
                    let late = |_| self.timed_out(Step::KeyExchange);
                    patience.spend(connecting).await.map_err(late)?.map_err(failed)
                };
                measured(&self.steps, Step::KeyExchange, exchanged).await?
            }
        };
        let steps = self.steps.clone();
        let link = Link { handle, notes, heard, cut, packet_limit: self.packet_limit, steps };
        Ok(Authentication { link, patience, login_timeout: self.login_timeout, legacy: self.legacy })
    }

    fn handshake_failed(
        &self,
        error: HandlerError,
        trusted: &TrustedHostKeys,
        early: &Early,
        notes: &Notes,
    ) -> UpstreamError {
        match error {
            HandlerError::HostKey(refusal) => UpstreamError::HostKey(refusal),
            HandlerError::Ssh(russh::Error::NoCommonAlgo { kind, ours: _, theirs }) => {
                self.no_common_algorithm(kind, trusted, &theirs)
            }
            HandlerError::Ssh(source) if !early.is_identified() => match early.text() {
                Some(text) => UpstreamError::NotSsh { text },
                None => UpstreamError::Lost { step: Step::Identification, source: source.into() },
            },
            HandlerError::Ssh(source) => notes.lost(Step::KeyExchange, source),
        }
    }

    fn no_common_algorithm(
        &self,
        kind: AlgorithmKind,
        trusted: &TrustedHostKeys,
        offered: &[String],
    ) -> UpstreamError {
        let config::HostPort { host, port } = &self.address;
        let refusal = match kind {
            AlgorithmKind::Key => trusted.no_certificate(host, *port, offered),
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

/// Name resolution and TCP: the first address that answers, in the order that the system gives.
pub(super) async fn dial(address: &config::HostPort, sights: Option<&Sights>) -> io::Result<TcpStream> {
    let config::HostPort { host, port } = address;
    let resolved = traces::step("resolve", None, lookup_host((host.as_str(), *port))).await?;
    let addresses: Vec<SocketAddr> = resolved.collect();
    if let Some(sights) = sights {
        sights.resolved(&addresses);
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        if let Some(sights) = sights {
            sights.trying(address);
        }
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                if let Some(sights) = sights {
                    sights.connected();
                }
                // Without it every small packet waits for the acknowledgement of the one before: 39 ms a handshake.
                if let Err(error) = tcp.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY could not be set");
                }
                return Ok(tcp);
            }
            Err(error) => {
                if let Some(sights) = sights {
                    sights.refused(address, &error);
                }
                last = error;
            }
        }
    }
    Err(last)
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
        let error = upstream
            .no_common_algorithm(AlgorithmKind::Kex, &TrustedHostKeys::default(), &offered)
            .to_string();
        assert!(error.contains(r"the server offers x\n\u{1b}[2J,yyy") && error.len() < 1024, "{error}");
    }
}
