"""Which event loop may use an engine: one at a time, in the process that used it first.

    nobody ---first call---> a loop ---it has stopped, and another one calls---> that loop
                                |
                               fork ---> in the child: nobody, for ever;  close ---> nobody, for ever

Tables change between two turns of a loop, so another thread would see them half-changed, and what a child of this
process wrote would be seen by nobody else, or end up in the middle of its parent's log. Loops one after another are
fine: each `asyncio.run` makes one. A loop knows in which thread it runs, and a thread runs one loop at a time, so one
comparison tells threads and loops apart; to ask which loop runs would be a call of the system. A child is told of its
fork. Knows no tables.
"""

from __future__ import annotations

import os
from asyncio import _get_running_loop
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ramekin.errors import Unavailable
from ramekin.errors.stacks import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable

_ABROAD, _CLOSED = object(), object()
_used = WeakSet["Owner"]()


class _Nowhere:
    """Stands for a loop that runs in no thread."""

    _thread_id: int | None = None


class _Foreign(_Nowhere):
    """Stands for a loop that is not asyncio's own, and says in which thread it runs."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    @property
    def _thread_id(self) -> int | None:  # type: ignore[override]  # it is only read
        return get_ident() if _get_running_loop() is self._loop else None


_NOWHERE = _Nowhere()


class Owner:
    """The loop that an engine belongs to."""

    def __init__(self, when_moved: Callable[[], None], *, is_at_home: bool = False) -> None:
        """Make one that belongs to no loop yet.

        Args:
            when_moved: called when the engine belongs to another loop than before.
            is_at_home: it belongs to this process already.
        """
        self.loop: Any = None
        """The one that may use the engine; something else once it is closed, or in a child process."""
        self.place: Any = _NOWHERE
        """What says in which thread that loop runs; that of nobody once it is closed, or in a child process."""
        self._is_used, self._when_moved = False, when_moved
        if is_at_home:
            _used.add(self)

    def check(self) -> None:
        """See that the loop that runs may use the engine. Raises as `take_over` does. Cost: 0.1 µs."""
        if self.place._thread_id != get_ident():
            self.take_over()

    def take_over(self) -> None:
        """Let the loop that runs use the engine from now on. Raises Misuse; Unavailable: it is closed."""
        if (loop := _get_running_loop()) is self.loop:
            return
        if self.loop is _ABROAD:
            raise Misuse("The database belongs to the process that this one was forked from; open it here anew.")
        if self.loop is _CLOSED:
            raise Unavailable("The database is closed; make another one.")
        if self.loop is not None and self.loop.is_running():
            raise Misuse(
                "The database belongs to another event loop, which runs; hand the call over with "
                "asyncio.run_coroutine_threadsafe."
            )
        was_used, self._is_used, self.loop = self._is_used, True, loop
        self.place = _NOWHERE if loop is None else loop if hasattr(loop, "_thread_id") else _Foreign(loop)
        _used.add(self)
        if was_used:
            self._when_moved()

    @property
    def is_ended(self) -> bool:
        """Whether nobody is to use the engine any more."""
        return self.loop is _CLOSED

    def end(self) -> None:
        """Have nobody use the engine any more."""
        self.loop, self.place = _CLOSED, _NOWHERE


def _leave_behind() -> None:
    """Take note, in a child of this process, that what was used before is its parent's."""
    for owner in _used:
        owner.loop, owner.place = _ABROAD, _NOWHERE


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_leave_behind)
