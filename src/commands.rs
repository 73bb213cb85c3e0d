//! What each command of the program does with its arguments.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Command, Connect, Serve};
use crate::config::{Config, ConfigError, Overrides, Secret};
use crate::connect::{self, ConnectError, Login, SshArguments, Target, Trust};
use crate::demo::{self, DemoError};
use crate::logs;
use crate::server::{Server, ServerError, Signals};

/// Exit code for a wrong argument or configuration (`EX_USAGE` of sysexits.h).
pub const USAGE: u8 = 64;

/// Exit code for a refused login (`EX_NOPERM`).
const REFUSED: u8 = 77;

/// Where the password may come from, beside a file.
const PASSWORD_VARIABLE: &str = "SFTPBRIDGE_PASSWORD";

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
            | Self::Server(ServerError::Bridge(_))
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
        Command::Connect(arguments) => Ok(connect::run(connect_options(arguments)?).await?),
    }
}

async fn serve(arguments: Serve) -> Result<(), Failure> {
    let overrides = Overrides { listen: arguments.listen, log_level: arguments.log_level };
    let config = Config::load(arguments.config.as_deref(), &overrides)?;
    logs::start(&config.log).map_err(|error| Failure::Usage(format!("log.level: {error}")))?;
    let signals = Signals::catch().map_err(|error| Failure::System("cannot catch signals", error))?;
    let server = Server::bind(&config).await?;
    println!("listening on http://{}{}/", server.address(), config.listen.base_path.as_str());
    Ok(server.run(signals).await?)
}

fn connect_options(arguments: Connect) -> Result<connect::Options, Failure> {
    let usage = |message: String| Failure::Usage(message);
    let target: Target =
        arguments.url.parse().map_err(|error: connect::TargetError| usage(error.to_string()))?;
    let ssh =
        SshArguments { subsystem: arguments.subsystem, user: arguments.ssh.login_name, rest: arguments.rest };
    ssh.check().map_err(ConnectError::Failed)?;
    let trust = match arguments.ca_file {
        Some(path) => Trust::File(path),
        None if arguments.danger_accept_any_certificate => Trust::DangerAnyone,
        None => Trust::System,
    };
    let user = arguments.user.or_else(|| target.user.clone()).or_else(|| ssh.user().map(str::to_owned));
    let password = password(arguments.password_file.as_deref())?;
    // Whoever gives a password and no name means their own.
    let user = user.or_else(|| std::env::var("USER").ok().filter(|_| password.is_some()));
    if user.is_none() && password.is_some() {
        return Err(usage("a password without a user name; give --user".to_owned()));
    }
    Ok(connect::Options { target, trust, login: Login { user, password, asked: false } })
}

fn password(file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    match file {
        Some(path) => Secret::from_file(path)
            .map(Some)
            .map_err(|error| Failure::Usage(format!("--password-file {}: {error}", path.display()))),
        None => Ok(std::env::var(PASSWORD_VARIABLE).ok().filter(|text| !text.is_empty()).map(Secret::new)),
    }
}
