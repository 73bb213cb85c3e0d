//! What the bill of materials and THIRD-PARTY say is inside the binary.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{LONG, VERSION, dist, listed, ours, python, text};
use crate::support::podman::root;
use crate::support::process::{run, tool};

/// Of both architectures, since a release has one bill of materials.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What cargo says is linked, asked another way than `.ci/parts.py` does.
fn linked() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for target in TARGETS {
        let arguments =
            ["tree", "--locked", "--all-features", "--edges", "normal,build", "--prefix", "none", "--target"];
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let said = run(Command::new(cargo).args(arguments).arg(target).current_dir(root()), b"", LONG).ok();
        let purls = said.stdout.lines().skip(1).filter_map(|line| {
            let (name, version) = line.split_once(" v")?;
            Some(format!("pkg:cargo/{name}@{}", version.split(' ').next()?))
        });
        found.extend(purls);
    }
    found
}

/// The packages whose modules vite put into the page, by its own account: a build that lists them. Helpers of the tools
/// themselves are modules without a file.
fn bundled() -> BTreeSet<String> {
    const SCRIPT: &str = r#"
        import { build } from "vite";
        const { output } = await build({ logLevel: "silent", build: { write: false } });
        const modules = output.flatMap((chunk) => chunk.moduleIds ?? []);
        const part = /(?:node_modules\/|^\0)((?:@[^/]+\/)?[^/]+)\//;
        console.log(JSON.stringify([...new Set(modules.map((id) => id.match(part)?.[1]).filter(Boolean))]));
    "#;
    let app = root().join("web/app");
    let arguments = ["--input-type=module", "--eval", SCRIPT];
    let said = run(Command::new(tool("node")).args(arguments).current_dir(app), b"", LONG).ok();
    let names: Vec<String> = serde_json::from_str(said.stdout.trim()).unwrap();
    let lock: Value = serde_json::from_str(&text("web/package-lock.json")).unwrap();
    let version =
        |name: &str| lock["packages"][format!("node_modules/{name}")]["version"].as_str().unwrap().to_owned();
    names.iter().map(|name| format!("pkg:npm/{}@{}", name.replacen('@', "%40", 1), version(name))).collect()
}

#[test]
fn the_bill_of_materials_is_valid_and_lists_what_is_linked_and_what_is_in_the_page() {
    const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(str(JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read()) or '') or 0)";
    let file = dist().join(format!("sftpbridge-{VERSION}.cdx.json"));
    run(python("python").args(["-c", VALIDATE]).arg(file), b"", LONG).ok();
    let (linked, bundled) = (linked(), bundled());
    assert!(linked.len() > 200 && bundled.len() >= 4, "{} and {}", linked.len(), bundled.len());
    let expected: BTreeSet<String> = linked.union(&bundled).cloned().collect();
    let differ: Vec<_> = expected.symmetric_difference(&listed()).cloned().collect();
    assert!(differ.is_empty(), "in one of both only: {differ:?}");
}

#[test]
fn the_notices_are_those_of_what_is_inside() {
    let notices = text("THIRD-PARTY");
    let named = |purl: &str| {
        let (name, version) = purl.split_once('/').unwrap().1.rsplit_once('@').unwrap();
        let line = format!("\n{} {version} (", name.replace("%40", "@"));
        notices.contains(&line)
    };
    let missing: Vec<_> = listed().into_iter().filter(|purl| !named(purl)).collect();
    assert!(missing.is_empty(), "run `make notices`; without a notice: {missing:?}");
    let again = ours(".ci/notices.py", &[]).ok().stdout;
    assert!(again == notices, "THIRD-PARTY is not what `make notices` makes");
}
