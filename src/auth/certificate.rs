//! The name in a client's certificate (RFC 5280). That the certificate is valid and the client owns its key is
//! the TLS handshake's business; this is only about who it says.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::Denied;
use super::person::{Person, Proved, Reach};
use crate::config::CertificateName;

/// The name in the certificate of a TLS connection, or why there is none that could be used. It is read once for
/// a connection and goes with each of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName(Result<String, NameError>);

/// Why a certificate names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is not a certificate.
    #[error("not readable")]
    Unreadable,
    /// The part that was to be the name is not there.
    #[error("the configured part is missing")]
    Missing,
    /// Which one is meant cannot be told.
    #[error("the configured part is there several times")]
    Several,
}

impl ClientName {
    /// Reads the certificate `der`, which the handshake has verified. `part` says where the name is; there must
    /// be exactly one there.
    pub fn of(der: &[u8], part: CertificateName) -> ClientName {
        ClientName(name(der, part))
    }

    pub(super) fn person(&self) -> Result<Person, Denied> {
        let name = self.0.as_deref().map_err(|error| *error)?;
        Person::new(name, Proved::Certificate, Reach::All)
    }
}

fn name(der: &[u8], part: CertificateName) -> Result<String, NameError> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| NameError::Unreadable)?;
    if !rest.is_empty() {
        return Err(NameError::Unreadable);
    }
    let names = match part {
        CertificateName::CommonName => common_names(&certificate)?,
        CertificateName::Email | CertificateName::Uri => alternative_names(&certificate, part)?,
    };
    match names.as_slice() {
        [] => Err(NameError::Missing),
        [name] => Ok((*name).to_owned()),
        _ => Err(NameError::Several),
    }
}

fn common_names<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, NameError> {
    let names = certificate.subject().iter_common_name();
    names.map(|name| name.as_str().map_err(|_| NameError::Unreadable)).collect()
}

/// Section 4.2.1.6. An entry that cannot be read may be one of those we look for, so there can be none.
fn alternative_names<'a>(
    certificate: &'a X509Certificate<'_>,
    part: CertificateName,
) -> Result<Vec<&'a str>, NameError> {
    let extension = certificate.subject_alternative_name().map_err(|_| NameError::Unreadable)?;
    let mut names = Vec::new();
    for name in extension.iter().flat_map(|extension| &extension.value.general_names) {
        match (name, part) {
            (GeneralName::RFC822Name(email), CertificateName::Email) => names.push(*email),
            (GeneralName::URI(uri), CertificateName::Uri) => names.push(*uri),
            (GeneralName::Invalid(..), _) => return Err(NameError::Unreadable),
            _ => {}
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateName::{CommonName, Email, Uri};
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

    fn certificate(common_names: &[&str], alternative: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (place, name) in common_names.iter().enumerate() {
            // The library keeps one name of a type; the OID is that of a common name all the same.
            let kind = match place {
                0 => DnType::CommonName,
                _ => DnType::CustomDnType(vec![2, 5, 4, 3]),
            };
            params.distinguished_name.push(kind, DnValue::Utf8String((*name).to_owned()));
        }
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.subject_alt_names = alternative;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn email(text: &str) -> SanType {
        SanType::Rfc822Name(text.try_into().unwrap())
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    fn read(der: &[u8], part: CertificateName) -> Result<String, Denied> {
        ClientName::of(der, part).person().map(|person| person.name().to_owned())
    }

    #[test]
    fn the_configured_part_is_the_name() {
        let der = certificate(&["ann"], vec![email("ann@example.org"), uri("spiffe://example/ann")]);
        for (part, name) in [(CommonName, "ann"), (Email, "ann@example.org"), (Uri, "spiffe://example/ann")] {
            assert_eq!(read(&der, part), Ok(name.to_owned()));
        }
        let person = ClientName::of(&der, CommonName).person().unwrap();
        assert_eq!(person.method(), Proved::Certificate);
        assert_eq!(read(&certificate(&["Jürgen Ä"], vec![]), CommonName), Ok("Jürgen Ä".to_owned()));
    }

    #[test]
    fn a_certificate_without_the_part_names_nobody() {
        let der = certificate(&[], vec![SanType::DnsName("ann".try_into().unwrap())]);
        for part in [CommonName, Email, Uri] {
            assert_eq!(read(&der, part), Err(NameError::Missing.into()), "{part:?}");
        }
        assert_eq!(read(&certificate(&["ann@example.org"], vec![]), Email), Err(NameError::Missing.into()));
    }

    #[test]
    fn a_certificate_with_several_names_names_nobody() {
        let names = vec![email("a@example.org"), email("b@example.org"), uri("urn:a"), uri("urn:a")];
        let der = certificate(&["ann", "root"], names);
        for part in [CommonName, Email, Uri] {
            assert_eq!(read(&der, part), Err(NameError::Several.into()), "{part:?}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_one_is_denied() {
        for name in ["", "-oX", "ann\0.example", "a\nb"] {
            assert_eq!(read(&certificate(&[name], vec![]), CommonName), Err(Denied::Name), "{name:?}");
        }
    }

    #[test]
    fn a_torn_certificate_or_one_with_something_behind_it_is_unreadable() {
        let der = certificate(&["ann"], vec![]);
        for der in [&[][..], b"ann", &der[..der.len() - 1], &[&der[..], &[0]].concat()] {
            assert_eq!(read(der, CommonName), Err(NameError::Unreadable.into()));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut der = certificate(&["ann"], vec![email("a@example.org")]);
            let at = at % der.len();
            der[at] = byte;
            for part in [CommonName, Email, Uri] {
                let _ = read(&der, part);
            }
        }
    }
}
