//! Telling the service manager, where there is one (`NOTIFY_SOCKET`, sd_notify(3)), how far the server is. With
//! `Type=notify` systemd then starts what comes after the bridge when the bridge takes connections, and not before.

use sd_notify::NotifyState;

/// It takes connections.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// It drains, and ends.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

/// A manager that does not hear gives up on us by its own deadline, and says so; whoever else reads the log is told why.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "NOTIFY_SOCKET: the service manager could not be told");
    }
}
