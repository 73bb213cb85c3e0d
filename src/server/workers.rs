//! One thread and one single-threaded runtime per processor. A connection, and the session that it becomes,
//! stays where it was put: passing its tasks between threads costs a fifth of the CPU time of a transfer.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::listener::{self, Service};
use super::socket::Connection;
use crate::config::Direct;
use crate::metrics::Present;

/// Connections that wait for a worker to take them.
const QUEUE: usize = 64;

/// Time for the answers, and closing handshakes, that are on their way when everything else has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A connection, and its place among those that are allowed at a time.
pub(super) struct Accepted {
    pub(super) connection: Connection,
    pub(super) permit: OwnedSemaphorePermit,
}

pub(super) struct Workers {
    queues: Vec<Sender<Accepted>>,
    threads: Vec<JoinHandle<()>>,
    next: AtomicUsize,
}

impl Workers {
    /// Starts one worker per processor.
    pub(super) fn start(service: &Service) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let mut workers = Self { queues: Vec::new(), threads: Vec::new(), next: AtomicUsize::new(0) };
        for number in 0..count {
            let (queue, accepted) = channel(QUEUE);
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let service = service.clone();
            let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                runtime.block_on(work(accepted, service));
                // A name that is still being resolved must not keep us.
                runtime.shutdown_background();
            })?;
            workers.queues.push(queue);
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Gives a connection to the next worker in turn; waits when that one is busy.
    pub(super) async fn give(&self, accepted: Accepted) {
        let turn = self.next.fetch_add(1, Relaxed) % self.queues.len().max(1);
        if let Some(queue) = self.queues.get(turn) {
            // A worker ends only after its queue was dropped.
            let _ = queue.send(accepted).await;
        }
    }

    /// Waits for the workers, which end once they are told to stop.
    pub(super) fn join(self) {
        drop(self.queues);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker thread panicked");
            }
        }
    }
}

async fn work(mut accepted: Receiver<Accepted>, service: Service) {
    let connections = TaskTracker::new();
    while let Some(Accepted { connection, permit }) = accepted.recv().await {
        if let Err(error) = take_over(connection, permit, &service, &connections) {
            tracing::warn!(%error, "a connection could not be taken over");
        }
    }
    // The refusals of the last moment go out, and a session that began in it hears its end.
    connections.close();
    let rest = async {
        connections.wait().await;
        service.sessions.wait().await;
    };
    let _ = timeout(LAST_ANSWERS, rest).await;
}

/// Serves a connection on this thread. Nothing of it is waited for here: whoever is slow delays nobody.
fn take_over(
    connection: Connection,
    permit: OwnedSemaphorePermit,
    service: &Service,
    connections: &TaskTracker,
) -> io::Result<()> {
    let service = service.clone();
    let counted = Present::connection();
    match connection {
        Connection::Tcp(tcp, peer) => {
            let tcp = TcpStream::from_std(tcp)?;
            if let Err(error) = tcp.set_nodelay(true) {
                tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
            }
            connections.spawn(async move {
                listener::serve(tcp, Direct::Tcp(peer), service).await;
                drop((permit, counted));
            });
        }
        Connection::Unix(unix) => {
            let unix = UnixStream::from_std(unix)?;
            connections.spawn(async move {
                listener::serve(unix, Direct::Unix, service).await;
                drop((permit, counted));
            });
        }
    }
    Ok(())
}
