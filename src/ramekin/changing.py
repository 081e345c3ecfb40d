"""Changes by condition: which records are meant, what becomes of each, all or nothing.

Knows no HTTP; see ``database.py`` for who calls it and ``operations.py`` for what a patch and a deletion mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.definitions import Change
from ramekin.engine.base import Access
from ramekin.errors import (
    Fault,
    IdMismatch,
    InvalidParameter,
    InvalidRecord,
    RamekinError,
    TooManyAffected,
    Unavailable,
)
from ramekin.operations import Operation, prepare, settle
from ramekin.query import execute
from ramekin.query.plan import Query
from ramekin.query.predicate import EVERYTHING, paths_in
from ramekin.schema import MAX_FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.engine.base import Engine
    from ramekin.operations import Rules
    from ramekin.presence import Presence
    from ramekin.query.predicate import Predicate

MAX_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Which records to patch or to delete.

    `patch` is a merge patch, None to delete; `max_affected` refuses to change more records than that.
    """

    table: str
    where: Predicate = EVERYTHING
    patch: Any = None
    is_deletion: bool = False
    max_affected: int | None = None

    def __post_init__(self) -> None:
        codec.check_value(self.patch)
        if self.max_affected is not None and self.max_affected < 0:
            raise InvalidParameter("'max_affected' is 0 or more.")
        if isinstance(self.patch, dict) and "id" in self.patch:
            raise IdMismatch("A change of many records cannot set their id; an id never changes.")


@dataclass(frozen=True, slots=True)
class Changed:
    """How many records were meant, and how many are not what they were."""

    matched: int
    changed: int


async def change(engine: Engine, presence: Presence, rules_of: Callable[[], Rules], request: ChangeRequest) -> Changed:
    """Patch or delete the records that a predicate means; see `Database.change`."""
    await presence.missing(request.table, paths_in(request.where), is_strict=True)
    await engine.table_stats(request.table)  # a table that is not there is told before what is wrong with the patch
    if not request.is_deletion and not isinstance(request.patch, dict):
        raise InvalidRecord("A merge patch of records is a JSON object.")
    for _ in range(MAX_ATTEMPTS):
        rules = rules_of()
        matched, changes = await _settle(engine, rules, request)
        if request.max_affected is not None and len(changes) > request.max_affected:
            raise TooManyAffected(
                f"{len(changes)} records would change, and 'max_affected' allows {request.max_affected}; none did."
            )
        if rules_of() == rules and await engine.write(changes):
            return Changed(matched, len(changes))
    raise Unavailable("The records are being written by others; nothing was applied.")


async def _settle(engine: Engine, rules: Rules, request: ChangeRequest) -> tuple[int, list[Change]]:
    """Return the number of records that are meant, and what would change of them."""
    matched, changes, faults = 0, list[Change](), list[Fault]()
    query = Query(request.where)
    async with engine.snapshot([Access.of(request.table, query)]) as view:
        async for rows in execute.Matching(view, request.table, query).rows():
            for record_id, body in rows:
                matched += 1
                key = str(record_id)
                try:
                    after = _after(request, rules, key, body)
                except InvalidRecord as error:
                    found = error.faults or (Fault("", error.message),)
                    faults += [Fault(f"/{key}{fault.pointer}", fault.detail) for fault in found]
                    continue
                if after != body:
                    changes.append(Change(request.table, key, body, after))
                await view.rest(8)
            if len(faults) >= MAX_FAULTS:
                break
    if faults:
        message = "The patch would make records invalid; none was changed. Pointers begin with the record's id."
        raise InvalidRecord(message, faults=faults[:MAX_FAULTS])
    return matched, changes


def _after(request: ChangeRequest, rules: Rules, key: str, body: bytes) -> bytes | None:
    """Return what a record becomes."""
    if request.is_deletion:
        operation = Operation("delete", request.table, key, is_parsed=True)
    else:
        operation = Operation("patch", request.table, key, request.patch, is_parsed=True)
    try:
        return settle(prepare(operation, rules), body, rules).body
    except RamekinError as error:
        error.index = None
        raise
