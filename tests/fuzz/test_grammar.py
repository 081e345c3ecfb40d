"""Queries drawn from the grammar give the right rows, page by page; broken ones are refused in a few words.

`REQUESTS=100000` sends so many.
"""

import json
import os

import pytest

from tests import oracle
from tests.fuzz.grammar import Grammar, chosen
from tests.pipe import Service
from tests.wire import request

REQUESTS = int(os.environ.get("REQUESTS", "500"))
PER_SEED = 250
QUERIES = 40
"""Of one table; each takes six requests, with its pages, its form in JSON, and three that are broken."""


@pytest.fixture(scope="module")
def service():
    service = Service("below ASGI")
    yield service
    service.close()


def send(service, address, body=None, **headers):
    """Return the status and the body of an answer; one that is an error is a short problem, and no fault of ours."""
    pipe = service.connect()
    pipe.send([request("GET" if body is None else "POST", address, body, **headers)])
    pipe.end()
    head, _, content = pipe.written.partition(b"\r\n\r\n")
    status = int(head[9:12])
    assert status < 500, (address, body, content)
    if status >= 400:
        assert len(content) <= 2048, (address, content)
        assert json.loads(content)["status"] == status
    return status, json.loads(content)


def pages(service, address, body=None):
    """Return the rows of all pages."""
    rows, totals = [], set()
    while address is not None:
        status, page = send(service, address, body)
        assert status == 200, (address, body, page)
        rows += page["data"]
        totals |= {page["total"]} if "total" in page else set()
        address = page["next"]
    return rows, totals


def ask_both_ways(service, draw, model):
    """Ask a query in an address, or as JSON where it has that form."""
    pairs, where, sort, select = draw.query()
    limit, offset = draw.page()
    paging = [("limit", str(limit)), *([("offset", str(offset))] if offset else []), ("count", "true")]
    rows, totals = pages(service, f"/api/v1/data/t?{draw.written(pairs + paging)}")
    found = [record for record in model.values() if oracle.holds(record, where)]
    expected = [chosen(record, select) if select else record for record in oracle.ordered(found, sort)]
    told = (pairs, where, sort, select, limit, offset)
    assert same(rows, expected[offset:]), told
    assert totals == {len(found)}, told
    query = {"where": in_64_bits(where), "sort": sort, "select": select, "limit": limit}
    body = json.dumps({name: part for name, part in query.items() if part}).encode()
    rows, _ = pages(service, "/api/v1/query/t", body)
    assert same(rows, expected), told
    return draw.written(pairs + paging)


def in_64_bits(value):
    """Return a condition with floats for integers that no JSON of ours may hold."""
    if isinstance(value, dict):
        return {name: in_64_bits(part) for name, part in value.items()}
    if isinstance(value, list):
        return [in_64_bits(part) for part in value]
    is_long = type(value) is int and not -(2**63) <= value < 2**63
    return float(value) if is_long else value


def same(rows, expected):
    """Say whether rows are equal and of the same types, whatever the order of their members."""
    return [json.dumps(row, sort_keys=True) for row in rows] == [json.dumps(row, sort_keys=True) for row in expected]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(REQUESTS // PER_SEED))
def test_queries_are_what_the_grammar_says_and_broken_ones_are_refused(service, seed):
    draw = Grammar(seed)
    model = draw.table(40)
    service.run(service.database.load([("t", None), *(("t", record) for record in model.values())], is_replacing=True))
    for _ in range(QUERIES):
        text = ask_both_ways(service, draw, model)
        for _ in range(2):
            send(service, f"/api/v1/data/t?{draw.broken(text)}", prefer=draw.choice(["", "handling=strict"]))
        body = draw.broken(json.dumps({"where": draw.where(), "sort": draw.sort(), "limit": 3}))
        send(service, "/api/v1/query/t", body.encode(), **{"content-type": "application/json"})
