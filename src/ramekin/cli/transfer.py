"""Talking to a running server: load files, fetch dumps, ask for health. Standard library only, streaming both ways."""

from __future__ import annotations

import http.client
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from ramekin.access.keys import is_secret
from ramekin.cli.configuration import Refused
from ramekin.cli.files import FileRecords, naming_faults, open_file, told
from ramekin.cli.outputs import writing
from ramekin.cli.progress import progress
from ramekin.errors import Fault, RamekinError
from ramekin.limits import MIB
from ramekin.schema.columns import UNTYPED, Columns
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ramekin.formats.record_text import CsvForm

CHUNK_BYTES = 256 * 1024
FORMATS = {"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv"}
_UNSENT = re.compile(r"[^!-~]")
_BODY_PLACE = re.compile(r" \(line \d+(?:, column \d+)?\)")
MODES = ("merge", "replace")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and the key to show it. Raises Refused where no request could be sent so."""

    url: str
    key: str | None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_fine = parts.scheme in ("http", "https") and parts.port != 0 and bool(parts.hostname)
        except ValueError:  # a port that is none, an open bracket
            is_fine = False
        if not is_fine or _UNSENT.search(self.url):
            raise Refused(f"--url: '{self.url}' is not like http://127.0.0.1:8000")
        if self.key is not None and not is_secret(self.key):
            raise Refused("--api-key: no request can send this key; visible ASCII characters without spaces make one")

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout_s: float = 60
    ) -> http.client.HTTPResponse:
        """Send one request. Raises Refused where no server answers."""
        parts = urlsplit(self.url)
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connect(parts.hostname or "", parts.port, timeout=timeout_s)
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        try:
            connection.request(method, parts.path.rstrip("/") + path, body, sent, encode_chunked=body is not None)
            return connection.getresponse()
        except (OSError, UnicodeError) as error:  # the second of a name with a part that is too long
            said = (getattr(error, "strerror", None) or str(error) or "no answer").lower()
            raise Refused(f"no answer from {self.url}: {said}; is the server running there?") from None
        except http.client.HTTPException:
            raise Refused(f"what answers at {self.url} does not speak HTTP") from None


def load_files(paths: list[Path], server: Server, mode: str, form: CsvForm, ttl: str | None = None) -> None:
    """Send files to the server as one load: all or nothing. CSV is read as the server's schemas say.

    Raises:
        FileFault: a file cannot be read; nothing was stored.
        Refused: the server refused, or does not answer.
    """
    if mode not in MODES:
        raise Refused(f"--mode is one of {', '.join(MODES)}")
    sources = [open_file(path, form) for path in paths]
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    with progress("Loading", sum(source.size_bytes for source in sources)) as advance:
        files = FileRecords(sources, 1024 * MIB, lambda table: _columns_of(table, server), advance)
        with naming_faults(files):
            body = _as_database(files)
            words = urlencode({"mode": mode} if ttl is None else {"mode": mode, "ttl": ttl})
            response = server.request("POST", f"/api/v1/load?{words}", body, headers, timeout_s=600)
    answer = _answer(response, files)
    for table, count in answer.get("loaded", {}).items():
        print(f"{table}: {count:,}")


def dump_tables(table: str | None, output: Path | None, format: str, server: Server) -> None:
    """Write a dump to a file or to standard output. Raises Refused."""
    if format not in FORMATS:
        raise Refused(f"--format is one of {', '.join(FORMATS)}")
    path = "/api/v1/dump" + (f"/{quote(table, safe='')}" if table else "")
    response = server.request("GET", path, headers={"Accept": FORMATS[format]})
    if response.status != 200:
        _answer(response)
    with writing(output) as target, progress("Dumping", None) as advance:
        for chunk in _chunks(response, "dump"):
            target.write(chunk)
            advance(len(chunk))


def fetch_backup(file: Path, server: Server) -> None:
    """Write a backup to a new file, mode 0600. Raises Refused."""
    if os.path.lexists(file):
        raise Refused(f"{file}: is there already")
    response = server.request("POST", "/api/v1/backup", timeout_s=3600)
    if response.status != 200:
        _answer(response)
    with writing(file, 0o600) as target, progress("Backing up", response.length) as advance:
        for chunk in _chunks(response, "backup"):
            target.write(chunk)
            advance(len(chunk))


def _chunks(response: http.client.HTTPResponse, what: str) -> Iterator[bytes]:
    """Yield the body of an answer. Raises Refused where the server ends it early."""
    try:
        while chunk := response.read(MIB):
            yield chunk
        is_whole = not response.length  # bytes that were promised and are still to come, which `read` does not miss
    except (http.client.HTTPException, OSError):
        is_whole = False
    if not is_whole:
        raise Refused(f"the server ended the {what} early; what came of it is not whole")


def is_ready(server: Server) -> bool:
    """Say whether the server answers that it takes requests."""
    try:
        return server.request("GET", "/health/ready", timeout_s=5).status == 200
    except Refused:
        return False


def _columns_of(table: str, server: Server) -> Columns:
    """Return what the server's table says of the columns of CSV. Raises Refused."""
    response = server.request("GET", f"/api/v1/tables/{quote(table, safe='')}")
    if response.status == 404:
        response.read()
        return UNTYPED
    return Columns(_answer(response).get("schema"))


def _as_database(files: FileRecords) -> Iterator[bytes]:
    """Yield the text of an object of arrays, in chunks. Raises what reading a file raises."""
    chunk, table = bytearray(b"{"), None
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


def _answer(response: http.client.HTTPResponse, files: FileRecords | None = None) -> Any:
    """Return the parsed answer. Raises Refused with the problem's own words, and its place in what was read."""
    try:
        answer = codec.parse(b"".join(_chunks(response, "answer")))
    except RamekinError:
        answer = None
    if not isinstance(answer, dict) or 300 <= response.status < 400:
        raise Refused(f"the server answered with status {response.status}, and not as Ramekin does")
    if response.status >= 400:
        detail = answer.get("detail", "")
        if files is not None:
            detail = _BODY_PLACE.sub("", detail)  # of the text that was made of the files
        faults = [Fault(fault["pointer"], fault["detail"]) for fault in answer.get("errors", [])]
        error = RamekinError(detail, faults=faults)
        raise Refused(f"the server refused ({response.status}): {told(files or FileRecords([], 0), error)}")
    return answer
