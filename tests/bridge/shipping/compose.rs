//! docker/compose.yaml and compose.tls.yaml as they are, by podman-compose, upon images of `make image`: real containers on
//! real networks, where names come from DNS.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::connect::sftp;
use crate::support::fake::closed_port;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::http::Request;
use crate::support::podman::{Container, IMAGE, ok, podman, program, root, settings};
use crate::support::process::{run, tool};
use crate::support::wait::{SOON, wait_until};

const LONG: Duration = Duration::from_secs(120);
const PASSWORD: &str = "correct horse battery staple";

/// A program of tests/python/requirements.txt.
fn python(name: &str) -> PathBuf {
    let program = root().join("tests/python/.venv/bin").join(name);
    assert!(program.is_file(), "{} is missing; run: tests/setup.sh", program.display());
    program
}

#[test]
fn the_files_are_what_the_specification_says() {
    let mut check = Command::new(python("check-jsonschema"));
    check.args(["--builtin-schema", "vendor.compose-spec", "docker/compose.yaml", "docker/compose.tls.yaml"]);
    run(check.current_dir(root()), b"", LONG).ok();
}

#[test]
fn the_dockerfiles_have_nothing_to_complain_of() {
    let mut hadolint = Command::new(python("hadolint"));
    // Versions of Debian's packages are the suite's; a pinned one is gone from the archive with the next fix.
    hadolint.args(["--ignore", "DL3008", "docker/Dockerfile", "docker/openssh/Dockerfile"]);
    let said = run(hadolint.current_dir(root()), b"", LONG);
    assert!(said.status.success(), "{}{}", said.stdout, said.stderr);
}

/// What the two files describe, started, in a project of its own.
struct Project {
    name: String,
    folder: Scratch,
    port: u16,
    tls_port: u16,
}

impl Project {
    fn start() -> Project {
        let folder = Scratch::new();
        for name in ["compose.yaml", "compose.tls.yaml", "Caddyfile"] {
            fs::copy(root().join("docker").join(name), folder.join(name)).unwrap();
        }
        fs::create_dir(folder.join("secrets")).unwrap();
        fs::write(folder.join("secrets/demo_password"), format!("{PASSWORD}\n")).unwrap();
        let name = format!("sftpbridge-test-{}", std::process::id());
        let project = Project { name, folder, port: closed_port(), tls_port: closed_port() };
        project.compose(&["up", "--detach", "--no-build"]);
        project
    }

    #[track_caller]
    fn compose(&self, arguments: &[&str]) {
        let mut compose = Command::new(python("podman-compose"));
        settings(&mut compose);
        compose.args(["--podman-path", tool("podman").to_str().unwrap(), "--project-name", &self.name]);
        compose.args(["--file", "compose.yaml", "--file", "compose.tls.yaml"]).args(arguments);
        compose.env("SFTPBRIDGE_IMAGE", IMAGE).env("OPENSSH_IMAGE", "localhost/sftpbridge-test/openssh");
        compose.env("CADDY_IMAGE", "localhost/sftpbridge-test/caddy");
        compose.env("SFTPBRIDGE_PORT", self.port.to_string()).env("HTTPS_PORT", self.tls_port.to_string());
        compose.env("HTTP_PORT", closed_port().to_string());
        run(compose.current_dir(self.folder.path()), b"", LONG).ok();
    }

    /// The container of a service.
    fn container(&self, service: &str) -> String {
        format!("{}_{service}_1", self.name)
    }

    /// A file up and down again, by OpenSSH's sftp through `connect`.
    #[track_caller]
    fn transfer(&self, url: &str, options: &str) {
        let (file, copy) = (self.folder.join("file"), self.folder.join("copy"));
        random_file(&file, MIB);
        let password = self.folder.join("secrets/demo_password");
        let (program, password) = (program(), password.display());
        let connect =
            format!("{} connect {url} --user demo --password-file {password} {options}", program.display());
        let commands = format!("put {} file\nget file {}\nrm file", file.display(), copy.display());
        sftp(&connect, &commands, LONG);
        assert_same_bytes(&file, &copy);
    }

    fn address_of_sshd(&self) -> String {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = ok(podman().args(["inspect", "--format", format, &self.container("openssh")]));
        address.trim().to_owned()
    }

    /// Where the sessions came from, as the bridge's log says.
    fn peers(&self) -> Vec<String> {
        let log = run(podman().args(["logs", &self.container("sftpbridge")]), b"", SOON).ok().stderr;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let starts = lines.filter(|line| line["event"] == "session_start");
        starts.map(|line| line["peer"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for service in ["host_keys", "openssh", "sftpbridge", "caddy"] {
                let said = run(podman().args(["logs", &self.container(service)]), b"", SOON);
                eprintln!("--- {service}\n{}{}", said.stdout, said.stderr);
            }
        }
        self.compose(&["down", "--volumes", "--timeout", "5"]);
    }
}

#[test]
fn they_start_as_they_are_and_files_pass_with_tls_and_without() {
    let project = Project::start();
    wait_until("sshd to be well", SOON, || {
        run(podman().args(["healthcheck", "run", &project.container("openssh")]), b"", SOON).status.success()
    });
    ok(podman().args(["healthcheck", "run", &project.container("sftpbridge")]));
    assert_eq!(Request::get(project.port, "/").send().status, 200);
    project.transfer(&format!("ws://127.0.0.1:{}/sftp", project.port), "");

    let authority = project.folder.join("authority.pem");
    let pem = "/data/caddy/pki/authorities/local/root.crt";
    wait_until("Caddy to have an authority of its own", SOON, || {
        let said = run(podman().args(["exec", &project.container("caddy"), "cat", pem]), b"", SOON);
        said.status.success() && fs::write(&authority, said.stdout).is_ok()
    });
    let url = format!("wss://localhost:{}/sftp", project.tls_port);
    project.transfer(&url, &format!("--ca-file {}", authority.display()));
    // The first visitor came by TCP, the second by Caddy, which is believed: an address without a port is one that it told.
    let peers = project.peers();
    assert_eq!(peers.len(), 2, "{peers:?}");
    assert!(peers[0].contains(':') && !peers[1].contains(':') && peers[1] != "172.30.80.2", "{peers:?}");

    // From where visitors are, there is no way to sshd.
    let stranger = Container::new();
    let mut keyscan = podman();
    keyscan.args([
        "run",
        "--rm",
        "--name",
        &stranger.name,
        "--network",
        &format!("{}_outside", project.name),
    ]);
    let address = project.address_of_sshd();
    let said = run(keyscan.args([IMAGE, "keyscan", "--timeout", "2s", &address]), b"", LONG);
    assert!(!said.status.success() && said.stdout.is_empty(), "{}{}", said.stdout, said.stderr);
}
