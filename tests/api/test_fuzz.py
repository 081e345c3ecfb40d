"""Requests made from the OpenAPI document: whatever it says may be sent gets an answer that it says may come."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.pytest.lazy import get_all_tests

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.each import first

CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]
FEW = settings(max_examples=15, suppress_health_check=list(HealthCheck))
TABLES = ["tags", "orders", "users", "gadgets", "notes", "shouteds", "people"]


@schemathesis.serializer("application/x-ndjson", "text/csv")
def send_text(_, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def ask(case):
    answer = case.call()
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        problem = json.loads(answer.content)
        assert len(answer.content) <= 2048
        assert problem["status"] == answer.status_code
    case.validate_response(answer, checks=CHECKS)


@pytest.fixture(scope="module")
def document():
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(start_database()))


@pytest.mark.parametrize("of", first(2, ["any", *TABLES]))
def test_every_answer_is_one_that_the_document_knows(document, subtests, of):
    """The tests of an operation are made when they run: to make them all takes longer than to collect all tests."""
    paths = (
        document.exclude(path_regex=r"/(data|join)/\w")
        if of == "any"
        else document.include(path_regex=rf"v1/\w+/{of}(/|$)")
    )
    for made in get_all_tests(schema=paths, test_func=ask, settings=FEW, given_kwargs=None):
        operation, test = made.ok()
        with subtests.test(operation.label):
            test()


def test_the_document_is_valid(document):
    document.validate()
