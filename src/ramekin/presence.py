"""Which fields a table has: declared by its schema, or present in a record.

A field of a table without a schema is looked for in the records, all that a query names in one pass. A record that has
it is remembered here; that none has is known to the engine, whatever is written. Knows no HTTP; see ``finding.py`` and
``joining.py`` for who asks.
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

MAX_NAMES = 1000
"""Names that are looked at for a suggestion."""

MAX_HINTS = 5
"""Unknown fields of one query for which a name is suggested."""

MAX_REMEMBERED = 10_000

ID: FieldPath = ("id",)


class Presence:
    """What is known of the fields of some tables."""

    def __init__(self, engine: Engine, schemas: Mapping[str, RecordSchema]) -> None:
        self._engine, self._schemas = engine, schemas
        self._witnesses: dict[tuple[str, FieldPath], str] = {}
        self._absent: dict[tuple[str, FieldPath], int] = {}  # as of a table's revision

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields."""
        return self._schemas.get(table) or NO_SCHEMA

    async def has(self, table: str, path: FieldPath) -> bool:
        """Say whether a field is declared or present in a record. Raises, and costs, as `absent`."""
        return not await self.absent(table, [path])

    async def absent(self, table: str, paths: Iterable[FieldPath]) -> list[FieldPath]:
        """Return those of some fields that are neither declared nor present in a record.

        Raises:
            UnknownTable: there is no such table.

        Cost: O(1) for what is known; else O(n) once for all of them, in steps.
        """
        fields, paths = self.fields(table), list(dict.fromkeys(paths))
        absent: set[FieldPath] = set()
        unknown: list[FieldPath] = []
        for path in paths:
            declared = fields.type_of(path)
            if declared is None:
                absent.add(path)
            elif path != ID and not declared.kinds and not await self._is_seen(table, path):
                unknown.append(path)
        if unknown:
            absent |= await self._look_for(table, unknown)
        return [path for path in paths if path in absent]

    async def _look_for(self, table: str, paths: Sequence[FieldPath]) -> set[FieldPath]:
        """Return those of some fields that no record has. The engine keeps a few of them in step with every write."""
        revision = (await self._engine.table_stats(table)).revision
        absent = {path for path in paths if self._absent.get((table, path)) == revision}
        unknown = [path for path in paths if path not in absent]
        if unknown:
            for path, key in zip(unknown, await self._engine.holders(table, unknown), strict=True):
                if key is None:
                    absent.add(path)
                    _remember(self._absent, (table, path), revision)
                else:
                    _remember(self._witnesses, (table, path), key)
        return absent

    async def _is_seen(self, table: str, path: FieldPath) -> bool:
        """Say whether the record that had a field has it still."""
        witness = self._witnesses.get((table, path))
        body = None if witness is None else await self._engine.get(table, witness)
        return body is not None and reader(path)(body) is not MISSING

    async def names(self, table: str) -> list[str]:
        """Return the names of a table's fields, as far as its schema or its first records tell: dotted, outer first."""
        if (schema := self._schemas.get(table)) is not None:
            return list(schema.field_names())
        async with self._engine.snapshot([Access(table)]) as view:
            async for bodies in view.batches(table):
                found = (path for body in islice(bodies, SAMPLE_ROWS) for path in _paths(codec.parse(body)))
                unique = sorted(islice(_unique(found), MAX_NAMES), key=len)
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
        absent = await self.absent(table, paths)
        if not absent or not (await self._engine.table_stats(table)).records:
            return []
        known, warnings = [*await self.names(table), *words], list[str]()
        for place, path in enumerate(absent):
            name = print_path(path)
            hint = did_you_mean(name, known).strip() if place < MAX_HINTS else ""
            if is_strict:
                raise UnknownField(f"No record in '{shorten(table)}' has the field '{shorten(name)}'. {hint}".strip())
            told = f"no record in {table} has the field '{shorten(name)}'"
            warnings.append(f"{told}; {hint[0].lower()}{hint[1:]}" if hint else told)
        return warnings


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
