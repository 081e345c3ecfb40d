"""What has happened, for whoever follows a database: pages of changes, and changes as they come.

A *position* is text that says how far somebody has read. It is the number of a step, behind a name for the history in
which the step has that number: a process's own, or one for all processes that share the tables. Where a page ends in
the midst of a step, the number of changes that were read follows: ``ab12-41.100`` is behind step 41 and the first 100
changes of the next one. Nodes may lose a step, whose number another one gets: there a mark of the last step that was
read from stands behind the number, ``ab12-41-9f3c``, and whoever has read what was lost is told that it is gone.

Knows no HTTP; see ``storage/history.py`` for what is kept, ``database.py`` for who asks.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import Struct

from ramekin.access.roles import EVERYBODY, Grant
from ramekin.engine.work import Work
from ramekin.errors import ChangesGone, ConflictingParameters, InvalidParameter, Unavailable
from ramekin.query.match import body_matcher
from ramekin.query.predicate import EVERYTHING, Predicate
from ramekin.storage.history import Entry, Whole
from ramekin.values import codec
from ramekin.values.paths import read_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ramekin.changes import Change
    from ramekin.engine.tables import Tables
    from ramekin.values.ids import RecordId

ChangeOp = Literal["create", "replace", "delete", "expire", "evict"] | Whole
"""What happened to a record, or to a whole table."""

_POSITION = re.compile(r"([0-9a-z]{1,64})-(0|[1-9][0-9]{0,17})(?:-([0-9a-f]{1,8}))?(?:\.([1-9][0-9]{0,9}))?")


class HistoryPlace(NamedTuple):
    """How far somebody has read: behind a step, and so many changes of the next one."""

    number: int
    read: int = 0


class TableChange(Struct, frozen=True, gc=False):
    """What happened to one record, or to a whole table."""

    position: str
    """Where to go on behind it. All changes that were made together have the same."""
    at_ms: int
    table: str
    op: ChangeOp
    before: bytes | None = None
    """The record's body before, as JSON; None if there was none."""
    body: bytes | None = None
    """The record's body after it, None if there is none."""

    @property
    def at(self) -> datetime:
        """When it happened, by the clock of the database."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)

    @property
    def id(self) -> RecordId | None:
        """The record's id, None of a whole table."""
        body = self.body or self.before
        return None if body is None else read_id(body)

    @property
    def record(self) -> Any:
        """The record after it, None if there is none. Cost: O(length of the body)."""
        return None if self.body is None else codec.parse(self.body)

    def json(self) -> bytes:
        """Return it as JSON, as it is told over HTTP. The body is not parsed."""
        at = self.at.isoformat(timespec="milliseconds").removesuffix("+00:00")
        text = f'{{"position":"{self.position}","at":"{at}Z","table":"{self.table}","op":"{self.op}"'
        if (body := self.body or self.before) is None:
            return f"{text}}}".encode()
        return b'%b,"id":%b,"record":%b}' % (text.encode(), codec.dump(read_id(body)), self.body or b"null")


@dataclass(frozen=True)
class ChangesRequest:
    """Which changes are asked for.

    Raises:
        ConflictingParameters: conditions choose among the records of one table.
        InvalidParameter: `limit` is no number of changes.
    """

    tables: tuple[str, ...] | None = None
    """None: of all tables."""
    where: Predicate = EVERYTHING
    since: str | None = None
    """Behind which position; None: from now on."""
    limit: int = 100
    grant: Grant = EVERYBODY
    """Which tables may be seen."""

    def __post_init__(self) -> None:
        if type(self.limit) is not int or self.limit < 0:
            raise InvalidParameter("'limit' is a whole number of 0 or more.").within("limit")
        if self.where != EVERYTHING and len(self.tables or ()) != 1:
            raise ConflictingParameters("Conditions choose among the records of one table: name exactly one.")

    @cached_property
    def _matches(self) -> Callable[[bytes], bool] | None:
        return None if self.where == EVERYTHING else body_matcher(self.where)

    def takes_table(self, table: str) -> bool:
        """Say whether changes of a table are asked for. Cost: O(tables that are named)."""
        return (self.tables is None or table in self.tables) and self.grant.reaches(table)

    def takes(self, table: str, before: bytes | None, after: bytes | None) -> bool:
        """Say whether a change is asked for: by what the record is now, a deleted one by what it was.

        Without either it is a step of the whole table.
        """
        if not self.takes_table(table):
            return False
        body = before if after is None else after
        return body is None or self._matches is None or self._matches(body)


class ChangesPage(NamedTuple):
    """Some changes, and where to go on."""

    changes: list[TableChange]
    next: str
    """The position behind what the page has looked at."""
    latest: str
    """The position of the last step that has happened."""


class Follower:
    """Somebody's way through what has happened to some tables."""

    def __init__(self, tables: Tables, request: ChangesRequest) -> None:
        """Begin behind the position that is asked for, or now.

        Raises:
            UnknownTable: there is none of that name, and none was dropped behind the position.
            InvalidParameter: the text is no position.
            ChangesGone: what came behind it is not kept, or it is of another history.
        """
        self._tables, self.request = tables, request
        tables.totals()  # which raises where nothing is open yet
        self._restarts = tables.history.restarts
        self.place = HistoryPlace(tables.catalog.revision) if request.since is None else self._place_of(request.since)
        if request.since is not None:
            tables.history.begin(tables.catalog.revision)
            if self._behind() is None:
                raise _gone()
        for name in request.tables or ():
            if not tables.history.was_dropped(name, self.place.number):
                tables.table_stats(name)  # which raises where there is none
        tables.history.begin(tables.catalog.revision)

    def _place_of(self, text: str) -> HistoryPlace:
        found = _POSITION.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidParameter("'since' is a position, as an answer has told it.").within("since")
        if found[1] != self._tables.lineage or int(found[2]) > self._tables.catalog.revision:
            raise _gone()
        place = HistoryPlace(int(found[2]), int(found[4] or 0))
        if self._mark(place) != (found[3] or ""):
            raise _gone()
        return place

    def go_to(self, place: HistoryPlace) -> None:
        """Go on from another place."""
        self.place = place

    @property
    def latest(self) -> str:
        """The position of the last step that has happened."""
        return self._text(HistoryPlace(self._tables.catalog.revision))

    @property
    def is_level(self) -> bool:
        """Whether it has read all that has happened."""
        return not self._is_cut and self.place.number >= self._tables.catalog.revision

    @property
    def position(self) -> str:
        """How far this one has read."""
        return self._text(self.place)

    @property
    def step(self) -> str:
        """The position of the last step that this one has read whole."""
        return self._text(HistoryPlace(self.place.number))

    def _text(self, place: HistoryPlace) -> str:
        number, read = place
        mark = self._mark(place)
        return f"{self._tables.lineage}-{number}" + (f"-{mark}" if mark else "") + (f".{read}" if read else "")

    def _mark(self, place: HistoryPlace) -> str:
        """Return the mark of the last step that was read from."""
        return self._tables.history.mark_of(place.number + 1 if place.read else place.number)

    @property
    def _is_cut(self) -> bool:
        """Whether the tables were read anew meanwhile: what came between cannot be told."""
        return self._restarts != self._tables.history.restarts

    def _behind(self) -> list[Entry] | None:
        return None if self._is_cut else self._tables.history.behind(self.place.number)

    def some(self) -> Iterator[TableChange | None]:
        """Yield the next changes that are asked for, as far as they have happened, and None for each other one.

        `place` goes on with each. Nothing is yielded where all is read. Cost: O(1) for each.

        Raises:
            ChangesGone: it is too far behind.
        """
        entries = self._behind()
        if entries is None:
            raise _gone()
        for entry in entries:
            yield from self._of(entry)
        if not entries:
            self.place = HistoryPlace(self._tables.catalog.revision)

    def _of(self, entry: Entry) -> Iterator[TableChange | None]:
        """Yield what of a step is asked for."""
        position, request = self._text(HistoryPlace(entry.number)), self.request
        parts = entry.changes or entry.whole
        for index in range(self.place.read, len(parts)):
            is_last = index + 1 == len(parts)
            self.place = HistoryPlace(entry.number) if is_last else HistoryPlace(entry.number - 1, index + 1)
            part = parts[index]
            if isinstance(part, tuple):
                op, table = part
                yield TableChange(position, entry.at_ms, table, op) if request.takes_table(table) else None
            elif part.after is not part.before and request.takes(part.table, part.before, part.after):
                yield _of_record(position, entry, part)
            else:
                yield None

    async def page(self, work: Work) -> ChangesPage:
        """Return the next changes that have happened, as many as a page has. Raises Deadline; ChangesGone."""
        found: list[TableChange] = []
        limit = self.request.limit
        while len(found) < limit:
            before = self.place
            for change in self.some():
                if change is not None:
                    found.append(change)
                    if len(found) == limit:
                        break
                await work.rest()
            if self.place == before:
                break
        return ChangesPage(found, self.position, self.latest)

    async def news(self) -> None:
        """Wait until something has happened that this one has not read. Raises Unavailable: the database is closed."""
        told = asyncio.Event()
        self.when_news(told.set)
        try:
            await told.wait()
        finally:
            self.forget(told.set)

    def when_news(self, wake: Callable[[], None]) -> None:
        """Call a function once when something has happened that this one has not read, which may be at once.

        Raises:
            Unavailable: the database is closed.
        """
        if self._tables.history.is_over:
            raise Unavailable("The database is closed.")
        if self.is_level:
            self._tables.history.when_told(wake)
        else:
            wake()

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call a function any more that waits for news."""
        self._tables.history.forget(wake)

    async def forever(self) -> AsyncIterator[TableChange]:
        """Yield changes as they come. Raises ChangesGone: whoever reads them is too slow."""
        while True:
            work = Work()
            await self.news()
            for change in self.some():
                if change is not None:
                    yield change
                await work.rest()


def _of_record(position: str, entry: Entry, change: Change) -> TableChange:
    op: ChangeOp = "create" if change.before is None else "delete" if change.after is None else "replace"
    if entry.reason != "write":
        op = entry.reason
    return TableChange(position, entry.at_ms, change.table, op, change.before, change.after)


def _gone() -> ChangesGone:
    return ChangesGone("What has happened since this position is not kept any more, or it is of another run.")
