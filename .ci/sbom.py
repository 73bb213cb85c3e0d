#!/usr/bin/env python3
"""The packages that the binary is built from, as CycloneDX 1.5 in JSON (https://cyclonedx.org/docs/1.5/json/).

From Cargo.lock and what cargo says of it, with all features, for Linux. What only tests and benches use is left out,
and nothing is fetched that a build does not need too. The same lock file gives the same bytes.

usage: .ci/sbom.py > sbom.cdx.json
"""

import json
import os
import subprocess
import sys
import tomllib
import uuid

TARGET = "x86_64-unknown-linux-gnu"


def metadata():
    cargo = os.environ.get("CARGO", "cargo")
    arguments = ["metadata", "--locked", "--all-features", "--format-version", "1", "--filter-platform", TARGET]
    return json.loads(subprocess.run([cargo, *arguments], check=True, stdout=subprocess.PIPE).stdout)


def built_with(resolve):
    """What each package needs to be built and to run, for those that the root needs."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    needs, waiting = {}, [resolve["root"]]
    while waiting:
        package = waiting.pop()
        if package in needs:
            continue
        kinds = lambda dependency: {kind["kind"] for kind in dependency["dep_kinds"]}
        needs[package] = sorted(it["pkg"] for it in nodes[package]["deps"] if kinds(it) - {"dev"})
        waiting.extend(needs[package])
    return needs


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums, kind="library"):
    described = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        # Before SPDX had expressions, crates wrote a slash for "or".
        described["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return described


def main():
    found = metadata()
    with open(os.path.join(found["workspace_root"], "Cargo.lock"), "rb") as lock:
        locked = tomllib.load(lock)["package"]
    checksums = {(it["name"], it["version"]): it["checksum"] for it in locked if "checksum" in it}
    packages = {package["id"]: package for package in found["packages"]}
    needs, root = built_with(found["resolve"]), found["resolve"]["root"]
    components = [component(packages[it], checksums) for it in sorted(needs, key=lambda it: purl(packages[it])) if it != root]
    dependencies = [
        {"ref": purl(packages[it]), "dependsOn": sorted(purl(packages[need]) for need in needs[it])}
        for it in sorted(needs, key=lambda it: purl(packages[it]))
    ]
    described = json.dumps([components, dependencies])
    json.dump(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, described)}",
            "version": 1,
            "metadata": {"component": component(packages[root], checksums, "application")},
            "components": components,
            "dependencies": dependencies,
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
