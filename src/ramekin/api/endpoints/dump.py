"""Whole tables out and in: dumps as streams, loads while they arrive. Never paged, never truncated.

A chunk that was handed out is forgotten before the next one is made: of a thousand dumps each would keep 64 KiB.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin.api.declared.answers import READ, WRITE, answer, request_body, tabular, unless_known
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import IF_NONE_MATCH, TTL, word
from ramekin.api.declared.shapes import RECORD, USER, array, reference
from ramekin.api.edge.weights import DUMP_BYTES
from ramekin.api.http.answer import Reply, Stream, json_answer, not_modified, pack
from ramekin.api.http.headers import CSV, FORMATS, JSON
from ramekin.api.http.lifetimes import read_ttl
from ramekin.api.routes import API
from ramekin.engine.work import Work
from ramekin.errors import RamekinError
from ramekin.formats.csv_table import CsvTable
from ramekin.formats.splitter import Splitter
from ramekin.values import codec
from ramekin.values.paths import member_names

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from ramekin.api.edge.flight import Room
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.query.view import View

MODES = ("merge", "replace")

PIECE_BYTES = 64 * 1024
"""Bytes of a load that are gathered before they are read."""

_DATABASE = {"pets": [{"id": "rex", "name": "Rex"}], "homes": [{"id": "h1", "pet_id": "rex"}]}


@endpoint(
    "GET",
    f"{API}/dump/{{table}}",
    role="read",
    tag="whole tables",
    answers=unless_known(tabular("All records.", array(RECORD), [USER], ["ETag", "Vary"])),
    problems=READ,
    parameters=[IF_NONE_MATCH],
)
async def dump_table(session: Session, asked: Asked[None]) -> Reply:
    """Return a whole table, as it is at one moment."""
    [table], media = asked.parts, asked.wishes.accepts
    tag = session.weak_tag((await session.database.version(table),), FORMATS[media])
    headers = {"etag": f'W/"{tag}"', "vary": "Accept"}
    if asked.wishes.knows(tag):
        return not_modified(headers)
    work = Work(session.limits.query_s)
    if media == CSV:
        text = _csv_table(session, work, table)
    else:
        signs, nothing = ((b"[", b",", b"]"), b"[]") if media == JSON else ((b"", b"\n", b"\n"), b"")
        text = _joined_table(session, work, table, signs, nothing)
    return await Stream(text, work, media, headers).prime()


@endpoint(
    "GET",
    f"{API}/dump",
    role="read",
    tag="whole tables",
    answers=unless_known(answer("All tables.", reference("Dump"), _DATABASE, ["ETag"])),
    problems=(400, 406, 503, 507),
    parameters=[IF_NONE_MATCH],
)
async def dump_database(session: Session, asked: Asked[None]) -> Reply:
    """Return all tables, as they are at one moment: an object of arrays."""
    tables, work = session.tables, Work(session.limits.query_s)
    await tables.swept()
    seen = session.seen()
    tag = session.weak_tag(map(tables.version, seen), codec.digest(codec.dump(seen))[:12])
    headers = {"etag": f'W/"{tag}"'}
    if asked.wishes.knows(tag):
        return not_modified(headers)
    return await Stream(_json_database(session, work), work, JSON, headers).prime()


@endpoint(
    "POST",
    f"{API}/load",
    role="write",
    is_whole_with=("mode", "replace"),
    tag="whole tables",
    answers={200: answer("Loaded.", reference("Loaded"), {"loaded": {"pets": 1, "homes": 1}})},
    problems=WRITE,
    parameters=[
        word(
            "mode",
            "`replace`: no other record stays; definitions do. `merge` if it is not said.",
            enum=list(MODES),
        ),
        TTL,
    ],
    body=request_body(reference("Load"), _DATABASE),
    size="load",
    is_streamed=True,
    is_watchful=True,
)
async def load_database(session: Session, asked: Asked[None]) -> Reply:
    """Store whole tables: an object of arrays, the shape of `GET /dump`. All or nothing."""
    assert asked.arriving is not None, "it is declared as streamed"
    splitter = Splitter(limit_bytes=session.limits.text_bytes)
    is_replacing, work = asked.words.get("mode") == "replace", Work(session.limits.query_s)
    records = _read_database(session, work.fed(asked.arriving), splitter)
    try:
        ttl = read_ttl(asked.words)
        loaded = await session.database.load(records, is_replacing=is_replacing, is_parsed=True, ttl=ttl, work=work)
    except RamekinError as error:
        raise splitter.with_lines(error) from None
    return json_answer({"loaded": loaded})


@asynccontextmanager
async def _dump(session: Session, work: Work, *tables: str) -> AsyncIterator[_Dump]:
    """Give tables as they are at one moment, once there is room to send them; without names, all that may be seen.

    Which ones there are is asked at that moment: some may have been dropped while there was no room.
    """
    async with session.flight.room() as room:
        await work.idle(room.hold(DUMP_BYTES))
        async with session.database.snapshot(tables or None, reaches=session.grant.reaches, work=work) as snapshot:
            yield _Dump(snapshot.tables, snapshot.view, room)


@dataclass(frozen=True, slots=True)
class _Dump:
    """Tables as they are at one moment, and the room to begin to send them."""

    tables: Sequence[str]
    view: View
    room: Room

    def sent(self, chunk: bytes) -> bytes:
        """Return a chunk that is sent.

        From now on a chunk is all that the dump holds: what its reader leaves unread is counted with its connection, so
        whoever does not read keeps no room from others.
        """
        self.room.give_back()
        return chunk


async def _batches(session: Session, work: Work, dump: _Dump, table: str) -> AsyncIterator[Sequence[bytes]]:
    """Yield the bodies of a table, some at a time; dumps take turns, and to wait for one is no work."""
    batches, turns = dump.view.batches(table), session.server.turns
    while True:
        await work.idle(turns.acquire())
        try:
            batch = await anext(batches, None)
        finally:
            turns.release()
        if batch is None:
            return
        yield batch


async def _joined_table(
    session: Session, work: Work, table: str, signs: tuple[bytes, bytes, bytes], nothing: bytes
) -> AsyncGenerator[bytes, None]:
    """Yield a table's bodies with signs in front of the first, between, and behind the last; or what says: none."""
    opening, between, ending = *signs[:2], nothing
    async with _dump(session, work, table) as dump:
        async for chunk in pack(_batches(session, work, dump, table), between, first=opening):
            ending = signs[2]
            yield dump.sent(chunk)
            del chunk
        yield ending


async def _csv_table(session: Session, work: Work, table: str) -> AsyncGenerator[bytes, None]:
    async with _dump(session, work, table) as dump:
        csv = await _columns(session, work, dump, table)
        yield csv.header()
        async for bodies in _batches(session, work, dump, table):
            for start in range(0, len(bodies), csv.rows_at_once):
                some = bodies[start : start + csv.rows_at_once]
                yield dump.sent(csv.rows(codec.read_body(body) for body in some))
                await dump.view.rest()


async def _columns(session: Session, work: Work, dump: _Dump, table: str) -> CsvTable:
    """Return the columns in the order first met in the whole table; the model's order comes first.

    Raises:
        NotAcceptable: they are too many.
    """
    csv = CsvTable(session.columns(table), session.csv_columns(table))
    async for bodies in _batches(session, work, dump, table):
        for body in bodies:
            csv.meet(member_names(body))
            await dump.view.rest()
    return csv


async def _json_database(session: Session, work: Work) -> AsyncGenerator[bytes, None]:
    async with _dump(session, work) as dump:
        yield dump.sent(b"{")
        for i, table in enumerate(dump.tables):
            yield b"%b%b:[" % (b"," if i else b"", codec.dump(table))
            async for chunk in pack(_batches(session, work, dump, table), b","):
                yield dump.sent(chunk)
                del chunk
            yield b"]"
        yield b"}"


async def _read_database(
    session: Session, chunks: AsyncIterator[bytes], splitter: Splitter
) -> AsyncIterator[tuple[str, Any]]:
    """Yield (table, record) while the text arrives; (table, None) where a table begins. Raises Forbidden there."""
    async for piece in _in_pieces(chunks):
        for table, record, _ in splitter.records(piece):
            if record is None:
                session.grant.check("write", [table])
            yield table, record
    splitter.finish()


async def _in_pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what arrives in pieces of some length: with each, a record that is not whole yet is looked at anew."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


ENDPOINTS: Endpoints = (dump_table, dump_database, load_database)
