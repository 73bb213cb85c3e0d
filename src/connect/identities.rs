//! The keys and certificates that somebody can log in with: files and the agent's, in the order of trying.
//!
//! What was named comes first, then what the agent has, or the usual files where nothing was named; in each group
//! certificates before plain keys. A key that the agent holds too is left to the agent, which asks no passphrase.

mod agent;
mod key_file;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::Certificate;
use russh::keys::PublicKey;

use super::person::{Person, is_declined};
use super::signing::{self, Signable, is_certificate, is_usable};
use agent::Agent;
use key_file::KeyFile;

pub use key_file::Unusable;

/// Below the home directory; as ssh has them.
const USUAL_FILES: [&str; 3] = [".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"];

const LOCKED: &str = "the key stays locked";

/// How often a passphrase may be tried.
const PASSPHRASES: u32 = 3;

/// Which keys may be used.
#[derive(Debug, Clone, Default)]
pub struct KeyChoice {
    /// Files with a private key, or with the public half of one that the agent holds.
    pub files: Vec<PathBuf>,
    /// Files with certificates for them.
    pub certificates: Vec<PathBuf>,
    /// Whether the agent's other keys are left alone.
    pub only: bool,
    /// The socket of the agent.
    pub agent: Option<PathBuf>,
    /// The home directory, for the usual files.
    pub home: Option<PathBuf>,
}

/// The files, read; the agent has not been asked yet.
#[derive(Debug, Default)]
pub struct KeyFiles {
    files: Vec<KeyFile>,
    certificates: Vec<Named>,
    /// Whether somebody named them: then they come before the agent's.
    named: bool,
    only: bool,
    agent: Option<Agent>,
}

/// A certificate, and where it comes from.
#[derive(Debug)]
struct Named {
    name: String,
    blob: Vec<u8>,
}

impl KeyFiles {
    /// Reads what was named, or else the usual files that are there.
    ///
    /// # Errors
    /// A named file cannot be read, or is no key. The usual files are passed over then.
    pub fn read(choice: &KeyChoice) -> Result<Self, Unusable> {
        let mut found = Self {
            files: Vec::new(),
            certificates: Vec::new(),
            named: !(choice.files.is_empty() && choice.certificates.is_empty()),
            only: choice.only,
            agent: choice.agent.clone().map(Agent::new),
        };
        for path in &choice.files {
            let file = KeyFile::read(path)?;
            found.add(file);
        }
        for path in &choice.certificates {
            let blob = key_file::certificate(path)?;
            found.certificates.push(Named { name: path.display().to_string(), blob });
        }
        if !found.named {
            let home = choice.home.iter().flat_map(|home| USUAL_FILES.map(|file| home.join(file)));
            let usual =
                home.filter_map(|path| KeyFile::read(&path).ok()).filter(|file| file.public.is_some());
            usual.for_each(|file| found.add(file));
        }
        Ok(found)
    }

    fn add(&mut self, file: KeyFile) {
        let name = file.path.display().to_string();
        match file.public.clone().filter(|blob| is_certificate(blob)) {
            Some(blob) => self.certificates.push(Named { name, blob }),
            None => {
                let certificate = file.certificate();
                self.certificates.extend(certificate.map(|(name, blob)| Named { name, blob }));
                self.files.push(file);
            }
        }
    }

    /// Asks the agent, and puts everything in order. A passphrase is asked for here only if without it nothing is
    /// known of a key.
    pub(super) async fn collect(mut self, person: &Person, now: SystemTime) -> Identities {
        let agent_keys = match &self.agent {
            Some(agent) => agent.keys().await.unwrap_or_default(),
            None => Vec::new(),
        };
        let mut warnings = Vec::new();
        for file in &mut self.files {
            let name = file.path.display().to_string();
            if file.public.is_none()
                && let Err(reason) = unlock(file, person).await
            {
                warnings.push(format!("{name}: {reason}"));
            }
        }
        let list = order(&self, &agent_keys, now, &mut warnings);
        if !self.named {
            warnings.clear();
        }
        Identities { list, files: self.files, agent: self.agent, warnings }
    }
}

/// Where the private half is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    /// In the agent, which knows it by these bytes.
    Agent(Vec<u8>),
    /// In the file of that number.
    File(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    blob: Vec<u8>,
    holder: Holder,
}

/// Everything in the order of trying, each once.
fn order(
    found: &KeyFiles,
    agent_keys: &[Vec<u8>],
    now: SystemTime,
    warnings: &mut Vec<String>,
) -> Vec<Identity> {
    let mut files = Vec::new();
    for Named { name, blob } in &found.certificates {
        let holder = certified_key(blob, now).and_then(|plain| {
            holder(found, agent_keys, blob, &plain).ok_or("there is no private key for it")
        });
        match holder {
            Ok(holder) => files.push(Identity { blob: blob.clone(), holder }),
            Err(reason) => warnings.push(format!("{name}: {reason}")),
        }
    }
    for file in &found.files {
        let Some(blob) = &file.public else { continue };
        match holder(found, agent_keys, blob, blob) {
            Some(holder) => files.push(Identity { blob: blob.clone(), holder }),
            None => warnings.push(format!("{}: the private half is not in the agent", file.path.display())),
        }
    }
    let of_agent = |blob: &Vec<u8>| Identity { blob: blob.clone(), holder: Holder::Agent(blob.clone()) };
    let (certificates, plain): (Vec<_>, Vec<_>) =
        agent_keys.iter().filter(|_| !found.only).partition(|blob| is_certificate(blob));
    let agent: Vec<Identity> = certificates.into_iter().chain(plain).map(of_agent).collect();
    let mut list = match found.named {
        true => [files, agent].concat(),
        false => [agent, files].concat(),
    };
    let mut seen = HashSet::new();
    list.retain(|identity| is_usable(&identity.blob) && seen.insert(identity.blob.clone()));
    list
}

/// Who can sign for `blob`, which is the key `plain` or a certificate for it.
fn holder(found: &KeyFiles, agent_keys: &[Vec<u8>], blob: &[u8], plain: &[u8]) -> Option<Holder> {
    let in_agent = [blob, plain].into_iter().find(|known| agent_keys.iter().any(|key| key == known));
    let is_it = |file: &KeyFile| file.is_private() && file.public.as_deref() == Some(plain);
    in_agent
        .map(|known| Holder::Agent(known.to_owned()))
        .or_else(|| found.files.iter().position(is_it).map(Holder::File))
}

/// The wire form of the key in a certificate, if the certificate is good for anything now.
fn certified_key(blob: &[u8], now: SystemTime) -> Result<Vec<u8>, &'static str> {
    let unreadable = "not a readable certificate";
    let certificate = Certificate::from_bytes(blob).map_err(|_| unreadable)?;
    let now = now.duration_since(UNIX_EPOCH).map_err(|_| unreadable)?.as_secs();
    if !certificate.cert_type().is_user() {
        return Err("a certificate for a host, not for a user");
    }
    if now >= certificate.valid_before() {
        return Err("the certificate has expired");
    }
    PublicKey::from(certificate.public_key().clone()).to_bytes().map_err(|_| unreadable)
}

/// Keys in the order of trying, and the means to sign with them.
#[derive(Debug, Default)]
pub(super) struct Identities {
    list: Vec<Identity>,
    files: Vec<KeyFile>,
    agent: Option<Agent>,
    /// What was named and is of no use, one sentence each.
    pub(super) warnings: Vec<String>,
}

impl Identities {
    /// Public keys and certificates in their wire form, best first.
    pub(super) fn public(&self) -> Vec<Vec<u8>> {
        self.list.iter().map(|identity| identity.blob.clone()).collect()
    }

    /// Signs with the key of that place in the list, in the form of RFC 4253, section 6.6. May ask for a passphrase;
    /// the agent may ask the person for leave or for a touch, so there is no deadline.
    ///
    /// # Errors
    /// A sentence, when the key is out of reach.
    pub(super) async fn sign(
        &mut self,
        place: usize,
        signable: &Signable,
        person: &Person,
    ) -> Result<Vec<u8>, String> {
        let identity = self.list.get(place).ok_or("no such key")?;
        match (&identity.holder, &self.agent) {
            (Holder::Agent(known), Some(agent)) => {
                let signature = agent.sign(known, signable).await;
                signature.map_err(|error| format!("the agent does not sign: {error}"))
            }
            (Holder::Agent(_), None) => Err("the agent is gone".to_owned()),
            (Holder::File(number), _) => {
                let file = self.files.get_mut(*number).ok_or("no such file")?;
                let key = unlock(file, person).await?;
                signing::sign(key, signable).ok_or_else(|| "the key cannot be used for this".to_owned())
            }
        }
    }
}

/// The private key, after the passphrase where one is needed; or why it stays locked.
async fn unlock<'a>(file: &'a mut KeyFile, person: &Person) -> Result<&'a russh::keys::PrivateKey, String> {
    let question = format!("Enter passphrase for key '{}': ", file.path.display());
    let mut tries = 0;
    while file.is_locked() && tries < PASSPHRASES {
        tries += 1;
        let passphrase = person.ask(&question, false).await;
        let passphrase = passphrase.map_err(|error| match is_declined(&error) {
            true => LOCKED.to_owned(),
            false => format!("{LOCKED}: {error}"),
        })?;
        file.unlock(passphrase);
    }
    file.private().ok_or_else(|| LOCKED.to_owned())
}

#[cfg(test)]
mod tests;
