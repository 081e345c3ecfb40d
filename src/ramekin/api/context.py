"""What is true of this run of the server, for all requests; see ``session.py`` for what is true of one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ramekin.api.broadcast import Broadcast
from ramekin.api.edge.faults import Faults
from ramekin.api.edge.flight import Flight
from ramekin.clock import MovableClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ramekin.access.roles import Grant
    from ramekin.api.edge.edge import Edge
    from ramekin.api.edge.siblings import Siblings
    from ramekin.api.http.heads import Head
    from ramekin.database.branches import Branches
    from ramekin.database.database import Database

WHOLE_TABLES_AT_ONCE = 2
"""Dumps that make a piece in the same turn of the loop: about 1 ms each."""


class Context:
    """The database, and what is true of this run of the server."""

    def __init__(self, database: Database, edge: Edge, branches: Branches | None = None, delay_ms: int = 0) -> None:
        self.database, self.metrics, self._edge = database, edge.metrics, edge
        self.branches = branches
        """Those that requests may make and use; None: there are no such requests."""
        self.faults = Faults() if branches is not None or delay_ms else None
        """What is done to requests on purpose; None: nothing ever is."""
        if self.faults is not None and delay_ms:
            self.faults.set({"rules": [{"delay_ms": delay_ms}]})
        self.reads_anew = database.guarantees.reads_anew
        """Whether a request waits until the tables show what happened in other processes."""
        self.flight = Flight(database.memory, edge.metrics.refusals)
        self.turns = asyncio.Semaphore(WHOLE_TABLES_AT_ONCE)
        """Lets dumps take turns, a piece at a time: a thousand of them must not each take one in a turn of the loop."""
        self.is_draining, self.has_keys = False, edge.has_keys
        self._broadcasts: WeakKeyDictionary[Database, Broadcast] = WeakKeyDictionary()
        self.worker: int | None = None
        """Which of several processes on a port this is; None where it is the only one."""
        self.siblings: Siblings | None = None
        """The others."""
        self.document: Callable[[], dict[str, Any]] = dict
        """Makes the OpenAPI document."""
        self.clock = database.clock
        self._real_clock = self.clock.real if isinstance(self.clock, MovableClock) else self.clock
        self._started_s = self._real_clock.steady_s()

    def join(self, worker: int, siblings: Siblings | None) -> None:
        """Be one of several processes on a port."""
        self.worker, self.siblings = worker, siblings

    def describe(self, document: Callable[[], dict[str, Any]]) -> None:
        """Have the OpenAPI document made by who knows all endpoints."""
        self.document = document

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look from now on how late an event loop is."""
        self.metrics.lag.watch(loop)

    def database_of(self, branch: str, grant: Grant, *, makes_none: bool) -> Database:
        """Return the database that a request is about. Who has the role `admin` makes a branch by using it.

        Args:
            makes_none: the branch must be there.

        Raises:
            UnknownBranch, InvalidBranch, TooManyBranches.
        """
        if not branch or self.branches is None:
            return self.database
        is_maker = grant.role == "admin" and grant.tables is None
        return self.branches.use(branch) if is_maker and not makes_none else self.branches.get(branch).database

    def is_foreign(self, head: Head) -> bool:
        """Say whether a page of another origin sent a request: it may ask, and leaves nothing behind."""
        return not self._edge.origins.lets_in(head.headers)

    def broadcast(self, database: Database) -> Broadcast:
        """Return what tells all who follow a database. Cost: O(1)."""
        if database not in self._broadcasts:
            self._broadcasts[database] = Broadcast(database, self._edge.still_admits)
        return self._broadcasts[database]

    def followers(self) -> int:
        """Return how many streams of changes there are."""
        return sum(broadcast.seats for broadcast in self._broadcasts.values())

    def drain(self) -> None:
        """Take no more requests, and end what would never end by itself."""
        self.is_draining = True
        for broadcast in [*self._broadcasts.values()]:
            broadcast.end()

    def uptime_s(self) -> float:
        """Return seconds since the server started, whatever time requests have set."""
        return self._real_clock.steady_s() - self._started_s

    async def status(self) -> str:
        """Return ``ok`` while requests are taken; else ``draining``, ``starting`` or ``failed``."""
        if self.is_draining:
            return "draining"
        return "starting" if self._edge.is_starting else await self.database.engine.state()
