"""The body of a request, cut out of the bytes that arrive: of a length that is known, or in chunks.

Each `take` is given what arrived and a place in it, and returns what is content from there, and the place behind.
Chunks may be as small as a byte, and each takes 5 µs to read, so no more are read at once than the caller says. Knows
no connections; see ``heads.py`` for what says which of the two it is.

Source: RFC 9112, sections 6.2 and 7.1.
"""

from __future__ import annotations

import re
from typing import Protocol

from ramekin.api.http.heads import CHUNKED, UNFINISHED_LINES, read_fields
from ramekin.errors import HeadTooLarge, MalformedRequest, RamekinError

MAX_LINE_BYTES = 4096
"""Bytes of a chunk's first line, which is its size and extensions, and of all trailers: what nobody reads."""

FEW_CHUNKS = 64
"""Chunks of a body that is waited for before it is answered; one in more of them is read bit by bit."""

MAX_SIZE_DIGITS = 15
"""Digits of a chunk's size: what 64 bits hold, whoever else reads it."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = rb'"(?>(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"'
_EXTENSION = rb"[ \t]*+;[ \t]*+%b(?>(?:[ \t]*+=[ \t]*+(?:%b|%b))?)" % (_TOKEN, _TOKEN, _QUOTED)
_SIZE = re.compile(rb"([0-9A-Fa-f]++)(?>(?:%b)*)" % _EXTENSION)
_UNFINISHED_SIZE = re.compile(rb"([0-9A-Fa-f]*+)(?>(?:[ \t;][\t -~\x80-\xff]*+)?)\r?+")


class Body(Protocol):
    """What of a request's body is still to come."""

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is to come."""

    @property
    def left_bytes(self) -> int:
        """Return how many bytes are to come at the least."""

    def take(self, data: bytes, at: int, most: int) -> tuple[bytes, int]:
        """Return the content in what arrived, from a place on, and where it goes on.

        Args:
            most: chunks that may be read; behind them more of the body may follow.

        Raises:
            MalformedRequest, HeadTooLarge.
        """


def awaited_bytes(data: bytes, at: int, body_bytes: int) -> int:
    """Return how many bytes of a short body are missing that begins at a place; of one in few chunks at least 1."""
    if body_bytes != CHUNKED:
        return max(0, at + body_bytes - len(data))
    body = ChunkedBody()
    try:
        _, end = body.take(data, at, FEW_CHUNKS)
    except RamekinError:  # which is told of in its turn
        return 0
    return int(end == len(data) and not body.is_whole)


def body_of(body_bytes: int) -> Body:
    """Return the body that a head announces: so many bytes, or `CHUNKED`."""
    return ChunkedBody() if body_bytes == CHUNKED else SizedBody(body_bytes)


class SizedBody:
    """A body of so many bytes."""

    def __init__(self, size_bytes: int) -> None:
        self.left_bytes = size_bytes

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is to come."""
        return not self.left_bytes

    def take(self, data: bytes, at: int, most: int) -> tuple[bytes, int]:  # noqa: ARG002  # one piece, whatever it is
        """Return the content in what arrived, and where it ends."""
        content = data[at : at + self.left_bytes]
        self.left_bytes -= len(content)
        return content, at + len(content)


class ChunkedBody:
    """A body in chunks. Extensions and trailers are read, so that what follows them is found, and count for nothing."""

    def __init__(self) -> None:
        self.is_whole = False
        self.left_bytes = 0  # of this chunk
        self._rest = b""  # of a line that is not whole
        self._read = self._read_size  # what comes next: a size, the end of a chunk, or trailers

    def take(self, data: bytes, at: int, most: int) -> tuple[bytes, int]:
        """Return the content in what arrived, and where it ends. Raises MalformedRequest, HeadTooLarge."""
        size_bytes, content = len(data), list[bytes]()
        if self._rest and most:
            data, at, self._rest = self._rest + data[at:], 0, b""
        while not self.is_whole and len(content) < most:
            if self.left_bytes:
                piece = data[at : at + self.left_bytes]
                if not piece:
                    break
                content.append(piece)
                self.left_bytes -= len(piece)
                at += len(piece)
            else:
                after = self._read(data, at)
                if after == at:
                    self._rest, at = data[at:], len(data)
                    break
                at = after
        return b"".join(content), size_bytes - len(data) + at

    def _read_size(self, data: bytes, at: int) -> int:
        """Read a chunk's first line, and return where it ends; the same place if it is not whole."""
        most = at + MAX_LINE_BYTES
        end = data.find(b"\r\n", at, most)
        found = _UNFINISHED_SIZE.fullmatch(data, at, most) if end < 0 else _SIZE.fullmatch(data, at, end)
        if found is None:
            raise MalformedRequest("A chunk does not begin with its size in hexadecimal digits.")
        if len(found[1]) > MAX_SIZE_DIGITS:
            raise MalformedRequest(f"A chunk's size has more than {MAX_SIZE_DIGITS} digits.")
        if end < 0:
            if len(data) >= most:
                raise MalformedRequest(f"A chunk's size and extensions have more than {MAX_LINE_BYTES} bytes.")
            return at
        self.left_bytes = int(found[1], 16)
        self._read = self._read_end if self.left_bytes else self._read_trailers
        return end + 2

    def _read_end(self, data: bytes, at: int) -> int:
        """Read the end of a chunk's content."""
        if not b"\r\n".startswith(data[at : at + 2]):
            raise MalformedRequest("A chunk is longer than its size.")
        if len(data) - at < 2:
            return at
        self._read = self._read_size
        return at + 2

    def _read_trailers(self, data: bytes, at: int) -> int:
        """Read what stands behind the last chunk: headers, which are checked and forgotten, and an empty line."""
        end = at if data.startswith(b"\r\n", at) else data.find(b"\r\n\r\n", at, at + MAX_LINE_BYTES)
        if end < 0:
            if not UNFINISHED_LINES.fullmatch(data, at, at + MAX_LINE_BYTES):
                raise MalformedRequest("A trailer has a control character, or a line that does not end with CR LF.")
            if len(data) - at >= MAX_LINE_BYTES:
                raise HeadTooLarge(f"The trailers have more than {MAX_LINE_BYTES} bytes.")
            return at
        if end > at:
            end += 2  # of the last trailer's own line
        read_fields(data[at:end])
        self.is_whole = True
        return end + 2
