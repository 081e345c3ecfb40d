"""Many connections driven by one loop: requests by the clock, by clients that repeat, and in floods.

A `Load` sends what is due and reads what has come, and counts. Knows nothing of what is measured; see ``overload.py``.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.machine import waited_seconds
from benchmarks.server import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.server import Server

NAP_S = 0.001
"""How long the driver sleeps at the most: one that never does is kept waiting by others who want its core."""

AGAIN_S = 1.0
"""How long a client waits that was refused, as `Retry-After` says."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment by the clock, by the server's core, and by the waits of server and driver for cores that others had."""

    clock: float
    core: float
    server_waited: float
    driver_waited: float

    @classmethod
    def of(cls, server: Server) -> Moment:
        """Return the moment that is now."""
        return cls(perf_counter(), server.core_seconds(), server.waited_seconds(), waited_seconds(os.getpid()))

    def own_seconds_since(self, before: Moment) -> float:
        """Return how much of the time in between was not the machine's fault, at the most.

        That is no more than the server worked, nor than passed while neither of the two waited for a core.
        """
        waited = max(self.server_waited - before.server_waited, self.driver_waited - before.driver_waited)
        return max(0.0, min(self.core - before.core, self.clock - before.clock - waited))


class Line:
    """A connection that carries one request at a time, and reads its answer."""

    def __init__(self, port: int, source: str = HOST) -> None:
        self._address, self._source = (HOST, port), source
        self.due = self.again = 0.0
        self.asked: Moment | None = None
        self.received = 0
        self.load: Load | None = None
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self._address, source_address=(self._source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._head, self._left = b"", -1

    def reopen(self) -> None:
        """Leave, and connect anew."""
        self.socket.close()
        self._open()
        if self.load is not None:
            _register(self.load, self)

    def ask(self, text: bytes, due: float, asked: Moment | None = None) -> None:
        """Send a request, which is short enough to be taken at once."""
        self.due, self.asked = due, asked
        self._head, self._left, self.received = b"", -1, 0
        try:
            self.socket.sendall(text)
        except (BrokenPipeError, ConnectionResetError):  # the server has closed it, as it may one that is idle
            self.reopen()
            self.socket.sendall(text)

    def read(self) -> int | None:
        """Read what has come. Return the answer's status once it is whole. Raises OSError where there is no answer."""
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        self.received += len(chunk)
        if self._left < 0:
            self._head += chunk
            head, found, chunk = self._head.partition(b"\r\n\r\n")
            if not found:
                return None
            self._status, self._is_chunked, self._end = int(head[9:12]), b"\r\ntransfer-encoding: chunked" in head, b""
            self._left = 0 if self._is_chunked else int(head.partition(b"content-length: ")[2].split(None, 1)[0])
        if self._is_chunked:
            self._end = (self._end + chunk[-7:])[-7:]
            return self._status if self._end.endswith(b"0\r\n\r\n") else None
        self._left -= len(chunk)
        return self._status if self._left <= 0 else None


class Load:
    """Connections, and what became of what was sent on them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.done = self.failed = self.not_taken = 0

    def begin(self, now: float) -> None:
        """Begin at a moment."""

    def send(self, now: float) -> None:
        """Send what is due."""
        raise NotImplementedError

    def receive(self, line: Line, now: float) -> None:
        """Read what has come on a connection."""
        raise NotImplementedError

    def unfinished_bytes(self) -> int:
        """Return how much has come of answers that are not whole."""
        return 0

    def close(self) -> None:
        """Leave."""
        for line in self.lines:
            line.socket.close()


@dataclass(frozen=True, slots=True)
class Answered:
    """When a request was due, and how long its answer took from then on: by the clock, and without the machine's part."""

    due: float
    seconds: float
    own_seconds: float


class Schedule(Load):
    """Requests at a constant rate, each on a connection that is free."""

    def __init__(
        self,
        server: Server,
        rate: float,
        texts: Sequence[bytes],
        *,
        connections: int,
        source: str = HOST,
        waits: bool = True,
    ) -> None:
        """Take connections.

        Args:
            waits: what becomes of a request that is due while none is free: it waits in the driver, and that counts;
                or it is not sent.
        """
        super().__init__([Line(server.port, source) for _ in range(connections)])
        self._server, self._rate, self._texts, self._waits = server, rate, cycle(texts), waits
        self._free = deque(self.lines)
        self._due = deque[tuple[float, Moment]]()
        self.answers = list[Answered]()
        self.late = list[float]()
        """How late the driver was with a connection at hand."""

    def begin(self, now: float) -> None:
        self._next = self._free_since = now

    def send(self, now: float) -> None:
        if self._next <= now:
            seen = Moment.of(self._server)
            while self._next <= now:
                self._due.append((self._next, seen))
                self._next += 1 / self._rate
        while self._due and self._free:
            due, seen = self._due.popleft()
            self.late.append(now - max(due, self._free_since))
            self._free.popleft().ask(next(self._texts), due, seen)
        if not self._waits:
            self.not_taken += len(self._due)
            self._due.clear()

    def receive(self, line: Line, now: float) -> None:
        try:
            if (status := line.read()) is None:
                return
        except OSError:
            status = 0
            line.reopen()
        if 200 <= status < 300:
            self.done += 1
            assert line.asked is not None, "it was asked"
            own = Moment.of(self._server).own_seconds_since(line.asked)
            self.answers.append(Answered(line.due, now - line.due, own))
        else:
            self.failed += 1
        if not self._free:
            self._free_since = now
        self._free.append(line)


class Clients(Load):
    """Clients that ask for the same again as soon as they are answered; one that is refused waits a second."""

    def __init__(self, port: int, count: int, text: bytes, *, leaves_after_bytes: int | None = None) -> None:
        super().__init__([Line(port) for _ in range(count)])
        self._text, self._leaves_after = text, leaves_after_bytes
        self.answer_bytes = 0
        self._ready, self._resting = deque(self.lines), deque[Line]()

    def send(self, now: float) -> None:
        while self._resting and self._resting[0].again <= now:
            self._ready.append(self._resting.popleft())
        while self._ready:
            self._ready.popleft().ask(self._text, now)

    def receive(self, line: Line, now: float) -> None:
        try:
            status = line.read()
        except OSError:
            status = 0
            line.reopen()
        if status is None and self._leaves_after is not None and line.received >= self._leaves_after:
            status = 200
            line.reopen()
        if status is None:
            return
        if status == 200:
            self.done += 1
            self.answer_bytes = line.received
            self._ready.append(line)
        else:
            self.failed += 1
            line.again = now + AGAIN_S
            self._resting.append(line)
        line.received = 0

    def unfinished_bytes(self) -> int:
        return sum([line.received for line in self.lines])


class Flood(Load):
    """Requests at a constant rate that wait for no answers: connections take turns, those that are full are left out."""

    def __init__(self, port: int, rate: float, blocks: Sequence[bytes], *, per_block: int, connections: int) -> None:
        super().__init__([Line(port) for _ in range(connections)])
        for line in self.lines:  # or megabytes wait in the kernel, where no server can do anything about them
            line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self._rate, self._blocks, self._per_block = rate, cycle(blocks), per_block
        self._open = deque(self.lines)
        self._full = dict[Line, bytes]()
        self._ends = dict.fromkeys(self.lines, b"")

    def begin(self, now: float) -> None:
        self._next = now

    def send(self, now: float) -> None:
        while self._next <= now:
            self._next += self._per_block / self._rate
            if not self._open:
                self.not_taken += self._per_block
                continue
            line = self._open.popleft()
            self._hand_over(line, next(self._blocks))

    def _hand_over(self, line: Line, text: bytes) -> None:
        sent = 0
        with suppress(BlockingIOError):
            sent = line.socket.send(text)
        if sent == len(text):
            self._open.append(line)
        else:
            self._full[line] = text[sent:]
            _poll.modify(line.socket, select.EPOLLIN | select.EPOLLOUT)

    def receive(self, line: Line, now: float) -> None:  # noqa: ARG002  # as all loads have it
        if (rest := self._full.pop(line, None)) is not None:
            _poll.modify(line.socket, select.EPOLLIN)
            self._hand_over(line, rest)
        with suppress(BlockingIOError):
            seen = self._ends[line] + line.socket.recv(1 << 18)
            found = seen.count(b"HTTP/1.1 2")
            self.done += found
            self.failed += seen.count(b"HTTP/1.1 ") - found
            self._ends[line] = seen[-9:]


_poll = select.epoll()
_owners = dict[int, tuple[Load, Line]]()


def _register(load: Load, line: Line) -> None:
    line.load = load
    _owners[line.socket.fileno()] = load, line
    _poll.register(line.socket, select.EPOLLIN)


def drive(loads: Sequence[Load], seconds: float, each_second: Callable[[], object] = lambda: None) -> None:
    """Drive loads together for some seconds."""
    for load in loads:
        for line in load.lines:
            _register(load, line)
    began = perf_counter()
    for load in loads:
        load.begin(began)
    second = 0
    while (now := perf_counter()) < began + seconds:
        if now >= began + second:
            second += 1
            each_second()
        for load in loads:
            load.send(now)
        for number, _ in _poll.poll(NAP_S):
            load, line = _owners[number]
            load.receive(line, perf_counter())
    for load in loads:
        for line in load.lines:
            line.load = None
            _poll.unregister(line.socket)
