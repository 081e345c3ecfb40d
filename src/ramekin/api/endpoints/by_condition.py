"""Changes by condition over HTTP: patch or delete all records of a table that satisfy a query, all or nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.endpoints import lists
from ramekin.api.endpoints.lists import read_where
from ramekin.api.http.headers import JSON, MERGE_PATCH, accepted, media_type
from ramekin.api.http.preconditions import refuse_preconditions
from ramekin.api.http.requests import check_no_body, flag, integer, read_body, read_query, stopped_when_gone
from ramekin.api.http.responses import json_response
from ramekin.api.routes import API, add_route
from ramekin.database.changing import Changed, ChangeRequest
from ramekin.errors import ConditionRequired, ConflictingParameters, Redefined, UnknownField
from ramekin.query.predicate import holds_always, paths_in
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.context import Context

WORDS = ("where", "all", "max_affected")

MAX_READINGS = 10
"""Times that conditions are read again because the table was defined anew meanwhile."""

TABLE = f"{API}/data/{{table}}"


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints that change many records."""
    database, limits = context.database, context.database.limits

    async def patch_records(table: str, request: Request) -> Response:
        """Change some members of all records that satisfy the conditions (JSON merge patch)."""
        media_type(request, (JSON, MERGE_PATCH))
        body = await read_body(request, limits.record_bytes)
        meant = _read_conditions(context, table, request)
        accepted(request, (JSON,))
        refuse_preconditions(request)
        return await _change(request, ChangeRequest(table, patch=codec.parse(body), **meant))

    async def delete_records(table: str, request: Request) -> Response:
        """Delete all records that satisfy the conditions."""
        check_no_body(request)
        meant = _read_conditions(context, table, request)
        accepted(request, (JSON,))
        refuse_preconditions(request)
        return await _change(request, ChangeRequest(table, is_deletion=True, **meant))

    async def _change(request: Request, asked: ChangeRequest) -> Response:
        try:
            async with stopped_when_gone(request):
                done = await _change_as_read(request, asked)
        except UnknownField as error:
            meant = [path[0] for path in paths_in(asked.where) if len(path) == 1 and path[0] in lists.WORDS]
            if not meant:
                raise
            told = f"'{meant[0]}' is a word of lists; max_affected=n refuses to change more than n records."
            raise UnknownField(f"{error.message} {told}") from None
        return json_response({"matched": done.matched, "changed": done.changed})

    async def _change_as_read(request: Request, asked: ChangeRequest) -> Changed:
        """Carry out a change; its conditions are read again where the table was defined anew since they were."""
        for _ in range(MAX_READINGS):
            with suppress(Redefined):
                return await database.change(asked)
            asked = replace(asked, **_read_conditions(context, asked.table, request))
        return await database.change(asked)

    add_route(app, "PATCH", TABLE, patch_records, **descriptions.RECORDS["patch_records"])
    add_route(app, "DELETE", TABLE, delete_records, **descriptions.RECORDS["delete_records"])


def _read_conditions(context: Context, table: str, request: Request) -> dict[str, Any]:
    """Return which records are meant, and how many at the most.

    Raises:
        ConditionRequired: every record is meant, whatever the records are, and there is no `all=true`.
        ConflictingParameters: some are meant, and there is.
    """
    words, conditions = read_query(request, WORDS)
    is_all = flag(words, "all")
    most = integer(words, "max_affected", 0) if "max_affected" in words else None
    fields = context.database.fields(table)
    where = read_where(words, conditions, fields, WORDS)
    means_all = holds_always(where)
    if is_all and not means_all:
        raise ConflictingParameters("'all=true' means every record, and the conditions mean some; send one.")
    if means_all and not is_all:
        told = "These conditions hold for every record" if conditions or "where" in words else "No condition is there"
        raise ConditionRequired(f"{told}; say which records are meant, or send all=true for every record.")
    return {"where": where, "max_affected": most, "fields": fields}
