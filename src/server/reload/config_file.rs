//! The configuration file, read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::config::{Config, ConfigError, Overrides};
use crate::policy::{Policies, PolicyError};
use crate::server::bridge::Bridge;
use crate::watched::{Seen, Watched};

/// Where a configuration is from, so that it can be read once more.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// None where the environment is all there is.
    path: Option<PathBuf>,
    overrides: Overrides,
    seen: Seen,
}

impl ConfigFile {
    /// The file that [`Config::load`] would read, with what flags set on top of it. It is looked at, and not read
    /// yet: what changes from now on is a change.
    pub fn find(file: Option<&Path>, overrides: Overrides) -> Self {
        let path = Config::place(file);
        let seen = Seen::of(path.as_slice());
        Self { path, overrides, seen }
    }

    /// Reads it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(self.path.as_deref(), &self.overrides)
    }

    /// Applies to the bridge what changes in it. Half of a file may lack the policies, and permit what the whole denies.
    pub(super) fn watch(self, bridge: &Bridge) -> Watched<Config> {
        let (files, seen) = (self.path.as_slice().to_vec(), self.seen.clone());
        let (running, policies) = (Arc::clone(&bridge.config), Arc::clone(&bridge.policies));
        let load = move || self.apply(&running, &policies);
        Watched::since("config", files, seen, (*bridge.config).clone(), load, Instant::now()).settling()
    }

    /// All of the file makes sense before anything of it counts.
    fn apply(&self, running: &Config, policies: &Policies) -> Result<Config, Unfit> {
        let config = self.load()?;
        policies.replace(&config)?;
        let keys = running.needing_restart(&config);
        if !keys.is_empty() {
            let keys = keys.join(", ");
            tracing::warn!(event = %"restart_needed", keys, "these keys have changed, and count after a restart only");
        }
        Ok(config)
    }
}

/// Why a configuration is not applied.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
