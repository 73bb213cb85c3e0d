#!/usr/bin/env python3
"""What a release is called, and whether everything agrees on that.

usage: .ci/release.py version     prints the version of Cargo.toml
       .ci/release.py check TAG   fails unless TAG, the packages, the chart and both change logs have one version and one repository
       .ci/release.py notes       prints what CHANGELOG.md says of the version
"""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = "docker/helm/sftpbridge/Chart.yaml"
# "## [0.1.0] - 2026-11-22"
HEADING = re.compile(r"^## \[(?P<version>[^]]+)](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def text(path):
    return (ROOT / path).read_text()


def crate():
    return tomllib.loads(text("Cargo.toml"))["package"]


def versions():
    """Each place that states the version, and what it says."""
    app, client = (json.loads(text(f"web/{package}/package.json")) for package in ("app", "client"))
    yield "web/client/package.json", client["version"]
    yield "web/app/package.json", app["version"]
    yield "web/app/package.json, sftpbridge-client", app["dependencies"]["sftpbridge-client"]
    yield "docker/Dockerfile", re.search(r"^ARG VERSION=(.*)$", text("docker/Dockerfile"), re.MULTILINE)[1]
    yield "docker/debian/changelog", re.match(r"sftpbridge \((.*)-\d+\)", text("docker/debian/changelog"))[1]
    for key in ("version", "appVersion"):
        yield f"{CHART}, {key}", re.search(rf"^{key}: *\"?([^\"\n]+)", text(CHART), re.MULTILINE)[1]


def section(changelog, version):
    """The date of a version and what is written of it, if it is there."""
    headings = list(HEADING.finditer(changelog))
    for heading, after in zip(headings, [*headings[1:], None]):
        if heading["version"] == version:
            return heading["date"], changelog[heading.end() : after and after.start()].strip()
    return None, None


def wrong(tag):
    version = crate()["version"]
    if tag != f"v{version}":
        yield f"the tag is {tag}, and Cargo.toml says {version}"
    for place, stated in versions():
        if stated != version:
            yield f"{place} says {stated}, and Cargo.toml {version}"
    for changelog in ("CHANGELOG.md", "web/client/CHANGELOG.md"):
        date, _ = section(text(changelog), version)
        if not date:
            yield f"{changelog} has no heading such as: ## [{version}] - 2026-01-31"
    yield from wrong_repository()


def wrong_repository():
    """The packages name one repository. Where GitHub runs this it is that one, or they have no provenance from it."""
    client = json.loads(text("web/client/package.json"))["repository"]["url"].removeprefix("git+").removesuffix(".git")
    stated = {"Cargo.toml": crate()["repository"], "web/client/package.json": client}
    here = os.environ.get("GITHUB_REPOSITORY")
    wanted = f"https://github.com/{here}" if here else stated["Cargo.toml"]
    for place, repository in stated.items():
        if repository != wanted:
            yield f"{place} has the repository {repository}, and it should be {wanted}"


def main(arguments):
    match arguments:
        case ["version"]:
            print(crate()["version"])
        case ["check", tag]:
            if found := list(wrong(tag)):
                sys.exit("\n".join(f"release: {line}" for line in found))
        case ["notes"]:
            version = crate()["version"]
            _, notes = section(text("CHANGELOG.md"), version)
            print(notes or sys.exit(f"release: CHANGELOG.md says nothing of {version}"))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
