r"""Large steps: what they make of tables is made ready beside them, and takes its place in one short step.

    begun ---prepare, in short steps; readers go on, writers wait---> ready ---store---> in the tables
      \                                               |
       +--------- does not fit, is refused, given up -+

The promise: a step of any size holds nobody for long, and readers see all of it or nothing.

How it works: the records of each table are copied, and the copy is changed. That needs nobody else to write meanwhile,
which the engine sees to. The indexes are not copied: they fall behind, and follow in steps of their own.

Its limits: a dictionary of a million records takes 10 ms to copy, in one go, and memory for both until the old one is
taken apart. Knows no engines; see ``catalog.py`` for steps that are small.
"""

from __future__ import annotations

from sys import maxsize
from typing import TYPE_CHECKING

from ramekin.changes import Change, Loaded, Step, Written
from ramekin.schema.definition import check_table_name
from ramekin.storage.catalog import Catalog, parting_bytes
from ramekin.storage.collector import overlook
from ramekin.storage.expiry import Expiry
from ramekin.storage.memory import BODY_BYTES, DUE_BYTES, TABLE_BYTES, TEXT_KEY_BYTES, record_growth
from ramekin.storage.records import Records
from ramekin.storage.unique import taken_by, taken_by_load
from ramekin.values.ids import looks_like_integer
from ramekin.values.paths import has_text_id

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

    from ramekin.storage.table import Table

LARGE = 1000
"""Records up to which a step is checked and stored at once: about 2 ms."""

REBUILT = 4
"""A load of more than this part of a table has its indexes built anew: that costs half of following it."""

STRIDE = 20
"""Records between two looks at the clock."""


def is_large(step: Step) -> bool:
    """Say whether a step concerns so many records that it is prepared in steps. Cost: O(1), O(tables) of a load."""
    if type(step) is Written:
        return len(step.changes) > LARGE
    return type(step) is Loaded and sum(map(len, step.tables.values())) > LARGE


class Staging:
    """A large step on its way, from the moment in which nobody else writes any more."""

    def __init__(self, catalog: Catalog, step: Step) -> None:
        self.step = step
        """What it comes to, once it is prepared."""
        self.fits = True
        """Whether it fits what is there; the rest of it is of no use if not."""
        self._catalog, self._grown = catalog, 0
        self._size_bytes = 0  # of the bodies before and after
        self._copies: list[_Copy] = []

    def prepare(self) -> Generator[None, None, None]:
        """Make all ready, in short steps. Raises as `Catalog.check`. Cost: O(records of the step), a copy of tables."""
        if type(self.step) is Written:
            yield from self._prepare_changes(self.step.changes)
        else:
            assert type(self.step) is Loaded, self.step
            yield from self._prepare_load(self.step)

    def store(self) -> None:
        """Put what was prepared in its place. Cost: O(tables and indexes)."""
        catalog, step = self._catalog, self.step
        catalog.revision += 1
        if type(step) is Loaded:
            catalog.store_rest(step)
        for copy in self._copies:
            copy.store(catalog)
        catalog.history.tell(catalog.revision, step, self._size_bytes)

    def let_go(self) -> None:
        """Have what the step was told in taken apart in turns: whoever made it uses it no more."""
        if type(self.step) is Loaded:
            self._catalog.memory.leave_behind(*self.step.tables.values())
        elif type(self.step) is Written:
            self._catalog.memory.leave_behind(list(self.step.changes))

    def _prepare_changes(self, changes: Sequence[Change]) -> Iterator[None]:
        by_table: dict[str, list[Change]] = {}
        yield from self._fit(changes, by_table)
        if not self.fits:
            return
        for name, some in by_table.items():
            table = self._catalog.find(name)
            if table is None:
                check_table_name(name)
            elif table.unique_fields:
                yield from taken_by(table, some)
        grown = self._grown + parting_bytes(self._catalog, by_table)
        if grown > 0:
            self._catalog.make_room(grown + TABLE_BYTES * len(by_table))
        for name, some in by_table.items():
            copy = _Copy(self._catalog, name, is_empty=False)
            copy.changes = some
            yield from copy.write((change.key, change.after, change.due) for change in some)
            self._copies.append(copy)

    def _fit(self, changes: Sequence[Change], by_table: dict[str, list[Change]]) -> Iterator[None]:
        """See that changes fit what is there; sort by tables those that change anything, and add them up."""
        for place, change in enumerate(changes):
            table = self._catalog.find(change.table)
            before = None if table is None else table.get(change.key)
            if before != change.before:
                self.fits = False
                return
            if change.after is not change.before:
                some = by_table.get(change.table)
                if some is None:
                    some = by_table[change.table] = overlook([])
                some.append(change)
                self._size_bytes += len(before or b"") + len(change.after or b"")
                self._grown += record_growth(change.key, change.before, change.after, change.due)
                if before is None and table is not None:
                    self._grown += table.finding_bytes_each()
            if place % STRIDE == 0:
                yield

    def _prepare_load(self, step: Loaded) -> Iterator[None]:
        catalog = self._catalog
        for name, bodies in step.tables.items():
            check_table_name(name)
            table = catalog.find(name)
            if table is not None and table.records.bodies and not step.replaces:
                for place, (key, body) in enumerate(bodies.items()):
                    if not table.records.keeps_id(key, body):
                        self.fits = False
                        return
                    if place % STRIDE == 0:
                        yield
            if table is not None and table.unique_fields:
                yield from taken_by_load(table, bodies, replaces=step.replaces)
        if not step.replaces and (grown := parting_bytes(catalog, step.tables)):
            catalog.make_room(grown)
        self.step = catalog.with_others(step)
        for name, bodies in step.tables.items():
            copy = _Copy(catalog, name, is_empty=step.replaces)
            standing = copy.records.bodies
            if len(bodies) < len(standing) // REBUILT:
                copy.changes = overlook([Change(name, key, standing.get(key), body) for key, body in bodies.items()])
            dues = step.dues_of(name)
            yield from copy.write((key, body, dues.get(key)) for key, body in bodies.items())
            self._copies.append(copy)


class _Copy:
    """The records of one table as they will be."""

    changes: list[Change] | None = None
    """What indexes have to follow; None: they are built anew."""

    def __init__(self, catalog: Catalog, name: str, *, is_empty: bool) -> None:
        self._name, self._is_empty = name, is_empty
        self._written: list[str] = overlook([])
        self._taken_bytes = 0  # of the records that were there
        table = None if is_empty else catalog.find(name)
        self.records = Records() if table is None else table.copied()
        self._size_bytes = 0 if table is None else table.size_bytes
        self._memory_bytes = TABLE_BYTES
        if table is not None:
            self._memory_bytes = table.memory_bytes - table.finding_bytes() - table.sieve_bytes
        self._not_due = list[tuple[str, int]]()  # due times that are none any more
        self._due = Expiry()
        if (standing := catalog.find(name)) is not None:
            standing.hand_on()  # now, rather than of all tables in the one step at last

    def write(self, bodies: Iterable[tuple[str, bytes | None, int | None]]) -> Iterator[None]:
        """Store bodies with their due times, and delete where there is none."""
        stored, text_keys = self.records.bodies, self.records.text_keys
        for place, (key, body, due) in enumerate(bodies):
            before = stored.get(key)
            if before is not None:
                self._taken_bytes += len(before) + BODY_BYTES if body is not None else -record_growth(key, before, None)
            self._written.append(key)
            self._memory_bytes += record_growth(key, before, body)
            self._size_bytes += len(body or b"") - len(before or b"")
            if due is not None or self.records.dues:
                self._keep_due(key, due)
            if body is None:
                del stored[key]
                if key in text_keys:
                    text_keys.remove(key)
                    self._memory_bytes -= TEXT_KEY_BYTES
            else:
                stored[key] = body
                if before is None and has_text_id(body) and looks_like_integer(key):
                    text_keys.add(key)
                    self._memory_bytes += TEXT_KEY_BYTES
            if place % STRIDE == 0:
                yield

    def _keep_due(self, key: str, due: int | None) -> None:
        was = self.records.dues.pop(key, None)
        if was is not None:
            self._not_due.append((key, was))
        if due is not None:
            self.records.dues[key] = due
            self._due.note(key, None, due)
        self._memory_bytes += DUE_BYTES * ((due is not None) - (was is not None))

    def _expiry(self, table: Table) -> Expiry:
        """Return when the records are due, of those that stay and those that are written. Cost: O(written)."""
        if self._is_empty or not table.records.dues:
            return self._due
        expiry = table.expiry = table.expiry.writable(table.memory.garbage)
        for key, was in self._not_due:
            expiry.note(key, was, None)
        expiry.take(self._due)
        return expiry

    def store(self, catalog: Catalog) -> None:
        """Put the records in place of those that are there."""
        table = catalog.made(self._name)
        table.hand_on()
        written: Collection[str] = self._written
        if self._is_empty and table.watches:
            written = [*table.records.bodies, *written]
        expiry = self._expiry(table)
        taken_bytes = maxsize if self._is_empty else self._taken_bytes
        table.adopt(self.records, expiry, self._size_bytes, self._memory_bytes, written, self.changes, taken_bytes)
        table.revision = catalog.revision
        catalog.when_behind(table)


def store_at_once(catalog: Catalog, step: Step) -> None:
    """Store a large step where nobody waits: what is read at a start."""
    staging = Staging(catalog, step)
    for _ in staging.prepare():
        pass
    staging.store()
