//! Containers of podman, as the machine of a CI run can have them. They are gone on Drop.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::process::{Said, run, tool};

/// What `make image` builds.
pub const IMAGE: &str = "localhost/sftpbridge:dev";

const PATIENCE: Duration = Duration::from_secs(60);

static COUNT: AtomicUsize = AtomicUsize::new(0);

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program out of the image.
pub fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("dist").join("sftpbridge");
    assert!(program.is_file(), "{} is missing; run: make image", program.display());
    program
}

pub fn podman() -> Command {
    let mut podman = Command::new(tool("podman"));
    settings(&mut podman);
    podman
}

/// For what calls podman in turn.
pub fn settings(command: &mut Command) {
    command.env("CONTAINERS_CONF", root().join("tests/container/containers.conf"));
    // Health checks run when a test asks for them: there may be no systemd to have timers of.
    command.env("DISABLE_HC_SYSTEMD", "true");
}

#[track_caller]
pub fn ok(command: &mut Command) -> String {
    run(command, b"", PATIENCE).ok().stdout
}

/// A container by its name; it need not exist yet.
pub struct Container {
    pub name: String,
}

impl Container {
    /// A name that no other test has.
    pub fn new() -> Container {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Container { name: format!("sftpbridge-test-{}-{number}", std::process::id()) }
    }

    /// `podman run` with all that docs/deployment/container.md takes away from a container; without the image yet. Podman
    /// would mount folders to write to beside a root that is read-only, which others do not.
    pub fn run(&self) -> Command {
        let mut podman = podman();
        podman.args(["run", "--rm", "--name", &self.name, "--network", "host", "--read-only"]);
        podman.arg("--read-only-tmpfs=false");
        podman.args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]);
        podman
    }

    #[track_caller]
    pub fn exec(&self, arguments: &[&str]) -> Said {
        run(podman().args(["exec", &self.name]).args(arguments), b"", PATIENCE)
    }

    /// What a docker engine calls by itself, every so often.
    #[track_caller]
    pub fn healthcheck(&self) -> Said {
        run(podman().args(["healthcheck", "run", &self.name]), b"", PATIENCE)
    }

    /// Its first process, as this machine numbers it.
    #[track_caller]
    pub fn pid(&self) -> rustix::process::Pid {
        let pid = ok(podman().args(["inspect", "--format", "{{.State.Pid}}", &self.name]));
        rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).expect("a container that runs")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut remove = podman();
        remove.args(["rm", "--force", "--ignore", "--time", "0", &self.name]);
        let said = run(&mut remove, b"", PATIENCE);
        if !said.status.success() && !std::thread::panicking() {
            panic!("{} stays: {}", self.name, said.stderr);
        }
    }
}
