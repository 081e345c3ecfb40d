"""What gives way when memory is short: branches that are over, the oldest steps that are kept, then spare indexes.

Whoever follows reads tables anew, and an index that nothing pins is built again by whoever wants it: none of it is a
loss of data. Knows no steps; see ``catalog.py`` for who needs room, and ``memory.py`` for how it is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.errors import MemoryLimit

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from ramekin.schema.fields import Field
    from ramekin.storage.history import History
    from ramekin.storage.memory import Memory
    from ramekin.storage.table import Table

_NO_ROOM = "The tables have no room for this; nothing was applied."


def free(tables: Iterable[Table], memory: Memory, history: History, grown_bytes: int, needed: Container[Field]) -> None:
    """Make room for some bytes; the least used indexes are dropped first, and none where all would not be enough.

    Args:
        needed: fields whose indexes stay.

    Raises:
        MemoryLimit: there is no room. Cost: O(tables).
    """
    if memory.family is not None:
        memory.family.give_way(memory)
    history.give_way(memory.lacking_bytes(grown_bytes))
    lacking_bytes = memory.lacking_bytes(grown_bytes)
    if lacking_bytes <= 0:
        return
    spare = [
        (used_s, table, field)
        for table in tables
        if table.memory is memory and table.memory_bytes > table.borrowed_bytes
        for used_s, field in table.spare_indexes(needed)
    ]
    if sum(table.indexes[field].size_bytes for _, table, field in spare) < lacking_bytes:
        raise MemoryLimit(_NO_ROOM)
    spare.sort(key=lambda each: each[0])
    for _, table, field in spare:
        table.drop_index(field)
        if memory.lacking_bytes(grown_bytes) <= 0:
            return
    raise MemoryLimit(_NO_ROOM)  # what a branch shares gives nothing back
