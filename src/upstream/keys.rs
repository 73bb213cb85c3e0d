//! Attempts by public key (RFC 4252, section 7), wherever the private half is.

use std::path::Path;
use std::time::Duration;

use russh::Signer;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::client::AgentClient;
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use russh::keys::{Certificate, HashAlg, PrivateKey};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::answers::{Answers, SignRequest};
use super::authentication::{Attempt, Authentication};
use super::error::{Step, UpstreamError};
use super::handler::Handler;
use super::patience::RanOut;
use super::signing::{Elsewhere, Held, NoSignature, Shown, ToSign, verify};
use crate::fingerprint::Fingerprint;

/// Longest wait for an agent to say what it holds.
const AGENT_TIMEOUT: Duration = Duration::from_secs(5);

/// What happens while a key is shown elsewhere.
enum Event {
    Over(Result<AuthResult, NoSignature>),
    Sign(ToSign),
}

impl Authentication {
    /// The private key is with whoever answers.
    pub(super) async fn signed<A: Answers>(
        &mut self,
        user: &str,
        shown: Shown,
        answers: &mut A,
    ) -> Result<Attempt, UpstreamError> {
        let hash = self.hash(&shown).await?;
        let algorithm = shown.algorithm(hash);
        let (ask, mut asked) = mpsc::channel(1);
        let mut signer = Elsewhere(ask);
        let over = {
            let mut login = std::pin::pin!(show(&mut self.link.handle, user, &shown, hash, &mut signer));
            loop {
                let event = async {
                    tokio::select! {
                        biased;
                        Some(to_sign) = asked.recv() => Event::Sign(to_sign),
                        over = &mut login => Event::Over(over),
                    }
                };
                match self.patience.spend(event).await {
                    Ok(Event::Over(over)) => break Ok(over),
                    Err(RanOut) => break Err(RanOut),
                    Ok(Event::Sign(ToSign { data, reply })) => {
                        let request =
                            SignRequest { algorithm: algorithm.as_str().to_owned(), data: data.clone() };
                        let signature = answers.signature(request).await.ok_or(NoSignature::Unanswered);
                        let signature = signature.and_then(|signature| {
                            verify(shown.key(), &algorithm, &data, &signature).map(|()| signature)
                        });
                        let _ = reply.send(signature);
                    }
                }
            }
        };
        self.shown(over).await
    }

    /// The bridge has the private key.
    pub(super) async fn held(
        &mut self,
        user: &str,
        key: &PrivateKey,
        certificate: Option<&Certificate>,
    ) -> Result<Attempt, UpstreamError> {
        let shown = match certificate {
            Some(certificate) => Shown::Certificate(Box::new(certificate.clone())),
            None => Shown::Key(key.public_key().clone()),
        };
        let hash = self.hash(&shown).await?;
        let mut signer = Held { key, hash };
        let login = show(&mut self.link.handle, user, &shown, hash, &mut signer);
        let over = self.patience.spend(login).await;
        self.shown(over).await
    }

    /// An agent has the private key. Of one key it may hold certificates too; they are shown first.
    pub(super) async fn agent(
        &mut self,
        user: &str,
        socket: &Path,
        key: Option<&Fingerprint>,
    ) -> Result<Attempt, UpstreamError> {
        let failed = |reason: String| UpstreamError::Agent { socket: socket.to_owned(), reason };
        let binding = self.link.handle.agent_session_binding();
        let asked = self.patience.spend(timeout(AGENT_TIMEOUT, identities(socket, binding))).await;
        let (mut agent, identities) = asked
            .map_err(|RanOut| self.timed_out())?
            .map_err(|_| failed(format!("no answer within {AGENT_TIMEOUT:?}")))?
            .map_err(|error| failed(error.to_string()))?;
        let mut last = None;
        for shown in choose(identities, key).map_err(|reason| failed(reason.to_owned()))? {
            let hash = self.hash(&shown).await?;
            let login = show(&mut self.link.handle, user, &shown, hash, &mut agent);
            let over = self.patience.spend(login).await.map(|over| over.map_err(NoSignature::from));
            match self.shown(over).await? {
                Attempt::Failure { remaining, partial: false } if !remaining.is_empty() => {
                    last = Some(Attempt::Failure { remaining, partial: false });
                }
                verdict => return Ok(verdict),
            }
        }
        last.ok_or_else(|| failed("it holds no key".to_owned()))
    }

    /// The hash of an RSA signature. SHA-1 is for legacy servers, and only if they know nothing better.
    async fn hash(&mut self, shown: &Shown) -> Result<Option<HashAlg>, UpstreamError> {
        if !shown.is_rsa() {
            return Ok(None);
        }
        let best = self.patience.spend(self.link.handle.best_supported_rsa_hash()).await;
        let best = best.map_err(|RanOut| self.timed_out())?;
        match best.map_err(|source| self.link.notes.lost(Step::Login, source))? {
            Some(Some(hash)) => Ok(Some(hash)),
            // Before RFC 8308 servers did not say what they know.
            Some(None) | None => Ok((!self.legacy).then_some(HashAlg::Sha512)),
        }
    }

    async fn shown(
        &self,
        over: Result<Result<AuthResult, NoSignature>, RanOut>,
    ) -> Result<Attempt, UpstreamError> {
        match over {
            Ok(Ok(answer)) => self.verdict(Ok(answer)).await,
            Ok(Err(NoSignature::Send(_))) => self.verdict(Err(russh::Error::SendError)).await,
            Ok(Err(NoSignature::Unanswered)) => Err(UpstreamError::Unanswered),
            Ok(Err(error)) => Err(UpstreamError::Signature { reason: error.to_string() }),
            Err(RanOut) => Err(self.timed_out()),
        }
    }
}

async fn show<S: Signer>(
    handle: &mut Handle<Handler>,
    user: &str,
    shown: &Shown,
    hash: Option<HashAlg>,
    signer: &mut S,
) -> Result<AuthResult, S::Error> {
    match shown {
        Shown::Key(key) => handle.authenticate_publickey_with(user, key.clone(), hash, signer).await,
        Shown::Certificate(certificate) => {
            let certificate = certificate.as_ref().clone();
            handle.authenticate_certificate_with(user, certificate, hash, signer).await
        }
    }
}

/// Connects to the agent and asks what it holds.
async fn identities(
    socket: &Path,
    binding: Option<&AgentSessionBinding>,
) -> Result<(AgentClient<UnixStream>, Vec<AgentIdentity>), russh::keys::Error> {
    let mut agent = AgentClient::connect_uds(socket).await?;
    if let Some(binding) = binding {
        // For keys that are good for certain servers only. An old agent does not know it.
        let _ = agent.bind_session(binding, false).await;
    }
    let identities = agent.request_identities().await?;
    Ok((agent, identities))
}

/// What to show of what the agent holds: the key with this fingerprint, or else the only one.
fn choose(identities: Vec<AgentIdentity>, key: Option<&Fingerprint>) -> Result<Vec<Shown>, &'static str> {
    let mut shown: Vec<Shown> = identities
        .into_iter()
        .map(|identity| match identity {
            AgentIdentity::PublicKey { key, .. } => Shown::Key(key),
            AgentIdentity::Certificate { certificate, .. } => Shown::Certificate(Box::new(certificate)),
        })
        .collect();
    if let Some(key) = key {
        shown.retain(|shown| Fingerprint::of_data(shown.key()) == *key);
    }
    let Some(first) = shown.first().map(|shown| Fingerprint::of_data(shown.key())) else {
        return Err(if key.is_some() { "it does not hold the key" } else { "it holds no key" });
    };
    if shown.iter().any(|shown| Fingerprint::of_data(shown.key()) != first) {
        return Err("it holds several keys; name the one to use by its fingerprint");
    }
    shown.sort_by_key(|shown| matches!(shown, Shown::Key(_)));
    // Each one that is refused counts as a failed login; sshd hangs up after six.
    shown.truncate(3);
    Ok(shown)
}
