"""Processes of their own, each with an engine and clients on it, in a place of the network: what a server is to a cluster."""

import asyncio
import multiprocessing
import os
import secrets
from contextlib import contextmanager, suppress
from functools import partial

from ramekin.engine.replicated import Replicated
from ramekin.errors import Unavailable
from tests.cluster.processes import everything
from tests.cluster.recorder import Clients, Record

FORK = multiprocessing.get_context("fork")

READY_S = 30
"""Seconds that a process may take to begin, and to say what its clients were told."""


class Worker:
    """A process that runs clients until it is asked what they were told."""

    def __init__(self, servers, database, seed, place, options):
        self.place = place
        self._pipe, theirs = FORK.Pipe()
        self._process = FORK.Process(target=_run, args=(theirs, servers, database, seed, place, options), daemon=True)
        self._process.start()
        theirs.close()

    def told(self):
        """Return what it says next. Raises EOFError: it has failed."""
        assert self._pipe.poll(READY_S), "a process does not answer"
        return self._pipe.recv()

    def go_on(self):
        """Have its clients end; `told` returns what they were told. The next time: all that its engine holds then."""
        self._pipe.send("go on")

    def kill(self):
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()


@contextmanager
def working(servers, places, seed, **options):
    """Give processes, one a place, that are ready; and the name of their database."""
    database = secrets.token_hex(8)
    workers = []
    try:
        for i, place in enumerate(places):
            workers.append(Worker(servers, database, f"{seed}-{i}", place, options))
        for worker in workers:
            assert worker.told() == "ready"
        yield workers, database
    finally:
        for worker in workers:
            worker.kill()


def all_told(workers):
    """End the clients of all processes, return what they were told, and see that all processes hold the same."""
    told = Record()
    for some in _next_of(workers):
        told.add(some)
    first, *others = _next_of(workers)
    assert all(other == first for other in others), "the processes hold different records"
    return told


def _next_of(workers):
    for worker in workers:
        worker.go_on()
    return [worker.told() for worker in workers]


def _run(pipe, servers, database, seed, place, options):
    os.setgid(place.user)
    os.setuid(place.user)
    asyncio.run(_work(pipe, place, Replicated(servers, database, **options), seed))


async def _work(pipe, place, engine, seed):
    loop = asyncio.get_running_loop()
    loop.create_connection = partial(loop.create_connection, local_addr=(place.host, 0))
    await engine.open()
    clients, asked = Clients([engine], seed), asyncio.Event()
    loop.add_reader(pipe.fileno(), asked.set)
    pipe.send("ready")
    await asked.wait()
    loop.remove_reader(pipe.fileno())
    pipe.recv()
    pipe.send(await clients.end())
    pipe.recv()  # all clients of all processes have ended
    await _catch_up(engine)
    pipe.send(everything(engine))
    await engine.close()


async def _catch_up(engine):
    """Wait until all that happened is here, through failures that are not over yet."""
    for _ in range(READY_S):
        with suppress(Unavailable):
            await engine._link.catch_up()
            return
        await asyncio.sleep(1)
