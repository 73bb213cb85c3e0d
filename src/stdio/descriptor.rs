//! stdin and stdout without a thread in between.
//!
//! `tokio::io::stdin` hands every read to another thread, which costs a third of the speed on small files.
//! Pipes and sockets, which is what `sftp -D` and sshfs give us, can be non-blocking instead. A terminal or
//! a file cannot (the flag would be shared with the shell, or epoll refuses it), and takes the slow way.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{UnixStream, unix::pipe};

/// Reads the process's standard input. Take it once: two readers would share the bytes.
///
/// # Errors
/// When the descriptor is closed or cannot be made non-blocking.
pub fn stdin() -> io::Result<(Box<dyn AsyncRead + Unpin + Send>, Mode)> {
    let (descriptor, mode) = open(io::stdin())?;
    Ok((
        match mode.kind {
            FileType::Fifo => Box::new(pipe::Receiver::from_owned_fd(descriptor)?),
            FileType::Socket => Box::new(socket(descriptor)?),
            _ => Box::new(tokio::io::stdin()),
        },
        mode,
    ))
}

/// Writes the process's standard output.
///
/// # Errors
/// When the descriptor is closed or cannot be made non-blocking.
pub fn stdout() -> io::Result<(Box<dyn AsyncWrite + Unpin + Send>, Mode)> {
    let (descriptor, mode) = open(io::stdout())?;
    Ok((
        match mode.kind {
            FileType::Fifo => Box::new(pipe::Sender::from_owned_fd(descriptor)?),
            FileType::Socket => Box::new(socket(descriptor)?),
            _ => Box::new(tokio::io::stdout()),
        },
        mode,
    ))
}

/// The mode that a descriptor had. It is restored on drop: the process that gave us the descriptor may
/// share it, and would find it non-blocking.
#[derive(Debug)]
pub struct Mode {
    descriptor: OwnedFd,
    kind: FileType,
    flags: OFlags,
}

impl Drop for Mode {
    fn drop(&mut self) {
        let _ = fcntl_setfl(&self.descriptor, self.flags);
    }
}

fn open(standard: impl AsFd) -> io::Result<(OwnedFd, Mode)> {
    let descriptor = standard.as_fd().try_clone_to_owned()?;
    let mode = Mode {
        kind: FileType::from_raw_mode(fstat(&descriptor)?.st_mode),
        flags: fcntl_getfl(&descriptor)?,
        descriptor: descriptor.try_clone()?,
    };
    Ok((descriptor, mode))
}

fn socket(descriptor: OwnedFd) -> io::Result<UnixStream> {
    let socket = StdUnixStream::from(descriptor);
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}
