#!/usr/bin/env python3
"""For tests/bridge/shipping/kubernetes.rs: charts linted and rendered, documents held against the schemas of Kubernetes.

  kubernetes.py render CHART VALUES.yaml     stdout: {"findings": [...], "documents": [...], "notes": "..."}
  kubernetes.py documents FILE.yaml          stdout: {"findings": [...], "documents": [...]}
  kubernetes.py merged CHART VALUES.yaml     stdout: the values as the templates see them

`findings` is what is wrong with them. Values that the chart refuses are exit code 1, with the reason on stderr.
"""

import json
import sys
from pathlib import Path

import helm_python as helm
import jsonschema
import kubernetes_validate
import yaml

# The oldest that the chart takes, and the newest that there are schemas for.
VERSIONS = ["1.30", "1.37"]

# Kinds that Kubernetes does not have by itself.
CUSTOM = {"ServiceMonitor": Path(__file__).with_name("servicemonitor.schema.json")}


class NoDuplicates(yaml.SafeLoader):
    """A key that comes twice is an error, and not the second one."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def documents_of(text):
    return [document for document in yaml.load_all(text, NoDuplicates) if document]


def findings_of(document):
    """What the schemas have against a document."""
    name = f"{document['kind']} {document['metadata']['name']}"
    if document["kind"] in CUSTOM:
        schema = json.loads(CUSTOM[document["kind"]].read_text())
        errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
        return [f"{name}: {error.json_path}: {error.message}" for error in errors]
    found = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{name}: {version}: {error.json_path}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            found.append(f"{name}: {error.message}")
    return found


def checked(documents):
    return {"findings": [finding for each in documents for finding in findings_of(each)], "documents": documents}


def render(chart, values):
    values = yaml.load(Path(values).read_text(), NoDuplicates)
    with helm.Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        files = loaded.render(values, name="demo", namespace="files")
    notes = next((text for name, text in files.items() if name.endswith("NOTES.txt")), "")
    manifests = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    result = checked([document for text in manifests for document in documents_of(text)])
    # 2 is a warning. Helm recommends an icon, which is information (1).
    linted = helm.lint(chart, values, strict=True, kube_version="v1.30.0")
    result["findings"] += [f"lint: {m['path']}: {m['error']}" for m in linted["messages"] if m["severity"] >= 2]
    return result | {"notes": notes}


def merged(chart, values):
    with helm.Chart.load(chart) as loaded:
        return loaded.merge_values(yaml.load(Path(values).read_text(), NoDuplicates))


def main():
    command, *arguments = sys.argv[1:]
    try:
        match command:
            case "render":
                result = render(*arguments)
            case "merged":
                result = merged(*arguments)
            case "documents":
                result = checked(documents_of(Path(*arguments).read_text()))
            case _:
                sys.exit(f"unknown: {command}")
    except helm.HelmError as error:
        sys.exit(str(error))
    json.dump(result, sys.stdout)


main()
