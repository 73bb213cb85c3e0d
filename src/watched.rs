//! Files that may be replaced while the bridge runs. What cannot be used never takes the place of what can.
//!
//! Files that belong together are one [`Watched`]: they are read together, and count together or not at all.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::file_error::Unreadable;

/// How often the files are looked at by [`Watched::current`]. Many logins a second cost one look.
const PAUSE: Duration = Duration::from_secs(1);

/// When files that could not be used are tried again although they look the same: what was wrong may have been the
/// system, as when no file could be opened any more.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Why a file cannot be used: its name, a line where there is one, and never what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", .path.display())]
pub struct FileError {
    path: PathBuf,
    problem: String,
}

impl FileError {
    /// Of the file `path`.
    pub fn new(path: &Path, problem: impl Display) -> Self {
        Self { path: path.to_owned(), problem: problem.to_string() }
    }
}

/// Files, and what was last understood of them.
pub struct Watched<T> {
    what: &'static str,
    files: Vec<PathBuf>,
    load: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    value: ArcSwap<T>,
    settling: bool,
    state: Mutex<State>,
}

struct State {
    /// Of the contents that were last looked into, good or bad.
    seen: Seen,
    /// What was there at the last look, where it had not settled yet.
    unsettled: Option<Seen>,
    looked: Instant,
    tried: Instant,
    /// What was wrong, and is in the log already.
    problem: Option<String>,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Read what looks changed.
    Changed,
    /// Read everything: somebody has asked for it.
    Everything,
}

/// What came of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// There is nothing new, or nothing that was not said before.
    Same,
    /// What is there now is in use.
    Reloaded,
    /// What is there now cannot be used; what was read before stays in use.
    Refused,
}

/// What some files looked like at a time; `None` for one that was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(Vec<Option<Version>>);

/// What tells one content of a file from another without reading it. A file that is written in place keeps its
/// inode, one that is renamed into place may keep its times. Symbolic links are followed: one that is turned to
/// another file, as those of a mounted secret are, makes another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    /// Looks at the files.
    pub fn of(files: &[PathBuf]) -> Seen {
        Seen(files.iter().map(|path| fs::metadata(path).ok().as_ref().map(Version::of)).collect())
    }
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
    /// Reads the files by `load`, which reads all of them each time. `what` is their kind, for logs and metrics.
    ///
    /// # Errors
    /// What `load` finds wrong.
    pub fn open<E: Display>(
        what: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
        now: Instant,
    ) -> Result<Self, E> {
        let seen = Seen::of(&files);
        let value = load()?;
        Ok(Self::since(what, files, seen, value, load, now))
    }

    /// The same where the files have been read already. `seen` is of a time before that: what is written meanwhile
    /// makes another version.
    pub fn since<E: Display>(
        what: &'static str,
        files: Vec<PathBuf>,
        seen: Seen,
        value: T,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
        now: Instant,
    ) -> Self {
        let load = Box::new(move || load().map_err(|error| error.to_string()));
        let state = Mutex::new(State { seen, unsettled: None, looked: now, tried: now, problem: None });
        Self { what, files, load, value: ArcSwap::from_pointee(value), settling: false, state }
    }

    /// Reads what has changed only when it looks the same at two looks in a row. For files of which a part makes sense
    /// too, and says something else than the whole: whoever writes slowly is waited for.
    #[must_use]
    pub fn settling(self) -> Self {
        Self { settling: true, ..self }
    }

    /// What was last understood, without a look at the files.
    pub fn snapshot(&self) -> Arc<T> {
        self.value.load_full()
    }

    /// What the files say now, or what they said when they last made sense. They are looked at once a second at
    /// most. Blocks for as long as the file system does.
    pub fn current(&self, now: Instant) -> Arc<T> {
        let mut state = self.lock();
        if now.saturating_duration_since(state.looked) >= PAUSE {
            self.look_into(&mut state, Look::Changed, now);
        }
        drop(state);
        self.snapshot()
    }

    /// Looks at the files, and reads them where that is due. What comes of it is logged, a problem once and not at
    /// each look. Blocks for as long as the file system does.
    pub fn look(&self, look: Look, now: Instant) -> Looked {
        self.look_into(&mut self.lock(), look, now)
    }

    fn look_into(&self, state: &mut State, look: Look, now: Instant) -> Looked {
        state.looked = now;
        let seen = Seen::of(&self.files);
        let changed = seen != state.seen;
        let again = state.problem.is_some() && now.saturating_duration_since(state.tried) >= TRY_AGAIN;
        if look == Look::Changed && !changed && !again {
            return Looked::Same;
        }
        if self.settling && look == Look::Changed && changed && state.unsettled.as_ref() != Some(&seen) {
            state.unsettled = Some(seen);
            return Looked::Same;
        }
        state.unsettled = None;
        let files = self.named(&state.seen, &seen);
        (state.seen, state.tried) = (seen, now);
        match self.read_again() {
            Ok(value) => {
                self.value.store(Arc::new(value));
                let mended = state.problem.take().is_some();
                self.count("reloaded");
                if changed || mended {
                    tracing::info!(event = %"reloaded", what = %self.what, file = %files);
                }
                Looked::Reloaded
            }
            Err(problem) => {
                let known = state.problem.as_ref() == Some(&problem);
                if known && look == Look::Changed {
                    return Looked::Same;
                }
                self.count("not_reloaded");
                let what = self.what;
                tracing::warn!(event = %"not_reloaded", %what, file = %files, problem, "what was read before stays in use");
                state.problem = Some(problem);
                Looked::Refused
            }
        }
    }

    fn read_again(&self) -> Result<T, String> {
        // Opening a pipe would wait for its writer.
        let odd = |path: &&PathBuf| fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        match self.files.iter().find(odd) {
            Some(path) => Err(FileError::new(path, NOT_REGULAR).to_string()),
            None => (self.load)(),
        }
    }

    /// The files that look different, or else all.
    fn named(&self, before: &Seen, now: &Seen) -> String {
        let pairs = before.0.iter().zip(&now.0);
        let changed = self.files.iter().zip(pairs).filter(|(_, (before, now))| before != now);
        let changed: Vec<_> = changed.map(|(path, _)| path.display().to_string()).collect();
        match changed.is_empty() {
            false => changed.join(", "),
            true => self.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
        }
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("sftpbridge_reloads_total", "what" => self.what, "outcome" => outcome).increment(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What it holds is whole at all times, even if a reader of files has panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> std::fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("files", &self.files).finish_non_exhaustive()
    }
}

const NOT_REGULAR: &str = "not a regular file";

/// The content of a file of at most `largest` bytes.
///
/// # Errors
/// It cannot be read, is no regular file, or is larger.
pub fn read(path: &Path, largest: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let wrong = |error: io::Error| FileError::new(path, Unreadable(error));
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(wrong)?.is_file() {
        return Err(FileError::new(path, NOT_REGULAR));
    }
    let limit = u64::try_from(largest).unwrap_or(u64::MAX);
    let mut content = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(wrong)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(wrong)?;
    match content.len() > largest {
        true => Err(FileError::new(path, format!("larger than {largest} bytes"))),
        false => Ok(content),
    }
}

#[cfg(test)]
mod tests;
