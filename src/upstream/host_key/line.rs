//! One line of a known_hosts file: marker, host names, key type, key, comment.

use base64::{Engine, engine::general_purpose::STANDARD};
use russh::keys::{Algorithm, PublicKey, ssh_key::public::KeyData};
use thiserror::Error;

use super::host_names::{HostNames, HostNamesProblem};

/// A line that says what a key is to these hosts.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its number in the file; the first is 1. Whoever reads the file sets it.
    pub(super) number: usize,
    pub(super) meaning: Meaning,
    pub(super) hosts: HostNames,
    pub(super) key: KeyData,
}

/// What a line says of its key; the marker before the host names tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No marker: it is a host key of theirs.
    HostKey,
    /// `@cert-authority`: it signs their host certificates. It is not a host key itself.
    Authority,
    /// `@revoked`: it is neither any more.
    Revoked,
}

/// What is wrong with a line of a known_hosts file. The text repeats nothing of the line, so it is safe to
/// log.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LineProblem {
    /// A NUL, a carriage return without its line feed, or the like: it may hide another line.
    #[error("a control character within the line")]
    ControlCharacter,
    /// A marker that sshd(8) does not have, or two of them.
    #[error("the marker is neither @revoked nor @cert-authority, or there are two")]
    Marker,
    /// Less than host names, key type and key.
    #[error("host names, key type and key are needed")]
    Truncated,
    /// The host names.
    #[error(transparent)]
    HostNames(#[from] HostNamesProblem),
    /// The key's type is not one that is supported here, or it is that of a certificate.
    #[error("the key type is unknown")]
    KeyType,
    /// The key is not base64, or not a key of the type before it.
    #[error("the key is not the base64 of a key of its type")]
    Key,
}

/// Takes a line with its line end, if it has one. `None` for what is not meant to say anything: a blank line,
/// a comment.
pub(super) fn parse_line(line: &[u8]) -> Result<Option<Line>, LineProblem> {
    let line = line.trim_ascii_end();
    // Not even in a comment: with the line ends of an old Macintosh, all of the file is one comment.
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(LineProblem::ControlCharacter);
    }
    let mut fields = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|field| !field.is_empty());
    let Some(mut hosts) = fields.next().filter(|field| !field.starts_with(b"#")) else {
        return Ok(None);
    };
    let marker = hosts.starts_with(b"@").then_some(hosts);
    if marker.is_some() {
        hosts = fields.next().ok_or(LineProblem::Truncated)?;
    }
    let meaning = match marker {
        _ if hosts.starts_with(b"@") => return Err(LineProblem::Marker),
        None => Meaning::HostKey,
        Some(b"@revoked") => Meaning::Revoked,
        Some(b"@cert-authority") => Meaning::Authority,
        Some(_) => return Err(LineProblem::Marker),
    };
    let (Some(key_type), Some(key)) = (fields.next(), fields.next()) else {
        return Err(LineProblem::Truncated);
    };
    Ok(Some(Line { number: 0, meaning, hosts: HostNames::parse(hosts)?, key: parse_key(key_type, key)? }))
}

fn parse_key(key_type: &[u8], key: &[u8]) -> Result<KeyData, LineProblem> {
    let named = str::from_utf8(key_type).ok().and_then(|name| Algorithm::new(name).ok());
    let named =
        named.filter(|algorithm| !matches!(algorithm, Algorithm::Other(_))).ok_or(LineProblem::KeyType)?;
    let wire = STANDARD.decode(key).map_err(|_| LineProblem::Key)?;
    let key = PublicKey::from_bytes(&wire).map_err(|_| LineProblem::Key)?;
    // A certificate gives the algorithm of the key in it, and is never equal to that key.
    let plain = key.algorithm() == named && !key.key_data().is_certificate();
    plain.then(|| key.into()).ok_or(LineProblem::Key)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::upstream::host_key::fixtures::{ECDSA_256, ED25519, ED25519_CERTIFICATE, RSA};

    #[test]
    fn a_line_that_cannot_be_read_tells_why() {
        for (line, problem) in bad_lines() {
            assert_eq!(parse_line(&line).err(), Some(problem), "{}", String::from_utf8_lossy(&line));
        }
    }

    /// Lines that cannot be read, and why.
    pub(in crate::upstream::host_key) fn bad_lines() -> Vec<(Vec<u8>, LineProblem)> {
        let blob = ED25519.split_once(' ').unwrap().1;
        let certificate = ED25519_CERTIFICATE.split_once(' ').unwrap().1;
        let lines = [
            ("host".to_owned(), LineProblem::Truncated),
            ("host ssh-ed25519".to_owned(), LineProblem::Truncated),
            ("host ssh-ed25519 ".to_owned(), LineProblem::Truncated),
            (format!("host {blob}"), LineProblem::Truncated),
            (format!("host ssh-ed25520 {blob}"), LineProblem::KeyType),
            (format!("host ssh-foo@example.org {blob}"), LineProblem::KeyType),
            ("host 1024 35 123456789".to_owned(), LineProblem::KeyType),
            (format!("host  ED25519 {blob}"), LineProblem::KeyType),
            (format!("host {ED25519_CERTIFICATE}"), LineProblem::KeyType),
            (format!("host ssh-ed25519 {certificate}"), LineProblem::Key),
            (format!("host ssh-rsa {blob}"), LineProblem::Key),
            (format!("host ecdsa-sha2-nistp384 {}", &ECDSA_256[20..]), LineProblem::Key),
            ("host ssh-ed25519 !!!!".to_owned(), LineProblem::Key),
            (format!("host ssh-ed25519 {}", &blob[..blob.len() - 4]), LineProblem::Key),
            (format!("host ssh-ed25519 {}", &blob[..blob.len() - 1]), LineProblem::Key),
            (format!("host ssh-ed25519 {blob}AAAA"), LineProblem::Key),
            (format!("host ssh-ed25519 {blob}#comment"), LineProblem::Key),
            (format!("!host {ED25519}"), HostNamesProblem::Nobody.into()),
            (format!("|1|AAAA|AAAA {ED25519}"), HostNamesProblem::Hash.into()),
            (format!("@unknown host {ED25519}"), LineProblem::Marker),
            (format!("@cert-authority @unknown host {ED25519}"), LineProblem::Marker),
            (format!("@CERT-AUTHORITY host {ED25519}"), LineProblem::Marker),
            (format!("@ host {ED25519}"), LineProblem::Marker),
            ("@cert-authority".to_owned(), LineProblem::Truncated),
            (format!("@cert-authority {ED25519}"), LineProblem::Truncated),
            (format!("@cert-authority host {ED25519_CERTIFICATE}"), LineProblem::KeyType),
            (format!("@cert-authority host ssh-ed25519 {certificate}"), LineProblem::Key),
            (format!("host {RSA}\rhost {ED25519}"), LineProblem::ControlCharacter),
            (format!("host {RSA} \0"), LineProblem::ControlCharacter),
            (format!("# one\rhost {RSA}"), LineProblem::ControlCharacter),
        ];
        let latin = ([b"h\xf6st ", RSA.as_bytes()].concat(), HostNamesProblem::Nobody.into());
        lines.into_iter().map(|(line, problem)| (line.into_bytes(), problem)).chain([latin]).collect()
    }
}
