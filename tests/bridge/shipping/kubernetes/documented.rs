//! docs/deployment/kubernetes.md beside the chart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CHART, Objects, ask, root, text_of};

const PAGE: &str = "docs/deployment/kubernetes.md";

/// `a.b` and its default, for all that is no group of further values.
fn leaves(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(group) if !group.is_empty() && path != "resources" => {
            for (name, value) in group {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, into);
            }
        }
        Value::Object(group) if !group.is_empty() => {
            drop(into.insert(path.to_owned(), "see there".to_owned()))
        }
        value => drop(into.insert(path.to_owned(), format!("`{value}`"))),
    }
}

#[test]
fn the_table_of_values_has_each_value_and_its_default() {
    let nothing = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(nothing.path(), "{}").unwrap();
    let defaults = ask(&["merged".as_ref(), &root().join(CHART), nothing.path()]);
    let mut wanted = BTreeMap::new();
    leaves("", &defaults, &mut wanted);
    // Of Helm, for charts within charts.
    wanted.remove("global");
    let page = text_of(PAGE);
    let (_, table) = page.split_once("\n## Values\n").expect("the section");
    let table = table.split("\n## ").next().unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
        Some((cells[0].trim_end_matches('`').to_owned(), cells[1].to_owned()))
    };
    let found: BTreeMap<String, String> = table.lines().filter_map(row).collect();
    assert_eq!(found, wanted);
}

/// A rule for another series, or with another name, would leave the autoscaler without a metric.
#[test]
fn the_rule_for_the_adapter_makes_the_metric_that_the_autoscaler_asks_for() {
    let objects = Objects::of_set("everything");
    let metric = &objects.the("HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["metric"]["name"];
    let page = text_of(PAGE);
    let metric = metric.as_str().unwrap();
    assert!(page.contains(&format!("seriesQuery: '{metric}{{")), "{metric}");
    assert!(page.contains(&format!("name: {{as: {metric}}}")), "{metric}");
}
