//! Upstreams that are not SSH servers, or not quite.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A TCP listener on loopback which handles each connection in a thread; it stops listening on Drop.
pub struct Fake {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Fake {
    /// Accepts and never says a word.
    pub fn black_hole() -> Fake {
        Fake::serve(|stream| hold(&stream))
    }

    /// Says `text`, then nothing more.
    pub fn says(text: &'static [u8]) -> Fake {
        Fake::serve(move |mut stream| {
            let _ = stream.write_all(text);
            hold(&stream);
        })
    }

    /// Says `text`, then ends its half; the rest closes when the client has gone, so that no reset overtakes the text.
    pub fn says_and_ends(text: &'static [u8]) -> Fake {
        Fake::serve(move |mut stream| {
            let _ = stream.write_all(text);
            let _ = stream.shutdown(Shutdown::Write);
            hold(&stream);
        })
    }

    /// Waits for the head of a request, and answers it by `text`.
    pub fn answers(text: &'static [u8]) -> Fake {
        Fake::serve(move |mut stream| {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut byte) {
                    Ok(1..) => head.extend(byte),
                    _ => return,
                }
            }
            let _ = stream.write_all(text);
            let _ = stream.shutdown(Shutdown::Write);
            hold(&stream);
        })
    }

    /// Says `text`, then passes everything to and from a server on `port`.
    pub fn says_before(text: &'static [u8], port: u16) -> Fake {
        Fake::serve(move |mut stream| {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                return;
            };
            let _ = stream.write_all(text);
            let (client, upstream) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass(client, upstream));
            pass(server, stream);
        })
    }

    pub fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fake = Fake { port, connections: Arc::default(), open: Arc::default(), stop: Arc::default() };
        let (connections, open) = (fake.connections.clone(), fake.open.clone());
        let (stop, handle) = (fake.stop.clone(), Arc::new(handle));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                let (handle, open) = (handle.clone(), open.clone());
                thread::spawn(move || {
                    handle(stream);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        fake
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Connections that the bridge has not ended.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accept.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A port on which no one listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Keeps the connection until the other side ends it.
fn hold(stream: &TcpStream) {
    let _ = io::copy(&mut &*stream, &mut io::sink());
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
