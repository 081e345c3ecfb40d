"""Several processes on one port, each a server of its own: started, told to stop, and started again when they die.

    supervisor ---orders---> worker 1 ---greeting, once it answers---> worker 2, worker 3 ...
        a worker dies ---> another in its place, at once; after 1, 2, 4 ... 30 s where it has not lived for ten

Each binds the port itself (SO_REUSEPORT), so the system spreads connections over them. A worker is given its orders on
its standard input; that this ends means that the supervisor has gone. It prints its greeting once it answers. The first
one loads files, and what it refuses ends all; whoever takes its place later loads none.

uvicorn's supervisor is not used: its workers share one socket, and a worker that cannot start is started without end.
Knows no tables; see ``worker.py`` for the other end.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog

from ramekin.cli import listener as listeners
from ramekin.cli import logs
from ramekin.cli.key_settings import keys_of
from ramekin.clock import stopwatch_s

if TYPE_CHECKING:
    from ramekin.cli.signals import Signals
    from ramekin.settings import Settings

_log = structlog.get_logger("ramekin")

STEADY_S = 10.0
"""Seconds after which a worker that dies is started again at once."""

PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
"""Seconds before one that died sooner is started again: the first time, and at the most."""

KILL_S = 5.0
"""Seconds beyond `--shutdown-seconds` after which a worker is ended by force."""


LINE_BYTES = 2**20
"""Bytes of a line of the greeting, which names all tables, at the most."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to do. The first one answers while it starts; later ones only once they are ready."""

    number: int
    settings: Settings
    files: list[Path]
    folder: Path | None
    """Where workers speak to each other; None: there is no place for it."""
    is_first: bool = False


def serve_with_workers(files: list[Path], settings: Settings, signals: Signals) -> int:
    """Serve until the process is told to stop, and return the exit code. Raises Refused: the port is taken."""
    log = logs.configure(settings.log_format)
    is_guarded = bool(keys_of(settings)) or settings.insecure
    with listeners.bind(settings.host, settings.port, is_guarded=is_guarded) as place, _folder() as folder:
        listeners.share(place)
        settings = replace(settings, port=place.getsockname()[1])
        supervisor = Supervisor(files, settings, signals, None if folder is None else Path(folder))
        code = asyncio.run(supervisor.run())
    if code == 0:
        _log.info("stopped", seconds=round(signals.asked_for_s(), 3))
    signals.end()
    log.close()
    return code


def _folder() -> AbstractContextManager[str | None]:
    """Return a folder that goes with the supervisor; None where no file may be written."""
    try:
        return TemporaryDirectory(prefix="ramekin-workers-", ignore_cleanup_errors=True)
    except OSError as error:
        _log.warning("each worker tells its own metrics alone", reason=error.strerror)
        return nullcontext()


class Supervisor:
    """Keeps as many workers alive as settings say."""

    def __init__(self, files: list[Path], settings: Settings, signals: Signals, folder: Path | None) -> None:
        self._files, self._settings, self._signals, self._folder = files, settings, signals, folder
        self._processes: dict[int, Process] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Start the workers and keep them; return 0, or the exit code of a first worker that did not begin."""
        self._signals.stop_by(self._stop)
        self._signals.read_again_by(lambda: self._tell_all(signal.SIGHUP))
        self._signals.attach(asyncio.get_running_loop())
        answers = asyncio.Event()
        first = asyncio.create_task(self._live(self._orders(1, self._files, is_first=True), answers))
        begun = asyncio.create_task(answers.wait())
        await asyncio.wait((first, begun), return_when=asyncio.FIRST_COMPLETED)
        if first.done():
            begun.cancel()
            return first.result()
        _log.info("workers", count=self._settings.workers, port=self._settings.port)
        later = range(2, self._settings.workers + 1)
        await asyncio.gather(self._keep(1, first), *(self._keep(number) for number in later))
        return 0

    def _orders(self, number: int, files: list[Path], *, is_first: bool = False) -> Orders:
        return Orders(number, self._settings, files, self._folder, is_first)

    async def _keep(self, number: int, life: asyncio.Task[int] | None = None) -> None:
        """Start a worker again whenever it dies, until all are to stop."""
        pause_s = 0.0
        while not self._stopping.is_set():
            began_s = stopwatch_s()
            code = await (life or self._live(self._orders(number, [])))
            life = None
            if self._stopping.is_set():
                return
            is_steady = stopwatch_s() - began_s >= STEADY_S
            pause_s = 0.0 if is_steady else min(MAX_PAUSE_S, max(PAUSE_S, 2 * pause_s))
            _log.warning("a worker died and is started again", worker=number, exit_code=code, in_seconds=pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _live(self, orders: Orders, answers: asyncio.Event | None = None) -> int:
        """Start a worker, and return its exit code when it has ended. What the first one greets with is printed."""
        command = (sys.executable, "-m", "ramekin.cli.worker")
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            limit=LINE_BYTES,
            process_group=0,  # Ctrl-C is for us alone
        )
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        self._processes[orders.number] = process
        if self._stopping.is_set():
            process.terminate()
        with suppress(OSError):  # it has died: its exit code tells
            process.stdin.write(pickle.dumps(orders))
            await process.stdin.drain()
        async for line in process.stdout:
            if answers is not None:
                print(line.decode(), end="", flush=True)
                answers.set()
        code = await process.wait()
        del self._processes[orders.number]
        return code if code >= 0 else 128 - code  # as a shell says it

    def _stop(self) -> None:
        """Have all workers finish what they do; asked again, end at once, as each of them does."""
        if not self._stopping.is_set():
            self._stopping.set()
            _log.info("stopping", workers=len(self._processes))
            asyncio.get_running_loop().call_later(self._settings.shutdown_seconds + KILL_S, self._kill)
        self._tell_all(signal.SIGTERM)

    def _kill(self) -> None:
        _log.warning("workers are ended by force", workers=sorted(self._processes))
        self._tell_all(signal.SIGKILL)

    def _tell_all(self, number: signal.Signals) -> None:
        for process in [*self._processes.values()]:
            with suppress(ProcessLookupError):
                process.send_signal(number)
