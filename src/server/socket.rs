//! What connections are accepted from: a TCP port or a unix socket, opened by us or handed over.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self as unix, SocketAddr as UnixAddress};
use std::path::PathBuf;

use tokio::net::{TcpListener, UnixListener};

use super::socket_file::SocketFile;
use crate::config::ListenAddress;
use crate::file_error::Unwritable;

/// Why an address cannot be listened on, and what to do.
pub(super) struct Unlistenable<'a> {
    pub(super) address: &'a ListenAddress,
    pub(super) source: &'a io::Error,
}

impl fmt::Display for Unlistenable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, source } = self;
        match address {
            ListenAddress::Unix(_) => Unwritable(source).fmt(f),
            ListenAddress::Tcp(_) if source.kind() == io::ErrorKind::PermissionDenied => {
                let user = rustix::process::geteuid().as_raw();
                write!(f, "{source} for uid {user}; ports below 1024 need a socket of systemd, or a proxy")
            }
            ListenAddress::Tcp(_) => source.fmt(f),
        }
    }
}

/// A socket that listens, of either kind.
#[derive(Debug)]
pub(super) struct Socket {
    kind: Kind,
    address: ListenAddress,
    /// Of a unix socket that we have made ourselves.
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An accepted connection, not bound to a runtime yet.
pub(super) enum Connection {
    Tcp(net::TcpStream, SocketAddr),
    Unix(unix::UnixStream),
}

impl Socket {
    /// Listens on the address; a unix socket gets the permissions `mode`.
    pub(super) async fn listen(address: &ListenAddress, mode: u32) -> io::Result<Self> {
        match address {
            ListenAddress::Tcp(address) => {
                let listener = TcpListener::bind(address).await?;
                let address = ListenAddress::Tcp(listener.local_addr()?);
                Ok(Self { kind: Kind::Tcp(listener), address, _file: None })
            }
            ListenAddress::Unix(path) => {
                let (listener, file) = SocketFile::listen(path, mode)?;
                Ok(Self { _file: Some(file), ..Self::unix(listener)? })
            }
        }
    }

    /// A listener that is there already. Needs a runtime.
    pub(super) fn tcp(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = ListenAddress::Tcp(listener.local_addr()?);
        Ok(Self { kind: Kind::Tcp(TcpListener::from_std(listener)?), address, _file: None })
    }

    /// A listener that is there already, and whose file is somebody else's business. Needs a runtime.
    pub(super) fn unix(listener: unix::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = ListenAddress::Unix(path(&listener.local_addr()?));
        Ok(Self { kind: Kind::Unix(UnixListener::from_std(listener)?), address, _file: None })
    }

    /// Where it listens, with the port that was picked where 0 was configured.
    pub(super) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Cancel-safe.
    pub(super) async fn accept(&self) -> io::Result<Connection> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (tcp, peer) = listener.accept().await?;
                Ok(Connection::Tcp(tcp.into_std()?, peer))
            }
            Kind::Unix(listener) => Ok(Connection::Unix(listener.accept().await?.0.into_std()?)),
        }
    }
}

/// A name of Linux's own, without a file, is shown as ss(8) does: by an `@`.
fn path(address: &UnixAddress) -> PathBuf {
    let named = || address.as_abstract_name().map(|name| format!("@{}", name.escape_ascii()).into());
    address.as_pathname().map(PathBuf::from).or_else(named).unwrap_or_default()
}
