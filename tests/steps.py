"""Steps as tests ask for them, in a word."""

from __future__ import annotations

from ramekin.changes import Change, Defined, Dropped, Loaded, Written


async def write(engine, changes):
    """Ask for changes, and say whether they happened."""
    return await engine.apply(Written(changes)) is not None


async def change(engine, table, key, make):
    """Store what a function makes of a record's body, as it is in the moment in which that happens."""

    def step():
        before = engine.ahead(table, key)
        return Written([Change(table, key, before, make(before))])

    assert await engine.apply(step) is not None


async def define(engine, table, definition):
    assert await engine.apply(Defined(table, definition)) is not None


async def drop(engine, table):
    assert await engine.apply(Dropped(table)) is not None


async def load(engine, tables, *, replace=False):
    """Ask for a load, and say whether it happened."""
    return await engine.apply(Loaded(tables, replace)) is not None
