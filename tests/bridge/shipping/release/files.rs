//! The archive, the chart, and the checksums of all.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{
    LONG, VERSION, archive, dist, make_dist, name, names, nothing_private, ours, python, sh, tar_lines,
    unpack,
};
use crate::support::files::Scratch;
use crate::support::podman::{program, root};
use crate::support::process::{Said, run};

fn sums(folder: &Path) -> String {
    fs::read_to_string(folder.join("SHA256SUMS")).unwrap()
}

/// As docs/releasing.md tells those who downloaded some of the files.
fn check_sums(folder: &Path) -> Said {
    sh("sha256sum --check --ignore-missing SHA256SUMS", folder)
}

#[test]
fn the_checksums_name_every_file() {
    let listed: Vec<String> =
        sums(dist()).lines().map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect();
    let mut there: Vec<String> = fs::read_dir(dist())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "SHA256SUMS")
        .collect();
    there.sort();
    assert_eq!(listed, there);
    for kind in ["-linux.tar.gz", ".deb", ".crate", ".tgz", ".cdx.json"] {
        assert!(there.iter().any(|name| name.ends_with(kind)), "no {kind} in {there:?}");
    }
    // Where `make dist` has them, seen from the root of the repository.
    let repository = Scratch::new();
    fs::create_dir(repository.join("target")).unwrap();
    symlink(dist(), repository.join("target/dist")).unwrap();
    sh("cd target/dist && sha256sum --check SHA256SUMS", repository.path()).ok();
}

#[test]
fn a_changed_download_is_found() {
    let downloads = Scratch::new();
    let bill = format!("sftpbridge-{VERSION}.cdx.json");
    for name in [&bill, "SHA256SUMS"] {
        fs::copy(dist().join(name), downloads.join(name)).unwrap();
    }
    assert_eq!(check_sums(downloads.path()).ok().stdout, format!("{bill}: OK\n"));
    let mut bytes = fs::read(downloads.join(&bill)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(downloads.join(&bill), bytes).unwrap();
    assert!(!check_sums(downloads.path()).status.success());
}

#[test]
fn made_again_elsewhere_every_file_has_the_same_bytes() {
    let again = Scratch::new();
    dist();
    make_dist(again.path());
    assert_eq!(sums(again.path()), sums(dist()));
}

#[test]
fn the_archive_has_all_that_one_needs_and_belongs_to_nobody() {
    let (folder, lines) = (unpack(&archive()), tar_lines(&archive()));
    let prefix = format!("sftpbridge-{VERSION}-{}-linux/", std::env::consts::ARCH);
    let names = names(&archive());
    for file in [
        "sftpbridge",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "THIRD-PARTY",
        "proxy.toml",
        "completions/sftpbridge.bash",
        "completions/_sftpbridge",
        "completions/sftpbridge.fish",
        "man/sftpbridge.1",
        "man/sftpbridge-serve.1",
        "systemd/sftpbridge.service",
    ] {
        assert!(names.contains(&format!("{prefix}{file}")), "no {file} in {names:?}");
        assert!(fs::metadata(folder.join(file)).unwrap().len() > 0, "{file} is empty");
    }
    assert!(names.is_sorted(), "{names:?}");
    nothing_private(&names);
    let times: std::collections::BTreeSet<_> = lines
        .iter()
        .map(|line| line.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(times.len(), 1, "one time for all: {times:?}");
    for line in &lines {
        let wanted = if name(line).ends_with('/') || name(line).ends_with("/sftpbridge") {
            "rwxr-xr-x"
        } else {
            "rw-r--r--"
        };
        assert!(line[1..].starts_with(wanted) && line.contains(" 0/0 "), "{line}");
    }
    assert_eq!(fs::read(folder.join("sftpbridge")).unwrap(), fs::read(program()).unwrap());
    let said = run(Command::new(folder.join("sftpbridge")).arg("--version"), b"", LONG).ok();
    assert_eq!(said.stdout.trim(), format!("sftpbridge {VERSION}"));
}

#[test]
fn without_the_binary_it_says_what_to_run() {
    let empty = Scratch::new();
    let mut dist = Command::new(root().join(".ci/dist"));
    let said = run(dist.env("CARGO_TARGET_DIR", empty.path()).arg(empty.path()), b"", LONG);
    assert!(!said.status.success() && said.stderr.contains("run: make image"), "{}", said.stderr);
    assert!(ours(".ci/release.py", &["version"]).ok().stdout.trim() == VERSION);
}

#[test]
fn make_dist_builds_the_rest_first() {
    let said = sh("make --dry-run dist", root()).ok().stdout;
    let at = |command: &str| said.find(command).unwrap_or_else(|| panic!("no {command} in {said}"));
    let last = at("\n.ci/dist\n");
    assert!(
        at("tests/container/build.sh") < last && at("npm run --silent --prefix web build") < last,
        "{said}"
    );
}

#[test]
fn the_packed_chart_renders_as_its_folder_does() {
    let chart = dist().join(format!("sftpbridge-chart-{VERSION}.tgz"));
    let names = names(&chart);
    assert!(!names.iter().any(|name| name.contains("/ci/")), "what .helmignore names: {names:?}");
    let rendered = |chart: &Path| {
        let values = "docker/helm/sftpbridge/ci/everything-values.yaml";
        run(python("python").args(["tests/python/kubernetes.py", "render"]).arg(chart).arg(values), b"", LONG)
    };
    let packed = rendered(&chart).ok().stdout;
    assert!(packed.contains("Deployment"), "{packed}");
    assert_eq!(packed, rendered(&root().join("docker/helm/sftpbridge")).ok().stdout);
}
