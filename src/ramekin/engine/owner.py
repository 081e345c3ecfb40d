"""Which event loop may use an engine: one at a time, in the process that used it first.

    nobody ---first call---> a loop ---it has stopped, and another one calls---> that loop
                                |
                               fork ---> in the child: nobody, for ever;  close ---> nobody, for ever

Tables change between two turns of a loop, so another thread would see them half-changed, and what a child of this
process wrote would be seen by nobody else, or end up in the middle of its parent's log. Loops one after another are
fine: each `asyncio.run` makes one. The loop that runs is None in a thread that has none, and in a child right after a
fork, so one comparison tells thread, loop and process apart. Knows no tables.
"""

from __future__ import annotations

import os
from asyncio import _get_running_loop
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ramekin.errors import Unavailable
from ramekin.errors.stacks import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable

_ABROAD, _CLOSED = object(), object()
_used = WeakSet["Owner"]()


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
        self._is_used, self._when_moved = False, when_moved
        if is_at_home:
            _used.add(self)

    def check(self) -> None:
        """See that the loop that runs may use the engine. Raises as `take_over` does. Cost: 0.1 µs."""
        if _get_running_loop() is not self.loop:
            self.take_over()

    def take_over(self) -> None:
        """Let the loop that runs use the engine from now on. Raises Misuse; Unavailable: it is closed."""
        if self.loop is _ABROAD:
            raise Misuse("The database belongs to the process that this one was forked from; open it here anew.")
        if self.loop is _CLOSED:
            raise Unavailable("The database is closed; make another one.")
        if self.loop is not None and self.loop.is_running():
            raise Misuse(
                "The database belongs to another event loop, which runs; hand the call over with "
                "asyncio.run_coroutine_threadsafe."
            )
        was_used, self._is_used, self.loop = self._is_used, True, _get_running_loop()
        _used.add(self)
        if was_used:
            self._when_moved()

    @property
    def is_ended(self) -> bool:
        """Whether nobody is to use the engine any more."""
        return self.loop is _CLOSED

    def end(self) -> None:
        """Have nobody use the engine any more."""
        self.loop = _CLOSED


def _leave_behind() -> None:
    """Take note, in a child of this process, that what was used before is its parent's."""
    for owner in _used:
        owner.loop = _ABROAD


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_leave_behind)
