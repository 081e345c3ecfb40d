"""Branches by name: those of one server, which tests and demos make and forget.

Knows no HTTP; see ``branching.py`` for what a branch is.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ramekin.errors import BranchExists, InvalidBranch, MainStays, TooManyBranches, UnknownBranch, did_you_mean, shorten
from ramekin.schema.definition import is_table_name

if TYPE_CHECKING:
    from ramekin.database.database import Database

MAX_BRANCHES = 64
"""Branches at once, if nothing else is said."""

LOOK_S = 1.0
"""Seconds between two looks at the clock, which may be set, while a branch has an end."""

MAIN = "main"
"""What the database itself is called among its branches."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch with its name."""

    name: str
    source: str
    """The name of the branch that it was made from."""
    database: Database
    created_ms: int
    expires_ms: int | None = None
    """When it goes by itself; None: with the server."""


class Branches:
    """The branches of a database.

    1. `main` is the database itself: it is always there, and is none of those that count.
    2. One that is over its time is gone for everybody who asks, and soon by itself: its streams end, and its memory is
       given back.
    """

    def __init__(self, main: Database, most: int = MAX_BRANCHES) -> None:
        self._main = Branch(MAIN, MAIN, main, main.clock.wall_ms())
        self._clock, self._most = main.clock, most
        self._branches: dict[str, Branch] = {}
        self._timer: asyncio.TimerHandle | None = None

    def all(self) -> list[Branch]:
        """Return `main`, and all branches in the order in which they were made. Cost: O(branches)."""
        self._forget_old()
        return [self._main, *self._branches.values()]

    def find(self, name: str) -> Branch | None:
        """Return a branch, or None. Cost: O(1)."""
        if name == MAIN:
            return self._main
        found = self._branches.get(name)
        return None if found is None or self._is_over(found) else found

    def get(self, name: str) -> Branch:
        """Return a branch. Raises UnknownBranch."""
        if (found := self.find(name)) is None:
            hint = did_you_mean(name, [branch.name for branch in self.all()])
            raise UnknownBranch(f"There is no branch '{shorten(name)}'.", hint=hint)
        return found

    def make(
        self, name: str, source: str = MAIN, ttl_s: float | None = None, *, is_replacing: bool = False
    ) -> tuple[Branch, bool]:
        """Make a branch, and return it, and whether none of its name was there.

        Args:
            ttl_s: seconds after which it is gone; None: it stays.
            is_replacing: it takes the place of one that is there, also of the one that it is made from.

        Raises:
            InvalidBranch, UnknownBranch: no branch may have that name; there is no such source.
            MainStays: `main` is none to be made.
            BranchExists, TooManyBranches.
        """
        check_branch_name(name)
        if name == MAIN:
            raise MainStays("'main' is the database itself and cannot be made.")
        self._forget_old()
        origin, before = self.get(source), self.find(name)
        if before is not None and not is_replacing:
            raise BranchExists(f"There is a branch '{name}'.")
        made = self._make(name, origin, ttl_s, frees=before is not None)
        if before is not None:
            before.database.let_go()
        return made, before is None

    def use(self, name: str) -> Database:
        """Return the database of a branch, which is made from `main` where it is not there. Cost: O(tables) then.

        Raises:
            InvalidBranch, TooManyBranches.
        """
        if (found := self.find(name)) is None:
            check_branch_name(name)
            self._forget_old()
            found = self._make(name, self._main, None, frees=False)
        return found.database

    def _make(self, name: str, origin: Branch, ttl_s: float | None, *, frees: bool) -> Branch:
        if len(self._branches) - frees >= self._most:
            raise TooManyBranches(f"There are at most {self._most} branches at once.")
        now_ms = self._clock.wall_ms()
        expires_ms = None if ttl_s is None else now_ms + int(ttl_s * 1000)
        database = origin.database.branch(when_short=partial(self._forget_if_over, name))
        made = self._branches[name] = Branch(name, origin.name, database, now_ms, expires_ms)
        self._watch()
        return made

    def drop(self, name: str) -> None:
        """Drop a branch. What is under way on it ends as if it had come before. Raises UnknownBranch, MainStays."""
        if self.get(name) is self._main:
            raise MainStays("'main' is the database itself and cannot be dropped.")
        self._branches.pop(name).database.let_go()

    def close(self) -> None:
        """Drop all branches."""
        if self._timer is not None:
            self._timer.cancel()
        while self._branches:
            self._branches.popitem()[1].database.let_go()

    def _watch(self) -> None:
        """Look for what is over from now on, while any branch has an end; where no loop runs, whoever asks will."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ends_ms = [branch.expires_ms for branch in self._branches.values() if branch.expires_ms is not None]
        if ends_ms:
            left_s = max(0, min(ends_ms) - self._clock.wall_ms()) / 1000
            with suppress(RuntimeError):
                self._timer = asyncio.get_running_loop().call_later(min(LOOK_S, left_s), self._look)

    def _look(self) -> None:
        self._forget_old()
        self._watch()

    def _forget_old(self) -> None:
        """Let go of the branches that are over."""
        for name in [*self._branches]:
            self._forget_if_over(name)

    def _forget_if_over(self, name: str) -> None:
        if (branch := self._branches.get(name)) is not None and self._is_over(branch):
            del self._branches[name]
            branch.database.let_go()

    def _is_over(self, branch: Branch) -> bool:
        return branch.expires_ms is not None and self._clock.wall_ms() >= branch.expires_ms


def check_branch_name(name: str) -> None:
    """Refuse a name that no branch may have. Raises InvalidBranch."""
    if not is_table_name(name):
        raise InvalidBranch("A branch's name is 1 to 63 letters, digits, '_' or '-', and begins with a letter or '_'.")
