"""Requests made from the OpenAPI document: what it says may be sent is taken, and what is answered is as it says.

Schemathesis makes the requests and judges the answers by all of its checks. A request that fits the document may be
refused for the state of what stands, or by a rule that OpenAPI has no words for: `RULES` has each, with what tells
whether a request breaks it. `FUZZ=2000` makes so many requests of each operation.
"""

import json
import os
import re
from functools import cache
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, settings
from jsonschema_rs import Draft202012Validator, meta

from ramekin.api.app import create_app
from tests.conftest import start_database

TABLES = ["tags", "orders", "users", "gadgets", "notes", "shouteds", "people"]
WORDS = {"where", "all", "max_affected", "sort", "select", "limit", "cursor", "offset", "count", "explain"}
TEXTS = ("text/csv", "application/x-ndjson")


def send_text(_, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def body(case):
    return case.body if isinstance(case.body, dict) else {}


def has_state(case):
    """It depends on records, and on which fields they have."""
    return True


def has_a_model(case):
    """The operations of a table with a model stand in the document by themselves."""
    return case.path_parameters.get("table") in TABLES


def has_cursor(case):
    """A cursor is what `next` of a page has; no pattern tells a good one."""
    return "cursor" in case.query or "cursor" in body(case)


def has_odd_where(case):
    """Schemathesis does not read `contentSchema`, nor `contentMediaType`."""
    document = case.operation.schema.raw_schema
    where = Draft202012Validator({"$ref": "#/components/schemas/Where", "components": document["components"]})
    return "where" in case.query and not where.is_valid(where_of(case))


def has_many_conditions(case):
    """All together they are 100 at most."""
    return sum(1 for _ in inside([body(case).get("where"), where_of(case)])) > 100


def where_of(case):
    """Return what the address has as `where`, None where that is no JSON."""
    text = str(case.query.get("where", ""))
    return json.loads(text) if is_json(text) else None


def has_odd_header(case):
    """Where Schemathesis finds no value for a pattern, which holds quotes, it sends one that breaks it."""
    told = [each for each in case.operation.definition.raw["parameters"] if each["in"] == "header"]
    sent = [
        (each["schema"].get("pattern", ""), case.headers[each["name"]]) for each in told if each["name"] in case.headers
    ]
    return any(not re.search(pattern, text) for pattern, text in sent)


def has_odd_sort(case):
    """No pattern tells that a name stands twice."""
    sent = [case.query.get("sort", ""), body(case).get("sort", "")]
    lists = [each if isinstance(each, list) else re.split(r"(?<!\\),", str(each)) for each in sent]
    names = [[re.sub(r"\\(.)", r"\1", str(name).removeprefix("-")) for name in each] for each in lists]
    return any(len(set(each)) < len(each) for each in names)


def has_condition_twice(case):
    """A field without an operator is the same as one with `eq`, and no name as the empty one in quotes."""
    names = [name.removesuffix(":eq").replace('""', "") for name in case.query if name not in WORDS]
    return len(set(names)) < len(names)


def has_conditions(case):
    return bool(set(case.query) - WORDS) or "where" in case.query


def names_fields(case):
    """Names of fields that a typed table may not have, where the document cannot list them all."""
    free = set(case.query) - {each["name"] for each in case.operation.definition.raw["parameters"]}
    return bool({*case.query, *body(case)} & {"where", "sort", "select", "group_by", "aggregate"} | free)


def is_text(case):
    """A whole body of CSV or NDJSON is one text to OpenAPI."""
    return case.media_type in TEXTS


def id_of(case):
    """Return the id in the path."""
    return unquote(str(case.path_parameters.get("id", "")))


def names_another_id(case):
    """The id in the path, or of an operation, and that of the record are two places."""
    pairs = [(id_of(case), body(case))]
    pairs += [(each.get("id"), each.get("record")) for each in inside(body(case)) if isinstance(each, dict)]
    return any(isinstance(record, dict) and str(record.get("id", id)) != str(id) for id, record in pairs)


def has_id_that_becomes_another(case):
    """What a model makes of an id is known to the model alone."""
    id = id_of(case)
    return ("shouteds" in case.path and id != id.upper()) or ("tags" in case.path and id != id.lower())


def has_odd_tree(case):
    """A tree has the rows of the first table: no side is missing in it, and no row of the second stands alone."""
    sides = str(case.query.get("as", "")).split(",") + [case.path_parameters.get(name) for name in ("table1", "table2")]
    is_left = case.query.get("type", "inner") in ("inner", "left")
    return case.query.get("shape") == "tree" and (
        not is_left or any(name.split(":")[0] in sides for name in case.query)
    )


def has_another_media(case):
    return bool({"csv_types", "delimiter"} & set(case.query)) and case.media_type != "text/csv"


def inside(value):
    """Yield a value and all that it holds."""
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(part)


def has_whole_fraction(case):
    """To JSON Schema 1.0 is an integer."""
    return any(isinstance(value, float) and value.is_integer() for value in inside(case.body))


def has_long_integer(case):
    """What may hold anything may hold integers of more than 64 bits."""
    sent = [case.body, where_of(case)]
    return any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in inside(sent))


def has_list(case):
    """A list of dates, times or the like is a text to OpenAPI, since clients make several parameters of an array."""
    return any(name.endswith((":in", ":nin")) for name in case.query)


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def has_odd_space(case):
    """What is a space differs in the regular expressions of JavaScript, which JSON Schema means, and of Rust."""
    return bool(re.search("[\x1c-\x1f\x85\ufeff]", json.dumps(case.body, ensure_ascii=False)))


def has_groups(case):
    """Which columns there are to sort by, and whether two are alike, is said elsewhere in the same query."""
    return bool({"group_by", "aggregate"} & set(body(case)))


def has_odd_definition(case):
    """It names a field twice, or its `schema` is none."""
    schema, indexes = body(case).get("schema"), body(case).get("indexes")
    names = [
        str(index.get("field")) for index in (indexes if isinstance(indexes, list) else ()) if isinstance(index, dict)
    ]
    return len(set(names)) < len(names) or not meta.is_valid(schema if isinstance(schema, dict) else {})


RULES = {
    "precondition-failed": [has_state],
    "precondition-required": [has_state],
    "key-not-resolved": [has_state],
    "changes-gone": [has_state],
    "invalid-cursor": [has_cursor],
    "conflicting-parameters": [
        lambda case: has_cursor(case) and ("offset" in case.query or "offset" in body(case)),
        lambda case: case.query.get("all") in (True, "true") and has_conditions(case),
        lambda case: case.operation.path.endswith("/changes") and has_conditions(case),  # of one table that is named
    ],
    "condition-required": [lambda case: case.query.get("all") not in (True, "true")],
    "invalid-parameter": [
        lambda case: len(case.query) > 100,
        has_another_media,
        has_odd_tree,
        lambda case: len(set(str(case.query.get("as", "")).split(","))) == 1,
    ],
    "repeated-condition": [has_condition_twice],
    "invalid-key": [lambda case: len({name for table, name in case.path_parameters.items() if table != "key"}) == 1],
    "invalid-where": [has_odd_where, has_many_conditions],
    "unknown-field": [names_fields],
    "id-mismatch": [names_another_id],
    "invalid-operation": [names_another_id, has_whole_fraction],
    "invalid-id": [has_whole_fraction, has_id_that_becomes_another],
    "invalid-value": [has_list],
    "invalid-header": [has_odd_header],
    "invalid-sort": [has_odd_sort],
    "integer-out-of-range": [has_long_integer],
    "invalid-record": [has_a_model, has_whole_fraction, has_odd_space, has_id_that_becomes_another],
    "invalid-aggregate": [has_groups],
    "invalid-definition": [has_odd_definition, has_whole_fraction],
}
"""By the code of a refusal: what makes it right, other than what the document says."""


@cache
def acceptance():
    """Return the checks that judge whether a request should have been taken."""
    from schemathesis import checks

    return [checks.positive_data_acceptance, checks.negative_data_rejection]


def ask(case):
    """Send a request, and judge what comes of it."""
    answer = send(case)
    problem = answer.json() if answer.status_code >= 400 else {}
    is_ruled = any(rule(case) for rule in RULES.get(problem.get("code"), ())) or is_text(case)
    if not (is_ruled or judges_no_record(case, answer)):
        case.validate_response(answer, checks=acceptance())


def judges_no_record(case, answer):
    """A change by condition met no record, or changed none with a null, which takes away what need not be there."""
    is_left = answer.content.startswith(b'{"matched":') and answer.json()["changed"] == 0
    return is_left and (answer.json()["matched"] == 0 or any(value is None for value in inside(case.body)))


def ask_leniently(case):
    """Send a request, and judge the answer by all checks but those that ask whether it should have been taken."""
    send(case)


def send(case):
    answer = case.call()
    assert answer.status_code < 500, answer.text
    assert answer.status_code < 400 or len(answer.content) <= 2048
    case.validate_response(answer, excluded_checks=acceptance())
    return answer


def operations(document, of):
    """Return the operations of any table, or those of one."""
    is_any = of == "any"
    return (
        document.exclude(path_regex=r"/(data|join)/\w") if is_any else document.include(path_regex=rf"v1/\w+/{of}(/|$)")
    )


def run(document, subtests, of, examples, ask_one=ask):
    """Make the tests of operations and run them: to make them all takes longer than to collect all tests."""
    from schemathesis.pytest.lazy import get_all_tests

    few = settings(
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        derandomize="FUZZ" not in os.environ,  # what is found by chance is found by whoever looks for it
    )
    for made in get_all_tests(schema=operations(document, of), test_func=ask_one, settings=few, given_kwargs=None):
        operation, test = made.ok()
        with subtests.test(operation.label):
            test()


@pytest.fixture
def document():
    """The document, as Schemathesis reads it, which takes longer to import than all other tests to collect."""
    import schemathesis

    schemathesis.serializer(*TEXTS)(send_text)
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(start_database()))


@pytest.mark.parametrize("of", ["any", "users"])
def test_examples_and_a_few_requests_are_answered_as_the_document_says(document, subtests, of):
    document.config.phases.coverage.enabled = False
    run(document, subtests, of, 2)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("of", ["any", *TABLES])
def test_all_kinds_of_requests_are_answered_as_the_document_says(document, subtests, of):
    """Whether each refusal is one that the document tells of is asked where `FUZZ` is set."""
    run(document, subtests, of, int(os.environ.get("FUZZ", "10")), ask if "FUZZ" in os.environ else ask_leniently)


def test_the_document_is_valid(document):
    document.validate()
