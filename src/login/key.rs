//! A public key, or a certificate for one, as a client writes it: the OpenSSH line.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKey};

use super::Proof;

/// How the algorithm's name of every OpenSSH certificate ends (PROTOCOL.certkeys).
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// Reads one line: algorithm, base64, and maybe a comment. `None` when it is none, when the name in front is
/// not that of the key, and when it is no key that logs in.
pub(super) fn parse(line: &str) -> Option<Proof> {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.chars().any(char::is_control) {
        return None;
    }
    let algorithm = line.split(' ').next().unwrap_or_default();
    if algorithm.ends_with(CERTIFICATE) {
        let certificate = Certificate::from_openssh(line).ok()?;
        let logs_in = certificate.cert_type() == CertType::User;
        return logs_in.then(|| Proof::Certificate(Box::new(certificate)));
    }
    let key = PublicKey::from_openssh(line).ok()?;
    // A certificate behind the name of its plain key: the library compares the plain names only.
    let plain = !matches!(key.key_data(), KeyData::Certificate(_) | KeyData::Other(_) | KeyData::Dsa(_));
    plain.then(|| Proof::PublicKey(Box::new(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 \
        AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn certificate() -> String {
        let text = include_str!("transcripts/certificate.txt");
        let start = text.find("ssh-ed25519-cert-v01@openssh.com ").unwrap();
        text[start..].split('"').next().unwrap().to_owned()
    }

    #[test]
    fn a_key_is_one_line_with_or_without_a_comment() {
        for line in [KEY, &format!("{KEY} ann@example.org"), &format!("{KEY}\n"), &format!("{KEY} a b\r\n")] {
            assert!(matches!(parse(line), Some(Proof::PublicKey(_))), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_key_of_its_name_is_none() {
        let other_name = KEY.replace("ssh-ed25519", "ssh-rsa");
        let option = format!("no-pty {KEY}");
        let two = format!("{KEY}\n{KEY}");
        let unknown = "ssh-tomorrow AAAADHNzaC10b21vcnJvdwAAAAEA";
        for line in ["", " ", "ssh-ed25519", "ssh-ed25519 !", &other_name, &option, &two, unknown] {
            assert!(parse(line).is_none(), "{line:?}");
        }
    }

    #[test]
    fn a_certificate_is_known_by_its_name_and_not_taken_for_its_plain_key() {
        let line = certificate();
        assert!(matches!(parse(&line), Some(Proof::Certificate(_))));
        assert!(parse(&line.replace(CERTIFICATE, "")).is_none());
        assert!(parse(&line.replace("ssh-ed25519-cert", "ecdsa-sha2-nistp256-cert")).is_none());
    }
}
