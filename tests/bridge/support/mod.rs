//! What the tests stand on: peers that run for real and stop on Drop.

pub mod agent;
pub mod askpass;
pub mod authority;
pub mod behind;
pub mod bridge;
pub mod browser;
pub mod certificates;
pub mod collector;
pub mod connect;
pub mod conversation;
pub mod fake;
pub mod files;
pub mod front;
pub mod host_keys;
pub mod http;
pub mod identity;
pub mod keys;
pub mod login;
pub mod metrics;
pub mod node;
pub mod otp;
pub mod pebble;
pub mod podman;
pub mod process;
pub mod provider;
pub mod relay;
pub mod session;
pub mod sftp;
pub mod shipped;
pub mod sshd;
pub mod user;
pub mod wait;
pub mod ws;

use bridge::{Bridge, Config};
use session::Session;
use sshd::Sshd;
use ws::Ws;

/// A bridge and the sshd behind it.
pub struct Site {
    // Fields drop in this order: the bridge goes before its upstream.
    pub bridge: Bridge,
    pub sshd: Sshd,
}

impl Site {
    pub fn start() -> Site {
        Site::with(Sshd::start(), |config| config)
    }

    pub fn with(sshd: Sshd, configure: impl FnOnce(Config) -> Config) -> Site {
        let bridge = configure(Config::to(&sshd)).start();
        Site { bridge, sshd }
    }

    /// A WebSocket, logged in, nothing sent yet.
    pub fn socket(&self) -> Ws {
        self.bridge.login().open()
    }

    /// A WebSocket on which INIT has been answered.
    pub fn session(&self) -> Session {
        Session::start(self.socket())
    }
}
