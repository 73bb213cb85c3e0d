//! What the connection loop learns and tells to its handler only.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::{Step, UpstreamError, shown};

/// Bytes kept of the banners.
const BANNER_KEPT: usize = 4 * 1024;

/// The end of the loop follows the end of its channels at once.
const END: Duration = Duration::from_secs(1);

/// sshd says this, and hangs up, where others would refuse (MaxAuthTries).
const TOO_MANY_FAILURES: &str = "Too many authentication failures";

#[derive(Debug, Default)]
pub(super) struct Notes {
    kept: Mutex<Kept>,
    /// Cancelled when the connection is over.
    pub(super) over: CancellationToken,
}

#[derive(Debug, Default)]
struct Kept {
    reason: Option<String>,
    turned_away: bool,
    banner: String,
}

impl Notes {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server said when it hung up.
    pub(super) fn disconnected(&self, message: &str) {
        let mut kept = self.kept();
        kept.turned_away = message.contains(TOO_MANY_FAILURES);
        kept.reason = Some(format!("the server disconnected: {}", shown(message)));
    }

    /// What broke the connection.
    pub(super) fn failed(&self, reason: String) {
        self.kept().reason = Some(reason);
    }

    /// The server refused, and left nothing to try: russh hangs up then.
    pub(super) fn nothing_left(&self) {
        self.kept().turned_away = true;
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.kept().reason.clone()
    }

    /// SSH_MSG_USERAUTH_BANNER (RFC 4252, section 5.4); there may be several.
    pub(super) fn add_banner(&self, text: &str) {
        let mut kept = self.kept();
        let room = BANNER_KEPT.saturating_sub(kept.banner.len());
        let end = text.floor_char_boundary(room);
        kept.banner.push_str(text.get(..end).unwrap_or_default());
    }

    pub(super) fn banner(&self) -> Option<String> {
        let banner = self.kept().banner.clone();
        (!banner.is_empty()).then_some(banner)
    }

    /// The loss of the connection during `step`, with the best cause that is known.
    pub(super) fn lost(&self, step: Step, source: russh::Error) -> UpstreamError {
        let source = self.reason().map_or_else(|| source.into(), Into::into);
        UpstreamError::Lost { step, source }
    }

    /// A login that ended with nothing left to try: `Ok` if the server refused, an error if the connection
    /// died, which russh reports in the same way.
    pub(super) async fn login_ended(&self, source: russh::Error) -> Result<(), UpstreamError> {
        let _ = timeout(END, self.over.cancelled()).await;
        let turned_away = self.kept().turned_away;
        if turned_away { Ok(()) } else { Err(self.lost(Step::Login, source)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_add_up_to_a_bound_and_stay_utf8() {
        let notes = Notes::default();
        assert_eq!(notes.banner(), None);
        notes.add_banner("one\n");
        notes.add_banner("two\n");
        assert_eq!(notes.banner().as_deref(), Some("one\ntwo\n"));
        for _ in 0..10_000 {
            notes.add_banner("x\u{e4}");
        }
        assert!((4090..=4096).contains(&notes.banner().unwrap().len()));
    }

    async fn ended(note: impl FnOnce(&Notes)) -> Result<(), UpstreamError> {
        let notes = Notes::default();
        note(&notes);
        notes.login_ended(russh::Error::Disconnect).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_has_heard_enough_refuses_and_any_other_end_is_a_loss() {
        assert!(ended(|notes| notes.disconnected("Too many authentication failures")).await.is_ok());
        assert!(ended(Notes::nothing_left).await.is_ok());
        let error = ended(|notes| notes.disconnected("going\ndown")).await.unwrap_err().to_string();
        assert!(error.ends_with("the server disconnected: going\\ndown"), "{error}");
        let long = "\n".repeat(100_000);
        let error = ended(|notes| notes.disconnected(&long)).await.unwrap_err().to_string();
        assert!(error.len() < 2048, "{} bytes", error.len());
        assert!(ended(|_| {}).await.is_err());
    }
}
