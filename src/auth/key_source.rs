//! Where an issuer's keys come from, and how long they are good for.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use url::Url;

use super::jwks::{self, Keys};
use crate::http_client::{self, FetchError};
use crate::watched::{FileError, Look, Watched, read};

/// How old keys may be. A key that the issuer withdraws is believed so long at most.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// Between two fetches: anybody can send tokens with key ids that nobody knows.
const PAUSE: Duration = Duration::from_secs(30);

/// The same while there are no keys at all, so that logins work soon after the issuer does.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// An issuer's keys, from a file or from its server.
#[derive(Debug)]
pub(super) enum KeySource {
    File(Arc<Watched<Keys>>),
    Server(Arc<Server>),
}

impl KeySource {
    /// Keys in a file, which may be replaced.
    pub(super) fn file(path: &Path) -> Result<KeySource, FileError> {
        let file = path.to_owned();
        let load = move || {
            Keys::parse(&read(&file, jwks::LARGEST)?).map_err(|problem| FileError::new(&file, problem))
        };
        let file = Watched::open("jwks", vec![path.to_owned()], load, Instant::now())?;
        Ok(KeySource::File(Arc::new(file)))
    }

    /// Keys at a server, which is asked when they are needed.
    pub(super) fn server(url: &Url, ca_file: Option<&Path>) -> Result<KeySource, String> {
        let server = Server {
            url: url.clone(),
            client: http_client::client(url, ca_file)?,
            held: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        };
        Ok(KeySource::Server(Arc::new(server)))
    }

    /// Looks at the file now, if it is one. Blocks for as long as the file system does.
    pub(super) fn reload(&self, look: Look) {
        if let Self::File(file) = self {
            file.look(look, Instant::now());
        }
    }

    /// The keys at `now`, one with the id `id` among them if that can be had. `None` when there were none ever.
    pub(super) async fn keys(&self, id: Option<&str>, now: Instant) -> Option<Arc<Keys>> {
        match self {
            Self::File(file) => {
                let file = Arc::clone(file);
                spawn_blocking(move || file.current(now)).await.ok()
            }
            Self::Server(server) => server.keys(id, now).await,
        }
    }
}

/// A server with keys, and those it gave last.
pub(super) struct Server {
    url: Url,
    client: reqwest::Client,
    held: Mutex<Held>,
    /// One fetch at a time; whoever waits for it takes what it brought.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
struct Held {
    keys: Option<Arc<Keys>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

impl Held {
    /// Whether newer keys would be better, for a token with the key id `id`.
    fn is_wanting(&self, id: Option<&str>, now: Instant) -> bool {
        let Some(keys) = &self.keys else {
            return true;
        };
        passed(self.fetched, FRESH, now) || id.is_some_and(|id| !keys.has(id))
    }

    /// Whether the server is to be asked for them now.
    fn is_due(&self, id: Option<&str>, now: Instant) -> bool {
        let pause = if self.keys.is_some() { PAUSE } else { FIRST_PAUSE };
        self.is_wanting(id, now) && passed(self.tried, pause, now)
    }
}

fn passed(since: Option<Instant>, time: Duration, now: Instant) -> bool {
    since.is_none_or(|since| now.saturating_duration_since(since) >= time)
}

impl Server {
    async fn keys(self: &Arc<Self>, id: Option<&str>, now: Instant) -> Option<Arc<Keys>> {
        if self.held().is_wanting(id, now) {
            let (server, id) = (Arc::clone(self), id.map(str::to_owned));
            // In a task: a fetch that ended with the request that began it would leave the others without. Also
            // where nothing is due: a fetch that is under way may bring what is wanted.
            let _ = tokio::spawn(async move { server.renew(id.as_deref(), now).await }).await;
        }
        self.held().keys.clone()
    }

    async fn renew(&self, id: Option<&str>, now: Instant) {
        let _flight = self.flight.lock().await;
        // Somebody else may have been first.
        if !self.held().is_due(id, now) {
            return;
        }
        self.held().tried = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                let mut held = self.held();
                held.keys = Some(Arc::new(keys));
                held.fetched = Some(now);
            }
            Err(problem) => {
                let kept = self.held().keys.is_some();
                tracing::warn!(event = %"keys_not_fetched", url = %self.url, problem, kept);
            }
        }
    }

    async fn fetch(&self) -> Result<Keys, String> {
        let json = http_client::get(&self.client, &self.url, jwks::LARGEST).await;
        Keys::parse(&json.map_err(|error: FetchError| error.to_string())?)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nobody panics while holding it, and what it holds is whole at all times.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
