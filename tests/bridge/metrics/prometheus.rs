//! Prometheus' own tool reads what the bridge writes, and the rules and the dashboard that come with it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::documented::ONLY_WITH_TLS;
use super::{site, workload};
use crate::support::files::Scratch;
use crate::support::process::{run, tool};

const QUICK: Duration = Duration::from_secs(60);

/// Names in our expressions that are not the bridge's: Prometheus makes them.
const OF_PROMETHEUS: [&str; 1] = ["up"];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn promtool(arguments: &[&str], stdin: &[u8]) -> String {
    let said = run(Command::new(tool("promtool")).args(arguments), stdin, QUICK);
    let all = format!("{}{}", said.stdout, said.stderr);
    assert!(said.status.success(), "promtool {arguments:?}: {all}");
    all
}

/// The values of `key: value` lines of YAML that is written so that this finds them all.
fn values<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    let key = format!("{key}: ");
    yaml.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(&key)).collect()
}

fn alerts() -> String {
    fs::read_to_string(file("docs/alerts.yml")).unwrap()
}

/// Every `expr` of the dashboard, with Grafana's variables replaced.
fn dashboard() -> Vec<String> {
    let text = fs::read_to_string(file("docs/grafana/sftpbridge.json")).unwrap();
    let mut found = Vec::new();
    expressions(&serde_json::from_str(&text).unwrap(), &mut found);
    found
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str().filter(|_| key == "expr") {
                    Some(expr) => found.push(
                        expr.replace("$__rate_interval", "5m")
                            .replace("$instance", ".*")
                            .replace("$__range", "1h"),
                    ),
                    None => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

/// The names of metrics in an expression: what begins as ours do, and `up`.
fn names(expr: &str) -> BTreeSet<String> {
    let words = expr.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .filter(|word| {
            word.starts_with("sftpbridge_") || word.starts_with("process_") || OF_PROMETHEUS.contains(word)
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_the_bridge_writes_is_what_prometheus_reads_without_a_complaint() {
    let site = site();
    let metrics = workload(&site.bridge, &site.sshd);
    let said = promtool(&["check", "metrics"], metrics.text.as_bytes());
    assert_eq!(said.trim(), "", "{said}");
}

#[test]
fn the_alerts_are_rules() {
    let said = promtool(&["check", "rules", file("docs/alerts.yml").to_str().unwrap()], b"");
    let count = values(&alerts(), "alert").len();
    assert!(count > 5 && said.contains(&format!("SUCCESS: {count} rules found")), "{said}");
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let text = alerts();
    let count = values(&text, "alert").len();
    for key in ["expr", "for", "severity", "summary", "description"] {
        assert_eq!(values(&text, key).len(), count, "{key}");
    }
    for severity in values(&text, "severity") {
        assert!(["critical", "warning"].contains(&severity), "{severity}");
    }
}

#[test]
fn every_alert_fires_when_it_should_and_is_silent_otherwise() {
    promtool(&["test", "rules", file("tests/alerts_test.yml").to_str().unwrap()], b"");
    let tests = fs::read_to_string(file("tests/alerts_test.yml")).unwrap();
    let text = alerts();
    let rules = values(&text, "alert");
    assert!(!rules.is_empty());
    for rule in rules {
        let looks = tests.matches(&format!("alertname: {rule}\n")).count();
        let silent = tests.matches(&format!("alertname: {rule}\n        exp_alerts: []")).count();
        assert!(silent > 0 && looks > silent, "{rule}: looked at {looks} times, {silent} times for nothing");
    }
}

#[test]
fn every_expression_of_the_dashboard_can_be_evaluated() {
    let scratch = Scratch::new();
    let expressions = dashboard();
    assert!(expressions.len() > 10);
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, expr) in expressions.iter().enumerate() {
        assert!(!expr.contains('$'), "a variable that nobody replaces: {expr}");
        writeln!(rules, "      - record: r{number}\n        expr: {}", Value::from(expr.as_str())).unwrap();
    }
    let path = scratch.join("rules.yml");
    fs::write(&path, rules).unwrap();
    promtool(&["check", "rules", path.to_str().unwrap()], b"");
}

#[test]
fn dashboard_and_alerts_use_names_that_a_running_bridge_has() {
    let site = site();
    let metrics = workload(&site.bridge, &site.sshd);
    let mut known = metrics.names();
    known.extend(OF_PROMETHEUS);
    known.insert(ONLY_WITH_TLS);
    let text = alerts();
    let mut used = 0;
    for expr in dashboard().iter().map(String::as_str).chain(values(&text, "expr")) {
        let names = names(expr);
        assert!(!names.is_empty(), "no name of ours in {expr}");
        for name in names {
            used += 1;
            assert!(known.contains(name.as_str()), "{name} of {expr} is not exposed");
        }
    }
    assert!(used > 20, "{used}");
}
