"""Values of declared types where they stand oddly: as ids, in unions, in fields that are computed or left out."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field
from pydantic.dataclasses import dataclass

from ramekin.api.app import create_app
from ramekin.database.database import Database
from tests.inside import InsideClient
from tests.problems import assert_problem

DATA = "/api/v1/data"


class Measured(BaseModel):
    id: int
    f: float
    maybe: float | None = None
    fs: list[float] = []
    exact: int | float = 0


class ByDecimal(BaseModel):
    id: Decimal
    n: int = 0


class ByMoment(BaseModel):
    id: datetime
    other: datetime | None = None


class ByDuration(BaseModel):
    id: timedelta


class ByUuid(BaseModel):
    id: UUID


class Unions(BaseModel):
    id: int
    moment: int | datetime | None = None
    begin: date | datetime | None = None
    loose: date | str | None = None
    number: int | str | None = None
    exact: Decimal | float | None = None
    since: datetime | bool | None = None
    size: int | Literal["auto"] | None = None


@dataclass
class Inner:
    n: int

    @computed_field
    @property
    def twice(self) -> int:
        return 2 * self.n


class Named(BaseModel):
    id: int
    name: str
    inner: Inner | None = None
    hidden: str = Field("", exclude=True)
    _secret: str = PrivateAttr("")

    @computed_field
    @property
    def shouty(self) -> str:
        return self.name.upper()


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: int


class Square(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    kind: Literal["square"]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    id: int
    stock: dict[str, int] = {}
    sized: dict[Literal["small", "large"], int] = {}
    tags: list[str] = []
    pair: tuple[int, str] = (1, "a")
    circles: dict[str, Circle] = {}
    shape: Annotated[Circle | Square, Field(discriminator="kind")] | None = None
    loose: Any = None


MODELS = {
    "opens": Open,
    "measured": Measured,
    "decs": ByDecimal,
    "moments": ByMoment,
    "durations": ByDuration,
    "uuids": ByUuid,
    "unions": Unions,
    "named": Named,
}


@pytest.fixture
def client():
    with InsideClient(create_app(Database(MODELS)), raise_server_exceptions=False) as client:
        yield client


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [record["id"] for record in answer.json()["data"]]


@pytest.mark.parametrize(
    ("table", "spellings", "query", "expected"),
    [
        ("decs", ["1.50", "10", "9"], {"id": "1.50"}, ["1.50"]),
        ("decs", ["1.50", "10", "9"], {"id": "1.5"}, ["1.50"]),
        ("decs", ["1.50", "10", "9"], {"id:in": "1.500,9.0,7"}, ["1.50", "9"]),
        ("decs", ["1.50", "10", "9"], {"id:gt": "1.5"}, ["10", "9"]),
        ("decs", ["1.50", "10", "9"], {"sort": "-id"}, ["10", "9", "1.50"]),
        ("decs", ["1.50", "10", "9"], {"where": '{"id": {"in": [1.5, "9.00"]}}'}, ["1.50", "9"]),
        ("moments", ["2024-01-01T01:00:00+01:00"], {"id": "2024-01-01"}, ["2024-01-01T01:00:00+01:00"]),
        ("moments", ["2024-01-01T01:00:00+01:00"], {"id:ne": "2024-01-01T00:00:00Z"}, []),
        ("durations", ["PT1H30M", "P1D"], {"id": "PT90M"}, ["PT1H30M"]),
        ("durations", ["PT1H30M", "P1D"], {"id:gte": "PT24H"}, ["P1D"]),
    ],
)
def test_an_id_of_a_declared_type_is_found_by_its_value(client, table, spellings, query, expected):
    assert client.post(f"{DATA}/{table}", json=[{"id": text} for text in spellings]).status_code == 201
    assert sorted(ids(client.get(f"{DATA}/{table}", params=query))) == sorted(expected)
    if "sort" not in query:
        deleted = client.delete(f"{DATA}/{table}", params=query)
        assert deleted.json() == {"matched": len(expected), "changed": len(expected)}


@pytest.mark.parametrize(
    "asked",
    [
        "vpi",
        "stock.vpi",
        "sized.vpi",
        "tags.7",
        "pair.2",
        "circles.vpi.radius",
        "circles.a.raduis",
        "shape.vpi",
        "loose.a",
    ],
)
def test_a_field_that_no_record_has_and_the_model_does_not_name_is_unknown(client, asked):
    opens, circle = f"{DATA}/opens", {"kind": "circle", "radius": 1}
    record = {"vip": 1, "stock": {"vip": 1}, "tags": ["a"], "circles": {"a": circle}, "shape": circle}
    assert client.post(opens, json=[{"id": i, **record} for i in range(2)]).status_code == 201
    assert_problem(client.delete(opens, params={f"{asked}:ne": "1"}), 400, "unknown-field")
    assert_problem(client.patch(opens, params={f"{asked}:null": "true"}, json={"tags": []}), 400, "unknown-field")
    listed = client.get(opens, params={"sort": asked})
    assert listed.status_code == 400 or listed.json()["warnings"]
    for known in ("vip", "stock.vip", "sized.large", "tags.0", "pair.1", "circles.a.radius", "shape.radius", "loose"):
        answer = client.get(opens, params={"sort": known})
        assert (answer.status_code, answer.json().get("warnings")) == (200, None), known
    assert_problem(client.get(opens, params={"vip": "no number"}), 400, "invalid-value")


BEYOND = 2**53 + 1  # the first integer that no float is


@pytest.mark.parametrize("path", ["f", "maybe", "fs.0"])
def test_an_integer_that_no_float_is_meets_the_float_that_it_was_stored_as(client, path):
    record = {"f": BEYOND, "maybe": BEYOND, "fs": [BEYOND], "exact": BEYOND}
    assert client.post(f"{DATA}/measured", json={"id": 1, **record}).json()["f"] == float(BEYOND)
    for operator in ("eq", "gte", "lte", "in"):
        value = f"7,{BEYOND}" if operator == "in" else str(BEYOND)
        asked = {path: {operator: [7, BEYOND] if operator == "in" else BEYOND}}
        assert ids(client.get(f"{DATA}/measured", params={f"{path}:{operator}": value})) == [1], operator
        assert ids(client.post("/api/v1/query/measured", json={"where": asked})) == [1], operator
    for operator in ("ne", "gt", "lt", "nin"):
        assert ids(client.get(f"{DATA}/measured", params={f"{path}:{operator}": str(BEYOND)})) == [], operator
    assert ids(client.get(f"{DATA}/measured", params={"fs:contains": str(BEYOND)})) == [1]
    assert client.delete(f"{DATA}/measured", params={path: str(BEYOND)}).json()["changed"] == 1


def test_an_integer_that_stays_one_is_compared_as_it_is(client):
    stored = client.post(f"{DATA}/measured", json={"id": 1, "f": 0, "exact": BEYOND}).json()
    assert (stored["exact"], type(stored["exact"])) == (BEYOND, int)
    client.put("/api/v1/tables/numbers", json={"schema": {"properties": {"exact": {"type": "number"}}}})
    client.post(f"{DATA}/numbers", json={"id": 1, "exact": BEYOND})
    for table in ("measured", "numbers"):
        assert ids(client.get(f"{DATA}/{table}", params={"exact": str(BEYOND)})) == [1]
        assert ids(client.get(f"{DATA}/{table}", params={"exact": str(BEYOND - 1)})) == []


def test_a_change_by_id_meets_the_record(client):
    client.post(f"{DATA}/decs", json=[{"id": "1.50"}, {"id": "2"}])
    assert client.patch(f"{DATA}/decs?id=1.50", json={"n": 1}).json() == {"matched": 1, "changed": 1}
    assert client.get(f"{DATA}/decs/1.50").json() == {"id": "1.50", "n": 1}


def test_a_uuid_is_looked_up_by_its_one_spelling(client):
    client.post(f"{DATA}/uuids", json=[{"id": f"018cc251-f400-7c3e-8f4a-6a1b2c3d4e5{last}"} for last in "def"])
    answer = client.get(f"{DATA}/uuids", params={"id": "018CC251F4007C3E8F4A6A1B2C3D4E5F", "explain": "true"})
    assert len(ids(answer)) == 1
    assert answer.json()["explain"]["access"] == "id"


def test_ids_are_joined_by_value_from_either_side(client):
    client.post(f"{DATA}/moments", json=[
        {"id": "2024-01-01T01:00:00+01:00", "other": "2024-01-02T00:00:00Z"},
        {"id": "2024-01-02T02:00:00+02:00", "other": "2024-01-01T00:00:00"},
    ])  # fmt: skip
    for key in ("id=other", "other=id"):
        rows = client.get(f"/api/v1/join/moments/moments/{key}?as=a,b&type=full").json()["data"]
        assert [(row["a"]["id"][:10], row["b"]["id"][:10]) for row in rows] == [
            ("2024-01-01", "2024-01-02"),
            ("2024-01-02", "2024-01-01"),
        ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"moment": "5"}, [1]),
        ({"moment": "2024-03-11T01:00:00+01:00"}, [2]),
        ({"moment:gt": "0"}, [1]),
        ({"moment:gt": "1970-01-01"}, [2]),
        ({"moment": "banana"}, 400),
        ({"begin": "2024-03-11"}, [1, 2]),
        ({"begin:lt": "2024-3-11"}, 400),
        ({"loose": "banana"}, [2]),
        ({"loose:startswith": "2024"}, [1]),
        ({"number": "5"}, [1, 2]),
        ({"where": '{"number": "5"}'}, [2]),
        ({"exact": "1.50"}, [1, 2]),
        ({"exact:gt": "1.49"}, [1, 2]),
        ({"exact": "x"}, 400),
        ({"since": "true"}, [1]),
        ({"since": "2024-03-11"}, [2]),
        ({"since": "yes"}, 400),
        ({"size": "3"}, [1]),
        ({"size": "auto"}, [2]),
        ({"size": "big"}, 400),
        ({"size": "3.5"}, 400),
        ({"sort": "-moment"}, [2, 1]),
        ({"sort": "-since"}, [2, 1]),
    ],
)
def test_a_union_reads_a_value_as_each_of_its_types(client, query, expected):
    client.post(f"{DATA}/unions", json=[
        {"id": 1, "moment": 5, "begin": "2024-03-11", "loose": "2024-03-11", "number": 5, "exact": "1.50", "since": True, "size": 3},
        {"id": 2, "moment": "2024-03-11T00:00:00Z", "begin": "2024-03-11T00:00:00Z", "loose": "banana", "number": "5",
         "exact": 1.5, "since": "2024-03-11T00:00:00Z", "size": "auto"},
    ])  # fmt: skip
    answer = client.get(f"{DATA}/unions", params=query)
    if expected == 400:
        assert_problem(answer, 400, "invalid-value")
    else:
        assert ids(answer) == expected


@pytest.mark.parametrize("name", ["shouty", "hidden", "_secret", "secret", "inner.twice"])
def test_what_is_not_stored_is_no_field(client, name):
    client.post(f"{DATA}/named", json=[{"id": 1, "name": "Ada", "inner": {"n": 1}}])
    assert client.get(f"{DATA}/named/1").json() == {"id": 1, "name": "Ada", "inner": {"n": 1}}
    for answer in (
        client.get(f"{DATA}/named", params={name: "ADA"}),
        client.get(f"{DATA}/named", params={"sort": name}),
        client.get(f"{DATA}/named", params={"select": name}),
        client.get(f"{DATA}/named", params={"where": json.dumps({"not": {name: {"exists": True}}})}),
        client.delete(f"{DATA}/named", params={f"{name}:ne": "ADA"}),
        client.patch(f"{DATA}/named", params={f"{name}:null": "true"}, json={"name": "x"}),
        client.post("/api/v1/query/named", json={"group_by": [name]}),
        client.post("/api/v1/query/named", json={"aggregate": {"n": f"max:{name}"}}),
    ):
        assert_problem(answer, 400, "unknown-field")
    joined = client.get(f"/api/v1/join/named/named/id={name}?as=a,b")
    assert_problem(joined, 422, "key-not-resolved")
    assert len(client.get(f"{DATA}/named").json()["data"]) == 1


def test_a_long_decimal_is_ordered_by_all_its_digits_both_ways(client):
    digits = "1234567890" * 4
    client.post(f"{DATA}/decs", json=[{"id": f"0.{digits}{last}"} for last in "123"])
    assert [text[-1] for text in ids(client.get(f"{DATA}/decs?sort=id"))] == ["1", "2", "3"]
    assert [text[-1] for text in ids(client.get(f"{DATA}/decs?sort=-id"))] == ["3", "2", "1"]
