r"""One who reads what happens, for all who follow it: each change is made into text once, however many follow.

    history ---> pump: one text for each group (who ask for the same) ---> seat ---> stream ---> its connection
                                                                             ^
                 history ---> a page of its own, where a seat is behind -----+

The promise: each seat gets every change that it asks for, once and in order, from its position on. Memory does not grow
with readers that are slow: a text is handed over only to a seat that waits for one; any other one is behind, and reads
pages of its own later on. One that was in step and then falls behind by more than `BEHIND_BYTES` is lost, and so is one
whose place is not kept any more.

Between two rounds the pump rests for as long as the last one took, so that following takes no more than half of the
time, however many follow. Seats are served a few in each turn of the loop.

Knows no HTTP but the text of events; see ``endpoints/changes.py`` for who takes a seat, ``database/following.py`` for
what is read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ramekin.api.http.events import Events, beat, lost
from ramekin.clock import stopwatch_s
from ramekin.database.following import ChangesRequest, Place
from ramekin.engine.work import Work
from ramekin.errors import ChangesGone, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

    from ramekin.access.roles import Grant
    from ramekin.database.database import Database
    from ramekin.database.following import Follower

BEHIND_BYTES = 1024 * 1024
"""By how much one who was in step may fall behind."""

PIECE_BYTES = 64 * 1024
"""About how much text is made before it is handed over; one event may be more."""

SEATS_AT_ONCE = 50
"""Seats that are served in one turn of the loop: about 20 µs each."""

BEAT_S = 15.0
"""Seconds between two comments."""


class Broadcast:
    """All who follow one database."""

    def __init__(self, database: Database, admits: Callable[[Grant], bool]) -> None:
        """Begin with nobody.

        Args:
            admits: says whether a grant still holds; streams of a key that has expired, or is no more, end.
        """
        self._database, self._admits = database, admits
        self._groups: dict[Hashable, _Group] = {}
        self._pump: asyncio.Task[None] | None = None
        self.place = Place(0)
        """How far the pump has read."""

    @property
    def seats(self) -> int:
        """How many follow."""
        return sum(len(group.seats) for group in self._groups.values())

    def take_seat(self, request: ChangesRequest) -> Seat:
        """Return a seat for a request, to be left in the end. Raises as `Database.follow`."""
        follower = self._database.follow(request)
        if self._pump is None or self._pump.done() or self._pump.get_loop() is not asyncio.get_running_loop():
            self._groups = {}
            self._begin()
        group = self._groups.setdefault(_key(request), _Group(request))
        return Seat(self, group, follower)

    def end(self) -> None:
        """End all streams."""
        for group in self._groups.values():
            group.end()

    def leave(self, seat: Seat, group: _Group) -> None:
        """Let go of a seat."""
        group.seats.pop(seat, None)
        if not group.seats and self._groups.get(_key(group.request)) is group:
            del self._groups[_key(group.request)]
            if not self._groups and self._pump is not None:
                self._pump.cancel()
                self._pump = None

    def _begin(self) -> None:
        self._reader = self._database.follow(ChangesRequest())
        self.place = self._reader.place
        self._pump = asyncio.create_task(self._run())

    async def _run(self) -> None:
        beat_s = stopwatch_s() + BEAT_S
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, beat_s - stopwatch_s())):
                        await self._reader.news()
                began_s = stopwatch_s()
                is_beat = began_s >= beat_s
                if is_beat:
                    beat_s = began_s + BEAT_S
                await self._round(is_beat=is_beat)
                await asyncio.sleep(stopwatch_s() - began_s)
        except Unavailable:
            pass  # the database is closed
        finally:
            if self._pump is asyncio.current_task():
                self.end()

    async def _round(self, *, is_beat: bool) -> None:
        """Read on, and hand over what each group has to be told."""
        begins, work = self.place, Work()
        try:
            await self._read(work)
        except ChangesGone:  # and so is everybody who was in step
            self._reader = self._database.follow(ChangesRequest())
        self.place, served = self._reader.place, 0
        for group in [*self._groups.values()]:
            text = group.events.take()
            if is_beat:
                text += beat(self._reader.step)
                if not self._admits(group.request.grant):
                    group.end()
            group.told_bytes += len(text)
            for seat in [*group.seats]:
                seat.give(begins, self.place, text)
                served += 1
                if served % SEATS_AT_ONCE == 0:
                    await asyncio.sleep(0)
        await asyncio.sleep(0)  # whoever was woken has had a turn

    async def _read(self, work: Work) -> None:
        groups, size_bytes = [*self._groups.values()], 0
        for change in self._reader.some():
            ends_step, json = not self._reader.place.read, b""
            for group in groups:
                if change is not None and group.request.takes(change.table, change.before, change.body):
                    json = json or change.json()
                    group.events.add(change, json, ends_step=ends_step)
                elif ends_step:
                    group.events.end_step(self._reader.step)
            size_bytes += len(json)
            if size_bytes >= PIECE_BYTES:
                return
            await work.rest()


class _Group:
    """Those who ask for the same."""

    def __init__(self, request: ChangesRequest) -> None:
        self.request, self.events = request, Events()
        self.seats: dict[Seat, None] = {}
        self.told_bytes = 0
        """Of all texts so far."""

    def end(self) -> None:
        """End the streams."""
        for seat in [*self.seats]:
            seat.end()


class Seat:
    """The place of one who follows, in their group."""

    def __init__(self, broadcast: Broadcast, group: _Group, follower: Follower) -> None:
        self._broadcast, self._group, self._follower = broadcast, group, follower
        self._place, self._taken_bytes = follower.place, group.told_bytes
        self._is_in_step = self._is_over = False
        self._waiting: asyncio.Future[bytes] | None = None
        group.seats[self] = None

    def give(self, begins: Place, ends: Place, text: bytes) -> None:
        """Hand over a text, if it is the next one and is waited for. One of nothing only moves the place."""
        if self._waiting is None or self._waiting.done():
            return
        if self._place != begins:
            self._waiting.set_result(b"")
            return
        self._place, self._taken_bytes = ends, self._group.told_bytes
        if text:
            self._waiting.set_result(text)

    def end(self) -> None:
        """End the stream."""
        self._is_over = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(b"")

    async def texts(self) -> AsyncIterator[bytes]:
        """Yield what the stream has, from its position on. The seat is left in the end."""
        try:
            yield beat(self._follower.position)
            while not self._is_over:
                text = await (self._catch_up() if self._place < self._broadcast.place else self._next())
                if text:
                    yield text
        except ChangesGone:
            yield lost(self._follower.latest)
        finally:
            self._broadcast.leave(self, self._group)

    async def _next(self) -> bytes:
        """Wait for the next text of the group."""
        self._is_in_step = self._is_in_step or self._place == self._broadcast.place
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    async def _catch_up(self) -> bytes:
        """Return a page of its own, of what the group has been told already. Raises ChangesGone."""
        if self._is_in_step and self._group.told_bytes - self._taken_bytes > BEHIND_BYTES:
            raise ChangesGone("The reader is too slow.")
        follower, events, work = self._follower, Events(), Work()
        follower.place = self._place
        for change in follower.some():
            ends_step = not follower.place.read
            if change is not None:
                events.add(change, change.json(), ends_step=ends_step)
            elif ends_step:
                events.end_step(follower.step)
            if follower.place >= self._broadcast.place or events.size_bytes >= PIECE_BYTES:
                break
            await work.rest()
        self._place = follower.place
        if self._place == self._broadcast.place:
            self._taken_bytes = self._group.told_bytes
        return events.take()


def _key(request: ChangesRequest) -> Hashable:
    """Return what is equal for requests that choose the same changes."""
    return request.tables, repr(request.where), request.grant
