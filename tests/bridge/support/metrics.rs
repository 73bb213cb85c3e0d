//! Prometheus' text format, read by hand: an oracle for the crate that writes it.

use std::collections::BTreeSet;

use super::bridge::Bridge;
use super::wait::{SOON, wait_for};

/// What `/metrics` said once.
pub struct Metrics {
    pub text: String,
    samples: Vec<Sample>,
}

pub struct Sample {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Metrics {
    #[track_caller]
    pub fn of(bridge: &Bridge) -> Metrics {
        let answer = bridge.admin("/metrics").send();
        assert_eq!(answer.status, 200);
        let text = answer.body();
        let samples =
            text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect();
        Metrics { text, samples }
    }

    /// The sum of all series of this name that have these labels; 0 where there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample, (name, value): &(&str, &str)| {
            sample.labels.iter().any(|(label, found)| label == name && found == value)
        };
        let name = format!("sftpbridge_{name}");
        let fits = self.samples.iter().filter(|sample| sample.name == name);
        fits.filter(|sample| labels.iter().all(|label| has(sample, label))).map(|sample| sample.value).sum()
    }

    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Of the samples: those of histograms have their suffixes.
    pub fn names(&self) -> BTreeSet<&str> {
        self.samples.iter().map(|sample| sample.name.as_str()).collect()
    }

    /// Of the families, from `# TYPE`, with their types.
    pub fn families(&self) -> BTreeSet<(&str, &str)> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| line.split_once(' ').expect("name and type")).collect()
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').expect("a series and its value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').expect("a closing brace");
    let labels = labels.split_terminator("\",").map(|label| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().expect("a number") }
}

impl Bridge {
    /// Waits until `/metrics` has this sum, and gives all of it.
    #[track_caller]
    pub fn wait_metric(&self, name: &str, labels: &[(&str, &str)], value: f64) -> Metrics {
        let mut last = f64::NAN;
        let found = super::wait::poll(SOON, || {
            let metrics = Metrics::of(self);
            last = metrics.sum(name, labels);
            (last == value).then_some(metrics)
        });
        found.unwrap_or_else(|| panic!("{name} {labels:?} is {last}, and never {value}"))
    }

    /// Waits until nothing of what is counted as present is there any more.
    #[track_caller]
    pub fn wait_nobody(&self) {
        wait_for("every gauge to be back at 0", SOON, || {
            let metrics = Metrics::of(self);
            let gauges = ["sessions", "sessions_parked", "conversations", "connections"];
            gauges.iter().all(|name| metrics.sum(name, &[]) == 0.0).then_some(())
        });
    }
}

#[test]
fn a_line_is_read_with_and_without_labels() {
    let read = sample("a_bucket{class=\"read\",le=\"+Inf\"} 3");
    assert_eq!((read.name.as_str(), read.labels.len(), read.value), ("a_bucket", 2, 3.0));
    assert_eq!(read.labels[1], ("le".to_owned(), "+Inf".to_owned()));
    assert_eq!((sample("b 0.5").labels.len(), sample("b 0.5").value), (0, 0.5));
}
