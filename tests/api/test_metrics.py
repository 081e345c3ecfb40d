"""Figures for Prometheus."""

import asyncio
import re

import httpx2
import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.api.edge.lag import EVERY_S, LoopLag
from ramekin.clock import stopwatch_s
from ramekin.stats import JournalStats
from ramekin.storage.largest import LARGEST
from tests.conftest import start_database
from tests.inside import InsideClient


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
    with InsideClient(create_app(start_database())) as client:
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
    with InsideClient(create_app(start_database(), keys=["k"])) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"authorization": "Bearer k"}).status_code == 200


def test_the_largest_tables_are_told_apart_and_the_others_together(local):
    for number in range(LARGEST + 2):
        local.put(f"/api/v1/data/t{number}/1?upsert=true", json={"text": "x" * number})
    told = re.findall(r'^ramekin_table_records\{table="(.+?)"\} (\S+)$', local.get("/metrics").text, re.MULTILINE)
    expected = {f"t{number}": "1.0" for number in range(2, LARGEST + 2)} | {"(others)": "2.0"}
    assert dict(told) == expected
    text = local.get("/metrics").text

    def told(name):
        return sum(map(float, re.findall(rf"^ramekin_{name}_bytes(?:\{{.+\}})? (\S+)$", text, re.MULTILINE)))

    assert told("table_body") == told("body") > 0
    assert told("table_memory") == told("memory") - told("kept_changes") > 0


def test_problems_are_counted_by_their_codes(local):
    before = figure(local, "ramekin_problems_total", code="unknown-table") or 0
    local.get("/api/v1/data/nothing")
    local.get("/api/v1/data/nothing/1")
    assert figure(local, "ramekin_problems_total", code="unknown-table") == before + 2


def test_indexes_that_are_built_and_found_are_counted(local):
    local.post("/api/v1/data/t", json=[{"id": number, "n": number} for number in range(5)])
    names = ("ramekin_index_build_seconds_count", "ramekin_index_hits_total")
    before = [figure(local, name) for name in names]
    for number in range(3):
        local.get(f"/api/v1/data/t?n={number}")
    built, hit = (figure(local, name) - was for name, was in zip(names, before, strict=True))
    assert (built, hit) == (2, 2)  # the order of ids too
    assert figure(local, "ramekin_index_builds_running") == 0


@pytest.mark.anyio
async def test_the_event_loop_is_as_late_as_what_holds_it():
    lag = LoopLag()
    lag.watch(asyncio.get_running_loop())
    end = stopwatch_s() + 3 * EVERY_S
    while stopwatch_s() < end:
        pass
    await asyncio.sleep(0.01)
    assert sum(lag.figures[:-1]) >= 1  # once more where this machine is held up too
    assert lag.figures[-1] > EVERY_S


@pytest.mark.anyio
async def test_what_waits_for_the_disk_is_told(tmp_path):
    async with Database(directory=tmp_path / "data", fsync="no") as database:
        assert database.engine.journal_stats() == JournalStats(0, 0, 0.0)
        app = create_app(database)
        await database.insert("t", {"id": 1})
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
            text = (await client.get("/metrics")).text
        unsynced = re.search(r"^ramekin_journal_unsynced_bytes (\S+)$", text, re.MULTILINE)
        assert float(unsynced[1]) == database.engine.journal_stats().unsynced_bytes > 0


def test_reads_of_caches_are_counted_with_what_gave_way(local):
    local.put("/api/v1/tables/pages", json={"max_records": 2})
    for number in range(3):
        local.put(f"/api/v1/data/pages/{number}?upsert=true", json={"n": number})
    for number in (0, 1, 2, 9):
        local.get(f"/api/v1/data/pages/{number}")
    local.put("/api/v1/data/plain/1?upsert=true", json={"n": 1})
    told = re.findall(r'^ramekin_cache_(\w+)\{table="(\w+)"\} (\S+)$', local.get("/metrics").text, re.MULTILINE)
    assert told == [
        ("hits_total", "pages", "2.0"),
        ("misses_total", "pages", "2.0"),
        ("evicted_total", "pages", "1.0"),
    ]
