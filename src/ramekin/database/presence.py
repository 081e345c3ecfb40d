"""Which fields a table has, named by its schema or present in a record, and which kinds of values stand in them.

A field that no schema names is looked for in the records, all that a query names in one pass. A record that has
it is remembered here; that none has is known to the engine, whatever is written. Knows no HTTP; see ``finding.py`` and
``joining.py`` for who asks.
"""

from __future__ import annotations

from copy import copy
from itertools import islice
from typing import TYPE_CHECKING, Any

from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.errors import NO_WORDS, InvalidValue, UnknownField, did_you_mean, shorten
from ramekin.query.sought import Sought
from ramekin.schema.fields import NO_SCHEMA, Fields, Trait
from ramekin.values import codec
from ramekin.values.comparison import kind_of
from ramekin.values.paths import ID_PATH, FieldPath, print_path, read_members, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ramekin.engine.tables import Tables
    from ramekin.query.demands import Demand
    from ramekin.schema.record_schema import RecordSchema

SAMPLE_ROWS = 500
"""Records that are searched for names to suggest."""

NAME_DEPTH = 3

MAX_NAMES = 1000
"""Names that are looked at for a suggestion."""

MAX_HINTS = 5
"""Unknown fields of one query for which a name is suggested."""

MAX_REMEMBERED = 2_000
"""Fields that records are known to have, and as many that none has: clients make up names of 2,000 characters."""


KIND_WORDS = {
    "boolean": ("a boolean", "booleans"),
    "number": ("a number", "numbers"),
    "text": ("text", "texts"),
    "array": ("an array", "arrays"),
    "object": ("an object", "objects"),
}
"""What messages call a value of a kind, and several."""


class Presence:
    """What is known of the fields of some tables."""

    def __init__(self, tables: Tables, schemas: Mapping[str, RecordSchema]) -> None:
        self._tables, self._schemas = tables, schemas
        self._witnesses: dict[tuple[str, Trait], str] = {}
        self._absent: dict[tuple[str, Trait], int] = {}  # as of a table's revision
        self.work: Work | None = None
        """The work that a look at records is a part of."""

    def within(self, limit_s: float) -> Presence:
        """Return what is known, for one request, whose work may take so many seconds."""
        twin = copy(self)
        twin.work = Work(limit_s)
        return twin

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields."""
        return self._schemas.get(table) or NO_SCHEMA

    async def has(self, table: str, path: FieldPath) -> bool:
        """Say whether a field is named by the schema or present in a record. Raises, and costs, as `absent`."""
        return not await self.absent(table, [path])

    async def absent(self, table: str, paths: Iterable[FieldPath]) -> list[FieldPath]:
        """Return those of some fields that the schema does not name and no record has.

        Raises:
            UnknownTable: there is no such table.

        Cost: O(1) for what is known; else O(n) once for all of them, in steps.
        """
        fields, paths = self.fields(table), list(dict.fromkeys(paths))
        absent: set[FieldPath] = set()
        unknown: list[Trait] = []
        for path in paths:
            declared = fields.type_of(path)
            if declared is None:
                absent.add(path)
            elif path != ID_PATH and not declared.is_named:
                unknown.append(Trait(path))
        absent |= {trait.path for trait in await self._lacking(table, unknown)}
        return [path for path in paths if path in absent]

    async def _lacking(self, table: str, traits: Sequence[Trait]) -> list[Trait]:
        """Return those of some traits that no record has. The tables keep a few of them in step with every write."""
        unseen = await self._unseen(table, traits)
        if not unseen:
            return []
        revision = self._tables.table_stats(table).revision
        unknown = [trait for trait in unseen if self._absent.get((table, trait)) != revision]
        found = set[Trait]()
        if unknown:
            for trait, key in zip(unknown, await self._tables.holders(table, unknown, self.work), strict=True):
                if key is None:
                    _remember(self._absent, (table, trait), revision)
                else:
                    found.add(trait)
                    _remember(self._witnesses, (table, trait), key)
        return [trait for trait in unseen if trait not in found]

    async def _unseen(self, table: str, traits: Sequence[Trait]) -> list[Trait]:
        """Return those of some traits that the record which had them has no longer."""
        seen, work = set[Trait](), self.work or Work()
        for body, had in self._witnesses_of(table, traits):
            seen.update(Sought(had).take(body))
            await work.rest()
        return [trait for trait in traits if trait not in seen]

    def _witnesses_of(self, table: str, traits: Iterable[Trait]) -> Iterator[tuple[bytes, list[Trait]]]:
        """Yield each record that had some of the traits, once, and which."""
        by_witness = dict[str | None, list[Trait]]()
        for trait in traits:
            by_witness.setdefault(self._witnesses.get((table, trait)), []).append(trait)
        for witness, had in by_witness.items():
            if witness is not None and (body := self._tables.catalog.table(table).get(witness)) is not None:
                yield body, had

    async def names(self, table: str) -> list[str]:
        """Return the names of a table's fields, by its schema and its first records: dotted, outer ones first."""
        declared = self.fields(table).field_names()
        async with self._tables.view([Access(table)], self.work) as view:
            async for bodies in view.batches(table):
                found = (path for body in islice(bodies, SAMPLE_ROWS) for path in _paths(codec.parse(body)))
                unique = sorted(islice(_unique(found), MAX_NAMES), key=len)
                return list(dict.fromkeys([*declared, *map(print_path, unique)]))
        return list(declared)

    async def missing(
        self, table: str, paths: Iterable[FieldPath], *, is_strict: bool, words: Mapping[str, str] = NO_WORDS
    ) -> list[str]:
        """Return a warning for each path that no record has; of an empty table for words in capitals alone.

        Args:
            is_strict: raise instead of warning.
            words: other names that may have been meant, as `did_you_mean` takes them.

        Raises:
            UnknownField: with `is_strict`, for the first of them.
        """
        absent = await self.absent(table, paths)
        if absent and not self._tables.table_stats(table).records:
            absent = [path for path in absent if print_path(path).lower() in words]
        if not absent:
            return []
        known, warnings, work = await self.names(table), list[str](), self.work or Work()
        for place, path in enumerate(absent):
            await work.rest()
            name = print_path(path)
            hint = did_you_mean(name, known, words) if place < MAX_HINTS else ""
            if is_strict:
                said = f"No record in '{shorten(table)}' has the field '{shorten(name)}'."
                raise UnknownField(said, path=path, hint=hint)
            told = f"no record in {table} has the field '{shorten(name)}'"
            warnings.append(f"{told}; {hint[0].lower()}{hint[1:]}" if hint else told)
        return warnings

    async def unmatched(self, table: str, demands: Sequence[Demand], *, is_strict: bool) -> list[str]:
        """Return a warning for each value of a condition that can match nothing that its field holds.

        A field of a declared type is left out: there such a value is refused when the query is read. So is one that no
        record has a value in.

        Args:
            is_strict: raise instead of warning.

        Raises:
            InvalidValue: with `is_strict`, for the first of them.

        Cost: O(1) for what is known; else O(n) once for all of them, in steps.
        """
        fields, warnings = self.fields(table), list[str]()
        free = [demand for demand in demands if (known := fields.type_of(demand.trait.path)) and not known.kinds]
        unseen = await self._unseen(table, [demand.trait for demand in free])
        absent = set(await self.absent(table, [trait.path for trait in unseen]))  # nothing is held there
        lacking = set(await self._lacking(table, [trait for trait in unseen if trait.path not in absent]))
        told = [demand for demand in free if demand.trait in lacking]
        held = await self._held_instead(table, [demand.trait for demand in told])
        for demand in told:
            if (kind := held.get(demand.trait)) is None:
                continue
            asked = " or ".join(KIND_WORDS[name][0] for name in sorted(demand.trait.kinds))
            found = f"has {asked} in '{shorten(print_path(demand.trait.path))}', which holds {KIND_WORDS[kind][1]}"
            hint = "".join(f"; {hint}" for other, hint in demand.meant if other == kind)
            if is_strict:
                said = f"No record in '{shorten(table)}' {found}{hint}{'' if hint[-1:] == '?' else '.'}"
                raise InvalidValue(said).but(path=demand.trait.path)
            warnings.append(f"no record in {table} {found}{hint}")
        return warnings

    async def _held_instead(self, table: str, traits: Sequence[Trait]) -> dict[Trait, str]:
        """Return for each of some traits a kind of values that its field holds besides, if it holds any but null."""
        others = {Trait(trait.path, frozenset(KIND_WORDS) - trait.kinds): trait for trait in traits}
        await self._lacking(table, [*others])
        held, work = dict[Trait, str](), self.work or Work()
        for body, had in self._witnesses_of(table, others):
            record = read_members(body)
            for other in had:
                if other.has(value := walk(record, other.path)):
                    held[others[other]] = kind_of(value)
            await work.rest()
        return held


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[key] = value


def _unique(paths: Iterable[FieldPath]) -> Iterator[FieldPath]:
    """Yield paths, each once."""
    seen: set[FieldPath] = set()
    for path in paths:
        if path not in seen:
            seen.add(path)
            yield path


def _paths(record: dict[str, Any], prefix: FieldPath = ()) -> Iterator[FieldPath]:
    for name, value in record.items():
        yield (*prefix, name)
        if isinstance(value, dict) and len(prefix) + 1 < NAME_DEPTH:
            yield from _paths(value, (*prefix, name))
