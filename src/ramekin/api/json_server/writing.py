"""Writes as json-server has them: a shallow patch, and what becomes of those who hold the id of a deleted record.

Each is one step, computed from what stands, and computed again where others wrote meanwhile. See ``door.py`` for who
asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.api.edge.weights import BODY_TIMES
from ramekin.api.json_server.objects import TABLE
from ramekin.api.json_server.relations import SUFFIX, singular
from ramekin.database.lifetimes import STAYS, Stays
from ramekin.database.operations import Operation, Outcome
from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.engine.access import Access
from ramekin.engine.base import MAX_ATTEMPTS
from ramekin.engine.work import Work
from ramekin.errors import PreconditionFailed, PreconditionRequired, RecordExists, RecordNotFound, Unavailable
from ramekin.schema.fields import Field
from ramekin.values import codec
from ramekin.values.comparison import join_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.api.json_server.dialect import Dialect
    from ramekin.api.json_server.listing import Record
    from ramekin.api.session import Session


async def create(session: Session, dialect: Dialect, table: str, sent: Record) -> Outcome:
    """Create a record; one whose id was made, and is taken meanwhile, gets another.

    Raises:
        UnknownTable, RecordExists, InvalidRecord.
    """
    session.tables.table_stats(table)  # a table is never made here
    for _ in range(MAX_ATTEMPTS):
        record = await dialect.as_created(session, table, sent)
        try:
            return await session.database.apply(Operation("create", table, record=record, is_parsed=True))
        except RecordExists:
            if record is sent:
                raise
    raise _busy()


async def rewrite(
    session: Session,
    table: str,
    key: str,
    change: Callable[[Record], Record],
    precondition: Precondition = ALWAYS,
    ttl: Stays | None = None,
) -> bytes:
    """Put what a function makes of a record in its place, and return its body.

    Args:
        ttl: `STAYS`, or None: it lives for as long as its table's definition says.

    Raises:
        UnknownTable, RecordNotFound, PreconditionRequired, PreconditionFailed, InvalidRecord.
    """
    database = session.database
    for _ in range(MAX_ATTEMPTS):
        before = database.engine.ahead(table, key)
        if before is None:
            database.get_now(table, key)  # which says what is missing
            continue
        if precondition is ALWAYS and database.schemas.rules(table).needs_if_match:
            raise PreconditionRequired("This table asks for If-Match with every change of a record.")
        if not precondition.holds(before):
            raise precondition.broken()
        stood = codec.read_body(before)
        record = {**change(stood), "id": stood["id"]}
        try:
            done = await database.apply(
                Operation("replace", table, key, record, _still(before), is_parsed=True, ttl=ttl)
            )
        except PreconditionFailed:
            continue
        return done.body or b""
    raise _busy()


async def delete(session: Session, dialect: Dialect, table: str, key: str, query: bytes, asked: Precondition) -> bytes:
    """Delete a record, have those who hold its id forget it or go with it, and return what it was.

    Raises:
        UnknownTable, RecordNotFound, PreconditionRequired, PreconditionFailed, Forbidden; InvalidRecord: a schema
            does not let a record forget it.
    """
    database, work = session.database, Work(session.limits.query_s)
    dependents = dialect.dependents(query)
    session.grant.check("write", dependents or ())
    for _ in range(MAX_ATTEMPTS):
        body = database.get_now(table, key)
        if not asked.holds(body):
            raise asked.broken()
        async with session.flight.work() as room:
            operations = [Operation("delete", table, key, None, asked, is_parsed=True)]
            for name, rows in (await _holders(session, table, key, work)).items():
                await work.idle(room.hold(BODY_TIMES * sum(map(len, rows))))
                drops = dependents is None or name in dependents
                for row in rows:
                    operations.append(_let_go(name, row, singular(table) + SUFFIX, drops=drops))
                    await work.rest()
            try:
                await database.write(operations)
            except (PreconditionFailed, RecordNotFound) as error:
                if not error.index:
                    raise
            else:
                return body
    raise _busy()


async def _holders(session: Session, table: str, key: str, work: Work) -> dict[str, list[bytes]]:
    """Return the records that hold the id of one, by table, of those that may be written."""
    path = (singular(table) + SUFFIX,)
    names = [name for name in session.seen() if name not in (table, TABLE)]
    names = [name for name in names if not await session.database.missing(name, [path], is_strict=False)]
    wanted = join_key(key)
    assert wanted is not None, "a text has one"
    field, found = Field(path), dict[str, list[bytes]]()
    accesses = [Access(name, equal=(field,)) for name in names]
    async with session.tables.view(accesses, work) as view:
        for name in names:
            [rows] = await view.lookup(name, field, [wanted])
            found[name] = [body for _, body in rows]
    return {name: rows for name, rows in found.items() if rows}


def _let_go(table: str, body: bytes, field: str, *, drops: bool) -> Operation:
    """Return what becomes of a record that holds the id of a deleted one."""
    record = codec.read_body(body)
    key, still = str(record["id"]), _still(body)
    if drops:
        return Operation("delete", table, key, None, still, is_parsed=True)
    return Operation("replace", table, key, {**record, field: None}, still, is_parsed=True, ttl=STAYS)


def _still(body: bytes) -> Precondition:
    """Return what is true as long as nobody else writes a record."""
    return Precondition(if_match=frozenset({codec.digest(body)}))


def _busy() -> Unavailable:
    return Unavailable("The records are being written by others; nothing was applied.")
