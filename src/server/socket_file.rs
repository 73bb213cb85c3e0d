//! A unix socket that is listened on, and its file.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};

/// Connections that the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 1024;

/// Longest wait for others that start in the same folder. Nothing runs yet that it could hold up.
const PATIENCE: Duration = Duration::from_secs(2);

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The file of a socket that is ours. It is removed on drop, unless another has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    number: (u64, u64),
}

impl SocketFile {
    /// Makes the file, with exactly these permissions, and listens on it. What a process that is gone has left there
    /// is removed first.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] where somebody listens already; [`io::ErrorKind::AlreadyExists`] where there is
    /// something that is no socket.
    pub(super) fn listen(path: &Path, mode: u32) -> io::Result<(UnixListener, Self)> {
        let address = SocketAddrUnix::new(path)?;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // Two that start at once must not both find the same dead socket: the second would remove the first one's.
        let _alone = alone(path)?;
        match bind(&socket, &address) {
            Err(Errno::ADDRINUSE) => {
                remove_stale(path, &address)?;
                bind(&socket, &address)?;
            }
            bound => bound?,
        }
        let metadata = fs::symlink_metadata(path)?;
        let file = Self { path: path.to_owned(), number: number(&metadata) };
        // Nobody can connect before `listen`, so what the umask allowed until now lets nobody in.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        listen(&socket, BACKLOG)?;
        Ok((UnixListener::from(socket), file))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|metadata| number(&metadata) == self.number);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed");
        }
    }
}

fn number(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Holds the folder of the socket against others of our kind. Whoever has it has it for a moment, and perhaps for
/// another socket. Where that folder cannot be read, nobody is held off.
fn alone(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) else {
        return Ok(None);
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => thread::sleep(BETWEEN_TRIES),
            Err(Errno::WOULDBLOCK) => return Err(in_use("another process holds the folder of the socket")),
            _ => return Ok(Some(folder)),
        }
    }
}

/// Removes a socket on which nobody listens.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is something that is no socket"));
    }
    // Non-blocking: where the queue of those who wait is full, somebody is alive.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let probe = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&probe, address) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path),
        Ok(()) | Err(Errno::AGAIN) => Err(in_use("already in use")),
        Err(error) => Err(error.into()),
    }
}

fn in_use(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_socket_has_exactly_its_permissions_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        for wanted in [0o600, 0o660, 0o666, 0o777] {
            let (_listener, file) = SocketFile::listen(&path, wanted).unwrap();
            assert_eq!(mode(&path), wanted);
            UnixStream::connect(&path).unwrap();
            drop(file);
            assert!(!path.exists());
        }
    }

    #[test]
    fn the_socket_of_a_dead_process_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (_listener, _file) = SocketFile::listen(&path, 0o660).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_live_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (_listener, _file) = SocketFile::listen(&path, 0o660).unwrap();
        let error = SocketFile::listen(&path, 0o660).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::AddrInUse, "already in use"));
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        fs::write(&path, "mine").unwrap();
        assert_eq!(SocketFile::listen(&path, 0o660).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_successors_socket_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (_listener, file) = SocketFile::listen(&path, 0o660).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }

    #[test]
    fn whoever_holds_the_folder_for_good_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let _other = alone(&path).unwrap();
        let start = Instant::now();
        assert_eq!(SocketFile::listen(&path, 0o660).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(start.elapsed() >= PATIENCE);
    }

    #[test]
    fn of_many_that_start_at_once_in_one_folder_all_get_their_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let path = &|number: usize| folder.path().join(format!("sock-{number}"));
        let listening: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> =
                (0..32).map(|number| scope.spawn(move || SocketFile::listen(&path(number), 0o660))).collect();
            starts.into_iter().map(|start| start.join().unwrap().unwrap()).collect()
        });
        assert_eq!(listening.len(), 32);
    }
}
