//! In the place of ACME, where the program was built without it.

use super::TlsError;
use super::material::Certificate;
use crate::config;

/// Nobody.
#[derive(Debug)]
pub(in crate::server) enum Acme {}

impl Acme {
    #[allow(clippy::unused_async, reason = "as the real one")]
    pub(super) async fn open(_: &config::Acme) -> Result<Self, TlsError> {
        Err(TlsError::NoAcme)
    }

    pub(super) fn certificate(&self) -> Certificate {
        match *self {}
    }

    pub(in crate::server) async fn run(self, _: &tokio::sync::Notify) {
        match self {}
    }
}
