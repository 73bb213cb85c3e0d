//! What the chart makes of the values in `ci/`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{CHART, Objects, QUICK, Rooms, SETS, ask, healthy, minimal, python, root, text_of};
use crate::support::files::Scratch;
use crate::support::keys::Keys;
use crate::support::process::{run, tool};

#[test]
fn each_set_of_values_makes_objects_that_old_and_new_clusters_take() {
    for set in SETS {
        let objects = Objects::of_set(set);
        assert_eq!(objects.findings, Vec::<String>::new(), "{set}");
        for kind in ["ConfigMap", "Deployment", "Pod", "Service", "ServiceAccount"] {
            assert!(objects.has(kind), "{set}: no {kind}");
        }
        let optional =
            ["HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor"];
        for kind in optional {
            assert!(objects.has(kind) || set != "everything", "{set}: no {kind}");
            assert!(!objects.has(kind) || set != "minimal", "{set}: {kind}, which nobody asked for");
        }
        assert!(objects.notes.contains("helm test --namespace files demo"), "{}", objects.notes);
    }
}

/// The other tests of the chart would pass with a judge that finds nothing.
#[test]
fn a_broken_template_is_found() {
    for (file, from, to) in [
        ("templates/deployment.yaml", "enableServiceLinks:", "enableServiceLink:"),
        ("templates/deployment.yaml", "sleep: {seconds:", "sleep: {secs:"),
        (
            "templates/deployment.yaml",
            "resources: {{- toYaml . | nindent 12",
            "resources: {{- toYaml . | nindent 2",
        ),
        ("templates/_helpers.tpl", "fsGroup: 65532", "fsGroup: nobody"),
        ("templates/service.yaml", "targetPort: http", "targetPort: [http]"),
        ("templates/ingress.yaml", "pathType: Prefix", "path_type: Prefix"),
        ("templates/ingress.yaml", "\"off\"", "false"),
        ("templates/networkpolicy.yaml", "policyTypes:", "policyType:"),
        ("templates/autoscaling.yaml", "averageValue:", "value2:"),
        ("templates/servicemonitor.yaml", "endpoints:", "endpoint:"),
        ("templates/poddisruptionbudget.yaml", "include \"sftpbridge.fullname\"", "include \"fullname\""),
        ("values.schema.json", "\"drainSeconds\"", "\"drain\""),
    ] {
        let scratch = Scratch::new();
        let chart = scratch.join("sftpbridge");
        run(Command::new(tool("cp")).arg("-R").arg(root().join(CHART)).arg(&chart), b"", QUICK).ok();
        let whole = fs::read_to_string(chart.join(file)).unwrap();
        assert!(whole.contains(from), "{file} has no {from:?} any more");
        fs::write(chart.join(file), whole.replacen(from, to, 1)).unwrap();
        let said = python(&["render".as_ref(), &chart, &chart.join("ci/everything-values.yaml")]);
        let found = match said.status.success() {
            true => !Objects::of(&serde_json::from_str(&said.stdout).unwrap()).findings.is_empty(),
            false => true,
        };
        assert!(found, "{file}: nobody minds {to:?}");
    }
}

#[test]
fn the_program_starts_with_what_each_set_gives_it_and_answers_the_probes() {
    for set in SETS {
        let objects = Objects::of_set(set);
        let rooms = Rooms::new();
        for (name, text) in objects.the("ConfigMap")["data"].as_object().unwrap() {
            rooms.write(&format!("/etc/sftpbridge/{name}"), text.as_str().unwrap());
        }
        for (name, text) in secret() {
            rooms.write(&format!("/run/secrets/sftpbridge/{name}"), &text);
        }
        let (_running, port) = rooms.start(&objects);
        for probe in ["livenessProbe", "readinessProbe"] {
            healthy(port, objects.container()[probe]["httpGet"]["path"].as_str().unwrap());
        }
        let asked = objects.the("Pod")["spec"]["containers"][0]["args"].clone();
        let service = objects.the("Service");
        let (name, at) = (&service["metadata"]["name"], &service["spec"]["ports"][0]["port"]);
        let origin = format!("http://{}:{at}", name.as_str().unwrap());
        assert_eq!(asked[0], "healthcheck");
        healthy(port, asked[1].as_str().unwrap().strip_prefix(&origin).expect("the Service"));
    }
}

/// What `ci/secret-values.yaml` expects in its Secret.
fn secret() -> [(&'static str, String); 3] {
    let key = fs::read_to_string(Keys::new().make("ed25519")).unwrap();
    let known_hosts = "files.example.org ssh-ed25519 \
                       AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n";
    let hashed = run(
        Command::new(super::program()).args(["hash-password", "--user", "ada"]),
        b"correct horse\n",
        QUICK,
    );
    [("id_ed25519", key), ("known_hosts", known_hosts.to_owned()), ("users", hashed.ok().stdout)]
}

fn seconds(duration: &str) -> u64 {
    duration.strip_suffix('s').unwrap().parse().unwrap()
}

/// docs/configuration.md, `limits.drain`: with an audit log and traces.
const AFTER_LINGER: u64 = 28;

#[test]
fn a_pod_has_longer_to_end_than_the_bridge_takes() {
    assert!(
        text_of("docs/configuration.md")
            .contains(&format!("({AFTER_LINGER} s with an audit log and traces)"))
    );
    let mut long = minimal();
    long["shutdown"] = json!({"preStopSeconds": 0, "drainSeconds": 7200, "lingerSeconds": 60});
    let sets = SETS.map(Objects::of_set).into_iter().chain([Objects::of_values(&long)]);
    for objects in sets {
        let sleep = objects.container()["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or(0);
        let drain = seconds(objects.variable("SFTPBRIDGE_LIMITS__DRAIN"));
        let linger = seconds(objects.variable("SFTPBRIDGE_LIMITS__LINGER"));
        let patience = objects.pod()["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(patience > sleep + drain + linger + AFTER_LINGER, "{patience}: {sleep} {drain} {linger}");
    }
}

#[test]
fn nobody_in_a_pod_is_more_than_they_need_to_be() {
    for set in SETS {
        let objects = Objects::of_set(set);
        for pod in [objects.pod(), &objects.the("Pod")["spec"]] {
            let (user, own) = (&pod["securityContext"], &pod["containers"][0]["securityContext"]);
            assert_eq!((&user["runAsNonRoot"], &user["runAsUser"]), (&json!(true), &json!(65532)));
            assert_eq!(user["seccompProfile"]["type"], "RuntimeDefault");
            assert_eq!(
                (&own["readOnlyRootFilesystem"], &own["allowPrivilegeEscalation"]),
                (&json!(true), &json!(false))
            );
            assert_eq!(own["capabilities"], json!({"drop": ["ALL"]}));
            assert_eq!(
                (&pod["automountServiceAccountToken"], &pod["enableServiceLinks"]),
                (&json!(false), &json!(false))
            );
        }
        assert_eq!(objects.the("ServiceAccount")["automountServiceAccountToken"], false);
        // The metrics need no login: they are on loopback or off, unless they were asked for, and in no Service for others.
        let metrics = objects.variable("SFTPBRIDGE_ADMIN__ADDRESS");
        assert_eq!(metrics, if set == "everything" { "0.0.0.0:9022" } else { "" });
        assert_eq!(objects.the("Service")["spec"]["ports"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn the_autoscaler_goes_by_a_series_that_there_is() {
    let objects = Objects::of_set("everything");
    let metric =
        objects.the("HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["metric"]["name"].clone();
    let series = format!("\n| `{}` | gauge |", metric.as_str().unwrap());
    assert!(text_of("docs/metrics.md").contains(&series), "{series}");
    assert_eq!(objects.the("Deployment")["spec"]["replicas"], Value::Null);
}

#[test]
fn an_ingress_has_annotations_for_the_controller_that_was_named_and_those_of_the_values_come_first() {
    let annotations = Objects::of_set("everything").the("Ingress")["metadata"]["annotations"].clone();
    let of_nginx = |name: &str| annotations[format!("nginx.ingress.kubernetes.io/{name}")].clone();
    assert_eq!(of_nginx("proxy-read-timeout"), "300");
    assert_eq!(of_nginx("proxy-send-timeout"), "120");
    assert_eq!((of_nginx("proxy-buffering"), of_nginx("affinity")), (json!("off"), json!("cookie")));
    assert_eq!(annotations["cert-manager.io/cluster-issuer"], "internal");
    assert_eq!(Objects::of_set("secret").the("Ingress")["metadata"]["annotations"], Value::Null);
}

#[test]
fn pods_are_new_for_another_configuration_unless_that_is_switched_off() {
    let checksum = |values: &Value| {
        let objects = Objects::of_values(values);
        objects.the("Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/config"].clone()
    };
    let mut other = minimal();
    other["config"] = json!(format!("{}title = \"Other\"\n", minimal()["config"].as_str().unwrap()));
    assert_ne!(checksum(&minimal()), checksum(&other));
    let mut known = minimal();
    known["knownHosts"] = json!("files.example.org ssh-ed25519 AAAA");
    assert_eq!(checksum(&minimal()), checksum(&known), "the bridge reads it again by itself");
    other["restartOnConfigChange"] = json!(false);
    assert_eq!(checksum(&other), Value::Null);
}

#[test]
fn the_chart_is_of_the_programs_version() {
    let wanted = format!("\nappVersion: \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(text_of("docker/helm/sftpbridge/Chart.yaml").contains(&wanted), "no {wanted}");
    let image = Objects::of_values(&minimal()).container()["image"].clone();
    assert_eq!(image, format!("registry.example.org/sftpbridge:{}", env!("CARGO_PKG_VERSION")));
    let merged =
        ask(&["merged".as_ref(), &root().join(CHART), &root().join(CHART).join("ci/minimal-values.yaml")]);
    assert_eq!(
        (&merged["image"]["repository"], &merged["config"]),
        (&minimal()["image"]["repository"], &minimal()["config"])
    );
}
