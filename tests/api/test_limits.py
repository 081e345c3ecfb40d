"""Rate limits and keys: who is counted, who is let in, what is open."""

import pytest
from fastapi.testclient import TestClient

from ramekin.api.app import create_app
from tests.conftest import start_database
from tests.problems import assert_problem

OPEN = [
    "/health",
    "/health/live",
    "/health/ready",
    "/docs",
    "/openapi.json",
    "/problems/rate-limited",
    "/static/favicon.svg",
]


def client(**options):
    return TestClient(create_app(start_database(), **options), raise_server_exceptions=False)


def test_within_the_limit_headers_say_what_is_left():
    with client(rate_limit="3/minute") as api:
        answer = api.get("/api/v1/tables")
        assert answer.headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert answer.headers["ratelimit"].startswith('"default";r=2;t=')


def test_over_the_limit_is_429_with_the_time_to_wait():
    with client(rate_limit="3/minute") as api:
        assert [api.get("/api/v1/tables").status_code for _ in range(3)] == [200] * 3
        answer = api.get("/api/v1/tables")
        assert_problem(answer, 429, "rate-limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit"].startswith('"default";r=0;t=')


def test_the_limit_lets_in_again_when_its_window_has_passed():
    with client(rate_limit="1/second") as api:
        import time

        assert api.get("/api/v1/tables").status_code == 200
        assert_problem(api.get("/api/v1/tables"), 429, "rate-limited")
        time.sleep(2.1)
        assert api.get("/api/v1/tables").status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_open_pages_are_never_counted(path):
    with client(rate_limit="1/minute") as api:
        assert [api.get(path).status_code for _ in range(3)] == [200] * 3
        assert "ratelimit" not in api.get(path).headers


def test_an_address_that_does_not_exist_stays_404_over_the_limit():
    with client(rate_limit="1/minute") as api:
        api.get("/api/v1/tables")
        assert_problem(api.get("/api/v1/none"), 404, "unknown-route")
        assert_problem(api.put("/api/v1/tables"), 405, "method-not-allowed")
        assert_problem(api.get("/api/v1/tables"), 429, "rate-limited")


def test_clients_with_different_keys_are_counted_apart():
    with client(rate_limit="1/minute", keys=["a", "b"]) as api:
        for key in ("a", "b"):
            assert api.get("/api/v1/tables", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert_problem(api.get("/api/v1/tables", headers={"authorization": "Bearer a"}), 429, "rate-limited")


def test_without_a_limit_there_are_no_such_headers(api):
    assert "ratelimit" not in api.get("/api/v1/tables").headers


@pytest.mark.parametrize("text", ["", "x", "10", "10/fortnight"])
def test_a_limit_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError):
        create_app(start_database(), rate_limit=text)


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic right", "right", "Bearer right x"])
def test_without_the_right_key_everything_but_open_pages_is_401(header):
    headers = {} if header is None else {"authorization": header}
    with client(keys=["right"]) as api:
        answer = api.get("/api/v1/tables", headers=headers)
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert_problem(api.get("/api/v1/none", headers=headers), 404, "unknown-route")
        for path in OPEN:
            assert api.get(path, headers=headers).status_code == 200


def test_any_of_the_keys_opens():
    with client(keys=["one", "two"]) as api:
        for key in ("one", "two"):
            assert api.get("/api/v1/tables", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert "securitySchemes" in api.get("/openapi.json").json()["components"]
