"""Whether a node can keep a database for us: looked at once, at the start, so that trouble is one sentence then.

    does it let us in? ---> does it know functions? ---> may we do all that we need? ---> does it keep what it is given?

What time heals, a node that still reads its files or a cluster that elects, is not told from here: `AGAIN` names it.
Knows no tables; see ``line.py`` and ``feed.py`` for what is asked of the node later.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from ramekin.cluster import memory_policy
from ramekin.cluster.key_names import FORMAT, KeyNames
from ramekin.cluster.node_connection import Lost, NodeConnection, NodeRefused, Word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ramekin.cluster.slot import Slot

AGAIN = frozenset(
    ("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "LOADING", "MASTERDOWN", "NOREPLICAS", "BUSY", "UNBLOCKED")
)
"""What nodes say to what they have not begun, and may take soon."""

NOT_BEGUN = frozenset(("NOPERM", "NOAUTH", "WRONGPASS", "MISCONF", "NOPROTO"))
"""What nodes say to what they have not begun, and will not take until somebody mends something there."""

DAMAGED = "keys of the database are not as Ramekin left them; they were changed by hand, or by another program"
"""Why a function of ours fails in its midst."""

OF_HASHES = ("HSET", "HSETNX", "HINCRBY", "HGET", "HMGET", "HGETALL", "HSCAN", "HDEL", "EXISTS", "EXPIRE")
OF_LISTS = ("RPUSH", "LRANGE", "LINDEX", "LLEN", "LTRIM", "LPOP")
OF_STREAMS = ("XADD", "XRANGE", "XREAD", "XTRIM")
OF_NODES = ("CLUSTER SLOTS", "CLUSTER NODES", "ROLE", "WAIT", "TIME", "FCALL", "FUNCTION LOAD")
"""The commands that are tried: those that are sent, or that our functions carry out, which takes the same rights."""

_WORDS: dict[str, tuple[Word, ...]] = {
    "HSET": ("a", "1"),
    "HSETNX": ("a", "1"),
    "HINCRBY": ("a", 1),
    "HGET": ("a",),
    "HMGET": ("a",),
    "HSCAN": (0,),
    "HDEL": ("a",),
    "EXPIRE": (60,),
    "RPUSH": ("a",),
    "LRANGE": (0, -1),
    "LINDEX": (0,),
    "LTRIM": (0, -1),
    "XADD": ("1-0", "a", "b"),
    "XRANGE": ("-", "+"),
    "XTRIM": ("MAXLEN", 1),
    "WAIT": (0, 1),
    "FCALL": ("ramekin_trial", 0),
    "FUNCTION LOAD": ("#!lua name=",),
}
"""What stands behind a command, and its key, when it is tried: nothing that is of use, or that could do harm."""

_LOOK: dict[str, tuple[Word, ...]] = {"hash": ("HGET", "a"), "list": ("LLEN",), "stream": ("XRANGE", "-", "-")}
"""A command that each type of key takes, and the others refuse."""

_COMMAND = re.compile(r"'([a-z]+(?:\|[a-z]+)?)'")


_OURS = {b"format", b"lineage", b"rev", b"asked"}
"""Members of a head, some of which are there whoever made it: after FLUSHALL a server that runs makes another."""

_SAID = {
    "OOM": "a node has reached its maxmemory",
    "NOREPLICAS": "a node has fewer replicas than its min-replicas-to-write",
    "READONLY": "a node is the replica of another",
    "WRONGTYPE": "a key of the database holds something that Ramekin has not written; a server that starts names it",
}
"""What some codes mean."""


class Unfit(Exception):
    """A node that we cannot work with, or what it keeps; the text says why, without a password or a user's name."""


def is_damage(refused: NodeRefused) -> bool:
    """Say whether a refusal of what a node has begun means that keys are not as we left them."""
    return refused.code != "OOM" and refused.code not in NOT_BEGUN


async def admit(slot: Slot, keys: KeyNames) -> None:
    """See that a database can be kept where its slot is.

    Raises:
        Lost: nobody answers. NodeRefused: the node may take it soon, with a code of `AGAIN`. Unfit: it never will.
    """
    try:
        connection = await slot.connect("ramekin-start")
    except NodeRefused as refused:
        if refused.code in AGAIN:
            raise
        raise Unfit(explain(refused)) from None
    try:
        await _look_at_rights(connection, keys)
        await _look_at_memory(slot, connection)
        await _look_at_keys(connection, keys)
        await _look_at_format(connection, keys)
    finally:
        connection.close()


async def _look_at_rights(connection: NodeConnection, keys: KeyNames) -> None:
    """Try each command that is needed, with keys that nobody uses. Raises Unfit."""
    asked = [connection.send(*words) for words in _trials(keys)]
    replies = await asyncio.gather(*asked, return_exceptions=True)
    refusals = [reply for reply in replies if isinstance(reply, NodeRefused)]
    if any("unknown command" in str(refused) for refused in refusals):
        raise Unfit("it is too old: Redis 7.0 or Valkey 7.2, or newer, is needed, which know functions")
    lacking = {_lacking(refused): None for refused in refusals if refused.code == "NOPERM"}
    if lacking:
        raise Unfit(f"the user's rights are not enough: {', '.join(lacking)} lacking for keys '{{{keys.tag}}}*'")


def _trials(keys: KeyNames) -> list[tuple[Word, ...]]:
    types = {"hash": OF_HASHES, "list": OF_LISTS, "stream": OF_STREAMS}
    tried: list[tuple[Word, ...]] = []
    for type_, commands in types.items():
        key = keys.of(f"trial:{type_}")
        for command in commands:
            before: tuple[Word, ...] = ("STREAMS", key, "0") if command == "XREAD" else (key,)
            tried.append((command, *before, *_WORDS.get(command, ())))
    tried += [(*command.split(), *_WORDS.get(command, ())) for command in OF_NODES]
    trials = [keys.of(f"trial:{type_}") for type_ in types]
    return [*tried, ("RENAME", trials[0], trials[0]), ("UNLINK", *trials)]


async def _look_at_memory(slot: Slot, connection: NodeConnection) -> None:
    """See that the node, and what may take its place, keeps what it is given. Raises Unfit."""
    why = await memory_policy.of_primary(connection.call) or await memory_policy.of_replicas(slot, connection.call)
    if why:
        raise Unfit(why)


async def _look_at_keys(connection: NodeConnection, keys: KeyNames) -> None:
    """See that no key of ours holds something else. Raises Unfit."""
    await _look_at_types(connection, keys.types)
    births = await connection.call("HGETALL", keys.of("births"))
    tables = [name.decode(errors="replace") for name in births[::2]]
    await _look_at_types(
        connection, {key: "hash" for name in tables for key in (keys.records(name), keys.claims(name))}
    )


async def _look_at_types(connection: NodeConnection, types: Mapping[str, str]) -> None:
    asked = [connection.send(_LOOK[type_][0], key, *_LOOK[type_][1:]) for key, type_ in types.items()]
    for key, reply in zip(types, await asyncio.gather(*asked, return_exceptions=True), strict=True):
        if isinstance(reply, NodeRefused) and reply.code == "WRONGTYPE":
            raise _foreign(key)
        if isinstance(reply, BaseException):
            raise reply


def _foreign(key: str) -> Unfit:
    return Unfit(
        f"the key {key} holds something that Ramekin has not written: delete it there, or take another --database"
    )


async def _look_at_format(connection: NodeConnection, keys: KeyNames) -> None:
    """See that what is kept is read by this program. Raises Unfit."""
    head = keys.of("head")
    cells = await connection.call("HGETALL", head)
    head_now = dict(zip(cells[::2], cells[1::2], strict=True))
    if head_now and _OURS.isdisjoint(head_now):
        raise _foreign(head)
    found = head_now.get(b"format")
    if found is None or found == b"%d" % FORMAT:
        return
    is_older = found.isdigit() and int(found[:20]) < FORMAT
    older = "with the version that wrote it, `ramekin copy` its tables to a directory; copy that to another --database"
    raise Unfit(
        f"the database '{keys.database}' is kept in format {found.decode('ascii', 'replace')[:20]}, and this version "
        f"reads {FORMAT}: {older if is_older else 'take a newer one'}"
    )


def explain(error: Lost | NodeRefused | TimeoutError | Unfit) -> str:
    """Return why a node is of no use now, without its address."""
    if isinstance(error, Unfit):
        return str(error)
    if not isinstance(error, NodeRefused):
        return "the nodes do not answer"
    if error.code == "NOAUTH":
        return "a password is needed: write it into the address, or set RAMEKIN_ENGINE_PASSWORD"
    if error.code == "WRONGPASS" or "without any password" in str(error):
        return "the user or the password is wrong"
    if error.code == "NOPERM":
        return f"the user's rights are not enough: {_lacking(error)} lacking"
    return _SAID.get(error.code, f"a node says {error.code}")


def _lacking(refused: NodeRefused) -> str:
    """Return which right a node says is lacking. Its sentence names the user, so it is not repeated."""
    found = _COMMAND.search(str(refused))
    return f"+{found[1]}" if found else "access to keys"
