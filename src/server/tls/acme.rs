//! The listener's certificate from an authority: ACME (RFC 8555), proved by the challenge `tls-alpn-01` (RFC 8737)
//! on the listener itself.
//!
//! An authority that fails never stops the bridge: what was certified stays in use, and it is asked again.

mod store;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use futures_util::StreamExt;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_acme::{AcmeConfig, AcmeState, EventError, EventOk, OrderError, ResolvesServerCertAcme};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::expiry::seconds;
use super::material::{Certificate, roots};
use super::{CHALLENGE, TlsError};
use crate::config;

use store::{Shared, Store};

/// Longest time of an order, from its first request to the certificate. The library sets no limit to a request.
const ORDER: Duration = Duration::from_secs(60 * 60);

/// Least time between two orders when the first one went well: with a clock that is wrong, or an authority whose
/// certificates are, a renewal would be due at once.
const LEAST_AGE: Duration = Duration::from_secs(60 * 60);

/// After so many failures in a row, 2^n seconds are waited for. The library counts likewise.
const MOST_FAILURES: u32 = 16;

/// Longest text of an authority in the log, in characters.
const LONGEST_PROBLEM: usize = 512;

type State = AcmeState<io::Error>;

/// Asks an authority for certificates, for as long as it is polled.
pub(in crate::server) struct Acme {
    settings: config::Acme,
    client: Arc<ClientConfig>,
    store: Arc<Store>,
    current: Arc<Current>,
    state: State,
    /// In a row.
    failures: u32,
    /// How long nothing may be heard of the state before it is given up.
    patience: Duration,
    /// The state is not polled before.
    rest_until: Instant,
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme").field("domains", &self.settings.domains).finish_non_exhaustive()
    }
}

impl Acme {
    /// Prepares the folder, and takes what was certified before out of it. The authority is not asked yet.
    pub(super) async fn open(settings: &config::Acme) -> Result<Self, TlsError> {
        let roots = match &settings.ca_file {
            Some(file) => roots("listen.tls.acme_ca_file", file)?,
            None => system_roots()?,
        };
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Arc::new(client);
        let store = Store::open(settings)
            .map_err(|source| TlsError::Cache { folder: settings.cache.clone(), source })?;
        let state = state(settings, &client, &store);
        let mut acme = Self {
            settings: settings.clone(),
            client,
            store,
            current: Arc::new(Current(ArcSwap::new(state.resolver()))),
            state,
            failures: 0,
            patience: ORDER,
            rest_until: Instant::now(),
        };
        acme.take_from_store().await;
        Ok(acme)
    }

    /// For the listener.
    pub(super) fn certificate(&self) -> Certificate {
        Certificate::Elsewhere {
            resolver: Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>,
            expires: Arc::clone(self.store.expires()),
            challenges: CHALLENGE,
        }
    }

    /// Asks for a certificate where there is none or its time is near, for ever. After a failure it waits a little
    /// longer each time, or until `again`.
    pub(in crate::server) async fn run(mut self, again: &Notify) {
        loop {
            let (rest_until, patience) = (self.rest_until, self.patience);
            let event = async {
                sleep_until(rest_until).await;
                self.state.next().await
            };
            let happened = tokio::select! {
                event = event => Some(event),
                () = sleep(patience) => {
                    self.tell_failure(&format!("no answer for {patience:?}"));
                    None
                }
                () = again.notified(), if self.failures > 0 => None,
            };
            match happened {
                // The stream has no end.
                Some(event) => event.into_iter().for_each(|event| self.follow(event)),
                None => self.begin_anew().await,
            }
        }
    }

    /// Forgets what is under way. What was certified stays in use all the while.
    async fn begin_anew(&mut self) {
        self.state = state(&self.settings, &self.client, &self.store);
        (self.failures, self.patience, self.rest_until) = (0, ORDER, Instant::now());
        self.take_from_store().await;
        self.current.0.store(self.state.resolver());
    }

    /// The first thing that the state does is to look there.
    async fn take_from_store(&mut self) {
        if self.store.has_certificate()
            && let Some(event) = self.state.next().await
        {
            self.follow(event);
        }
    }

    fn follow(&mut self, event: Result<EventOk, EventError<io::Error, io::Error>>) {
        let domains = self.settings.domains.join(", ");
        let expires = self.store.expires().at();
        match event {
            Ok(EventOk::DeployedCachedCert) => {
                tracing::info!(event = %"certificate", from = "cache", domains, expires);
                self.is_well();
            }
            Ok(EventOk::DeployedNewCert) => {
                tracing::info!(event = %"certificate", from = %self.settings.directory, domains, expires);
                count("reloaded");
                self.is_well();
            }
            Ok(EventOk::CertCacheStore) => self.rest(),
            Ok(EventOk::AccountCacheStore) => {}
            Err(EventError::CertCacheStore(error)) => {
                self.tell_store(&error);
                self.rest();
            }
            Err(EventError::AccountCacheStore(error)) => self.tell_store(&error),
            Err(EventError::Order(error)) => {
                self.failed();
                self.tell_failure(&said(&error));
            }
            Err(EventError::NewCertParse(error)) => {
                self.failed();
                self.rest_until = Instant::now() + LEAST_AGE;
                self.patience += LEAST_AGE;
                self.tell_failure(&error.to_string());
            }
            Err(EventError::CachedCertParse(error)) => {
                tracing::warn!(event = %"certificate_cache", problem = %error, "what was kept is not used");
            }
            Err(EventError::CertCacheLoad(error) | EventError::AccountCacheLoad(error)) => {
                tracing::warn!(event = %"certificate_cache", problem = %error, "what was kept is not used");
            }
        }
    }

    /// There is a certificate, and nothing to do until two thirds of its time are over.
    fn is_well(&mut self) {
        self.failures = 0;
        self.patience = self.store.until_renewal(SystemTime::now()).saturating_add(ORDER);
    }

    fn rest(&mut self) {
        if self.store.until_renewal(SystemTime::now()) < LEAST_AGE {
            self.rest_until = Instant::now() + LEAST_AGE;
            self.patience = self.patience.saturating_add(LEAST_AGE);
        }
    }

    fn failed(&mut self) {
        self.patience = Duration::from_secs(1 << self.failures.min(MOST_FAILURES)).saturating_add(ORDER);
        self.failures = self.failures.saturating_add(1);
    }

    fn tell_failure(&self, problem: &str) {
        count("not_reloaded");
        let problem: String = problem.chars().take(LONGEST_PROBLEM).collect();
        let domains = self.settings.domains.join(", ");
        let directory = &self.settings.directory;
        let left = self.store.expires().at().map(|at| at.saturating_sub(seconds(SystemTime::now())));
        let means = match left {
            Some(1..) => "the certificate at hand stays in use; it is tried again",
            Some(_) => "the certificate at hand has expired; it is tried again",
            None => "there is no certificate, and every TLS handshake fails; it is tried again",
        };
        tracing::warn!(event = %"certificate_not_obtained", domains, %directory, problem, means);
    }

    fn tell_store(&self, error: &io::Error) {
        let folder = self.settings.cache.display();
        tracing::warn!(event = %"certificate_cache", %folder, problem = %error, "a restart will ask the authority again");
    }
}

fn state(settings: &config::Acme, client: &Arc<ClientConfig>, store: &Arc<Store>) -> State {
    AcmeConfig::new_with_client_config(&settings.domains, Arc::clone(client))
        .contact(settings.contact.iter().map(|address| mailto(address)))
        .directory(&settings.directory)
        .cache(Shared(Arc::clone(store)))
        .state()
}

/// A contact is a URL (RFC 8555, section 7.1.2).
fn mailto(address: &str) -> String {
    match address.starts_with("mailto:") {
        true => address.to_owned(),
        false => format!("mailto:{address}"),
    }
}

/// The authority's own sentence where there is one.
fn said(error: &OrderError) -> String {
    let told = match error {
        OrderError::BadAuth(auth) => auth.challenges.iter().find_map(|challenge| challenge.error.as_ref()),
        OrderError::BadOrder(order) => order.error.as_ref(),
        _ => None,
    };
    match told.and_then(|problem| problem.detail.as_ref()) {
        Some(detail) => format!("the authority says: {detail}"),
        None => error.to_string(),
    }
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match usable {
        0 => Err(TlsError::NoRoots),
        _ => Ok(roots),
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("sftpbridge_reloads_total", "what" => "acme", "outcome" => outcome).increment(1);
}

/// The certificates and challenges of the state that counts now.
struct Current(ArcSwap<ResolvesServerCertAcme>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(..)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().resolve(hello)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// Asks an authority at `directory` that nobody vouches for.
    async fn asking(directory: &str, folder: &std::path::Path) -> Acme {
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let ca_file = folder.join("ca.pem");
        let pem = STANDARD.encode(root.der());
        std::fs::write(&ca_file, format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"))
            .unwrap();
        let settings = config::Acme {
            domains: vec!["a.example".to_owned()],
            contact: Vec::new(),
            directory: directory.parse().unwrap(),
            cache: folder.join("acme"),
            ca_file: Some(ca_file),
        };
        Acme::open(&settings).await.unwrap()
    }

    #[tokio::test]
    async fn an_authority_that_never_answers_is_given_up_and_asked_anew() {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let directory = format!("http://{}/directory", listener.local_addr().unwrap());
        let mut acme = asking(&directory, folder.path()).await;
        acme.patience = Duration::from_millis(300);
        let mut held = Vec::new();
        let asked = async {
            for _ in 0..2 {
                held.push(listener.accept().await.unwrap());
            }
        };
        let again = Notify::new();
        tokio::select! {
            () = acme.run(&again) => unreachable!(),
            () = asked => {}
            () = sleep(Duration::from_secs(20)) => panic!("not asked anew"),
        }
    }

    #[tokio::test]
    async fn who_asks_for_it_need_not_wait_for_the_next_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut acme = asking(&format!("http://{closed}/directory"), folder.path()).await;
        for failures in 1..=3 {
            // AccountCacheStore may come first.
            while acme.failures < failures {
                let event = acme.state.next().await.unwrap();
                acme.follow(event);
            }
        }
        assert_eq!(acme.patience, Duration::from_secs(4) + ORDER);
        acme.begin_anew().await;
        assert_eq!((acme.failures, acme.patience), (0, ORDER));
    }

    #[test]
    fn a_contact_is_written_as_a_url() {
        assert_eq!(mailto("a@example.org"), "mailto:a@example.org");
        assert_eq!(mailto("mailto:a@example.org"), "mailto:a@example.org");
    }
}
