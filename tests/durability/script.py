"""A fixed run of an engine with a journal, told line by line: what was begun, how it ended, what is visible at the end.

Run as a process of its own, on a directory, while a tracer makes one of its calls fail or kills it:
``python -m tests.durability.script DIRECTORY FSYNC``. ``check`` then says whether all that is allowed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from ramekin.changes import Change
from ramekin.durability import compaction, journal, syncs
from ramekin.durability.failures import Unusable
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled
from ramekin.errors import OutcomeUnknown, RamekinError
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import define, load, write


def body(key, x):
    return json.dumps({"id": key, "x": x}, separators=(",", ":")).encode()


def say(*words):
    os.write(1, (json.dumps(words) + "\n").encode())


STEPS = [
    ("define", {}),
    ("write", {"a": "1", "b": "2"}),
    ("write", {"a": "3"}),
    ("load", {f"l{i}": "y" * 300 for i in range(60)}),
    ("write", {"b": None, "c": "z" * 9000}),
    ("write", {"d": "4"}),
]
"""Each changes records of one table: key to value, None to delete."""


async def run(path, fsync, part):
    store = Store(path, fsync)
    store.lock()
    engine = Journaled(store)
    await engine.open()
    for number, (kind, values) in enumerate(STEPS):
        named = {f"{part}{key}": value for key, value in values.items()}
        say("begun", part, number)
        try:
            await apply(engine, kind, named)
        except OutcomeUnknown:
            say("unknown", part, number)
        except RamekinError:
            say("refused", part, number)
        else:
            say("done", part, number)
    async with engine.tables.view(await accesses(engine)) as view:
        rows = [body async for bodies in view.batches("t") for body in bodies] if view._records else []
    say("seen", {row["id"]: row["x"] for row in map(json.loads, rows)})
    await engine.close()


async def accesses(engine):
    from ramekin.engine.access import Access

    return [Access(name) for name in engine.tables.names()]


async def apply(engine, kind, values):
    if kind == "define":
        await define(engine, "t", Definition(require_if_match=True))
    elif kind == "load":
        await load(engine, {"t": {key: body(key, x) for key, x in values.items()}}, replace=False)
    else:
        before = [engine.ahead("t", key) for key in values]
        pairs = zip(values.items(), before, strict=True)
        changes = [Change("t", k, old, None if x is None else body(k, x)) for (k, x), old in pairs]
        assert await write(engine, [change for change in changes if change.before != change.after])


def expected(lines):
    """Return what must be seen in the process at the end, and what may be there after a restart."""
    seen, allowed = {}, [{}]
    last = {}
    for word, *rest in lines:
        if word in ("begun", "done", "refused", "unknown"):
            last[tuple(rest)] = word
    for (part, number), word in last.items():
        values = {f"{part}{key}": value for key, value in STEPS[number][1].items()}
        if word == "done":
            seen = changed(seen, values)
            allowed = [changed(state, values) for state in allowed]
        elif word in ("begun", "unknown"):
            allowed += [changed(state, values) for state in allowed]
    return seen, allowed


def changed(state, values):
    return {key: value for key, value in {**state, **values}.items() if value is not None}


def read(path):
    """Return what a start reads."""
    store = Store(path, "always")
    store.lock()
    file, contents = store.read()
    file.close()
    store.release()
    kept = contents.get("t")
    return {} if kept is None else {key: json.loads(text)["x"] for key, text in kept.bodies.items()}


def check(path, output):
    """See that what a run told, and what it left, go together. Raises AssertionError."""
    lines = [json.loads(line) for line in output.splitlines() if line.endswith("]")]
    seen, allowed = expected(lines)
    for word, *rest in lines:
        if word == "seen":
            told = lines[: lines.index([word, *rest])]
            assert rest[0] == expected(told)[0], "a refused write is seen, or an acknowledged one is not"
    found = read(path) if path.exists() else {}
    assert found in allowed, {"lost": {k: v for k, v in seen.items() if found.get(k) != v}, "found": list(found)}
    assert read(path) == found if path.exists() else True, "a second restart changes nothing"


def main():
    compaction.LOG_BYTES, journal.RETRY_S, syncs.SYNC_S = 15_000, 0.05, 0.05
    path, fsync = Path(sys.argv[1]), sys.argv[2]
    try:
        for part in ("p", "q"):
            asyncio.run(run(path, fsync, part))
    except Unusable as refusal:
        say("refusal", str(refusal))
        sys.exit(refusal.exit_code)


if __name__ == "__main__":
    main()
