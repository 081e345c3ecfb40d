"""Reading requests strictly: parameters, media types, bodies with limits, conditional headers, preferences.

Nothing that a client sends is ignored: what a route does not know is an error that names the nearest right word.
Knows nothing of what is done with it.
"""

from __future__ import annotations

import asyncio
import re
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.requests import ClientDisconnect

from ramekin.errors import (
    BodyTooLarge,
    InvalidHeader,
    InvalidParameter,
    LimitTooLarge,
    MalformedPath,
    NotAcceptable,
    UnknownParameter,
    UnsupportedMediaType,
    did_you_mean,
    shorten,
)
from ramekin.operations import Condition

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence

    from starlette.types import Scope

JSON, NDJSON, CSV, MERGE_PATCH = "application/json", "application/x-ndjson", "text/csv", "application/merge-patch+json"

MAX_PARAMETERS = 100

WATCH_S = 0.05
"""Seconds of work after which a client is watched, so that work nobody waits for stops."""

T = TypeVar("T", bound=str)

_NOTHING_PREFERRED: frozenset[str] = frozenset()
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')


class WholeRequest(Request):
    """A request that has arrived whole, as far as endpoints and the edge read one; it is made without ASGI.

    The headers are a plain dictionary by their names in small letters; none of them stands twice.
    """

    headers: Mapping[str, str] = {}  # type: ignore[assignment]  # an attribute in place of Starlette's property
    method = ""

    def __init__(
        self, method: str, path: str, query: bytes, headers: Mapping[str, str], content: bytes, request_id: str
    ) -> None:
        self.began_s = perf_counter()
        self.method, self.path, self.headers, self.content = method, path, headers, content
        self.request_id, self.extra = request_id, dict[str, str]()
        self.scope = {"type": "http", "query_string": query}

    async def body(self) -> bytes:
        return self.content

    async def stream(self) -> AsyncGenerator[bytes, None]:
        yield self.content


def request_id(scope: Scope) -> str:
    """Return the request's id, which the edge has put into the scope."""
    return str(scope.get("ramekin.request_id", "-"))


def read_parameters(request: Request, allowed: Collection[str] = ()) -> dict[str, str]:
    """Return the query's parameters by name, on a route that takes no conditions.

    Raises:
        UnknownParameter: one that the route does not take.
        InvalidParameter: one stands twice, or there are too many.
        MalformedPath: the query is not UTF-8.
    """
    if not request.scope["query_string"]:
        return {}
    found, others = read_query(request, allowed)
    for name, _ in others:
        taken = f"This route takes {', '.join(sorted(allowed))}." if allowed else "This route takes none."
        raise UnknownParameter(f"Unknown parameter '{shorten(name)}'.{did_you_mean(name, allowed)} {taken}")
    return found


def read_query(request: Request, words: Collection[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the reserved words of a query by name, and all other parameters in order: its conditions.

    Raises:
        InvalidParameter: a word stands twice, or there are too many parameters.
        MalformedPath: the query is not UTF-8.
    """
    return split_query(request.scope["query_string"], words)


def split_query(query: bytes, words: Collection[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return what `read_query` does, of a query's text."""
    if not query:
        return {}, []
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeError:
        raise MalformedPath("The query is not UTF-8 once its percent signs are decoded.") from None
    except ValueError:
        raise InvalidParameter(f"There are more than {MAX_PARAMETERS} parameters.") from None
    found: dict[str, str] = {}
    others = []
    for name, value in pairs:
        if name not in words:
            others.append((name, value))
        elif name in found:
            raise InvalidParameter(f"The parameter '{name}' stands twice.")
        else:
            found[name] = value
    return found, others


def integer(parameters: dict[str, str], name: str, default: int, *, maximum: int | None = None) -> int:
    """Return a parameter that is a whole number of 0 or more. Raises InvalidParameter."""
    text = parameters.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        raise InvalidParameter(f"'{name}' is a whole number of 0 or more.")
    if maximum is not None and int(text) > maximum:
        raise LimitTooLarge(f"'{name}' is at most {maximum}.")
    return int(text)


def flag(parameters: dict[str, str], name: str) -> bool:
    """Return a parameter that is true or false; false if it is absent. Raises InvalidParameter."""
    return choice(parameters, name, ("false", "true")) == "true"


def choice(parameters: dict[str, str], name: str, values: Sequence[T]) -> T:
    """Return a parameter that is one of some words; the first of them if it is absent. Raises InvalidParameter."""
    text = parameters.get(name, values[0])
    for value in values:
        if value == text:
            return value
    raise InvalidParameter(f"'{name}' is one of {', '.join(values)}.{did_you_mean(text, values)}")


def media_type(request: Request, allowed: Sequence[str]) -> str:
    """Return the body's media type, one of those allowed.

    Raises:
        UnsupportedMediaType: it is another one or none, not UTF-8, or the body is compressed.
    """
    header = request.headers.get("content-type", "")
    encoding = request.headers.get("content-encoding", "identity")
    if header in allowed and encoding == "identity":
        return header
    kind, _, rest = header.partition(";")
    kind = kind.strip().lower()
    if encoding.strip().lower() != "identity":
        raise UnsupportedMediaType("A body with a Content-Encoding is not read; send it as it is.")
    if kind not in allowed:
        said = "has no Content-Type" if not kind else f"has the Content-Type '{shorten(kind)}'"
        raise UnsupportedMediaType(f"The body {said}; send {' or '.join(allowed)}.")
    charset = re.search(r'charset\s*=\s*"?([^\s";]+)', rest, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("The body must be UTF-8; send no charset, or charset=utf-8.")
    return kind


def check_length(request: Request, limit: int) -> None:
    """Refuse a body whose announced length is over the limit, before any of it is read. Raises BodyTooLarge."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body. Raises BodyTooLarge without reading the rest."""
    if isinstance(request, WholeRequest):
        if len(request.content) > limit:
            raise _too_large(limit)
        return request.content
    return b"".join([chunk async for chunk in read_chunks(request, limit)])


async def read_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives. Raises BodyTooLarge without reading the rest."""
    check_length(request, limit)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if chunk:
            yield chunk


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit} bytes.")


def check_no_body(request: Request) -> None:
    """Refuse a body where none belongs. Raises UnsupportedMediaType."""
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        raise UnsupportedMediaType("This request takes no body.")


def _listed(request: Request, name: str) -> str | None:
    """Return a header that is a list: several lines of it are one. Source: RFC 9110, section 5.3."""
    header = request.headers.get(name)
    if header is None or isinstance(request, WholeRequest):
        return header
    return ", ".join(request.headers.getlist(name))


def accepted(request: Request, offered: Sequence[str]) -> str:
    """Return the offered media type that the client likes best; the first one if it does not say.

    Raises:
        NotAcceptable: it accepts none of them.

    Source: RFC 9110, section 12.5.1.
    """
    header = _listed(request, "accept") or ""
    if not header or header == "*/*":
        return offered[0]
    best, best_quality = None, 0.0
    ranges = [_media_range(part) for part in header.split(",") if part.strip()]
    for kind in offered:
        fitting = [(len(name.replace("*", "")), quality) for name, quality in ranges if _fits(kind, name)]
        quality = max(fitting)[1] if fitting else 0.0
        if quality > best_quality:
            best, best_quality = kind, quality
    if best is None:
        raise NotAcceptable(f"This route answers with {' or '.join(offered)}.")
    return best


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.lower(), min(1.0, max(0.0, float(value)))
            except ValueError:
                raise InvalidHeader("A quality in Accept is a number from 0 to 1.") from None
    return name.lower(), 1.0


def _fits(kind: str, name: str) -> bool:
    return name in ("*/*", kind) or (name.endswith("/*") and kind.startswith(name[:-1]))


def read_condition(request: Request) -> Condition:
    """Return what If-Match and If-None-Match ask for. Raises InvalidHeader.

    If-Match compares strongly: a weak tag matches nothing. Source: RFC 9110, section 13.1.
    """
    if_match, if_none_match = _listed(request, "if-match"), _listed(request, "if-none-match")
    if if_match is None and if_none_match is None:
        return Condition()
    return Condition(
        None if if_match is None else _tags(if_match, "If-Match", weak_too=False),
        None if if_none_match is None else _tags(if_none_match, "If-None-Match", weak_too=True),
    )


def none_match(request: Request, opaque: str) -> bool:
    """Say whether If-None-Match names this tag, or any: the client's copy is fresh. Raises InvalidHeader."""
    header = _listed(request, "if-none-match")
    if header is None:
        return False
    tags = _tags(header, "If-None-Match", weak_too=True)
    return opaque in tags or "*" in tags


def _tags(header: str, name: str, *, weak_too: bool) -> frozenset[str]:
    if header.strip() == "*":
        return frozenset("*")
    tags, at = set(), 0
    while at < len(header):
        found = _TAG.match(header, at)
        if found is None:
            raise InvalidHeader(f"{name} is '*' or a list of entity tags in double quotes.")
        if weak_too or not found[1]:
            tags.add(found[2])
        at = found.end()
    if not header.strip():
        raise InvalidHeader(f"{name} is empty.")
    return frozenset(tags - {"*"})


class stopped_when_gone:  # noqa: N801  # used as a function, in ``async with``
    """Stops what is done inside when the client goes away, 50 ms after it began or later. The body has been read.

    Nothing is waited for on behalf of work that is done sooner, so that short work costs no task.

    Raises:
        ClientDisconnect: the client has gone.
    """

    def __init__(self, request: Request) -> None:
        self._request, self._is_gone = request, False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_S, self._begin)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_gone and kind is asyncio.CancelledError:
            raise ClientDisconnect from None

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        if self._work is not None:
            self._work.cancel()


def preferences(request: Request) -> frozenset[str]:
    """Return the Prefer header's tokens (RFC 7240), such as ``return=minimal``; unknown ones may be ignored."""
    header = _listed(request, "prefer")
    if header is None:
        return _NOTHING_PREFERRED
    parts = re.split(r"[,;]", header)
    return frozenset(re.sub(r"[\s\"]", "", part).lower() for part in parts if part.strip())
