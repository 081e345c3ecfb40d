"""Changes by condition: which records are meant, what becomes of each, all or nothing.

Knows no HTTP; see ``database.py`` for who calls it and ``operations.py`` for what a patch and a deletion mean.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from ramekin.changes import Change, Written
from ramekin.database.catching_up import catch_up
from ramekin.database.operations import Operation, Rules, prepare, settle
from ramekin.engine.access import Access
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Watch
from ramekin.engine.work import Work
from ramekin.errors import Fault, IdMismatch, InvalidParameter, InvalidRecord, RamekinError, Redefined, TooManyAffected
from ramekin.query import execute
from ramekin.query.demands import read_demands
from ramekin.query.match import body_matcher
from ramekin.query.plan import Query
from ramekin.query.predicate import EVERYTHING, Predicate, holds_always, paths_in
from ramekin.schema.record_schema import MAX_FAULTS
from ramekin.storage.collector import overlook
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.database.presence import Presence
    from ramekin.engine.tables import Tables
    from ramekin.schema.fields import Fields


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Which records to patch, or to delete if `is_deletion`.

    `patch` is a merge patch; `max_affected` refuses to change more records than that.
    """

    table: str
    where: Predicate = EVERYTHING
    patch: Any = None
    is_deletion: bool = False
    max_affected: int | None = None
    fields: Fields | None = None
    """What was declared of the table's fields when the condition was read; None if that does not matter."""
    is_parsed: bool = False
    """Whether the patch comes from `codec.parse`."""
    hold: Callable[[int, int], Awaitable[None]] | None = None
    """Is told how many changes are held until they are applied, of how many bytes; it may wait, or refuse."""

    def __post_init__(self) -> None:
        if not self.is_parsed:
            codec.check_value(self.patch)
        if type(self.is_deletion) is not bool:
            raise InvalidParameter("'delete' is true or false.").within("delete")
        if self.max_affected is not None and (type(self.max_affected) is not int or self.max_affected < 0):
            raise InvalidParameter("'max_affected' is a whole number of 0 or more.").within("max_affected")
        if isinstance(self.patch, dict) and "id" in self.patch:
            raise IdMismatch("A change of many records cannot set their id; an id never changes.")


@dataclass(frozen=True, slots=True)
class Changed:
    """How many records were meant, and how many are not what they were."""

    matched: int
    changed: int


async def change(
    engine: Engine, presence: Presence, rules_of: Callable[[str], Rules], request: ChangeRequest
) -> Changed:
    """Patch or delete the records that a predicate means; see `Database.change`."""
    table = request.table
    await presence.missing(table, paths_in(request.where), is_strict=True)
    work = presence.work or Work()
    demands = () if holds_always(request.where) else await work.through(read_demands(request.where))
    await presence.unmatched(table, demands, is_strict=True)
    engine.tables.table_stats(table)  # a table that is not there is told before what is wrong with the patch
    if not request.is_deletion and not isinstance(request.patch, dict):
        raise InvalidRecord("A merge patch of records is a JSON object.")
    for _ in range(MAX_ATTEMPTS):
        if request.fields is not None and presence.fields(table) is not request.fields:
            break  # the condition was read by what the table was
        changing = _Changing(request, lambda: rules_of(table), partial(engine.due, table))
        with engine.watch(table) as watch, suppress(_Redefined):
            with engine.tables.leaving(changing.held):
                await changing.read(engine.tables, work)
                await catch_up(watch, changing.meet, work)
            work.commit()
            with engine.tables.leaving(changing.held, is_begun=True):
                is_done = await engine.apply(partial(changing.finish, watch)) is not None
            if is_done:
                changed = Changed(changing.count_matched(), len(changing.changes))
                await work.let_go(*changing.held())
                return changed
    raise Redefined("The table was defined or dropped by others meanwhile; nothing was applied.")


class _Redefined(Exception):  # no error: what was read is read again
    """The definition changed, or the condition means other records now."""


class _Changing:
    """The records that are meant, as far as they were looked at, and what becomes of each."""

    def __init__(
        self, request: ChangeRequest, rules_now: Callable[[], Rules], due: Callable[[str], int | None]
    ) -> None:
        self.changes: dict[str, Change] = {}
        self.idle: dict[str, None] = {}
        """Those that are meant and stay as they are."""
        self._request, self._rules_now, self._rules = request, rules_now, rules_now()
        self._due = due
        self._matches = body_matcher(request.where)
        self._faults: dict[str, list[Fault]] = {}
        self._size_bytes = 0  # of what records become
        self._is_spoiled = False  # an error came in the midst of looking again

    async def read(self, tables: Tables, work: Work) -> None:
        """Look at all records, as they are at some moment. Raises what is wrong then, as soon as it is known."""
        query = Query(self._request.where)
        async with tables.view([Access.of(self._request.table, query)], work) as view:
            self._check_rules()
            async for rows in execute.Matching(view, self._request.table, query).rows():
                for record_id, body in rows:
                    self._take(str(record_id), body)
                    await work.rest()
                if self._request.hold is not None:
                    await work.idle(self._request.hold(self.count_matched(), self._size_bytes))
                if len(self._faults) >= MAX_FAULTS or self._are_too_many():
                    break
        self._refuse()

    def meet(self, key: str, body: bytes | None) -> None:
        """Look at a record again. Raises what is wrong with it."""
        self.idle.pop(key, None)
        self.changes.pop(key, None)
        self._faults.pop(key, None)
        if body is not None and self._matches(body):
            self._take(key, body)

    def finish(self, watch: Watch) -> Written | None:
        """Look at the records that were written last, and return what changes.

        None if the table is gone, and after an error that left some of them out. Raises what is wrong at this moment.
        """
        if watch.is_over or self._is_spoiled:
            return None
        self._check_rules()
        self._is_spoiled = True
        for key, body in watch.take().items():
            self.meet(key, body)
        self._is_spoiled = False
        self._refuse()
        return Written(overlook(list(self.changes.values())))

    def _check_rules(self) -> None:
        if self._rules_now() is not self._rules:
            raise _Redefined

    def _take(self, key: str, body: bytes) -> None:
        try:
            after = _after(self._request, self._rules, key, body)
        except InvalidRecord as error:
            self._faults[key] = list(error.within(key).of("records").faults)
            return
        if after != body:
            self._size_bytes += len(after or b"")
            due = None if after is None else self._due(key)  # a patch leaves it as it is
            self.changes[key] = Change(self._request.table, key, body, after, due)
        else:
            self.idle[key] = None

    def held(self) -> tuple[dict[str, None], dict[str, Change]]:
        """Return what it has found out."""
        return self.idle, self.changes

    def count_matched(self) -> int:
        """Return how many records are meant."""
        return len(self.changes) + len(self.idle)

    def _are_too_many(self) -> bool:
        most = self._request.max_affected
        return most is not None and len(self.changes) > most

    def _refuse(self) -> None:
        """Raise what is wrong with the change by what is known of one moment, if anything is."""
        if self._faults:
            message = "The patch would make records invalid; none was changed. Pointers begin with the record's id."
            raise InvalidRecord(message, faults=list(chain.from_iterable(self._faults.values()))[:MAX_FAULTS])
        if self._are_too_many():
            most = self._request.max_affected
            raise TooManyAffected(f"More records would change than the {most} that 'max_affected' allows; none did.")


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
