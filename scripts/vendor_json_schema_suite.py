"""Brings the official JSON Schema test suite, draft 2020-12, into tests/data: one line a group, as it is in the suite.

Give it a checkout of json-schema-org/JSON-Schema-Test-Suite. Not taken: the tests of formats as assertions, which the
draft leaves open (here a format is a remark).
"""

import json
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "tests" / "data" / "json_schema_suite"


def main(checkout: Path):
    base = checkout / "tests" / "draft2020-12"
    lines = []
    for path in [*sorted(base.glob("*.json")), *sorted(base.glob("optional/*.json"))]:
        for group in json.loads(path.read_text()):
            tests = [[test["description"], test["data"], test["valid"]] for test in group["tests"]]
            kept = {"file": str(path.relative_to(base).with_suffix("")), "description": group["description"]}
            lines.append(json.dumps(kept | {"schema": group["schema"], "tests": tests}, separators=(",", ":")))
    TARGET.mkdir(exist_ok=True)
    (TARGET / "draft2020-12.ndjson").write_text("\n".join(lines) + "\n")
    (TARGET / "LICENSE").write_bytes((checkout / "LICENSE").read_bytes())
    commit = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    (TARGET / "README.md").write_text(
        "The official JSON Schema test suite, draft 2020-12, from\n"
        f"github.com/json-schema-org/JSON-Schema-Test-Suite at {commit.stdout.strip()[:12]} (MIT, see LICENSE):\n"
        "one group of tests a line, as `scripts/vendor_json_schema_suite.py` wrote it. Without the tests of formats as\n"
        "assertions.\n"
    )
    print(f"{len(lines)} groups in {TARGET}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
