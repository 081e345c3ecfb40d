"""Steps as a cluster keeps them: fields of hashes, each with what it is expected to hold and what it holds then.

A record is a cell, with its due time in front if it has one (`with_due`), and so is each value that it claims for
itself: nodes compare and store cells, and know no more.
A step that is small is one call. A large one is sent in *chunks* beforehand, which nobody sees, and one small call
commits them. Knows no connections; see ``replicated.py`` for who sends, ``cluster/library.lua`` for what nodes do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from ramekin.changes import Change, Defined, Dropped, Dues, Loaded, Reason, Step, Written, changes_by_table
from ramekin.cluster.claims import claims_of
from ramekin.durability.format import print_definition, split_due, with_due
from ramekin.engine.chronicle import EVICTED, Chronicle
from ramekin.storage.table import unique_fields
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.cluster.key_names import KeyNames
    from ramekin.cluster.node_connection import Word
    from ramekin.schema.fields import Field
    from ramekin.storage.catalog import Catalog

SHORT = 300
"""Bytes up to which an expected value is sent as it is; of a longer one its hash."""

CHUNK_CELLS, CHUNK_BYTES = 500, 1 << 18
"""Cells, and bytes, after which a chunk is full: a node stores one in a few ms, 17 on a machine with three times the
work that it can do (100,000 records with a unique field, November 2026); 2,000 cells took 42."""

LETTERS: Mapping[Reason, str] = {"write": "w", "expire": "e", "evict": "v"}
"""What a small step is called on nodes, by why its records change."""

REASONS: Mapping[bytes, Reason] = {letter.encode(): reason for reason, letter in LETTERS.items()}

Cells = Iterator[tuple[str, bytes | str]]
"""Fields of one hash, each with its value; an empty one deletes it."""


def call_for(step: Written, catalog: Catalog, chronicle: Chronicle, keys: KeyNames) -> tuple[list[str], list[Word]]:
    """Return the keys and words of the call that lets a small step happen. Cost: O(changes)."""
    tables = {name: place for place, name in enumerate(dict.fromkeys(change.table for change in step.changes), 1)}
    hashes = [keys.records(name) for name in tables]
    words: list[Word] = [LETTERS[step.reason], len(tables)]
    for name in tables:
        words += (name, chronicle.definer_of(name))
    for change in step.changes:
        before = change.before and with_due(change.before, _due_of(catalog, change))
        words += (tables[change.table], change.key, _expected(before), _cell_of(change))
    for name in tables:
        table = catalog.find(name)
        if table is not None and table.unique_fields:
            hashes.append(keys.claims(name))
            claims = _moved(table.unique_fields, (change for change in step.changes if change.table == name))
            for claim, (owner, heir) in claims.items():
                if owner != heir:
                    words += (len(hashes), claim, _expected(owner.encode() or None), heir)
    if step.reason == "evict":
        [name] = tables
        hashes.append(keys.of("head"))
        count = chronicle.evicted.get(name, 0)
        words += (len(hashes), EVICTED + name, _expected(b"%d" % count if count else None), count + len(step.changes))
    return hashes, words


def _expected(value: bytes | None) -> bytes:
    if value is None:
        return b""
    return b"=" + value if len(value) <= SHORT else b"#" + sha1(value, usedforsecurity=False).hexdigest().encode()


def _due_of(catalog: Catalog, change: Change) -> int | None:
    """Return when a record is due that a change was computed from."""
    table = catalog.find(change.table)
    return None if table is None else table.records.dues.get(change.key)


def _cell_of(change: Change) -> bytes:
    """Return what a record is kept as behind a change; nothing where it is gone."""
    return b"" if change.after is None else with_due(change.after, change.due)


def _moved(fields: Sequence[Field], changes: Iterable[Change]) -> dict[str, tuple[str, str]]:
    """Return the claims of changed records, each with the record that has it and the one that will; empty: none."""
    moved: dict[str, tuple[str, str]] = {}
    taken = list[tuple[str, str]]()
    for change in changes:
        for claim in claims_of(fields, change.before):
            moved[claim] = (change.key, "")
        taken += ((claim, change.key) for claim in claims_of(fields, change.after))
    for claim, heir in taken:
        moved[claim] = (moved.get(claim, ("", ""))[0], heir)
    return moved


# Steps that stand alone


@dataclass(slots=True)
class Alone:
    """What a step comes to that concerns whole tables, or very many records."""

    letter: str
    header: dict[str, Any]
    """What others need to know of it, besides the chunks."""
    frees: bool = False
    """Whether it takes away, and adds nothing."""
    definition: bytes = b""
    written: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    """Hashes that are empty before chunks are brought into them."""
    cells: list[tuple[str, str, Cells]] = field(default_factory=list)
    """Hashes with what they get, each with the name of its table where that is records, else nothing."""

    def words(self, chunks: Sequence[tuple[str, str]]) -> list[Word]:
        """Return the words of the call that commits it, with its chunks: key, and table if it has records."""
        told = [[key, table] for key, table in chunks if table]
        header = codec.dump({**self.header, "chunks": told})
        parts: list[Word] = [
            len(self.written),
            *self.written,
            len(self.dropped),
            *self.dropped,
            len(chunks),
        ]
        return [self.letter, header, self.definition, *parts]


def alone_for(step: Step, catalog: Catalog, keys: KeyNames) -> Alone:
    """Return what a step comes to that fits and was checked. Cost: O(tables); its cells cost O(records)."""
    match step:
        case Defined(name, definition):
            text = print_definition(definition)
            alone = Alone("d", {"table": name, "definition": text.decode()}, definition=text, written=[name])
            table, fields = catalog.find(name), unique_fields(definition)
            if table is not None and table.unique_fields != fields:
                alone.emptied.append(keys.claims(name))
                alone.cells.append((keys.claims(name), "", _claims(fields, table.records.bodies)))
        case Dropped(name):
            hashes = [keys.records(name), keys.claims(name)]
            alone = Alone("x", {"table": name}, frees=True, dropped=[name], emptied=hashes)
        case Loaded():
            alone = _for_load(step, catalog, keys)
        case Written(changes):
            by_table = changes_by_table(changes)
            frees = all(change.after is None for change in changes)
            alone = Alone("m", {}, frees=frees, written=list(by_table))
            for name, some in by_table.items():
                alone.cells.append((keys.records(name), name, ((each.key, _cell_of(each)) for each in some)))
                table = catalog.find(name)
                if table is not None and table.unique_fields:
                    moved = _moved(table.unique_fields, some).items()
                    alone.cells.append((keys.claims(name), "", ((claim, heir) for claim, (_, heir) in moved)))
    return alone


def _for_load(step: Loaded, catalog: Catalog, keys: KeyNames) -> Alone:
    """Return what a load comes to: the tables it names, empty ones too, and what becomes of all others."""
    emptied, dropped = list(step.emptied), list(step.dropped)
    header = {"tables": list(step.tables), "replaces": step.replaces, "emptied": emptied, "dropped": dropped}
    frees = step.replaces and not any(step.tables.values())
    alone = Alone("l", header, frees=frees, written=[*step.tables, *emptied], dropped=dropped)
    for name in (*(step.tables if step.replaces else ()), *emptied, *dropped):
        alone.emptied += (keys.records(name), keys.claims(name))
    for name, bodies in step.tables.items():
        alone.cells.append((keys.records(name), name, _records(bodies, step.dues_of(name))))
        table = catalog.find(name)
        fields = [] if table is None else table.unique_fields
        if fields and table is not None and not step.replaces:
            standing = table.records.bodies
            freed = {key: standing[key] for key in bodies if key in standing}
            alone.cells.append((keys.claims(name), "", ((claim, "") for claim, _ in _claims(fields, freed))))
        if fields:
            alone.cells.append((keys.claims(name), "", _claims(fields, bodies)))
    return alone


def _records(bodies: Mapping[str, bytes], dues: Dues) -> Cells:
    """Yield the cells of records."""
    for key, body in bodies.items():
        yield key, with_due(body, dues.get(key))


def _claims(fields: Sequence[Field], bodies: Mapping[str, bytes]) -> Cells:
    """Yield the claims of records, each with the record's key."""
    for key, body in bodies.items() if fields else ():
        for claim in claims_of(fields, body):
            yield claim, key


def in_chunks(cells: Cells) -> Iterator[list[bytes | str]]:
    """Yield the words of chunks, a field and its value after another; None of them is empty."""
    chunk: list[bytes | str] = []
    size_bytes = 0
    for name, value in cells:
        chunk += (name, value)
        size_bytes += len(name) + len(value)
        if len(chunk) >= 2 * CHUNK_CELLS or size_bytes >= CHUNK_BYTES:
            yield chunk
            chunk, size_bytes = [], 0
    if chunk:
        yield chunk


def told_changes(words: Sequence[bytes], catalog: Catalog, reason: Reason) -> Written:
    """Return the changes that the feed tells in words; those that change nothing here are left out."""
    changes, name = [], ""
    for key, cell in zip(words[::2], words[1::2], strict=True):
        if not key:
            name = cell.decode()
        elif (change := told_change(name, key.decode(), cell, catalog)) is not None:
            changes.append(change)
    return Written(changes, reason)


def told_change(table: str, key: str, cell: bytes, catalog: Catalog) -> Change | None:
    """Return what a cell makes of a record; None: nothing, since it is gone already."""
    found = catalog.find(table)
    before = None if found is None else found.get(key)
    if not cell:
        return None if before is None else Change(table, key, before, None)
    return Change(table, key, before, *split_due(cell))
