"""Definitions of tables: read from JSON, and checked against the records that are there.

Knows no HTTP; see ``database.py`` for who calls it and ``json_schema.py`` for what a schema means.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, Any

from ramekin.changes import Defined
from ramekin.database.catching_up import catch_up
from ramekin.engine.access import Access
from ramekin.engine.base import MAX_ATTEMPTS, Engine, Watch
from ramekin.engine.work import Work
from ramekin.errors import (
    DefinitionBroken,
    Fault,
    InvalidDefinition,
    InvalidRecord,
    Unavailable,
    UnknownTable,
    at,
    check_members,
    did_you_mean,
    pointer,
    shorten,
)
from ramekin.schema.bounds import NAMES, read_bounds
from ramekin.schema.declarations import declared_field
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import Field, join_reader
from ramekin.schema.record_schema import MAX_FAULTS
from ramekin.stats import TableStats
from ramekin.values import codec
from ramekin.values.paths import parse_path, print_path, read_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ramekin.database.operations import Rules
    from ramekin.engine.tables import Tables
    from ramekin.values.comparison import JoinKey

MEMBERS = ("schema", "unique", "indexes", "require_if_match", *NAMES)
INDEX_KINDS = ("hash", "sorted")
_KINDS_TOLD = "An index's 'kind' is hash (for equal values) or sorted (for ranges and order too)."

MAX_NAMED = 16
"""Fields that are unique, and indexes that are pinned, at the most; others build themselves."""


def parse_definition(value: Any) -> Definition:
    """Return the definition that a JSON value means.

    Raises:
        InvalidDefinition: it has not the shape; the schema itself is read by `JsonSchema`.
    """
    if not isinstance(value, dict):
        raise InvalidDefinition("A definition is a JSON object.")
    check_members(value, MEMBERS, InvalidDefinition, "A definition")
    schema, caution = value.get("schema"), value.get("require_if_match", False)
    if schema is not None and not isinstance(schema, dict):
        raise InvalidDefinition("'schema' is a JSON Schema as an object, or null.").within("schema")
    if not isinstance(caution, bool):
        raise InvalidDefinition("'require_if_match' is true or false.").within("require_if_match")
    bounds = read_bounds(value)
    unique = _names(value.get("unique", []), "unique")
    indexes = value.get("indexes", [])
    if not isinstance(indexes, list) or len(indexes) > MAX_NAMED:
        raise InvalidDefinition(f"'indexes' is an array of at most {MAX_NAMED} indexes.").within("indexes")
    pinned = tuple(_parse_index(i, index) for i, index in enumerate(indexes))
    _names([index.field for index in pinned], "indexes")
    return Definition(schema, unique, pinned, caution, **bounds)


async def define(
    engine: Engine, table: str, rules: Rules, broken: str, limit_s: float = inf
) -> tuple[TableStats, bool]:
    """Give a table the definition that its rules were made of; return its statistics, and whether it is new.

    Args:
        broken: what is said where records that are there do not satisfy it.
        limit_s: seconds of work after which it is given up.

    Raises:
        DefinitionBroken: with a fault for each of the first records that do not; pointers begin with the record's id.
        Unavailable: the table was made and dropped by others all the time.

    Cost: O(n), in steps, for the records that are there.
    """
    definition = rules.definition
    assert definition is not None, "a definition says something"
    made, work = Defined(table, definition), Work(limit_s)
    for _ in range(MAX_ATTEMPTS):
        try:
            watch = engine.watch(table)
        except UnknownTable:
            if (number := await engine.apply(lambda: None if table in engine.tables else made)) is not None:
                return _latest(engine.tables, TableStats(table, 0, 0, number, definition)), True
            continue
        with watch, suppress(UnknownTable):  # dropped while it is looked at, it is made anew
            check = _Check(made, rules, broken)
            with engine.tables.leaving(check.held):
                await check.read(engine.tables, table, work)
                await catch_up(watch, check.meet, work)
            work.commit()
            if (number := await engine.apply(partial(check.finish, watch, engine.tables))) is not None:
                await work.let_go(*check.held())
                return _latest(engine.tables, replace(check.stats, revision=number, definition=definition)), False
    raise Unavailable("The table is made and dropped by others; its definition is what it was.")


def _latest(tables: Tables, known: TableStats) -> TableStats:
    """Return a table's statistics now, since records of a cache may have given way; `known` if it is another by now."""
    with suppress(UnknownTable):
        stats = tables.table_stats(known.name)
        return stats if stats.definition is known.definition else known
    return known


class _Check:
    """Which records of a table do not satisfy rules, as far as they were looked at; and who has which unique value."""

    stats: TableStats
    """The statistics of the table as it is defined."""

    def __init__(self, made: Defined, rules: Rules, broken: str) -> None:
        self._made = made
        self._schema, self._broken = rules.schema, broken
        self._faults: dict[str, list[Fault]] = {}
        schema = made.definition.schema
        self._unique = [_Holders(declared_field(schema, parse_path(name))) for name in made.definition.unique]

    async def read(self, tables: Tables, table: str, work: Work) -> None:
        """Look at all records, as they are at some moment. Raises DefinitionBroken for what is wrong with them then."""
        async with tables.view([Access(table)], work) as view:
            async for bodies in view.batches(table):
                for body in bodies:
                    self.meet(str(read_id(body)), body)
                    await work.rest()
                if len(self._faults) + sum(len(holders.shared) for holders in self._unique) >= MAX_FAULTS:
                    break
        self._raise_faults()

    def meet(self, key: str, body: bytes | None) -> None:
        """Look at a record, again or for the first time; None: it is gone."""
        self._faults.pop(key, None)
        if body is not None and (faults := self._schema_faults(key, body)):
            self._faults[key] = faults
        for holders in self._unique:
            holders.note(key, body)

    def finish(self, watch: Watch, tables: Tables) -> Defined | None:
        """Look at the records that were written last; return what happens, None if the table is gone.

        Raises DefinitionBroken.
        """
        if watch.is_over:
            return None
        for key, body in watch.take().items():
            self.meet(key, body)
        self._raise_faults()
        self.stats = tables.table_stats(self._made.table)
        return self._made

    def held(self) -> list[dict[Any, Any]]:
        """Return what it has of records."""
        return [each for holders in self._unique for each in holders.held()]

    def _schema_faults(self, key: str, body: bytes) -> list[Fault]:
        if self._schema is None:
            return []
        try:
            self._schema.validate(codec.parse(body))
        except InvalidRecord as error:
            return list(error.within(key).of("records").faults)
        return []

    def _raise_faults(self) -> None:
        found = chain(*self._faults.values(), *(holders.faults() for holders in self._unique))
        if faults := list(islice(found, MAX_FAULTS)):
            raise DefinitionBroken(self._broken, faults=faults)


class _Holders:
    """Which record has which value of one field that is to be unique."""

    def __init__(self, field: Field) -> None:
        self._key_of, self._pointer = join_reader(field), pointer(field.path)
        self._values: dict[str, JoinKey] = {}  # by the record's key
        self._counts: dict[JoinKey, int] = {}
        self.shared: set[JoinKey] = set()
        """The values that several records have."""

    def note(self, key: str, body: bytes | None) -> None:
        """Take note of the value that a record has, in place of the one that it had."""
        before = self._values.pop(key, None)
        if before is not None:
            self._count(before, -1)
        value = None if body is None else self._key_of(body)
        if value is not None:
            self._values[key] = value
            self._count(value, 1)

    def held(self) -> tuple[dict[Any, Any], ...]:
        """Return all that it has."""
        return self._values, self._counts

    def faults(self) -> Iterator[Fault]:
        """Yield a fault for each record whose value another one had before it. Cost: O(records) where there are any."""
        met: dict[JoinKey, str] = {}
        for key, value in self._values.items() if self.shared else ():
            if value in met:
                told = f"The record '{shorten(met[value])}' has this value too, and it is to be unique."
                yield Fault(f"{pointer((key,))}{self._pointer}", told, part="records")
            elif value in self.shared:
                met[value] = key

    def _count(self, value: JoinKey, more: int) -> None:
        count = self._counts.get(value, 0) + more
        if count:
            self._counts[value] = count
        else:
            del self._counts[value]
        if count > 1:
            self.shared.add(value)
        else:
            self.shared.discard(value)


def _names(value: Any, member: str) -> tuple[str, ...]:
    with at(member):
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise InvalidDefinition(f"'{member}' is an array of fields.")
        if len(value) > MAX_NAMED:
            raise InvalidDefinition(f"'{member}' names at most {MAX_NAMED} fields.")
        value = [print_path(parse_path(name)) for name in value]
        if len(set(value)) < len(value):
            raise InvalidDefinition(f"'{member}' names a field twice.")
        return tuple(value)


def _parse_index(place: int, value: Any) -> IndexDefinition:
    with at("indexes", place):
        told = 'An index is {"field": "age", "kind": "hash"} or {"field": "age", "kind": "sorted"}.'
        if not isinstance(value, dict):
            raise InvalidDefinition(told)
        for name in value:
            if name not in ("field", "kind"):
                raise InvalidDefinition(told, hint=did_you_mean(name, ("field", "kind"))).within(name)
        field, kind = value.get("field"), value.get("kind", "hash")
        if kind not in INDEX_KINDS:
            hint = did_you_mean(kind, INDEX_KINDS) if isinstance(kind, str) else ""
            raise InvalidDefinition(_KINDS_TOLD, hint=hint).within("kind")
        if not field or not isinstance(field, str):
            raise InvalidDefinition(told).within("field")
        return IndexDefinition(print_path(parse_path(field)), kind)
