//! An open file: the flags of OPEN, and reading and writing at an offset.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use rustix::fs::OFlags;

use super::attrs;
use super::reply::{Answer, Refusal, Reply};

/// The largest DATA that OpenSSH sends: its largest message less 1 KiB for the rest of a packet.
pub(super) const MAX_READ: u32 = 261_120;

/// A regular file with its handle's append mode.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: fs::File,
    append: bool,
}

impl OpenFile {
    /// Opens a resolved path. Anything but a regular file is refused: a FIFO would block, a device
    /// could do anything.
    pub(super) fn open(path: &Path, pflags: OpenFlags, attributes: &FileAttributes) -> Result<Self, Refusal> {
        let opened = rustix::fs::open(path, flags(pflags), attrs::mode(attributes, 0o666))?;
        let file = fs::File::from(opened);
        if !file.metadata()?.is_file() {
            return Err(Refusal::failure("Not a regular file"));
        }
        Ok(Self { file, append: pflags.contains(OpenFlags::APPEND) })
    }

    /// At most `len` bytes, fewer only at the end of the file; SSH_FX_EOF behind it.
    pub(super) fn read(&self, offset: u64, len: u32) -> Answer {
        let mut data = vec![0; len.min(MAX_READ) as usize];
        let read = read_full(&self.file, &mut data, offset)?;
        if read == 0 && len > 0 {
            return Err(Refusal::new(StatusCode::Eof, "End of file"));
        }
        data.truncate(read);
        Ok(Reply::Data(data))
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Answer {
        // Whether a positional write to a file in append mode appends depends on the system.
        if self.append {
            (&self.file).write_all(data)?
        } else {
            self.file.write_all_at(data, offset)?
        }
        Ok(Reply::Done)
    }

    pub(super) fn fstat(&self) -> Answer {
        Ok(Reply::Attrs(attrs::attributes(&self.file.metadata()?)))
    }

    pub(super) fn fsetstat(&self, attributes: &FileAttributes) -> Answer {
        attrs::apply(attributes, &attrs::Target::File(&self.file))?;
        Ok(Reply::Done)
    }

    pub(super) fn fsync(&self) -> Answer {
        self.file.sync_all()?;
        Ok(Reply::Done)
    }
}

/// Flags that the draft leaves undefined are dropped: TRUNC without WRITE, EXCL without CREAT.
fn flags(pflags: OpenFlags) -> OFlags {
    let has = |flag| pflags.contains(flag);
    let mut flags = match (has(OpenFlags::READ), has(OpenFlags::WRITE)) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        (_, false) => OFlags::RDONLY,
    };
    flags.set(OFlags::APPEND, has(OpenFlags::APPEND));
    flags.set(OFlags::CREATE, has(OpenFlags::CREATE));
    flags.set(OFlags::EXCL, has(OpenFlags::CREATE) && has(OpenFlags::EXCLUDE));
    flags.set(OFlags::TRUNC, has(OpenFlags::WRITE) && has(OpenFlags::TRUNCATE));
    flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
}

fn read_full(file: &fs::File, mut rest: &mut [u8], mut offset: u64) -> io::Result<usize> {
    let mut total = 0;
    while !rest.is_empty() {
        let read = match file.read_at(rest, offset) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        rest = rest.get_mut(read..).unwrap_or_default();
        offset += read as u64;
        total += read;
    }
    Ok(total)
}
