//! A file that may be replaced while the bridge runs. What cannot be used never takes the place of what can.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// How often the file is looked at. Many logins a second cost one look.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a file cannot be used: its name, a line where there is one, and never what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
pub(super) struct FileError {
    path: PathBuf,
    problem: String,
}

/// A file and what was last understood of it.
pub(super) struct Watched<T> {
    path: PathBuf,
    largest: usize,
    parse: fn(&[u8]) -> Result<T, String>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    /// Of the content that was last looked into, good or bad; `None` when there was no file.
    version: Option<Version>,
    looked: Instant,
}

/// What tells one content of a file from another without reading it. A file that is written in place keeps its
/// inode, one that is renamed into place may keep its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    fn of(metadata: &fs::Metadata) -> Version {
        Version {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl<T> Watched<T> {
    /// Reads a file of at most `largest` bytes.
    ///
    /// # Errors
    /// The file cannot be read, is larger, or `parse` says what is wrong with it.
    pub(super) fn open(
        path: &Path,
        largest: usize,
        parse: fn(&[u8]) -> Result<T, String>,
        now: Instant,
    ) -> Result<Self, FileError> {
        let (version, content) = read(path, largest);
        let value = content.and_then(|content| parse(&content));
        let value = value.map_err(|problem| FileError { path: path.to_owned(), problem })?;
        let state = Mutex::new(State { value: Arc::new(value), version, looked: now });
        Ok(Self { path: path.to_owned(), largest, parse, state })
    }

    /// What the file says now, or what it said when it last made sense. That it makes no sense any more is
    /// logged once for each change. Blocks for as long as the file system does.
    pub(super) fn current(&self, now: Instant) -> Arc<T> {
        let mut state = self.lock();
        if now.saturating_duration_since(state.looked) >= PAUSE {
            state.looked = now;
            self.look(&mut state);
        }
        Arc::clone(&state.value)
    }

    fn look(&self, state: &mut State<T>) {
        let version = fs::metadata(&self.path).ok().map(|metadata| Version::of(&metadata));
        if version == state.version {
            return;
        }
        let (version, content) = read(&self.path, self.largest);
        state.version = version;
        match content.and_then(|content| (self.parse)(&content)) {
            Ok(value) => {
                state.value = Arc::new(value);
                tracing::info!(event = %"reloaded", file = %self.path.display());
            }
            Err(problem) => {
                let file = self.path.display();
                tracing::warn!(event = %"not_reloaded", %file, problem, "what was read before stays in use");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nobody panics while holding it, and what it holds is whole at all times.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> std::fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The content, and the version that it is of: what is written meanwhile makes another.
fn read(path: &Path, largest: usize) -> (Option<Version>, Result<Zeroizing<Vec<u8>>, String>) {
    let opened = open(path).map_err(|error| error.to_string());
    match opened {
        Ok((file, metadata)) => (Some(Version::of(&metadata)), bounded(file, largest)),
        Err(problem) => (fs::metadata(path).ok().map(|metadata| Version::of(&metadata)), Err(problem)),
    }
}

fn open(path: &Path) -> io::Result<(File, fs::Metadata)> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

fn bounded(file: File, largest: usize) -> Result<Zeroizing<Vec<u8>>, String> {
    let limit = u64::try_from(largest).unwrap_or(u64::MAX);
    let mut content = Zeroizing::new(Vec::new());
    file.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(|error| error.to_string())?;
    match content.len() > largest {
        true => Err(format!("larger than {largest} bytes")),
        false => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const SECOND: Duration = Duration::from_secs(1);

    fn number(content: &[u8]) -> Result<u32, String> {
        let text = std::str::from_utf8(content).map_err(|_| "not text".to_owned())?;
        text.trim().parse().map_err(|_| "not a number".to_owned())
    }

    fn watched(path: &Path, now: Instant) -> Watched<u32> {
        Watched::open(path, 10, number, now).unwrap()
    }

    #[test]
    fn a_changed_file_is_seen_a_second_later() {
        let folder = tempfile::tempdir().unwrap();
        let (path, start) = (folder.path().join("x"), Instant::now());
        fs::write(&path, "1").unwrap();
        let file = watched(&path, start);
        fs::write(&path, "22").unwrap();
        assert_eq!(*file.current(start + SECOND / 2), 1);
        assert_eq!(*file.current(start + SECOND), 22);
    }

    #[test]
    fn a_file_of_the_same_size_and_time_put_in_its_place_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other, start) = (folder.path().join("x"), folder.path().join("y"), Instant::now());
        fs::write(&path, "1").unwrap();
        fs::write(&other, "2").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
        let file = watched(&path, start);
        fs::rename(&other, &path).unwrap();
        assert_eq!(*file.current(start + SECOND), 2);
    }

    #[test]
    fn a_bad_or_missing_file_keeps_the_old_content_until_a_good_one_comes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, start) = (folder.path().join("x"), Instant::now());
        fs::write(&path, "1").unwrap();
        let file = watched(&path, start);
        fs::write(&path, "no number").unwrap();
        assert_eq!(*file.current(start + SECOND), 1);
        fs::write(&path, "12345678901").unwrap();
        assert_eq!(*file.current(start + 2 * SECOND), 1);
        fs::remove_file(&path).unwrap();
        assert_eq!(*file.current(start + 3 * SECOND), 1);
        fs::write(&path, "3").unwrap();
        assert_eq!(*file.current(start + 4 * SECOND), 3);
    }

    #[test]
    fn an_unchanged_file_is_not_read_again_even_if_it_is_bad() {
        static READ: AtomicUsize = AtomicUsize::new(0);
        fn counted(content: &[u8]) -> Result<u32, String> {
            READ.fetch_add(1, Ordering::SeqCst);
            number(content)
        }
        let folder = tempfile::tempdir().unwrap();
        let (path, start) = (folder.path().join("x"), Instant::now());
        fs::write(&path, "1").unwrap();
        let file = Watched::open(&path, 10, counted, start).unwrap();
        fs::write(&path, "bad").unwrap();
        for seconds in 1..5 {
            assert_eq!(*file.current(start + seconds * SECOND), 1);
        }
        assert_eq!(READ.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn an_unusable_file_is_named_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let error = || Watched::open(&path, 10, number, Instant::now()).unwrap_err().to_string();
        assert!(error().starts_with(&format!("{}: ", path.display())), "{}", error());
        fs::write(&path, "12345678901").unwrap();
        assert!(error().ends_with(": larger than 10 bytes"), "{}", error());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(error().ends_with(": not a regular file"), "{}", error());
    }
}
