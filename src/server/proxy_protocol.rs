//! The header of the PROXY protocol, by which a balancer tells whose connection it passes on: version 1 (a line of text)
//! and version 2 (binary). It comes before everything else, TLS included.
//!
//! Only its own bytes are taken from the stream, so that what follows is where it would be without it. What version 2
//! may carry beside the addresses (TLVs) is skipped, and its optional checksum with it: TCP has one.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::Duration;

use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Time from the connection to the end of the header.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// No header of either version is shorter than this; it is also the length of what version 2 begins with.
const START: usize = v2::PROTOCOL_PREFIX.len();

/// What version 1 begins with.
const WORD: &[u8] = b"PROXY ";

/// Longest line of version 1 in bytes, its end included.
const LONGEST_LINE: usize = 107;

/// Longest rest of a header of version 2 that is read, in bytes. Addresses take at most 216; the sender may add what
/// it knows about the client's TLS.
const LONGEST_BODY: usize = 4096;

/// Why a connection that must begin with a header does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    #[error("the connection does not begin with a header")]
    Absent,
    #[error("a header of more than {0} bytes")]
    TooLong(usize),
    #[error("version 1: {0}")]
    Version1(#[from] v1::BinaryParseError),
    #[error("version 2: {0}")]
    Version2(#[from] v2::ParseError),
    #[error("not all of a header: {0}")]
    Lost(#[from] io::Error),
    #[error("not all of a header within {PATIENCE:?}")]
    Late,
}

/// Reads the header: the client's address, or `None` where the proxy connects for itself (`LOCAL`) or cannot tell for
/// whom (`UNKNOWN`, `UNSPEC`, a client without an address). No deadline of its own.
pub(super) async fn client<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyError> {
    let mut start = [0; START];
    stream.read_exact(&mut start).await?;
    if start == v2::PROTOCOL_PREFIX {
        version_2(stream).await
    } else if start.starts_with(WORD) {
        version_1(stream, &start).await
    } else {
        Err(ProxyError::Absent)
    }
}

/// Byte by byte, because only its end tells how long it is.
async fn version_1<S: AsyncRead + Unpin>(
    stream: &mut S,
    start: &[u8],
) -> Result<Option<SocketAddr>, ProxyError> {
    let mut line = Vec::with_capacity(LONGEST_LINE);
    line.extend_from_slice(start);
    while !line.ends_with(b"\n") {
        if line.len() >= LONGEST_LINE {
            return Err(ProxyError::TooLong(LONGEST_LINE));
        }
        line.push(stream.read_u8().await?);
    }
    let header = v1::Header::try_from(line.as_slice())?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(v1::IPv4 { source_address, source_port, .. }) => {
            Some(SocketAddrV4::new(source_address, source_port).into())
        }
        v1::Addresses::Tcp6(v1::IPv6 { source_address, source_port, .. }) => {
            Some(SocketAddrV6::new(source_address, source_port, 0, 0).into())
        }
        v1::Addresses::Unknown => None,
    })
}

async fn version_2<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyError> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [.., high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST_BODY {
        return Err(ProxyError::TooLong(START + fixed.len() + LONGEST_BODY));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let bytes = [v2::PROTOCOL_PREFIX, &fixed, &body].concat();
    let header = v2::Header::try_from(bytes.as_slice())?;
    if header.command == v2::Command::Local {
        return Ok(None);
    }
    Ok(match header.addresses {
        v2::Addresses::IPv4(v2::IPv4 { source_address, source_port, .. }) => {
            Some(SocketAddrV4::new(source_address, source_port).into())
        }
        v2::Addresses::IPv6(v2::IPv6 { source_address, source_port, .. }) => {
            Some(SocketAddrV6::new(source_address, source_port, 0, 0).into())
        }
        v2::Addresses::Unix(_) | v2::Addresses::Unspecified => None,
    })
}

#[cfg(test)]
mod tests;
