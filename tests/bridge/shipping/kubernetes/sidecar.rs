//! `docker/kubernetes/sidecar.yaml`: the commands above it, its sshd and its bridge, on the loopback of this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Objects, QUICK, Rooms, ask, healthy, program, root, text_of};
use crate::support::fake::closed_port;
use crate::support::process::{Running, run, tool};
use crate::support::wait::{SOON, wait_until};

const FILE: &str = "docker/kubernetes/sidecar.yaml";

fn objects() -> Objects {
    Objects::of(&ask(&["documents".as_ref(), &root().join(FILE)]))
}

/// In place of the cluster: `create ... --from-literal=NAME=TEXT` writes a file, and the rest needs no cluster here.
const KUBECTL: &str = r#"
kubectl() {
    local argument
    for argument; do
        case $argument in
        --from-literal=*) argument=${argument#*=} && printf '%s\n' "${argument#*=}" >"${argument%%=*}" ;;
        --from-file=*) [ -s "${argument#*=}" ] ;;
        esac
    done
}
"#;

/// Runs what the comment above the file tells people to run.
fn made_by_the_commands(folder: &Path) {
    let text = text_of(FILE);
    let comment = text.lines().take_while(|line| line.starts_with('#'));
    let commands: Vec<&str> = comment.filter_map(|line| line.strip_prefix("#   ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    let script = format!("set -eu\n{KUBECTL}\n{}\n", commands.join("\n"));
    run(Command::new(tool("bash")).arg("-c").arg(script).current_dir(folder), b"", QUICK).ok();
}

#[test]
fn clusters_take_it_and_the_bridge_gets_nothing_of_sshds_secret() {
    let objects = objects();
    assert_eq!(objects.findings, Vec::<String>::new());
    let of = |name: &str| {
        let mounts = objects.container()["volumeMounts"].as_array().unwrap();
        mounts.iter().any(|mount| mount["name"] == name)
    };
    let volumes = objects.pod()["volumes"].as_array().unwrap();
    let secret: Vec<&Value> = volumes.iter().filter(|volume| volume["secret"].is_object()).collect();
    assert_eq!(secret.len(), 2);
    for volume in secret {
        assert!(!of(volume["name"].as_str().unwrap()), "{volume}");
        assert_eq!(volume["secret"]["defaultMode"], 0o400, "sshd refuses a key that others may read");
    }
    assert_eq!(objects.pod()["securityContext"]["fsGroup"], Value::Null, "it would open them to a group");
    // sshd outlives the bridge, whose sessions it has.
    let sshd = &objects.pod()["initContainers"][1];
    assert_eq!((&sshd["name"], &sshd["restartPolicy"]), (&json!("sshd"), &json!("Always")));
}

#[test]
fn its_bridge_knows_its_sshd_by_the_keys_that_the_commands_make() {
    let (objects, rooms, port) = (objects(), Rooms::new(), closed_port().to_string());
    let folder = rooms.scratch.path();
    made_by_the_commands(folder);
    let config = &objects.the("ConfigMap")["data"];
    let here = |text: &str| text.replace("2222", &port);
    let sshd_config = here(config["sshd_config"].as_str().unwrap())
        .replace("/etc/ssh/host_keys/", &format!("{}/", folder.display()));
    let file = folder.join("sshd_config");
    fs::write(&file, sshd_config).unwrap();
    let sshd = Running::spawn(Command::new(tool("sshd")).args(["-D", "-e", "-f"]).arg(&file));
    wait_until("sshd", SOON, || sshd.stderr().contains(&format!("listening on 127.0.0.1 port {port}")));

    rooms.write("/etc/sftpbridge/proxy.toml", &here(config["proxy.toml"].as_str().unwrap()));
    let known_hosts = fs::read_to_string(folder.join("known_hosts")).unwrap();
    rooms.write("/run/known_hosts/known_hosts", &here(&known_hosts));
    let (_running, bridge) = rooms.start(&objects);
    healthy(bridge, objects.container()["readinessProbe"]["httpGet"]["path"].as_str().unwrap());
    let config = folder.join("etc/sftpbridge/proxy.toml");
    let checked = run(Command::new(program()).arg("check").arg("--config").arg(config), b"", QUICK);
    assert!(checked.stdout.contains("ok       host_key"), "{}{}", checked.stdout, checked.stderr);
    assert_eq!(checked.status.code(), Some(0), "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn its_pod_has_longer_to_end_than_the_bridge_takes() {
    let objects = objects();
    let sleep = objects.container()["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap();
    let config = objects.the("ConfigMap")["data"]["proxy.toml"].as_str().unwrap();
    assert!(config.contains("drain = \"30s\"") && !config.contains("linger ="), "{config}");
    let patience = objects.pod()["terminationGracePeriodSeconds"].as_u64().unwrap();
    assert!(patience > sleep + 30 + 5 + 28, "{patience}");
}
