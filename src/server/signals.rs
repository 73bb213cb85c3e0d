//! SIGTERM and SIGINT end the process, SIGHUP has the files read again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask something of the process. They are caught from the moment this exists.
#[derive(Debug)]
pub struct Signals {
    pub(super) end: End,
    pub(super) hangup: Hangup,
}

/// Those that ask it to end.
#[derive(Debug)]
pub(super) struct End {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

/// The one that asks for a look at the files.
#[derive(Debug)]
pub(super) struct Hangup(Option<Signal>);

impl Signals {
    /// Starts to catch them. SIGHUP does not end the process from now on, also while it drains.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { end: End::catch(None)?, hangup: Hangup(Some(signal(SignalKind::hangup())?)) })
    }

    /// The same for a program that belongs to a terminal: SIGHUP says that the terminal was closed, and ends it.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn of_terminal() -> io::Result<Self> {
        Ok(Self { end: End::catch(Some(signal(SignalKind::hangup())?))?, hangup: Hangup(None) })
    }
}

impl End {
    fn catch(hangup: Option<Signal>) -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup })
    }

    /// The next of them. Cancel-safe.
    pub(super) async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

impl Hangup {
    /// The next one; several that come at once are one. Cancel-safe.
    pub(super) async fn next(&mut self) {
        let received = match &mut self.0 {
            Some(hangup) => hangup.recv().await,
            None => None,
        };
        if received.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
