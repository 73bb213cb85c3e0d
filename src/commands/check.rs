//! `sftpbridge check`: the same reading of the configuration as `serve`, then a diagnosis of the upstreams.

use std::collections::BTreeMap;
use std::io::Write;

use super::{Failure, PASSWORD_VARIABLE, secret};
use crate::auth::Identities;
use crate::cli::Check;
use crate::config::{self, Config, Credentials, Overrides, Secret};
use crate::diagnosis::{self, Proof, Report, Subject, UpstreamReport, json, text};
use crate::policy::Policies;
use crate::server::{self, BridgeError, ServerError};
use crate::terminal;
use crate::traces;
use crate::upstream::{Own, Upstream};

/// The person for whom the bridge's own credentials are tried, where it does not matter who it is.
const ANYBODY: &str = "check";

const NO_USER: &str = "no user to log in as: give --user";
const NO_PASSWORD: &str =
    "no password: give --password-file or SFTPBRIDGE_PASSWORD, or run this at a terminal";

/// Diagnoses, and prints what is found. A diagnosis without a failure is a success, warnings or not.
pub(super) async fn run(arguments: Check) -> Result<(), Failure> {
    let config = Config::load(arguments.config.as_deref(), &Overrides::default())?;
    let upstreams = read(&config)?;
    let chosen = chosen(&config, &arguments)?;
    let password = password(&chosen, &arguments).await?;
    let file = Config::place(arguments.config.as_deref());
    let mut out = Out { json: arguments.json, skipped: Vec::new() };
    let mut report =
        Report { setting: diagnosis::setting(&config, file.as_deref()), file, upstreams: Vec::new() };
    out.heading("configuration");
    report.setting.iter().for_each(|step| out.step(step));
    for (name, settings) in chosen {
        let Some((upstream, own)) = upstreams.get(name) else { continue };
        let address = settings.address.to_string();
        out.heading(&format!("upstream {name} at {address}"));
        let proof = proof(settings, own.as_ref(), arguments.user.as_deref(), password.as_ref());
        let subject = Subject { upstream, settings, proof, packet_limit: config.limits.packet };
        let mut steps = Vec::new();
        let mut tell = |step| {
            out.step(&step);
            steps.push(step);
        };
        diagnosis::examine(subject, &mut tell).await;
        report.upstreams.push(UpstreamReport { name: name.to_owned(), address, steps });
    }
    out.whole(&report);
    match report.is_ok() {
        true => Ok(()),
        false => Err(Failure::Unwell(text::verdict(&report))),
    }
}

/// Everything that `serve` reads at its start, but for the audit log: that would begin to write.
fn read(config: &Config) -> Result<BTreeMap<&str, (Upstream, Option<Own>)>, Failure> {
    let failed = |error: BridgeError| Failure::Server(ServerError::Bridge(error));
    Identities::new(&config.identity).map_err(|error| failed(error.into()))?;
    traces::check(config.traces.endpoint.as_ref())
        .map_err(|error| Failure::Usage(format!("traces.endpoint: {error}")))?;
    Policies::new(config).map_err(|error| failed(error.into()))?;
    if let Some(tls) = &config.listen.tls {
        server::check_tls(tls).map_err(|error| Failure::Server(error.into()))?;
    }
    let mut upstreams = BTreeMap::new();
    for (name, settings) in &config.upstreams {
        let packet = config.limits.packet.max(config::Limits::default().packet);
        let upstream = Upstream::new(name, settings, packet)
            .map_err(|source| failed(BridgeError::HostKeys { upstream: name.clone(), source }))?;
        let own = match &settings.credentials {
            Credentials::User => None,
            Credentials::Own { user, proof } => Some(
                Own::load(name, user, proof)
                    .map_err(|source| failed(BridgeError::Own { upstream: name.clone(), source }))?,
            ),
        };
        upstreams.insert(name.as_str(), (upstream, own));
    }
    Ok(upstreams)
}

fn chosen<'a>(
    config: &'a Config,
    arguments: &Check,
) -> Result<Vec<(&'a str, &'a config::Upstream)>, Failure> {
    let usage = |problem: String| Err(Failure::Usage(problem));
    let all: Vec<_> = config.upstreams.iter().map(|(name, settings)| (name.as_str(), settings)).collect();
    if arguments.user.as_deref() == Some("") {
        return usage("--user: the name is empty".to_owned());
    }
    let Some(name) = &arguments.upstream else {
        if arguments.user.is_some() && all.len() > 1 {
            return usage("--user needs --upstream NAME: a password is for one server only".to_owned());
        }
        return Ok(all);
    };
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found: Vec<_> = all.iter().copied().filter(|(other, _)| other == name).collect();
    match found.is_empty() {
        true => usage(format!(
            "--upstream {}: no such upstream; there are: {}",
            name.escape_debug(),
            names.join(", ")
        )),
        false => Ok(found),
    }
}

/// Asked only where it can be of use. It stays where it is for upstreams with credentials of the bridge's own.
async fn password(
    chosen: &[(&str, &config::Upstream)],
    arguments: &Check,
) -> Result<Option<Secret>, Failure> {
    let Some(user) = &arguments.user else { return Ok(None) };
    let Some((name, _)) = chosen.iter().find(|(_, settings)| settings.credentials == Credentials::User)
    else {
        return Ok(None);
    };
    let given = secret("--password-file", arguments.password_file.as_deref(), PASSWORD_VARIABLE)?;
    if given.is_some() || !terminal::is_there() {
        return Ok(given);
    }
    let question = format!("Password of {} at {name}: ", user.escape_debug());
    let asked = terminal::ask(&question, false).await;
    asked.map(Some).map_err(|error| Failure::System("cannot ask for the password", error))
}

fn proof<'a>(
    settings: &'a config::Upstream,
    own: Option<&'a Own>,
    user: Option<&'a str>,
    password: Option<&'a Secret>,
) -> Proof<'a> {
    match (own, user, password) {
        (Some(own), Some(person), _) => Proof::Own(own, person),
        (Some(_), None, _) if names_person(settings) => {
            Proof::Nobody("the login there depends on the person: give --user")
        }
        (Some(own), None, _) => Proof::Own(own, ANYBODY),
        (None, None, _) => Proof::Nobody(NO_USER),
        (None, Some(user), None) => Proof::Name(user, NO_PASSWORD),
        (None, Some(user), Some(password)) => Proof::Password(user, password),
    }
}

/// Whether the bridge's own login is another one for each person.
fn names_person(settings: &config::Upstream) -> bool {
    match &settings.credentials {
        Credentials::User => false,
        Credentials::Own { user, proof } => {
            let in_principals = match proof {
                config::Proof::Certificate(authority) => {
                    authority.principals.iter().any(config::Template::names_person)
                }
                config::Proof::Key { .. } | config::Proof::Password { .. } | config::Proof::Agent { .. } => {
                    false
                }
            };
            user.names_person() || in_principals
        }
    }
}

/// Standard output. A table grows step by step; whoever has stopped reading it does not stop the diagnosis.
struct Out {
    json: bool,
    /// The last steps, not shown yet, as more may be skipped for the same reason.
    skipped: Vec<diagnosis::Step>,
}

impl Out {
    fn heading(&mut self, title: &str) {
        self.show_skipped();
        self.table(&text::heading(title));
    }

    fn step(&mut self, step: &diagnosis::Step) {
        let follows = |first: &diagnosis::Step| step.found == first.found || step.is_unreached();
        if step.status != diagnosis::Status::Skipped || !self.skipped.first().is_none_or(follows) {
            self.show_skipped();
        }
        match step.status {
            diagnosis::Status::Skipped => self.skipped.push(step.clone()),
            _ => self.table(&text::step(step)),
        }
    }

    fn show_skipped(&mut self) {
        let skipped = std::mem::take(&mut self.skipped);
        self.table(&text::skipped(&skipped));
    }

    fn table(&self, text: &str) {
        if !self.json {
            // Colours stay on a terminal only, and not where NO_COLOR says so.
            let mut out = anstream::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }

    fn whole(&mut self, report: &Report) {
        self.show_skipped();
        if self.json {
            let _ = writeln!(std::io::stdout(), "{:#}", json::document(report));
        } else if report.is_ok() {
            self.table(&format!("{}\n", text::verdict(report)));
        }
    }
}
