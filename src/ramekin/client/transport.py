"""Between calls and httpx2: requests made of calls, and what failures mean."""

from __future__ import annotations

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from os import getpid
from threading import Event
from typing import Any, Generic, TypeVar

import httpx2

from ramekin.client.exchange import Call, Lost
from ramekin.client.replies import ClientClosed, EndedEarly, NoAnswer, Reply
from ramekin.client.sockets import Sockets

H = TypeVar("H", httpx2.Client, httpx2.AsyncClient)

LOOK_S = 0.2
"""Seconds between two looks of a coroutine that waits whether its client is closed."""


class Connections(Generic[H]):
    """The connections of a client: anew in each process that a fork makes of one, and in each event loop.

    Two processes that share a connection would read each other's answers; one loop cannot wait for another's.
    """

    def __init__(self, given: H | None, made_of: type[H], servers: Sequence[str], timeout_s: float) -> None:
        """Take the caller's own, which are used as they are, or make some of a class. Raises TypeError."""
        if not isinstance(given, made_of | None):
            raise TypeError(f"'http' is an httpx2.{made_of.__name__}, or None")
        self._is_own = given is None
        self._is_async = issubclass(made_of, httpx2.AsyncClient)
        self._make: Callable[[], H] = partial(made_of, timeout=timeout_s, verify=_has_tls(servers))
        self._http: H = self._make() if given is None else given
        self._closed, self._sockets = Event(), Sockets()
        self._process = getpid()
        self._loop: AbstractEventLoop | None = None
        self._parents: H | None = None  # kept, since to let go of them could end them for the parent

    def http(self) -> H:
        """Return those of this process and loop. Raises ClientClosed. Cost: O(1)."""
        http = self._current()
        if self.is_closed:
            raise ClientClosed
        return http

    @property
    def is_closed(self) -> bool:
        """Whether they are closed, by this client or by whom they are."""
        return self._closed.is_set() or self._http.is_closed

    def extensions(self) -> dict[str, Any]:
        """Return what each request is sent with, so that `end` wakes a thread that waits for its answer."""
        return {} if self._is_async or not self._is_own else {"trace": self._sockets.trace}

    def end(self) -> H | None:
        """Say that the client is closed, to whoever waits too; return what is to be closed now, if anything is."""
        http = self._current()
        if not self._is_own or self._closed.is_set():
            return None
        self._closed.set()
        self._sockets.shut()
        return http

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have whatever is wrong with connections that were closed meanwhile told as that. Raises ClientClosed.

        What the caller does with an answer is not done in here: its own exceptions mean what they say.
        """
        try:
            yield
        except Exception:
            if self.is_closed:
                raise ClientClosed from None
            raise

    def guard(self, response: httpx2.Response) -> None:
        """Have failures while the body of an answer is read told in our words."""
        response.stream = _Body(response.stream, self.reading)

    def rest(self, wait_s: float) -> None:
        """Wait, until it is closed at the most."""
        if wait_s:
            self._closed.wait(wait_s)

    async def rest_in_loop(self, wait_s: float) -> None:
        """Wait, until it is closed at the most, which is looked at now and then; in asyncio or in Trio."""
        from anyio import sleep  # which httpx2 has imported by then, and not before its first client

        while wait_s > 0 and not self.is_closed:
            await sleep(min(wait_s, LOOK_S))
            wait_s -= LOOK_S

    def _current(self) -> H:
        if self._is_own and self._process != getpid():
            self._parents, self._http, self._process = self._http, self._make(), getpid()
            self._sockets = Sockets()
        if self._is_own and self._is_async and self._loop is not (loop := _running_loop()):
            if self._loop is not None and not self._closed.is_set():
                self._http = self._make()
            self._loop = loop
        return self._http


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The body of an answer as it comes. Reading it raises EndedEarly, and ClientClosed."""

    def __init__(self, stream: Any, reading: Callable[[], AbstractContextManager[None]]) -> None:
        self._stream, self._reading = stream, reading

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            with self._reading():
                yield
        except httpx2.TransportError as error:
            raise EndedEarly(f"The answer ended early: {_said(error)}.") from None

    def __iter__(self) -> Iterator[bytes]:
        with self._telling():
            yield from self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._telling():
            async for piece in self._stream:
                yield piece

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _running_loop() -> AbstractEventLoop | None:
    with suppress(RuntimeError):
        return get_running_loop()
    return None  # there is none yet, or it is Trio's


def _has_tls(servers: Sequence[str]) -> bool:
    """Say whether certificates must be read, which takes 30 ms."""
    return any(server.startswith("https") for server in servers)


def request_of(
    http: httpx2.Client | httpx2.AsyncClient,
    server: str,
    key: str | None,
    call: Call[Any],
    extensions: dict[str, Any] | None = None,
) -> httpx2.Request:
    """Return the request of a call. A path that the server gave (`next`) stands for all behind the host."""
    headers = dict(call.headers)
    if call.body is not None:
        headers["Content-Type"] = call.media
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    address = address_of(server, call.path)
    return http.build_request(call.method, address, content=call.body, headers=headers, extensions=extensions)


def address_of(server: str, path: str) -> str:
    """Return where a path is on a server, which may stand below a path of its own that `next` begins with too."""
    prefix = httpx2.URL(server).path.rstrip("/")
    return server + (path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path)


def reply_of(response: httpx2.Response) -> Reply:
    """Return an answer; without its body, if nobody has read that yet."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content if response.is_stream_consumed else b"")


def lost(server: str, error: httpx2.TransportError) -> Lost:
    """Return what a failure means to whoever waits for an answer: the request may have come to the server, or not."""
    was_sent = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return Lost(was_sent, f"No answer from {server}: {_said(error)}.")


def _said(error: httpx2.TransportError) -> str:
    return str(error).rstrip(".") or type(error).__name__


class Lines:
    """Cuts a text that comes in pieces at line feeds, and at no other sign that ends a line: records hold those."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, piece: bytes) -> list[bytes]:
        """Return the lines that are whole with a piece. What is behind the last line end waits for the next."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines

    def finish(self) -> None:
        """Say that nothing more comes. Raises NoAnswer where a line is not whole."""
        if self._rest:
            raise NoAnswer("The answer ended early, in the middle of a record.")
