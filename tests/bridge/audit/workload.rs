//! The differential test: whatever stock sftp, a mount of sshfs and sftp-ws do through the bridge, the audit log and
//! sftp-server's own log of it agree line by line.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::log::{Log, bytes, of};
use super::truth::{Told, of_records, of_server};
use crate::support::Site;
use crate::support::connect::{Mount, sftp_in};
use crate::support::files::{KIB, MIB, Scratch, random_file, sha256};
use crate::support::node::{node, result};
use crate::support::sshd::{Sshd, Subsystem};

const LONG: Duration = Duration::from_secs(120);

/// Names of files in the workload: odd ones, but such as sftp's batch files and sftp-server's log can tell.
const NAMES: [&str; 8] = ["one", "two words", "dr\"ei", "Grüße", "文件", "x\u{301}", "-dash", "back\\slash"];

/// A generator that anybody can run again: xorshift64.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let seed = getrandom::u64().unwrap() | 1;
        eprintln!("seed {seed}");
        Random(seed)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len() as u64) as usize]
    }
}

/// A site whose sftp-servers log what they do, each to a file of its own.
struct Watched {
    site: Site,
    log: Log,
    server_logs: PathBuf,
    scratch: Scratch,
}

impl Watched {
    fn start() -> Watched {
        let scratch = Scratch::new();
        let server_logs = scratch.owned_by_user("server");
        let script =
            format!("TZ=UTC exec $SFTP_SERVER -e -l VERBOSE 2>{}/$(date +%s.%N)", server_logs.display());
        let sshd = Sshd::with(Subsystem::Script(script.leak()));
        let log = Log::new();
        let site = Site::with(sshd, |config| log.configure(config));
        Watched { site, log, server_logs, scratch }
    }

    /// Both logs agree on every session, and every hash is that of a file among `contents`.
    #[track_caller]
    fn assert_agrees(&self, sessions: usize, contents: &[PathBuf]) -> Vec<Value> {
        let records = self.log.after(sessions);
        self.site.sshd.wait_idle();
        let mut logs: Vec<PathBuf> =
            fs::read_dir(&self.server_logs).unwrap().map(|entry| entry.unwrap().path()).collect();
        logs.sort();
        let starts = of(&records, "session_start");
        assert_eq!((logs.len(), starts.len()), (sessions, sessions));
        for (log, start) in logs.iter().zip(starts) {
            let session: Vec<&Value> =
                records.iter().filter(|record| record["session"] == start["session"]).collect();
            assert_same(&of_server(log), &of_records(&session));
            let end = session.last().unwrap();
            for loss in ["unparsed", "untracked", "unanswered"] {
                assert_eq!(end.get(loss), None, "{end}");
            }
        }
        let known: HashSet<String> = contents.iter().map(|path| sha256(path)).collect();
        for close in of(&records, "close") {
            for key in ["sha256_read", "sha256_written"] {
                if let Some(hash) = close.get(key) {
                    assert!(
                        known.contains(hash.as_str().unwrap()),
                        "{key} of nothing that went through: {close}"
                    );
                }
            }
        }
        records
    }
}

#[track_caller]
fn assert_same(server: &[Told], audit: &[Told]) {
    assert!(server.len() > 3, "the server's log has {server:?}");
    for (number, (server, audit)) in server.iter().zip(audit).enumerate() {
        assert_eq!(audit, server, "line {number}; left is the audit's, right the server's");
    }
    assert_eq!(audit.len(), server.len(), "one of them tells more");
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Commands for sftp, of which any may fail.
fn commands(random: &mut Random, local: &[PathBuf], scratch: &Path, dir: &str) -> String {
    let mut commands = format!("cd {}\n", quoted(dir));
    for number in 0..80 {
        let (one, other) = (quoted(random.name()), quoted(random.name()));
        let file = local[random.below(local.len() as u64) as usize].display();
        let sub = quoted(&format!("dir {}", random.below(3)));
        let command = match random.below(16) {
            0..=2 => format!("put {file} ./{one}"),
            3 => format!("put -p {file} ./{one}"),
            4 => format!("put -f {file} ./{one}"),
            5..=6 => format!("get ./{one} {}/got-{number}", scratch.display()),
            7 => format!("rename ./{one} ./{other}"),
            8 => format!("rm ./{one}"),
            9 => format!("ln ./{one} ./{other}"),
            10 => format!("ln -s ./{one} ./{other}"),
            11 => format!("mkdir {sub}"),
            12 => format!("rmdir {sub}"),
            13 => format!("chmod {:o} ./{one}", 0o600 + random.below(0o200)),
            14 => "ls -l".to_owned(),
            _ => format!("ls -l {sub}"),
        };
        commands.push_str(&format!("-{command}\n"));
    }
    commands
}

#[test]
fn the_audit_and_sftp_server_agree_on_what_stock_sftp_did() {
    let watched = Watched::start();
    let mut random = Random::new();
    let local: Vec<PathBuf> = [0, 1, 32 * KIB, MIB + 17, 3 * MIB]
        .iter()
        .map(|size| {
            let file = watched.scratch.join(&format!("local-{size}"));
            random_file(&file, *size);
            file
        })
        .collect();
    let dir = watched.site.sshd.files();
    // What every run does, whatever the seed.
    let first = format!(
        "cd {}\nput {} first\nget first {}\nrm first\n",
        dir.display(),
        local[4].display(),
        watched.scratch.join("got").display()
    );
    for session in 0..3 {
        let text = commands(&mut random, &local, watched.scratch.path(), dir.to_str().unwrap());
        let text = if session == 0 { format!("{first}{text}") } else { text };
        sftp_in(&watched.site.bridge.connect_line(), &[], &text, LONG).ok();
    }
    let records = watched.assert_agrees(3, &local);
    let hash = sha256(&local[4]);
    let first: Vec<&Value> = of(&records, "close").into_iter().take(2).collect();
    assert_eq!((&first[0]["sha256_written"], &first[1]["sha256_read"]), (&json!(hash), &json!(hash)));
    for close in of(&records, "close") {
        // sftp reads and writes in sequence, to the end.
        let has = |key: &str| close.get(key).is_some();
        assert!(has("sha256_read") != has("sha256_written"), "{close}");
    }
}

#[test]
fn the_audit_and_sftp_server_agree_on_what_happens_in_a_mount() {
    let watched = Watched::start();
    let mut random = Random::new();
    let content = watched.scratch.join("content");
    random_file(&content, MIB + 17);
    let empty = watched.scratch.join("empty");
    fs::write(&empty, b"").unwrap();
    let mount = Mount::new(&watched.site.bridge, &watched.site.sshd.files(), watched.scratch.join("mount"));
    for _ in 0..150 {
        let (one, other) = (mount.path().join(random.name()), mount.path().join(random.name()));
        let sub = mount.path().join(format!("dir {}", random.below(3)));
        // Any of them may fail, at the upstream or before.
        let _ = match random.below(11) {
            0..=1 => fs::copy(&content, &one).map(|_| ()),
            2 => fs::read(&one).map(|_| ()),
            3 => fs::rename(&one, &other),
            4 => fs::remove_file(&one),
            5 => fs::create_dir(&sub),
            6 => fs::remove_dir(&sub),
            7 => fs::set_permissions(&one, fs::Permissions::from_mode(0o600 + random.below(0o200) as u32)),
            8 => symlink("one", &one),
            9 => File::options().write(true).open(&one).and_then(|file| file.set_len(random.below(5000))),
            _ => File::options().write(true).open(&one).and_then(|file| {
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + random.below(1000));
                file.set_times(FileTimes::new().set_accessed(time).set_modified(time))
            }),
        };
    }
    mount.unmount();
    watched.assert_agrees(1, &[content, empty]);
}

#[test]
fn the_audit_and_sftp_server_agree_on_what_sftp_ws_did() {
    let watched = Watched::start();
    let (file, copy) = (watched.scratch.join("file.bin"), watched.scratch.join("copy.bin"));
    random_file(&file, 2 * MIB + 3);
    let user = &watched.site.bridge.user;
    let seen = result(node(
        "session.js",
        &json!({
            "url": watched.site.bridge.url(),
            "user": user.name,
            "password": user.password,
            "remote": watched.site.sshd.files(),
            "file": file,
            "copy": copy,
        }),
    ));
    assert_eq!(seen["left"], json!([]));
    let records = watched.assert_agrees(1, std::slice::from_ref(&file));
    let written = of(&records, "close")[0];
    assert_eq!(written["sha256_written"], sha256(&file), "{written}");
    assert!(bytes(written, "path").ends_with(b"/dir/file.bin"));
}
