"""Pages as text: the envelope in JSON, or the rows alone as NDJSON or CSV, with what is said about them in headers.

A short page is one body; a long one is sent while it is written, so that many large rows never stand in memory at
once. Knows nothing of how rows are found; see ``lists.py``, ``joins.py`` and ``queries.py``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Response

from ramekin import codec, formats
from ramekin.api.headers import CSV, JSON
from ramekin.api.responses import Stream, ascii_json, body_response
from ramekin.paths import select

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from ramekin.finding import Explanation
    from ramekin.paths import FieldPath

SHORT_BYTES = 256 * 1024
"""Bytes of rows that are put together at once."""

AT_ONCE = 200
"""Rows that are written before other tasks get a turn."""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, each as JSON once it is asked for, and what is said about them.

    Rows in a list or a tuple are ready, others are made in steps. `size_bytes` is about what they have together;
    `columns` are those that come first in CSV; `flatten` makes a row of one line of a nested one.
    """

    rows: Iterable[bytes]
    size_bytes: int
    next_path: str | None
    total: int | None = None
    warnings: Sequence[str] = ()
    explain: Explanation | None = None
    members: dict[str, Any] | None = None
    columns: Sequence[str] = ()
    flatten: Callable[[dict[str, Any]], dict[str, Any]] | None = None


def selected(bodies: Iterable[bytes], paths: Sequence[FieldPath] | None) -> Iterable[bytes]:
    """Return bodies with the chosen fields only; as they are, without a choice."""
    if paths is None:
        return bodies
    chosen = list(paths)
    return (codec.dump(select(codec.parse(body), chosen)) for body in bodies)


async def page_response(page: Page, kind: str, headers: dict[str, str]) -> Response:
    """Return a page in the media type that was asked for."""
    headers = headers | _headers(page, is_bare=kind != JSON)
    if kind == JSON and page.size_bytes <= SHORT_BYTES and isinstance(page.rows, (list, tuple)):
        return body_response(b'{"data":%b%b' % (codec.splice_array(page.rows), _tail(page)), headers=headers)
    writer = _write_json if kind == JSON else _write_csv if kind == CSV else _write_ndjson
    if page.size_bytes <= SHORT_BYTES:
        return Response(b"".join([chunk async for chunk in writer(page)]), 200, headers, kind)
    return await Stream(writer(page), kind, headers).prime()


def _tail(page: Page) -> bytes:
    """Return what stands behind the rows in the envelope; members that are None are left out."""
    members: dict[str, Any] = {"total": page.total, **(page.members or {}), "warnings": list(page.warnings) or None}
    if (explain := page.explain) is not None:
        members["explain"] = {name: getattr(explain, name) for name in explain.__slots__}
    rest = b"".join(b",%b:%b" % (codec.dump(k), codec.dump(v)) for k, v in members.items() if v is not None)
    return b',"next":%b%b}' % (codec.dump(page.next_path), rest)


def _headers(page: Page, *, is_bare: bool) -> dict[str, str]:
    """Return the headers of a page; where the rows stand alone (`is_bare`) they hold what the envelope would."""
    headers = {}
    if page.next_path is not None:
        headers["link"] = f'<{page.next_path}>; rel="next"'
    if is_bare and page.total is not None:
        headers["x-total-count"] = str(page.total)
    if is_bare and page.warnings:
        headers["x-warnings"] = ascii_json(page.warnings)
    return headers


async def _write_json(page: Page) -> AsyncIterator[bytes]:
    is_first = True
    async for rows in _in_batches(page.rows):
        yield b"%b%b" % (b'{"data":[' if is_first else b",", b",".join(rows))
        is_first = False
    yield b"%b]%b" % (b'{"data":[' if is_first else b"", _tail(page))


async def _write_ndjson(page: Page) -> AsyncIterator[bytes]:
    async for rows in _in_batches(page.rows):
        yield b"".join([b"%b\n" % row for row in rows])


async def _write_csv(page: Page) -> AsyncIterator[bytes]:
    columns, records = dict.fromkeys(page.columns), list[dict[str, Any]]()
    async for rows in _in_batches(page.rows):
        for row in rows:
            record = codec.parse(row)
            records.append(record if page.flatten is None else page.flatten(record))
            columns.update(dict.fromkeys(records[-1]))
    yield formats.write_csv_header(list(columns))
    for start in range(0, len(records), AT_ONCE):
        yield formats.write_csv(list(columns), records[start : start + AT_ONCE])
        await asyncio.sleep(0)


async def _in_batches(rows: Iterable[bytes]) -> AsyncIterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row)
        if len(batch) == AT_ONCE or size >= SHORT_BYTES:
            yield batch
            await asyncio.sleep(0)
            batch, size = [], 0
    if batch:
        yield batch
