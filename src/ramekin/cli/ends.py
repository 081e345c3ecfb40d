"""The ends of a copy: where whole tables are read from, and written to.

    users.json, db.json, backup.db    a file
    tables/                           a data directory that no server uses
    http://127.0.0.1:8000             a running server, which goes on serving
    valkey://127.0.0.1:6379/main      a database that nodes keep, with servers on it or without

Knows nothing of comparing; see ``copy.py``.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from ramekin.changes import Defined, Loaded
from ramekin.cli.configuration import Refused, refusing
from ramekin.cli.files import FileRecords, naming_faults, open_file
from ramekin.cli.outputs import writing
from ramekin.clock import SYSTEM
from ramekin.database.database import Database
from ramekin.durability import snapshot
from ramekin.durability.contents import Contents, TableContents
from ramekin.durability.failures import DiskFault
from ramekin.durability.format import print_definition
from ramekin.durability.store import Store, make_directory, write_backup
from ramekin.engine.tables import Tables, drop_of
from ramekin.errors import RamekinError
from ramekin.formats.record_text import CsvForm
from ramekin.limits import MIB
from ramekin.schema.definition import NOTHING_DEFINED, SEVERAL, Definition
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from ramekin.client import Batch, Client
    from ramekin.engine.replicated import Replicated
    from ramekin.settings import Settings

    Told = Callable[[int], None]

T = TypeVar("T")

CHUNK_RECORDS, CHUNK_BYTES = 5000, 4 * MIB
"""Records, and bytes of them, that are written to a server or to nodes at once."""

BACKUP = ".db"
"""How the name of a backup ends, as a file of a copy."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a target lacks: tables to drop first, tables to define, and records to store."""

    dropped: list[str]
    defined: Contents
    stored: Contents

    @property
    def is_any(self) -> bool:
        """Whether it lacks anything."""
        return bool(self.dropped or self.defined or self.stored)


class End(Protocol):
    """One end of a copy. What cannot be done raises Refused or Unusable, and says which end."""

    keeps_definitions: bool
    """Whether it keeps what is said of tables."""

    @property
    def due_within_s(self) -> int | None:
        """Seconds to within which it keeps when records are due; None: it cannot be told."""

    def is_there(self) -> bool:
        """Whether there is something to read; what is asked for over a network tells when it is read."""

    def read(self) -> Contents:
        """Return whole tables as they are at one moment; none where it holds nothing, or is not there."""

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:
        """Make it hold what is wanted, by what it lacks or anew; `told` hears of the bytes of records."""


def end_of(text: str, settings: Settings, key: str | None) -> End:
    """Return the end that an argument names. Raises Refused."""
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme in ("http", "https"):
        return ServerEnd(text, key)
    if scheme:
        return NodesEnd(text, settings)
    path = Path(text)
    if path.is_dir() or not path.suffix:
        return DirectoryEnd(path)
    return BackupEnd(path) if path.suffix == BACKUP else FileEnd(path)


class _PathEnd:
    """What is on this machine's disk."""

    keeps_definitions = True
    due_within_s: int | None = 0

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_there(self) -> bool:
        return self._path.exists()

    def _write_whole(self, write: Callable[[Path, Contents], None], wanted: Contents, told: Told) -> None:
        with refusing(str(self._path), DiskFault):
            write(self._path, wanted)
        told(sum(_size(whole.bodies) for whole in wanted.values()))


class FileEnd(_PathEnd):
    """A file of records. It holds no definitions."""

    keeps_definitions = False
    due_within_s = None

    def read(self) -> Contents:
        return asyncio.run(self._read()) if self.is_there() else {}

    async def _read(self) -> Contents:
        files = FileRecords([open_file(self._path, CsvForm(",", "auto"))], 1024 * MIB)
        with naming_faults(files):
            async with Database() as database:
                await database.load(files, is_parsed=True)
                engine = database.engine
                return engine.tables.contents()

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:  # noqa: ARG002  # it is written anew
        if self._path.suffix != ".json":
            raise Refused(f"{self._path}: a copy is written to a .json file, a backup (.db) or a directory")
        with writing(self._path) as target:
            before = b"{"
            for name, whole in wanted.items():
                target.write(before + codec.dump(name) + b":[")
                for number, body in enumerate(whole.bodies.values()):
                    target.write(b",\n" + body if number else body)
                told(_size(whole.bodies))
                before = b"],\n"
            target.write(b"]}\n" if wanted else b"{}\n")


class BackupEnd(_PathEnd):
    """A backup, as `ramekin backup` writes it."""

    def read(self) -> Contents:
        return snapshot.read(self._path)[1] if self.is_there() else {}

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:  # noqa: ARG002  # it is written anew
        if self._path.exists():
            raise Refused(f"{self._path}: is there already")
        self._write_whole(write_backup, wanted, told)


class DirectoryEnd(_PathEnd):
    """A data directory. It is written whole, or not at all."""

    def is_there(self) -> bool:
        return self._path.is_dir()

    def read(self) -> Contents:
        if not self._path.is_dir() or (self._path / "directory.unfinished").exists() or not any(self._path.iterdir()):
            return {}
        store = Store(self._path, "always")
        store.lock()
        try:
            file, contents = store.read()
            file.close()
            return contents
        finally:
            store.release()

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:  # noqa: ARG002  # it is written anew
        self._write_whole(make_directory, wanted, told)


class ServerEnd:
    """A running server."""

    keeps_definitions = True
    due_within_s = 2  # it is told how long records live, and counts from when it hears that

    def __init__(self, url: str, key: str | None) -> None:
        self._url, self._key = url, key

    def is_there(self) -> bool:
        return True

    def read(self) -> Contents:
        with self._client() as client, tempfile.TemporaryDirectory(prefix="ramekin-copy-") as folder:
            file = Path(folder) / "backup.db"
            client.backup(file)
            return snapshot.read(file)[1]

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:  # noqa: ARG002  # by what it lacks
        with self._client() as client:
            for name in lacking.dropped:
                client.table(name).drop()
            for name, whole in lacking.defined.items():
                definition = codec.parse(print_definition(whole.definition), extra_depth=1)
                del definition["model"]  # which servers with the model find out for themselves
                client.table(name).define(definition)
            for name, some in _chunks(lacking.stored):
                if some.dues or some.definition.expire_after_s is not None:
                    client.batch(_with_lifetimes(name, some))
                else:
                    client.load({name: [codec.parse(body) for body in some.bodies.values()]})
                told(_size(some.bodies))

    @contextmanager
    def _client(self) -> Iterator[Client]:
        from ramekin.client import Client

        try:
            with Client(self._url, key=self._key, timeout_s=600) as client:
                yield client
        except RamekinError as error:
            raise Refused(f"{self._url}: {error.message}") from None


def _with_lifetimes(name: str, some: TableContents) -> Batch:
    """Return operations that store records, each with how long it has to live from now."""
    from ramekin.client import Batch

    batch, now_s = Batch(), SYSTEM.wall_ms() // 1000
    for key, body in some.bodies.items():
        due = some.dues.get(key)
        batch.upsert(name, key, codec.parse(body), ttl="none" if due is None else max(1, due - now_s - 1))
    return batch


class NodesEnd:
    """A database that nodes of Valkey or Redis keep; its name stands behind the addresses."""

    keeps_definitions = True
    due_within_s = 0

    def __init__(self, url: str, settings: Settings) -> None:
        from ramekin.cli.engines import engine_of

        address, _, query = url.partition("?")
        scheme, _, rest = address.partition("://")
        where, _, name = rest.partition("/")
        engine = f"{scheme}://{where}{'?' if query else ''}{query}"
        self._settings = replace(settings, engine=engine, database=name or settings.database, data_dir=None)
        engine_of(self._settings)  # which refuses what is no address

    def is_there(self) -> bool:
        from ramekin.cli.engines import engine_of

        try:
            return asyncio.run(cast("Replicated", engine_of(self._settings)[0]).is_begun())
        except RamekinError as error:
            raise Refused(error.message) from None

    def read(self) -> Contents:
        async def read(engine: Replicated) -> Contents:
            return engine.tables.contents()

        return self._with(read)

    def write(self, wanted: Contents, lacking: Difference, told: Told) -> None:  # noqa: ARG002  # by what it lacks
        async def write(engine: Replicated) -> None:
            for name in lacking.dropped:
                await engine.apply(partial(drop_of, engine.tables, name))
            for name, definition in _definitions(engine.tables, lacking).items():
                await engine.apply(Defined(name, definition))
            for name, some in _chunks(lacking.stored):
                if await engine.apply(Loaded({name: some.bodies}, dues={name: some.dues})) is None:
                    raise Refused(f"{name}: a record stands there whose id is of another type; say --replace")
                told(_size(some.bodies))

        self._with(write)

    def _with(self, work: Callable[[Replicated], Coroutine[None, None, T]]) -> T:
        from ramekin.cli.engines import engine_of

        async def run() -> T:
            engine, _ = engine_of(self._settings)
            try:
                await engine.open()
                return await work(cast("Replicated", engine))
            finally:
                await engine.close()

        try:
            return asyncio.run(run())
        except RamekinError as error:
            raise Refused(error.message) from None


def _definitions(tables: Tables, lacking: Difference) -> dict[str, Definition]:
    """Return what is defined of tables; for what comes into one of a model nobody vouches, who has the model looks."""
    found = {name: kept.definition for name, kept in lacking.defined.items()}
    for name in filter(tables.is_typed, {**found, **lacking.stored}):
        found[name] = replace(found.get(name, tables.definitions[name]), model=SEVERAL)
    return found


def _size(bodies: dict[str, bytes]) -> int:
    return sum(map(len, bodies.values()))


def _chunks(contents: Contents) -> Iterator[tuple[str, TableContents]]:
    """Yield the records of tables, some at a time; of each table once, though it has none."""
    for name, whole in contents.items():
        chunk, size_bytes = TableContents(whole.definition, {}), 0
        for key, body in whole.bodies.items():
            chunk.put(key, body, whole.dues.get(key))
            size_bytes += len(body)
            if len(chunk.bodies) >= CHUNK_RECORDS or size_bytes >= CHUNK_BYTES:
                yield name, chunk
                chunk, size_bytes = TableContents(whole.definition, {}), 0
        if chunk.bodies or not whole.bodies:
            yield name, chunk


def difference(there: Contents, wanted: Contents, *, has_definitions: bool, within_s: int = 0) -> Difference:
    """Return what an end lacks that holds something else. Cost: O(records).

    Args:
        within_s: seconds to within which it keeps when records are due.
    """
    dropped = [name for name in there if name not in wanted]
    defined: Contents = {}
    stored: Contents = {}
    for name, whole in wanted.items():
        found = there.get(name)
        definition = _said(whole)
        if found is not None and found.bodies.keys() - whole.bodies.keys():
            dropped.append(name)
            found = None
        if has_definitions and definition != (NOTHING_DEFINED if found is None else _said(found)):
            defined[name] = TableContents(definition, {})
        lacking = whole
        if found is not None:
            lacking = TableContents(whole.definition, {})
            for key in other_records(whole, found, within_s):
                lacking.put(key, whole.bodies[key], whole.dues.get(key))
        if lacking.bodies or (found is None and name not in defined):
            stored[name] = lacking
    return Difference(dropped, defined, stored)


def other_records(whole: TableContents, other: TableContents, within_s: int = 0) -> Iterator[str]:
    """Yield the keys of a table's records that another one has not, or with another body or due time."""
    for key, body in whole.bodies.items():
        due, there = whole.dues.get(key), other.dues.get(key)
        is_due_then = due == there or (due is not None and there is not None and abs(due - there) <= within_s)
        if other.bodies.get(key) != body or not is_due_then:
            yield key


def without_due(contents: Contents, now_s: float) -> Contents:
    """Return tables without the records that are due. Cost: O(records) of the tables where any is."""
    found: Contents = {}
    for name, whole in contents.items():
        if any(due <= now_s for due in whole.dues.values()):
            found[name] = TableContents(whole.definition, {})
            for key, body in whole.bodies.items():
                if (due := whole.dues.get(key)) is None or due > now_s:
                    found[name].put(key, body, due)
        else:
            found[name] = whole
    return found


def _said(whole: TableContents) -> Definition:
    """Return what is said of a table, but for its model, which is a matter of the servers that have it."""
    return replace(whole.definition, model=None)
