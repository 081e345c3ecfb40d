"""Requests made from the OpenAPI document: whatever it says may be sent gets an answer that it says may come."""

import json

import schemathesis
from hypothesis import HealthCheck, settings

from ramekin.api.app import create_app
from tests.conftest import start_database

APP = create_app(start_database())
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@schemathesis.serializer("application/x-ndjson", "text/csv")
def send_text(_, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@SCHEMA.parametrize()
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_knows(case):
    answer = case.call()
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0] == "application/problem+json"
        problem = json.loads(answer.content)
        assert len(answer.content) <= 2048
        assert problem["status"] == answer.status_code
    case.validate_response(answer, checks=CHECKS)


def test_the_document_is_valid():
    SCHEMA.validate()
