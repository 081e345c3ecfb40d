"""How long each kind of request holds the event loop: the longest turn of each, in ms of the thread's own time.

    python -m benchmarks.turns [--records N] [KIND ...]

A turn is one callback of the loop; while it lasts nobody else is answered. The application is called in this process as
a server calls it, with the collector set as a server sets it, and every callback is measured. Prints a line for each
kind; with names, for the kinds whose names contain one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
from dataclasses import dataclass
from decimal import Decimal
from time import thread_time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ramekin import Database, Limits
from ramekin.api.app import create_app
from ramekin.engine.embedded import Embedded
from ramekin.limits import MIB
from ramekin.storage.catalog import MAX_TABLES
from ramekin.storage.collector import attend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

CHUNK_BYTES = 64 * 1024
LISTED = ",".join([str(i * 7919 % 10_000) for i in range(10_000)])
ZEROS = ",".join([f"{i * 7919 % 10_000}.50" for i in range(10_000)])
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
PATCH = "application/merge-patch+json"
EIGHT = tuple(f"f{i}" for i in range(8))


def small(i: int) -> dict[str, Any]:
    """Return a record of ten members, of which eight may have indexes; `g` has many values, `c` is the same in all."""
    return {"id": i, **{f"f{j}": (i * 7919 + j) % 100_003 for j in range(8)}, "g": f"group {i % 50_000}", "c": 1}


def wide(i: int) -> dict[str, Any]:
    return {"id": f"w{i}", **{f"m{j}": f"value {i * j}" for j in range(60)}}


def large(i: int) -> dict[str, Any]:
    return {"id": f"l{i}", "n": i, "text": f"{i} " * 4000}


def nested(i: int) -> dict[str, Any]:
    return {"id": f"n{i}", "a": {"b": [{"c": {"d": [i, {"e": i % 97}]}} for _ in range(5)]}, "n": i % 1000}


class Typed(BaseModel):
    """A record that may be long in several ways."""

    id: int
    numbers: list[int] = []
    texts: list[str] = []
    members: dict[str, int] = {}
    number: int = 0
    price: Decimal = Decimal(0)


TYPED_SCHEMA = {
    "properties": {
        "numbers": {"items": {"type": "integer"}},
        "texts": {"items": {"type": "string"}},
        "members": {"additionalProperties": {"type": "integer"}},
    }
}
LONG: dict[str, Any] = {
    "numbers": [1] * 500_000,
    "texts": ["a text"] * 110_000,
    "members": {f"m{i}": i for i in range(70_000)},
}
"""Members with which a `Typed` takes nearly 1 MiB."""

SHAPES = {"small": (small, 1), "wide": (wide, 8), "large": (large, 60), "nested": (nested, 2)}
"""Records of each shape, and what the number of records is divided by."""


def rest_from_making() -> None:
    """Have the collector look no more at what was made until now, and begin to count anew."""
    gc.collect()
    gc.freeze()
    gc.collect()


class Meter:
    """Measures every callback of the loop while it runs."""

    def __init__(self) -> None:
        self.longest_s = self.total_s = 0.0
        self._run = asyncio.Handle._run

    def __enter__(self) -> Meter:
        meter, run = self, self._run

        def measured(handle: asyncio.Handle) -> None:
            began = thread_time()
            run(handle)
            spent = thread_time() - began
            meter.total_s += spent
            meter.longest_s = max(meter.longest_s, spent)

        asyncio.Handle._run = measured  # type: ignore[method-assign]  # every callback goes through it
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]


@dataclass
class Turns:
    """What was measured of one request."""

    status: int
    body: bytes
    longest_ms: float
    total_ms: float


class Service:
    """The application in this process, as a server calls it."""

    def __init__(self, records: int) -> None:
        engine = Embedded()
        limits = Limits(bulk_bytes=1024 * MIB, load_bytes=2048 * MIB, sorted_rows=10**7)
        self.records = records
        self.database = Database({"typed": Typed}, engine=engine, limits=limits)
        self.app = create_app(self.database, is_dev=True)
        self.is_ready = False
        """Whether the tables to read are there."""

    async def ask(self, method: str, path: str, body: bytes = b"", media: str = JSON, accept: str = JSON) -> Turns:
        """Send a request, and return what was measured until all of its answer was there."""
        address, _, query = path.partition("?")
        headers = [(b"host", b"localhost"), (b"accept", accept.encode())]
        if body:
            headers += [(b"content-type", media.encode()), (b"content-length", b"%d" % len(body))]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 5000),
            "scheme": "http",
            "method": method,
            "root_path": "",
            "path": address,
            "raw_path": address.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        pieces = [body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES)] or [b""]
        pending = iter(pieces)
        left = len(pieces)
        statuses, written = [], []
        is_done = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal left
            await asyncio.sleep(0)
            if left:
                left -= 1
                return {"type": "http.request", "body": next(pending), "more_body": left > 0}
            await is_done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                written.append(message.get("body", b""))
                if not message.get("more_body", False):
                    is_done.set()
            await asyncio.sleep(0)

        with Meter() as meter:
            task = asyncio.create_task(self.app(scope, receive, send))
            await task
            for _ in range(300):  # what is let go of afterwards
                await asyncio.sleep(0)
        return Turns(statuses[0], b"".join(written), meter.longest_s * 1000, meter.total_s * 1000)

    async def fill(self, table: str = "t", shape: str = "small") -> None:
        """Make a table anew, of many records of a shape."""
        make, divisor = SHAPES[shape]
        if table in self.database.engine.tables:
            await self.database.drop(table)
            await asyncio.sleep(0.05)
        records = ((table, make(i)) for i in range(self.records // divisor))
        await self.database.load(records, is_parsed=True)
        rest_from_making()

    async def drop_all(self) -> None:
        """Drop all tables, and have what they held freed."""
        for table in [*self.database.engine.tables.catalog]:
            await self.database.drop(table.name)
        await asyncio.sleep(0.05)
        self.is_ready = False


Kind = "Callable[[Service], Awaitable[Turns]]"
KINDS: dict[str, Any] = {}


def kind(name: str) -> Callable[[Any], Any]:
    """Take note of a kind of request by its name."""

    def take(function: Any) -> Any:
        KINDS[name] = function
        return function

    return take


def indexes(*fields: str) -> bytes:
    return json.dumps({"indexes": [{"field": name, "kind": "sorted"} for name in fields]}).encode()


def _change_kinds() -> Iterator[tuple[str, Any]]:
    for method in ("PATCH", "DELETE"):
        for named in ((), EIGHT[:3], EIGHT):
            for patch in ({"c": 2}, {"f0": 5}) if method == "PATCH" else (None,):

                async def change(s: Service, method=method, named=named, patch=patch) -> Turns:
                    await s.fill()
                    if named:
                        await s.ask("PUT", "/api/v1/tables/t", indexes(*named))
                    body = b"" if patch is None else json.dumps(patch).encode()
                    return await s.ask(method, "/api/v1/data/t?f1:gte=50000", body, PATCH)

                yield (
                    f"{method} half by condition, {len(named)} indexes{'' if patch is None else f', of {next(iter(patch))}'}",
                    change,
                )


KINDS |= dict(_change_kinds())


@kind("PATCH all, wide")
async def _(s: Service) -> Turns:
    await s.fill("w", "wide")
    return await s.ask("PATCH", "/api/v1/data/w?all=true", b'{"m7":"x"}', PATCH)


@kind("PATCH all, large bodies")
async def _(s: Service) -> Turns:
    await s.fill("l", "large")
    return await s.ask("PATCH", "/api/v1/data/l?all=true", b'{"n":1}', PATCH)


def _bulk(s: Service, shape: str, media: str) -> bytes:
    make, divisor = SHAPES[shape]
    records = [make(i) for i in range(s.records // divisor)]
    if media == CSV:
        names = list(records[0])
        lines = [",".join(names), *[",".join([str(record[name]) for name in names]) for record in records]]
        return "\n".join(lines).encode() + b"\n"
    texts = [json.dumps(record, separators=(",", ":")) for record in records]
    return ("[" + ",".join(texts) + "]" if media == JSON else "\n".join(texts) + "\n").encode()


def _bulk_kinds() -> Iterator[tuple[str, Any]]:
    for word, media in {"JSON": JSON, "NDJSON": NDJSON, "CSV": CSV}.items():
        for shape in ("small", "wide") if media == CSV else tuple(SHAPES):

            async def bulk(s: Service, media=media, shape=shape) -> Turns:
                if "b" in s.database.engine.tables:
                    await s.database.drop("b")
                return await s.ask("POST", "/api/v1/data/b", _bulk(s, shape, media), media)

            yield f"bulk, {word}, {shape}", bulk

    async def indexed(s: Service) -> Turns:
        await s.ask("DELETE", "/api/v1/tables/b")
        await s.ask("PUT", "/api/v1/tables/b", indexes(*EIGHT))
        return await s.ask("POST", "/api/v1/data/b", _bulk(s, "small", NDJSON), NDJSON)

    yield "bulk, NDJSON, small, 8 indexes", indexed

    async def replacing(s: Service) -> Turns:
        await s.fill("b")
        return await s.ask("POST", "/api/v1/data/b?on_conflict=replace", _bulk(s, "small", NDJSON), NDJSON)

    yield "bulk over what is there", replacing

    async def unique(s: Service) -> Turns:
        await s.ask("DELETE", "/api/v1/tables/b")
        await s.ask("PUT", "/api/v1/tables/b", b'{"unique":["u"]}')
        text = b"".join(b'{"id":%d,"u":%d}\n' % (i, i) for i in range(s.records))
        return await s.ask("POST", "/api/v1/data/b", text, NDJSON)

    yield "bulk, unique", unique

    async def many_members(s: Service) -> Turns:
        text = json.dumps({"id": 1, **{f"m{i}": 1 for i in range(95_000)}}, separators=(",", ":")).encode()
        return await s.ask("POST", "/api/v1/data/m", text[: 1 << 20])

    yield "one record of 95,000 members", many_members

    async def batch(s: Service) -> Turns:
        await s.fill("b")
        operations = [{"op": "patch", "table": "b", "id": i, "record": {"c": 2}} for i in range(s.records)]
        return await s.ask("POST", "/api/v1/batch", json.dumps({"operations": operations}).encode())

    yield "batch of as many patches", batch


KINDS |= dict(_bulk_kinds())


def _record_kinds() -> Iterator[tuple[str, Any]]:
    """Yield requests of one record that is long: 1 MiB as it is stored, 6 as it is sent."""
    strings, numbers = b'"",' * (2 * MIB - 50), b"1," * (MIB // 2 - 50)
    for name, method, path, body, media in (
        ("one record in an array, wrong behind strings", "POST", "data/o", b'[{"a":[' + strings + b"x]}]", JSON),
        (
            "one record in a batch, wrong behind strings",
            "POST",
            "batch",
            b'{"operations":[{"a":[' + strings + b"x",
            JSON,
        ),
        ("one record, wrong behind escapes", "PUT", "data/o/1", b'{"a":"' + b"\\u00e9" * (MIB - 50), JSON),
        (
            "one record, an integer too large behind numbers",
            "PUT",
            "data/o/1",
            b'{"a":[' + numbers + b"9" * 20 + b"]}",
            JSON,
        ),
        ("PATCH all, of 500,000 numbers", "PATCH", "data/o?all=true", b'{"a":[' + numbers + b"1]}", PATCH),
        ("batch of 300,000 numbers", "POST", "batch", b'{"operations":[' + b"1," * 300_000 + b"1]}", JSON),
    ):

        async def ask(s: Service, method=method, path=path, body=body, media=media) -> Turns:
            await s.ask("PUT", "/api/v1/data/o/1?upsert=true", b'{"id":1}')
            return await s.ask(method, f"/api/v1/{path}", body, media)

        yield name, ask


KINDS |= dict(_record_kinds())


def _passed_over_kinds() -> Iterator[tuple[str, Any]]:
    """Yield bulks and loads of 20 bytes for each record that others have, out of which come few records, or none."""

    def columns(s: Service) -> int:
        return min(50_000, s.records // 2)

    def wide(name: bytes, cell: bytes) -> Callable[[Service], bytes]:
        return lambda s: (
            b",".join([name % i for i in range(columns(s))]) + (b"\n" + b",".join([cell] * columns(s))) * 3 + b"\n"
        )

    many = "data/b?on_conflict=replace"
    for what, path, media, text in (
        ("CSV, line ends", many, CSV, lambda s: b"id\n" + b"\n" * 20 * s.records),
        (
            "CSV, line ends behind a cell",
            many,
            CSV,
            lambda s: b'a\n"' + b"x" * 40_000 + b'"' + b"\r\n" * 10 * s.records,
        ),
        ("CSV, wide, empty", many, CSV, wide(b"f%d", b"")),
        ("CSV, wide, of numbers", many, CSV, wide(b"f%d", b"7")),
        ("CSV, wide, of texts", many, CSV, wide(b"f%d", b"x")),
        ("CSV, wide, in quotes", many, CSV, wide(b'"f%d"', b'"x"')),
        ("CSV, a cell", many, CSV, lambda s: b'a\n"' + b"x" * min(900_000, 5 * s.records) + b'"\n'),
        ("CSV, a cell of quotes", many, CSV, lambda s: b'a\n"' + b'""' * min(900_000, 5 * s.records) + b'"\n'),
        ("CSV, a cell of digits", many, CSV, lambda s: b"a\n" + b"7" * min(900_000, 5 * s.records) + b"\n"),
        ("CSV, line ends, wrong at the end", many, CSV, lambda s: b"id\n" + b"\n" * 20 * s.records + b"1,2\n"),
        ("NDJSON, line ends", many, NDJSON, lambda s: b"\n" * 20 * s.records),
        ("NDJSON, spaces", many, NDJSON, lambda s: b" " * min(6 * MIB - 50, 20 * s.records)),
        ("NDJSON, a record of spaces", many, NDJSON, lambda s: b" " * min(6 * MIB - 50, 20 * s.records) + b"{}"),
        ("NDJSON, lines of spaces", many, NDJSON, lambda s: (b" " * 999 + b"\n") * (s.records // 50)),
        ("NDJSON, line ends, wrong at the end", many, NDJSON, lambda s: b"\n" * 20 * s.records + b'{"id":{}}'),
        ("JSON, spaces in front", many, JSON, lambda s: b" " * 20 * s.records + b"[]"),
        ("JSON, spaces within", many, JSON, lambda s: b"[{}," + b" \n" * 10 * s.records + b"{}]"),
        ("JSON, spaces, wrong at the end", many, JSON, lambda s: b"[{}," + b"\n" * 20 * s.records + b'{"id":{}}]'),
        ("load, spaces within", "load", JSON, lambda s: b'{"b":[' + b" \n" * 10 * s.records + b"]}"),
        ("load, tables without records", "load", JSON, lambda s: b'{"b":[],"c":[' + b"\n" * 20 * s.records + b"]}"),
        ("batch, spaces within", "batch", JSON, lambda s: b'{"operations":[' + b" \n" * 10 * s.records + b"]}"),
    ):

        async def ask(s: Service, path=path, media=media, text=text) -> Turns:
            return await s.ask("POST", f"/api/v1/{path}", text(s), media)

        yield f"passed over, {what}", ask


KINDS |= dict(_passed_over_kinds())


@kind("one record against as many alternatives as may be")
async def _(s: Service) -> Turns:
    values = [{"a": i} for i in range(800)]
    schema = {"properties": {"a": {"items": {"enum": values}}}}
    await s.ask("PUT", "/api/v1/tables/alternatives", json.dumps({"schema": schema}).encode())
    return await s.ask("POST", "/api/v1/data/alternatives", json.dumps({"a": values[-1:] * 300}).encode())


@kind("one record against as many patterns as may be")
async def _(s: Service) -> Turns:
    schema = {"allOf": [{"properties": {"a": {"pattern": f"(a|b)*c{i}x"}}} for i in range(10)]}
    await s.ask("PUT", "/api/v1/tables/patterns", json.dumps({"schema": schema}).encode())
    return await s.ask("POST", "/api/v1/data/patterns", json.dumps({"a": "ab" * 499_000}).encode())


def _typed_kinds() -> Iterator[tuple[str, Any]]:
    """Yield a record of 1 MiB, put and patched, where a model or a schema looks at it: the longest turn of its shapes."""
    for by, table in (("model", "typed"), ("schema", "declared")):
        for method in ("PUT", "PATCH"):

            async def write(s: Service, table=table, method=method) -> Turns:
                if table == "declared":
                    await s.ask("PUT", "/api/v1/tables/declared", json.dumps({"schema": TYPED_SCHEMA}).encode())
                found = []
                for name, value in LONG.items():
                    await s.ask("PUT", f"/api/v1/data/{table}/1?upsert=true", b'{"id":1}')
                    body = json.dumps({name: value}, separators=(",", ":")).encode()
                    media = PATCH if method == "PATCH" else JSON
                    found.append(await s.ask(method, f"/api/v1/data/{table}/1", body, media))
                assert all(turns.status < 300 for turns in found)
                return max(found, key=lambda turns: turns.longest_ms)

            yield f"{method} of 1 MiB, typed by a {by}", write


KINDS |= dict(_typed_kinds())


READS = {
    "list": "/api/v1/data/t?limit=10000",
    "list, sorted": "/api/v1/data/t?sort=f1,-f2&limit=1000",
    "list, sorted, all": "/api/v1/data/t?sort=g,-f2&limit=10000&offset=100000",
    "list, scan": "/api/v1/data/t?g:contains=nothing",
    "list, in of 10,000": f"/api/v1/data/t?f3:in={LISTED}&limit=10000",
    "list, in of 10,000, sorted": f"/api/v1/data/t?f3:in={LISTED}&sort=f4&limit=10000",
    "list, in of 10,000 ids": f"/api/v1/data/t?id:in={LISTED}&limit=10000",
    "list, in of 10,000 numbers with zeros": f"/api/v1/data/t?f3:in={ZEROS}&limit=10000",
    "list, nin of 10,000": f"/api/v1/data/t?f3:nin={LISTED}&limit=10000",
    "join, in of 10,000": f"/api/v1/join/t/u/id=t_id?u.n:in={LISTED}&limit=10000",
    "list, in of 10,000, typed": f"/api/v1/data/typed?number:in={LISTED}",
    "list, 900 names selected": "/api/v1/data/t?limit=10000&select=" + ",".join(f"n{i}" for i in range(900)),
    "list, 900 names selected, wide": "/api/v1/data/w?limit=10000&select=" + ",".join(f"m{i}" for i in range(900)),
    "list, count": "/api/v1/data/t?f2:gt=10&g:contains=7&count=true&limit=0",
    "list, many absent fields": "/api/v1/data/t?" + "&".join(f"no{i}=1" for i in range(50)),
    "list, large bodies": "/api/v1/data/l?limit=3000",
    "list, nested field": "/api/v1/data/n?a.b.0.c.d.0=5&sort=a.b.1.c.d.1.e",
    "join": "/api/v1/join/t/u/id=t_id?limit=10000",
    "join, sorted by right": "/api/v1/join/t/u/id=t_id?sort=u.n&limit=10000",
    "join, trees": "/api/v1/join/t/u/id=t_id?shape=tree&type=left&limit=10000",
    "join, one to many, trees": "/api/v1/join/t/u/c=k?shape=tree&limit=1&t.id=5",
    "join, count": "/api/v1/join/t/u/id=t_id?count=true&limit=0&u.n:gt=5",
    "join, bare key that matches nothing": "/api/v1/join/t/u/g=n",
    "join, CSV": "/api/v1/join/t/u/id=t_id?limit=10000",
    "dump, JSON": "/api/v1/dump/t",
    "dump, NDJSON": "/api/v1/dump/t",
    "dump, CSV": "/api/v1/dump/t",
    "dump, CSV, wide": "/api/v1/dump/w",
    "dump, JSON, large": "/api/v1/dump/l",
    "dump of all": "/api/v1/dump",
    "tables": "/api/v1/tables",
    "metrics": "/metrics",
    "one record, select": "/api/v1/data/t/7?select=nothing",
}


async def _ready(s: Service) -> None:
    """Have tables to read: `t`, small; `w`, wide; `l`, large; `n`, nested; `u`, records that belong to `t`."""
    if s.is_ready:
        return
    for table, shape in {"t": "small", "w": "wide", "l": "large", "n": "nested"}.items():
        await s.fill(table, shape)
    rows = (("u", {"id": i, "t_id": i // 2, "n": i % 1000, "k": 1}) for i in range(s.records))
    await s.database.load(rows, is_parsed=True)
    rest_from_making()
    s.is_ready = True


def _read_kinds() -> Iterator[tuple[str, Any]]:
    for name, path in READS.items():

        async def read(s: Service, name=name, path=path) -> Turns:
            await _ready(s)
            accept = next((media for word, media in (("NDJSON", NDJSON), ("CSV", CSV)) if word in name), "*/*")
            return await s.ask("GET", path, accept=accept)

        yield name, read
    bodies = {
        "groups, many": {"group_by": ["g"], "aggregate": {"n": "count", "s": "sum:f1"}, "limit": 10_000},
        "groups, one for each record": {"group_by": ["id"], "aggregate": {"n": "sum:g"}, "sort": "-n", "limit": 100},
        "groups, many columns": {
            "group_by": ["g"],
            "aggregate": {f"{f}{i}": f"{f}:f{i % 8}" for f in ("sum", "avg", "min") for i in range(30)},
        },
        "groups, one": {"aggregate": {"n": "count", "s": "sum:f1"}},
        "query, in of 10,000": {"where": {"f5": {"in": list(range(10_000))}}, "limit": 10_000},
        "query, in of 10,000 ids": {"where": {"id": {"in": list(range(10_000))}}, "limit": 10_000},
        "query, typed, in of 10,000 decimals": {"where": {"price": {"in": ZEROS.split(",")}}},
    }
    for name, body in bodies.items():

        async def query(s: Service, name=name, body=body) -> Turns:
            await _ready(s)
            table = "typed" if "typed" in name else "t"
            return await s.ask("POST", f"/api/v1/query/{table}", json.dumps(body).encode())

        yield name, query


KINDS |= dict(_read_kinds())


@kind("PATCH, in of 10,000")
async def _(s: Service) -> Turns:
    await s.fill()
    return await s.ask("PATCH", f"/api/v1/data/t?f3:in={LISTED}", b'{"c":2}', PATCH)


@kind("DELETE, in of 10,000 ids")
async def _(s: Service) -> Turns:
    await s.fill()
    return await s.ask("DELETE", f"/api/v1/data/t?id:in={LISTED}")


@kind("PUT definition, schema")
async def _(s: Service) -> Turns:
    await s.fill()
    return await s.ask("PUT", "/api/v1/tables/t", b'{"schema":{"properties":{"f1":{"type":"integer"}}}}')


@kind("PUT definition, unique")
async def _(s: Service) -> Turns:
    await s.fill()
    await s.ask("PATCH", "/api/v1/data/t?id=0", b'{"c":1}', PATCH)
    return await s.ask("PUT", "/api/v1/tables/t", b'{"unique":["id"]}')


@kind("PUT definition that records break")
async def _(s: Service) -> Turns:
    await s.fill()
    return await s.ask("PUT", "/api/v1/tables/t", b'{"unique":["g"]}')


@kind("PUT definition, 8 indexes")
async def _(s: Service) -> Turns:
    await s.fill()
    return await s.ask("PUT", "/api/v1/tables/t", indexes(*EIGHT))


def _load_text(s: Service, shape: str = "small") -> bytes:
    return b'{"t":' + _bulk(s, shape, JSON) + b"}"


@kind("load")
async def _(s: Service) -> Turns:
    await s.ask("DELETE", "/api/v1/tables/t")
    return await s.ask("POST", "/api/v1/load", _load_text(s))


@kind("load, merge over what is there, 3 indexes")
async def _(s: Service) -> Turns:
    await s.fill()
    await s.ask("PUT", "/api/v1/tables/t", indexes(*EIGHT[:3]))
    return await s.ask("POST", "/api/v1/load", _load_text(s))


@kind("load, replace, unique")
async def _(s: Service) -> Turns:
    await s.fill()
    await s.ask("PUT", "/api/v1/tables/t", b'{"unique":["id"],"indexes":[{"field":"f1","kind":"sorted"}]}')
    return await s.ask("POST", "/api/v1/load?mode=replace", _load_text(s))


@kind("drop, 8 indexes")
async def _(s: Service) -> Turns:
    await s.fill()
    await s.ask("PUT", "/api/v1/tables/t", indexes(*EIGHT))
    return await s.ask("DELETE", "/api/v1/tables/t")


@kind("write beside a dump")
async def _(s: Service) -> Turns:
    await s.fill()
    async with s.database.snapshot(["t"]):
        return await s.ask("PATCH", "/api/v1/data/t/7", b'{"c":2}', PATCH)


@kind("single writes")
async def _(s: Service) -> Turns:
    await s.fill()
    ids = range(10**7, 10**7 + 3000)
    found = [await s.ask("POST", "/api/v1/data/t", b'{"id":%d,"c":1}' % i) for i in ids]
    return max(found, key=lambda turns: turns.longest_ms)


@kind("list, CSV, a column for each record")
async def _(s: Service) -> Turns:
    records = (("t", {"id": n, f"f{n}": n}) for n in range(min(3000, s.records)))
    await s.database.load(records, is_parsed=True)
    return await s.ask("GET", "/api/v1/data/t?limit=10000", accept=CSV)


def _many_tables(s: Service, of: int) -> bytes:
    """Return a load of a record into each of many tables."""
    return json.dumps({f"t{n}": [{"id": of}] for n in range(min(9000, s.records // 20))}).encode()


def _many_kinds() -> Iterator[tuple[str, Any]]:
    for method, path in (("GET", "/api/v1/tables"), ("GET", "/api/v1/dump"), ("POST", "/api/v1/load")):

        async def over_many(s: Service, method=method, path=path) -> Turns:
            await s.ask("POST", "/api/v1/load", _many_tables(s, of=1))
            return await s.ask(method, path, _many_tables(s, of=2) if method == "POST" else b"", accept="*/*")

        yield f"{method} {path}, 9,000 tables", over_many


KINDS |= dict(_many_kinds())


def _branch_kinds() -> Iterator[tuple[str, Any]]:
    """Yield what is asked of as many tables as there may be, of which a few were written since they were shared."""
    for name, method, path in (
        ("checkpoint", "POST", "/api/v1/checkpoint"),
        ("reset", "POST", "/api/v1/reset"),
        ("reset of a branch", "POST", "/b/old/api/v1/reset"),
        ("diff", "GET", "/api/v1/diff"),
        ("branch made", "PUT", "/api/v1/branches/new"),
        ("branch made anew", "PUT", "/api/v1/branches/old?replace=true"),
        ("branch dropped", "DELETE", "/api/v1/branches/old"),
    ):

        async def ask(_: Service, method=method, path=path) -> Turns:
            s = Service(0)
            async with s.database:
                await s.database.load(((f"t{n}", {"id": 1}) for n in range(MAX_TABLES)), is_parsed=True)
                await s.ask("POST", "/api/v1/checkpoint")
                await s.ask("PUT", "/api/v1/branches/old")
                for place in ("", "/b/old"):
                    for n in range(20):
                        await s.ask("PUT", f"{place}/api/v1/data/t{n}/1", b'{"a":1}')
                rest_from_making()
                return await s.ask(method, path)

        yield f"{name}, 10,000 tables", ask


KINDS |= dict(_branch_kinds())


def _reads(name: str) -> bool:
    return KINDS[name].__name__ in ("read", "query")


async def measured(names: Iterable[str], records: int) -> AsyncIterator[tuple[str, Turns]]:
    """Ask each kind of request, all of them one service, and yield what was measured: first those that only read."""
    service = Service(records)
    async with service.database:
        ordered = sorted(names, key=lambda name: not _reads(name))
        for name in ordered:
            if not _reads(name) and service.is_ready:
                await service.drop_all()
            yield name, await KINDS[name](service)
        await service.drop_all()


async def main(records: int, names: list[str]) -> None:
    chosen = [name for name in KINDS if not names or any(wanted in name for wanted in names)]
    async for name, turns in measured(chosen, records):
        slow = " <--" if turns.longest_ms > 5 else ""
        print(f"{turns.longest_ms:9.1f} ms {turns.total_ms:9.0f} ms  {turns.status}  {name}{slow}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("kinds", nargs="*")
    options = parser.parse_args()
    attend()
    asyncio.run(main(options.records, options.kinds))
