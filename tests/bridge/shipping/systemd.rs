//! The units as they are in the source, and what the bridge tells the service manager. How they do on a machine with
//! systemd is in `debian.rs`.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::bridge::Config;
use crate::support::files::Scratch;
use crate::support::process::{run, tool};
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

const UNITS: [&str; 3] = ["sftpbridge.service", "sftpbridge.socket", "sftpbridge-admin.socket"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn binary() -> PathBuf {
    root().join("target/dist/sftpbridge")
}

#[test]
fn systemd_finds_nothing_wrong_and_little_that_is_exposed() {
    let scratch = Scratch::new();
    let units = UNITS.map(|unit| {
        let text = fs::read_to_string(root().join("docker/systemd").join(unit)).unwrap();
        // It is found in PATH where it is installed, which it is not here.
        let text = text.replace("ExecStart=sftpbridge ", &format!("ExecStart={} ", binary().display()));
        let file = scratch.join(unit);
        fs::write(&file, text).unwrap();
        file
    });
    let analyze = || Command::new(tool("systemd-analyze"));
    let said =
        run(analyze().args(["verify", "--man=no", "--recursive-errors=no"]).args(&units), b"", SOON).ok();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    // Of 100, the less the better: 20 is 2.0 in its table.
    run(analyze().args(["security", "--offline=true", "--threshold=20"]).arg(&units[0]), b"", SOON).ok();
}

#[test]
fn the_units_know_the_numbers_of_the_configuration() {
    let unit = |name: &str| fs::read_to_string(root().join("docker/systemd").join(name)).unwrap();
    let config = sftpbridge::config::Config::default();
    for (name, address) in
        [(UNITS[1], Some(&config.listen.address)), (UNITS[2], config.admin.address.as_ref())]
    {
        let line = format!("\nListenStream={}\n", address.unwrap());
        assert!(unit(name).contains(&line), "{name} without {line}");
    }
    let seconds = |key: &str| -> u64 {
        let service = unit(UNITS[0]);
        let value = service.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        value.trim_start_matches('=').trim_end_matches('s').parse().unwrap()
    };
    let limits = &config.limits;
    // With an audit log and a collector that are stuck: docs/security.md#limits.
    let ending = limits.drain + limits.linger + std::time::Duration::from_secs(28);
    assert!(seconds("TimeoutStopSec") > ending.as_secs());
    assert!(seconds("LimitNOFILE") >= 2 * limits.sessions as u64 + 8192);
}

#[test]
fn the_service_manager_is_told_that_it_listens_and_that_it_ends() {
    let (scratch, sshd) = (Scratch::new(), Sshd::start());
    let path = scratch.join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    let told = || {
        let mut message = [0; 64];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let with_manager = move |bridge: &Command| {
        let mut env = Command::new(tool("env"));
        env.arg(format!("NOTIFY_SOCKET={}", path.display()))
            .arg(bridge.get_program())
            .args(bridge.get_args());
        env
    };
    let mut bridge = Config::to(&sshd).binary(binary()).wrapped(with_manager).start();
    assert_eq!(told(), "READY=1\n");
    bridge.terminate();
    assert_eq!(told(), "STOPPING=1\n");
    assert!(bridge.wait_exit(SOON).success());
}
