"""What happens to tables, as frozen values: steps, of which their history is made, and the changes of records in them.

    write a record, a bulk, a batch ---> Written(changes)
    a record is due -------------------> Written(changes, "expire")
    make or define a table ------------> Defined
    drop a table ----------------------> Dropped
    load, import, empty ---------------> Loaded

There is no other way to change a table. A step is asked for, checked and applied whole, or not at all. Knows nothing of
how that is done; see ``engine/base.py`` for what is promised, ``storage/catalog.py`` for what each step does, and
``durability/log.py`` for how one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from ramekin.schema.definition import Definition

Reason = Literal["write", "expire", "evict"]
"""Why records change: somebody wrote them, or they were due, or gave way to others in a cache."""

Dues = Mapping[str, int]
"""When records are due, by their keys: in whole seconds since 1970-01-01 UTC. The others stay for ever."""


class Change(Struct, frozen=True, gc=False):
    """One record's step from a body to a body.

    `before` is the body that the change was computed from, None where there was no record; the change is applied only
    while that is still so. `after` is the body to store, None to delete; the very `before` changes nothing, and says
    that the record stood so.
    """

    table: str
    key: str
    before: bytes | None
    after: bytes | None
    due: int | None = None
    """When the record is due from then on (see `Dues`); None: never."""


class Written(Struct, frozen=True, gc=False):
    """Records were written together, each at most once. Tables that are new are made."""

    changes: Sequence[Change]
    reason: Reason = "write"

    def without_idle(self) -> Written:
        """Return the step without the changes that change nothing."""
        return Written([change for change in self.changes if change.after is not change.before], self.reason)


def changes_by_table(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return changes by their tables, in order. Cost: O(changes)."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.table, []).append(change)
    return found


class Defined(Struct, frozen=True):
    """A table was made, or given a definition."""

    table: str
    definition: Definition


class Dropped(Struct, frozen=True):
    """A table is gone, with its records and its definition."""

    table: str


class Loaded(Struct, frozen=True):
    """Whole tables were stored, over records with the same keys.

    With `replaces` it was instead of all that was there. Then other tables are emptied if they have a definition, and
    dropped if not: whoever asks leaves that to the moment in which it happens.
    """

    tables: Mapping[str, dict[str, bytes]]
    replaces: bool = False
    emptied: Sequence[str] = ()
    dropped: Sequence[str] = ()
    dues: Mapping[str, Dues] = {}
    """By table, of those that have any."""

    def dues_of(self, table: str) -> Dues:
        """Return when the records of a table are due."""
        return self.dues.get(table, NO_DUES)


NO_DUES: Dues = {}

Step = Written | Defined | Dropped | Loaded

Stored = Step | Change
"""What is stored, kept and told: a step, or a change by itself, which is a step of one, as most steps are."""


class Together(Struct, frozen=True):
    """Steps of which a journal keeps all or none."""

    steps: Sequence[Step]
