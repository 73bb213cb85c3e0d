"""What is inside the binary: the packages of cargo that it is linked from, and those of npm that are in its page.

For `sbom.py` and `notices.py`. From the lock files and what cargo says of them, with all features, for Linux on each
architecture that is released. What only tests, benches and builds of the page use is left out.
"""

import base64
import json
import os
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
# vite's loads a part of the page when it is wanted, rolldown's makes one object of what such a part exports.
HELPERS = ["node_modules/vite", "node_modules/rolldown"]


@dataclass
class Part:
    """A package at a version. `folder` has its sources, and with them the text of its licence."""

    kind: str
    name: str
    version: str
    license: str | None
    folder: Path
    hash: tuple[str, str] | None = None
    needs: list[str] = field(default_factory=list)

    @property
    def purl(self):
        return f"pkg:{self.kind}/{self.name.replace('@', '%40', 1)}@{self.version}"


def cargo(command, *arguments):
    program = os.environ.get("CARGO", "cargo")
    arguments = [command, "--locked", "--all-features", *arguments]
    return subprocess.run([program, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked():
    """The names and versions of what is built, as `cargo tree` has them: `cargo metadata` knows features less exactly, and
    lists what no build compiles."""
    found = set()
    for target in TARGETS:
        tree = cargo("tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}", "--target", target)
        # "serde_derive v1.0.229 (proc-macro)"
        found |= {tuple(line.split(" ")[:2]) for line in tree.splitlines()}
    return {(name, version.removeprefix("v")) for name, version in found}


def crates():
    """The package itself, and the crates that it is linked from."""
    # Without the filter it would fetch what only other systems build.
    filters = [word for target in TARGETS for word in ("--filter-platform", target)]
    described = json.loads(cargo("metadata", "--format-version", "1", *filters))
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(it["name"], it["version"]): it["checksum"] for it in locked if "checksum" in it}
    inside = linked()
    packages = [it for it in described["packages"] if (it["name"], it["version"]) in inside]
    parts = {package["id"]: crate(package, checksums) for package in packages}
    for node in described["resolve"]["nodes"]:
        if node["id"] in parts:
            needs = {it["pkg"] for it in node["deps"] if any(kind["kind"] != "dev" for kind in it["dep_kinds"])}
            parts[node["id"]].needs = sorted(parts[it].purl for it in needs & parts.keys())
    root = parts.pop(described["resolve"]["root"])
    return root, sorted(parts.values(), key=lambda part: part.purl)


def crate(entry, checksums):
    name, version = entry["name"], entry["version"]
    # Before SPDX had expressions, crates wrote a slash for "or".
    license = (entry["license"] or "").replace("/", " OR ") or None
    checksum = checksums.get((name, version))
    folder = Path(entry["manifest_path"]).parent
    return Part("cargo", name, version, license, folder, checksum and ("SHA-256", checksum))


def page():
    """The npm packages in the page: what `web/app` depends on, from outside, and what the tools that build it put in."""
    web = ROOT / "web"
    locked = json.loads((web / "package-lock.json").read_text())["packages"]
    needs, waiting = {}, ["app", "client", *HELPERS]
    while waiting:
        path = waiting.pop()
        # Of a tool its helper alone is in the page, and nothing that the tool itself depends on.
        needed = [] if path in HELPERS else locked[path].get("dependencies", {})
        needs[path] = [f"node_modules/{name}" for name in needed]
        waiting.extend(it for it in needs[path] if it not in needs and not locked[it].get("link"))
    from_outside = {path for path in needs if path.startswith("node_modules/")}
    parts = {path: npm_part(path, locked[path], web) for path in from_outside}
    for path, part in parts.items():
        part.needs = sorted(parts[it].purl for it in needs[path])
    return sorted(parts.values(), key=lambda part: part.purl)


def npm_part(path, entry, web):
    algorithm, digest = entry["integrity"].split("-", 1)
    if algorithm != "sha512":
        raise ValueError(f"{path}: what is {algorithm} called in a bill of materials?")
    name = path.removeprefix("node_modules/")
    digest = ("SHA-512", base64.b64decode(digest).hex())
    return Part("npm", name, entry["version"], entry["license"], web / path, digest)
