//! Records as datagrams to the syslog daemon of this machine.
//!
//! In the form that syslog(3) of the C library uses, without its timestamp, as a record has its own: every daemon takes
//! that at its local socket. RFC 5424 is for the network, and journald does not read it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use super::batch::Batch;

/// Longest record in bytes. rsyslog cuts what is over 8 KiB, header included.
pub(super) const LONGEST: usize = 8000;

/// Facility `authpriv` (10), severity `info` (6): what others need not read, as file names may tell a lot.
const PRIORITY: u8 = 10 * 8 + 6;

/// A daemon whose queue is full makes us wait. So often we look up.
const PATIENCE: Duration = Duration::from_secs(1);

/// A datagram socket to a daemon that may be restarted.
#[derive(Debug)]
pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), socket: Some(connect(path)?) })
    }

    /// One datagram a line.
    pub(super) fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        while !batch.rest().is_empty() {
            let line = batch.line();
            let mut datagram = format!("<{PRIORITY}>sftpbridge[{}]: ", process::id()).into_bytes();
            datagram.extend_from_slice(line.trim_ascii_end());
            let bytes = line.len();
            self.send(&datagram)?;
            batch.wrote(bytes);
        }
        Ok(())
    }

    /// A daemon that was restarted has another socket at the same path: one more try then.
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        if let Some(socket) = &self.socket {
            match socket.send(datagram) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => self.socket = None,
            }
        }
        let socket = connect(&self.path)?;
        let sent = socket.send(datagram);
        self.socket = Some(socket);
        sent.map(|_| ())
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}
