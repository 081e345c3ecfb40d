"""Pages as text: the envelope in JSON, or the rows alone as NDJSON or CSV, with what is said about them in headers.

A short page is one body; a long one is sent while it is written, so that many large rows never stand in memory at
once. Knows nothing of how rows are found; see ``lists.py``, ``joins.py`` and ``queries.py``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin.api.http.answer import SHORT_BYTES, Reply, Stream, ascii_json, body_answer
from ramekin.api.http.headers import CSV, JSON
from ramekin.api.routes import address
from ramekin.engine.work import Work
from ramekin.formats.csv_table import CsvTable
from ramekin.schema.columns import UNTYPED, Columns
from ramekin.values import codec
from ramekin.values.paths import FieldPath, outer, selector

if TYPE_CHECKING:
    from ramekin.database.finding import Explanation

AT_ONCE = 100
"""Rows that are written at once at the most, and items of a row above which it is a long one."""


@dataclass(frozen=True, slots=True)
class LongRow:
    """A row with an array too long to be written at once: its other members as JSON, and the array's items."""

    head: bytes
    member: str
    items: Iterable[bytes]

    @property
    def opening(self) -> bytes:
        """What stands before the items."""
        return b"%b%b%b:[" % (self.head[:-1], b"," if len(self.head) > 2 else b"", codec.dump(self.member))


RowText = bytes | LongRow

RowMaker = Callable[[bool], Iterator[RowText]]
"""Makes rows, from the first one on; it is told whether they are asked for again, or what they are made of may go."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The rows of a page, each as JSON once it is asked for, and what is said about them.

    Rows in a sequence are ready, others are made in steps, as often as they are asked for. `size_bytes` is about what
    they have together; `columns` are those that come first in CSV, and `declared` what is said of them; `flatten` makes
    a row of one line of a nested one.
    """

    rows: Sequence[bytes] | RowMaker
    size_bytes: int
    next_path: str | None
    total: int | None = None
    warnings: Sequence[str] = ()
    explain: Explanation | None = None
    members: dict[str, Any] | None = None
    columns: Sequence[str] = ()
    flatten: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    declared: Columns = UNTYPED

    @property
    def next_address(self) -> str | None:
        """The address of the next page."""
        return None if self.next_path is None else address(self.next_path)

    def texts(self, *, again: bool = False) -> Iterable[RowText]:
        """Return the rows, from the first one on; `again` says that they will be asked for once more."""
        return self.rows if isinstance(self.rows, Sequence) else self.rows(again)

    def record(self, row: RowText) -> dict[str, Any]:
        """Return a row as it stands in CSV, without a long array."""
        record: dict[str, Any] = codec.read_body(row if isinstance(row, bytes) else row.head)
        return record if self.flatten is None else self.flatten(record)


def selected(bodies: Sequence[bytes], paths: Sequence[FieldPath] | None) -> Sequence[bytes] | RowMaker:
    """Return bodies with the chosen fields only; as they are, without a choice."""
    if paths is None:
        return bodies
    choose, names = selector(paths), [path[0] for path in paths]
    return lambda _: (codec.dump(choose(outer(body, names))) for body in bodies)


async def page_reply(page: PageText, media: str, headers: dict[str, str]) -> Reply:
    """Return a page in the media type that was asked for."""
    headers = headers | _headers(page, is_bare=media != JSON)
    if media == JSON and page.size_bytes <= SHORT_BYTES and isinstance(page.rows, Sequence):
        return body_answer(b'{"data":%b%b' % (codec.splice_array(page.rows), _tail(page)), headers=headers)
    size_bytes, work = page.size_bytes, Work()
    await work.rest()
    if media == CSV:
        csv, rows = await _columns(page, work)
        text, size_bytes = _write_csv(page, csv, work), size_bytes + rows * len(csv.names)
    else:
        text = _write_json(page, work) if media == JSON else _write_ndjson(page, work)
    if size_bytes <= SHORT_BYTES:
        return body_answer(b"".join([chunk async for chunk in text]), 200, headers, media)
    return await Stream(text, work, media, headers).prime()


def _tail(page: PageText) -> bytes:
    """Return what stands behind the rows in the envelope; members that are None are left out."""
    members: dict[str, Any] = {"total": page.total, **(page.members or {}), "warnings": list(page.warnings) or None}
    if (explain := page.explain) is not None:
        members["explain"] = {name: getattr(explain, name) for name in explain.__slots__}
    rest = b"".join(b",%b:%b" % (codec.dump(k), codec.dump(v)) for k, v in members.items() if v is not None)
    return b',"next":%b%b}' % (codec.dump(page.next_address), rest)


def _headers(page: PageText, *, is_bare: bool) -> dict[str, str]:
    """Return the headers of a page; where the rows stand alone (`is_bare`) they hold what the envelope would."""
    headers = {}
    if page.next_path is not None:
        headers["link"] = f'<{page.next_address}>; rel="next"'
    if is_bare and page.total is not None:
        headers["x-total-count"] = str(page.total)
    if is_bare and page.warnings:
        headers["x-warnings"] = ascii_json(page.warnings)
    return headers


async def _write_json(page: PageText, work: Work) -> AsyncGenerator[bytes, None]:
    opening = b'{"data":['
    async for piece in _pieces(page.texts(), b",", work):
        yield opening + piece
        opening = b""
    yield b"%b]%b" % (opening, _tail(page))


async def _write_ndjson(page: PageText, work: Work) -> AsyncGenerator[bytes, None]:
    ending = b""
    async for piece in _pieces(page.texts(), b"\n", work):
        yield piece
        ending = b"\n"
    yield ending


async def _pieces(rows: Iterable[RowText], between: bytes, work: Work) -> AsyncIterator[bytes]:
    """Yield rows with a separator between them, some at a time, long ones in pieces."""
    separator = b""
    async for batch in _in_batches(rows, work):
        ready = [row for row in batch if isinstance(row, bytes)]
        if len(ready) == len(batch):
            yield separator + between.join(ready)
            separator = between
            continue
        for row in batch:
            if isinstance(row, bytes):
                yield separator + row
            else:
                yield separator + row.opening
                async for piece in _pieces(row.items, b",", work):
                    yield piece
                yield b"]}"
            separator = between


async def _columns(page: PageText, work: Work) -> tuple[CsvTable, int]:
    """Return the columns of a page, and how many rows it has. Raises NotAcceptable: there are too many columns."""
    csv, rows = CsvTable(page.columns, page.declared), 0
    async for batch in _in_batches(page.texts(again=True), work):
        for row in batch:
            csv.meet(page.record(row))
            if isinstance(row, LongRow):
                csv.meet([row.member])
        rows += len(batch)
    return csv, rows


async def _write_csv(page: PageText, csv: CsvTable, work: Work) -> AsyncGenerator[bytes, None]:
    """Yield a page as CSV; each row is read twice, first for its columns, so that only a few are held at once."""
    yield csv.header()
    async for batch in _in_batches(page.texts(), work, min(AT_ONCE, csv.rows_at_once)):
        if not any(isinstance(row, LongRow) for row in batch):
            yield csv.rows(page.record(row) for row in batch)
        else:
            for row in batch:
                async for piece in _csv_row(csv, page.record(row), row if isinstance(row, LongRow) else None, work):
                    yield piece


async def _csv_row(csv: CsvTable, record: dict[str, Any], long: LongRow | None, work: Work) -> AsyncIterator[bytes]:
    """Yield one row of CSV; the array of a long row is text in quotes, written in pieces."""
    if long is None:
        yield csv.rows([record])
        return
    before, behind = csv.around(long.member, record)
    yield b'%b"[' % before
    async for piece in _pieces(long.items, b",", work):
        yield piece.replace(b'"', b'""')
    yield b']"%b' % behind


async def _in_batches(rows: Iterable[RowText], work: Work, most: int = AT_ONCE) -> AsyncIterator[list[RowText]]:
    """Yield rows some at a time, in turns: rows may have to be cut, and be large."""
    batch: list[RowText] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row) if isinstance(row, bytes) else len(row.head)
        if len(batch) >= most or size >= SHORT_BYTES or work.is_due:
            yield batch
            await work.rest()
            batch, size = [], 0
    if batch:
        yield batch
