"""Copying whole tables from one place to another, while the source is read, and proving that both hold the same.

    read the source ---> read the target ---> what does it lack? ---> write that ---> read it again ---> equal?

A copy that was ended goes on when it is asked for again, since what is there already is not written twice. What the
source does not have is taken away only where that was said.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ramekin.cli.configuration import Refused
from ramekin.cli.ends import End, difference, end_of, other_records, without_due
from ramekin.cli.progress import progress
from ramekin.clock import SYSTEM
from ramekin.durability.contents import Contents, TableContents
from ramekin.schema.definition import NOTHING_DEFINED

if TYPE_CHECKING:
    from ramekin.settings import Settings

SHOWN = 3
"""Tables that a refusal names."""

NOTHING = TableContents(NOTHING_DEFINED, {})


def copy(source: str, target: str, settings: Settings, key: str | None, *, is_replacing: bool) -> None:
    """Make a target hold what a source holds, and print what that is.

    Raises:
        Refused, FileFault, Unusable: one of them cannot be used, or the target holds something else.
    """
    from_end, to_end = end_of(source, settings, key), end_of(target, settings, key)
    if not from_end.is_there():
        raise Refused(f"{source}: is not there")
    wanted = _still_there(from_end)
    within_s, has_dues = to_end.due_within_s, any(whole.dues for whole in wanted.values())
    if within_s is None and has_dues:
        told = "and the target cannot be told when: copy to a data directory, a backup, a server or nodes"
        raise Refused(f"the source has records that are due at some time, {told}")
    there = _still_there(to_end)
    has_definitions = from_end.keeps_definitions and to_end.keeps_definitions
    within_s = within_s or 0
    lacking = difference(there, wanted, has_definitions=has_definitions, within_s=within_s)
    if not is_replacing and (others := _others(there, wanted, within_s)):
        raise Refused(f"the target holds what the source does not: {others}; say --replace to make it equal")
    if lacking.is_any:
        size_bytes = sum(len(body) for whole in lacking.stored.values() for body in whole.bodies.values())
        with progress("Copying", size_bytes) as advance:
            to_end.write(wanted, lacking, advance)
    found, now_s = to_end.read(), SYSTEM.wall_ms() / 1000
    _prove(without_due(wanted, now_s), without_due(found, now_s), within_s)
    if has_dues and within_s:
        print(f"Records that are due at some time are so to within {within_s} seconds.")
    if not has_definitions and any(whole.definition != NOTHING_DEFINED for whole in wanted.values()):
        print("What is said of tables, schemas and unique fields, is not in a file of records.")


def _still_there(end: End) -> Contents:
    """Return what an end holds, but for records that are due: they are gone, though they may lie there still."""
    return without_due(end.read(), SYSTEM.wall_ms() / 1000)


def _others(there: Contents, wanted: Contents, within_s: int) -> str:
    """Return what a target holds besides what is wanted, in words; empty where there is nothing."""
    found = []
    for name, whole in there.items():
        count = sum(1 for _ in other_records(whole, wanted.get(name, NOTHING), within_s))
        if count or name not in wanted:
            found.append(f"{name} ({count:,} record{'' if count == 1 else 's'})")
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more tables" if len(found) > SHOWN else "")


def _prove(wanted: Contents, found: Contents, within_s: int) -> None:
    """Print what both ends hold, with its digest. Raises Refused where they do not hold the same."""
    pairs = {name: (wanted.get(name, NOTHING), found.get(name, NOTHING)) for name in {**wanted, **found}}
    unequal = [name for name, (one, other) in pairs.items() if not _is_equal(one, other, within_s)]
    if unequal:
        raise Refused(f"the target holds something else now: {', '.join(unequal[:SHOWN])}; is it written by others?")
    whole = sha256()
    for name in sorted(wanted):
        digest = _digest(wanted, name)
        whole.update(f"{name} {digest}\n".encode())
        count = len(wanted[name].bodies)
        print(f"{name}: {count:,} record{'' if count == 1 else 's'}, sha256 {digest}")
    print(f"Both hold the same: sha256 {whole.hexdigest()}")


def _is_equal(one: TableContents, other: TableContents, within_s: int) -> bool:
    """Say whether two tables hold the same records; one that is not there holds none, as one of a model stays empty."""
    return one.bodies.keys() == other.bodies.keys() and not any(other_records(one, other, within_s))


def _digest(contents: Contents, name: str) -> str:
    """Return the hash of a table's records in the order of their keys."""
    found = sha256()
    for key, body in sorted(contents[name].bodies.items()):
        found.update(f"{key}\0{contents[name].dues.get(key, '')}\0{len(body)}\0".encode())
        found.update(body)
    return found.hexdigest()
