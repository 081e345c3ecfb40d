"""Brings the JSON Schemas of the Kubernetes objects in `deploy/kubernetes` into tests/data, without their descriptions.

Give it the folder `kubernetes_validate` of the package kubernetes-validate, whose schemas are made from Kubernetes' own
OpenAPI document: `pip install --target DIR kubernetes-validate`, then DIR/kubernetes_validate.
"""

import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "tests" / "data" / "kubernetes"
VERSION = "1.37.0"
KINDS = (
    "io.k8s.api.apps.v1.StatefulSet",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
)


def without_descriptions(schema):
    """Return a schema as it is, but for what is said in words; a member called `description` stays."""
    if isinstance(schema, list):
        return [without_descriptions(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {each: without_descriptions(part) for each, part in value.items()}
        if name == "properties"
        else without_descriptions(value)
        for name, value in schema.items()
        if name != "description"
    }


def main(package: Path):
    folder = package / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
    known = json.loads((folder / "_definitions.json").read_text())["$defs"]
    taken, todo = {}, list(KINDS)
    while todo:
        name = todo.pop()
        if name not in taken:
            text = json.dumps(without_descriptions(known[name])).replace("/api/_definitions.json#/", "#/")
            taken[name] = json.loads(text)
            todo += re.findall(r'"#/\$defs/([^"]+)"', text)
    TARGET.mkdir(exist_ok=True)
    document = {"$defs": dict(sorted(taken.items()))}
    (TARGET / "schemas.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    (TARGET / "README.md").write_text(
        f"JSON Schemas of four kinds of Kubernetes {VERSION} and what they refer to, in which unknown members are\n"
        "refused, from the package kubernetes-validate (both Apache-2.0), as `scripts/vendor_kubernetes_schemas.py`\n"
        "wrote them: without descriptions.\n"
    )
    print(f"{len(taken)} schemas in {TARGET}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
