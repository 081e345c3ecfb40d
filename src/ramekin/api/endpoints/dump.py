"""Whole tables out and in: dumps as streams, loads while they arrive. Never paged, never truncated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.http.headers import CSV, FORMATS, JSON, NDJSON, accepted, media_type
from ramekin.api.http.preconditions import ANY, read_known, refuse_preconditions
from ramekin.api.http.requests import choice, read_chunks, read_parameters
from ramekin.api.http.responses import Stream, json_response, not_modified, pack
from ramekin.api.routes import API, add_route
from ramekin.errors import RamekinError
from ramekin.formats.records import write_csv, write_csv_header
from ramekin.formats.splitter import Splitter
from ramekin.values import codec
from ramekin.values.paths import member_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ramekin.api.context import Context
    from ramekin.database.database import Database, Snapshot

MODES = ("merge", "replace")


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints of dumps and loads."""
    database = context.database

    async def dump_table(table: str, request: Request) -> Response:
        """Return a whole table, as it is at one moment."""
        read_parameters(request)
        kind, known = accepted(request, tuple(FORMATS)), read_known(request)
        tag = context.weak_tag((await database.revision(table),), FORMATS[kind])
        headers = {"etag": f'W/"{tag}"', "vary": "Accept"}
        if tag in known or known == ANY:
            return not_modified(headers)
        writers = {JSON: _json_table, NDJSON: _ndjson_table, CSV: _csv_table}
        chunks = writers[kind](context, table)
        return await Stream(chunks, kind, headers).prime()

    async def dump_database(request: Request) -> Response:
        """Return all tables, as they are at one moment: an object of arrays."""
        read_parameters(request)
        accepted(request, (JSON,))
        known = read_known(request)
        tag = context.weak_tag([info.stats.revision for info in await database.tables()])
        headers = {"etag": f'W/"{tag}"'}
        if tag in known or known == ANY:
            return not_modified(headers)
        return await Stream(_json_database(database), JSON, headers).prime()

    async def load_database(request: Request) -> Response:
        """Store whole tables: an object of arrays, the shape of `GET /dump`. All or nothing."""
        media_type(request, (JSON,))
        chunks = read_chunks(request, database.limits.load_bytes)
        mode = choice(read_parameters(request, ("mode",)), "mode", MODES)
        accepted(request, (JSON,))
        refuse_preconditions(request)
        splitter = Splitter(limit_bytes=database.limits.record_bytes)
        records, is_replacing = _read_database(chunks, splitter), mode == "replace"
        try:
            loaded = await database.load(records, is_replacing=is_replacing, is_parsed=True)
        except RamekinError as error:
            raise splitter.with_lines(error) from None
        return json_response({"loaded": loaded})

    add_route(app, "GET", f"{API}/dump/{{table}}", dump_table, **descriptions.DUMP["dump_table"])
    add_route(app, "GET", f"{API}/dump", dump_database, **descriptions.DUMP["dump_database"])
    add_route(app, "POST", f"{API}/load", load_database, **descriptions.DUMP["load_database"])


async def _json_table(context: Context, table: str) -> AsyncIterator[bytes]:
    async with context.database.snapshot(table) as snapshot:
        is_empty = True
        async for chunk in pack(snapshot.view.batches(table), b",", first=b"["):
            is_empty = False
            yield chunk
        yield b"[]" if is_empty else b"]"


async def _ndjson_table(context: Context, table: str) -> AsyncIterator[bytes]:
    async with context.database.snapshot(table) as snapshot:
        is_empty = True
        async for chunk in pack(snapshot.view.batches(table), b"\n"):
            is_empty = False
            yield chunk
        yield b"" if is_empty else b"\n"


async def _csv_table(context: Context, table: str) -> AsyncIterator[bytes]:
    async with context.database.snapshot(table) as snapshot:
        names = await _columns(context, snapshot, table)
        columns = context.csv_columns(table)
        yield write_csv_header(names)
        async for bodies in snapshot.view.batches(table):
            for start in range(0, len(bodies), 100):
                yield write_csv(names, [codec.parse(body) for body in bodies[start : start + 100]], columns)


async def _columns(context: Context, snapshot: Snapshot, table: str) -> list[str]:
    """Return the columns in the order first met in the whole table; the model's order comes first."""
    columns = dict.fromkeys(context.columns(table))
    async for bodies in snapshot.view.batches(table):
        for body in bodies:
            columns.update(dict.fromkeys(member_names(body)))
    return list(columns)


async def _json_database(database: Database) -> AsyncIterator[bytes]:
    async with database.snapshot() as snapshot:
        yield b"{"
        for i, table in enumerate(snapshot.tables):
            yield b"%b%b:[" % (b"," if i else b"", codec.dump(table))
            async for chunk in pack(snapshot.view.batches(table), b","):
                yield chunk
            yield b"]"
        yield b"}"


async def _read_database(chunks: AsyncIterator[bytes], splitter: Splitter) -> AsyncIterator[tuple[str, Any]]:
    """Yield (table, record) while the text arrives; (table, None) where a table begins."""
    async for chunk in chunks:
        for table, record, _ in splitter.records(chunk):
            yield table, record
    splitter.finish()
