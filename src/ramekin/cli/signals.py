"""What signals mean to a server, from its first moment to its last.

SIGTERM and SIGINT ask it to stop: before it serves, what was begun is given up; while it serves, requests get to
finish; a second one stops it at once. SIGHUP stops a server whose terminal was closed, and has another read its file
of keys again, if it has one. Otherwise it, SIGUSR1 and SIGUSR2 mean nothing, which the log
says. All are taken from the start on: process 1 of a container gets no signal that it does not ask for, and any other
process would be killed by the last three.
"""

from __future__ import annotations

import select
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

STOP = (signal.SIGTERM, signal.SIGINT)
NOTHING = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name))


class Stopped(BaseException):
    """Somebody asked the process to stop before it served."""


class Signals:
    """The signals of this process. Make it before anything that takes long, and `attach` it to the loop."""

    def __init__(self) -> None:
        self._when_asked: Callable[[], object] = self._give_up
        self._when_hung_up: Callable[[], object] | None = None  # else it means nothing
        self._asked_s: float | None = None
        self._has_terminal = sys.stdin is not None and sys.stdin.isatty()
        for number in STOP:
            signal.signal(number, lambda *_: self._ask())
        for number in NOTHING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` leaves it
                signal.signal(number, signal.SIG_IGN)

    def stop_by(self, when_asked: Callable[[], object]) -> None:
        """Call something when the process is asked to stop; until then whatever runs is given up."""
        self._when_asked = when_asked

    def read_again_by(self, when_hung_up: Callable[[], object]) -> None:
        """Call something at SIGHUP, unless it says that the terminal was closed."""
        self._when_hung_up = when_hung_up

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take signals between two turns of a loop from now on."""
        if sys.platform == "win32":
            return
        for number in STOP:
            loop.add_signal_handler(number, self._ask)
        for number in NOTHING:
            loop.add_signal_handler(number, self._tell, number)

    def end(self) -> None:
        """Ignore what comes: the end is near, and one more signal must not make it look like a crash."""
        for number in (*STOP, *NOTHING):
            signal.signal(number, signal.SIG_IGN)

    def _tell(self, number: signal.Signals) -> None:
        if number.name == "SIGHUP" and self._has_terminal and _is_hung_up(sys.stdin.fileno()):
            self._ask()
        elif number.name == "SIGHUP" and self._when_hung_up is not None:
            self._when_hung_up()
        else:
            import structlog  # not needed by a process that only starts

            structlog.get_logger("ramekin").warning("a signal that means nothing here", signal=number.name)

    def asked_for_s(self) -> float:
        """Return the seconds since somebody asked; 0 if nobody did."""
        return 0.0 if self._asked_s is None else stopwatch_s() - self._asked_s

    def _ask(self) -> None:
        if self._asked_s is None:
            self._asked_s = stopwatch_s()
        self._when_asked()

    def _give_up(self, *_: Any) -> NoReturn:
        raise Stopped


def _is_hung_up(terminal: int) -> bool:
    """Say whether a terminal was closed. Asked for its settings, it would no longer even say that it is one."""
    asked = select.poll()
    asked.register(terminal, 0)
    return any(events & select.POLLHUP for _, events in asked.poll(0))
