//! What each command of the program does with its arguments.

use std::env::VarError;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Command, Connect, Serve};
use crate::config::{ConfigError, ListenAddress, Overrides, Secret};
use crate::connect::{
    self, ClientCertificate, ConnectError, KeyChoice, KeyFiles, Login, SshArguments, Target, Token, Trust,
};
use crate::demo::{self, DemoError};
use crate::logs;
use crate::metrics;
use crate::server::{ConfigFile, HandedOver, Server, ServerError, Signals};
use crate::traces::Traces;

mod check;
mod completions;
mod hash_password;
mod healthcheck;
mod keyscan;
mod man;

/// Exit code for a wrong argument or configuration (`EX_USAGE` of sysexits.h).
pub const USAGE: u8 = 64;

/// Exit code for a refused login, or one that nobody could be asked for (`EX_NOPERM`).
const REFUSED: u8 = 77;

/// Where the password may come from, beside a file.
const PASSWORD_VARIABLE: &str = "SFTPBRIDGE_PASSWORD";

/// Where a bearer token may come from, beside a file.
const TOKEN_VARIABLE: &str = "SFTPBRIDGE_TOKEN";

/// Why a command failed: one sentence for the user, and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An argument is wrong.
    #[error("{0}")]
    Usage(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server did not start, or broke.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The demo did not start.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// There was no session, or it broke.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What was looked at is not as it should be.
    #[error("{0}")]
    Unwell(String),
    /// The system refused something.
    #[error("{0}: {1}")]
    System(&'static str, io::Error),
}

impl Failure {
    /// 1 failure, 64 usage or configuration, 77 refused login.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Server(ServerError::Bridge(_) | ServerError::Tls(_))
            | Self::Demo(DemoError::Root { .. }) => USAGE.into(),
            Self::Connect(ConnectError::Refused(_) | ConnectError::Unasked(_)) => REFUSED.into(),
            Self::Server(_)
            | Self::Demo(_)
            | Self::Connect(ConnectError::Failed(_))
            | Self::Unwell(_)
            | Self::System(..) => ExitCode::FAILURE,
        }
    }
}

/// Runs one command to its end.
///
/// # Errors
/// [`Failure`], to be printed.
pub async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve(arguments).await,
        Command::Demo(arguments) => {
            Ok(demo::run(arguments.listen, arguments.root, arguments.allow_origin).await?)
        }
        Command::Connect(arguments) => Ok(connect::run(connect_options(*arguments)?).await?),
        Command::Check(arguments) => check::run(arguments).await,
        Command::Keyscan(arguments) => keyscan::run(arguments).await,
        Command::Healthcheck(arguments) => healthcheck::run(arguments).await,
        Command::Completions(arguments) => completions::run(arguments.shell),
        Command::Man(arguments) => man::run(arguments),
        Command::HashPassword(arguments) => hash_password::run(arguments.user.as_deref()).await,
    }
}

async fn serve(arguments: Serve) -> Result<(), Failure> {
    let overrides =
        Overrides { listen: arguments.listen.map(ListenAddress::Tcp), log_level: arguments.log_level };
    let file = ConfigFile::find(arguments.config.as_deref(), overrides);
    let config = file.load()?;
    let traces = Traces::to(config.traces.endpoint.as_ref());
    let traces = traces.map_err(|error| Failure::Usage(format!("traces.endpoint: {error}")))?;
    logs::start(&config.log, &traces).map_err(|error| Failure::Usage(format!("log.level: {error}")))?;
    let signals = Signals::catch().map_err(|error| Failure::System("cannot catch signals", error))?;
    let handed_over = HandedOver::take().map_err(ServerError::HandedOver)?;
    // Nobody could see what is counted without the listener. Before there is a bridge, which counts from its start.
    let is_seen = config.admin.address.is_some() || handed_over.has_admin();
    let exporter = is_seen.then(metrics::install).transpose();
    let exporter = exporter.map_err(|error| Failure::System("cannot start", io::Error::other(error)))?;
    let server = Server::bind_beside(&config, handed_over).await?.exporting(exporter).following(file);
    announce(&server);
    let ran = server.run(signals).await;
    traces.finish().await;
    Ok(ran?)
}

/// Where it listens, on standard output. Whoever has closed that, or filled the disk behind it, is served all the same.
fn announce(server: &Server) {
    let mut lines: Vec<String> = server.urls().map(|url| format!("listening on {url}\n")).collect();
    lines.extend(server.admin_addresses().map(|address| match address {
        ListenAddress::Tcp(address) => format!("metrics on http://{address}/metrics\n"),
        unix @ ListenAddress::Unix(_) => format!("metrics on {unix}, under /metrics\n"),
    }));
    let _ = io::stdout().write_all(lines.concat().as_bytes());
}

fn connect_options(arguments: Connect) -> Result<connect::Options, Failure> {
    let usage = |message: String| Failure::Usage(message);
    let target: Target =
        arguments.url.parse().map_err(|error: connect::TargetError| usage(error.to_string()))?;
    let ssh = SshArguments {
        subsystem: arguments.subsystem,
        user: arguments.ssh.login_name,
        options: arguments.ssh.options,
        rest: arguments.rest,
    };
    ssh.check().map_err(ConnectError::Failed)?;
    let trust = match arguments.ca_file {
        Some(path) => Trust::File(path),
        None if arguments.danger_accept_any_certificate => Trust::DangerAnyone,
        None => Trust::System,
    };
    let certificate = arguments.client_certificate.zip(arguments.client_key);
    let keys = KeyChoice {
        files: arguments.identity,
        certificates: arguments.certificate,
        only: arguments.identities_only,
        agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
        home: variable("HOME").map(PathBuf::from),
    };
    let user = arguments.user.or_else(|| target.user.clone()).or_else(|| ssh.user().map(str::to_owned));
    let login = Login {
        // Whoever gives no name means their own, as with ssh.
        user: user.or_else(|| std::env::var("USER").ok().filter(|user| !user.is_empty())),
        password: secret("--password-file", arguments.password_file.as_deref(), PASSWORD_VARIABLE)?,
        token: token(arguments.token_file.as_deref())?,
        keys: KeyFiles::read(&keys).map_err(|error| usage(error.to_string()))?,
    };
    if login.user.is_none() && login.password.is_some() {
        return Err(usage("a password without a user name; give --user".to_owned()));
    }
    let certificate = certificate.map(|(chain, key)| ClientCertificate { chain, key });
    Ok(connect::Options { target, trust, certificate, login, batch: ssh.is_batch() })
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|text| !text.is_empty())
}

/// A secret from the file that `option` names, or else from the environment.
fn secret(option: &str, file: Option<&Path>, variable: &str) -> Result<Option<Secret>, Failure> {
    match file {
        Some(path) => Secret::from_file(path)
            .map(Some)
            .map_err(|error| Failure::Usage(format!("{option} {}: {error}", path.display()))),
        None => match std::env::var(variable) {
            Ok(text) if !text.is_empty() => Ok(Some(Secret::new(text))),
            Ok(_) | Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(Failure::Usage(format!("{variable}: not UTF-8 text"))),
        },
    }
}

fn token(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    let unfit = || Failure::Usage("the bearer token has characters that no token has".to_owned());
    let text = secret("--token-file", file, TOKEN_VARIABLE)?;
    text.map(|text| Token::new(text).ok_or_else(unfit)).transpose()
}
