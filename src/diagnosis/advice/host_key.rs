//! A host key that is not trusted.

use crate::config::{self, HostPort};
use crate::diagnosis::step::Advice;
use crate::upstream::host_key::{CertificateProblem, HostKeyRefusal};

/// Nothing was sent to this server.
pub(super) fn advice(refusal: &HostKeyRefusal, settings: &config::Upstream) -> Advice {
    let address = &settings.address;
    match refusal {
        HostKeyRefusal::Mismatch { found, .. } => Advice::new(
            "the server shows another host key than the one on record: it was installed anew, or this is not the \
             server but somebody in between",
            format!(
                "ask the server's operator, by another way than this network, for its fingerprint (`ssh-keygen -lf \
                 /etc/ssh/ssh_host_ed25519_key.pub` there). Only if it is {found}, replace the line of known_hosts \
                 (`sftpbridge keyscan {}` prints it) or the fingerprint in host_keys",
                scan_of(address)
            ),
        ),
        HostKeyRefusal::Unknown { found, .. } => Advice::new(
            "no host key is known for this name and port, so the bridge cannot tell whether this is the server",
            format!(
                "compare {found} with what the server's operator says; then add the line that `sftpbridge keyscan {}` \
                 prints to known_hosts, or the fingerprint to host_keys",
                scan_of(address)
            ),
        ),
        HostKeyRefusal::Revoked { .. } => Advice::new(
            "the server's key is revoked: a @revoked line of known_hosts names it. Whoever stole it can pretend to be \
             the server",
            "the server must get new host keys (`ssh-keygen -A` there, after deleting the old ones); then pin those",
        ),
        HostKeyRefusal::RevokedAuthority { .. } => Advice::new(
            "the authority of the server's host certificate is revoked: a @revoked line of known_hosts names it",
            "the server needs a host certificate by an authority that is still trusted, or pin its plain key",
        ),
        HostKeyRefusal::UnknownAuthority { found, .. } => Advice::new(
            "the server's host certificate is by an authority that is not trusted for this name",
            format!(
                "if {found} is your organisation's authority, add its @cert-authority line for this name and port to \
                 known_hosts; `sftpbridge keyscan {}` prints it",
                scan_of(address)
            ),
        ),
        HostKeyRefusal::Certificate { problem, .. } => certificate(problem),
        HostKeyRefusal::NoCertificate { .. } => Advice::new(
            "only a host certificate is trusted here (a @cert-authority line), and the server has none",
            "have its host key certified and named by HostCertificate in sshd_config there, or pin its plain key",
        ),
    }
}

fn certificate(problem: &CertificateProblem) -> Advice {
    let again = |what: &str| format!("have the authority make a new host certificate for the server, {what}");
    match problem {
        CertificateProblem::UserCertificate => Advice::new(
            "the server shows a certificate that was made for people, not for hosts",
            again("with `ssh-keygen -h`"),
        ),
        CertificateProblem::Chain => Advice::new(
            "the server's certificate was signed by a certificate, and SSH has no chains of them",
            again("signed by the authority's own key"),
        ),
        CertificateProblem::Sha1 { .. } => Advice::new(
            "the server's certificate is signed with SHA-1, which can be forged",
            again("signed with `ssh-keygen -t rsa-sha2-512`"),
        ),
        CertificateProblem::NotYetValid { .. } => Advice::new(
            "the server's certificate is not valid yet",
            "compare the clocks of this machine and of the authority (NTP), or wait",
        ),
        CertificateProblem::Expired { .. } => Advice::new(
            "the server's certificate has expired",
            again("valid from now on (`-V`); and compare this machine's clock"),
        ),
        CertificateProblem::Signature => Advice::new(
            "the signature of the server's certificate is wrong: the file is damaged, or forged",
            again("and find out where this one came from"),
        ),
        CertificateProblem::NoPrincipal { expected } | CertificateProblem::Principal { expected, .. } => {
            Advice::new(
                format!("the server's certificate is not for {expected}"),
                again(&format!(
                    "with `-n {expected}`; or write the name that it is for into the address of this upstream"
                )),
            )
        }
        CertificateProblem::CriticalOption { .. } => Advice::new(
            "the server's certificate has a condition that is unknown here, and must not be passed over",
            again("without critical options"),
        ),
    }
}

/// Nobody would get there.
pub(in crate::diagnosis) fn nothing_trusted(address: &HostPort) -> Advice {
    Advice::new(
        format!("no host key is known for {address}: known_hosts has lines for other names or ports only"),
        format!(
            "a line for another port than 22 begins with [host]:port; `sftpbridge keyscan {}` prints the right ones",
            scan_of(address)
        ),
    )
}

/// As `keyscan` takes it.
fn scan_of(address: &HostPort) -> String {
    match address.port {
        22 if !address.host.contains(':') => address.host.clone(),
        _ => address.to_string(),
    }
}
