//! People whom the bridge itself knows, and an upstream that believes the bridge's certificates.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::{Value, json};

use super::bridge::{Bridge, Config};
use super::files::Scratch;
use super::keys::Keys;
use super::node::{node, result};
use super::sshd::Sshd;
use super::user::User;

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "sftpbridge-test";
pub const HEADER: &str = "X-Remote-User";
/// The trusted proxy calls from 127.0.0.2.
pub const PROXY: u8 = 2;

/// A bridge that makes certificates, and an sshd that takes nothing else.
pub struct Minting {
    pub bridge: Bridge,
    pub sshd: Sshd,
    pub user: User,
    _keys: Keys,
}

impl Minting {
    /// An authority of this kind of key; `configure` says who is known.
    pub fn with(kind: &str, configure: impl FnOnce(Config) -> Config) -> Minting {
        let keys = Keys::new();
        let authority = keys.authority(kind);
        let only_keys = "PasswordAuthentication no\nAuthenticationMethods publickey";
        let sshd = Sshd::options().config(&keys.trust(&authority)).config(only_keys).start();
        let config = Config::to(&sshd)
            .upstream("credentials = \"certificate\"")
            .upstream(&format!("ca_key_file = {authority:?}"));
        let bridge = configure(config).start();
        Minting { bridge, sshd, user: User::read(), _keys: keys }
    }

    /// Known by the header of a proxy.
    pub fn behind_a_proxy() -> Minting {
        Minting::with("ed25519", |config| config.section(&trusted_header()))
    }
}

/// `[identity.trusted_header]`, believed from [`PROXY`] alone.
pub fn trusted_header() -> String {
    format!("[identity.trusted_header]\nname = {HEADER:?}\nfrom = [\"127.0.0.{PROXY}/32\"]")
}

/// `[identity]` with a users file of these names and passwords.
pub fn users_file(scratch: &Scratch, people: &[(&str, &str)]) -> String {
    users_file_at_cost(scratch, people, Duration::ZERO)
}

/// The same, with hashes that take at least this long to check on this machine, in this build.
pub fn users_file_at_cost(scratch: &Scratch, people: &[(&str, &str)], cost: Duration) -> String {
    let file = scratch.join("users");
    let memory = memory_for(cost);
    let lines: String =
        people.iter().map(|(name, password)| format!("{name}:{}\n", hash(password, memory))).collect();
    fs::write(&file, lines).unwrap();
    format!("[identity]\nusers_file = {file:?}")
}

/// KiB of memory that make a hash take this long.
fn memory_for(cost: Duration) -> u32 {
    let takes = |memory: u32| {
        let start = Instant::now();
        hash("a password", memory);
        start.elapsed()
    };
    (3..18).map(|power| 1 << power).find(|memory| takes(*memory) >= cost).expect("a hash that takes so long")
}

/// A line's second half: argon2id in one pass.
fn hash(password: &str, memory: u32) -> String {
    let params = Params::new(memory, 1, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = hasher.hash_password_with_salt(password.as_bytes(), b"salt and pepper").unwrap();
    hash.to_string()
}

/// Tokens (RFC 7519) that Node's crypto made, by the names of what is wrong with them, and the issuer's keys.
pub struct Tokens {
    jwks: PathBuf,
    tokens: Value,
}

impl Tokens {
    pub fn issue(scratch: &Scratch, user: &str) -> Tokens {
        let parameters = json!({ "issuer": ISSUER, "audience": AUDIENCE, "user": user });
        let mut made = result(node("tokens.js", &parameters));
        let jwks = scratch.join("jwks.json");
        fs::write(&jwks, made["jwks"].to_string()).unwrap();
        Tokens { jwks, tokens: made["tokens"].take() }
    }

    /// `[identity.jwt]`.
    pub fn section(&self) -> String {
        let file: &Path = &self.jwks;
        format!(
            "[identity.jwt]\nissuer = {ISSUER:?}\naudience = {AUDIENCE:?}\njwks_file = {file:?}\n\
             upstreams_claim = \"upstreams\""
        )
    }

    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        self.tokens[name].as_str().unwrap_or_else(|| panic!("no token {name}"))
    }

    /// All that are to be refused.
    pub fn bad(&self) -> Vec<(&str, &str)> {
        let all = self.tokens.as_object().unwrap().iter();
        let named = all.map(|(name, token)| (name.as_str(), token.as_str().unwrap()));
        let bad: Vec<_> = named.filter(|(name, _)| !name.starts_with("good")).collect();
        assert!(bad.len() > 5, "{bad:?}");
        bad
    }
}
