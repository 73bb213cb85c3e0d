//! What each command of the program does with its arguments.

use std::env::VarError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Command, Connect, Serve};
use crate::config::{Config, ConfigError, Overrides, Secret};
use crate::connect::{
    self, ClientCertificate, ConnectError, KeyChoice, KeyFiles, Login, SshArguments, Target, Token, Trust,
};
use crate::demo::{self, DemoError};
use crate::logs;
use crate::server::{Server, ServerError, Signals};

mod hash_password;

/// Exit code for a wrong argument or configuration (`EX_USAGE` of sysexits.h).
pub const USAGE: u8 = 64;

/// Exit code for a refused login (`EX_NOPERM`).
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
    /// The system refused something.
    #[error("{0}: {1}")]
    System(&'static str, std::io::Error),
}

impl Failure {
    /// 1 failure, 64 usage or configuration, 77 refused login.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Server(ServerError::Bridge(_) | ServerError::Tls(_))
            | Self::Demo(DemoError::Root { .. }) => USAGE.into(),
            Self::Connect(ConnectError::Refused(_)) => REFUSED.into(),
            Self::Server(_) | Self::Demo(_) | Self::Connect(ConnectError::Failed(_)) | Self::System(..) => {
                ExitCode::FAILURE
            }
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
        Command::Demo(arguments) => Ok(demo::run(arguments.listen, arguments.root).await?),
        Command::Connect(arguments) => Ok(connect::run(connect_options(*arguments)?).await?),
        Command::HashPassword(arguments) => hash_password::run(arguments.user.as_deref()).await,
    }
}

async fn serve(arguments: Serve) -> Result<(), Failure> {
    let overrides = Overrides { listen: arguments.listen, log_level: arguments.log_level };
    let config = Config::load(arguments.config.as_deref(), &overrides)?;
    logs::start(&config.log).map_err(|error| Failure::Usage(format!("log.level: {error}")))?;
    let signals = Signals::catch().map_err(|error| Failure::System("cannot catch signals", error))?;
    let server = Server::bind(&config).await?;
    let (scheme, address) = (server.scheme(), server.address());
    println!("listening on {scheme}://{address}{}/", config.listen.base_path.as_str());
    Ok(server.run(signals).await?)
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
