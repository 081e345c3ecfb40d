"""Typed columns against DuckDB: dates, instants, times, durations and decimals, in conditions, order, groups and joins."""

import itertools
import json
import random
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest
from pydantic import BaseModel

from ramekin.api.app import create_app
from ramekin.database.database import Database
from tests.inside import InsideClient

SEEDS = 3
COLUMNS = {
    "day": "date",
    "moment": "timestamp",
    "tm": "time",
    "dur": "interval",
    "dec": "decimal(30, 6)",
    "n": "bigint",
}
OPERATORS = {"eq": "= ?", "gt": "> ?", "gte": ">= ?", "lt": "< ?", "lte": "<= ?"}


class Row(BaseModel):
    id: int
    day: date | None = None
    moment: datetime | None = None
    tm: time | None = None
    dur: timedelta | None = None
    dec: Decimal | None = None
    n: int | None = None


class Peers(random.Random):
    """The same rows in a server and in DuckDB."""

    def value(self, column):
        """Return one of few values, so that they collide, or one of many."""
        few = self.random() < 0.6
        micros = self.choice([0, 1, 500_000, 999_999])
        if column == "day":
            return date(2024, 2, 28) + timedelta(days=self.randrange(4 if few else 40_000))
        if column == "moment":
            return datetime(2024, 2, 28, 23, tzinfo=UTC) + timedelta(
                hours=self.randrange(4 if few else 10**6), microseconds=micros
            )
        if column == "tm":
            return time(self.choice([0, 8, 23]), self.choice([0, 30, 59]), 0 if few else 59, 0 if few else micros)
        if column == "dur":
            return timedelta(
                minutes=self.randrange(-30, 90, 30) if few else self.randrange(-(10**5), 10**5),
                microseconds=0 if few else micros,
            )
        if column == "dec":
            return Decimal(self.randrange(-3, 4) if few else self.randrange(-(10**20), 10**20)).scaleb(
                -self.choice([0, 1, 6])
            )
        return self.randrange(3 if few else 10**15)

    def spelled(self, value):
        """Return a value as JSON, in one of its spellings."""
        if isinstance(value, datetime):
            zone = timezone(timedelta(minutes=self.choice([0, 330, -690])))
            return self.choice([value.replace(tzinfo=None).isoformat(), value.astimezone(zone).isoformat()])
        if isinstance(value, timedelta):
            sign, size = ("-" if value < timedelta() else ""), abs(value)
            seconds = f"{size.seconds + size.days * 86400}.{size.microseconds:06}"
            return self.choice([f"{sign}PT{seconds}S", f"{sign}P{size.days}DT{size.seconds}.{size.microseconds:06}S"])
        if isinstance(value, Decimal):
            return (
                self.choice([str(value), f"{value}0" if "." in str(value) else f"{value}.00"])
                if "E" not in str(value)
                else str(value)
            )
        return value if isinstance(value, int) else value.isoformat()

    def row(self, i):
        return {"id": i, **{column: self.value(column) if self.random() < 0.85 else None for column in COLUMNS}}


def for_sql(value):
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.fixture(scope="module")
def client():
    with InsideClient(create_app(Database({"a": Row, "b": Row}))) as client:
        yield client


@pytest.fixture(params=range(SEEDS))
def peers(request, client):
    generator, peer = Peers(request.param), duckdb.connect(":memory:")
    for table in ("a", "b"):
        client.delete(f"/api/v1/data/{table}?all=true")
        rows = [generator.row(i) for i in range(40)]
        sent = [{name: None if v is None else generator.spelled(v) for name, v in row.items()} for row in rows]
        assert client.post(f"/api/v1/data/{table}", json=sent).status_code == 201
        peer.execute(f"create table {table} (id bigint, {', '.join(f'{n} {t}' for n, t in COLUMNS.items())})")
        peer.executemany(
            f"insert into {table} values ({', '.join('?' * 7)})", [[for_sql(v) for v in row.values()] for row in rows]
        )
    yield generator, peer
    peer.close()


def ask(client, path, **parameters):
    answer = client.get(path, params={"limit": 1000, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_conditions_and_orders_are_duckdbs(client, peers):
    generator, peer = peers
    for column, operator in itertools.product(COLUMNS, OPERATORS):
        value = generator.value(column)
        order, sign = generator.choice(list(COLUMNS)), generator.choice(["", "-"])
        found = ask(
            client, "/api/v1/data/a", **{f"{column}:{operator}": generator.spelled(value), "sort": f"{sign}{order}"}
        )
        sql = f"select id from a where {column} {OPERATORS[operator]} order by {order} {'desc' if sign else 'asc'} nulls last, id"
        wanted = peer.execute(sql, [for_sql(value)]).fetchall()
        assert [row["id"] for row in found] == [row[0] for row in wanted], (column, operator, value, order)


def test_groups_and_extremes_are_duckdbs(client, peers):
    _, peer = peers
    for by, column in itertools.product(COLUMNS, COLUMNS):
        body = {
            "group_by": [by],
            "aggregate": {"rows": "count", "least": f"min:{column}", "most": f"max:{column}"},
            "limit": 1000,
        }
        found = client.post("/api/v1/query/a", json=body).json()["data"]
        wanted = peer.execute(
            f"select {by}, count(*), min({column}), max({column}) from a group by {by} order by {by} asc nulls last"
        ).fetchall()
        columns = (by, column, column)
        assert [row["rows"] for row in found] == [row[1] for row in wanted], by
        for row, (key, _, least, most) in zip(found, wanted, strict=True):
            for name, shown, value in zip(
                columns, (row[by], row["least"], row["most"]), (key, least, most), strict=True
            ):
                assert same(name, shown, value), (by, name, shown, value)


def same(column, shown, value):
    """Say whether what the server shows is DuckDB's value, as Pydantic reads it."""
    if shown is None or value is None:
        return shown is value
    read = getattr(Row.model_validate_json(json.dumps({"id": 1, column: shown})), column)
    return for_sql(read.astimezone(UTC) if isinstance(read, datetime) and read.tzinfo else read) == value


def test_joins_are_duckdbs(client, peers):
    _, peer = peers
    for column, kind in itertools.product(COLUMNS, ["inner", "left", "full"]):
        found = ask(client, f"/api/v1/join/a/b/{column}={column}", type=kind)
        pairs = [tuple(side and side["id"] for side in (row["a"], row["b"])) for row in found]
        wanted = peer.execute(f"select a.id, b.id from a {kind} join b on a.{column} = b.{column}").fetchall()
        assert sorted(map(str, pairs)) == sorted(map(str, wanted)), (column, kind)
