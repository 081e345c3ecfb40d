"""Reading requests strictly: parameters, media types, bodies with limits, conditional headers, preferences.

Nothing that a client sends is ignored: what a route does not know is an error that names the nearest right word.
Knows nothing of what is done with it.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from msgspec import Struct
from starlette.requests import ClientDisconnect

from ramekin.api.routes import API
from ramekin.errors import (
    BodyTooLarge,
    InvalidParameter,
    LimitTooLarge,
    MalformedPath,
    UnknownParameter,
    UnsupportedMediaType,
    did_you_mean,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from starlette.types import Scope

MAX_PARAMETERS = 100
"""Parameters of an address, besides the cursor, so that the next page of every query can be asked for."""

WATCH_S = 0.05
"""Seconds of work after which a client is watched, so that work nobody waits for stops."""

T = TypeVar("T", bound=str)

_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")


NO_QUERY: Scope = {"query_string": b""}
_NOTHING: Mapping[str, str] = {}


class WholeRequest(Struct, gc=False):
    """A request that has arrived whole, as far as endpoints and the edge read one; it is made without ASGI.

    The headers are a plain dictionary by their names in small letters; none of them stands twice. It stands in for
    Starlette's `Request`, of which it is no subclass: that would make it three times as costly to make.
    """

    began_s: float
    method: str
    parts: tuple[str, ...]
    """Those of the path, behind ``/api/v1/data/``."""
    scope: Scope
    headers: Mapping[str, str]
    content: bytes
    request_id: str
    extra: Mapping[str, str] = _NOTHING

    @property
    def path(self) -> str:
        """Return the path, which the access log alone reads."""
        return f"{API}/data/{'/'.join(self.parts)}"


Asked = Request | WholeRequest
"""What endpoints read."""


def request_id(scope: Scope) -> str:
    """Return the request's id, which the edge has put into the scope."""
    return str(scope.get("ramekin.request_id", "-"))


def read_parameters(request: Asked, allowed: Collection[str] = ()) -> dict[str, str]:
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


def read_query(request: Asked, words: Collection[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
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
        most = MAX_PARAMETERS + 1
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except UnicodeError:
        raise MalformedPath("The query is not UTF-8 once its percent signs are decoded.") from None
    except ValueError:
        raise _too_many() from None
    found: dict[str, str] = {}
    others = []
    for name, value in pairs:
        if name not in words:
            others.append((name, value))
        elif name in found:
            raise InvalidParameter(f"The parameter '{name}' stands twice.")
        else:
            found[name] = value
    if len(pairs) > MAX_PARAMETERS and "cursor" not in found:
        raise _too_many()
    return found, others


def _too_many() -> InvalidParameter:
    return InvalidParameter(f"There are more than {MAX_PARAMETERS} parameters.")


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
    if name not in parameters:
        return values[0]
    text = parameters[name]
    for value in values:
        if value == text:
            return value
    known = ", ".join(value if value.isalnum() else f"'{value}'" for value in values)
    raise InvalidParameter(f"'{name}' is one of {known}.{did_you_mean(text, values)}")


def check_length(request: Asked, limit: int) -> None:
    """Refuse a body whose announced length is over the limit, before any of it is read. Raises BodyTooLarge."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


async def read_body(request: Asked, limit: int) -> bytes:
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


def check_no_body(request: Asked) -> None:
    """Refuse a body where none belongs. Raises UnsupportedMediaType."""
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        raise UnsupportedMediaType("This request takes no body.")


class stopped_when_gone:  # noqa: N801  # used as a function, in ``async with``
    """Stops what is done inside when the client goes away, 50 ms after it began or later. The body has been read.

    Nothing is waited for on behalf of work that is done sooner, so that short work costs no task.

    Raises:
        ClientDisconnect: the client has gone.
    """

    def __init__(self, request: Asked) -> None:
        self._request, self._is_gone = request, False
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        if not isinstance(self._request, WholeRequest):  # whose protocol stops it
            self._work = asyncio.current_task()
            self._timer = asyncio.get_running_loop().call_later(WATCH_S, self._begin, self._request)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_gone and kind is asyncio.CancelledError:
            raise ClientDisconnect from None

    def _begin(self, request: Request) -> None:
        self._watcher = asyncio.create_task(self._watch(request))

    async def _watch(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        if self._work is not None:
            self._work.cancel()
