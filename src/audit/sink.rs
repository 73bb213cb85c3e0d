//! Where lines go. Blocking: the writer has a thread of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::AuditError;
use super::batch::Batch;
use super::syslog::Syslog;
use crate::config::AuditSink;

/// Only the owner reads who did what. A file that is there already keeps its mode.
const MODE: u32 = 0o600;

/// Where lines go.
#[derive(Debug)]
pub(super) enum Sink {
    File { file: File, path: PathBuf },
    Stdout(File),
    Syslog(Syslog),
}

impl Sink {
    /// # Errors
    /// [`AuditError`] names the key and the path.
    pub(super) fn open(settings: &AuditSink) -> Result<Self, AuditError> {
        match settings {
            AuditSink::File(path) => match open(path) {
                Ok(file) => Ok(Self::File { file, path: path.clone() }),
                Err(source) => Err(AuditError::File { path: path.clone(), source }),
            },
            // Our own descriptor: no lines of the program's in between, no buffer.
            AuditSink::Stdout => match io::stdout().as_fd().try_clone_to_owned() {
                Ok(stdout) => Ok(Self::Stdout(stdout.into())),
                Err(source) => Err(AuditError::File { path: "-".into(), source }),
            },
            AuditSink::Syslog(path) => match Syslog::connect(path) {
                Ok(syslog) => Ok(Self::Syslog(syslog)),
                Err(source) => Err(AuditError::Syslog { path: path.clone(), source }),
            },
        }
    }

    /// The longest line that it takes, in bytes.
    pub(super) fn longest(&self) -> usize {
        match self {
            Self::File { .. } | Self::Stdout(_) => usize::MAX,
            Self::Syslog(_) => super::syslog::LONGEST,
        }
    }

    /// Writes what the batch still has. Where it fails, the batch knows how far it came.
    pub(super) fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        match self {
            Self::File { file, .. } | Self::Stdout(file) => write(file, batch),
            Self::Syslog(syslog) => syslog.write(batch),
        }
    }

    /// Opens the file anew, as its name may lead to another one now; whether it did.
    ///
    /// # Errors
    /// The one that is open is kept.
    pub(super) fn reopen(&mut self) -> Result<bool, AuditError> {
        let Self::File { file, path } = self else { return Ok(false) };
        match open(path) {
            Ok(fresh) => {
                *file = fresh;
                Ok(true)
            }
            Err(source) => Err(AuditError::File { path: path.clone(), source }),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let options = |reads| {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(MODE).read(reads);
        options
    };
    match options(true).open(path) {
        Ok(mut file) => {
            end_last_line(&mut file)?;
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => options(false).open(path),
        Err(error) => Err(error),
    }
}

/// A crash of the machine may have left half a line.
fn end_last_line(file: &mut File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

fn write(file: &mut File, batch: &mut Batch) -> io::Result<()> {
    while !batch.rest().is_empty() {
        match file.write(batch.rest()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(bytes) => batch.wrote(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
