//! Does a host certificate prove this host, now? PROTOCOL.certkeys of OpenSSH.
//!
//! Whether its authority is trusted was decided before.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime_serde::re::humantime::format_rfc3339_seconds;
use russh::keys::{Algorithm, Certificate, HashAlg, ssh_key::certificate::CertType};
use thiserror::Error;

/// How many principals an error shows, of the many that a certificate may have.
const SHOWN: usize = 16;

/// What is wrong with a host certificate. What it shows of the certificate is escaped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CertificateProblem {
    /// Made for logins, not for hosts.
    #[error("it is a user certificate")]
    UserCertificate,
    /// The authority's key is itself a certificate; PROTOCOL.certkeys has no chains.
    #[error("its authority is a certificate, and chains of them are not allowed")]
    Chain,
    /// Signed with SHA-1, which only a legacy upstream may be.
    #[error("it is signed with {algorithm}, which needs SHA-1; `legacy = true` on this upstream allows that")]
    Sha1 {
        /// The signature's algorithm.
        algorithm: String,
    },
    /// Before its time.
    #[error("it is valid from {from}, and it is {now}")]
    NotYetValid {
        /// When it begins to be valid.
        from: String,
        /// The time here.
        now: String,
    },
    /// After its time.
    #[error("it was valid until {until}, and it is {now}")]
    Expired {
        /// When it ceased to be valid.
        until: String,
        /// The time here.
        now: String,
    },
    /// The authority did not sign this.
    #[error("the authority's signature does not verify")]
    Signature,
    /// It names nobody, which OpenSSH before 10.3 took for everybody.
    #[error("it names no principal, expected {expected}")]
    NoPrincipal {
        /// The configured name.
        expected: String,
    },
    /// It is for other hosts.
    #[error("it is for {}, expected {expected}", .found.join(", "))]
    Principal {
        /// The hosts it is for; the first few of them.
        found: Vec<String>,
        /// The configured name.
        expected: String,
    },
    /// A condition that we do not know; there is none for host certificates.
    #[error("its critical option {option} is unknown")]
    CriticalOption {
        /// The name of the option.
        option: String,
    },
}

/// Checks everything but whether the authority is trusted.
pub(super) fn check(
    certificate: &Certificate,
    host: &str,
    now: SystemTime,
    legacy: bool,
) -> Result<(), CertificateProblem> {
    if certificate.cert_type() != CertType::Host {
        return Err(CertificateProblem::UserCertificate);
    }
    if certificate.signature_key().is_certificate() {
        return Err(CertificateProblem::Chain);
    }
    check_hash(certificate, legacy)?;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    check_time(certificate, now)?;
    let authority = certificate.signature_key().fingerprint(HashAlg::Sha256);
    certificate.validate_at(now, [&authority]).map_err(|_| CertificateProblem::Signature)?;
    check_principals(certificate, host)?;
    match certificate.critical_options().keys().next() {
        Some(option) => Err(CertificateProblem::CriticalOption { option: shown(option) }),
        None => Ok(()),
    }
}

fn check_hash(certificate: &Certificate, legacy: bool) -> Result<(), CertificateProblem> {
    match certificate.signature().algorithm() {
        algorithm @ (Algorithm::Rsa { hash: None } | Algorithm::Dsa) if !legacy => {
            Err(CertificateProblem::Sha1 { algorithm: algorithm.to_string() })
        }
        _ => Ok(()),
    }
}

/// The first second is in, the last is not.
fn check_time(certificate: &Certificate, now: u64) -> Result<(), CertificateProblem> {
    let (from, until) = (certificate.valid_after(), certificate.valid_before());
    if now < from {
        return Err(CertificateProblem::NotYetValid { from: date(from), now: date(now) });
    }
    if now >= until {
        return Err(CertificateProblem::Expired { until: date(until), now: date(now) });
    }
    Ok(())
}

/// A name is compared whole, wildcards in a principal are none; its case does not count, as in DNS.
fn check_principals(certificate: &Certificate, host: &str) -> Result<(), CertificateProblem> {
    let principals = certificate.valid_principals();
    if principals.is_empty() {
        return Err(CertificateProblem::NoPrincipal { expected: host.to_owned() });
    }
    if principals.iter().any(|principal| principal.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let found = principals.iter().take(SHOWN).map(|principal| shown(principal)).collect();
    Err(CertificateProblem::Principal { found, expected: host.to_owned() })
}

/// What an authority wrote, at most 256 characters of it.
fn shown(text: &str) -> String {
    text.chars().take(256).flat_map(char::escape_debug).collect()
}

/// The last second that can be written with four digits for the year.
const LAST_DATE: u64 = 253_402_300_799;

fn date(seconds: u64) -> String {
    match seconds {
        0..=LAST_DATE => format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string(),
        _ => "forever".to_owned(),
    }
}

#[cfg(test)]
mod tests;
