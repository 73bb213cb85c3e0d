//! The chart and the sidecar, without a cluster: Helm renders, the schemas of Kubernetes judge, and the real program
//! starts with what its container would get.

mod documented;
mod refused;
mod rendered;
mod sidecar;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::files::Scratch;
use crate::support::process::{Running, Said, run};

const QUICK: Duration = Duration::from_secs(60);

const CHART: &str = "docker/helm/sftpbridge";

/// Those of `ci/`, as `helm lint` and its friends of other projects look for them.
const SETS: [&str; 3] = ["minimal", "everything", "secret"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The program in the image, which `make image` leaves here.
fn program() -> PathBuf {
    let file = root().join("target/dist/sftpbridge");
    assert!(file.is_file(), "{} is not there; run: make image", file.display());
    file
}

/// `tests/python/kubernetes.py`, which knows Helm and the schemas.
fn python(arguments: &[&Path]) -> Said {
    let python = root().join("tests/python/.venv/bin/python");
    assert!(python.is_file(), "{} is not there; run: tests/setup.sh", python.display());
    run(Command::new(python).arg(root().join("tests/python/kubernetes.py")).args(arguments), b"", QUICK)
}

fn ask(arguments: &[&Path]) -> Value {
    serde_json::from_str(&python(arguments).ok().stdout).unwrap()
}

/// What is made of a chart and values, or of a file.
struct Objects {
    findings: Vec<String>,
    documents: Vec<Value>,
    notes: String,
}

impl Objects {
    fn of(said: &Value) -> Objects {
        Objects {
            findings: serde_json::from_value(said["findings"].clone()).unwrap(),
            documents: serde_json::from_value(said["documents"].clone()).unwrap(),
            notes: said["notes"].as_str().unwrap_or_default().to_owned(),
        }
    }

    fn of_set(name: &str) -> Objects {
        let values = root().join(CHART).join(format!("ci/{name}-values.yaml"));
        Objects::of(&ask(&["render".as_ref(), &root().join(CHART), &values]))
    }

    fn of_values(values: &Value) -> Objects {
        let scratch = Scratch::new();
        let file = scratch.join("values.yaml");
        // JSON is YAML, too.
        fs::write(&file, values.to_string()).unwrap();
        Objects::of(&ask(&["render".as_ref(), &root().join(CHART), &file]))
    }

    fn has(&self, kind: &str) -> bool {
        self.documents.iter().any(|document| document["kind"] == kind)
    }

    /// The first of its kind.
    #[track_caller]
    fn the(&self, kind: &str) -> &Value {
        let found = self.documents.iter().find(|document| document["kind"] == kind);
        found.unwrap_or_else(|| panic!("there is no {kind}"))
    }

    fn pod(&self) -> &Value {
        &self.the("Deployment")["spec"]["template"]["spec"]
    }

    /// The bridge's own.
    fn container(&self) -> &Value {
        let containers = self.pod()["containers"].as_array().unwrap();
        containers
            .iter()
            .find(|container| container["name"] == "sftpbridge")
            .expect("the container sftpbridge")
    }

    #[track_caller]
    fn variable(&self, name: &str) -> &str {
        let variables = self.container()["env"].as_array().unwrap();
        let found = variables.iter().find(|variable| variable["name"] == name);
        found.and_then(|variable| variable["value"].as_str()).unwrap_or_else(|| panic!("no variable {name}"))
    }
}

/// The values of `ci/minimal-values.yaml`, to be added to.
fn minimal() -> Value {
    serde_json::json!({
        "image": {"repository": "registry.example.org/sftpbridge"},
        "config": "[upstreams.main]\naddress = \"files.example.org\"\n\
                   host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]\n",
    })
}

/// The folders of a container, in a folder of the test's own: `/etc/x` is `etc/x` there.
struct Rooms {
    scratch: Scratch,
}

/// What the configurations name files in.
const INSIDE: [&str; 4] = ["/etc/sftpbridge/", "/run/secrets/", "/run/known_hosts/", "/var/lib/sftpbridge/"];

impl Rooms {
    fn new() -> Rooms {
        let scratch = Scratch::new();
        for folder in INSIDE {
            fs::create_dir_all(scratch.path().join(folder.trim_start_matches('/'))).unwrap();
        }
        Rooms { scratch }
    }

    /// Paths of the container become those of here.
    fn moved(&self, text: &str) -> String {
        let here = self.scratch.path().to_str().unwrap();
        INSIDE.iter().fold(text.to_owned(), |text, folder| text.replace(folder, &format!("{here}{folder}")))
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.scratch.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.moved(text)).unwrap();
    }

    /// The program with the arguments and variables of a container, on ports that the system picks.
    fn start(&self, objects: &Objects) -> (Running, u16) {
        let mut serve = Command::new(program());
        let arguments = objects.container()["args"].as_array().unwrap();
        serve.args(arguments.iter().map(|argument| self.moved(argument.as_str().unwrap())));
        for variable in objects.container()["env"].as_array().into_iter().flatten() {
            let value = variable["value"].as_str().unwrap();
            let value = value.replace("0.0.0.0:8022", "127.0.0.1:0").replace("0.0.0.0:9022", "127.0.0.1:0");
            serve.env(variable["name"].as_str().unwrap(), value);
        }
        serve.env("SFTPBRIDGE_LISTEN__ADDRESS", "127.0.0.1:0").env_remove("RUST_LOG");
        if objects.container()["env"].is_null() {
            serve.env("SFTPBRIDGE_ADMIN__ADDRESS", "");
        }
        let mut running = Running::spawn(&mut serve);
        let port = running.line("the line `listening on http://ADDRESS/`", |line| {
            let (_, after) = line.strip_prefix("listening on ")?.rsplit_once("127.0.0.1:")?;
            after.split('/').next()?.parse().ok()
        });
        (running, port)
    }
}

/// `sftpbridge healthcheck`, as `helm test` asks, at a port of here.
fn healthy(port: u16, path: &str) {
    let url = format!("http://127.0.0.1:{port}{path}");
    run(Command::new(program()).arg("healthcheck").arg(url), b"", QUICK).ok();
}
