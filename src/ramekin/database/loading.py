"""Loads: whole tables checked record by record while they arrive, and stored in one step.

Knows no HTTP and no files; see ``database.py`` for its caller and ``engine/reservation.py`` for the room it takes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ramekin.changes import Loaded, Step
from ramekin.database.lifetimes import NEVER, Ttl, check_ttl, due_in
from ramekin.database.operations import Rules, body_of, id_twice, keep_id
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Making
from ramekin.engine.reservation import Reservation
from ramekin.engine.work import Work
from ramekin.errors import InvalidRecord, NotUnique, RamekinError, Unavailable, at
from ramekin.schema.definition import check_table_name
from ramekin.values import codec
from ramekin.values.ids import looks_like_integer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from ramekin.clock import Clock

    Sent = AsyncIterator[tuple[str, Any]] | Iterable[tuple[str, Any]]

BATCH = 200
"""Records that room is held for at once."""


class NotEmpty(Exception):  # no fault of whoever asked
    """The database holds records."""


async def load(
    engine: Engine,
    rules_of: Callable[[str], Rules],
    records: Sent,
    *,
    is_replacing: bool = False,
    is_first: bool = False,
    ttl: Ttl | None = None,
    work: Work | None = None,
) -> dict[str, int]:
    """Store whole tables; see `Database.load`. One that is to be first raises NotEmpty where it is not."""
    check_ttl(ttl)
    with Reservation(engine.tables) as room:
        staged = _Staged(rules_of, ttl, engine.clock, work or Work())
        with engine.tables.leaving(staged.held):
            await staged.take(records, room)
        for _ in range(MAX_ATTEMPTS):
            with engine.tables.leaving(staged.held):
                await staged.check_again()
            step = Loaded(staged.bodies, is_replacing, dues=staged.dues)
            with engine.tables.leaving(staged.held, is_begun=True):
                is_stored = await _is_stored(engine, staged, partial(_if_empty, engine, step) if is_first else step)
            if is_stored:
                counts = {table: len(bodies) for table, bodies in staged.bodies.items()}
                await staged.let_go()
                return counts
            await staged.keep_ids(engine)
    raise Unavailable("The tables are being written and defined by others; nothing was stored.")


async def _is_stored(engine: Engine, staged: _Staged, step: Step | Making) -> bool:
    checked_by = {table: rules.definition for table, rules in staged.rules.items()}
    try:
        return await engine.apply(step, checked_by) is not None
    except NotUnique as error:
        raise staged.in_place(error, *error.place) from None


def _if_empty(engine: Engine, step: Step) -> Step:
    """Return a step if there are no records, in the moment in which it happens. Raises NotEmpty."""
    if engine.tables.totals().records:
        raise NotEmpty
    return step


class _Staged:
    """Bodies on their way into tables, by table and key, and the rules that they were checked against."""

    def __init__(self, rules_of: Callable[[str], Rules], ttl: Ttl | None, clock: Clock, work: Work) -> None:
        self.bodies: dict[str, dict[str, bytes]] = {}
        self.dues: dict[str, dict[str, int]] = {}
        self.rules: dict[str, Rules] = {}
        self._rules_of, self._work = rules_of, work
        self._ttl, self._clock = ttl, clock

    async def take(self, records: Sent, room: Reservation) -> None:
        """Check records and take their bodies; reserve room for them. Raises as `Database.load`."""
        count = size_bytes = 0
        async for table, record in _each(records):
            if table not in self.bodies:
                with at(table):
                    check_table_name(table)
                self.bodies[table], self.rules[table] = {}, self._rules_of(table)
            if record is None:
                await self._work.rest()
                continue
            size_bytes += self._add(table, record)
            count += 1
            if count == BATCH:
                await room.add(count, size_bytes, self.bodies, self._work)
                count = size_bytes = 0
            await self._work.rest()
        await room.add(count, size_bytes, self.bodies, self._work)

    def _add(self, table: str, record: Any) -> int:
        """Take one record, and return the bytes of its key and body."""
        bodies = self.bodies[table]
        index = len(bodies)
        try:
            body, key = body_of(record, self.rules[table])
            if key in bodies:
                raise id_twice([*bodies].index(key))
        except RamekinError as error:
            raise error.within(table, index, index=index) from None
        bodies[key] = body
        lifetime_s = self.rules[table].expire_after_s if self._ttl is None else self._ttl
        if lifetime_s is not None and lifetime_s != NEVER:
            self.dues.setdefault(table, {})[key] = due_in(lifetime_s, self._clock)
        return len(key) + len(body)

    def held(self) -> list[dict[str, Any]]:
        """Return what it has."""
        return [*self.bodies.values(), *self.dues.values()]

    async def let_go(self) -> None:
        """Have nothing any more, bit by bit."""
        self._work.commit()
        await self._work.let_go(*self.held())

    async def check_again(self) -> None:
        """Check the records of tables that were defined anew since. Raises as `Database.load`."""
        for table, bodies in self.bodies.items():
            if self._rules_of(table) is self.rules[table]:
                continue
            rules = self.rules[table] = self._rules_of(table)
            for i, (key, body) in enumerate(bodies.items()):
                try:
                    bodies[key], _ = body_of(codec.parse(body), rules)
                except RamekinError as error:
                    raise error.within(table, i, index=i) from None
                await self._work.rest()

    async def keep_ids(self, engine: Engine) -> None:
        """Give each record that is to take the place of another the id that stands there, in its type."""
        for table, bodies in self.bodies.items():
            for key in bodies:  # of those that look like no integer the text tells the type
                if looks_like_integer(key) and (before := engine.ahead(table, key)) is not None:
                    self._keep_id(table, key, before)
                await self._work.rest()

    def _keep_id(self, table: str, key: str, before: bytes) -> None:
        bodies = self.bodies[table]
        try:
            bodies[key] = keep_id(bodies[key], before, self.rules[table])
        except RamekinError as error:
            raise self.in_place(error, table, key) from None

    def in_place(self, error: RamekinError, table: str, key: str) -> RamekinError:
        """Return an error about the record of a key, with its place. Cost: O(records of the table)."""
        index = list(self.bodies[table]).index(key)
        return error.within(table, index, index=index)


async def checked(records: Sent) -> AsyncIterator[tuple[str, Any]]:
    """Yield records that Python code made, each once it is known to be a JSON value. Raises as `codec.check_value`."""
    counts: dict[str, int] = {}
    async for pair in _each(records):
        if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str:
            raise InvalidRecord('A load is made of pairs of a table and a record: ("users", {"id": 1}).')
        table, record = pair
        index = counts.setdefault(table, 0)
        try:
            codec.check_value(record)
        except RamekinError as error:
            raise error.within(table, index, index=index) from None
        counts[table] += record is not None
        yield table, record


async def _each(records: Sent) -> AsyncIterator[tuple[str, Any]]:
    if hasattr(records, "__aiter__"):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record
