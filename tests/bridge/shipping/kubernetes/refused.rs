//! Values that the chart refuses, and how it says so.

use std::fs;

use serde_json::{Value, json};

use super::{CHART, minimal, python, root, text_of};
use crate::support::files::Scratch;

/// The least that works, changed by RFC 7386.
fn with(change: &Value) -> Value {
    fn merge(into: &mut Value, change: &Value) {
        match change {
            Value::Object(change) if into.is_object() => {
                for (name, value) in change {
                    merge(&mut into[name], value);
                }
            }
            other => *into = other.clone(),
        }
    }
    let mut values = minimal();
    merge(&mut values, change);
    values
}

fn config(more: &str) -> String {
    format!("{}{more}", minimal()["config"].as_str().unwrap())
}

#[track_caller]
fn assert_refused(change: &Value, mentions: &str) {
    let scratch = Scratch::new();
    let file = scratch.join("values.yaml");
    fs::write(&file, with(change).to_string()).unwrap();
    let said = python(&["render".as_ref(), &root().join(CHART), &file]);
    assert_eq!(said.status.code(), Some(1), "{change}: {}", said.stderr);
    assert!(said.stderr.contains(mentions), "{mentions:?} is not in {:?}", said.stderr);
    assert!(!said.stderr.contains("Traceback"), "{}", said.stderr);
}

#[test]
fn what_does_not_go_together_is_refused_in_a_sentence_that_says_what_to_do() {
    let acme =
        config("[listen.tls]\nacme_domains = [\"sftp.example.org\"]\nacme_cache = \"/var/lib/acme\"\n");
    let behind = config("[listen]\ntrusted_proxies = [\"10.0.0.0/8\"]\n");
    let ingress = json!({"enabled": true, "host": "sftp.example.org"});
    let somebody = json!([{"podSelector": {}}]);
    let cases = [
        (json!({"image": {"repository": ""}}), "image.repository is not set"),
        (json!({"config": ""}), "config has no upstream: add [upstreams.main]"),
        (json!({"config": "[upstreams.main"}), "config is not TOML"),
        (json!({"config": config("[limits]\ndrain = \"2m\"\n")}), "set shutdown.drainSeconds instead"),
        (json!({"config": config("[limits]\nlinger = \"9s\"\n")}), "set shutdown.lingerSeconds instead"),
        (
            json!({"config": config("key_file = \"/run/secrets/sftpbridge/key\"\n")}),
            "existingSecret is not set",
        ),
        (json!({"config": config("known_hosts = \"known_hosts\"\n")}), "knownHosts is empty"),
        (json!({"config": acme, "replicas": 2}), "one replica only"),
        (json!({"config": acme, "autoscaling": {"enabled": true, "metric": "cpu"}}), "one replica only"),
        (json!({"config": acme, "ingress": ingress}), "ingress.enabled with [listen.tls]"),
        (json!({"ingress": ingress}), "config has no listen.trusted_proxies"),
        (json!({"config": behind, "ingress": {"enabled": true}}), "ingress.host is not set"),
        (json!({"autoscaling": {"enabled": true}}), "set metrics.enabled, or take cpu"),
        (
            json!({"autoscaling": {"enabled": true, "metric": "cpu"}, "resources": {"requests": {"cpu": ""}}}),
            "requests.cpu",
        ),
        (json!({"autoscaling": {"enabled": true, "metric": "cpu", "minReplicas": 9}}), "is greater than"),
        (json!({"metrics": {"serviceMonitor": {"enabled": true}}}), "without metrics.enabled"),
        (json!({"networkPolicy": {"enabled": true}}), "networkPolicy.clients is empty"),
        (json!({"networkPolicy": {"enabled": true, "clients": somebody}}), "networkPolicy.egress is empty"),
        (
            json!({"networkPolicy": {"enabled": true, "clients": somebody}, "metrics": {"enabled": true}}),
            "networkPolicy.monitoring is empty",
        ),
        (json!({"extraEnv": [{"name": "SFTPBRIDGE_LIMITS__DRAIN", "value": "1h"}]}), "which the chart sets"),
    ];
    for (change, mentions) in &cases {
        assert_refused(change, mentions);
    }
    let sentences = text_of("docker/helm/sftpbridge/templates/_check.tpl").matches("{{- fail ").count();
    // Of limits.drain and limits.linger there is one, of several replicas with ACME too.
    assert_eq!(cases.len() - 2, sentences, "a sentence that no test has seen");
}

#[test]
fn a_value_that_there_is_not_or_of_another_type_is_refused_by_name() {
    for (change, mentions) in [
        (json!({"replica": 2}), "replica"),
        (json!({"shutdown": {"drain": 60}}), "drain"),
        (json!({"ingress": {"tls": true}}), "tls"),
        (json!({"metrics": {"serviceMonitor": {"label": {}}}}), "label"),
        (json!({"shutdown": {"drainSeconds": "1m"}}), "drainSeconds"),
        (json!({"config": {"upstreams": {}}}), "config"),
        (json!({"ingress": {"controller": "nginx"}}), "controller"),
        (json!({"service": {"type": "loadbalancer"}}), "type"),
    ] {
        assert_refused(&change, mentions);
    }
}
