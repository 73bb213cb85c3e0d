//! What an authority gave, in a folder for the bridge alone: the account's key, and certificates with theirs.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustls_acme::{AccountCache, CertCache};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use crate::config;
use crate::server::tls::expiry::{Expires, seconds};
use crate::watched;

/// Largest file in bytes: a chain of a few certificates has 10 KiB.
const LARGEST: usize = 1024 * 1024;

/// The folder, and the certificate that counts. That is kept in memory too: a full disk must not make it be asked
/// for again.
#[derive(Debug)]
pub(super) struct Store {
    certificate: PathBuf,
    account: PathBuf,
    held: Mutex<Option<Zeroizing<Vec<u8>>>>,
    /// Of the certificate.
    expires: Arc<Expires>,
    validity: Mutex<Option<(i64, i64)>>,
}

impl Store {
    /// Makes the folder if it is not there, and reads what is in it.
    pub(super) fn open(settings: &config::Acme) -> io::Result<Arc<Store>> {
        let folder = &settings.cache;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mode = fs::metadata(folder)?.permissions().mode();
        if mode & 0o077 != 0 {
            let mode = format!("{:o}", mode & 0o7777);
            tracing::warn!(folder = %folder.display(), mode, "others may look into the folder of certificates and keys");
        }
        // A folder that cannot be written to shall stop the start, and not the first certificate.
        NamedTempFile::new_in(folder)?;
        let (domains, contact) = (settings.domains.join("\0"), settings.contact.join("\0"));
        let directory = settings.directory.as_str();
        let store = Store {
            certificate: folder.join(format!("certificate-{}.pem", name(&domains, directory))),
            account: folder.join(format!("account-{}.der", name(&contact, directory))),
            held: Mutex::new(None),
            expires: Arc::new(Expires::of(None)),
            validity: Mutex::new(None),
        };
        if let Some(pem) = read(&store.certificate)? {
            store.hold(&pem);
        }
        Ok(Arc::new(store))
    }

    pub(super) fn has_certificate(&self) -> bool {
        lock(&self.held).is_some()
    }

    pub(super) fn expires(&self) -> &Arc<Expires> {
        &self.expires
    }

    /// Time until two thirds of the certificate's are over: then it is renewed. None without a certificate.
    pub(super) fn until_renewal(&self, now: SystemTime) -> Duration {
        let Some((from, until)) = *lock(&self.validity) else { return Duration::ZERO };
        let due = until.saturating_sub(until.saturating_sub(from) / 3);
        Duration::from_secs(u64::try_from(due.saturating_sub(seconds(now))).unwrap_or(0))
    }

    fn hold(&self, pem: &[u8]) {
        let first = CertificateDer::pem_slice_iter(pem).next().and_then(Result::ok);
        self.expires.set(first.as_ref());
        *lock(&self.validity) = first.as_ref().and_then(validity);
        *lock(&self.held) = Some(Zeroizing::new(pem.to_vec()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn validity(certificate: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// What is for other names, or from another authority, is in another file.
fn name(whose: &str, directory: &str) -> String {
    let hash = Sha256::digest(format!("{whose}\0\0{directory}"));
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => watched::read(path, LARGEST).map(Some).map_err(io::Error::other),
    }
}

/// Replaces a file as a whole, for its owner alone.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // Made with mode 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

async fn written(path: PathBuf, content: Vec<u8>) -> io::Result<()> {
    let content = Zeroizing::new(content);
    spawn_blocking(move || write(&path, &content)).await.map_err(io::Error::other)?
}

/// The folder as the library sees it.
pub(super) struct Shared(pub(super) Arc<Store>);

/// What `async_trait` makes of a method, written out.
type Answer<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

impl CertCache for Shared {
    type EC = io::Error;

    fn load_cert<'a, 'b, 'c, 'd>(&'a self, _: &'b [String], _: &'c str) -> Answer<'d, Option<Vec<u8>>>
    where
        Self: 'd,
        'a: 'd,
        'b: 'd,
        'c: 'd,
    {
        let held = lock(&self.0.held).as_ref().map(|pem| pem.to_vec());
        Box::pin(std::future::ready(Ok(held)))
    }

    fn store_cert<'a, 'b, 'c, 'd, 'e>(&'a self, _: &'b [String], _: &'c str, pem: &'d [u8]) -> Answer<'e, ()>
    where
        Self: 'e,
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
    {
        self.0.hold(pem);
        Box::pin(written(self.0.certificate.clone(), pem.to_vec()))
    }
}

impl AccountCache for Shared {
    type EA = io::Error;

    fn load_account<'a, 'b, 'c, 'd>(&'a self, _: &'b [String], _: &'c str) -> Answer<'d, Option<Vec<u8>>>
    where
        Self: 'd,
        'a: 'd,
        'b: 'd,
        'c: 'd,
    {
        let path = self.0.account.clone();
        let read = spawn_blocking(move || read(&path));
        Box::pin(async move { Ok(read.await.map_err(io::Error::other)??.map(|key| key.to_vec())) })
    }

    fn store_account<'a, 'b, 'c, 'd, 'e>(
        &'a self,
        _: &'b [String],
        _: &'c str,
        key: &'d [u8],
    ) -> Answer<'e, ()>
    where
        Self: 'e,
        'a: 'e,
        'b: 'e,
        'c: 'e,
        'd: 'e,
    {
        Box::pin(written(self.0.account.clone(), key.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn settings(folder: &Path) -> config::Acme {
        config::Acme {
            domains: vec!["a.example".to_owned(), "b.example".to_owned()],
            contact: Vec::new(),
            directory: "https://acme.example/directory".parse().unwrap(),
            cache: folder.to_owned(),
            ca_file: None,
        }
    }

    /// Valid from 2033-01-01 to 2033-04-01.
    fn pem() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2033, 1, 1);
        params.not_after = rcgen::date_time_ymd(2033, 4, 1);
        let der = STANDARD.encode(params.self_signed(&key).unwrap().der());
        format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n").into_bytes()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn what_is_stored_is_there_at_the_next_start_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("new/acme");
        let (settings, pem) = (settings(&cache), pem());
        let store = Store::open(&settings).unwrap();
        assert!(!store.has_certificate());
        let shared = Shared(store);
        shared.store_cert(&[], "", &pem).await.unwrap();
        shared.store_account(&[], "", b"key").await.unwrap();
        assert_eq!(mode(&cache), 0o700);
        let files: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 2, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600);
        }
        let again = Shared(Store::open(&settings).unwrap());
        assert_eq!(again.load_cert(&[], "").await.unwrap().unwrap(), pem);
        assert_eq!(again.load_account(&[], "").await.unwrap().unwrap(), b"key");
        assert_eq!(again.0.expires().at(), Some(1_995_926_400));
        let other = config::Acme { domains: vec!["c.example".to_owned()], ..settings };
        assert!(!Store::open(&other).unwrap().has_certificate());
    }

    #[tokio::test]
    async fn a_full_disk_loses_no_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("acme");
        let shared = Shared(Store::open(&settings(&cache)).unwrap());
        fs::remove_dir(&cache).unwrap();
        let pem = pem();
        assert!(shared.store_cert(&[], "", &pem).await.is_err());
        assert_eq!(shared.load_cert(&[], "").await.unwrap().unwrap(), pem);
    }

    #[test]
    fn a_folder_that_is_none_stops_the_start() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Store::open(&settings(file.path())).is_err());
    }

    #[test]
    fn a_renewal_is_due_when_a_third_of_the_time_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&settings(folder.path())).unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(store.until_renewal(at(0)), Duration::ZERO);
        store.hold(&pem());
        let (from, until) = (1_988_150_400, 1_995_926_400);
        assert_eq!(store.until_renewal(at(from)), Duration::from_secs((until - from) / 3 * 2));
        assert_eq!(store.until_renewal(at(until)), Duration::ZERO);
    }
}
