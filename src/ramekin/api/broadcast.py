r"""One reader of what happens, for all who follow: each change is made into text once, however many there are.

    history ---> pump: one text for each group (who ask for the same) ---> seats that wait ---> streams
                                   |                                        ^
                                   +---> the last texts, for seats that are behind

The promise: each seat gets every change that it asks for, once and in order, from its position on. Memory does not grow
with readers that are slow: a text is handed over only to a seat that waits for one. A seat that begins at an earlier
position reads pages of its own up to where the pump is. One that begins where the pump has yet to come reads on by
itself: it does not wait until everybody has been told what came before. One that was in step and then falls behind by
more than `BEHIND_BYTES`, what it is given next left out, is lost, and so is one whose place is not kept any more.

A round lasts several times as long as its work takes, so that following takes less than half of the time, however many
follow. Where it is behind it makes texts for up to half of the time: a write takes longer than its text, so whoever
reads at once is told soon, however fast one writes. Seats are served a few in each turn of the loop.

Knows no HTTP but the text of events; see ``endpoints/changes.py`` for who takes a seat, ``database/following.py`` for
what is read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ramekin.api.http.events import Events, beat, lost
from ramekin.clock import stopwatch_s
from ramekin.database.following import ChangesRequest, Follower, HistoryPlace
from ramekin.engine.work import Work
from ramekin.errors import ChangesGone, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable

    from ramekin.access.roles import Grant
    from ramekin.database.database import Database

BEHIND_BYTES = 1024 * 1024
"""By how much one who was in step may fall behind."""

RECENT_BYTES = 8 * 1024 * 1024
"""How much text is kept for seats that are behind, of all groups together."""

PIECE_BYTES = 64 * 1024
"""About how much text is made before it is handed over; one event may be more."""

SEATS_AT_ONCE, SEAT_S, LOOK_S = 50, 0.00003, 0.000002
"""Seats that are served in one turn of the loop, about how long it takes to write to one, and to look at one that gets
nothing: rounds in which a thousand were looked at and none was told took all the time, for 30 s."""

WRITTEN_BYTES_PER_S = 1536 * 1024 * 1024
"""About how many bytes are written in a second of processor time (1.7 GiB on loopback, November 2026)."""

AT_ONCE_BYTES, BYTES_PER_S = 1024 * 1024, 512 * 1024 * 1024
"""Bytes that are handed over in one turn of the loop, and in a second: what nobody reads is counted five times a
second, and cut where it is too much."""

TEXT_ROUND, ROUND, LAST_ROUND = 2, 3, 4
"""How many times as long as making its texts, and as handing them over, a round lasts at least; the last one, behind
which all is told, lasts longer, so that the next has more to tell at once. One follower cost 20 µs a write with 2,
beside 30 for the write (November 2026)."""

CREDIT_S = 0.003
"""Up to how much of what rounds lasted longer than they had to, as a turn of the loop ends when it ends, the next ones
may last less while not all is told."""

BEAT_S = 15.0
"""Seconds between two comments."""

QUIET_BEAT = b":\n\n"
"""A comment that tells no position."""


class Broadcast:
    """All who follow one database."""

    def __init__(self, database: Database, admits: Callable[[Grant], bool]) -> None:
        """Begin with nobody.

        Args:
            admits: says whether a grant still holds: nobody is told anything behind the end of their key.
        """
        self._database, self.admits = database, admits
        self._groups: dict[Hashable, _Group] = {}
        self._recent = deque[tuple[_Group, HistoryPlace, int]]()
        self._recent_bytes = 0
        self._pump: asyncio.Task[None] | None = None
        self.place = HistoryPlace(0)
        """How far the pump has read."""

    @property
    def seats(self) -> int:
        """How many follow."""
        return sum(len(group.seats) for group in self._groups.values())

    def take_seat(self, request: ChangesRequest) -> Seat:
        """Return a seat for a request, to be left in the end. Raises as `Database.follow`."""
        follower = self._database.follow(request)
        if self._pump is None or self._pump.done() or self._pump.get_loop() is not asyncio.get_running_loop():
            self._begin()
        group = self._groups.setdefault(_key(request), _Group(request))
        return Seat(self, group, follower, request.grant)

    def leave(self, seat: Seat, group: _Group) -> None:
        """Let go of a seat."""
        group.seats.pop(seat, None)
        if not group.seats and self._groups.get(_key(group.request)) is group:
            del self._groups[_key(group.request)]
            if not self._groups and self._pump is not None:
                self._pump.cancel()
                self._pump = None

    def nudge(self) -> None:
        """Have the pump look at a seat that waits and is behind."""
        self._news.set()

    def end(self) -> None:
        """End all streams."""
        for group in self._groups.values():
            group.end()

    def _begin(self) -> None:
        self._groups, self._news = {}, asyncio.Event()
        self._reader = self._database.follow(ChangesRequest())
        self.place = self._reader.place
        self._pump = asyncio.create_task(self._run())

    async def _run(self) -> None:
        free_s, beat_s, news = 0.0, stopwatch_s() + BEAT_S, self._news
        try:
            while True:
                self._reader.when_news(news.set)
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, beat_s - stopwatch_s())):
                        await news.wait()
                news.clear()
                began_s = stopwatch_s()
                is_beat = began_s >= beat_s
                if is_beat:
                    beat_s = began_s + BEAT_S
                is_all_read, made_s = await self._read()
                handed_s = await self._hand_over(is_beat=is_beat)
                if is_all_read:
                    free_s = began_s + LAST_ROUND * (made_s + handed_s)
                else:
                    free_s = max(free_s, began_s - CREDIT_S) + TEXT_ROUND * made_s + ROUND * handed_s
                await asyncio.sleep(max(0.0, free_s - stopwatch_s()))
        except Unavailable:
            pass  # the database is closed
        finally:
            self._reader.forget(news.set)
            if self._pump is asyncio.current_task():
                self.end()

    async def _read(self) -> tuple[bool, float]:
        """Read a piece of what has happened, and make it into text; say whether that was all, and how long it took."""
        begins, size_bytes, groups, work = self.place, 0, [*self._groups.values()], Work()
        began_s, rested_s = stopwatch_s(), 0.0
        try:
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
                    break
                rests_s = stopwatch_s()
                await work.rest()
                rested_s += stopwatch_s() - rests_s
        except ChangesGone:  # and so are all who were in step
            self._reader = self._database.follow(ChangesRequest())
        self.place = self._reader.place
        for group in groups if self.place != begins else ():
            self._keep(group, begins)
        return self._reader.is_level, stopwatch_s() - began_s - rested_s

    def _keep(self, group: _Group, begins: HistoryPlace) -> None:
        """Keep the text of a round for seats that are behind, within bounds."""
        text = group.events.take()
        group.told_bytes += len(text)
        group.recent[begins] = _Told(self.place, text, group.told_bytes)
        size_bytes = len(text) + 200
        self._recent.append((group, begins, size_bytes))
        self._recent_bytes += size_bytes
        while self._recent_bytes > RECENT_BYTES and len(self._recent) > len(self._groups):
            old, place, size_bytes = self._recent.popleft()
            old.recent.pop(place, None)
            self._recent_bytes -= size_bytes

    async def _hand_over(self, *, is_beat: bool) -> float:
        """Hand over what each seat has to be told that waits; return about how long it takes to write all of it."""
        served, handed_bytes, spent_s = 0, 0, 0.0
        tail = b""
        if is_beat:  # within a step its beginning is no news, and may be before where somebody began
            tail = QUIET_BEAT if self.place.read else beat(self._reader.step)
        for group in [*self._groups.values()]:
            for seat in [*group.seats]:
                size_bytes = seat.give(tail)
                handed_bytes += size_bytes
                spent_s += SEAT_S + size_bytes / WRITTEN_BYTES_PER_S if size_bytes else LOOK_S
                served += 1
                if served % SEATS_AT_ONCE == 0 or handed_bytes >= AT_ONCE_BYTES:
                    await asyncio.sleep(handed_bytes / BYTES_PER_S)
                    handed_bytes = 0
            if group.is_in_step(self.place):
                group.recent.clear()
        await asyncio.sleep(0)  # whoever was woken has had a turn
        return spent_s


class _Told(NamedTuple):
    """A text that a group is told."""

    place: HistoryPlace
    """Where it ends."""
    text: bytes
    told_bytes: int
    """Of the group's texts, up to its end."""


class _Group:
    """Those who ask for the same."""

    def __init__(self, request: ChangesRequest) -> None:
        self.request, self.events = request, Events()
        self.seats: dict[Seat, None] = {}
        self.told_bytes = 0
        """Of all texts so far."""
        self.recent: dict[HistoryPlace, _Told] = {}
        """The last texts, by where they begin."""

    def is_in_step(self, place: HistoryPlace) -> bool:
        """Say whether nobody is behind a place."""
        return all(seat.place >= place for seat in self.seats)

    def text_from(self, place: HistoryPlace) -> _Told | None:
        """Return the next text behind a place; None where it is not kept."""
        last, texts, size_bytes = None, list[bytes](), 0
        while size_bytes < PIECE_BYTES and (found := self.recent.get(place)) is not None:
            last, place = found, found.place
            texts.append(found.text)
            size_bytes += len(found.text)
        return last if last is None or len(texts) == 1 else last._replace(text=b"".join(texts))

    def end(self) -> None:
        """End the streams."""
        for seat in [*self.seats]:
            seat.end()


class Seat:
    """The place of one who follows, in their group."""

    def __init__(self, broadcast: Broadcast, group: _Group, follower: Follower, grant: Grant) -> None:
        self._broadcast, self._group, self._follower, self._grant = broadcast, group, follower, grant
        self.place, self._taken_bytes = follower.place, group.told_bytes
        self._is_in_step = self._is_over = False
        self._waiting: asyncio.Future[bytes] | None = None
        group.seats[self] = None

    def give(self, tail: bytes) -> int:
        """Hand over what comes next, if the seat waits, and return its size.

        Of what is not kept, or where the pump has yet to come, it gets nothing, so that it reads by itself.

        Args:
            tail: a comment with where the pump is; one who is elsewhere gets none, or one without a position.
        """
        waiting, place, text = self._waiting, self._broadcast.place, b""
        if waiting is None or waiting.done():
            return 0
        if self.place >= place:
            self._is_in_step = self._is_in_step or self.place == place
            self._taken_bytes = self._group.told_bytes
            if self._has_news:
                waiting.set_result(b"")
            elif tail:
                waiting.set_result(tail if self.place == place else QUIET_BEAT)
        elif self._is_in_step and self._behind_bytes > BEHIND_BYTES:
            waiting.set_exception(ChangesGone("The reader is too slow."))
        elif (found := self._group.text_from(self.place)) is None:
            waiting.set_result(b"")
        else:
            self.place, text, self._taken_bytes = found
            self._is_in_step = True
            if text or tail:
                waiting.set_result(text + tail if self.place == place else text or QUIET_BEAT)
        return len(text)

    @property
    def _has_news(self) -> bool:
        """Whether the pump is behind this seat, and more has happened than the seat has read."""
        self._follower.go_to(self.place)
        return self.place > self._broadcast.place and not self._follower.is_level

    @property
    def _behind_bytes(self) -> int:
        """How much is to tell behind the next text, which may be of any size however quick the reader is."""
        following = self._group.recent.get(self.place)
        return self._group.told_bytes - (self._taken_bytes if following is None else following.told_bytes)

    def end(self) -> None:
        """End the stream."""
        self._is_over = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(b"")

    async def texts(self) -> AsyncGenerator[bytes, None]:
        """Yield what the stream has, from its position on. The seat is left in the end."""
        try:
            yield beat(self._follower.position)
            while not self._is_over:
                text = await self._next()
                if not text and not self._is_over:
                    text = await self._page()
                if not self._broadcast.admits(self._grant):
                    break
                if text:
                    yield text
        except ChangesGone:
            if self._broadcast.admits(self._grant):
                yield lost(self._follower.latest)
        finally:
            self._broadcast.leave(self, self._group)

    async def _next(self) -> bytes:
        """Wait for the next text of the group; an empty one says that the seat is to read by itself."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self.place < self._broadcast.place:
            self._broadcast.nudge()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    async def _page(self) -> bytes:
        """Return a page of its own, up to where the pump is, or what happened last where that is behind.

        Raises ChangesGone.
        """
        follower, events, work = self._follower, Events(), Work()
        is_ahead = self.place >= self._broadcast.place
        follower.go_to(self.place)
        for change in follower.some():
            ends_step = not follower.place.read
            if change is not None:
                events.add(change, change.json(), ends_step=ends_step)
            elif ends_step:
                events.end_step(follower.step)
            is_there = not is_ahead and follower.place >= self._broadcast.place
            if is_there or events.size_bytes >= PIECE_BYTES:
                break
            await work.rest()
        self.place, text = follower.place, events.take()
        is_level = self.place >= self._broadcast.place
        self._taken_bytes = self._group.told_bytes if is_level else self._taken_bytes + len(text)
        return text


def _key(request: ChangesRequest) -> Hashable:
    """Return what is equal for requests that choose the same changes."""
    return request.tables, repr(request.where), request.grant
