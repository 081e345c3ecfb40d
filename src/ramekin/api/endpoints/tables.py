"""Tables over HTTP: their statistics, schemas and indexes, and definitions of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ramekin.api.declared.answers import GRANT, READ, WRITE, answer, request_body, unless_known
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import IF_NONE_MATCH
from ramekin.api.declared.shapes import reference
from ramekin.api.http.answer import Reply, bodiless, body_answer, json_answer, not_modified
from ramekin.api.http.asked import Asked, parsed
from ramekin.api.routes import API, address
from ramekin.database.defining import parse_definition
from ramekin.engine.work import Work
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ramekin.api.session import Session
    from ramekin.database.info import TableInfo


TABLE = f"{API}/tables/{{table}}"

_DEFINITION = {
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "email": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"],
    },
    "unique": ["email"],
    "indexes": [{"field": "age", "kind": "sorted"}],
    "require_if_match": False,
    "expire_after_s": None,
    "max_records": None,
    "max_bytes": None,
}


@endpoint(
    "GET",
    f"{API}/tables",
    role="read",
    tag="tables",
    answers=unless_known(answer("All tables.", reference("Tables"), has=["ETag", GRANT])),
    problems=(400, 406, 503),
    parameters=[IF_NONE_MATCH],
)
async def list_tables(session: Session, asked: Asked[None]) -> Reply:
    """Return every table with its statistics; a key limited to some tables sees only those."""
    grant = {GRANT.lower(): session.grant.told()} if session.server.has_keys else {}
    work, told = Work(session.limits.query_s), list[bytes]()
    for info in await session.database.tables(reaches=session.grant.reaches, work=work):
        told.append(codec.dump(describe(info)))
        await work.rest()
    return _tagged(asked, b'{"tables":[%b]}' % b",".join(told), grant)


@endpoint(
    "GET",
    TABLE,
    role="read",
    tag="tables",
    answers=unless_known(answer("The table.", reference("Table"), has=["ETag"])),
    problems=READ,
    parameters=[IF_NONE_MATCH],
)
async def get_table(session: Session, asked: Asked[None]) -> Reply:
    """Return one table with its statistics."""
    return _tagged(asked, codec.dump(describe(await session.database.table(*asked.parts))))


@endpoint(
    "PUT",
    TABLE,
    path_example={"table": "guests"},
    role="admin",
    tag="tables",
    answers={
        200: answer("The table, with its new definition.", reference("Table")),
        201: answer("The new table.", reference("Table"), has=["Location"]),
    },
    problems=WRITE,
    body=request_body(reference("Definition"), _DEFINITION),
    is_watchful=True,
)
async def put_table(session: Session, asked: Asked[None]) -> Reply:
    """Give a table a definition, in place of the one it has; the table is made if it is new."""
    [table] = asked.parts
    info, is_new = await session.database.define(table, parse_definition(await parsed(asked.body, extra_depth=1)))
    location = {"location": address(f"{API}/tables/{quote(table)}")} if is_new else {}
    return json_answer(describe(info), 201 if is_new else 200, location)


@endpoint(
    "DELETE",
    TABLE,
    role="admin",
    tag="tables",
    answers={204: answer("Dropped.")},
    problems=(400, 404, 503),
    path_example={"table": "guests"},
)
async def drop_table(session: Session, asked: Asked[None]) -> Reply:
    """Drop a table with its records; a table with a model is emptied and stays.

    The example is the table that the example of PUT makes.
    """
    await session.database.drop(*asked.parts)
    return bodiless(204)


def _tagged(asked: Asked[None], body: bytes, further: Mapping[str, str] | None = None) -> Reply:
    """Return JSON with a weak tag of it, or 304 to a client that knows it; with further headers."""
    tag = codec.digest(body)
    headers = {"etag": f'W/"{tag}"', **(further or {})}
    return not_modified(headers) if asked.wishes.knows(tag) else body_answer(body, headers=headers)


def describe(info: TableInfo) -> dict[str, Any]:
    """Return a table as the API shows it."""
    stats = info.stats
    return {
        "name": stats.name,
        "records": stats.records,
        "bytes": stats.size_bytes,
        "revision": stats.revision,
        "schema": info.schema,
        "model": info.model,
        "unique": list(stats.definition.unique),
        "indexes": [
            {"field": index.field, "kind": index.kind, "pinned": index.is_pinned, "bytes": index.size_bytes}
            for index in info.indexes
        ],
        "require_if_match": stats.definition.require_if_match,
        "expire_after_s": stats.definition.expire_after_s,
        "expiring": stats.expiring,
        "max_records": stats.definition.max_records,
        "max_bytes": stats.definition.max_bytes,
        "evicted": stats.evicted,
        "hits": stats.hits,
        "misses": stats.misses,
    }


ENDPOINTS: Endpoints = (list_tables, get_table, put_table, drop_table)
