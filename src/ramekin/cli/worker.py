"""One of several processes on a port, as ``workers.py`` starts it: ``python -m ramekin.cli.worker``.

Its orders come on standard input. When that ends, the supervisor has gone, and the worker finishes what it does and
ends too. Its greeting on standard output says that it answers.
"""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING

from ramekin.cli import streams
from ramekin.cli.signals import Signals, Stopped

if TYPE_CHECKING:
    import asyncio

    from ramekin.cli.workers import Orders


class WorkerSignals(Signals):
    """The signals of a worker, of which the end of its supervisor is one more."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        super().attach(loop)
        loop.add_reader(sys.stdin.fileno(), self._left_alone, loop)

    def _left_alone(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(sys.stdin.fileno())
        self._ask()


def run() -> None:
    """Serve as ordered, and end with an exit code as `ramekin serve` does."""
    streams.prepare()
    signals = WorkerSignals()
    try:
        from ramekin.cli.configuration import Refused
        from ramekin.cli.files import FileFault
        from ramekin.cli.serve import serve_forever

        orders: Orders = pickle.load(sys.stdin.buffer)  # noqa: S301  # our supervisor wrote it
        try:
            serve_forever(orders.files, orders.settings, signals, worker=orders)
        except (Refused, FileFault) as error:
            print(f"ramekin: {' '.join(str(error).split())}", file=sys.stderr)
            sys.exit(2)
    except (Stopped, EOFError):
        pass  # before it served


if __name__ == "__main__":
    run()
