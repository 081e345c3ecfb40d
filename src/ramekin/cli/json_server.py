"""The command `json-server`: a file as json-server has it, served at its addresses.

The file may hold what is no table: `$schema`, which means nothing here, and values that are no arrays, which
``api/json_server/objects.py`` keeps. See ``serve.py`` for how a server is started.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from ramekin.api.json_server.addresses import OURS
from ramekin.api.json_server.current import Current
from ramekin.api.json_server.door import Door
from ramekin.api.json_server.objects import TABLE, object_record
from ramekin.api.json_server.older import Older
from ramekin.cli.configuration import PREFIX, Refused
from ramekin.cli.files import FileFault
from ramekin.errors import Fault, InvalidRecord, RamekinError, did_you_mean, shorten
from ramekin.schema.definition import check_table_name
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ramekin.api.json_server.dialect import Dialect
    from ramekin.database.database import Database

_log = structlog.get_logger("ramekin")

SCHEMA = "$schema"
PUBLIC = Path("public")
"""The directory whose files are served unasked, as json-server does."""

DIALECTS: dict[str, type[Dialect]] = {"1.x": Current, "0.17": Older}


def defaults() -> dict[str, Any]:
    """Return the settings that are json-server's own where nothing else is said."""
    own = {"port": "3000", "cors_origin": ["*"]}
    return {name: value for name, value in own.items() if not os.environ.get(f"{PREFIX}{name.upper()}", "").strip()}


def read_json_server(file: Path | None, dialect: str | None, static: list[Path] | None) -> JsonServer:
    """Return what the command's own options ask for. Raises Refused."""
    version = dialect or "1.x"
    if version not in DIALECTS:
        hint = did_you_mean(version, DIALECTS)
        raise Refused(f"--dialect: '{shorten(version)}' is not one of {', '.join(DIALECTS)}. {hint}".rstrip())
    for directory in static or ():
        if not directory.is_dir():
            raise Refused(f"--static: {directory} is no directory")
    public = [PUBLIC] if PUBLIC.is_dir() else []
    return JsonServer(file, DIALECTS[version](), [*public, *(static or ())])


class JsonServer:
    """A file, and the door that serves what was in it."""

    def __init__(self, file: Path | None, dialect: Dialect, directories: list[Path]) -> None:
        self.door, self._file, self._dialect = Door(dialect, directories), file, dialect

    async def load(self, database: Database) -> None:
        """Load the file into an empty database. Raises FileFault, Refused."""
        if self._file is None:
            return
        if await _has_records(database):
            raise Refused("FILE: a file is loaded into an empty data directory only; leave it out")
        content = read_file(self._file)
        await self._store(database, content)
        if hidden := sorted(OURS & content.keys()):
            _log.warning("tables_behind_our_own", tables=hidden, at="/api/v1/data")

    async def _store(self, database: Database, content: dict[str, Any]) -> None:
        """Put a file's tables in the place of all there are. Raises FileFault."""

        def as_kept(table: str, record: dict[str, Any]) -> dict[str, Any]:
            return record if table in database.models else self._dialect.as_kept(record, database.ids)

        try:
            await database.load(records_of(content, as_kept), is_replacing=True, is_parsed=True)
        except RamekinError as error:
            assert self._file is not None, "it was read"
            raise FileFault(f"{self._file.name}: {told(error)}") from None


async def _has_records(database: Database) -> bool:
    return any(info.stats.records for info in await database.tables())


def read_file(path: Path) -> dict[str, Any]:
    """Return what a file of json-server holds. Raises FileFault: it cannot be read, or is no object."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise FileFault(f"{path.name or path}: {(error.strerror or 'cannot be read').lower()}") from None
    try:
        content = codec.parse(text, extra_depth=2) if text.strip() else {}
    except RamekinError as error:
        raise FileFault(f"{path.name}: {told(error)}") from None
    if not isinstance(content, dict):
        raise FileFault(f"{path.name}: an object of arrays is expected")
    return content


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
        if name == SCHEMA:
            continue
        check_table_name(name)
        if not isinstance(value, list):
            yield TABLE, object_record(name, value)
            continue
        yield name, None
        for index, record in enumerate(value):
            if not isinstance(record, dict):
                fault = Fault("", "An object is expected.")
                raise InvalidRecord("A record is a JSON object.", faults=[fault]).within(name, index, index=index)
            yield name, as_kept(name, record)


def told(error: RamekinError) -> str:
    """Return an error as one line."""
    more = [fault for fault in error.faults[:3] if fault.detail != error.message]
    return f"{error.message}{''.join(f' {fault.pointer}: {fault.detail}' for fault in more)}"
