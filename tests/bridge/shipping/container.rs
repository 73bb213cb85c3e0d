//! The image of docker/Dockerfile in podman, with nothing that a container can be without: a user without a name, no
//! capabilities, nothing to write to.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::Site;
use crate::support::bridge::{Bridge, Config};
use crate::support::certificates::{self, text};
use crate::support::connect::sftp;
use crate::support::fake::closed_port;
use crate::support::files::{MIB, Scratch, assert_same_bytes, random_file};
use crate::support::http::Request;
use crate::support::podman::{Container, IMAGE, ok, podman, program};
use crate::support::process::{Running, Said, run, signal_process};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::Heard;

const LONG: Duration = Duration::from_secs(60);

/// As OpenShift and others pick one.
const SOME_USER: &str = "40123:40123";

/// A bridge in a container before a real sshd, on the loopback of this machine.
struct Contained {
    site: Site,
    // After the bridge, whose process is `podman run`.
    container: Container,
}

impl Contained {
    fn start(configure: impl FnOnce(Config) -> Config) -> Contained {
        let container = Container::new();
        let mut podman = container.run();
        podman.args(["--user", SOME_USER]);
        // The image's own address is for all of its network, and this one is the machine's.
        podman.args(["--env", "SFTPBRIDGE_LISTEN__ADDRESS=127.0.0.1:0"]);
        podman.args(["--env", &format!("SFTPBRIDGE_ADMIN__ADDRESS=127.0.0.1:{}", closed_port())]);
        let wrap = move |serve: &Command| {
            let file = serve.get_args().last().unwrap().to_str().unwrap().to_owned();
            let folder = file.strip_suffix("/proxy.toml").unwrap();
            podman.args(["--volume", &format!("{folder}:{folder}:ro")]);
            podman.args(["--volume", &format!("{file}:/etc/sftpbridge/proxy.toml:ro"), IMAGE]);
            podman
        };
        let site = Site::with(Sshd::start(), |config| configure(config).binary(program()).wrapped(wrap));
        Contained { site, container }
    }

    /// `podman stop`, on its way.
    fn stop(&self) -> Running {
        Running::spawn(podman().args(["stop", "--time", "60", &self.container.name]))
    }
}

/// What `podman image inspect` says.
fn image() -> Value {
    let text = ok(podman().args(["image", "inspect", IMAGE]));
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

#[test]
fn the_image_is_small_and_says_what_it_is() {
    let image = image();
    let bytes = image["Size"].as_u64().unwrap();
    assert!(bytes <= 30 * MIB, "the image has {bytes} bytes");
    let config = &image["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/usr/bin/sftpbridge"]));
    assert_eq!(config["Cmd"], serde_json::json!(["serve"]));
    assert_eq!(config["StopSignal"], "SIGTERM");
    assert!(config["ExposedPorts"]["8022/tcp"].is_object(), "{config}");
    assert_eq!(
        image["Healthcheck"]["Test"],
        serde_json::json!(["CMD", "/usr/bin/sftpbridge", "healthcheck"])
    );
    let label = |name: &str| config["Labels"][format!("org.opencontainers.image.{name}")].clone();
    assert_eq!(label("title"), "sftpbridge");
    assert_eq!(label("licenses"), env!("CARGO_PKG_LICENSE"));
    assert_eq!(label("version"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn nothing_is_in_the_image_but_the_program_the_authorities_and_the_licences() {
    let (container, scratch) = (Container::new(), Scratch::new());
    ok(podman().args(["create", "--name", &container.name, IMAGE]));
    let archive = scratch.join("image.tar");
    ok(podman().args(["export", "--output", text(&archive), &container.name]));
    let list = ok(Command::new("tar").arg("--list").arg("--file").arg(&archive));
    let mut files: Vec<&str> = list.lines().filter(|name| !name.ends_with('/')).collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "etc/ssl/certs/ca-certificates.crt",
            "usr/bin/sftpbridge",
            "usr/share/doc/sftpbridge/LICENSE",
            "usr/share/doc/sftpbridge/LICENSE-APACHE",
            "usr/share/doc/sftpbridge/LICENSE-MIT",
            "usr/share/doc/sftpbridge/THIRD-PARTY",
        ]
    );
    let authorities =
        ok(Command::new("tar").args(["--extract", "--to-stdout", files[0], "--file"]).arg(&archive));
    assert!(authorities.matches("BEGIN CERTIFICATE").count() > 100, "{authorities}");
}

/// As a file that was written for another place may say. The image's variable wins, or nothing would be published.
const ELSEWHERE: &str = "[listen]\naddress = \"127.0.0.1:9000\"\n[upstreams.main]\naddress = \"files.example.org\"\n\
                         host_keys = [\"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n";

#[test]
fn with_no_option_but_its_port_it_answers_there_whatever_the_file_says() {
    let (container, scratch, port) = (Container::new(), Scratch::new(), closed_port());
    std::fs::write(scratch.join("proxy.toml"), ELSEWHERE).unwrap();
    let mut create = podman();
    create.args([
        "run",
        "--detach",
        "--name",
        &container.name,
        "--publish",
        &format!("127.0.0.1:{port}:8022"),
    ]);
    create.args(["--volume", &format!("{}:/etc/sftpbridge:ro", text(scratch.path())), IMAGE]);
    ok(&mut create);
    wait_until("the bridge to answer where it is published", LONG, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok() && container.healthcheck().status.success()
    });
    assert_eq!(Request::get(port, "/").send().status, 200);
}

#[test]
fn files_pass_and_the_page_answers_without_any_right() {
    let contained = Contained::start(|config| config);
    let Site { bridge, sshd } = &contained.site;
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", contained.container.pid().as_raw_nonzero()));
    let status = status.unwrap();
    for line in ["Uid:\t40123\t40123\t40123\t40123", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{line} in {status}");
    }

    let scratch = Scratch::new();
    let (file, copy) = (scratch.join("file"), scratch.join("copy"));
    random_file(&file, 3 * MIB + 17);
    let remote = sshd.remote("file");
    let commands = format!("put {} {remote}\nget {remote} {}", file.display(), copy.display());
    sftp(&bridge.connect_line(), &commands, LONG);
    assert_same_bytes(&file, &copy);

    let page = bridge.get("/").send();
    assert_eq!(page.status, 200);
    let page = page.body();
    assert!(
        page.contains("<script type=\"module\""),
        "the file manager page, and no word of how to build it: {page}"
    );
}

#[test]
fn its_health_check_says_when_it_is_well_and_when_it_is_not() {
    let contained = Contained::start(|config| config);
    let container = &contained.container;
    container.healthcheck().ok();
    let nobody = format!("http://127.0.0.1:{}", closed_port());
    let said = container.exec(&["/usr/bin/sftpbridge", "healthcheck", &nobody]);
    assert_eq!(said.status.code(), Some(1), "{}", said.stderr);

    // It is there, and does nothing any more.
    let pid = container.pid();
    signal_process(pid, Signal::STOP);
    let said = container.healthcheck();
    signal_process(pid, Signal::CONT);
    assert_eq!(said.status.code(), Some(1), "{}{}", said.stdout, said.stderr);
    container.healthcheck().ok();
}

#[test]
fn a_stop_lets_a_transfer_end_and_tells_those_that_stay() {
    let mut contained = Contained::start(|config| config.limit("drain = \"3s\""));
    let file = contained.site.sshd.remote("file");
    let (mut busy, mut idle) = (contained.site.session(), contained.site.session());
    let handle = busy.create(&file);
    let mut stop = contained.stop();
    contained.site.bridge.wait_logged(1, &["event=draining"]);
    refused(&contained.site.bridge);
    busy.write(&handle, 0, b"written while it drains");
    busy.close(&handle);
    assert_eq!(std::fs::read(&file).unwrap(), b"written while it drains");
    assert_eq!(ended(&mut idle), Some(1001));
    stop.wait(LONG).ok();
    assert_eq!(contained.site.bridge.wait_exit(SOON).code(), Some(0));
}

fn refused(bridge: &Bridge) {
    assert_eq!(bridge.login().send().status, 503);
}

fn ended(session: &mut Session) -> Option<u16> {
    match session.ws.hear() {
        Heard::Close(code, _) => code,
        other => panic!("a close was due, not {other:?}"),
    }
}

/// The image's program, beside a network of this machine.
#[track_caller]
fn told(options: &[&str], arguments: &[&str]) -> Said {
    let container = Container::new();
    run(container.run().args(options).arg(IMAGE).args(arguments), b"", LONG)
}

#[test]
fn names_of_etc_hosts_are_known_to_the_static_program() {
    let sshd = Sshd::start();
    let server = format!("files.example.org:{}", sshd.port);
    let said = told(&["--add-host", "files.example.org:127.0.0.1"], &["keyscan", &server]).ok();
    assert!(
        said.stdout.contains(&format!("[files.example.org]:{} ssh-ed25519 ", sshd.port)),
        "{}",
        said.stdout
    );
}

#[test]
fn certificates_are_checked_by_the_authorities_in_the_image() {
    let scratch = Scratch::new();
    let (authority, certificate) = (scratch.join("authority.pem"), scratch.join("bridge.pem"));
    certificates::authority(&authority);
    certificates::signed(&certificate, &authority, "bridge", "IP:127.0.0.1");
    let folder = text(scratch.path());
    let tls = format!("tls = {{ certificate = \"{folder}/bridge.pem\", key = \"{folder}/bridge.key\" }}");
    let site = Site::with(Sshd::start(), |config| config.binary(program()).listen(&tls));
    let url = format!("wss://127.0.0.1:{}/sftp", site.bridge.port);
    let connect =
        |options: &[&str]| told(options, &["connect", &url, "--user", "x", "-oBatchMode=yes"]).stderr;
    let unknown = connect(&[]);
    assert!(unknown.contains("certificate"), "{unknown}");
    // In place of those in the image.
    let trusted = format!("{}:/etc/ssl/certs/ca-certificates.crt:ro", authority.display());
    let known = connect(&["--volume", &trusted]);
    assert!(!known.contains("certificate"), "{known}");
}
