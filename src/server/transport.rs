//! The streams that the listener accepts, TCP and unix, before anything is known of what is spoken on them.

use std::io;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpStream, UnixStream};

pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The next byte, which stays where it is; `None` at the end. Cancel-safe.
    fn peek_byte(&self) -> impl Future<Output = io::Result<Option<u8>>> + Send;
}

impl Transport for TcpStream {
    async fn peek_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let read = self.peek(&mut byte).await?;
        Ok(byte.first().copied().filter(|_| read == 1))
    }
}

impl Transport for UnixStream {
    async fn peek_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let peek = || Ok(recv(self, &mut byte[..], RecvFlags::PEEK)?.0);
        let read = self.async_io(Interest::READABLE, peek).await?;
        Ok(byte.first().copied().filter(|_| read == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    async fn assert_peeks(mut client: impl AsyncWrite + Unpin, mut server: impl Transport) {
        let (first, ()) = tokio::join!(server.peek_byte(), async { client.write_all(b"ab").await.unwrap() });
        assert_eq!(first.unwrap(), Some(b'a'));
        assert_eq!(server.peek_byte().await.unwrap(), Some(b'a'));
        drop(client);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"ab");
        assert_eq!(server.peek_byte().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_peeked_byte_stays_and_the_end_is_none() {
        let (client, server) = pair().await;
        assert_peeks(client, server).await;
        let (client, server) = UnixStream::pair().unwrap();
        assert_peeks(client, server).await;
    }
}
