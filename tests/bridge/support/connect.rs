//! Stock clients that travel through `sftpbridge connect`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::bridge::Bridge;
use super::process::{Running, Said, run, tool};
use super::wait::{SOON, wait_until};

/// OpenSSH's sftp in batch mode: it stops at the first command that fails.
#[track_caller]
pub fn sftp(transport: &str, commands: &str, limit: Duration) -> Said {
    sftp_in(transport, &[], commands, limit).ok()
}

/// The same with variables in the environment of `transport`; it may fail.
#[track_caller]
pub fn sftp_in(transport: &str, variables: &[(&str, &str)], commands: &str, limit: Duration) -> Said {
    let mut sftp = Command::new(tool("sftp"));
    // Neither an agent nor keys of whoever runs the tests.
    sftp.env_remove("SSH_AUTH_SOCK").env("HOME", "/nonexistent").envs(variables.iter().copied());
    sftp.args(["-b", "-", "-D", transport]);
    run(&mut sftp, format!("{commands}\n").as_bytes(), limit)
}

/// A directory of the upstream, mounted by sshfs until Drop.
///
/// In a mount namespace of its own. A program that copied the mount into its namespace would hold on to it, and sshfs
/// would not leave after the unmount: whoever builds an image or starts a container beside the tests does that.
pub struct Mount {
    process: Running,
    point: PathBuf,
    path: PathBuf,
}

impl Mount {
    #[track_caller]
    pub fn new(bridge: &Bridge, remote: &Path, point: PathBuf) -> Mount {
        std::fs::create_dir_all(&point).unwrap();
        let fusermount = tool("fusermount3");
        assert!(
            fusermount.is_file() && Path::new("/dev/fuse").exists(),
            "/dev/fuse is missing: modprobe fuse"
        );
        let mut sshfs = Command::new(tool("unshare"));
        sshfs
            .arg("--mount")
            .arg(tool("sshfs"))
            .arg("-f")
            .arg(format!("{}@bridge:{}", bridge.user.name, remote.display()))
            .arg(&point)
            .arg("-o")
            .arg(format!("ssh_command={}", bridge.connect_line()));
        let process = Running::spawn(&mut sshfs);
        let path = proc(&process, "root").join(point.strip_prefix("/").unwrap());
        let mut mount = Mount { process, point, path };
        wait_until("sshfs to mount", SOON, || {
            if let Some(status) = mount.process.ended() {
                panic!("sshfs ended ({status}): {}{}", mount.process.stdout(), mount.process.stderr());
            }
            mount.is_mounted()
        });
        mount
    }

    /// As it is reached from outside of the namespace.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn is_mounted(&self) -> bool {
        let mounts = std::fs::read_to_string(proc(&self.process, "mountinfo")).unwrap_or_default();
        mounts.contains(&format!(" {} ", self.point.display()))
    }

    /// `fusermount3` with these arguments, where the mount is.
    fn fusermount(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool("nsenter"));
        command.arg("--target").arg(self.process.pid().to_string()).arg("--mount");
        command.arg(tool("fusermount3")).args(arguments).arg(&self.point);
        command
    }

    /// Unmounts, and waits until sshfs has gone: everything written is upstream then.
    #[track_caller]
    pub fn unmount(mut self) {
        run(&mut self.fusermount(&["-u"]), b"", SOON).ok();
        self.process.wait(SOON).ok();
    }
}

/// What the kernel shows of a process under this name.
fn proc(process: &Running, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{name}", process.pid()))
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.is_mounted() {
            // Lazily, as a failed test may still hold a file open in there.
            let _ = self.fusermount(&["-u", "-z"]).status();
        }
    }
}
