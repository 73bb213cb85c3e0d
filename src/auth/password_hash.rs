//! What a users file keeps of a password: argon2id (RFC 9106) as a PHC string, or bcrypt as `htpasswd -B`
//! writes it.

use std::fmt;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use bcrypt::HashParts;

use crate::config::Secret;

/// Bounds of what a file may ask for: one check must not take the machine. Memory is in KiB.
const MEMORY: u32 = 256 * 1024;
const PASSES: u32 = 20;
const LANES: u32 = 16;
const BCRYPT_COST: u32 = 16;

/// The parameters of new hashes, as OWASP's cheat sheet on password storage has them: 19 MiB, two passes, one
/// lane.
const NEW: (u32, u32, u32) = (19 * 1024, 2, 1);

/// How many KiB argon2 goes over in the time of one round of bcrypt, roughly; only to tell which hash of a file
/// costs most.
const KIB_PER_ROUND: u64 = 75;

/// The hash of nobody's password, for a file that has none. Its parameters are those of [`NEW`].
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A hash of somebody's password.
#[derive(Clone)]
pub(super) struct PasswordHash(Kind);

#[derive(Clone)]
enum Kind {
    Argon2 { hash: Box<Phc>, work: u64 },
    Bcrypt { hash: String, cost: u32 },
}

impl PasswordHash {
    /// Reads a hash. The error says what is wrong with it and repeats nothing of it.
    pub(super) fn parse(text: &str) -> Result<PasswordHash, String> {
        match text {
            _ if text.starts_with("$argon2id$") => argon2id(text),
            _ if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) => bcrypt_hash(text),
            _ => Err("expected an argon2id or bcrypt hash; sftpbridge hash-password makes one".to_owned()),
        }
    }

    /// A hash that no password has.
    pub(super) fn nobody() -> Option<PasswordHash> {
        argon2id(NOBODY).ok()
    }

    /// Whether it is of this password. Takes memory and up to seconds, by its parameters.
    ///
    /// bcrypt looks at the first 72 bytes only, here as everywhere.
    pub(super) fn is_of(&self, password: &Secret) -> bool {
        let password = password.expose().as_bytes();
        match &self.0 {
            Kind::Argon2 { hash, .. } => Argon2::default().verify_password(password, hash.as_ref()).is_ok(),
            Kind::Bcrypt { hash, .. } => bcrypt::verify(password, hash).unwrap_or(false),
        }
    }

    /// How much there is to do, in no unit: to compare hashes by.
    pub(super) fn work(&self) -> u64 {
        match &self.0 {
            Kind::Argon2 { work, .. } => *work,
            Kind::Bcrypt { cost, .. } => KIB_PER_ROUND << *cost,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

fn argon2id(text: &str) -> Result<PasswordHash, String> {
    let malformed = || "the argon2id hash is malformed".to_owned();
    let hash = Phc::new(text).map_err(|_| malformed())?;
    let params = Params::try_from(&hash).map_err(|_| malformed())?;
    if hash.version != Some(Version::V0x13.into()) || hash.salt.is_none() || hash.hash.is_none() {
        return Err(malformed());
    }
    if params.m_cost() > MEMORY || params.t_cost() > PASSES || params.p_cost() > LANES {
        return Err(format!("more than m={MEMORY},t={PASSES},p={LANES} is not accepted"));
    }
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    Ok(PasswordHash(Kind::Argon2 { hash: Box::new(hash), work }))
}

fn bcrypt_hash(text: &str) -> Result<PasswordHash, String> {
    let malformed = || "the bcrypt hash is malformed".to_owned();
    let parts: HashParts = text.parse().map_err(|_| malformed())?;
    let cost = parts.get_cost();
    match cost {
        4..=BCRYPT_COST => Ok(PasswordHash(Kind::Bcrypt { hash: text.to_owned(), cost })),
        0..4 => Err(malformed()),
        _ => Err(format!("more than a cost of {BCRYPT_COST} is not accepted")),
    }
}

/// An argon2id line for a new password, salted by `salt`, which must not be used twice.
///
/// # Errors
/// There is not enough memory, or the password is longer than 4 GiB.
pub fn hash_password(password: &Secret, salt: [u8; 16]) -> Result<String, HashError> {
    let (memory, passes, lanes) = NEW;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| HashError)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: Phc =
        hasher.hash_password_with_salt(password.expose().as_bytes(), &salt).map_err(|_| HashError)?;
    Ok(hash.to_string())
}

/// A password could not be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password cannot be hashed: not enough memory")]
pub struct HashError;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By libxcrypt, in the spelling of htpasswd; the password is "pä:ss".
    const LIBXCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuuhC0bPoUtF5o8bp2gaL0R3/vQ51MSUoO";

    /// From the tests of the reference implementation of argon2; the password is "password".
    const REFERENCE: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn cheap(password: &str) -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: Phc = hasher.hash_password_with_salt(password.as_bytes(), b"salt and salt").unwrap();
        hash.to_string()
    }

    #[test]
    fn a_new_hash_is_of_its_password_and_has_owasps_parameters() {
        let line = hash_password(&secret("pä:ss"), [7; 16]).unwrap();
        assert!(line.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{line}");
        let hash = PasswordHash::parse(&line).unwrap();
        assert!(hash.is_of(&secret("pä:ss")));
        assert!(!hash.is_of(&secret("pa:ss")));
        assert_ne!(line, hash_password(&secret("pä:ss"), [8; 16]).unwrap());
    }

    #[test]
    fn bcrypt_is_read_in_each_of_its_spellings() {
        let parts = bcrypt::hash_with_salt("pw", 4, [3; 16]).unwrap();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            let hash = PasswordHash::parse(&parts.format_for_version(version)).unwrap();
            assert!(hash.is_of(&secret("pw")));
            assert!(!hash.is_of(&secret("pw ")));
        }
        assert!(PasswordHash::parse(&parts.format_for_version(bcrypt::Version::TwoX)).is_err());
    }

    #[test]
    fn hashes_of_other_programs_are_understood() {
        for (hash, password) in [(LIBXCRYPT, "pä:ss"), (REFERENCE, "password")] {
            let hash = PasswordHash::parse(hash).unwrap();
            assert!(hash.is_of(&secret(password)) && !hash.is_of(&secret("other")), "{password}");
        }
    }

    #[test]
    fn what_would_take_the_machine_is_refused() {
        let argon2id = |params: &str| NOBODY.replace("m=19456,t=2,p=1", params);
        for params in ["m=262145,t=1,p=1", "m=1024,t=21,p=1", "m=4194304,t=1,p=1", "m=1024,t=1,p=17"] {
            let error = PasswordHash::parse(&argon2id(params)).unwrap_err();
            assert!(error.starts_with("more than m="), "{params}: {error}");
        }
        assert!(PasswordHash::parse(&argon2id("m=262144,t=20,p=16")).is_ok());
        let cost = |cost: &str| format!("$2b${cost}$") + &".".repeat(53);
        let dear = PasswordHash::parse(&cost("17"));
        assert!(dear.is_err_and(|error| error.starts_with("more than a cost of")));
        assert!(PasswordHash::parse(&cost("03")).is_err());
    }

    #[test]
    fn what_is_no_hash_is_refused_without_its_content() {
        let other = |kind: &str| NOBODY.replace("argon2id", kind);
        for text in [
            "",
            "canary",
            "$apr1$canary$x",
            "{SHA}canary",
            "$1$canary$x",
            "$6$canary$x",
            "$argon2id$canary",
            "$argon2id$v=19$m=8,t=1,p=1$canarycanary",
            &other("argon2i"),
            &other("argon2d"),
            &NOBODY.replace("v=19", "v=16"),
            &NOBODY.replace("v=19$", ""),
            &format!("{NOBODY}$canary"),
            "$2y$10$canary",
            &format!("$2y$10${}", "ä".repeat(27)),
        ] {
            let error = PasswordHash::parse(text).unwrap_err();
            assert!(!error.contains("canary"), "{text}: {error}");
        }
    }

    #[test]
    fn the_dearest_hash_has_the_most_work() {
        let work = |text: &str| PasswordHash::parse(text).unwrap().work();
        let bcrypt = |cost| bcrypt::hash_with_salt("x", cost, [3; 16]).unwrap().to_string();
        assert!(work(&cheap("x")) < work(NOBODY));
        assert!(work(&bcrypt(4)) < work(NOBODY));
        assert!(work(NOBODY) < work(&format!("$2b$12${}", ".".repeat(53))));
        assert!(!PasswordHash::nobody().unwrap().is_of(&secret("")));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\$(argon2id|2y)\\$[ -~]{0,120}") {
            let _ = PasswordHash::parse(&text);
        }

        #[test]
        fn a_hash_is_of_its_password_alone(password in ".{1,40}", other in ".{0,40}") {
            let hash = PasswordHash::parse(&cheap(&password)).unwrap();
            prop_assert!(hash.is_of(&secret(&password)));
            prop_assert_eq!(hash.is_of(&secret(&other)), password == other);
        }
    }
}
