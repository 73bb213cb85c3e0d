//! docs/metrics.md and `/metrics` say the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{site, workload};

/// What is there only with `[listen.tls]`.
pub const ONLY_WITH_TLS: &str = "sftpbridge_certificate_expiry_timestamp_seconds";

/// The rows of the table: name, type and labels.
fn rows(page: &str) -> Vec<(String, String, BTreeSet<String>)> {
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        let known = name.starts_with("sftpbridge_") || name.starts_with("process_");
        known.then(|| (name.to_owned(), cells[2].to_owned(), words(cells[3])))
    };
    page.lines().filter_map(row).collect()
}

#[test]
fn every_series_is_in_the_table_and_everything_of_the_table_is_there() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    let rows = rows(&page);
    assert!(rows.len() > 15, "{rows:?}");
    let site = site();
    let metrics = workload(&site.bridge, &site.sshd);
    let documented: BTreeSet<(&str, &str)> = rows
        .iter()
        .map(|(name, kind, _)| (name.as_str(), kind.as_str()))
        .filter(|(name, _)| *name != ONLY_WITH_TLS)
        .collect();
    assert_eq!(documented, metrics.families());
    for sample in metrics.samples() {
        let family = |name: &str| rows.iter().find(|(known, _, _)| known == name);
        let bare = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.name.strip_suffix(suffix));
        let (_, _, labels) = family(&sample.name).or_else(|| family(bare?)).expect("a row");
        let found: BTreeSet<String> =
            sample.labels.iter().map(|(name, _)| name.clone()).filter(|name| name != "le").collect();
        assert_eq!(&found, labels, "{}", sample.name);
    }
}

#[test]
fn every_name_of_a_refusal_is_in_the_page() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    assert!(!sftpbridge::refusal::Refusal::EACH.is_empty());
    for refusal in sftpbridge::refusal::Refusal::EACH {
        assert!(page.contains(&format!("`{}`", refusal.name())), "{} is missing", refusal.name());
    }
}
