//! The keys about who logs in and how: what they need, what they exclude, and the files that they name.

use super::*;
use crate::config::{CertificateName, Credentials, Proof};

/// Files that are there, beside the `proxy.toml` of [`complain`].
const THERE: [&str; 3] = ["there", "also", "cookie"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in THERE {
        std::fs::write(folder.path().join(name), "0123456789abcdef0123456789abcdef\n").unwrap();
    }
    folder
}

fn load(folder: &Path, text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let env = env.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let file = folder.join("proxy.toml");
    Config::resolve(Some((&file, text)), env, &Overrides::default()).map_err(|error| error.to_string())
}

/// The complaint about a text, without the name of its file and folder.
#[track_caller]
fn complain(text: &str) -> String {
    let folder = folder();
    let error = load(folder.path(), text, &[]).unwrap_err();
    assert_eq!(error.lines().count(), 1, "{error}");
    let place = format!("{}/", folder.path().display());
    let error = error.replace(&place, "");
    error.strip_prefix("proxy.toml: ").unwrap_or_else(|| panic!("{error}")).to_owned()
}

/// An upstream with these lines, and somebody who can be known.
fn own(lines: &str) -> String {
    with_main("[identity]\nusers_file = 'there'") + lines
}

#[test]
fn each_kind_of_credentials_is_read_with_its_keys() {
    let folder = folder();
    let there = folder.path().join("there");
    let proof =
        |lines: &str| match &load(folder.path(), &own(lines), &[]).unwrap().upstreams["main"].credentials {
            Credentials::Own { user, proof } => (user.fill("ann"), proof.clone()),
            Credentials::User => panic!("{lines}"),
        };
    let key = "credentials = 'key'\nkey_file = 'there'\nkey_passphrase_file = 'also'\nuser = 'x-{user}'";
    let passphrase_file = Some(folder.path().join("also"));
    assert_eq!(proof(key), ("x-ann".to_owned(), Proof::Key { file: there.clone(), passphrase_file }));
    let password = proof("credentials = 'password'\npassword_file = 'there'");
    assert_eq!(password, ("ann".to_owned(), Proof::Password { file: there.clone() }));
    let (_, agent) = proof("credentials = 'agent'\nagent_socket = 'not there'");
    assert_eq!(agent, Proof::Agent { socket: folder.path().join("not there"), key: None });
    let (_, certificate) = proof(
        "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_validity = '1m'\n\
         certificate_source_address = ['192.0.2.1', '2001:db8::/32']",
    );
    let Proof::Certificate(authority) = certificate else { panic!("{certificate:?}") };
    assert_eq!((authority.key_file, authority.validity), (there, Duration::from_secs(60)));
    assert_eq!(authority.principals[0].fill("ann"), "ann");
    let networks: Vec<String> = authority.source_address.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["192.0.2.1/32", "2001:db8::/32"]);
}

#[test]
fn a_key_of_other_credentials_is_refused_and_both_are_named() {
    for (lines, line) in [
        (
            "key_file = 'there'",
            r#"upstreams.main.key_file: belongs to credentials = "key", and here it is "user""#,
        ),
        (
            "credentials = 'agent'\nagent_socket = 'x'\npassword_file = 'there'",
            r#"upstreams.main.password_file: belongs to credentials = "password", and here it is "agent""#,
        ),
        (
            "user = '{user}'",
            r#"upstreams.main.user: belongs to credentials = "key" or "password" or "agent" or "certificate", and here it is "user""#,
        ),
    ] {
        assert_eq!(complain(&own(lines)), line);
    }
    let variable = ("SFTPBRIDGE_UPSTREAMS__MAIN__CA_KEY_FILE", "there");
    let error = load(folder().path(), &own(""), &[variable]).unwrap_err();
    assert!(error.starts_with(&format!("{}: upstreams.main.ca_key_file: belongs to", variable.0)), "{error}");
}

#[test]
fn credentials_without_what_they_need_are_refused() {
    for (kind, key) in [
        ("key", "key_file"),
        ("password", "password_file"),
        ("agent", "agent_socket"),
        ("certificate", "ca_key_file"),
    ] {
        let line = format!("upstreams.main.{key}: missing; credentials = {kind:?} needs it");
        assert_eq!(complain(&own(&format!("credentials = '{kind}'"))), line);
    }
}

#[test]
fn own_credentials_need_a_way_to_know_people() {
    let text = with_main("") + "credentials = 'key'\nkey_file = 'there'";
    assert!(complain(&text).starts_with("upstreams.main.credentials: the bridge's own credentials are for"));
    let header = "[identity.trusted_header]\nname = 'X-User'\nfrom = ['10.0.0.0/8']\n";
    assert!(load(folder().path(), &(header.to_owned() + &text), &[]).is_ok());
}

#[test]
fn bad_values_of_an_upstream_are_named_by_their_own_key() {
    for (lines, line) in [
        ("legacy = 7", "upstreams.main.legacy: expected true or false, found 7"),
        (
            "user = 7\ncredentials = 'key'\nkey_file = 'there'",
            "upstreams.main.user: expected a string in quotes, found 7",
        ),
        (
            "credentials = 'kerberos'",
            r#"upstreams.main.credentials: expected "user", "key", "password", "agent" or "certificate", found "kerberos""#,
        ),
        ("credentials = 7", "upstreams.main.credentials: expected a string in quotes, found 7"),
        (
            "resume = 7",
            r#"upstreams.main.resume: expected a duration up to 365days such as "90s", or "0s" for none, found 7"#,
        ),
        (
            "credentials = 'key'\nkey_file = 'there'\nuser = '{name}'",
            r#"upstreams.main.user: expected a name, with {user} where the person's goes, found "{name}""#,
        ),
        (
            "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_validity = '9s'",
            r#"upstreams.main.certificate_validity: expected a duration from 10s to 24h such as "5m", found "9s""#,
        ),
        (
            "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_validity = '25h'",
            r#"upstreams.main.certificate_validity: expected a duration from 10s to 24h such as "5m", found "25h""#,
        ),
        (
            "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_principals = []",
            "upstreams.main.certificate_principals: expected a list with at least one name, found an empty one",
        ),
        (
            "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_source_address = ['here']",
            r#"upstreams.main.certificate_source_address: expected a network such as "10.0.0.0/8" or "::1", found "here""#,
        ),
        (
            "credentials = 'agent'\nagent_socket = 'x'\nagent_key = 'x'",
            r#"upstreams.main.agent_key: expected a fingerprint "SHA256:..." as ssh-keygen -l prints it, found "x""#,
        ),
        ("key_fil = 'x'", r#"upstreams.main.key_fil: unknown key; did you mean "key_file"?"#),
    ] {
        assert_eq!(complain(&own(lines)), line);
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let oidc = "[identity.oidc]\nissuer = 'https://id.example'\nclient_id = 'x'\n\
                redirect_url = 'https://a.example/auth/callback'\n";
    let jwt = "[identity.jwt]\nissuer = 'x'\naudience = 'x'\n";
    for (key, text) in [
        ("listen.tls.certificate", with_main("[listen.tls]\ncertificate = '?'\nkey = 'there'")),
        ("listen.tls.key", with_main("[listen.tls]\ncertificate = 'there'\nkey = '?'")),
        (
            "listen.tls.client_ca",
            with_main("[listen.tls]\ncertificate = 'there'\nkey = 'there'\nclient_ca = '?'"),
        ),
        ("identity.users_file", with_main("[identity]\nusers_file = '?'")),
        ("identity.jwt.jwks_file", with_main(&format!("{jwt}jwks_file = '?'"))),
        ("identity.jwt.ca_file", with_main(&format!("{jwt}jwks_url = 'https://a.example'\nca_file = '?'"))),
        ("identity.oidc.cookie_key_file", with_main(&format!("{oidc}cookie_key_file = '?'"))),
        (
            "identity.oidc.client_secret_file",
            with_main(&format!("{oidc}cookie_key_file = 'cookie'\nclient_secret_file = '?'")),
        ),
        ("identity.oidc.ca_file", with_main(&format!("{oidc}cookie_key_file = 'cookie'\nca_file = '?'"))),
        ("upstreams.main.key_file", own("credentials = 'key'\nkey_file = '?'")),
        (
            "upstreams.main.key_passphrase_file",
            own("credentials = 'key'\nkey_file = 'there'\nkey_passphrase_file = '?'"),
        ),
        ("upstreams.main.password_file", own("credentials = 'password'\npassword_file = '?'")),
        ("upstreams.main.ca_key_file", own("credentials = 'certificate'\nca_key_file = '?'")),
    ] {
        let error = complain(&text);
        assert!(error.starts_with(&format!("{key}: ?: cannot be read: No such file")), "{error}");
        assert!(load(folder().path(), &text.replace('?', "cookie"), &[]).is_ok(), "{text}");
    }
}

#[test]
fn a_section_that_is_begun_needs_its_keys() {
    for (text, line) in [
        ("[listen.tls]\ncertificate = 'there'", "listen.tls.key: missing; this section needs it"),
        ("[listen.tls]\nkey = 'there'", "listen.tls.certificate: missing; this section needs it"),
        ("[identity.jwt]", "identity.jwt.issuer: missing; this section needs it"),
        ("[identity.jwt]\nissuer = 'x'", "identity.jwt.audience: missing; this section needs it"),
        (
            "[identity.trusted_header]\nname = 'X-User'",
            "identity.trusted_header.from: missing; this section needs it",
        ),
        ("[identity.client_certificate]", "identity.client_certificate.user: missing; this section needs it"),
        ("[identity.oidc]\nissuer = 'https://x'", "identity.oidc.client_id: missing; this section needs it"),
    ] {
        assert_eq!(complain(&with_main(text)), line);
    }
}

#[test]
fn an_issuers_keys_have_exactly_one_source() {
    let jwt = |lines: &str| with_main(&format!("[identity.jwt]\nissuer = 'x'\naudience = 'x'\n{lines}"));
    let both = "jwks_file = 'there'\njwks_url = 'https://a.example'";
    assert_eq!(complain(&jwt("")), "identity.jwt: one of jwks_file and jwks_url is required");
    assert!(complain(&jwt(both)).starts_with("identity.jwt.jwks_url: jwks_file is given too"));
    let ca = complain(&jwt("jwks_file = 'there'\nca_file = 'there'"));
    assert_eq!(ca, "identity.jwt.ca_file: it is for jwks_url, and jwks_file is given");
    for url in [
        "http://a.example/keys",
        "ftp://a.example",
        "https://u:p@a.example/",
        "a.example",
        "http://127.0.0.1.a.example/",
    ] {
        let error = complain(&jwt(&format!("jwks_url = '{url}'")));
        assert!(error.starts_with("identity.jwt.jwks_url: expected an https:// URL"), "{error}");
    }
    for url in ["https://a.example/keys?x=1", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/"] {
        assert!(load(folder().path(), &jwt(&format!("jwks_url = '{url}'")), &[]).is_ok(), "{url}");
    }
}

#[test]
fn two_principals_in_one_text_are_refused() {
    let keys = "credentials = 'certificate'\nca_key_file = 'there'\ncertificate_principals = ['a,b']";
    assert_eq!(
        complain(&own(keys)),
        "upstreams.main.certificate_principals: expected a name without a comma, with {user} where the person's \
         goes, found \"a,b\""
    );
}

#[test]
fn values_of_the_identities_without_sense_are_refused() {
    let tls = "[listen.tls]\ncertificate = 'there'\nkey = 'there'\nclient_ca = 'there'\n";
    let jwt = "[identity.jwt]\nissuer = 'x'\naudience = 'x'\njwks_file = 'there'\n";
    for (text, line) in [
        (
            "[identity.trusted_header]\nname = 'X-User'\nfrom = []".to_owned(),
            "identity.trusted_header.from: a list with at least one network is required",
        ),
        (
            "[identity.trusted_header]\nname = 'X-User'\nfrom = ['::1']\ngroups = 'x-user'".to_owned(),
            "identity.trusted_header.groups: x-user is the header of the name; groups need one of their own",
        ),
        (
            "[identity.trusted_header]\nname = 'X User'\nfrom = ['::1']".to_owned(),
            r#"identity.trusted_header.name: expected the name of a header such as "X-Remote-User", found "X User""#,
        ),
        (
            "[identity.trusted_header]\nname = 'Authorization'\nfrom = ['::1']".to_owned(),
            r#"identity.trusted_header.name: expected a header without another meaning, such as "X-Remote-User", found "Authorization""#,
        ),
        (
            format!("{tls}[identity.client_certificate]\nuser = 'dn'"),
            r#"identity.client_certificate.user: expected "cn", "email" or "uri", found "dn""#,
        ),
        (
            "[identity.client_certificate]\nuser = 'cn'".to_owned(),
            "identity.client_certificate: needs listen.tls.client_ca: whose certificates are to be believed?",
        ),
        (
            format!("{jwt}leeway = '11m'"),
            r#"identity.jwt.leeway: expected a duration from 0s to 10m such as "60s", found "11m""#,
        ),
        (
            format!("{jwt}user_claim = ''"),
            r#"identity.jwt.user_claim: expected 1 to 1000 characters on one line without white space at the ends, found """#,
        ),
        (format!("{jwt}isuer = 'x'"), r#"identity.jwt.isuer: unknown key; did you mean "issuer"?"#),
    ] {
        assert_eq!(complain(&with_main(&text)), line);
    }
    let email = with_main(&format!("{tls}[identity.client_certificate]\nuser = 'email'"));
    let config = load(folder().path(), &email, &[]).unwrap();
    assert_eq!(config.identity.client_certificate.unwrap().user, CertificateName::Email);
}

#[test]
fn people_come_back_to_the_bridges_own_path() {
    let oidc = |base: &str, redirect: &str| {
        with_main(&format!(
            "[listen]\nbase_path = '{base}'\n[identity.oidc]\nissuer = 'https://id.example'\nclient_id = 'x'\n\
             cookie_key_file = 'cookie'\nredirect_url = '{redirect}'\n"
        ))
    };
    for (base, redirect) in [
        ("/", "https://a.example/auth/callback"),
        ("/files", "https://a.example/files/auth/callback"),
        ("/files", "https://a.example/outer/files/auth/callback"),
    ] {
        assert!(load(folder().path(), &oidc(base, redirect), &[]).is_ok(), "{base} {redirect}");
    }
    for (base, redirect) in [
        ("/", "https://a.example/"),
        ("/", "https://a.example/auth/callback/"),
        ("/", "https://a.example/auth/callback?x=1"),
        ("/files", "https://a.example/auth/callback"),
        ("/files", "https://a.example/otherfiles/auth/callback"),
    ] {
        let error = complain(&oidc(base, redirect));
        assert!(error.starts_with("identity.oidc.redirect_url: expected a URL that ends in "), "{error}");
    }
}

#[test]
fn a_short_cookie_key_is_refused_without_its_content() {
    let text = with_main(
        "[identity.oidc]\nissuer = 'https://id.example'\nclient_id = 'x'\ncookie_key_file = 'there'\n\
         redirect_url = 'https://a.example/auth/callback'",
    );
    let folder = folder();
    for (content, fits) in [
        (vec![b'c'; 31], false),
        ([&[b'c'; 31][..], b"\r\n"].concat(), false),
        (vec![0xff; 32], true),
        (vec![b'c'; 65537], false),
    ] {
        std::fs::write(folder.path().join("there"), &content).unwrap();
        let loaded = load(folder.path(), &text, &[]);
        assert_eq!(loaded.is_ok(), fits, "{}", content.len());
        assert!(
            loaded
                .err()
                .is_none_or(|error| error.ends_with("(openssl rand -hex 32)") && !error.contains("cc"))
        );
    }
}

#[test]
fn variables_configure_an_identity() {
    let folder = folder();
    let keys = folder.path().join("there");
    let env = [
        ("SFTPBRIDGE_IDENTITY__JWT__ISSUER", "https://id.example"),
        ("SFTPBRIDGE_IDENTITY__JWT__AUDIENCE", "0123"),
        ("SFTPBRIDGE_IDENTITY__JWT__JWKS_FILE", keys.to_str().unwrap()),
        ("SFTPBRIDGE_IDENTITY__TRUSTED_HEADER__NAME", "X-User"),
        ("SFTPBRIDGE_IDENTITY__TRUSTED_HEADER__FROM", "10.0.0.0/8, ::1"),
        ("SFTPBRIDGE_THROTTLE__WINDOW", "5m"),
        ("SFTPBRIDGE_UPSTREAMS__MAIN__CREDENTIALS", "key"),
        ("SFTPBRIDGE_UPSTREAMS__MAIN__KEY_FILE", keys.to_str().unwrap()),
        ("SFTPBRIDGE_PASSWORD", "belongs to connect"),
    ];
    let config = load(folder.path(), &with_main(""), &env).unwrap();
    let jwt = config.identity.jwt.unwrap();
    assert_eq!((jwt.issuer.as_str(), jwt.audience.as_str()), ("https://id.example", "0123"));
    assert_eq!(jwt.jwks_file.as_deref(), Some(keys.as_path()));
    assert_eq!(config.identity.trusted_header.unwrap().from.networks.len(), 2);
    assert_eq!(config.throttle.window, Duration::from_secs(300));
    let error = load(folder.path(), &with_main(""), &env[..1]).unwrap_err();
    assert!(error.contains("identity.jwt.audience: missing"), "{error}");
}
