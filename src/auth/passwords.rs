//! Checks passwords against the users file, away from the threads that carry packets, and without telling by
//! the time it takes which names exist.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep_until, timeout};

use super::Denied;
use super::person::{Person, Proved, Reach};
use super::users::{self, Users};
use crate::config::Secret;
use crate::watched::{FileError, Look, Watched, read};

/// How long a password waits for its turn. Longer than that, people have given up.
const QUEUE: Duration = Duration::from_secs(10);

/// Failures are told at multiples of this after their start. It is longer than usual hashes take.
const STEP: Duration = Duration::from_millis(500);

/// The users of a file, and places for those who check their passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    users: Arc<Watched<Users>>,
    /// One for each processor: hashing takes nothing else, and memory for each.
    places: Arc<Semaphore>,
    slowest: Arc<Slowest>,
}

impl Passwords {
    /// Reads the users file.
    pub(super) fn open(path: &Path) -> Result<Passwords, FileError> {
        let file = path.to_owned();
        let load = move || {
            Users::parse(&read(&file, users::LARGEST)?).map_err(|problem| FileError::new(&file, problem))
        };
        let users = Watched::open("users", vec![path.to_owned()], load, Instant::now())?;
        let places = available_parallelism().map_or(1, usize::from);
        Ok(Passwords {
            users: Arc::new(users),
            places: Arc::new(Semaphore::new(places)),
            slowest: Arc::default(),
        })
    }

    /// Looks at the file now. Blocks for as long as the file system does.
    pub(super) fn reload(&self, look: Look) {
        self.users.look(look, Instant::now());
    }

    /// Whether somebody of this name is in the file, as it was last understood.
    pub(super) async fn knows(&self, name: &str) -> bool {
        let users = Arc::clone(&self.users);
        spawn_blocking(move || users.current(Instant::now())).await.is_ok_and(|users| users.has(name))
    }

    /// The person with this name and password. A failure comes at a time that says nothing of the name.
    ///
    /// Cancel-safe: a check that has begun runs to its end, and keeps its place until then.
    pub(super) async fn person(&self, name: &str, password: &Secret) -> Result<Person, Denied> {
        let started = tokio::time::Instant::now();
        let place = timeout(QUEUE, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(Denied::Busy);
        };
        let (users, slowest) = (Arc::clone(&self.users), Arc::clone(&self.slowest));
        let (whose, password) = (name.to_owned(), password.clone());
        let check = spawn_blocking(move || {
            let right = slowest.check(&users.current(Instant::now()), &whose, &password);
            drop(place);
            right
        });
        if matches!(check.await, Ok(true)) {
            return Person::new(name, Proved::Password, Reach::All);
        }
        sleep_until(started + told_after(started.elapsed(), self.slowest.usual())).await;
        Err(Denied::Password)
    }
}

/// When a failure is told: at the first step after it is known, and not before the slowest check usually is.
/// So a name with a quick hash takes as long as one with a slow hash, and as one that nobody has.
fn told_after(elapsed: Duration, slowest: Duration) -> Duration {
    let steps = elapsed.max(slowest).as_nanos().div_ceil(STEP.as_nanos()).max(1);
    STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

/// How long the slowest check of the file takes, in microseconds; 0 until that is known.
#[derive(Debug, Default)]
struct Slowest(AtomicU64);

impl Slowest {
    /// Checks a password, and learns from it how long the slowest check takes.
    fn check(&self, users: &Users, name: &str, password: &Secret) -> bool {
        let started = Instant::now();
        let right = users.check(name, password);
        if users.is_dear(name) {
            self.learn(started.elapsed());
        } else if !right && self.0.load(Ordering::Relaxed) == 0 {
            // A quick failure with nothing to be measured by. Once is enough.
            let started = Instant::now();
            users.dearest().is_of(password);
            self.learn(started.elapsed());
        }
        right
    }

    /// An outlier is remembered for a while only.
    fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(took.max(before - before / 8), Ordering::Relaxed);
    }

    /// With a quarter on top: what takes 0.49 s on average must not come now at the first step and now at the
    /// second.
    fn usual(&self) -> Duration {
        let took = self.0.load(Ordering::Relaxed);
        Duration::from_micros(took.saturating_add(took / 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    /// ann: bcrypt; bob: a dearer bcrypt; cleo: argon2id.
    fn passwords() -> (Passwords, tempfile::TempDir) {
        let bcrypt = |cost| bcrypt::hash_with_salt("right", cost, [1; 16]).unwrap();
        let params = argon2::Params::new(16, 1, 1, None).unwrap();
        let argon2 = argon2::Argon2::from(params);
        let argon2: argon2::password_hash::phc::PasswordHash =
            argon2::PasswordHasher::hash_password_with_salt(&argon2, b"right", b"salt and salt").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let text = format!("ann:{}\nbob:{}\ncleo:{argon2}\n", bcrypt(4), bcrypt(6));
        std::fs::write(&path, text).unwrap();
        (Passwords::open(&path).unwrap(), folder)
    }

    #[tokio::test]
    async fn the_right_password_is_known_at_once() {
        let (passwords, _folder) = passwords();
        for name in ["ann", "bob", "cleo"] {
            let person = passwords.person(name, &secret("right")).await.unwrap();
            assert_eq!((person.name(), person.method()), (name, Proved::Password));
            assert!(person.grant("any").is_some());
        }
    }

    // Hashing takes no time of a clock that stands still: what is left is when it is told.
    #[tokio::test(start_paused = true)]
    async fn every_failure_is_the_same_and_comes_at_the_same_time() {
        let (passwords, _folder) = passwords();
        let fail = async |name: &str, password: &str| {
            let started = tokio::time::Instant::now();
            let denied = passwords.person(name, &secret(password)).await.unwrap_err();
            (denied, started.elapsed())
        };
        let first = fail("nobody", "wrong").await;
        assert_eq!(first.0, Denied::Password);
        for (name, password) in
            [("ann", "wrong"), ("bob", "wrong"), ("cleo", "wrong"), ("nobody", "right"), ("ann", "")]
        {
            assert_eq!(fail(name, password).await, first, "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_failure_learns_how_slow_others_are() {
        let (passwords, _folder) = passwords();
        assert_eq!(passwords.slowest.usual(), Duration::ZERO);
        passwords.person("ann", &secret("wrong")).await.unwrap_err();
        assert!(passwords.slowest.usual() > Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_free_place_a_login_waits_only_so_long() {
        let (passwords, _folder) = passwords();
        let all = u32::try_from(passwords.places.available_permits()).unwrap();
        let _taken = Arc::clone(&passwords.places).acquire_many_owned(all).await.unwrap();
        assert_eq!(passwords.person("ann", &secret("right")).await, Err(Denied::Busy));
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_counts_without_a_restart() {
        let (passwords, folder) = passwords();
        let path = folder.path().join("users");
        let hash = bcrypt::hash_with_salt("new", 4, [2; 16]).unwrap();
        std::fs::write(&path, format!("ann:{hash}\n")).unwrap();
        let (new, later) = (secret("new"), Instant::now() + Duration::from_secs(2));
        assert!(passwords.users.current(later).check("ann", &new));
        assert!(passwords.person("ann", &new).await.is_ok());
        assert_eq!(passwords.person("bob", &secret("right")).await, Err(Denied::Password));
    }

    #[test]
    fn failures_are_told_at_steps() {
        for (elapsed, slowest, told) in
            [(0, 0, 500), (499, 0, 500), (500, 20, 500), (501, 20, 1000), (20, 501, 1000), (20, 1600, 2000)]
        {
            assert_eq!(told_after(elapsed * MS, slowest * MS), told * MS);
        }
    }

    proptest! {
        #[test]
        fn no_failure_is_told_before_it_is_known(elapsed in 0u32..100_000, slowest in 0u32..100_000) {
            let told = told_after(elapsed * MS, slowest * MS);
            prop_assert!(told >= elapsed * MS && told >= slowest * MS && told >= STEP);
            prop_assert_eq!(told.as_millis() % STEP.as_millis(), 0);
        }
    }
}
