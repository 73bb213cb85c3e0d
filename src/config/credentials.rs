//! Whose credentials log in to an upstream, and what they are.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::fingerprint::Fingerprint;

/// What `credentials` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    User,
    Key,
    Password,
    Agent,
    Certificate,
}

/// Whose credentials log in to an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    /// The person's own SSH login is passed through; the bridge has none.
    #[default]
    User,
    /// The bridge's own, for a person whom `[identity]` knows.
    Own {
        /// The name to log in by.
        user: Template,
        /// What proves it.
        proof: Proof,
    },
}

/// What the bridge proves a user to an upstream with. Paths are complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A private key in a file.
    Key {
        /// OpenSSH or PEM.
        file: PathBuf,
        /// Holds the passphrase of an encrypted key.
        passphrase_file: Option<PathBuf>,
    },
    /// A password in a file.
    Password {
        /// Holds the password.
        file: PathBuf,
    },
    /// Keys in an ssh-agent.
    Agent {
        /// The agent's unix socket.
        socket: PathBuf,
        /// The one key to use; without it the agent must hold exactly one.
        key: Option<Fingerprint>,
    },
    /// A user certificate, made for each login.
    Certificate(Authority),
}

/// What the certificates are made from and what they say (PROTOCOL.certkeys of OpenSSH).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The authority's private key, OpenSSH or PEM, not encrypted.
    pub key_file: PathBuf,
    /// How long a certificate is valid: 10 s to 24 h. Only the login must fall into it.
    pub validity: Duration,
    /// Names that the certificate is good for; never empty.
    pub principals: Vec<Template>,
    /// Networks that the certificate may be used from; empty leaves the critical option out.
    pub source_address: Vec<IpNet>,
}

/// A name with `{user}` in it where the person's name goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Takes any text that is not empty; braces are only allowed as `{user}`.
    pub(super) fn new(text: &str) -> Option<Template> {
        let rest = text.replace("{user}", "");
        let sound = !text.is_empty() && !rest.contains(['{', '}']) && !rest.chars().any(char::is_control);
        sound.then(|| Template(text.to_owned()))
    }

    /// Whether the person's name is a part of it.
    pub fn names_person(&self) -> bool {
        self.0.contains("{user}")
    }

    /// The person's name as it is.
    pub(super) fn user() -> Template {
        Template("{user}".to_owned())
    }

    /// The name for the person `user`.
    pub fn fill(&self, user: &str) -> String {
        self.0.replace("{user}", user)
    }
}
