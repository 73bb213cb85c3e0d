//! Sockets that were opened before us, and handed over at the start: systemd's socket activation (sd_listen_fds(3)), or
//! whoever does the same. That way the bridge may have a port below 1024 without the right to take it, and nobody is
//! refused while it restarts.

use std::io;

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

use super::socket::Socket;

/// `FileDescriptorName=` of the socket for the admin listener.
const ADMIN: &str = "admin";

/// The sockets of this process that came with it.
#[derive(Debug, Default)]
pub struct HandedOver {
    public: Vec<Socket>,
    admin: Vec<Socket>,
}

impl HandedOver {
    /// Takes those that `LISTEN_FDS` counts, if `LISTEN_PID` means this process. The one that `LISTEN_FDNAMES` calls
    /// `admin` is the admin listener's; all others, whatever they are called, are the public one's. To be called once,
    /// in a runtime, before there are other threads.
    ///
    /// # Errors
    /// When one of them is no stream socket that listens.
    pub fn take() -> io::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut descriptors = ListenFd::from_env();
        let mut taken = Self::default();
        for index in 0..descriptors.len() {
            let socket = socket(&mut descriptors, index)?;
            match names.split(':').nth(index) {
                Some(ADMIN) => taken.admin.push(socket),
                _ => taken.public.push(socket),
            }
        }
        Ok(taken)
    }

    /// Whether there is one for the operator.
    pub fn has_admin(&self) -> bool {
        !self.admin.is_empty()
    }

    /// Those for the public.
    pub(super) fn take_public(&mut self) -> Vec<Socket> {
        std::mem::take(&mut self.public)
    }

    /// Those for the operator.
    pub(super) fn take_admin(&mut self) -> Vec<Socket> {
        std::mem::take(&mut self.admin)
    }
}

fn socket(descriptors: &mut ListenFd, index: usize) -> io::Result<Socket> {
    // Whether it is a TCP or a unix socket is seen by trying: an unfit one stays where it is.
    if let Ok(Some(tcp)) = descriptors.take_tcp_listener(index) {
        listens(socket_acceptconn(&tcp)?)?;
        return Socket::tcp(tcp);
    }
    match descriptors.take_unix_listener(index)? {
        Some(unix) => {
            listens(socket_acceptconn(&unix)?)?;
            Socket::unix(unix)
        }
        None => Err(io::Error::other("a descriptor was taken twice")),
    }
}

fn listens(it_does: bool) -> io::Result<()> {
    match it_does {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "a socket that does not listen")),
    }
}
