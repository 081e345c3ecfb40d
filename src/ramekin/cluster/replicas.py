"""The replicas of the node that has the slot: how many have to confirm a step, and whether they have all that it has.

A step that all of them have outlives the node: whichever is made primary has it. One that the cluster takes for failed
is not asked, since it is made primary by nobody; one that only this node takes for failing is asked: behind a cut
network that is all that it can know. One that follows already is asked before the cluster tells whose it is, up to a
second after another node was made primary. Knows no steps; see ``line.py``.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Literal

from ramekin.clock import stopwatch_s
from ramekin.cluster.admission import Unfit
from ramekin.cluster.key_names import KeyNames, function
from ramekin.cluster.node_connection import ANSWER_S, Lost, NodeConnection, NodeRefused
from ramekin.cluster.telling import Seldom
from ramekin.errors import Unavailable

_log = logging.getLogger("ramekin")

Acknowledged = Literal["auto", "primary", "replicas"]
"""Who has a step when its caller is told; ``auto``: the replicas where there are any at the beginning."""

CONFIRM_MS = 1000
"""Milliseconds that replicas have to confirm."""

COUNT_EVERY_S = 1.0
"""Seconds between two looks at how many replicas there are."""

_NODE = re.compile(r"(?P<id>\S+) \S+ (?P<flags>\S+) (?P<primary>\S+)")


class Replicas:
    """How many there are, as far as anybody needs to know."""

    def __init__(self, keys: KeyNames, acknowledged_by: Acknowledged) -> None:
        self.acknowledged_by: Acknowledged = acknowledged_by
        """Who has a step when its caller is told; ``auto`` only before a node was asked."""
        self.count = 1
        """How many have to confirm."""
        self._keys, self._counted_s = keys, -COUNT_EVERY_S
        self._missing_since_s: float | None = None
        self._refused_since_s: float | None = None
        self._seldom, self._told = Seldom(), -1

    @property
    def are_asked(self) -> bool:
        """Whether a step has happened only once they have it."""
        return self.acknowledged_by == "replicas"

    async def look(self, connection: NodeConnection) -> None:
        """Count those of a node that was not spoken to before. Raises Lost, NodeRefused."""
        if self.acknowledged_by == "auto":
            self.acknowledged_by = "replicas" if await _count(connection, has_failed=True) else "primary"
        self.look_again()
        await self.keep_count(connection)

    def look_again(self) -> None:
        """Have them counted before the next step."""
        self._counted_s = -COUNT_EVERY_S

    async def keep_count(self, connection: NodeConnection) -> None:
        """Count them, if they are asked, and if that was long ago. Raises Lost, NodeRefused."""
        if self.are_asked and stopwatch_s() - self._counted_s > COUNT_EVERY_S:
            self.count, self._counted_s = await _count(connection), stopwatch_s()
            if self.count:
                self._missing_since_s = None
            elif self._missing_since_s is None:
                self._missing_since_s = self._counted_s
            if self.count != self._told and self._seldom.may():
                if self._told >= 0:
                    _log.warning("replicas that confirm writes: %d, after %d", self.count, self._told)
                self._told = self.count

    def may_come(self) -> bool:
        """Say whether none was found for so short that one may be about to follow: its primary may be new."""
        return self._missing_since_s is not None and _is_recent(self._missing_since_s)

    def may_return(self) -> bool:
        """Say the same of a node that has just refused a step for want of replicas."""
        if self._refused_since_s is None:
            self._refused_since_s = stopwatch_s()
        return _is_recent(self._refused_since_s)

    def note_taken(self) -> None:
        """Take note that a node has taken a step."""
        self._refused_since_s = None

    def have_confirmed(self, told: Any) -> bool:
        """Say whether the reply to ``WAIT`` says so; if not, they are counted again."""
        if isinstance(told, int) and told >= self.count > 0:
            return True
        self.look_again()
        return False

    async def last_step(self, connection: NodeConnection) -> tuple[int, str]:
        """Return the number and the nonce of a node's last step, once replicas have it too if they are asked.

        Raises:
            Lost, NodeRefused: they do not say so in time, or the node. Unfit: it tells of something else.
        """
        keys = self._keys.of_every_call
        if not self.are_asked:
            return read_step(await connection.call("HMGET", keys[0], "rev", "nonce"), keys[0])
        asked = connection.send("FCALL", function("ask"), len(keys), *keys)
        told = await connection.call("WAIT", self.count, CONFIRM_MS, within_s=ANSWER_S + CONFIRM_MS / 1000)
        step = read_step((await asked)[1:], keys[0])
        if not self.have_confirmed(told):
            raise Lost("Too few replicas confirm what the node has.")
        return step


def read_step(told: list[Any], head: str) -> tuple[int, str]:
    """Return a number and a nonce as a node tells them; 0 and none where nothing has happened yet.

    Raises:
        Unfit: the key that they are read from holds something else.
    """
    try:
        return int(told[0] or 0), (told[1] or b"").decode()
    except (ValueError, IndexError):  # functions leave out a number that is none, and all behind it
        raise Unfit(f"the key {head} holds something that Ramekin has not written") from None


def told_step(told: list[Any], head: str) -> tuple[int, str]:
    """Return the same for whoever asked the database. Raises Unavailable."""
    try:
        return read_step(told, head)
    except Unfit as unfit:
        raise Unavailable(f"The cluster cannot be used: {unfit}.") from None


def _is_recent(since_s: float) -> bool:
    """Say whether a replica may still come that was missed first at this moment."""
    return stopwatch_s() - since_s < CONFIRM_MS / 1000


async def _count(connection: NodeConnection, *, has_failed: bool = False) -> int:
    """Return how many replicas a node has, with those that the cluster takes for failed or without."""
    asked, role = connection.send("CLUSTER", "NODES"), await connection.call("ROLE")
    try:
        nodes = (await asked).decode()
    except NodeRefused:  # no cluster
        nodes = ""
    return replicas_of_myself(nodes, role, has_failed=has_failed)


def replicas_of_myself(nodes: str, role: list[Any], *, has_failed: bool = False) -> int:
    """Return how many replicas a node has.

    Args:
        nodes: what it tells of all nodes. role: what it tells of itself, and of who follows it now: there a port of 0
            is a client that takes a copy and confirms nothing.
    """
    found = [match for line in nodes.splitlines() if (match := _NODE.match(line))]
    me = next((node["id"] for node in found if "myself" in node["flags"].split(",")), None)
    mine = [node["flags"].split(",") for node in found if node["primary"] == me]
    failed = sum("fail" in flags for flags in mine)
    following = sum(int(port) > 0 for _, port, _ in role[2]) if role[0] == b"master" else 0
    return max(len(mine), following) - (0 if has_failed else failed)
