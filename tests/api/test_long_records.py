"""One long record holds nobody up: it is read piece by piece, and whoever asks for a part of it reads no more."""

import json
import threading

import pytest

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.database import schemas
from ramekin.engine.embedded import Embedded
from ramekin.values import codec, paths, pieces
from tests.inside import InsideClient
from tests.problems import assert_problem

LONGEST = 2 * pieces.PIECE_BYTES
"""Of a text that may be parsed at once: what is not long, or a piece and what is opened before it."""

NESTED = {"id": 2, "a": [{"b": [i, str(i)]} for i in range(9000)], "n": {"x": 1}, "z": None}
RECORDS = [{"id": 1, **{f"m{i}": i for i in range(12_000)}}, NESTED, {"id": 3, "a": ["é"] * 20_000}]


def text(value, **how):
    return json.dumps(value, **how).encode()


@pytest.fixture
def client():
    with InsideClient(create_app(Database(engine=Embedded()), has_docs=False)) as client:
        yield client


@pytest.fixture
def parsed(monkeypatch):
    """The lengths of the texts that were parsed at once."""
    lengths = []

    def noting(parse):
        return lambda text, **words: lengths.append(len(text)) or parse(text, **words)

    monkeypatch.setattr(codec, "_read_record", noting(codec._read_record))
    monkeypatch.setattr(codec.jiter, "from_json", noting(codec.jiter.from_json))
    return lengths


@pytest.mark.parametrize("record", RECORDS, ids=["members", "nested", "escapes"])
@pytest.mark.parametrize(
    ("method", "path", "send"),
    [
        ("POST", "data/t", text),
        ("PUT", "data/t/{id}?upsert=true", text),
        ("POST", "data/t", lambda record: text([record])),
        ("POST", "batch", lambda record: text({"operations": [{"op": "create", "table": "t", "record": record}]})),
        ("POST", "load", lambda record: text({"t": [record]})),
    ],
    ids=["create", "upsert", "bulk", "batch", "load"],
)
def test_a_long_record_is_parsed_in_pieces(client, parsed, record, method, path, send):
    answer = client.request(
        method, f"/api/v1/{path.format_map(record)}", content=send(record), headers={"content-type": "application/json"}
    )
    assert answer.status_code in (200, 201)
    assert max(parsed) <= LONGEST
    assert client.get(f"/api/v1/data/t/{record['id']}").json() == record


def test_a_long_line_and_a_long_patch_are_parsed_in_pieces(client, parsed):
    lines = b"".join(text(record) + b"\n" for record in RECORDS)
    answer = client.post("/api/v1/data/t", content=lines, headers={"content-type": "application/x-ndjson"})
    assert [each["id"] for each in answer.json()] == [1, 2, 3]
    assert client.patch("/api/v1/data/t/1", json={"a": NESTED["a"]}).json() == RECORDS[0] | {"a": NESTED["a"]}
    assert client.patch("/api/v1/data/t?all=true", json={"a": NESTED["a"]}).json() == {"matched": 3, "changed": 1}
    assert client.put("/api/v1/data/t/3", json=RECORDS[2] | {"b": NESTED}).json() == RECORDS[2] | {"b": NESTED}
    assert max(parsed) <= LONGEST


def test_a_schema_and_a_query_that_are_long_are_parsed_in_pieces(client, parsed):
    client.post("/api/v1/data/t", json={"id": 1, "n": 5})
    schema = {"description": ["x" * 50] * 3000}
    assert_problem(client.put("/api/v1/tables/t", json={"schema": schema}), 422, "invalid-definition")
    query = {"where": {"n": {"in": [5, *[f"{i:020}" for i in range(9000)]]}}}
    assert client.post("/api/v1/query/t", json=query).json()["data"] == [{"id": 1, "n": 5}]
    assert max(parsed) <= LONGEST


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"n": 1}, NESTED | {"n": 1}),
        ({"n": {"y": [2], "x": None}}, NESTED | {"n": {"y": [2]}}),
        ({"z": {"q": 1}, "new": "é"}, NESTED | {"z": {"q": 1}, "new": "é"}),
        ({"a": None, "z": None}, {"id": 2, "n": {"x": 1}}),
        ({"id": 2, "a": {"b": None, "c": 1}}, NESTED | {"a": {"c": 1}}),
    ],
)
def test_what_a_patch_of_a_long_record_leaves_is_not_read(client, monkeypatch, patch, expected):
    client.post("/api/v1/data/t", json=NESTED)
    monkeypatch.setattr(paths, "_record", None)
    monkeypatch.setattr(codec, "read_body", None)
    answer = client.patch("/api/v1/data/t/2", json=patch)
    assert answer.content == codec.dump(expected)
    assert answer.headers["etag"] == client.get("/api/v1/data/t/2").headers["etag"]


def test_whoever_asks_for_a_part_of_a_long_record_reads_no_more(client, monkeypatch):
    client.post("/api/v1/data/t", json=NESTED)
    assert client.get("/api/v1/data/t?n.x=1").json()["data"] == [NESTED]
    monkeypatch.setattr(paths, "_record", None)
    for path, expected in {
        "t/2?select=n.x,id": {"id": 2, "n": {"x": 1}},
        "t?select=n&sort=z,-n.x&limit=1": [{"n": {"x": 1}}],
        "t?n.x:gt=0&id:lt=5&select=id": [{"id": 2}],
    }.items():
        found = client.get(f"/api/v1/data/{path}").json()
        assert found == expected or found["data"] == expected
    row = client.get("/api/v1/join/t/t/id=id?as=a,b&select=a.n").json()["data"]
    assert row == [{"a": {"n": {"x": 1}}}]


def test_what_is_wrong_in_a_long_record_is_told_as_in_a_short_one(client):
    whole, headers = text(NESTED), {"content-type": "application/json"}
    for sent, status, code in (
        (whole[:-1] + b',"a":1}', 400, "duplicate-member"),
        (whole[:-1] + b',"b":1e400}', 400, "number-not-finite"),
        (whole[:-1] + b',"b":99999999999999999999}', 422, "integer-out-of-range"),
        (whole[:-1] + b',"b":}', 400, "malformed-json"),
        (whole + b"x", 400, "malformed-json"),
        (b"[1," + whole + b"x]", 400, "malformed-json"),
    ):
        for method, path in (("POST", "data/t"), ("PUT", "data/t/9?upsert=true")):
            if (method, sent[:1]) != ("PUT", b"["):
                assert_problem(client.request(method, f"/api/v1/{path}", content=sent, headers=headers), status, code)
    answer = client.put("/api/v1/data/t/9", content=whole[:-1] + b',"b":99999999999999999999}', headers=headers)
    assert answer.status_code == 404, "that nothing stands there is said first"


def test_a_schema_is_read_beside_the_loop(client, monkeypatch):
    threads, make = [], schemas.JsonSchema
    monkeypatch.setattr(
        schemas, "JsonSchema", lambda schema: threads.append(threading.current_thread()) or make(schema)
    )
    serving = {*threading.enumerate()}
    for schema in ({"required": ["a"]}, {"required": ["b"]}):
        assert client.put("/api/v1/tables/t", json={"schema": schema}).status_code in (200, 201)
    assert_problem(client.put("/api/v1/tables/t", json={"schema": {"type": 1}}), 422, "invalid-definition")
    assert_problem(client.post("/api/v1/data/t", json={"a": 1}), 422, "invalid-record")
    assert len(threads) == 3
    assert not serving & {*threads}
