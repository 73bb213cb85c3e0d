//! An upstream that wants more than to be asked.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{HashAlg, PrivateKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session as SshSession};
use russh::{Channel, ChannelId};

use crate::support::bridge::{Bridge, Config};
use crate::support::fake::Fake;
use crate::support::wait::{SOON, wait_for, wait_until};

/// What became of each channel that the server opened.
type Opened = Arc<Mutex<Vec<(&'static str, bool)>>>;

/// Where a server stops answering.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Silence {
    Password,
    Channel,
    Subsystem,
    /// It answers everything, and opens channels of every kind once the bridge has its own.
    Never,
}

/// Lets everybody in.
struct Server {
    silence: Silence,
    opened: Opened,
}

impl server::Handler for Server {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, russh::Error> {
        if self.silence == Silence::Password {
            std::future::pending::<()>().await;
        }
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut SshSession,
    ) -> Result<(), russh::Error> {
        if self.silence == Silence::Channel {
            std::future::pending::<()>().await;
        }
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut SshSession,
    ) -> Result<(), russh::Error> {
        if self.silence == Silence::Subsystem {
            return Ok(());
        }
        session.channel_success(channel)?;
        let (handle, opened) = (session.handle(), self.opened.clone());
        tokio::spawn(async move {
            let results = [
                ("session", handle.channel_open_session().await.is_ok()),
                ("agent", handle.channel_open_agent().await.is_ok()),
                ("x11", handle.channel_open_x11("127.0.0.1", 6000).await.is_ok()),
                ("direct", handle.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.is_ok()),
                (
                    "forwarded",
                    handle.channel_open_forwarded_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.is_ok(),
                ),
                ("local", handle.channel_open_forwarded_streamlocal("/run/x").await.is_ok()),
            ];
            opened.lock().unwrap().extend(results);
        });
        Ok(())
    }
}

/// A bridge, and such a server behind a relay that counts connections.
struct Site {
    bridge: Bridge,
    relay: Fake,
    opened: Opened,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    fn start(silence: Silence) -> Site {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let key = PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[7; 32])), "").unwrap();
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(server::Config { keys: vec![key], ..server::Config::default() });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let opened = Opened::default();
        let kept = opened.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Server { silence, opened: kept.clone() };
                tokio::spawn(server::run_stream(config.clone(), stream, server));
            }
        });
        // A connection counts for as long as the bridge keeps it, whatever the server does.
        let relay = Fake::serve(move |bridge| {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let answers = (server.try_clone().unwrap(), bridge.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut &answers.0, &mut &answers.1));
            let _ = std::io::copy(&mut &bridge, &mut &server);
            let _ = server.shutdown(Shutdown::Both);
        });
        let bridge =
            Config::to_port(relay.port).pinned(vec![fingerprint]).upstream("login_timeout = \"2s\"").start();
        Site { bridge, relay, opened, _runtime: runtime }
    }
}

#[test]
fn channels_that_the_upstream_opens_are_refused_and_told_once() {
    let site = Site::start(Silence::Never);
    let _ws = site.bridge.login().open();
    let opened = wait_for("an answer for each channel", SOON, || {
        let opened = site.opened.lock().unwrap().clone();
        (!opened.is_empty()).then_some(opened)
    });
    assert_eq!(opened.len(), 6);
    assert!(opened.iter().all(|(_, let_in)| !let_in), "{opened:?}");
    let log = site.bridge.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("tried to open a channel")).collect();
    assert!(matches!(told[..], [line] if line.contains("session=")), "{log}");
}

#[track_caller]
fn assert_gone_within_two_seconds(silence: Silence, limit: Duration) {
    let site = Site::start(silence);
    let start = Instant::now();
    assert_eq!(site.bridge.login().send().status, 504);
    let took = start.elapsed();
    assert!((limit..limit + Duration::from_secs(3)).contains(&took), "{took:?}");
    wait_until("the upstream connection to end", Duration::from_secs(2), || {
        site.relay.connections() == 1 && site.relay.open() == 0
    });
}

#[test]
fn two_seconds_after_the_login_timed_out_nothing_of_it_is_left() {
    assert_gone_within_two_seconds(Silence::Password, Duration::from_secs(2));
}

#[test]
fn two_seconds_after_the_channel_timed_out_nothing_of_it_is_left() {
    assert_gone_within_two_seconds(Silence::Channel, Duration::from_secs(10));
}

#[test]
fn two_seconds_after_the_subsystem_timed_out_nothing_of_it_is_left() {
    assert_gone_within_two_seconds(Silence::Subsystem, Duration::from_secs(10));
}
