//! Child processes: with a deadline, with their output kept, and gone on Drop together with what they started.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::{SOON, poll, wait_for};

const TOOL_DIRS: [&str; 6] =
    ["/usr/sbin", "/sbin", "/usr/lib/openssh", "/usr/lib/ssh", "/usr/libexec", "/usr/libexec/openssh"];

/// Where a peer's program is. An absent one fails the test and says how to get it.
pub fn tool(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(TOOL_DIRS.iter().map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{name}` is not installed; run: tests/setup.sh"))
}

pub fn need_root() {
    assert!(rustix::process::geteuid().is_root(), "these tests start sshd with passwords: run them as root");
}

/// What a finished program said.
pub struct Said {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn ok(self) -> Said {
        assert!(self.status.success(), "{}\nstdout: {}\nstderr: {}", self.status, self.stdout, self.stderr);
        self
    }
}

/// Runs a program to its end, fed with `stdin`; panics and kills it when `limit` runs out.
#[track_caller]
pub fn run(command: &mut Command, stdin: &[u8], limit: Duration) -> Said {
    let mut running = Running::spawn(command);
    // A program that leaves early breaks the pipe: its exit status tells more than our error would.
    let _ = running.stdin().write_all(stdin);
    running.close_stdin();
    running.wait(limit)
}

/// A program with stdout and stderr in files, so that nothing blocks on a pipe that no one reads.
pub struct Running {
    child: Child,
    name: String,
    output: tempfile::TempDir,
}

impl Running {
    pub fn spawn(command: &mut Command) -> Running {
        let output = tempfile::tempdir().unwrap();
        let file = |name| File::create(output.path().join(name)).unwrap();
        let name = format!("{command:?}");
        // Meant for the tests; to the bridge they are a mistake in its configuration.
        for variable in ["SFTPBRIDGE_TEST_USER", "SFTPBRIDGE_BINARY", "SFTPBRIDGE_BULK_BINARY"] {
            command.env_remove(variable);
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Running { child, name, output }
    }

    pub fn stdin(&mut self) -> &mut impl Write {
        self.child.stdin.as_mut().expect("stdin was closed")
    }

    pub fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn stdout(&self) -> String {
        read_lossy(&self.output.path().join("stdout"))
    }

    pub fn stderr(&self) -> String {
        read_lossy(&self.output.path().join("stderr"))
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for a line of stdout for which `pick` has an answer.
    #[track_caller]
    pub fn line<T>(&mut self, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        wait_for(what, SOON, || {
            let stdout = self.stdout();
            // Only whole lines: the last one may still be growing.
            let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
            let found = whole.lines().find_map(&mut pick);
            if found.is_none()
                && let Some(status) = self.ended()
            {
                panic!("{} ended ({status}) before {what}\n{stdout}\n{}", self.name, self.stderr());
            }
            found
        })
    }

    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> Said {
        let status = poll(limit, || self.ended());
        let (stdout, stderr) = (self.stdout(), self.stderr());
        let Some(status) = status else {
            panic!("{} still runs after {limit:?}\nstdout: {stdout}\nstderr: {stderr}", self.name);
        };
        Said { status, stdout, stderr }
    }

    pub fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let family = descendants(self.pid());
        signal_process(self.pid(), Signal::KILL);
        for pid in family {
            signal_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// A process that is stopped, and killed on Drop. Whoever started it may be gone by then, and it would stay for good.
pub struct Stopped {
    pid: Pid,
    name: String,
}

impl Stopped {
    pub fn new(pid: Pid) -> Stopped {
        signal_process(pid, Signal::STOP);
        Stopped { pid, name: command_name(pid) }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Not a stranger who has its number now.
        if command_name(self.pid) == self.name {
            signal_process(self.pid, Signal::KILL);
        }
    }
}

/// A process that is gone already is what the caller wanted.
pub fn signal_process(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// Children, their children and so on, as /proc has them now.
pub fn descendants(root: Pid) -> Vec<Pid> {
    let parents: Vec<(Pid, Pid)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut family = vec![root];
    let mut at = 0;
    while let Some(&next) = family.get(at) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == next).map(|(pid, _)| *pid));
        at += 1;
    }
    family.split_off(1)
}

fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name in parentheses may hold spaces; state and parent follow the last one.
    let fields = stat.get(stat.rfind(')')? + 2..)?;
    Pid::from_raw(fields.split(' ').nth(1)?.parse().ok()?)
}

/// The kernel's name for a process (15 bytes of it).
pub fn command_name(pid: Pid) -> String {
    let comm = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).unwrap_or_default();
    comm.trim().to_owned()
}

/// A field such as `RssAnon` of /proc/PID/status, in KiB.
pub fn status_kib(pid: Pid, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).expect("a field of /proc/PID/status");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A counter such as `wchar` of /proc/PID/io.
pub fn io_counter(pid: Pid, field: &str) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", pid.as_raw_nonzero())).unwrap();
    let line = io.lines().find(|line| line.starts_with(field)).expect("a field of /proc/PID/io");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

pub fn read_lossy(file: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut open) = File::open(file) {
        open.read_to_end(&mut bytes).unwrap();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
