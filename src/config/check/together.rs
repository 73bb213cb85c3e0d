//! Which keys need or exclude each other, told by whether they are written at all. This comes before the values
//! are read, so that the error names the key at fault and not the section around it.

use figment::Figment;

use super::table;
use crate::config::ConfigError;
use crate::config::source::placed;

/// Sections that may be left out, and the keys that they cannot be without.
const NEEDED: &[(&str, &[&str])] = &[
    ("identity.jwt", &["issuer", "audience"]),
    ("identity.trusted_header", &["name", "from"]),
    ("identity.client_certificate", &["user"]),
    ("identity.oidc", &["issuer", "client_id", "redirect_url", "cookie_key_file"]),
];

/// A key that only some `credentials` of an upstream have.
pub(in crate::config) struct Belonging {
    pub(in crate::config) key: &'static str,
    pub(in crate::config) credentials: &'static [&'static str],
    needed: bool,
}

const fn needed(key: &'static str, credentials: &'static [&'static str]) -> Belonging {
    Belonging { key, credentials, needed: true }
}

const fn allowed(key: &'static str, credentials: &'static [&'static str]) -> Belonging {
    Belonging { key, credentials, needed: false }
}

/// Every kind of credentials.
pub(in crate::config) const CREDENTIALS: &[&str] = &["user", "key", "password", "agent", "certificate"];

pub(in crate::config) const BELONGINGS: &[Belonging] = &[
    allowed("user", &["key", "password", "agent", "certificate"]),
    needed("key_file", &["key"]),
    allowed("key_passphrase_file", &["key"]),
    needed("password_file", &["password"]),
    needed("agent_socket", &["agent"]),
    allowed("agent_key", &["agent"]),
    needed("ca_key_file", &["certificate"]),
    allowed("certificate_validity", &["certificate"]),
    allowed("certificate_principals", &["certificate"]),
    allowed("certificate_source_address", &["certificate"]),
];

/// Finds the first key that is missing, or that stands beside one it does not belong to.
pub(in crate::config) fn check(figment: &Figment) -> Result<(), ConfigError> {
    for (section, keys) in NEEDED {
        let written = table(figment, section);
        if let Some(key) = keys.iter().find(|key| figment.contains(section) && !written.contains_key(**key)) {
            return Err(placed(figment, &format!("{section}.{key}"), "missing; this section needs it"));
        }
    }
    tls(figment)?;
    audit(figment)?;
    jwt(figment)?;
    table(figment, "upstreams").keys().try_for_each(|name| upstream(figment, name))
}

/// A certificate is in files, or an authority is asked for one.
fn tls(figment: &Figment) -> Result<(), ConfigError> {
    const FILES: [&str; 2] = ["certificate", "key"];
    const ACME: [&str; 4] = ["acme_contact", "acme_directory", "acme_cache", "acme_ca_file"];
    let written = table(figment, "listen.tls");
    let at = |key: &str, problem: &str| Err(placed(figment, &format!("listen.tls.{key}"), problem));
    let has = |key: &&&str| written.contains_key(**key);
    if !figment.contains("listen.tls") {
        return Ok(());
    }
    if written.contains_key("acme_domains") {
        return match FILES.iter().find(has) {
            Some(key) => at(key, "acme_domains is given too, and only one of them can be"),
            None if !written.contains_key("acme_cache") => at("acme_cache", "missing; acme_domains needs it"),
            None => Ok(()),
        };
    }
    match (ACME.iter().find(has), FILES.iter().find(|key| !has(key))) {
        (Some(key), _) => at(key, "it goes with acme_domains"),
        (None, Some(key)) => at(key, "missing; this section needs it"),
        (None, None) => Ok(()),
    }
}

fn audit(figment: &Figment) -> Result<(), ConfigError> {
    let written = table(figment, "audit");
    let has = |key| written.contains_key(key);
    let required = figment.find_value("audit.required").ok().and_then(|value| value.to_bool());
    match (has("file"), has("syslog")) {
        (true, true) => {
            Err(placed(figment, "audit.syslog", "file is given too, and only one of them can be"))
        }
        (false, false) if required == Some(true) => {
            Err(placed(figment, "audit.required", "neither file nor syslog says where the records go"))
        }
        _ => Ok(()),
    }
}

fn jwt(figment: &Figment) -> Result<(), ConfigError> {
    let written = table(figment, "identity.jwt");
    let has = |key| written.contains_key(key);
    match (has("jwks_file"), has("jwks_url")) {
        (true, true) => Err(placed(
            figment,
            "identity.jwt.jwks_url",
            "jwks_file is given too, and only one of them can be",
        )),
        (false, false) if !written.is_empty() => {
            Err(placed(figment, "identity.jwt", "one of jwks_file and jwks_url is required"))
        }
        (true, false) if has("ca_file") => {
            Err(placed(figment, "identity.jwt.ca_file", "it is for jwks_url, and jwks_file is given"))
        }
        _ => Ok(()),
    }
}

fn upstream(figment: &Figment, name: &str) -> Result<(), ConfigError> {
    let path = format!("upstreams.{name}");
    let written = table(figment, &path);
    let chosen = match written.get("credentials") {
        None => "user",
        // What is none of them is told when the value is read.
        Some(value) => match value.as_str().filter(|text| CREDENTIALS.contains(text)) {
            Some(chosen) => chosen,
            None => return Ok(()),
        },
    };
    for Belonging { key, credentials, needed } in BELONGINGS {
        let problem = match (credentials.contains(&chosen), written.contains_key(*key)) {
            (true, false) if *needed => format!("missing; credentials = {chosen:?} needs it"),
            (false, true) => {
                let theirs: Vec<String> = credentials.iter().map(|kind| format!("{kind:?}")).collect();
                format!("belongs to credentials = {}, and here it is {chosen:?}", theirs.join(" or "))
            }
            _ => continue,
        };
        return Err(placed(figment, &format!("{path}.{key}"), problem));
    }
    Ok(())
}
