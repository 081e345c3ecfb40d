"""A small database of a snapshot and two logs, and what may come of it when a byte of it is not what was written.

Allowed is a state that the database had (of the logs' steps the first ones), or one line that names the file. Never a
wrong record, another exception, or a change of files that were refused.
"""

from __future__ import annotations

import shutil

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.durability.failures import Unusable
from ramekin.durability.store import Store
from ramekin.schema.definition import Definition, IndexDefinition

MAIN, LOG, NEXT = "tables.1.db", "tables.1.log", "tables.2.log"


def body(i, x):
    return b'{"id":%d,"x":"%s"}' % (i, b"x" * x)


def put(i, x=40):
    return Written([Change("t", str(i), None, body(i, x))])


def build(folder):
    """Make a database whose snapshot and logs all hold something, as a crash leaves it; return its states since then.

    The last two steps are not synced.
    """
    store = Store(folder / "work", "always")
    store.lock()
    file, _ = store.read()
    file.commit([Defined("t", Definition(unique=("id",), indexes=(IndexDefinition("y", "sorted"),)))])
    file.commit([Loaded({"t": {str(i): body(i, 20 + i % 50) for i in range(200)}, "u": {"a": b'{"id":"a"}'}})])
    file.commit([Written([Change("t", str(i), b"", None) for i in range(0, 40, 3)])])
    file.sync()
    file.close()
    store.release()
    store = Store(folder / "work", "always")
    store.lock()
    file, contents = store.read()
    file = switch(store, file)
    store.write_snapshot(file.header, contents)
    states = [snapshot(folder)]
    steps = [put(1, 50), put(500), Written([Change("t", "2", b"", None)]), Dropped("u"), put(501), put(502, 9000)]
    steps += [Loaded({"u": {str(i): body(i, 5) for i in range(9)}}, True, ["t"]), put(7), put(8, 70)]
    for number, step in enumerate(steps):
        if number == 5:
            file = switch(store, file)
        file.commit([step])
        if number < len(steps) - 2:
            file.sync()
        states.append(snapshot(folder))
    shutil.copytree(folder / "work", folder / "base")
    file.close()
    store.release()
    return states


def switch(store, file):
    following = store.begin_log()
    file.end(following)
    following.sync()
    return following


def snapshot(folder):
    """Return what a start on a copy of the work in progress reads."""
    shutil.copytree(folder / "work", folder / "look")
    found = start(folder / "look")
    shutil.rmtree(folder / "look")
    assert isinstance(found, dict), found
    return found


def start(path, fsync="always"):
    """Return what a start reads, or the refusal."""
    store = Store(path, fsync)
    try:
        store.lock()
        file, contents = store.read()
    except Unusable as refusal:
        return refusal
    file.close()
    store.release()
    return {name: (kept.definition, dict(kept.bodies)) for name, kept in contents.items()}


class Bench:
    """Tries damages, one after the other, on the same few files."""

    def __init__(self, folder):
        self.states = build(folder)
        self.base, self.path = folder / "base", folder / "try"
        self.bytes = {each.name: each.read_bytes() for each in self.base.iterdir()}
        self.path.mkdir(mode=0o700)

    def attempt(self, changes, fsync="always"):
        """Start with some files changed (None: absent), and check what comes of it; return the state's place, or None."""
        files = {**self.bytes, **changes}
        for each in self.path.iterdir():
            each.unlink()
        for name, text in files.items():
            if text is not None:
                (self.path / name).touch(mode=0o600)
                (self.path / name).write_bytes(text)
        found = start(self.path, fsync)
        if isinstance(found, dict):
            assert found in self.states, "a state that the database never had"
            return self.states.index(found)
        assert str(self.path) in str(found), "the refusal names the file"
        assert "\n" not in str(found)
        for name, text in files.items():
            if name != "lock" and text is not None:
                assert (self.path / name).read_bytes() == text, f"{name} was changed although it was refused"
        return None

    def flip(self, name, place, bit):
        text = bytearray(self.bytes[name])
        text[place] ^= 1 << bit
        return self.attempt({name: bytes(text)})

    def cut(self, name, length):
        return self.attempt({name: self.bytes[name][:length]})
