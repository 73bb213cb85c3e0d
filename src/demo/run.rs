//! `sftpbridge demo`: the server of this room, the bridge in front, and what a newcomer needs on the screen.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{DemoServer, Login, write_samples};
use crate::config::{Admin, Config, HostPort, Listen, ListenAddress, Log, Origin, Page, Upstream};
use crate::file_error::Unwritable;
use crate::logs;
use crate::server::{Server, ServerError, Signals, has_file_manager};
use crate::traces::Traces;

const USER: &str = "demo";

/// Letters and digits of the password: 62^16 passwords.
const PASSWORD_LENGTH: usize = 16;

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder cannot be served.
    #[error("--root {}: {source}", .root.display())]
    Root {
        /// The folder.
        root: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no place for the samples.
    #[error("the samples cannot be written to {}: {}; or --root serves a folder of yours", .folder.display(), Unwritable(.source))]
    Samples {
        /// The system's folder for what is temporary.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The bridge did not start.
    #[error("{0}; another address can be given with --listen, and port 0 picks a free one")]
    Server(#[from] ServerError),
    /// The system refused something.
    #[error("the demo cannot start: {0}")]
    System(#[from] io::Error),
}

/// Serves `root`, or a temporary folder with samples, until a signal. Real SSH between the two, and the same
/// bridge as `serve`. Pages of `allowed_origins` may connect, beside its own.
///
/// # Errors
/// [`DemoError`].
pub async fn run(
    listen: SocketAddr,
    root: Option<PathBuf>,
    allowed_origins: Vec<Origin>,
) -> Result<(), DemoError> {
    // The samples go with the process.
    let samples = match &root {
        Some(_) => None,
        None => {
            Some(samples().map_err(|source| DemoError::Samples { folder: std::env::temp_dir(), source })?)
        }
    };
    let root = root.or_else(|| samples.as_ref().map(|samples| samples.path().to_owned())).unwrap_or_default();
    let login = Login { user: USER.to_owned(), password: password()? };
    let upstream = DemoServer::start(root.clone(), login.clone())
        .await
        .map_err(|source| DemoError::Root { root: root.clone(), source })?;

    let listen = Listen { address: ListenAddress::Tcp(listen), allowed_origins, ..Listen::default() };
    let config = config(listen, &upstream);
    logs::start(&config.log, &Traces::default()).map_err(io::Error::other)?;
    let signals = Signals::of_terminal()?;
    let server = Server::bind(&config).await?;
    for address in server.addresses() {
        print!("{}", Welcome { address, password: &login.password, root: &root });
    }
    Ok(server.run(signals).await?)
}

fn samples() -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("sftpbridge-demo-").tempdir()?;
    write_samples(folder.path())?;
    Ok(folder)
}

fn config(listen: Listen, upstream: &DemoServer) -> Config {
    let address = upstream.address();
    let address = HostPort { host: address.ip().to_string(), port: address.port() };
    let upstream = Upstream { host_keys: vec![upstream.host_key()], ..Upstream::at(address) };
    Config {
        default_upstream: USER.to_owned(),
        listen,
        admin: Admin { address: None },
        page: Page { title: "sftpbridge demo".to_owned(), ..Page::default() },
        upstreams: BTreeMap::from([(USER.to_owned(), upstream)]),
        log: Log { level: "warn".to_owned(), ..Log::default() },
        ..Config::default()
    }
}

fn password() -> io::Result<String> {
    const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut password = String::new();
    while password.len() < PASSWORD_LENGTH {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(io::Error::other)?;
        // Bytes beyond the last whole round would make some characters likelier.
        if let Some(character) = CHARACTERS.get(usize::from(byte[0] >> 2)) {
            password.push(char::from(*character));
        }
    }
    Ok(password)
}

/// What is printed at the start.
struct Welcome<'a> {
    address: &'a ListenAddress,
    password: &'a str,
    root: &'a Path,
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, password, root } = self;
        writeln!(f, "A bridge, with an SFTP server of its own behind it.\n")?;
        match has_file_manager() {
            true => writeln!(f, "  page      http://{address}/")?,
            false => writeln!(f, "  page      not in this build; see http://{address}/")?,
        }
        writeln!(f, "  endpoint  ws://{address}/sftp")?;
        writeln!(f, "  user      {USER}")?;
        writeln!(f, "  password  {password}")?;
        writeln!(f, "  folder    {}\n", root.display())?;
        writeln!(f, "From another terminal, with the sftp of this machine:\n")?;
        writeln!(
            f,
            "  SFTPBRIDGE_PASSWORD={password} sftp -D \"{} connect ws://{address}/sftp --user {USER}\"\n",
            program()
        )?;
        writeln!(f, "Ctrl-C ends it.")
    }
}

/// This program, as sftp's `-D` can read it: quoted where the path needs it.
fn program() -> String {
    let path = std::env::current_exe().ok().and_then(|path| path.to_str().map(str::to_owned));
    match path {
        Some(path) if path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c)) => path,
        Some(path) if !path.contains(['\'', '"', '\\', '$', '`']) => format!("'{path}'"),
        _ => "sftpbridge".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), PASSWORD_LENGTH);
        assert_ne!(one, other);
    }
}
