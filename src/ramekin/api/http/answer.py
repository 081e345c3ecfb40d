"""Answers: a status, headers as the lines in which they are sent, and a body; or a body that is made while it is sent.

Bodies are sent as they are stored. Knows nothing of tables or of who carries answers; see ``endpoints/`` for who gives
them, ``wire/`` for how they are written.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, TypeVar, final

from msgspec import Struct

from ramekin.api.http.headers import JSON
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from ramekin.database.precondition import Precondition
    from ramekin.engine.work import Work

T = TypeVar("T")

CHUNK_BYTES = 64 * 1024

SHORT_BYTES = 256 * 1024
"""Bytes that are put together at once; what is longer is sent while it is made."""

MAX_KNOWN, MAX_KNOWN_BYTES = 16_384, 1024
"""Records whose answers are remembered, and how long they may be: 8 MB, and 32 more where no table has them now, with
those that were remembered before."""

_LAST_LINES = tuple(
    [f"content-length: {size}\r\ncontent-type: application/json\r\n" for size in range(MAX_KNOWN_BYTES)]
)
"""Those of short records, by their size: to print a number takes as long as to put a head together."""

STATUS_LINE = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


@final
class Answer(Struct, gc=False):
    """A whole answer."""

    status: int
    lines: bytes
    """The headers that are its own, each with its line end."""
    body: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it through ASGI; whoever carries it leaves the body of a HEAD out."""
        await send({"type": "http.response.start", "status": self.status, "headers": header_pairs(self.lines)})
        await send({"type": "http.response.body", "body": self.body})


@final
class Stream:
    """An answer whose body is made while it is sent: flat memory, and other requests get their turns.

    The first chunk is made before the status is sent, so that what can fail fails with a proper status. A client that
    goes away, or asked with HEAD, stops the making.
    """

    body = b""
    """What is sent with the head: nothing."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        work: Work | None,
        media: str,
        headers: Mapping[str, str] | None = None,
        status: int = 200,
        when_gone: Callable[[], None] | None = None,
    ) -> None:
        """Make an answer.

        Args:
            work: what making the chunks is a part of; the wait until they are taken is none. None: they are no work.
            when_gone: of an answer without an end: called when the client goes away, or sends its last byte, which is
                all that is seen of it while nothing is written. Any other is noticed by the next chunk.
        """
        self.chunks = chunks if work is None else work.taken(chunks)
        self.status, self._when_gone = status, when_gone
        self.first: bytes | None = None
        self.lines = _lines(headers) + f"content-type: {_told(media)}\r\n".encode()

    async def prime(self) -> Stream:
        """Make the first chunk. Raises what the making raises."""
        self.first = await anext(self.chunks, b"")
        return self

    async def take(self) -> bytes | None:
        """Return the next chunk, None behind the last. Nobody keeps one while the next is made: it has 64 KiB."""
        first, self.first = self.first, None
        return await anext(self.chunks, None) if first is None else first

    async def _pass_on(self, send: Send) -> bool:
        """Send the next chunk, and say whether there was one."""
        if (chunk := await self.take()) is None:
            return False
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it through ASGI."""
        gone = asyncio.create_task(_gone(receive))
        if (when_gone := self._when_gone) is not None:
            scope["ramekin.endless"] = True
            gone.add_done_callback(lambda _: when_gone())
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": header_pairs(self.lines)})
            while scope["method"] != "HEAD" and await self._pass_on(send):
                if gone.done():
                    return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await self.chunks.aclose()


Reply = Answer | Stream
"""What an endpoint answers."""


def header_pairs(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them: names and values."""
    found = (line.partition(b": ") for line in lines.split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in found]


def _lines(headers: Mapping[str, str] | None) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode("latin-1") if headers else b""


def _told(media: str) -> str:
    """Return a media type as it is told: text is UTF-8."""
    return f"{media}; charset=utf-8" if media.startswith("text/") and "charset" not in media else media


def record_answer(body: bytes, tag: str, status: int = 200, lines: str = "") -> Answer:
    """Return a record, or what is told of one, with the record's tag and further headers as lines."""
    size = len(body)
    last = _LAST_LINES[size] if size < MAX_KNOWN_BYTES else f"content-length: {size}\r\ncontent-type: {JSON}\r\n"
    return Answer(status, f'etag: "{tag}"\r\n{lines}{last}'.encode(), body)


_known: dict[bytes, Answer] = {}
_parting: list[bytes | Answer] = []
"""What was remembered before, and is let go of by and by: all at once would take 3 ms."""


def stored_answer(body: bytes) -> Answer:
    """Return the answer that tells a record which stands in a table, and may be read again soon.

    A stored body keeps its hash, and a dictionary knows it by its place in memory: a thirtieth of what a tag costs.
    """
    found = _known.get(body)
    if found is None:
        found = record_answer(body, codec.digest(body))
        if len(body) <= MAX_KNOWN_BYTES:
            if len(_known) == MAX_KNOWN:
                _parting.extend(chain(_known, _known.values()))
                _known.clear()
            del _parting[-4:]
            _known[body] = found
    return found


def body_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, media: str = JSON) -> Answer:
    """Return a body as it is."""
    told = f"content-length: {len(body)}\r\ncontent-type: {_told(media)}\r\n"
    return Answer(status, _lines(headers) + told.encode(), body)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a value as JSON."""
    return body_answer(codec.dump(value), status, headers)


def bodiless(status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer that has no body by its status: 204, 304."""
    return Answer(status, _lines(headers))


def not_modified(headers: Mapping[str, str]) -> Answer:
    """Return 304 with the headers of the whole answer: its tag, and what it depends on. Source: RFC 9110, 15.4.5."""
    return bodiless(304, headers)


def file_answer(content: bytes, digest: str, media: str, precondition: Precondition, lifetime: str) -> Answer:
    """Return a file, or 304 to a client that has it; the lifetime begins anew with either (RFC 9110, section 15.4.5).

    Raises PreconditionFailed.
    """
    headers = {"etag": f'"{digest}"', "cache-control": lifetime}
    if not precondition.matches(content):
        raise precondition.broken()
    return not_modified(headers) if precondition.knows(digest) else body_answer(content, headers=headers, media=media)


def ascii_json(value: object) -> str:
    """Return JSON in ASCII, as a header needs it."""
    text = codec.dump(value).decode()
    return "".join(c if c.isascii() else "".join(f"\\u{unit:04x}" for unit in _utf16(c)) for c in text)


def _utf16(character: str) -> Iterable[int]:
    raw = character.encode("utf-16-be")
    return (raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2))


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pack(pieces: AsyncIterator[Sequence[bytes]], between: bytes, first: bytes = b"") -> AsyncIterator[bytes]:
    """Yield pieces as chunks of about 64 KiB, with a separator between them."""
    chunk, size, is_first = [], 0, True
    async for batch in pieces:
        for piece in batch:
            chunk.append(first + piece if is_first else between + piece)
            is_first = False
            size += len(piece)
            if size >= CHUNK_BYTES:
                whole, chunk, size = [b"".join(chunk)], [], 0
                yield whole.pop()  # so that nobody keeps the pieces, or the whole, while it is sent
    if chunk:
        yield b"".join(chunk)


async def array_reply(
    items: list[T],
    text_of: Callable[[T], bytes],
    work: Work,
    status: int = 200,
    *,
    opening: bytes = b"[",
    closing: bytes = b"]",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Return JSON texts of some items as an array, made in turns: whole if it is short, else sent while it is made.

    The items are taken out of their list one by one, so that they need not be freed all at once.
    """
    items.reverse()
    texts = (text_of(items.pop()) for _ in range(len(items)))
    chunks, ready, size = _array(texts, work, opening, closing), list[bytes](), 0
    async for chunk in chunks:
        ready.append(chunk)
        size += len(chunk)
        if size > SHORT_BYTES:
            return await Stream(_behind(ready, chunks), work, JSON, headers, status).prime()
    return body_answer(b"".join(ready), status, headers)


async def _array(items: Iterable[bytes], work: Work, opening: bytes, closing: bytes) -> AsyncIterator[bytes]:
    async for chunk in pack(_some_at_a_time(items, work), b",", first=opening):
        yield chunk
        opening = b""
    yield opening + closing


async def _some_at_a_time(items: Iterable[bytes], work: Work) -> AsyncIterator[Sequence[bytes]]:
    for item in items:
        yield (item,)
        await work.rest()


async def _behind(ready: Iterable[bytes], chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    for chunk in ready:
        yield chunk
    async for chunk in chunks:
        yield chunk
