//! What a diagnosis consists of.

use std::path::PathBuf;
use std::time::Duration;

/// One step: what was looked at, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which one.
    pub name: StepName,
    /// How it went.
    pub status: Status,
    /// The time it took, where it took any.
    pub took: Option<Duration>,
    /// What was found, on one line; text of a server is escaped in it.
    pub found: String,
    /// Why it is not as it should be, and what to do. For warnings and failures only.
    pub advice: Option<Advice>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works; somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
    /// Not looked at, for a reason that `found` gives.
    Skipped,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// In plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Why it is so.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl Advice {
    pub(super) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

macro_rules! step_names {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// What is looked at. The words are for scripts too, and stay.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum StepName {
            $($(#[doc = $doc])+ $name,)+
        }

        impl StepName {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

step_names! {
    /// The configuration file as a whole.
    File = "file",
    /// Where the bridge listens.
    Listener = "listener",
    /// How many files may be open.
    OpenFiles = "open_files",
    /// Who may read secrets.
    Secrets = "secrets",
    /// What is trusted at the upstream, and lines of known_hosts that are of no use.
    Trust = "trust",
    /// From the name to addresses.
    Resolve = "resolve",
    /// TCP.
    Connect = "connect",
    /// The SSH identification (RFC 4253, section 4.2).
    Version = "version",
    /// The algorithms of the key exchange.
    Algorithms = "algorithms",
    /// The server's key, and whether it is trusted.
    HostKey = "host_key",
    /// The methods that the server takes from the user.
    Methods = "methods",
    /// User authentication.
    Login = "login",
    /// Session channel and subsystem.
    Subsystem = "subsystem",
    /// INIT and VERSION, with the extensions.
    Sftp = "sftp",
    /// What `limits@openssh.com` says.
    Limits = "limits",
    /// A few cheap requests.
    RoundTrip = "round_trip",
}

impl Step {
    pub(super) fn ok(name: StepName, took: Option<Duration>, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, took, found: found.into(), advice: None }
    }

    /// What a step has found that comes after a failure.
    pub(super) const NOT_REACHED: &str = "not reached";

    pub(super) fn skipped(name: StepName, why: impl Into<String>) -> Self {
        Self { name, status: Status::Skipped, took: None, found: why.into(), advice: None }
    }

    /// After a failure.
    pub(super) fn not_reached(name: StepName) -> Self {
        Self::skipped(name, Self::NOT_REACHED)
    }

    /// Whether it was skipped for nothing but a step before it.
    pub fn is_unreached(&self) -> bool {
        self.status == Status::Skipped && self.found == Self::NOT_REACHED
    }

    pub(super) fn failed(
        name: StepName,
        took: Option<Duration>,
        found: impl Into<String>,
        advice: Advice,
    ) -> Self {
        Self { name, status: Status::Failed, took, found: found.into(), advice: Some(advice) }
    }

    pub(super) fn warning(
        name: StepName,
        took: Option<Duration>,
        found: impl Into<String>,
        advice: Advice,
    ) -> Self {
        Self { name, status: Status::Warning, took, found: found.into(), advice: Some(advice) }
    }
}

/// The whole diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The configuration file; `None` where the environment is all there is.
    pub file: Option<PathBuf>,
    /// What was found in the configuration itself.
    pub setting: Vec<Step>,
    /// The upstreams that were looked at.
    pub upstreams: Vec<UpstreamReport>,
}

/// What was found of one upstream.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamReport {
    /// Its name in the configuration.
    pub name: String,
    /// Its address there.
    pub address: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

impl UpstreamReport {
    /// The step that failed, if one did.
    pub fn failure(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.status == Status::Failed)
    }
}

impl Report {
    /// Whether nothing failed. Warnings do not count.
    pub fn is_ok(&self) -> bool {
        let failed = |step: &Step| step.status == Status::Failed;
        !self.setting.iter().any(failed) && self.upstreams.iter().all(|upstream| upstream.failure().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_and_every_status_is_explained_in_the_manual() {
        let manual = include_str!("../../docs/check.md");
        assert!(!StepName::ALL.is_empty());
        for name in StepName::ALL {
            assert!(manual.contains(&format!("| `{}` |", name.word())), "{name:?}");
        }
        for status in [Status::Ok, Status::Warning, Status::Failed, Status::Skipped] {
            assert!(manual.contains(&format!("`{}`", status.word())), "{status:?}");
        }
    }
}
