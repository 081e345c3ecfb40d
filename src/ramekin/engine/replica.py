"""The tables of this process as a copy of what a cluster keeps: each entry of the feed is let happen to them, in order.

    a step of this process    as it was made: its bodies and definitions are the very objects
    a step of another one     as the feed tells it; where that is much, in turns, from chunks that the node still has
    a beginning, or a gap     everything is read anew beside the tables, and takes their place in one turn

Knows no calls; see ``replicated.py`` for who asks for steps, ``cluster/feed.py`` for who gives entries.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ramekin.changes import Change, Defined, Dropped, Loaded, Step, Written
from ramekin.cluster.admission import Unfit
from ramekin.cluster.feed import FeedEntry, Gap, read_entries
from ramekin.cluster.key_names import KeyNames, function
from ramekin.cluster.line import UNKNOWN
from ramekin.cluster.replicas import read_step
from ramekin.durability.contents import TableContents
from ramekin.durability.format import read_definition, split_due
from ramekin.engine.builds import retrieve
from ramekin.engine.cells import REASONS, told_change, told_changes
from ramekin.engine.chronicle import Chronicle
from ramekin.engine.evictions import names_of
from ramekin.engine.work import Work
from ramekin.errors import RamekinError, shorten
from ramekin.schema.definition import NOTHING_CHECKED, NOTHING_DEFINED
from ramekin.storage.collector import overlook
from ramekin.storage.staging import Staging, is_large
from ramekin.values import codec
from ramekin.values.paths import is_record_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from ramekin.cluster.node_connection import NodeConnection
    from ramekin.engine.foreign import Foreign
    from ramekin.engine.tables import Tables
    from ramekin.storage.catalog import Catalog

SCAN_RECORDS, SCAN_BYTES = 2000, 1 << 20
"""Records, and about how many bytes, that are read at once."""


class Replica:
    """The copy, and what this process has asked for and not seen yet."""

    def __init__(self, tables: Tables, keys: KeyNames, foreign: Foreign) -> None:
        self.chronicle = Chronicle({}, {}, {})
        """Which steps made, defined and changed each table."""
        self.mine: dict[str, Step | Staging] = {}
        """Steps of this process that are on their way, by nonce."""
        self.numbers: dict[str, int] = {}
        """Of these the ones that have happened; UNKNOWN where that cannot be told."""
        self._tables, self._keys, self._foreign = tables, keys, foreign
        self._building = set[asyncio.Task[None]]()

    def name_of(self, table: str) -> str:
        """Return what names the last step of a table beside its number. Cost: O(1)."""
        return self.chronicle.names.get(table, "")

    async def apply(self, entry: FeedEntry, connection: NodeConnection) -> None:
        """Let a step happen here. Raises Gap, Lost."""
        mine = self.mine.pop(entry.nonce, None)
        if mine is not None:
            self.numbers[entry.nonce] = entry.number
        catalog = self._tables.catalog
        if isinstance(mine, Staging):
            self._note(mine.step, entry)
            catalog.revision = entry.number - 1
            mine.store()
            self._look_at(mine.step)
            return
        step = mine if mine is not None else await self._told(entry, connection, catalog)
        staging = await self._staged(step) if mine is None and is_large(step) else None
        self._note(step, entry)
        catalog.revision = entry.number - 1
        if staging is None:
            catalog.store(step)
        else:
            staging.store()
        catalog.revision = entry.number  # also where nothing has changed
        self._look_at(step)
        if mine is None and not isinstance(step, Written):
            self._build_after(step)
        if staging is not None:
            staging.let_go()

    def _note(self, step: Step, entry: FeedEntry) -> None:
        self.chronicle.note(step, entry.number, entry.nonce)
        _note_evicted(entry, self.chronicle)
        self._tables.history.mark(entry.number, self.chronicle.name, entry.at_ms)

    def _look_at(self, step: Step) -> None:
        """Tell whoever looks after tables of a step that has happened here: records may have to give way to it."""
        catalog = self._tables.catalog
        if not isinstance(step, Written):
            self._tell_defined()
        if catalog.has_caches:
            self._count_evicted(catalog, names_of(step))
            self._tables.evictions.after(step)

    def _tell_defined(self) -> None:
        for tell in self._tables.when_defined:
            tell()

    def _count_evicted(self, catalog: Catalog, names: Iterable[str]) -> None:
        for name in names:
            if (table := catalog.find(name)) is not None and table.sieve is not None:
                table.sieve.evicted = self.chronicle.evicted.get(name, 0)

    async def _told(self, entry: FeedEntry, connection: NodeConnection, catalog: Catalog) -> Step:
        """Return the step that an entry tells. Raises Gap, Lost."""
        if entry.letter in REASONS:
            return told_changes(entry.words, catalog, REASONS[entry.letter])
        header: dict[str, Any] = codec.parse(entry.words[1], extra_depth=1)
        if entry.letter == b"d":
            return Defined(header["table"], read_definition(header["definition"].encode()))
        if entry.letter == b"x":
            return Dropped(header["table"])
        chunks = self._fetch(header["chunks"], connection)
        if entry.letter == b"l":
            there = {name: TableContents(NOTHING_DEFINED, {}) for name in header["tables"]}
            async for name, cells in chunks:
                _keep(there[name], cells, {})
            dropped = [name for name in header["dropped"] if catalog.find(name) is not None]
            dues = {name: whole.dues for name, whole in there.items()}
            bodies = {name: whole.bodies for name, whole in there.items()}
            return Loaded(bodies, header["replaces"], header["emptied"], dropped, dues)
        changes: list[Change] = overlook([])
        async for name, cells in chunks:
            told = (told_change(name, key, cell, catalog) for key, cell in cells.items())
            changes += (change for change in told if change is not None)
        return Written(changes)

    async def _fetch(
        self, chunks: list[list[str]], connection: NodeConnection
    ) -> AsyncIterator[tuple[str, dict[str, bytes]]]:
        """Yield the table and the cells of each of some chunks. Raises Gap: the node has forgotten one."""
        for key, table in chunks:
            words: list[bytes] = await connection.call("LRANGE", key, 0, -1)
            if not words:
                raise Gap
            yield table, _pairs(words)

    async def _staged(self, step: Step) -> Staging | None:
        """Return a large step, prepared in turns; None where that cannot be, and it is done in one."""
        try:
            return await self._tables.stage(step, NOTHING_CHECKED)
        except RamekinError:  # what the cluster keeps is shown, also where it takes more than the limit
            return None

    def _build_after(self, step: Step) -> None:
        """Have the indexes built that a definition names, beside what follows."""
        task = asyncio.create_task(self._tables.build_after(step))
        self._building.add(task)
        task.add_done_callback(self._building.discard)
        task.add_done_callback(retrieve)

    # Everything anew

    async def read_anew(self, connection: NodeConnection) -> tuple[int, str]:
        """Read everything, and return the number and the nonce of the step from which on to follow.

        What is read record by record is of no one moment, so what has happened meanwhile is let happen over it before
        anybody sees it: bodies are whole. Bodies that are here already are not kept twice.

        Raises:
            Lost. Gap: the node has forgotten what has happened meanwhile. Unfit: there is what is not ours.
        """
        await self._bring_all(connection)
        head, definitions = await self._hash(connection, "head"), await self._hash(connection, "definitions")
        births, revisions = await self._hash(connection, "births"), await self._hash(connection, "revisions")
        with self._as_written("head", "births", "revisions"):
            step = read_step([head.get("rev"), head.get("nonce")], self._keys.of("head"))
            chronicle = Chronicle(births, revisions, head)
            names = chronicle.in_order()
        with self._as_written("definitions"):
            defined = {name: read_definition(text) for name, text in definitions.items() if text}
        catalog = self._tables.catalog.anew()
        try:
            for name in names:
                await self._read_table(name, connection, catalog)
                if name in defined:
                    catalog.store(Defined(name, defined[name]))
                catalog.made(name).revision = chronicle.revisions.get(name, 0)
            step = await self._repeat_all(step, connection, catalog, chronicle)
            for table in catalog:
                await self._tables.builds.pinned(table)
        except BaseException:
            catalog.leave()
            raise
        self.chronicle = chronicle
        self._adopt(catalog, chronicle.name)
        return step

    async def _repeat_all(
        self, step: tuple[int, str], connection: NodeConnection, catalog: Catalog, chronicle: Chronicle
    ) -> tuple[int, str]:
        """Let what has happened after a step happen over tables that are read anew, and return the last one."""
        head = self._keys.of("head")
        last, _ = read_step(await connection.call("HMGET", head, "rev", "nonce"), head)
        while step[0] < last:
            for entry in await read_entries(connection, self._keys, step[0], last):
                if (entry.number, entry.before) != (step[0] + 1, step[1]):
                    raise Gap
                await self._repeat(entry, connection, catalog, chronicle)
                step = entry.number, entry.nonce
        catalog.revision = step[0]
        return step

    async def _repeat(
        self, entry: FeedEntry, connection: NodeConnection, catalog: Catalog, chronicle: Chronicle
    ) -> None:
        """Let a step happen over tables that are read anew, and may be ahead of it: done already. Raises Gap, Lost."""
        if entry.nonce in self.mine:
            del self.mine[entry.nonce]
            self.numbers[entry.nonce] = entry.number
        step = await self._told(entry, connection, catalog)
        written = _tables_written(entry)
        chronicle.note(step, entry.number, entry.nonce, written)
        _note_evicted(entry, chronicle)
        catalog.revision = entry.number - 1
        if is_large(step):
            staging = Staging(catalog, step)
            await Work().through(staging.prepare())
            staging.store()
            staging.let_go()
        elif not isinstance(step, Dropped) or catalog.find(step.table) is not None:
            catalog.store(step)
        for name in written:
            catalog.made(name).revision = entry.number  # also where nothing has changed

    def _adopt(self, catalog: Catalog, mark: str) -> None:
        before = self._tables.catalog
        self._tables.history.restart(catalog.revision, mark)  # what came before cannot be told step by step
        catalog.memory.reserved_bytes = before.memory.reserved_bytes
        self._count_evicted(catalog, catalog.definitions)
        self._tables.adopt(catalog)
        self._tell_defined()
        self._tables.evictions.begin()
        before.leave()
        self._foreign.clear()
        self.numbers.update(dict.fromkeys(self.mine, UNKNOWN))
        self.mine.clear()

    async def _bring_all(self, connection: NodeConnection) -> None:
        """Bring what is committed into its hashes, so that hashes hold all up to the last step."""
        keys = self._keys.of_every_call
        while chunk := await connection.call("LRANGE", self._keys.of("applying"), 0, 1):
            await connection.call("FCALL", function("bring"), len(keys) + 2, *keys, *chunk)

    async def _hash(self, connection: NodeConnection, name: str) -> Mapping[str, bytes]:
        words = await connection.call("HGETALL", self._keys.of(name))
        with self._as_written(name):
            return _pairs(words)

    @contextmanager
    def _as_written(self, *names: str) -> Iterator[None]:
        """Read what some keys hold. Raises Unfit where that cannot be read."""
        try:
            yield
        except (ValueError, KeyError, TypeError, RamekinError):
            said = " or ".join(map(self._keys.of, names))
            raise Unfit(f"the key {said} holds something that Ramekin has not written") from None

    async def _read_table(self, name: str, connection: NodeConnection, catalog: Catalog) -> None:
        whole = TableContents(NOTHING_DEFINED, {})
        standing = self._tables.catalog.find(name)
        cursor, count, work = b"0", 100, Work()
        while True:
            cursor, words = await connection.call("HSCAN", self._keys.records(name), cursor, "COUNT", count)
            try:
                _keep(whole, _pairs(words), {} if standing is None else standing.records.bodies, are_sure=False)
            except ValueError:
                said = f"under '{_first_that_is_none(words)}' what is no record: HDEL it there"
                raise Unfit(f"the key {self._keys.records(name)} holds {said}") from None
            count = min(SCAN_RECORDS, 2 * count) if sum(map(len, words)) < SCAN_BYTES else max(1, count // 2)
            await work.rest()
            if cursor == b"0":
                break
        staging = Staging(catalog, Loaded({name: whole.bodies}, dues={name: whole.dues}))
        await work.through(staging.prepare())
        staging.store()
        staging.let_go()


def _tables_written(entry: FeedEntry) -> list[str]:
    """Return the tables whose records an entry changes, one by one; none where it is of whole tables."""
    if entry.letter in REASONS:
        return [cell.decode() for key, cell in zip(entry.words[::2], entry.words[1::2], strict=True) if not key]
    if entry.letter == b"m":
        header: dict[str, Any] = codec.parse(entry.words[1], extra_depth=1)
        return list(dict.fromkeys(table for _, table in header["chunks"]))
    return []


def _note_evicted(entry: FeedEntry, chronicle: Chronicle) -> None:
    """Take note of the records that gave way: all that the entry names, some of which may be gone here already."""
    if REASONS.get(entry.letter) == "evict":
        chronicle.note_evicted(entry.words[1].decode(), len(entry.words) // 2 - 1)


def _pairs(words: list[bytes]) -> dict[str, bytes]:
    return {key.decode(): value for key, value in zip(words[::2], words[1::2], strict=True)}


def _keep(
    whole: TableContents, cells: Mapping[str, bytes], standing: Mapping[str, bytes], *, are_sure: bool = True
) -> None:
    """Keep the records of some cells, those that are empty apart; a body that stands already is the same object.

    Raises ValueError if they are not sure to be records, and one is none.
    """
    for key, cell in cells.items():
        if cell:
            body, due = split_due(cell)
            here = standing.get(key)
            if here is not None and here == body:
                body = here
            elif not (are_sure or is_record_of(body, key)):
                raise ValueError
            whole.put(key, body, due)


def _first_that_is_none(words: list[bytes]) -> str:
    """Return the key of the first of some cells that is no record, as a message may repeat it."""
    for key, cell in zip(words[::2], words[1::2], strict=True):
        try:
            _keep(TableContents(NOTHING_DEFINED, {}), _pairs([key, cell]), {}, are_sure=False)
        except ValueError:
            return shorten(key.decode(errors="replace"))
    return ""
