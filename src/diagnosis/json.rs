//! A diagnosis as one JSON document. Its form is described in docs/check.md, and only grows.

use serde_json::{Value, json};

use super::step::{Report, Step};

/// The document, without a line break at its end.
pub fn document(report: &Report) -> Value {
    let upstreams: Vec<Value> = report
        .upstreams
        .iter()
        .map(|upstream| {
            json!({
                "name": upstream.name,
                "address": upstream.address,
                "ok": upstream.failure().is_none(),
                "steps": steps(&upstream.steps),
            })
        })
        .collect();
    json!({
        "ok": report.is_ok(),
        "config": {
            "file": report.file.as_ref().map(|file| file.display().to_string()),
            "steps": steps(&report.setting),
        },
        "upstreams": upstreams,
    })
}

fn steps(steps: &[Step]) -> Vec<Value> {
    steps.iter().map(step).collect()
}

fn step(step: &Step) -> Value {
    // Whole microseconds: more would be noise.
    let milliseconds = step.took.map(|took| took.as_micros() as f64 / 1000.0);
    let advice = step.advice.as_ref();
    json!({
        "step": step.name.word(),
        "status": step.status.word(),
        "milliseconds": milliseconds,
        "found": step.found,
        "cause": advice.map(|advice| &advice.cause),
        "remedy": advice.map(|advice| &advice.remedy),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::step::{Advice, StepName, UpstreamReport};
    use std::time::Duration;

    #[test]
    fn the_form_is_the_one_that_is_promised() {
        let took = Some(Duration::from_nanos(1_234_567));
        let failed = Step::failed(StepName::HostKey, took, "found", Advice::new("cause", "remedy"));
        let report = Report {
            file: Some("/etc/proxy.toml".into()),
            setting: vec![Step::ok(StepName::File, None, "fine")],
            upstreams: vec![UpstreamReport {
                name: "main".to_owned(),
                address: "host:22".to_owned(),
                steps: vec![failed],
            }],
        };
        let expected = json!({
            "ok": false,
            "config": {
                "file": "/etc/proxy.toml",
                "steps": [{ "step": "file", "status": "ok", "milliseconds": null, "found": "fine",
                            "cause": null, "remedy": null }],
            },
            "upstreams": [{
                "name": "main", "address": "host:22", "ok": false,
                "steps": [{ "step": "host_key", "status": "failed", "milliseconds": 1.234, "found": "found",
                            "cause": "cause", "remedy": "remedy" }],
            }],
        });
        assert_eq!(document(&report), expected);
    }
}
