"""Talking to a running server by the client for Python: load files, fetch dumps and backups, tell what happens."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from ramekin.access.keys import is_secret
from ramekin.cli.configuration import Refused
from ramekin.cli.files import FileRecords, from_bytes, naming_faults, open_file, told
from ramekin.cli.outputs import writing
from ramekin.cli.progress import progress
from ramekin.clock import as_text
from ramekin.errors import RamekinError, UnknownTable
from ramekin.limits import MIB
from ramekin.schema.columns import UNTYPED, Columns
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from ramekin.client import Change, Client
    from ramekin.client.calls import Row
    from ramekin.formats.record_text import CsvForm

CHUNK_BYTES = 256 * 1024
FORMATS = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv"}
_UNSENT = re.compile(r"[^!-~]")
_BODY_PLACE = r" \(line \d+(?:, column \d+)?\)"
MODES = ("merge", "replace")
FLAGS = ("since", "ttl", "where")
"""Flags whose values are parameters of a request."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the server is, and the key to show it. Raises Refused where no request could be sent so."""

    url: str
    key: str | None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_fine = parts.scheme in ("http", "https") and parts.port != 0 and bool(parts.hostname)
            (parts.hostname or "").encode("idna")
        except ValueError:  # a port that is none, an open bracket, a name with a part that is too long
            is_fine = False
        if not is_fine or _UNSENT.search(self.url):
            raise Refused(f"--url: '{self.url}' is not like http://127.0.0.1:8000")
        if self.key is not None and not is_secret(self.key):
            raise Refused("--api-key: no request can send this key; visible ASCII characters without spaces make one")

    @contextmanager
    def client(self, what: str, files: FileRecords | None = None, attempts: int = 4) -> Iterator[Client]:
        """Give a client. Raises Refused with what became of it; `what` is asked for, of files where some are sent."""
        import httpx2  # which takes 0.1 s

        from ramekin.client import Client
        from ramekin.client.replies import EndedEarly, NoAnswer

        trusted = create_default_context() if self.url.startswith("https") else False
        with httpx2.Client(timeout=600, verify=trusted, trust_env=False) as http:  # no proxy is between
            try:
                yield Client(self.url, key=self.key, attempts=attempts, http=http)
            except EndedEarly:
                raise Refused(f"the server ended the {what} early; what came of it is not whole") from None
            except NoAnswer as error:
                raise Refused(f"{error.message} Is it Ramekin that runs there?") from None
            except RamekinError as error:
                words = error.said
                if files is not None:
                    words = re.sub(_BODY_PLACE, "", words)  # in the text that was made of them
                line = told(files or FileRecords([], 0), error.but(said=words))  # it may ask for a table's columns
                names = [fault.steps[0] for fault in error.faults if fault.part == "query" and fault.steps]
                flag = next((f"--{name}: " for name in names if name in FLAGS), "")
                raise Refused(f"{flag}the server refused ({error.code}): {line}") from None


def load_files(
    paths: list[Path], stdin: str | None, server: ServerAddress, mode: str, form: CsvForm, ttl: str | None
) -> None:
    """Send files to the server as one load: all or nothing. CSV is read as the server's schemas say.

    Args:
        stdin: the name of a file that standard input stands for; it is held whole, since a fault is sought in it again.

    Raises:
        FileFault: a file cannot be read; nothing was stored.
        Refused: the server refused, or does not answer.
    """
    from ramekin.client.calls import load_text

    if mode not in MODES:
        raise Refused(f"--mode is one of {', '.join(MODES)}")
    if (not paths and stdin is None) or Path("-") in paths:
        raise Refused("name files, or say --stdin NAME, such as users.ndjson, to load what standard input holds")
    sources = [open_file(path, form) for path in paths]
    if stdin is not None:
        sources.append(from_bytes(stdin, sys.stdin.buffer.read(), form))
    with progress("Loading", sum(source.size_bytes for source in sources)) as advance:
        files = FileRecords(sources, 1024 * MIB, lambda table: _columns_of(table, client), advance)
        with server.client("load", files) as client:
            stored = client.send(load_text(AsDatabase(files), mode, ttl))
    for table, count in stored.items():
        print(f"{table}: {count:,}")


def dump_tables(table: str | None, output: Path | None, format: str, server: ServerAddress) -> None:
    """Write a dump to a file or to standard output. Raises Refused."""
    from ramekin.client.calls import dump_text

    if format not in FORMATS:
        raise Refused(f"--format is one of {', '.join(FORMATS)}")
    if table is None and format != "json":
        raise Refused(f"--format {format} is of one table: ramekin dump TABLE --format {format}")
    asked = dump_text(table, FORMATS[format])
    with server.client("dump") as client, client.stream(asked) as answer, writing(output) as target:
        _write(answer, target, "Dumping")


def fetch_backup(file: Path, server: ServerAddress) -> None:
    """Write a backup to a new file, mode 0600. Raises Refused."""
    from ramekin.client.calls import backup

    if os.path.lexists(file):
        raise Refused(f"{file}: is there already")
    with server.client("backup") as client, client.stream(backup()) as answer, writing(file, 0o600) as target:
        _write(answer, target, "Backing up")


def tell_changes(
    tables: list[str], since: str | None, where: str | None, server: ServerAddress, *, follows: bool
) -> None:
    """Write what happens to standard output, a line of JSON for each change, from a position on or from now.

    Without `follows` it ends with what has happened by now. Raises Refused.
    """
    from ramekin.client.calls import changes

    if since is None and not follows:
        raise Refused("say --since POSITION for what has happened, or --follow for what happens from now on")
    asked, page = changes(tables, since, where), None
    with server.client("changes") as client:  # which soon says that no server is there
        for warning in client.send(asked.warnings()):
            print(f"ramekin: {warning}", file=sys.stderr)
        asked.position = asked.position or client.send(asked.latest())
    with server.client("changes", attempts=10) as client:
        if follows:
            for change in client.follow(asked):
                _print_change(change)
        while page is None or page.data:
            page = client.send(asked.page(None if page is None else page.next))
            for change in page.data:
                _print_change(change)


def _print_change(change: Change[Row]) -> None:
    """Write a change as the server tells it."""
    told = change.model_dump(exclude_unset=True) | {"at": as_text(round(change.at.timestamp() * 1000))}
    sys.stdout.buffer.write(codec.dump(told) + b"\n")
    sys.stdout.buffer.flush()


def _write(answer: httpx2.Response, target: BinaryIO, title: str) -> None:
    length = answer.headers.get("content-length")
    with progress(title, None if length is None else int(length)) as advance:
        for chunk in answer.iter_bytes(MIB):
            target.write(chunk)
            advance(len(chunk))


def _columns_of(table: str, client: Client) -> Columns:
    """Return what the server's table says of the columns of CSV."""
    try:
        return Columns(client.table(table).describe().get("schema"))
    except UnknownTable:
        return UNTYPED


class AsDatabase:
    """The text of an object of arrays, in chunks: from its beginning each time that it is sent."""

    def __init__(self, files: FileRecords) -> None:
        self._files = files

    def __iter__(self) -> Iterator[bytes]:
        return _as_database(self._files)


def _as_database(files: FileRecords) -> Iterator[bytes]:
    """Yield the text of an object of arrays, in chunks. Raises FileFault."""
    chunk, table = bytearray(b"{"), None
    with naming_faults(files):
        for name, record in files:
            if record is None and name == table:
                continue
            if record is None:
                chunk += (b"]," if table is not None else b"") + codec.dump(name) + b":["
                table, is_first = name, True
                continue
            chunk += (b"" if is_first else b",") + codec.dump(record)
            is_first = False
            if len(chunk) >= CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
    yield bytes(chunk) + (b"]}" if table is not None else b"}")
