//! What can be told of the configuration without asking anybody.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::step::{Advice, Step, StepName};
use crate::config::{Config, Credentials, ListenAddress, Proof, TlsProof};

/// The steps about the configuration that was read from `file`. This looks at the files that it names.
pub fn setting(config: &Config, file: Option<&Path>) -> Vec<Step> {
    vec![read(config, file), listener(config), open_files(config), secrets(config)]
}

fn read(config: &Config, file: Option<&Path>) -> Step {
    let from = file.map_or_else(|| "the environment".to_owned(), |file| file.display().to_string());
    let names: Vec<&str> = config.upstreams.keys().map(String::as_str).collect();
    Step::ok(StepName::File, None, format!("{from}; upstreams: {}", names.join(", ")))
}

/// Passwords travel over it.
fn listener(config: &Config) -> Step {
    let listen = &config.listen;
    let plain = match &listen.address {
        ListenAddress::Unix(_) => None,
        ListenAddress::Tcp(address) => (!address.ip().is_loopback()).then_some(address),
    };
    let scheme = if listen.tls.is_some() { "https" } else { "http" };
    let found = format!("{scheme} on {}", listen.address);
    match plain.filter(|_| listen.tls.is_none()) {
        None => Step::ok(StepName::Listener, None, found),
        // Somebody thought about who is in front.
        Some(_) if !listen.trusted_proxies.is_empty() || !listen.proxy_protocol_from.is_empty() => {
            Step::ok(StepName::Listener, None, format!("{found}, behind trusted proxies"))
        }
        Some(address) => Step::warning(StepName::Listener, None, found, exposed(address)),
    }
}

fn exposed(address: &SocketAddr) -> Advice {
    Advice::new(
        format!(
            "{address} can be reached by others and speaks plain HTTP: whoever is on the way reads passwords"
        ),
        "give listen.tls a certificate; or listen on 127.0.0.1 or a unix socket behind a proxy that has one, and name \
         the proxy in listen.trusted_proxies",
    )
}

/// The limit of this shell, which may not be that of the service.
fn open_files(config: &Config) -> Step {
    let needed = config.limits.open_files();
    let allowed = getrlimit(Resource::Nofile).maximum;
    let found = match allowed {
        Some(allowed) => format!("{needed} needed, {allowed} allowed here"),
        None => "no limit".to_owned(),
    };
    match allowed.filter(|allowed| *allowed < needed) {
        None => Step::ok(StepName::OpenFiles, None, found),
        Some(allowed) => Step::warning(
            StepName::OpenFiles,
            None,
            found,
            Advice::new(
                format!("each session needs two open files, and this system allows {allowed}"),
                format!(
                    "have LimitNOFILE={needed} in the bridge's systemd unit (`--ulimit nofile` for a container), or lower \
                         limits.sessions"
                ),
            ),
        ),
    }
}

fn secrets(config: &Config) -> Step {
    let files = secret_files(config);
    let open: Vec<String> =
        files.iter().filter(|file| is_open(file)).map(|file| file.display().to_string()).collect();
    if open.is_empty() {
        let found = match files.len() {
            0 => "no files".to_owned(),
            1 => "1 file, for its owner only".to_owned(),
            many => format!("{many} files, for their owners only"),
        };
        return Step::ok(StepName::Secrets, None, found);
    }
    let advice = Advice::new(
        "others than the owner may read or write what proves who the bridge or its users are",
        format!("chmod 600 {}; and let them belong to the user that the bridge runs as", open.join(" ")),
    );
    Step::warning(StepName::Secrets, None, open.join(", "), advice)
}

/// Whether somebody beside the owner has something to do with it.
fn is_open(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

fn secret_files(config: &Config) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if let Some(TlsProof::Files { key, .. }) = config.listen.tls.as_ref().map(|tls| &tls.proof) {
        files.push(key.clone());
    }
    files.extend(config.identity.users_file.clone());
    if let Some(oidc) = &config.identity.oidc {
        files.extend(oidc.client_secret_file.clone());
        files.push(oidc.cookie_key_file.clone());
    }
    for upstream in config.upstreams.values() {
        let Credentials::Own { proof, .. } = &upstream.credentials else { continue };
        match proof {
            Proof::Key { file, passphrase_file } => {
                files.push(file.clone());
                files.extend(passphrase_file.clone());
            }
            Proof::Password { file } => files.push(file.clone()),
            Proof::Certificate(authority) => files.push(authority.key_file.clone()),
            Proof::Agent { .. } => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::diagnosis::step::Status;

    fn config(text: &str) -> Config {
        let pins = r#"["SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM"]"#;
        let text = format!("{text}\n[upstreams.main]\naddress = \"localhost\"\nhost_keys = {pins}\n");
        Config::resolve(Some(("proxy.toml".as_ref(), &text)), [], &Overrides::default()).unwrap()
    }

    #[test]
    fn a_listener_for_everybody_without_tls_is_a_warning_unless_a_proxy_is_known() {
        for (listen, status) in [
            ("", Status::Ok),
            ("[listen]\naddress = \"0.0.0.0:80\"", Status::Warning),
            ("[listen]\naddress = \"[::]:80\"", Status::Warning),
            ("[listen]\naddress = \"[::1]:80\"", Status::Ok),
            ("[listen]\naddress = \"unix:/run/x\"", Status::Ok),
            ("[listen]\naddress = \"0.0.0.0:80\"\ntrusted_proxies = [\"10.0.0.1\"]", Status::Ok),
        ] {
            assert_eq!(listener(&config(listen)).status, status, "{listen}");
        }
    }

    #[test]
    fn more_sessions_than_open_files_is_a_warning() {
        assert_eq!(open_files(&config("[limits]\nsessions = 1")).status, Status::Ok);
        let most = open_files(&config("[limits]\nsessions = 1000000"));
        if getrlimit(Resource::Nofile).maximum.is_some_and(|most| most < 2_000_000) {
            assert_eq!(most.status, Status::Warning);
            assert!(most.advice.unwrap().remedy.contains("LimitNOFILE=2000512"));
        }
    }

    #[test]
    fn a_secret_for_everybody_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let config = config(&format!("[identity]\nusers_file = {:?}", file.path()));
        for (mode, status) in [
            (0o600, Status::Ok),
            (0o640, Status::Warning),
            (0o644, Status::Warning),
            (0o660, Status::Warning),
        ] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let step = secrets(&config);
            assert_eq!(step.status, status, "{mode:o}");
            assert_eq!(step.found.contains(file.path().to_str().unwrap()), status == Status::Warning);
        }
    }
}
