use std::time::Duration;

use http::{HeaderValue, Request, header};
use serde_json::json;

use super::*;
use crate::auth::issuer::{SigningKey, set};
use crate::auth::{HeaderError, NameError, Proved, TokenError};
use crate::config::{CertificateName, ClientCertificate, Identity, Peers};

const PROXY: &str = "10.0.0.1";
const STRANGER: &str = "192.0.2.1";

/// Every way at once; the folder holds its files.
struct All {
    identities: Identities,
    key: SigningKey,
    _folder: tempfile::TempDir,
}

fn all() -> All {
    let folder = tempfile::tempdir().unwrap();
    let (users, keys) = (folder.path().join("users"), folder.path().join("keys"));
    let hash = bcrypt::hash_with_salt("right", 4, [1; 16]).unwrap();
    std::fs::write(&users, format!("ann:{hash}\n")).unwrap();
    let key = SigningKey::ed25519();
    std::fs::write(&keys, set(&[key.jwk("k")])).unwrap();
    let config = Identity {
        users_file: Some(users),
        jwt: Some(jwt(Some(keys))),
        trusted_header: Some(TrustedHeader {
            name: "x-remote-user".parse().unwrap(),
            from: Peers { networks: vec!["10.0.0.0/8".parse().unwrap()], unix: false },
            groups: None,
        }),
        client_certificate: Some(ClientCertificate { user: CertificateName::CommonName }),
        oidc: None,
    };
    All { identities: Identities::new(&config).unwrap(), key, _folder: folder }
}

fn jwt(jwks_file: Option<std::path::PathBuf>) -> Jwt {
    Jwt {
        issuer: "https://id.example".to_owned(),
        audience: "files".to_owned(),
        jwks_file,
        jwks_url: None,
        ca_file: None,
        user_claim: "sub".to_owned(),
        upstreams_claim: Some("servers".to_owned()),
        groups_claim: None,
        leeway: Duration::ZERO,
    }
}

fn certificate(name: &str) -> ClientName {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    ClientName::of(der.der(), CertificateName::CommonName)
}

impl All {
    fn token(&self, user: &str) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({
            "iss": "https://id.example", "aud": "files", "sub": user, "exp": now + 60, "servers": ["nas"]
        });
        self.key.token(&json!({"alg": "EdDSA", "kid": "k"}), &claims)
    }

    async fn ask(
        &self,
        headers: &[(&str, &str)],
        peer: &str,
        certificate: Option<&ClientName>,
    ) -> Result<Option<(String, Proved)>, Denied> {
        let mut parts = Request::new(()).into_parts().0;
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            parts.headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let peer = Some(Direct::Tcp(format!("{peer}:4000").parse().unwrap()));
        let person = self.identities.of_request(&mut parts, peer, certificate).await?;
        Ok(person.map(|person| (person.name().to_owned(), person.method())))
    }
}

fn known(name: &str, method: Proved) -> Result<Option<(String, Proved)>, Denied> {
    Ok(Some((name.to_owned(), method)))
}

#[tokio::test]
async fn each_way_proves_a_person_by_itself() {
    let all = all();
    let token = format!("Bearer {}", all.token("tom"));
    assert_eq!(all.ask(&[], STRANGER, None).await, Ok(None));
    assert_eq!(all.ask(&[("x-remote-user", "pia")], PROXY, None).await, known("pia", Proved::Header));
    assert_eq!(all.ask(&[], STRANGER, Some(&certificate("cleo"))).await, known("cleo", Proved::Certificate));
    assert_eq!(all.ask(&[("authorization", &token)], STRANGER, None).await, known("tom", Proved::Bearer));
    let ann = all.identities.by_password("ann", &Secret::new("right".to_owned())).await.unwrap();
    assert_eq!((ann.name(), ann.method()), ("ann", Proved::Password));
    let tom = all.identities.by_bearer(&Secret::new(all.token("tom"))).await.unwrap();
    assert!(tom.grant("nas").is_some() && tom.grant("archive").is_none());
}

#[tokio::test]
async fn a_strangers_header_changes_nothing() {
    let all = all();
    let token = format!("Bearer {}", all.token("tom"));
    let forged = ("x-remote-user", "root");
    assert_eq!(all.ask(&[forged], STRANGER, None).await, Ok(None));
    assert_eq!(all.ask(&[forged, forged], STRANGER, None).await, Ok(None));
    let both = [forged, ("authorization", token.as_str())];
    assert_eq!(all.ask(&both, STRANGER, None).await, known("tom", Proved::Bearer));
    let forwarded = [forged, ("x-forwarded-for", PROXY), ("forwarded", "for=10.0.0.1")];
    assert_eq!(all.ask(&forwarded, STRANGER, None).await, Ok(None));
}

#[tokio::test]
async fn the_proxy_speaks_for_others_and_then_the_certificate() {
    let all = all();
    let (token, cleo) = (format!("Bearer {}", all.token("tom")), certificate("cleo"));
    let both = [("x-remote-user", "pia"), ("authorization", token.as_str())];
    assert_eq!(all.ask(&both, PROXY, Some(&cleo)).await, known("pia", Proved::Header));
    assert_eq!(all.ask(&both, STRANGER, Some(&cleo)).await, known("cleo", Proved::Certificate));
}

#[tokio::test]
async fn a_proof_that_fails_is_not_passed_over_for_another() {
    let all = all();
    let token = format!("Bearer {}", all.token("tom"));
    let bearer = ("authorization", token.as_str());
    let (empty, torn) = ([("x-remote-user", ""), bearer], ClientName::of(b"", CertificateName::CommonName));
    assert_eq!(all.ask(&empty, PROXY, None).await, Err(HeaderError::Empty.into()));
    assert_eq!(all.ask(&[bearer], STRANGER, Some(&torn)).await, Err(NameError::Unreadable.into()));
    assert_eq!(
        all.ask(&[("authorization", "Bearer x")], PROXY, None).await,
        Err(TokenError::Malformed.into())
    );
    let odd = format!("Bearer {}", all.token("-oX"));
    assert_eq!(all.ask(&[("authorization", &odd)], PROXY, None).await, Err(Denied::Name));
}

#[tokio::test]
async fn what_is_not_configured_proves_nothing() {
    let identities = Identities::new(&Identity::default()).unwrap();
    assert!(identities.is_empty());
    assert!(!identities.has_passwords() && !identities.has_bearer() && !identities.has_oidc());
    let mut parts = Request::new(()).into_parts().0;
    parts.headers.insert("x-remote-user", HeaderValue::from_static("root"));
    parts.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
    let peer = Some(Direct::Tcp(format!("{PROXY}:4000").parse().unwrap()));
    let person = identities.of_request(&mut parts, peer, Some(&certificate("root"))).await;
    assert_eq!(person, Ok(None));
    let secret = Secret::new("x".to_owned());
    assert_eq!(identities.by_password("root", &secret).await, Err(Denied::NotOffered));
    assert_eq!(identities.by_bearer(&secret).await, Err(Denied::NotOffered));
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("canary");
    std::fs::write(&path, "secret-content").unwrap();
    let users = Identity { users_file: Some(path.clone()), ..Identity::default() };
    let keys = Identity { jwt: Some(jwt(Some(path.clone()))), ..Identity::default() };
    let neither = Identity { jwt: Some(jwt(None)), ..Identity::default() };
    for (config, key) in
        [(users, "identity.users_file: "), (keys, "identity.jwt.jwks_file: "), (neither, "identity.jwt: ")]
    {
        let error = Identities::new(&config).unwrap_err().to_string();
        assert!(error.starts_with(key), "{error}");
        assert!(!error.contains("secret-content"), "{error}");
    }
}
