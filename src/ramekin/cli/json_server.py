"""The command `json-server`: a file as json-server has it, served at its addresses, followed and kept.

The file may hold what is no table: `$schema`, which means nothing here, and values that are no arrays, which
``api/json_server/objects.py`` keeps. See ``serve.py`` for how a server is started, ``json_file.py`` for the file.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from ramekin.api.json_server.addresses import OURS
from ramekin.api.json_server.current import Current
from ramekin.api.json_server.door import Door
from ramekin.api.json_server.objects import TABLE, object_record, read_object
from ramekin.api.json_server.older import Older
from ramekin.cli.configuration import Refused
from ramekin.cli.files import FileFault
from ramekin.cli.json_file import ChangedByOthers, JsonFile, told
from ramekin.clock import stopwatch_s
from ramekin.errors import Fault, InvalidRecord, InvalidTableName, RamekinError, did_you_mean, shorten
from ramekin.schema.definition import check_table_name
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ramekin.api.json_server.dialect import Dialect
    from ramekin.database.database import Database

_log = structlog.get_logger("ramekin")

PUBLIC = Path("public")
"""The directory whose files are served unasked, as json-server does."""

DIALECTS: dict[str, type[Dialect]] = {"1.x": Current, "0.17": Older}

LOOK_S = 0.25
"""How often the file is looked at, and the tables: what is written is saved once nothing more was for so long."""

LATEST_S = 2.0
"""How long it may take until something is saved while more is written."""


def read_json_server(
    file: Path | None, dialect: str | None, static: list[Path] | None, *, watch: bool | None, save: bool | None
) -> JsonServer:
    """Return what the command's own options ask for. Raises Refused."""
    version = dialect or "1.x"
    if version not in DIALECTS:
        hint = did_you_mean(version, DIALECTS)
        raise Refused(f"--dialect: '{shorten(version)}' is not one of {', '.join(DIALECTS)}. {hint}".rstrip())
    for directory in static or ():
        if not directory.is_dir():
            raise Refused(f"--static: {directory} is no directory")
    if file is None and (watch or save):
        raise Refused(f"{'--watch' if watch else '--save'} is about a file: name one")
    public = [PUBLIC] if PUBLIC.is_dir() else []
    served = [*public, *(static or ())]
    return JsonServer(file, DIALECTS[version](), served, is_watching=bool(watch), is_saving=bool(save))


class JsonServer:
    """A file, and the door that serves what was in it.

    1. What others write into the file takes the place of all records, if it is watched, and a reset returns to it; what
       was not saved is lost.
    2. What is written over HTTP is saved within `LATEST_S`, and when the server stops, unless others have the file.
    """

    def __init__(
        self, file: Path | None, dialect: Dialect, directories: list[Path], *, is_watching: bool, is_saving: bool
    ) -> None:
        self.door, self._dialect = Door(dialect, directories), dialect
        self._directories = directories
        self._file = None if file is None else JsonFile(file)
        self._is_watching, self._is_saving = is_watching, is_saving
        self._saved = self._seen = dict[str, int]()
        self._since_s: float | None = None
        self._has_failed = False
        self._following: asyncio.Task[None] | None = None

    async def load(self, database: Database) -> None:
        """Load the file into an empty database; what several servers share, or keep, is not loaded twice.

        Raises:
            FileFault, Refused.
        """
        names = (each.name for directory in self._directories for each in directory.iterdir())
        if hidden := sorted(OURS.intersection(names) - {"static"}):
            _log.warning("files_behind_our_own", names=hidden)
        if (file := self._file) is None:
            return
        has_records = any(info.stats.records for info in await database.tables())
        if has_records and not database.guarantees.is_shared:
            raise Refused("FILE: a file is loaded into an empty data directory only; leave it out")
        content = file.read(may_be_empty=True)
        if has_records:
            file.take()
            _log.info("the file was not loaded: the database has records")
        else:
            await self._store(database, file, content)
        if hidden := sorted(OURS & content.keys()):
            _log.warning("tables_behind_our_own", tables=hidden, at="/api/v1/data")
        self._saved = self._seen = _revisions(database)
        if self._is_watching or self._is_saving:
            self._following = asyncio.create_task(self._follow(database, file))

    @asynccontextmanager
    async def attending(self, database: Database) -> AsyncIterator[None]:
        """Follow the file from `load` on, until the block ends; then save what is not saved."""
        try:
            yield
        finally:
            if self._following is not None and self._file is not None:
                self._following.cancel()
                await asyncio.wait([self._following])
                if self._is_saving and (self._has_failed or _revisions(database) != self._saved):
                    await self._save(database, self._file)

    async def _follow(self, database: Database, file: JsonFile) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._is_watching and file.is_changed():
                await self._reload(database, file)
            elif self._is_saving and self._is_due(_revisions(database)):
                await self._save(database, file)

    def _is_due(self, now: dict[str, int]) -> bool:
        """Say whether to save: something was written, and nothing more since the last look, or it waits for long."""
        is_quiet, self._seen = now == self._seen, now
        if now == self._saved:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = stopwatch_s()
        return is_quiet or stopwatch_s() - self._since_s > LATEST_S

    async def _reload(self, database: Database, file: JsonFile) -> None:
        has_unsaved = self._is_saving and (self._has_failed or _revisions(database) != self._saved)
        try:
            content = await asyncio.to_thread(file.read)
            await self._store(database, file, content)
        except FileFault as fault:
            _log.warning("file_not_read", reason=str(fault), kept="the records as they were")
            return
        if has_unsaved:
            _log.warning("file_was_changed_before_it_was_saved", file=file.path.name, lost="what was not saved")
        if database.has_checkpoint:
            database.checkpoint()  # a reset to what stood there before would be saved over what others wrote
        self._has_failed, self._since_s = False, None
        self._saved = self._seen = _revisions(database)
        _log.info("file_read", file=file.path.name, tables=len(content))

    async def _save(self, database: Database, file: JsonFile) -> None:
        revisions = _revisions(database)
        tables, values = dict[str, list[bytes]](), dict[str, bytes]()
        async with database.snapshot() as snapshot:
            for name in snapshot.tables:
                tables[name] = [body async for bodies in snapshot.view.batches(name) for body in bodies]
        for body in tables.pop(TABLE, ()):
            name, value = read_object(body)
            if name not in tables:
                values[name] = codec.dump(value)
        self._has_failed = True
        try:
            await asyncio.to_thread(file.write, tables, values)
        except ChangedByOthers:
            _log.warning("file_not_saved", file=file.path.name, reason="others have changed it; --watch reads it again")
        except Refused as refused:
            _log.error("file_not_saved", reason=str(refused))
        else:
            self._has_failed = False
        self._saved, self._since_s = revisions, None  # what failed is tried again with the next write, and at the end

    async def _store(self, database: Database, file: JsonFile, content: dict[str, Any]) -> None:
        """Put a file's tables in the place of all there are. Raises FileFault."""

        def as_kept(table: str, record: dict[str, Any]) -> dict[str, Any]:
            return record if table in database.models else self._dialect.as_kept(record, database.ids)

        try:
            await database.load(records_of(content, as_kept), is_replacing=True, is_parsed=True)
        except RamekinError as error:
            raise FileFault(f"{file.path.name}: {told(error)}") from None
        file.take()


def records_of(
    content: dict[str, Any], as_kept: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> Iterator[tuple[str, Any]]:
    """Yield the records of a file as `Database.load` takes them.

    Args:
        as_kept: returns what becomes of a table's record.

    Raises:
        InvalidTableName, InvalidRecord: a name can be no table's, or an array holds what is no object.
    """
    yield TABLE, None
    for name, value in content.items():
        _check_name(name)
        if not isinstance(value, list):
            yield TABLE, object_record(name, value)
            continue
        yield name, None
        for index, record in enumerate(value):
            if not isinstance(record, dict):
                fault = Fault("", "An object is expected.")
                raise InvalidRecord("A record is a JSON object.", faults=[fault]).within(name, index, index=index)
            yield name, as_kept(name, record)


def _check_name(name: str) -> None:
    """Refuse a name under which nothing can stand. Raises InvalidTableName: it names the member."""
    try:
        check_table_name(name)
        if name == TABLE:
            raise InvalidTableName("This name is kept for what is no array; take another one.")
    except InvalidTableName as error:
        raise error.within(name) from None


def _revisions(database: Database) -> dict[str, int]:
    """Return what tells one state of the tables from others. Cost: O(tables)."""
    engine = database.engine
    return {table.name: table.revision for table in engine.tables.catalog}
