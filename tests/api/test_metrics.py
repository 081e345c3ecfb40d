"""Figures for Prometheus."""

import re

from fastapi.testclient import TestClient

from ramekin.api.app import create_app
from tests.conftest import start_database


def figure(api, name, **labels):
    """Return the value of a sample, None if there is none."""
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    line = rf"^{name}{re.escape('{' + inside + '}') if inside else ''} (\S+)$"
    found = re.search(line, api.get("/metrics").text, re.MULTILINE)
    return None if found is None else float(found[1])


def test_figures_are_in_the_text_format_of_prometheus(local):
    answer = local.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert local.head("/metrics").status_code == 200


def test_requests_are_counted_by_operation_and_status(api):
    def count(**labels):
        return figure(api, "ramekin_request_duration_seconds_count", **labels) or 0

    before = count(operation="put_record", status="201"), count(operation="get_record", status="404")
    api.put("/api/v1/data/m/1?upsert=true", json={})
    api.get("/api/v1/data/m/2")
    assert count(operation="put_record", status="201") == before[0] + 1
    assert count(operation="get_record", status="404") == before[1] + 1


def test_buckets_add_up():
    labels = {"operation": "list_tables", "status": "200"}
    with TestClient(create_app(start_database())) as client:
        for _ in range(3):
            client.get("/api/v1/tables")
        assert figure(client, "ramekin_request_duration_seconds_bucket", le="+Inf", **labels) == 3
        assert figure(client, "ramekin_request_duration_seconds_bucket", le="10.0", **labels) == 3
        assert 0 < figure(client, "ramekin_request_duration_seconds_sum", **labels) < 10


def test_a_request_that_no_endpoint_answers_is_counted_without_its_path(local):
    before = figure(local, "ramekin_request_duration_seconds_count", operation="none", status="404") or 0
    local.get("/nothing/here")
    assert figure(local, "ramekin_request_duration_seconds_count", operation="none", status="404") == before + 1
    assert "nothing" not in local.get("/metrics").text


def test_tables_are_told_together(local):
    bodies = local.put("/api/v1/data/a/1?upsert=true", json={"n": 1}).content
    local.put("/api/v1/data/b/1?upsert=true", json={"n": 1})
    local.get("/api/v1/data/a?n=1")
    assert figure(local, "ramekin_records") == 2
    assert figure(local, "ramekin_body_bytes") == 2 * len(bodies)
    assert figure(local, "ramekin_indexes") == 1
    assert figure(local, "ramekin_index_bytes") > 0
    assert figure(local, "process_resident_memory_bytes") > 1e6


def test_figures_ask_for_a_key_where_others_do():
    with TestClient(create_app(start_database(), keys=["k"])) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"authorization": "Bearer k"}).status_code == 200
