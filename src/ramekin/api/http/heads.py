"""The head of a request, read strictly: its line, its headers, and how long its body is.

Whoever stands in front, a proxy say, has read the same bytes before. Where the two could read them differently, a
request can be hidden in another one's body, so whatever HTTP leaves to taste is refused here. Nothing that a client
offers (``Upgrade``) or announces (``Trailer``) changes where a request ends. Knows no connections; see
``bodies.py`` for what follows a head.

Source: RFC 9112 (sections 2.2, 3, 5, 6) and RFC 9110 (sections 5.5, 7.2, 7.8).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ramekin.access.keys import digest_of
from ramekin.errors import AddressTooLong, HeadTooLarge, MalformedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ramekin.api.http.asked import Wishes

    Pairs = list[tuple[bytes, bytes]]

MAX_HEAD_BYTES = 32 * 1024
"""Bytes of a head, with the empty line that ends it."""

MAX_FIELDS = 100

LONGER_THAN_ANY_LIMIT = 10**18
"""What stands for every longer length of a body, which no endpoint takes."""

CHUNKED = -1
"""What stands for the length of a body that comes in chunks."""

SINGLE = frozenset(
    {b"authorization", b"content-encoding", b"content-length", b"content-type", b"host", b"origin", b"sec-fetch-site"}
)
"""Headers that decide something and hold one value: of two, nobody can say which counts."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_LINE = re.compile(rb"(%b) ([!-~]++) HTTP/1\.([0-9])" % _TOKEN)
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(rb"[\t -~\x80-\xff]*+")
_ABSOLUTE = re.compile(rb"https?://([^/?]++)([^?]*+)(\?.*+)?", re.IGNORECASE)
_HOST = re.compile(rb"(?:[A-Za-z0-9._~-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]*+)?")
_CR = 0x0D
UNFINISHED_LINES = re.compile(rb"(?>(?:[\t -~\x80-\xff]++|\r\n)*)\r?+")
"""Lines that may still become headers, or trailers."""

_ID_BEGINS = len("x-request-id: ")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestLine(NamedTuple):
    """A request line: ``GET /path?query HTTP/1.1``."""

    method: str
    path: bytes
    query: bytes
    host: bytes | None
    """The host in the address, where it holds one."""
    is_http_1_0: bool


def read_line(line: bytes) -> RequestLine:
    """Return a request line, which is given without its end. Raises MalformedRequest."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise MalformedRequest(
            "The first line is not 'METHOD /path HTTP/1.1', with one space between and no other; what is not ASCII "
            "stands percent-encoded in the path."
        )
    method, target, host = found[1].decode(), found[2], None
    if b"#" in target:
        raise MalformedRequest("The address has a '#', which is never sent: write %23.")
    if absolute := _ABSOLUTE.fullmatch(target):
        host, target = absolute[1], (absolute[2] or b"/") + (absolute[3] or b"")
    if not target.startswith(b"/") and not (target == b"*" and method == "OPTIONS") and method != "CONNECT":
        raise MalformedRequest("The address begins with '/' or 'http://'.")
    path, _, query = target.partition(b"?")
    return RequestLine(method, path, query, host, found[3] == b"0")


def read_fields(block: bytes) -> Pairs:
    """Return the lines of a header block as names in small letters and values.

    Args:
        block: every line with its end, without the empty line behind the last.

    Raises:
        MalformedRequest, HeadTooLarge.
    """
    lines = block.split(b"\r\n")[:-1]
    if len(lines) > MAX_FIELDS:
        raise HeadTooLarge(f"There are more than {MAX_FIELDS} headers.")
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            raise MalformedRequest("A header goes on in a second line; write it in one.")
        if not colon or not _NAME.fullmatch(name):
            raise MalformedRequest("A header is not 'Name: value', with no space before the colon.")
        if not _VALUE.fullmatch(value):
            raise MalformedRequest("A header's value has a control character.")
        pairs.append((name.lower(), value.strip(b" \t")))
    return pairs


def check_unfinished(data: bytes, checked: int) -> None:
    """Refuse the beginning of a head that can become none.

    Args:
        checked: so many bytes of it have been checked before, so that a head which comes byte by byte costs O(bytes).

    Raises:
        MalformedRequest, AddressTooLong, HeadTooLarge.
    """
    if checked and data[checked - 1] == _CR:
        checked -= 1
    if not UNFINISHED_LINES.fullmatch(data, checked, MAX_HEAD_BYTES):
        raise MalformedRequest("A control character stands in the head, or a line does not end with CR LF.")
    if data.find(b"\r\n", checked) >= 0 and (line_end := data.index(b"\r\n")) >= checked:
        read_line(data[:line_end])
    if len(data) > MAX_HEAD_BYTES:
        raise too_large(data)


def too_large(data: bytes) -> AddressTooLong | HeadTooLarge:
    """Return what is wrong with a head of too many bytes: its first line alone, or all together."""
    if b"\r\n" not in data[:MAX_HEAD_BYTES]:
        return AddressTooLong(f"The first line has more than {MAX_HEAD_BYTES} bytes.")
    return HeadTooLarge(f"The first line and the headers have more than {MAX_HEAD_BYTES} bytes.")


class Head:
    """The headers of a request, by their names in small letters, and what they say of it.

    Raises:
        MalformedRequest: they break a rule of HTTP, or could be read in two ways.
    """

    __slots__ = (
        "body_bytes",
        "closes",
        "expects_100",
        "headers",
        "id_line",
        "is_usual",
        "pairs",
        "request_id",
        "secret_sha256",
        "tail",
        "wishes",
    )

    def __init__(self, pairs: Pairs, version: str = "1.1") -> None:
        self.pairs = pairs
        self.secret_sha256: bytes | None = None
        """The hash of the key that is shown. The key itself is kept nowhere: heads are remembered."""
        self.headers: dict[str, str] = {}
        """Those that stand in several lines as one, with commas between (RFC 9110, section 5.3)."""
        for name, value in pairs:
            text, key = value.decode("latin-1"), name.decode("latin-1")
            if key in self.headers:
                if name in SINGLE:
                    raise MalformedRequest(f"The header {name.decode().title()} stands twice.")
                text = f"{self.headers[key]}, {text}"
            self.headers[key] = text
        if "authorization" in self.headers:
            self.pairs = [pair for pair in pairs if pair[0] != b"authorization"]
            self.secret_sha256 = _read_key(self.headers.pop("authorization"))
        _check_host(self.headers.get("host"), version)
        self.body_bytes = _read_length(self.headers, version)
        self.closes = version == "1.0" or "close" in _words(self.headers.get("connection", ""))
        self.expects_100 = version == "1.1" and self.headers.get("expect", "").lower() == "100-continue"
        self.request_id = _sent_id(self.headers)
        self.id_line = None if self.request_id is None else id_line(self.request_id)
        """What tells of the id that the client gave to its request, None if it gave none."""
        self.wishes: dict[object, Wishes] = {}
        """What they wish for, by the endpoint that has read them."""
        self.is_usual = (
            len(self.headers) == len(self.pairs)
            and self.body_bytes != CHUNKED
            and not self.closes
            and "expect" not in self.headers
        )
        """Whether the short way may be taken."""
        self.tail = b""
        """What follows the address in a request with these headers and no body, where one may be known by it."""


def head_of(line: RequestLine, block: bytes) -> Head:
    """Return the head of a request. A host in the address counts, and not the header (RFC 9112, section 3.2.2).

    Raises:
        MalformedRequest, HeadTooLarge.
    """
    pairs, version = read_fields(block), "1.0" if line.is_http_1_0 else "1.1"
    head = Head(pairs, version)
    if line.host is None:
        return head
    return Head([(b"host", line.host), *(pair for pair in pairs if pair[0] != b"host")], version)


def _read_key(sent: str) -> bytes | None:
    """Return the hash of the key that a request shows; None if it shows none in the one way there is.

    Source: RFC 6750, section 2.1. A key in an address would be in logs, histories and the next page's `Referer`.
    """
    scheme, _, token = sent.partition(" ")
    secret = token.strip() if scheme.lower() == "bearer" else ""
    return digest_of(secret) if secret else None


def _sent_id(headers: dict[str, str]) -> str | None:
    """Return the id that a client gave to its request, if it is a proper one."""
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else None


def id_line(request_id: str) -> bytes:
    """Return the header by which an answer tells of the id of its request."""
    return b"x-request-id: %b\r\n" % request_id.encode()


def id_in(line: bytes) -> str:
    """Return the id of which a header tells."""
    return line[_ID_BEGINS:-2].decode()


def _check_host(host: str | None, version: str) -> None:
    """Refuse a request that does not say which host it is for. Raises MalformedRequest."""
    if host is None:
        if version == "1.1":
            raise MalformedRequest("The header Host is missing.")
    elif not _HOST.fullmatch(host.encode("latin-1")):
        raise MalformedRequest("The header Host is not a name or an address, with or without a port.")


def _read_length(headers: dict[str, str], version: str) -> int:
    """Return the bytes of the body, or `CHUNKED`. Raises MalformedRequest."""
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if version == "1.0":
            raise MalformedRequest("HTTP/1.0 has no Transfer-Encoding.")
        if length is not None:
            raise MalformedRequest("Content-Length and Transfer-Encoding stand in one request.")
        if coding.lower() != "chunked":
            raise MalformedRequest("A Transfer-Encoding other than 'chunked' alone is not read.")
        return CHUNKED
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit()):
        raise MalformedRequest("Content-Length is a number in digits.")
    return int(length[-18:]) if not length[:-18].strip("0") else LONGER_THAN_ANY_LIMIT


def _words(value: str) -> Iterable[str]:
    return (word.strip(" \t").lower() for word in value.split(","))


NO_HEAD = Head([], "1.0")
"""What stands for a head that was not read before."""
