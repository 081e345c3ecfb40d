"""Which fields a table has: declared by its schema, or present in a record.

A field of a table without a schema is looked for in the records; a record that has it is remembered, and so is that
none has, for as long as the table stands still. Knows no HTTP; see ``finding.py`` and ``joining.py`` for who asks.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.engine.base import Access
from ramekin.errors import UnknownField, did_you_mean, shorten
from ramekin.fields import NO_SCHEMA
from ramekin.paths import print_path, reader
from ramekin.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ramekin.engine.base import Engine
    from ramekin.fields import Fields
    from ramekin.paths import FieldPath
    from ramekin.schema import RecordSchema

SAMPLE_ROWS = 500
"""Records in which a table without a schema is searched for names to suggest."""

NAME_DEPTH = 3
MAX_REMEMBERED = 10_000

ID: FieldPath = ("id",)

_read_id = reader(ID)


class Presence:
    """What is known of the fields of some tables."""

    def __init__(self, engine: Engine, schemas: Mapping[str, RecordSchema]) -> None:
        self._engine, self._schemas = engine, schemas
        self._witnesses: dict[tuple[str, FieldPath], str] = {}
        self._absent: dict[tuple[str, FieldPath], int] = {}

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields."""
        return self._schemas.get(table) or NO_SCHEMA

    async def has(self, table: str, path: FieldPath) -> bool:
        """Say whether a field is declared or present in a record.

        Raises:
            UnknownTable: there is no such table.

        Cost: O(1) where it is known; else O(n) once, in steps.
        """
        declared = self.fields(table).type_of(path)
        if path == ID or declared is None or declared.kinds:
            return declared is not None
        if (witness := self._witnesses.get((table, path))) is not None:
            body = await self._engine.get(table, witness)
            if body is not None and reader(path)(body) is not MISSING:
                return True
        return await self._look_for(table, path)

    async def names(self, table: str) -> list[str]:
        """Return the names of a table's fields, as far as its schema or its first records tell: dotted, outer first."""
        if (schema := self._schemas.get(table)) is not None:
            return list(schema.field_names())
        async with self._engine.snapshot([Access(table)]) as view:
            async for bodies in view.batches(table):
                found = (path for body in islice(bodies, SAMPLE_ROWS) for path in _paths(codec.parse(body)))
                unique = sorted(dict.fromkeys(found), key=len)
                return [print_path(path) for path in unique]
        return []

    async def missing(
        self, table: str, paths: Iterable[FieldPath], *, is_strict: bool, words: Sequence[str] = ()
    ) -> list[str]:
        """Return a warning for each path that no record has; none for an empty table.

        Args:
            is_strict: raise instead of warning.
            words: other names that may have been meant.

        Raises:
            UnknownField: with `is_strict`, for the first of them.
        """
        warnings = []
        for path in paths:
            if await self.has(table, path) or not (await self._engine.table_stats(table)).records:
                continue
            name = print_path(path)
            hint = did_you_mean(name, [*await self.names(table), *words]).strip()
            if is_strict:
                raise UnknownField(f"No record in '{shorten(table)}' has the field '{shorten(name)}'. {hint}".strip())
            told = f"no record in {table} has the field '{shorten(name)}'"
            warnings.append(f"{told}; {hint[0].lower()}{hint[1:]}" if hint else told)
        return warnings

    async def _look_for(self, table: str, path: FieldPath) -> bool:
        revision = (await self._engine.table_stats(table)).revision
        if self._absent.get((table, path)) == revision:
            return False
        read = reader(path)
        async with self._engine.snapshot([Access(table)]) as view:
            async for bodies in view.batches(table):
                found = next((body for body in bodies if read(body) is not MISSING), None)
                if found is not None:
                    _remember(self._witnesses, (table, path), str(_read_id(found)))
                    return True
        _remember(self._absent, (table, path), revision)
        return False


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[key] = value


def _paths(record: dict[str, Any], prefix: FieldPath = ()) -> Iterator[FieldPath]:
    for name, value in record.items():
        yield (*prefix, name)
        if isinstance(value, dict) and len(prefix) + 1 < NAME_DEPTH:
            yield from _paths(value, (*prefix, name))
