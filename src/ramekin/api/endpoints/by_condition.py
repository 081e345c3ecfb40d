"""Changes by condition over HTTP: patch or delete all records of a table that satisfy a query, all or nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ramekin.api.declared.answers import CHANGE, READ, answer, request_body
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.parameters import MANY
from ramekin.api.declared.shapes import RECORD_PATCH, reference
from ramekin.api.edge.weights import changes_bytes
from ramekin.api.endpoints.lists import read_conditions_of
from ramekin.api.http.answer import Reply, json_answer
from ramekin.api.http.asked import Asked, parsed
from ramekin.api.http.headers import JSON, MERGE_PATCH
from ramekin.api.http.named_fields import in_address
from ramekin.api.http.query_string import flag, integer, meant, split_query
from ramekin.api.routes import API
from ramekin.database.changing import Changed, ChangeRequest
from ramekin.engine.work import Work
from ramekin.errors import ConditionRequired, ConflictingParameters, InvalidValue, Redefined, UnknownField, did_you_mean
from ramekin.query.predicate import holds_always

if TYPE_CHECKING:
    from ramekin.api.session import Session
    from ramekin.errors import BadRequest
    from ramekin.query.steps import Steps

WORDS = ("where", "all", "max_affected")
MEANT = meant(WORDS)

MAX_READINGS = 10
"""Times that conditions are read again because the table was defined anew meanwhile."""

TABLE = f"{API}/data/{{table}}"


def _read_conditions(session: Session, asked: Asked[dict[str, Any]]) -> Steps[dict[str, Any]]:
    """Return which records are meant, and how many at the most.

    Raises:
        ConditionRequired: every record is meant, whatever the records are, and there is no `all=true`.
        ConflictingParameters: some are meant, and there is.
    """
    words, conditions = split_query(asked.query, WORDS)
    is_all = flag(words, "all")
    most = integer(words, "max_affected") if "max_affected" in words else None
    fields = session.database.fields(asked.parts[0])
    where = yield from read_conditions_of(words, conditions, fields, MEANT)
    means_all = holds_always(where)
    if is_all and not means_all:
        raise ConflictingParameters("'all=true' means every record, and the conditions mean some; send one.").within(
            "all"
        )
    if means_all and not is_all:
        told = "These conditions hold for every record" if conditions or "where" in words else "No condition is there"
        raise ConditionRequired(f"{told}; say which records are meant, or send all=true for every record.")
    return {"where": where, "max_affected": most, "fields": fields}


@endpoint(
    "PATCH",
    TABLE,
    role="write",
    tag="records",
    reads_long=_read_conditions,
    answers={
        200: answer(
            "How many were meant, and how many are changed.", reference("Changes"), {"matched": 2, "changed": 1}
        )
    },
    problems=tuple(status for status in CHANGE if status != 412),
    parameters=MANY,
    body=request_body(RECORD_PATCH | {"not": {"required": ["id"]}}, {"address": {"city": "Paris"}}, MERGE_PATCH, JSON),
    size="text",
    is_watchful=True,
)
async def patch_records(session: Session, asked: Asked[dict[str, Any]]) -> Reply:
    """Change some members of all records that satisfy the conditions (JSON merge patch)."""
    [table], patch = asked.parts, await parsed(asked.body)
    return await _change(session, asked, ChangeRequest(table, patch=patch, is_parsed=True, **asked.meant))


@endpoint(
    "DELETE",
    TABLE,
    role="write",
    tag="records",
    reads_long=_read_conditions,
    answers={200: answer("How many were meant and deleted.", reference("Changes"), {"matched": 2, "changed": 2})},
    problems=(*READ, 409, 428, 503),
    parameters=MANY,
    is_watchful=True,
)
async def delete_records(session: Session, asked: Asked[dict[str, Any]]) -> Reply:
    """Delete all records that satisfy the conditions."""
    [table] = asked.parts
    return await _change(session, asked, ChangeRequest(table, is_deletion=True, **asked.meant))


async def _change(session: Session, asked: Asked[dict[str, Any]], request: ChangeRequest) -> Reply:
    try:
        done = await _change_as_read(session, asked, request)
    except (UnknownField, InvalidValue) as error:
        raise in_address(_with_word(error), asked.query.decode("ascii"), ("where",)) from None
    return json_answer({"matched": done.matched, "changed": done.changed})


def _with_word(error: BadRequest) -> BadRequest:
    """Return what is wrong with a condition, with the word that may be meant where its field is unknown."""
    [*outer, word] = error.path
    if outer or not isinstance(error, UnknownField):
        return error
    told = "" if error.hint else did_you_mean(word, (), MEANT)
    if MEANT.get(word.lower()) == "lists":
        told = f"'{word.lower()}' is a word of lists; max_affected=n refuses to change more than n records."
    return error.but(hint=f"{error.hint} {told}".strip())


async def _change_as_read(session: Session, asked: Asked[dict[str, Any]], request: ChangeRequest) -> Changed:
    """Carry out a change; its conditions are read again where the table was defined anew since they were."""
    async with session.flight.room() as room:

        async def hold(records: int, size_bytes: int) -> None:
            needed_bytes = changes_bytes(records, size_bytes)
            if request.is_deletion:  # it makes room, so it goes alone where it never fits
                needed_bytes = int(min(needed_bytes, room.most_bytes()))
            await room.hold(needed_bytes)

        request = replace(request, hold=hold)
        for _ in range(MAX_READINGS):
            with suppress(Redefined):
                return await room.in_turn(partial(session.database.change, request))
            said = await Work(session.limits.query_s).through(_read_conditions(session, asked))
            request = replace(request, **said)
        return await room.in_turn(partial(session.database.change, request))


ENDPOINTS: Endpoints = (patch_records, delete_records)
