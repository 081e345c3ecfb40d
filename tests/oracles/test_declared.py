"""Declared values against Python's own: dates, times, decimals and the rest, however they are written.

Each kind of value has a pool of values of Python's own types and, for each, several spellings; the oracle knows the
values alone and never reads a text. Every door is asked: conditions in addresses, in `where`, in `POST /query` and in
changes, order, groups, figures, joins and unique fields; on a table with a model and on one with a JSON Schema.
"""

import functools
import itertools
import json
import random
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import pytest
from pydantic import BaseModel, Field, conint

from ramekin.api.app import create_app
from ramekin.database.database import Database
from tests.inside import InsideClient
from tests.oracles.generate import QUERIES
from tests.problems import assert_problem

ORDERINGS = ["gt", "gte", "lt", "lte"]
TEXT_OPERATORS = ["icontains", "startswith", "endswith"]


def zoned(moment, minutes):
    return moment.astimezone(timezone(timedelta(minutes=minutes)))


class Kind:
    """A kind of declared values: a pool of (value of Python's, spellings that a record may have, others to ask with)."""

    def __init__(self, annotation, schema, pool, wrong, senseless=(), key=lambda value: value):
        self.annotation, self.schema, self.pool = annotation, schema, pool
        self.wrong, self.senseless, self.key = wrong, senseless, key

    def values(self):
        return [value for value, _, _ in self.pool]


def instants():
    moments = [
        datetime(2024, 3, 11, 8, 30, tzinfo=UTC),
        datetime(2024, 3, 11, 8, 30, 0, 500_000, tzinfo=UTC),
        datetime(2024, 3, 11, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 30, 12, 0, tzinfo=UTC),
    ]
    for moment in moments:
        text = moment.isoformat().replace("+00:00", "")
        east, west = zoned(moment, 330).isoformat(), zoned(moment, -690).isoformat()
        padded = text if "." in text else f"{text}.000000"
        small = f"{text.lower()}z"
        asked = [text.replace("T", " ") + "Z", f"{padded}000Z", small, east.replace("+05:30", "+0530")]
        if moment.time() == time():
            asked.append(moment.date().isoformat())
        yield moment, [f"{text}Z", text, east, west, padded + "+00:00"], asked


def times():
    for hour, minute, second, micro in [
        (8, 30, 0, 0),
        (0, 0, 0, 0),
        (23, 59, 59, 999_999),
        (12, 0, 0, 1),
        (9, 5, 7, 0),
    ]:
        at = time(hour, minute, second, micro)
        text = at.isoformat("auto")
        spellings = [text, f"{text}Z"]
        if hour >= 2:
            spellings.append(f"{time(hour - 2, minute, second, micro).isoformat('auto')}-02:00")
        asked = [text[:5]] if not second and not micro else []
        yield at, spellings, [*asked, f"{text}+00:00"]


def durations():
    yield timedelta(minutes=90), ["PT90M", "PT1H30M", "PT5400S"], ["P0DT1.5H", "+PT90M"]
    yield timedelta(minutes=9), ["PT9M"], ["PT540S"]
    yield timedelta(minutes=30), ["PT30M", "PT0.5H"], ["PT1800S"]
    yield timedelta(days=1), ["P1D", "PT24H"], ["P0DT24H"]
    yield timedelta(days=7), ["P1W", "P7D"], ["P6DT24H"]
    yield timedelta(days=365), ["P1Y", "P365D"], ["P12M5D"]
    yield timedelta(microseconds=1), ["PT0.000001S"], []
    yield timedelta(hours=-1), ["-PT1H", "-PT60M"], ["-PT3600S"]
    yield timedelta(0), ["PT0S", "P0D"], ["-PT0S"]


def decimals():
    yield Decimal("1.5"), ["1.50", "1.5", "15E-1"], ["1.500", "+1.5", "0.15e1", 1.5]
    yield Decimal(10), ["10", "10.0", "1E+1"], ["1e1", "0010", 10]
    yield Decimal(9), ["9", "9.00"], [9, 9.0]
    yield Decimal("0.1"), ["0.1"], [".1", 0.1]
    yield Decimal("-0.10000000000000000000000000000000000001"), ["-0.10000000000000000000000000000000000001"], []
    yield Decimal("-0.1"), ["-0.1"], ["-1E-1"]
    yield Decimal("12345678901234567890.12345678901234567890"), ["12345678901234567890.1234567890123456789"], []
    yield Decimal("12345678901234567890.12345678901234567891"), ["12345678901234567890.12345678901234567891"], []
    yield Decimal("1E+400"), ["1E+400", "1.0E+400"], ["10e399"]
    yield Decimal(0), ["0", "0.00", "-0"], ["0E-5", 0]


def uuids():
    for text in (
        "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f",
        "ffffffff-ffff-4fff-8fff-ffffffffffff",
        "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    ):
        value = uuid.UUID(text)
        yield value, [text, text.upper()], [value.hex, value.urn, f"{{{text}}}"]


def plainly(values):
    return [(value, [value], []) for value in values]


class Color(Enum):
    red = "red"
    green = "green"
    blue = "blue"


class Level(IntEnum):
    low = 1
    mid = 5
    high = 10


DAYS = [date(2024, 3, 11), date(2024, 3, 2), date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29)]
TEXT = {"type": "string"}
NO_TEXT = ["contains", *TEXT_OPERATORS]
NO_ORDER = ORDERINGS
WRONG = ["banana", "", "5", "1710072000", "true", "null"]

KINDS = {
    "instant": Kind(datetime, TEXT | {"format": "date-time"}, list(instants()), [*WRONG, "2024-3-11", "2024-W10-1", "2024-03-11T24:00:00Z", "2024-02-30", "20240311T083000Z", "2024-03-11T08", "2024-03-11T08:30:00+24:00", "2023-02-29T00:00:00Z", "2024-03-11T08:30:61Z"], NO_TEXT),
    "date": Kind(date, TEXT | {"format": "date"}, [(day, [day.isoformat()], []) for day in DAYS], [*WRONG, "2024-3-11", "2024-02-30", "20240311", "2024-03-11T00:00:00Z", "2024-071", "11.03.2024"], NO_TEXT),
    "time": Kind(time, TEXT | {"format": "time"}, list(times()), [*WRONG, "8:30", "24:00", "08:60", "0830", "08:30:00+25:00"], NO_TEXT),
    "duration": Kind(timedelta, TEXT | {"format": "duration"}, list(durations()), [*WRONG, "P", "PT", "P1DT", "P1H", "30M", "01:30:00", "1 day", "P-1D"], NO_TEXT),
    "decimal": Kind(Decimal, TEXT | {"format": "decimal"}, list(decimals()), ["banana", "", "1_000", " 5 ", "٥", "NaN", "Infinity", "0x10", "1;5", "true"], NO_TEXT),
    "uuid": Kind(uuid.UUID, TEXT | {"format": "uuid"}, list(uuids()), [*WRONG, "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5"], []),
    "integer": Kind(conint(ge=-5), {"type": "integer"}, [(1, [1], [1.0]), (10, [10], [10.0]), (9, [9], []), (-5, [-5], []), (2**53 + 1, [2**53 + 1], [])], ["banana", "", "0150", "+5", "true", "1.5"], NO_TEXT),
    "number": Kind(float, {"type": "number"}, [(1.5, [1.5], []), (10.0, [10.0], [10]), (9.0, [9.0], [9]), (-0.25, [-0.25], []), (1e300, [1e300], [])], ["banana", "", ".5", "NaN", "false"], NO_TEXT),
    "boolean": Kind(bool, {"type": "boolean"}, plainly([True, False]), ["True", "1", "0", "", "yes"], [*NO_TEXT, *NO_ORDER]),
    "text": Kind(str, TEXT, plainly(["b", "a", "B", "", "10", "9", "2024-03-11", "é"]), []),
    "enum": Kind(Color, {"enum": ["red", "green", "blue"]}, plainly(["red", "green", "blue"]), ["Red", "pink", "", "1"]),
    "levels": Kind(Level, {"type": "integer", "enum": [1, 5, 10]}, plainly([1, 5, 10]), ["2", "low", "", "true"], NO_TEXT),
    "literal": Kind(Literal["x", "y"], {"anyOf": [{"const": "x"}, {"const": "y"}]}, plainly(["x", "y"]), ["z", ""]),
}  # fmt: skip


def closed(properties):
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def model_of(name):
    """Return a model with the kind's values in all sorts of places."""
    annotation = KINDS[name].annotation

    class Part(BaseModel):
        v: annotation | None = None

    class Round(BaseModel):
        form: Literal["round"]
        v: annotation

    class Square(BaseModel):
        form: Literal["square"]
        side: int

    class Whole(BaseModel):
        id: int
        v: annotation | None = None
        sure: Annotated[annotation, Field(description="Always there.", alias="Sure")]
        part: Part | None = None
        many: list[annotation] = []
        shape: Annotated[Round | Square, Field(discriminator="form")] | None = None
        by_name: dict[str, annotation] = {}

    return Whole


def schema_of(name):
    """Return a JSON Schema that says the same with references, unions and keywords beside one another."""
    return {
        "$defs": {"value": KINDS[name].schema, "part": {"properties": {"v": {"$ref": "#/$defs/value"}}}},
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "v": {"anyOf": [{"$ref": "#/$defs/value"}, {"type": "null"}]},
            "Sure": {"allOf": [{"$ref": "#/$defs/value"}], "description": "Always there."},
            "part": {"type": ["object", "null"], "$ref": "#/$defs/part"},
            "many": {"type": "array", "items": {"$ref": "#/$defs/value"}},
            "shape": {
                "oneOf": [
                    closed({"form": {"const": "round"}, "v": {"$ref": "#/$defs/value"}}),
                    closed({"form": {"const": "square"}, "side": {"type": "integer"}}),
                    {"type": "null"},
                ]
            },
            "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
        },
        "anyOf": [{"required": ["id"]}, {"required": ["Sure"]}],
    }


FIELDS = ["v", "Sure", "part.v", "shape.v", "by_name.a", "many.0"]
FIELDS_EACH = min(len(FIELDS), max(1, QUERIES // 100))
"""Of how many fields each operator is asked; `make test-all` asks all."""


class World:
    """One kind of value in a table, its records spelled at random, and what Python makes of them."""

    def __init__(self, client, name, table, seed, count=24):
        self.client, self.name, self.table, self.random = client, name, table, random.Random(f"{name}{table}{seed}")
        self.kind = KINDS[name]
        self.records = [self.record(i) for i in range(count)]
        bodies = [self.spelled(record) for record in self.records]
        answer = client.post(f"/api/v1/data/{table}", json=bodies)
        assert answer.status_code == 201, answer.text

    def record(self, i):
        """Return a record of Python's values by field; a field that is not there is left out."""
        choose = lambda: self.random.choice(self.kind.values())  # noqa: E731
        record = {"id": i, "Sure": choose()}
        for name in ("v", "part.v", "shape.v", "by_name.a", "many.0"):
            if self.random.random() < 0.8:
                record[name] = choose()
        if "v" not in record and self.random.random() < 0.5:
            record["v"] = None
        return record

    def spell(self, value):
        spellings = next(
            spellings for known, spellings, _ in self.kind.pool if known == value and type(known) is type(value)
        )
        return self.random.choice(spellings)

    def ask(self, value, *, exact):
        """Return a spelling to ask with; a number is a text in an address."""
        known = next(each for each in self.kind.pool if each[0] == value and type(each[0]) is type(value))
        spelling = self.random.choice([*known[1], *known[2]])
        return spelling if exact or isinstance(spelling, str) else json.dumps(spelling)

    def spelled(self, record):
        body = {"id": record["id"], "Sure": self.spell(record["Sure"])}
        if "v" in record:
            body["v"] = None if record["v"] is None else self.spell(record["v"])
        if "part.v" in record:
            body["part"] = {"v": self.spell(record["part.v"])}
        if "shape.v" in record:
            body["shape"] = {"form": "round", "v": self.spell(record["shape.v"])}
        if "by_name.a" in record:
            body["by_name"] = {"a": self.spell(record["by_name.a"])}
        if "many.0" in record:
            body["many"] = [self.spell(record["many.0"])]
        return body

    def holds(self, record, field, operator, value):
        there = record.get(field)
        if operator == "null":
            return (there is None) is value
        if operator in ("eq", "in"):
            return there is not None and there in (value if operator == "in" else [value])
        if operator in ("ne", "nin"):
            return there is None or there not in (value if operator == "nin" else [value])
        if there is None:
            return False
        return {"gt": there > value, "gte": there >= value, "lt": there < value, "lte": there <= value}[operator]

    def operators(self):
        ordered = [operator for operator in ORDERINGS if operator not in self.kind.senseless]
        return ["eq", "ne", "in", "nin", *ordered]


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [record["id"] for record in answer.json()["data"]]


@pytest.fixture(scope="module")
def client():
    models = {f"{name}_model": model_of(name) for name in KINDS}
    with InsideClient(create_app(Database(models)), raise_server_exceptions=False) as client:
        for name in KINDS:
            answer = client.put(f"/api/v1/tables/{name}_schema", json={"schema": schema_of(name)})
            assert answer.status_code == 201, answer.text
        yield client


@pytest.fixture(params=[f"{name}_{how}" for name in KINDS for how in ("model", "schema")])
def worlds(request, client):
    """Some tables of one kind; what a test leaves behind is taken away."""
    name, how = request.param.rsplit("_", 1)
    yield lambda seed, **more: World(client, name, f"{name}_{how}", seed, **more)
    client.delete(f"/api/v1/data/{request.param}?all=true")


def test_conditions_in_every_door_find_what_python_finds(client, worlds):
    world = worlds(0)
    for operator in world.operators():
        for field in world.random.sample(FIELDS, FIELDS_EACH):
            wanted = world.random.choice(world.kind.values())
            if operator in ("in", "nin"):
                wanted = world.random.sample(world.kind.values(), 2)
            expected = [record["id"] for record in world.records if world.holds(record, field, operator, wanted)]
            each = wanted if isinstance(wanted, list) else [wanted]
            asked = ",".join(world.ask(value, exact=False) for value in each)
            told = (field, operator, asked)
            query = urlencode({f"{field}:{operator}": asked})
            assert ids(client.get(f"/api/v1/data/{world.table}?{query}")) == expected, told
            exact = [world.ask(value, exact=True) for value in each]
            where = {field: {operator: exact if isinstance(wanted, list) else exact[0]}}
            assert ids(client.get(f"/api/v1/data/{world.table}", params={"where": json.dumps(where)})) == expected, (
                where
            )
            assert (
                ids(client.post(f"/api/v1/query/{world.table}", json={"where": {"not": {"not": where}}})) == expected
            ), where
            sorted_by = ids(client.get(f"/api/v1/data/{world.table}?{query}&sort=-{field}"))
            assert sorted(sorted_by) == sorted(expected), told
            limited = client.delete(f"/api/v1/data/{world.table}?{query}&max_affected=0")
            assert limited.status_code == (409 if expected else 200), told
            done = client.patch(f"/api/v1/data/{world.table}?{query}", json={"many": []}) if field != "many.0" else None
            assert done is None or done.json()["matched"] == len(expected), told
            if done is not None:  # the matrix goes on with the records as they were
                client.post(
                    f"/api/v1/data/{world.table}?on_conflict=replace", json=[world.spelled(r) for r in world.records]
                )


def test_order_is_pythons_in_both_directions_and_through_pages(client, worlds):
    world = worlds(1)
    if "gt" in world.kind.senseless:
        return
    for field, sign in itertools.product(FIELDS, ("", "-")):
        there = [record for record in world.records if record.get(field) is not None]
        there.sort(key=functools.cmp_to_key(lambda a, b, f=field, s=sign: by_value(a, b, f, s)))
        rest = [record for record in world.records if record.get(field) is None]
        found, path = [], f"/api/v1/data/{world.table}?sort={sign}{field}&limit=5"
        while path:
            answer = client.get(path)
            found += ids(answer)
            path = answer.json()["next"]
        assert found == [record["id"] for record in [*there, *rest]], (field, sign)


def by_value(a, b, field, sign):
    x, y = a[field], b[field]
    found = (x > y) - (x < y)
    return (-found if sign else found) or a["id"] - b["id"]


def test_groups_and_extremes_go_by_value(client, worlds):
    world = worlds(2)
    for field in FIELDS:
        counts: dict[Any, int] = {}
        for record in world.records:
            counts[record.get(field)] = counts.get(record.get(field), 0) + 1
        body = {"group_by": [field], "aggregate": {"n": "count"}, "limit": 3}
        rows, path = [], f"/api/v1/query/{world.table}"
        while path:
            answer = client.post(path, json=body).json()
            rows += answer["data"]
            path = answer["next"]
        found = {world_value(world, row[field]): row["n"] for row in rows}
        assert found == counts, field
        assert len(rows) == len(counts), field
        if "gt" not in world.kind.senseless:
            values = [value for value in counts if value is not None]
            assert [world_value(world, row[field]) for row in rows if row[field] is not None] == sorted(values)
            answer = client.post(
                f"/api/v1/query/{world.table}", json={"aggregate": {"least": f"min:{field}", "most": f"max:{field}"}}
            ).json()["data"][0]
            assert world_value(world, answer["least"]) == min(values), field
            assert world_value(world, answer["most"]) == max(values), field


def world_value(world, shown):
    """Return Python's value of what the server showed: the model's own spelling, or one that was sent."""
    if shown is None:
        return None
    for value, spellings, _ in world.kind.pool:
        if any(shown == spelling and type(shown) is type(spelling) for spelling in [*spellings, *canonical(value)]):
            return value
    raise AssertionError(f"{shown} was never sent")


class Holder(BaseModel):
    """Writes a value as Pydantic does."""

    v: Any


def canonical(value):
    """Return how a model writes a value: Pydantic's own JSON."""
    if isinstance(value, (datetime, time)) and value.tzinfo is None:
        return [
            Holder(v=value).model_dump(mode="json")["v"],
            Holder(v=value.replace(tzinfo=UTC)).model_dump(mode="json")["v"],
        ]
    return [Holder(v=value).model_dump(mode="json")["v"], *variants(value)]


def variants(value):
    """Return the spellings that a model keeps beside one another: a moment in several zones, a decimal's zeros."""
    if isinstance(value, datetime):
        moments = [value, value.replace(tzinfo=None), zoned(value, 330), zoned(value, -690)]
        return [moment.isoformat().replace("+00:00", "Z") for moment in moments]
    return []


@pytest.mark.parametrize("how", ["inner", "full"])
def test_joins_match_by_value(client, name_and_tables, how):
    name, left_table, right_table = name_and_tables
    left, right = World(client, name, left_table, 3, count=12), World(client, name, right_table, 4, count=12)
    for own, other in itertools.product(["v", "part.v"], ["Sure", "by_name.a"]):
        pairs = [
            (one["id"], two["id"])
            for one in left.records
            for two in right.records
            if one.get(own) is not None and one.get(own) == two.get(other)
        ]
        if how == "full":
            lefts, rights = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
            pairs = sorted(
                [*pairs, *((one["id"], None) for one in left.records if one["id"] not in lefts)],
                key=lambda p: (p[0], p[1] or 0),
            )
            pairs += [(None, two["id"]) for two in right.records if two["id"] not in rights]
        path = f"/api/v1/join/{left_table}/{right_table}/{own}={other}?type={how}&limit=1000&as=l,r"
        rows = client.get(path).json()["data"]
        found = [(row["l"] and row["l"]["id"], row["r"] and row["r"]["id"]) for row in rows]
        assert found == pairs, (own, other)


@pytest.fixture(params=list(KINDS))
def name_and_tables(request, client):
    tables = [f"{request.param}_model", f"{request.param}_schema"]
    yield request.param, *tables
    for table in tables:
        client.delete(f"/api/v1/data/{table}?all=true")


@pytest.mark.parametrize("name", KINDS)
def test_unique_is_by_value(client, name):
    kind, table = KINDS[name], f"{name}_once"
    definition = {"schema": schema_of(name), "unique": ["Sure"], "indexes": [{"field": "v", "kind": "sorted"}]}
    assert client.put(f"/api/v1/tables/{table}", json=definition).status_code == 201
    for i, (_, spellings, _) in enumerate(kind.pool):
        assert client.post(f"/api/v1/data/{table}", json={"id": i, "Sure": spellings[0]}).status_code == 201
        for spelling in spellings:
            answer = client.post(f"/api/v1/data/{table}", json={"id": 1000, "Sure": spelling})
            assert answer.status_code == 409, spelling
            bulk = [{"id": 1000, "Sure": spelling}, {"id": 1001, "Sure": spelling}]
            assert client.post(f"/api/v1/data/{table}", json=bulk).status_code == 409
            assert client.post("/api/v1/load", json={table: bulk}).status_code == 409
    client.get(f"/api/v1/data/{table}?sort=v")
    indexes = client.get(f"/api/v1/tables/{table}").json()["indexes"]
    assert sorted(index["field"] for index in indexes) == ["Sure", "v"], (
        "a pinned index serves the queries of its field"
    )


@pytest.mark.parametrize("name", KINDS)
def test_a_definition_is_refused_where_records_are_equal_by_value(client, name):
    for _value, spellings, _ in KINDS[name].pool:
        table = f"{name}_twice"
        client.delete(f"/api/v1/tables/{table}")
        bodies = [{"id": i, "Sure": spelling} for i, spelling in enumerate((spellings * 2)[:2])]
        client.post(f"/api/v1/data/{table}", json=bodies)
        definition = {"schema": schema_of(name), "unique": ["Sure"]}
        assert_problem(client.put(f"/api/v1/tables/{table}", json=definition), 409, "definition-broken")


@pytest.mark.parametrize("how", ["model", "schema"])
@pytest.mark.parametrize("name", KINDS)
def test_what_cannot_be_is_told_in_every_door(client, name, how):
    kind, path = KINDS[name], f"/api/v1/data/{name}_{how}"
    good = json.dumps(kind.pool[0][1][0]).strip('"')
    fields = itertools.cycle(FIELDS)
    for text in kind.wrong:
        for operator, field in zip(("eq", "ne", "in", "nin"), fields, strict=False):
            sent = f"{good},{text}" if operator in ("in", "nin") else text
            for answer in (
                client.get(path, params={f"{field}:{operator}": sent}),
                client.patch(path, params={f"{field}:{operator}": sent}, json={}),
                client.delete(path, params={f"{field}:{operator}": sent}),
            ):
                assert_problem(answer, 400, "invalid-value")
        if isinstance(kind.pool[0][1][0], str):
            for where in ({field: text}, {"or": [{field: {"in": [text]}}]}, {"not": {field: {"ne": text}}}):
                assert_problem(client.post(f"/api/v1/query/{name}_{how}", json={"where": where}), 400, "invalid-value")
    for operator, field in zip(kind.senseless, fields, strict=False):
        assert_problem(client.get(path, params={f"{field}:{operator}": good}), 400, "invalid-operator")
        assert_problem(client.delete(path, params={f"{field}:{operator}": good}), 400, "invalid-operator")


@pytest.mark.parametrize("how", ["model", "schema"])
@pytest.mark.parametrize("name", ["enum", "levels", "literal"])
def test_values_that_can_be_are_named(client, name, how):
    path = f"/api/v1/data/{name}_{how}"
    problem = assert_problem(client.get(f"{path}?v={KINDS[name].wrong[0]}"), 400, "invalid-value")
    for value in KINDS[name].values():
        assert json.dumps(value) in problem["detail"]


@pytest.mark.parametrize("how", ["model", "schema"])
@pytest.mark.parametrize("name", KINDS)
def test_an_array_has_elements_by_value(client, name, how):
    kind, table = KINDS[name], f"{name}_{how}"
    some = [(value, spellings[-1]) for value, spellings, _ in kind.pool]
    bodies = [{"id": i, "Sure": spelling, "many": [some[i - 1][1], spelling]} for i, (_, spelling) in enumerate(some)]
    assert client.post(f"/api/v1/data/{table}", json=bodies).status_code == 201
    for i, (_, spellings, asked) in enumerate(kind.pool):
        for spelling in [*spellings, *asked]:
            text = spelling if isinstance(spelling, str) else json.dumps(spelling)
            expected = sorted({i, (i + 1) % len(some)})
            assert ids(client.get(f"/api/v1/data/{table}", params={"many:contains": text})) == expected, text
            where = {"many": {"contains": spelling}}
            assert ids(client.post(f"/api/v1/query/{table}", json={"where": where})) == expected, where
    for text in kind.wrong:
        assert_problem(client.get(f"/api/v1/data/{table}", params={"many:contains": text}), 400, "invalid-value")
    client.delete(f"/api/v1/data/{table}?all=true")
