#!/usr/bin/env python3
"""What the binary is made of, as CycloneDX 1.5 in JSON (https://cyclonedx.org/docs/1.5/json/).

The same lock files give the same bytes, and nothing is fetched that a build does not need too.

usage: .ci/sbom.py > sbom.cdx.json
"""

import json
import sys
import uuid

sys.dont_write_bytecode = True
import parts


def component(part, kind="library"):
    described = {
        "type": kind,
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    }
    if part.license:
        described["licenses"] = [{"expression": part.license}]
    if part.hash:
        algorithm, content = part.hash
        described["hashes"] = [{"alg": algorithm, "content": content}]
    return described


def main():
    root, crates = parts.crates()
    page = parts.page()
    # The binary carries the page whole, and so all that is in it.
    root.needs = sorted([*root.needs, *(part.purl for part in page)])
    components = [component(part) for part in [*crates, *page]]
    dependencies = [{"ref": part.purl, "dependsOn": part.needs} for part in [root, *crates, *page]]
    described = json.dumps([components, dependencies])
    json.dump(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, described)}",
            "version": 1,
            "metadata": {"component": component(root, "application")},
            "components": components,
            "dependencies": dependencies,
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
