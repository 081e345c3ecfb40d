"""An address names a record by its id as it is stored, letter by letter, whatever the operation and the id's type."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

import pytest
from pydantic import BaseModel, StringConstraints, create_model

from ramekin import Database
from ramekin.api.app import create_app
from tests.inside import InsideClient
from tests.problems import assert_problem


class Size(IntEnum):
    SMALL = 1
    LARGE = 10


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


UUID_TEXT = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"

# The type of an id; an id as it is sent and its text as it is stored; texts that the type reads as the same value.
TYPES = {
    "ints": (int, 901, "901", ["0901", "901.0", "+901", " 901", "9_01", "٩٠١"]),
    "negatives": (int, -7, "-7", ["-07", "-7.0", "−7"]),
    "texts": (str, "a b", "a b", ["A b", "a  b", " a b"]),
    "small_texts": (Annotated[str, StringConstraints(to_lower=True)], "ABC", "abc", ["ABC", "Abc"]),
    "either": (int | str, 5, "5", ["05", "5.0", "+5"]),
    "either_as_text": (int | str, "05", "05", ["5", "005"]),
    "uuids": (UUID, UUID_TEXT, UUID_TEXT, [UUID_TEXT.upper(), UUID_TEXT.replace("-", ""), f"{{{UUID_TEXT}}}"]),
    "days": (date, "2024-03-10", "2024-03-10", ["1710028800", "2024-03-10T00:00:00", "2024-3-10"]),
    "moments": (datetime, "2024-03-10T00:00:00Z", "2024-03-10T00:00:00Z",
                ["2024-03-10T00:00:00+00:00", "1710028800", "2024-03-10T00:00:00.000Z", "2024-03-10"]),
    "decimals": (Decimal, "1.50", "1.50", ["1.5", "01.50", "1.500", "+1.50", "15e-1"]),
    "sizes": (Size, 10, "10", ["010", "10.0", "LARGE"]),
    "colours": (Colour, "red", "red", ["RED", "Red", " red"]),
    "literals": (Literal[1, "x"], 1, "1", ["01", "1.0", "X"]),
}  # fmt: skip
SPELLINGS = [(table, spelling) for table, (_, _, _, spellings) in TYPES.items() for spelling in spellings]


@pytest.fixture(scope="module", params=[False, True], ids=["FastAPI alone", "short way"])
def service(request):
    models: dict[str, type[BaseModel]] = {
        table: create_model(table.title(), id=(kind, ...), n=(int, 0)) for table, (kind, *_) in TYPES.items()
    }
    database = Database(models)
    asyncio.run(database.__aenter__())
    app = create_app(database, has_short_ways=request.param)
    with InsideClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        integers = {"type": "object", "properties": {"id": {"type": "integer"}}}
        assert client.put("/api/v1/tables/defined", json={"schema": integers}).status_code == 201
        yield client


@pytest.fixture
def http(service):
    """The service, with one record in each table."""
    tables = {table: [{"id": sent, "n": 1}] for table, (_, sent, _, _) in TYPES.items()}
    answer = service.post("/api/v1/load?mode=replace", json=tables | {"defined": [{"id": 5}]})
    assert answer.status_code == 200, answer.text
    return service


def batch(http, **operation):
    return http.post("/api/v1/batch", json={"operations": [operation]})


def stored(http, table):
    return http.get(f"/api/v1/dump/{table}").json()


@pytest.mark.parametrize("table", TYPES)
def test_every_operation_finds_the_record_under_its_id_as_it_is_stored(http, table):
    _, _, text, _ = TYPES[table]
    path = f"/api/v1/data/{table}/{quote(text, safe='')}"
    record_id = http.get(path).json()["id"]
    assert str(record_id) == text
    assert http.head(path).status_code == 200
    assert http.put(path, json={"n": 2}).json() == {"id": record_id, "n": 2}
    assert http.put(path, json={"id": record_id, "n": 3}).json() == {"id": record_id, "n": 3}
    assert http.put(f"{path}?upsert=true", json={"n": 4}).status_code == 200
    assert http.patch(path, json={"n": 5}).json() == {"id": record_id, "n": 5}
    for op in ("upsert", "replace", "patch"):
        answer = batch(http, op=op, table=table, id=record_id, record={"n": 6})
        assert answer.json()["results"][0]["record"] == {"id": record_id, "n": 6}
    assert batch(http, op="delete", table=table, id=record_id).status_code == 200
    answer = http.put(f"{path}?upsert=true", json={"n": 7})
    assert answer.status_code == 201
    assert str(answer.json()["id"]) == text
    assert answer.headers["location"] == path
    assert http.delete(path).status_code == 204
    assert stored(http, table) == []


@pytest.mark.parametrize(("table", "spelling"), SPELLINGS)
def test_another_spelling_is_another_id_for_every_operation(http, table, spelling):
    before = stored(http, table)
    path = f"/api/v1/data/{table}/{quote(spelling, safe='')}"
    for method in ("GET", "DELETE"):
        assert_problem(http.request(method, path), 404, "record-not-found")
    assert http.head(path).status_code == 404
    for method in ("PUT", "PATCH"):
        assert_problem(http.request(method, path, json={"n": 9}), 404, "record-not-found")
    for op in ("replace", "patch", "delete"):
        rest = {} if op == "delete" else {"record": {"n": 9}}
        assert_problem(batch(http, op=op, table=table, id=spelling, **rest), 404, "record-not-found")
    assert stored(http, table) == before


@pytest.mark.parametrize(("table", "spelling"), SPELLINGS)
def test_an_upsert_never_makes_a_record_that_its_address_does_not_name(http, table, spelling):
    before = stored(http, table)
    path = f"/api/v1/data/{table}/{quote(spelling, safe='')}"
    answer = http.put(f"{path}?upsert=true", json={"n": 9})
    if answer.status_code == 201:  # a text as good as any
        assert str(answer.json()["id"]) == spelling
        assert http.get(path).json() == answer.json()
    else:
        assert answer.status_code == 422, answer.text
        assert stored(http, table) == before
    answer = http.put(f"{path}?upsert=true", json={"id": before[0]["id"], "n": 9})
    assert_problem(answer, 400, "id-mismatch")
    assert len(stored(http, table)) <= 2


def test_an_upsert_under_another_spelling_says_what_is_wrong(http):
    problem = assert_problem(http.put("/api/v1/data/ints/0902?upsert=true", json={}), 422, "invalid-record")
    assert problem["errors"] == [{"pointer": "/id", "detail": "An integer is expected."}]
    problem = assert_problem(
        http.put(f"/api/v1/data/uuids/{UUID_TEXT.upper()}?upsert=true", json={}), 422, "invalid-id"
    )
    assert "small letters" in problem["detail"]


def test_two_ids_of_which_one_reads_as_the_other_are_two_records(http):
    http.post("/api/v1/data/either", json={"id": "05", "n": 2})
    assert http.patch("/api/v1/data/either/05", json={"n": 3}).json() == {"id": "05", "n": 3}
    assert http.post("/api/v1/data/either?on_conflict=merge", json={"id": "05", "n": 4}).json()["id"] == "05"
    assert http.patch("/api/v1/data/either?id=05", json={"n": 5}).json() == {"matched": 1, "changed": 1}
    assert http.delete("/api/v1/data/either/05").status_code == 204
    assert stored(http, "either") == [{"id": 5, "n": 1}]


@pytest.mark.parametrize("spelling", ["05", "5.0", "+5"])
def test_a_table_with_a_json_schema_does_alike(http, spelling):
    path = f"/api/v1/data/defined/{spelling}"
    assert http.get("/api/v1/data/defined/5").json() == {"id": 5}
    for method in ("GET", "DELETE"):
        assert_problem(http.request(method, path), 404, "record-not-found")
    assert_problem(http.put(f"{path}?upsert=true", json={}), 422, "invalid-record")
    assert http.put("/api/v1/data/defined/6?upsert=true", json={}).json() == {"id": 6}


def test_an_upsert_in_a_batch_reads_its_records_id_as_a_create_does(http):
    record = {"id": UUID_TEXT.upper(), "n": 8}
    answer = batch(http, op="upsert", table="uuids", record=record)
    assert answer.json()["results"][0] | {"etag": ""} == {
        "status": 200, "id": UUID_TEXT, "etag": "", "record": {"id": UUID_TEXT, "n": 8},
    }  # fmt: skip
    assert_problem(http.post("/api/v1/data/uuids", json=record), 409, "record-exists")
