//! One version everywhere; workflows that GitHub takes, and that call what is there; scripts without what shellcheck knows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{LONG, VERSION, ours, python, text};
use crate::support::files::Scratch;
use crate::support::podman::root;
use crate::support::process::{Said, run, tool};

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

/// The part of the repository that `.ci/release.py check` reads, with a version that is released.
fn released(change: impl Fn(&str, String) -> String) -> Scratch {
    let copy = Scratch::new();
    for file in [
        ".ci/release.py",
        "Cargo.toml",
        "CHANGELOG.md",
        "web/client/CHANGELOG.md",
        "web/client/package.json",
        "web/app/package.json",
        "docker/Dockerfile",
        "docker/debian/changelog",
        "docker/helm/sftpbridge/Chart.yaml",
    ] {
        let heading = format!("## [{VERSION}] - 2026-01-31");
        let text = text(file).replacen("## [Unreleased]", &heading, 1);
        let place = copy.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, change(file, text)).unwrap();
    }
    copy
}

fn check(copy: &Scratch, tag: &str, repository: &str) -> Said {
    let mut command = Command::new(tool("python3"));
    command.arg(copy.join(".ci/release.py")).args(["check", tag]).env("GITHUB_REPOSITORY", repository);
    run(&mut command, b"", LONG)
}

#[track_caller]
fn refused(copy: &Scratch, tag: &str, repository: &str, reason: &str) {
    let said = check(copy, tag, repository);
    assert!(!said.status.success() && said.stderr.contains(reason), "no {reason} in: {}", said.stderr);
}

#[test]
fn one_version_and_one_repository_everywhere_are_released_and_others_anywhere_are_not() {
    let (tag, ours) = (format!("v{VERSION}"), "OWNER/sftpbridge");
    let as_it_is = released(|_, text| text);
    check(&as_it_is, &tag, ours).ok();
    for file in [
        "web/client/package.json",
        "web/app/package.json",
        "docker/Dockerfile",
        "docker/debian/changelog",
        "docker/helm/sftpbridge/Chart.yaml",
    ] {
        let changed =
            released(|name, text| if name == file { text.replacen(VERSION, "7.7.7", 1) } else { text });
        refused(&changed, &tag, ours, file);
    }
    refused(&as_it_is, "v7.7.7", ours, "the tag is v7.7.7");
    let unreleased =
        released(|_, text| text.replacen(&format!("## [{VERSION}] - 2026-01-31"), "## [Unreleased]", 1));
    refused(&unreleased, &tag, ours, "has no heading");
    refused(&as_it_is, &tag, "somebody/else", "should be https://github.com/somebody/else");
    let client = "web/client/package.json";
    let torn = released(|name, text| if name == client { text.replace("OWNER", "somebody") } else { text });
    // Empty as at home, where GitHub says nothing.
    refused(&torn, &tag, "", client);
}

#[test]
fn the_notes_are_what_the_change_log_says_of_the_version() {
    let copy =
        released(
            |name, text| {
                if name == "CHANGELOG.md" { text + "\n## [0.0.1] - 2020-01-01\n\nOld.\n" } else { text }
            },
        );
    let said =
        run(Command::new(tool("python3")).arg(copy.join(".ci/release.py")).arg("notes"), b"", LONG).ok();
    assert!(said.stdout.contains("### Added") && !said.stdout.contains("Old."), "{}", said.stdout);
}

#[test]
fn github_takes_the_workflows_and_dependabot_its_list() {
    let schema = |name: &str, files: &[&str]| {
        run(python("check-jsonschema").args(["--builtin-schema", name]).args(files), b"", LONG)
    };
    schema("vendor.github-workflows", &WORKFLOWS).ok();
    schema("vendor.dependabot", &[".github/dependabot.yml"]).ok();
    let wrong = Scratch::new();
    let file = wrong.join("wrong.yml");
    fs::write(&file, text(WORKFLOWS[0]).replace("runs-on:", "runs-at:")).unwrap();
    assert!(!schema("vendor.github-workflows", &[file.to_str().unwrap()]).status.success());
}

fn jobs(workflow: &str) -> Vec<Value> {
    const TO_JSON: &str = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let said = run(python("python").args(["-c", TO_JSON, workflow]), b"", LONG).ok();
    let workflow: Value = serde_json::from_str(&said.stdout).unwrap();
    workflow["jobs"].as_object().unwrap().values().cloned().collect()
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

/// What somebody else may choose, such as the name of a branch, comes into a script as a variable, or it could be one.
#[test]
fn no_script_of_a_workflow_has_an_expression_in_it() {
    for job in WORKFLOWS.iter().flat_map(|workflow| jobs(workflow)) {
        for script in steps(&job).filter_map(|step| step["run"].as_str()) {
            assert!(!script.contains("${{"), "{script}");
        }
    }
}

/// A build runs what hundreds of packages brought along. Whatever runs in a job that may sign, publish or write could do that,
/// too.
#[test]
fn no_job_that_may_publish_builds_anything() {
    let may_write = |job: &Value| {
        job["permissions"].as_object().is_some_and(|may| may.values().any(|access| access == "write"))
    };
    let publishing: Vec<Value> = jobs(WORKFLOWS[1]).into_iter().filter(may_write).collect();
    assert!(publishing.len() >= 5, "the reader of this test is broken");
    for script in publishing.iter().flat_map(steps).filter_map(|step| step["run"].as_str()) {
        for build in
            ["make ", "npm ci", "npm install", "npm run", "cargo build", "cargo install", "docker build "]
        {
            assert!(!script.contains(build), "{script}");
        }
        for line in script.lines().filter(|line| line.contains("cargo p")) {
            assert!(line.contains("--no-verify"), "it compiles: {line}");
            assert!(line.contains("--allow-dirty"), "cargo would refuse the page, which git ignores: {line}");
        }
    }
}

#[test]
fn the_workflows_pin_their_actions_and_call_what_is_there() {
    let makefile = text("Makefile");
    let (mut actions, mut calls) = (0, 0);
    let jobs: Vec<Value> = WORKFLOWS.iter().flat_map(|workflow| jobs(workflow)).collect();
    for step in jobs.iter().flat_map(steps) {
        if let Some(action) = step["uses"].as_str() {
            let (_, commit) = action.split_once('@').unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|it| it.is_ascii_hexdigit()), "{action}");
            actions += 1;
        }
        let script = step["run"].as_str().unwrap_or_default();
        shellcheck("-", format!("set -e # as GitHub has it\n{script}").as_bytes()).ok();
        for line in script.lines().map(str::trim) {
            if let Some(target) = line.strip_prefix("make ") {
                assert!(makefile.contains(&format!("\n{target}:")), "{line}");
                calls += 1;
            } else if let Some(program) = line.split(' ').next().filter(|word| word.starts_with(".ci/")) {
                assert!(root().join(program).is_file(), "{line}");
                calls += 1;
            }
        }
    }
    assert!(
        actions > 10 && calls > 3,
        "{actions} actions and {calls} calls: the reader of this test is broken"
    );
}

fn shellcheck(file: &str, script: &[u8]) -> Said {
    run(Command::new(tool("shellcheck")).args(["--shell=bash", file]), script, LONG)
}

/// Those that begin with `#!` and a shell, of all that git has.
fn scripts() -> Vec<PathBuf> {
    let said = run(Command::new(tool("git")).args(["ls-files"]).current_dir(root()), b"", LONG).ok();
    let shells = ["#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash"];
    let is_script = |file: &PathBuf| {
        let start = fs::read(root().join(file)).unwrap_or_default();
        shells.iter().any(|shell| start.starts_with(shell.as_bytes()))
    };
    said.stdout.lines().map(PathBuf::from).filter(is_script).collect()
}

#[test]
fn shellcheck_finds_nothing_in_any_script() {
    let scripts = scripts();
    assert!(scripts.len() > 3, "{scripts:?}");
    run(Command::new(tool("shellcheck")).args(scripts), b"", LONG).ok();
    assert!(!shellcheck("-", b"cd $1\n").status.success(), "shellcheck itself");
    assert!(ours(".ci/release.py", &["nonsense"]).stderr.contains("usage:"));
}
