//! Whether the server is still there while a person types. russh does not read meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::answers::{Answers, Round, SignRequest};
use crate::config::Secret;

/// Time between two looks at a connection on which something waits to be read, maybe before its end.
const LOOK: Duration = Duration::from_millis(250);

/// Answers for as long as the server is there.
pub(super) struct WhileAlive<'a, A> {
    answers: &'a mut A,
    tcp: Option<Arc<TcpStream>>,
    /// The server hung up before there was an answer.
    pub(super) hung_up: bool,
}

impl<'a, A: Answers> WhileAlive<'a, A> {
    pub(super) fn new(answers: &'a mut A, tcp: Option<Arc<TcpStream>>) -> Self {
        Self { answers, tcp, hung_up: false }
    }
}

impl<A: Answers> Answers for WhileAlive<'_, A> {
    async fn answers(&mut self, round: Round) -> Option<Vec<Secret>> {
        tokio::select! {
            given = self.answers.answers(round) => given,
            () = end(self.tcp.as_deref()) => {
                self.hung_up = true;
                None
            }
        }
    }

    async fn signature(&mut self, request: SignRequest) -> Option<Vec<u8>> {
        tokio::select! {
            given = self.answers.signature(request) => given,
            () = end(self.tcp.as_deref()) => {
                self.hung_up = true;
                None
            }
        }
    }
}

/// Ready when the other end has closed its half. Reads nothing.
async fn end(tcp: Option<&TcpStream>) {
    let Some(tcp) = tcp else {
        return std::future::pending().await;
    };
    loop {
        match tcp.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => sleep(LOOK).await,
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    #[tokio::test]
    async fn an_end_shows_behind_bytes_that_nobody_reads() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(b"more").await.unwrap();
        assert!(timeout(LOOK * 2, end(Some(&tcp))).await.is_err());
        drop(server);
        timeout(Duration::from_secs(5), end(Some(&tcp))).await.unwrap();
    }
}
