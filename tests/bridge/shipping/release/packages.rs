//! The crate and the npm package: what is in them, and that it works by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{LONG, VERSION, dist, names, nothing_private, unpack};
use crate::support::files::Scratch;
use crate::support::podman::root;
use crate::support::process::run;

fn crate_file() -> PathBuf {
    dist().join(format!("sftpbridge-{VERSION}.crate"))
}

/// The program by that name of the toolchain that these tests were built by.
fn toolchain(variable: &str, name: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| name.into()))
}

#[test]
fn the_crate_has_the_page_and_nothing_that_does_not_belong() {
    let names = names(&crate_file());
    let has = |path: &str| names.contains(&format!("sftpbridge-{VERSION}/{path}"));
    for path in [
        "web/app/dist/index.html",
        "web/app/dist/index.html.br",
        "THIRD-PARTY",
        "LICENSE-MIT",
        "Cargo.lock",
        "proxy.toml",
    ] {
        assert!(has(path), "no {path}");
    }
    assert!(names.iter().any(|name| name.contains("/web/app/dist/assets/") && name.ends_with(".js")));
    nothing_private(&names);
    // The registry takes 10 MiB.
    assert!(fs::metadata(crate_file()).unwrap().len() < 4 << 20);
}

/// `cargo publish` builds it to tell. This needs less time, since what it depends on is there already: `make test` runs
/// `cargo check` before.
#[test]
fn the_crate_compiles_from_what_is_in_it_alone() {
    let folder = unpack(&crate_file());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = toolchain("CARGO", "cargo");
    cargo.args(["check", "--locked", "--quiet"]).current_dir(folder.path()).env("CARGO_TARGET_DIR", target);
    run(&mut cargo, b"", LONG).ok();
}

#[test]
fn a_crate_without_the_page_cannot_be_published() {
    // Publishing builds what was packaged first, and `build.rs` stops there. It is all that is left of the crate here.
    let folder = unpack(&crate_file());
    let script = folder.join("build-script");
    let mut compiler = toolchain("RUSTC", "rustc");
    compiler.args(["--edition=2024", "build.rs", "-o"]).arg(&script).current_dir(folder.path());
    run(&mut compiler, b"", LONG).ok();
    let build =
        |folder: &Scratch| run(Command::new(&script).current_dir(folder.path()), b"", LONG).ok().stdout;
    assert!(!build(&folder).contains("cargo::error"), "{}", build(&folder));
    fs::remove_dir_all(folder.join("web/app/dist")).unwrap();
    let said = build(&folder);
    assert!(said.contains("cargo::error=this crate was packaged without the file manager page"), "{said}");
}

#[test]
fn the_npm_package_has_its_licences_and_nothing_that_does_not_belong() {
    let names = names(&npm_package());
    for path in ["package/package.json", "package/dist/index.js", "package/README.md", "package/LICENSE-MIT"]
    {
        assert!(names.iter().any(|name| name == path), "no {path}");
    }
    nothing_private(&names);
}

fn npm_package() -> PathBuf {
    dist().join(format!("sftpbridge-client-{VERSION}.tgz"))
}

/// Where the links of a text lead, those to other places than the file itself and the web.
fn links(text: &str) -> BTreeSet<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

/// Whoever shows the package takes links out of it for links into its folder of the repository.
#[test]
fn the_links_of_the_npm_package_lead_into_the_package_or_the_repository() {
    let folder = unpack(&npm_package());
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let manifest = fs::read_to_string(folder.join("package.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let links = links(&readme);
    assert!(links.len() > 5, "{links:?}");
    let in_repository = root().join(manifest["repository"]["directory"].as_str().unwrap());
    for link in links {
        let base = if link.starts_with("../") { &in_repository } else { folder.path() };
        assert!(base.join(link).exists(), "{link} leads nowhere from {}", base.display());
    }
}
