//! A panic in one visitor's task is 1011 to that visitor, and nothing to anybody else.
//!
//! Nothing outside can make the bridge panic, or it would be mended. So another program serves the bridge here, on
//! connections that panic when they are told to: in the midst of whatever reads from them.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
use std::task::{Context, Poll};

use serde_json::json;
use sftpbridge::config::{Config, Overrides};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::support::conversation::Conversation;
use crate::support::files::Scratch;
use crate::support::http::{Request, reference};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;
use crate::support::ws::{Heard, TEXT, Ws};

/// The next read from the client at this port panics; 0 is nobody's.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicU16>);

struct Fragile {
    stream: TcpStream,
    port: u16,
    fuse: Fuse,
}

impl AsyncRead for Fragile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let lit = self.fuse.0.compare_exchange(self.port, 0, SeqCst, SeqCst);
        assert!(lit.is_err(), "the test wants a panic here");
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Fragile {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

struct Listener {
    tcp: TcpListener,
    fuse: Fuse,
}

impl axum::serve::Listener for Listener {
    type Io = Fragile;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Fragile, SocketAddr) {
        let (stream, peer) = self.tcp.accept().await.unwrap();
        (Fragile { stream, port: peer.port(), fuse: self.fuse.clone() }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A bridge on fragile connections.
struct Site {
    fuse: Fuse,
    port: u16,
    sshd: Sshd,
    _scratch: Scratch,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    fn start() -> Site {
        let sshd = Sshd::start();
        let scratch = Scratch::new();
        std::fs::write(scratch.join("known_hosts"), sshd.known_hosts()).unwrap();
        let text = format!(
            "[upstreams.main]\naddress = \"127.0.0.1:{}\"\nknown_hosts = {:?}\n",
            sshd.port,
            scratch.join("known_hosts")
        );
        let config =
            Config::resolve(Some((Path::new("proxy.toml"), &text)), [], &Overrides::default()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let tcp = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let fuse = Fuse::default();
        let listener = Listener { tcp, fuse: fuse.clone() };
        let router = sftpbridge::router(&config).unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Site { fuse, port, sshd, _scratch: scratch, _runtime: runtime }
    }

    fn anonymous(&self) -> Request {
        Request::upgrade(self.port, "/sftp")
    }

    fn session(&self) -> Session {
        let user = User::read();
        Session::start(self.anonymous().basic(&user.name, &user.password).open())
    }

    fn light(&self, ws: &Ws) {
        self.fuse.0.store(ws.socket().local_addr().unwrap().port(), SeqCst);
    }
}

#[track_caller]
fn assert_internal(heard: Heard) -> String {
    let Heard::Close(Some(1011), reason) = heard else { panic!("no 1011: {heard:?}") };
    assert!(reason.starts_with("Internal error of the bridge."), "{reason}");
    reference(&reason).expect("a number").to_owned()
}

#[test]
fn a_panic_in_a_session_is_1011_to_it_alone() {
    let site = Site::start();
    let mut other = site.session();
    let mut session = site.session();
    site.light(&session.ws);
    session.ws.send(&crate::support::sftp::with_name(crate::support::sftp::REALPATH, 7, "."));
    assert_internal(session.ws.hear());
    session.ws.send_close(1011);
    assert_eq!(session.ws.hear(), Heard::End);
    other.is_alive();
    site.session().is_alive();
    drop(other);
    site.sshd.wait_idle();
}

#[test]
fn a_panic_in_a_conversation_is_1011_to_it_alone() {
    let site = Site::start();
    let mut other = Conversation::open(&site.anonymous());
    let mut conversation = Conversation::open(&site.anonymous());
    site.light(&conversation.ws);
    conversation.ws.send_frame(true, TEXT, b"{}");
    assert_internal(conversation.ws.hear());
    conversation.ws.send_close(1011);
    assert_eq!(conversation.ws.hear(), Heard::End);
    let user = User::read();
    other.ready(json!({ "method": "password", "user": user.name, "password": user.password }), &[]);
    other.session().is_alive();
}
