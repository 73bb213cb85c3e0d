//! The command line, as types only.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use humantime_serde::re::humantime;

use crate::config::Origin;

/// SFTP through the web: carries SFTP packets between WebSocket clients and existing SFTP servers.
#[derive(Debug, Parser)]
#[command(name = "sftpbridge", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bridge
    Serve(Serve),
    /// Try it: a bridge with an SFTP server of its own behind it, on loopback
    Demo(Demo),
    /// Carry stdin and stdout through a bridge, for `sftp -D`, sshfs, rclone and lftp
    Connect(Box<Connect>),
    /// Say what works and what does not between here and the upstreams, and what to do about it
    Check(Check),
    /// Print the host keys of a server as lines for known_hosts
    Keyscan(Keyscan),
    /// Make a line for the users file from a password, asked at the terminal or read from stdin
    HashPassword(HashPassword),
    /// Ask a bridge whether it is well; for a container's HEALTHCHECK
    Healthcheck(Healthcheck),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a manual page, or write all of them
    Man(Man),
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration file [default: ./proxy.toml if it is there, else /etc/sftpbridge/proxy.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on, instead of listen.address; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Log level, instead of log.level: error, warn, info, debug, trace, or directives
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Address of the bridge
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8022")]
    pub listen: SocketAddr,
    /// Folder to serve [default: a temporary one with a few sample files]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Site whose pages may connect too, such as http://localhost:5173; may come several times
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,
}

/// `connect`
#[derive(Debug, Args)]
pub struct Connect {
    /// The bridge: wss://host/sftp, or ws:// on this machine; without a path, /sftp is meant
    pub url: String,
    /// User name [default: the one in the URL, else what the calling program asks for, else $USER]
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// File that holds the password [default: SFTPBRIDGE_PASSWORD, else asked at the terminal]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// File that holds a bearer token [default: SFTPBRIDGE_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Private key to log in with, or the public half of one that the ssh-agent holds; may come several times
    /// [default: the ssh-agent's keys, then ~/.ssh/id_ed25519, id_ecdsa and id_rsa]
    #[arg(short = 'i', long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// Certificate for such a key, where it is not beside it as FILE-cert.pub; may come several times
    #[arg(long, value_name = "FILE")]
    pub certificate: Vec<PathBuf>,
    /// Leave alone what the ssh-agent holds beside these keys
    #[arg(long)]
    pub identities_only: bool,
    /// PEM file with a certificate for TLS, where the bridge asks for one
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub client_certificate: Option<PathBuf>,
    /// PEM file with its private key
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    pub client_key: Option<PathBuf>,
    /// PEM file with the only certificate authorities to trust [default: the system's]
    #[arg(long, value_name = "FILE", conflicts_with = "danger_accept_any_certificate")]
    pub ca_file: Option<PathBuf>,
    /// Do not check who the bridge is: whoever answers gets the password
    #[arg(long)]
    pub danger_accept_any_certificate: bool,
    /// The argument `sftp` names a subsystem, as for ssh; the only one there is
    #[arg(short = 's')]
    pub subsystem: bool,
    /// Destination and command, as sftp, sshfs, rclone and lftp append them
    #[arg(hide = true)]
    pub rest: Vec<String>,
    #[command(flatten)]
    pub(crate) ssh: SshOptions,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Configuration file [default: ./proxy.toml if it is there, else /etc/sftpbridge/proxy.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The upstream to look at [default: all of them]
    #[arg(long, value_name = "NAME")]
    pub upstream: Option<String>,
    /// Log in as this user; where the bridge has credentials of its own, for this person
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// File that holds the user's password [default: SFTPBRIDGE_PASSWORD, else asked at the terminal]
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// One JSON document in place of the table
    #[arg(long)]
    pub json: bool,
}

/// `keyscan`
#[derive(Debug, Args)]
pub struct Keyscan {
    /// The server: a name or an address, with a port if it is not 22; IPv6 in brackets
    #[arg(value_name = "HOST[:PORT]")]
    pub address: String,
    /// Longest wait for each of the at most six connections
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = timeout)]
    pub timeout: Duration,
}

/// `healthcheck`
#[derive(Debug, Args)]
pub struct Healthcheck {
    /// What to ask: http://, https:// or unix:/PATH [default: the admin listener of the configuration, else the public one]
    pub url: Option<String>,
    /// Configuration file [default: ./proxy.toml if it is there, else /etc/sftpbridge/proxy.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub config: Option<PathBuf>,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// The page: a command, or `proxy.toml` for the configuration file [default: that of sftpbridge itself]
    pub page: Option<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "page")]
    pub out: Option<PathBuf>,
}

fn timeout(text: &str) -> Result<Duration, String> {
    let time: Duration = text.parse::<humantime::Duration>().map_err(|error| error.to_string())?.into();
    let sensible = Duration::from_millis(1)..=Duration::from_secs(600);
    sensible.contains(&time).then_some(time).ok_or_else(|| "expected 1ms to 10m".to_owned())
}

/// `hash-password`
#[derive(Debug, Args)]
pub struct HashPassword {
    /// Name to put before the hash, as the users file has it
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// Options of ssh that the calling programs append. Of `-o` BatchMode counts. Those without a meaning here are taken and dropped.
#[derive(Debug, Args)]
pub(crate) struct SshOptions {
    #[arg(short = 'l', hide = true)]
    pub(crate) login_name: Option<String>,
    #[arg(short = 'o', hide = true)]
    pub(crate) options: Vec<String>,
    #[arg(short = 'p', hide = true)]
    _port: Option<String>,
    #[arg(short = 'F', hide = true)]
    _config: Option<String>,
    #[arg(short = 'x', hide = true, action = clap::ArgAction::Count)]
    _no_x11: u8,
    #[arg(short = 'a', hide = true, action = clap::ArgAction::Count)]
    _no_agent: u8,
    #[arg(short = 'T', hide = true, action = clap::ArgAction::Count)]
    _no_terminal: u8,
    #[arg(short = 'q', hide = true, action = clap::ArgAction::Count)]
    _quiet: u8,
    #[arg(short = 'v', hide = true, action = clap::ArgAction::Count)]
    _verbose: u8,
    #[arg(short = 'C', hide = true, action = clap::ArgAction::Count)]
    _compress: u8,
    #[arg(short = '2', hide = true, action = clap::ArgAction::Count)]
    _protocol_2: u8,
    #[arg(short = '4', hide = true, action = clap::ArgAction::Count)]
    _ipv4: u8,
    #[arg(short = '6', hide = true, action = clap::ArgAction::Count)]
    _ipv6: u8,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn connect(arguments: &[&str]) -> Connect {
        let arguments = ["sftpbridge", "connect", "ws://host"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).unwrap().command {
            Command::Connect(connect) => *connect,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_arguments_that_programs_append_are_taken() {
        let sshfs = ["-x", "-a", "-oClearAllForwardings=yes", "-2", "-s", "--", "user@host", "sftp"];
        let parsed = connect(&sshfs);
        assert!(parsed.subsystem);
        assert_eq!(parsed.rest, ["user@host", "sftp"]);
        let sftp = [
            "--user",
            "me",
            "-oForwardX11 no",
            "-oPermitLocalCommand no",
            "-l",
            "u",
            "-s",
            "--",
            "h",
            "sftp",
        ];
        let parsed = connect(&sftp);
        assert_eq!((parsed.user.as_deref(), parsed.ssh.login_name.as_deref()), (Some("me"), Some("u")));
        assert_eq!(connect(&["-s", "sftp"]).rest, ["sftp"]);
        assert!(!connect(&["echo x"]).subsystem);
    }
}
