"""The official JSON Schema test suite (draft 2020-12): as a table's own schema, and as that of a member.

What cannot be as the suite has it is written down with the reason; a reason that no longer holds fails a test.
"""

import json
from itertools import groupby
from pathlib import Path

import pytest

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.inside import InsideClient
from tests.problems import assert_problem

SUITE = Path(__file__).parent.parent / "data" / "json_schema_suite" / "draft2020-12.ndjson"
GROUPS = [json.loads(line) for line in SUITE.read_text().splitlines()]
FILES = {name: list(groups) for name, groups in groupby(GROUPS, lambda group: group["file"])}

OFFLINE = "leads out of the document", "a schema is one document; nothing is fetched"
DIALECT = "'$schema' is", "the standard's own dialect alone"
RANGE = "64 bits", "an integer that no JSON number here can hold"
NO_OBJECT = (
    "'schema' is a JSON Schema as an object",
    "a definition's schema is an object; true says nothing, false too much",
)

REFUSED = {
    ("dynamicRef", "strict-tree schema, guards against misspelled properties"): OFFLINE,
    ("dynamicRef", "tests for implementation dynamic anchor and reference link"): OFFLINE,
    ("dynamicRef", "$ref and $dynamicAnchor are independent of order - $defs first"): OFFLINE,
    ("dynamicRef", "$ref and $dynamicAnchor are independent of order - $ref first"): OFFLINE,
    ("dynamicRef", "$ref to $dynamicRef finds detached $dynamicAnchor"): OFFLINE,
    **{("refRemote", group["description"]): OFFLINE for group in FILES["refRemote"]},
    ("vocabulary", "schema that uses custom metaschema with with no validation vocabulary"): DIALECT,
    ("vocabulary", "ignore unrecognized optional vocabulary"): DIALECT,
    ("optional/format-assertion", "schema that uses custom metaschema with format-assertion: false"): DIALECT,
    ("optional/format-assertion", "schema that uses custom metaschema with format-assertion: true"): DIALECT,
    ("optional/cross-draft", "refs to historic drafts are processed as historic drafts"): OFFLINE,
    ("optional/bignum", "maximum integer comparison"): RANGE,
    ("optional/bignum", "minimum integer comparison"): RANGE,
}


def is_too_large(value):
    return type(value) is int and not -(2**63) <= value < 2**63


def member_schema(schema):
    """Return a schema whose member `v` must satisfy another, in which references stay what they were."""
    inner = schema if isinstance(schema, bool) or "$id" in schema else {"$id": "https://suite.example/v", **schema}
    return {"properties": {"v": inner}}


@pytest.fixture(scope="module")
def client():
    with InsideClient(create_app(start_database()), raise_server_exceptions=False) as client:
        yield client


def reason(group):
    """Return why a group's definition is refused, None where it is not."""
    no_object = NO_OBJECT if isinstance(group["schema"], bool) else None
    return REFUSED.get((group["file"], group["description"]), no_object)


def records(group):
    """Return what is sent to a table with the group's schema; only objects are records."""
    return [({"id": "x", **data}, data, valid) for _, data, valid in group["tests"] if isinstance(data, dict)]


def members(group):
    return [({"id": "x", "v": data}, data, valid) for _, data, valid in group["tests"]]


def compare(client, group, schema, refused, tests):
    client.delete("/api/v1/tables/t")
    answer = client.put("/api/v1/tables/t", json={"schema": schema})
    if refused is not None:
        code = "integer-out-of-range" if refused is RANGE else "invalid-definition"
        assert refused[0] in assert_problem(answer, 422, code)["detail"]
        return
    assert answer.status_code == 201, (group["description"], answer.text)
    for record, data, valid in tests:
        sent = json.dumps(record)
        answer = client.post(
            "/api/v1/data/t?on_conflict=replace", content=sent, headers={"content-type": "application/json"}
        )
        if is_too_large(data):
            assert_problem(answer, 422, "integer-out-of-range")
        elif valid:
            assert answer.status_code in (200, 201), (group["description"], sent, answer.text)
            assert json.loads(answer.content) == record
        else:
            assert answer.status_code == 422, (group["description"], sent)
            assert_problem(answer, 422, "invalid-record")


@pytest.mark.parametrize("file", FILES)
def test_a_tables_schema_gives_the_suites_verdicts_on_records(client, file):
    for group in FILES[file]:
        compare(client, group, group["schema"], reason(group), records(group))


@pytest.mark.parametrize("file", FILES)
def test_a_members_schema_gives_the_suites_verdicts(client, file):
    for group in FILES[file]:
        refused = reason(group)
        compare(
            client, group, member_schema(group["schema"]), None if refused is NO_OBJECT else refused, members(group)
        )


def test_little_of_the_suite_is_left_out():
    """The rest stands in groups that are refused, or is of values that are no objects and so no records."""
    assert sum(len(records(group)) for group in GROUPS if reason(group) is None) == 488
    assert sum(len(members(group)) for group in GROUPS if reason(group) in (None, NO_OBJECT)) == 1405
    assert sum(len(group["tests"]) for group in GROUPS) == 1461
