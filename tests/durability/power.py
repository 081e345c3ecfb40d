"""A disk that forgets: under our own code, at the system's calls, it keeps what was synced and any part of the rest.

A file is the bytes that are durable and the writes since its last sync; a directory is the names that are durable and
the changes since its last sync. `crash` keeps any subset of both, and of each write any of its sectors of 512 bytes.
Source: the failure model of "All File Systems Are Not Created Equal" (Pillai and others, OSDI 2014), without reordering
across a sync. What SQLite writes needs no record: a snapshot has no name before it is synced.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from ramekin.definitions import Change, Definition
from ramekin.durability import directory, log, snapshot
from ramekin.durability.faults import DiskFault, Unusable
from ramekin.durability.steps import Defined, Dropped, Kept, Loaded, Written
from ramekin.durability.store import Store

SECTOR = 512
CLOCK_STEP_S = 0.05
"""Simulated seconds of one commit."""

SYNC_S = 0.5


class PowerOff(BaseException):
    """The power is gone."""


class Inode:
    """A file without its name: what is durable, and what was written since."""

    def __init__(self, durable=b""):
        self.durable, self.pending = durable, []

    def after_a_crash(self, random):
        image, share = bytearray(self.durable), random.choice((0, 0.3, 0.7, 0.95, 1))
        for offset, data in self.pending:
            if data is None:
                if random.random() < share:
                    apply(image, offset, None)
                continue
            at = 0
            while at < len(data):
                end = min(len(data), at + SECTOR - (offset + at) % SECTOR)
                if random.random() < share:
                    apply(image, offset + at, data[at:end])
                at = end
        return bytes(image)


def apply(text, offset, data):
    """Change a file's bytes: write, or cut at the offset for None; what lies between is zeros."""
    if data is None:
        del text[offset:]
    text.extend(bytes(max(0, offset - len(text))))
    if data is not None:
        text[offset : offset + len(data)] = data


class Disk:
    """Stands for `os` in the modules that write, on real files in one folder; use it in ``with``."""

    MODULES = (directory, log, snapshot)

    def __init__(self, folder, random):
        self.folder, self.random = folder, random
        self.names = {path.name: Inode(path.read_bytes()) for path in folder.iterdir()}
        self.durable, self.changes = dict(self.names), []
        self.handles: dict[int, Inode | None] = {}
        self.calls_left = self.room = None

    def __getattr__(self, name):
        return getattr(os, name)

    def __enter__(self):
        for module in self.MODULES:
            module.os = self
        directory.sync_file = log.sync_file = self.fdatasync
        return self

    def __exit__(self, *_):
        for module in self.MODULES:
            module.os = os
        directory.sync_file = log.sync_file = os.fdatasync
        for handle in list(self.handles):
            self.close(handle)

    def call(self):
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise PowerOff

    def open(self, path, flags, mode=0o777):
        handle, path = os.open(path, flags, mode), Path(path)
        if path == self.folder:
            self.handles[handle] = None
        else:
            if path.name not in self.names:
                self.names[path.name] = Inode()
                self.changes.append((None, path.name, self.names[path.name]))
            self.handles[handle] = self.names[path.name]
        return handle

    def close(self, handle):
        self.handles.pop(handle, None)
        os.close(handle)

    def write(self, handle, data):
        self.call()
        if self.room is not None and len(data) > self.room:
            data, self.room = data[: self.room], 0
            if not data:
                self.room = None
                raise OSError(errno.ENOSPC, "No space left on device")
        self.handles[handle].pending.append((os.fstat(handle).st_size, bytes(data)))
        return os.write(handle, data)

    def pwrite(self, handle, data, offset):
        self.call()
        self.handles[handle].pending.append((offset, bytes(data)))
        return os.pwrite(handle, data, offset)

    def ftruncate(self, handle, size):
        self.call()
        self.handles[handle].pending.append((size, None))
        os.ftruncate(handle, size)

    def fsync(self, handle):
        self.call()
        inode = self.handles[handle]
        if inode is None:
            self.durable, self.changes = dict(self.names), []
        else:
            inode.durable, inode.pending = os.pread(handle, os.fstat(handle).st_size, 0), []

    fdatasync = fsync

    def rename(self, path, to):
        self.call()
        inode = self.names.pop(Path(path).name)
        self.names[Path(to).name] = inode
        self.changes.append((Path(path).name, Path(to).name, inode))
        os.rename(path, to)

    def unlink(self, path):
        os.unlink(path)
        self.changes.append((Path(path).name, None, self.names.pop(Path(path).name)))
        self.call()

    def crash(self):
        """Return what is on the disk after the power is back, by name."""
        names, share = dict(self.durable), self.random.choice((0, 0.5, 1))
        for before, after, inode in self.changes:
            if self.random.random() < share:
                if names.get(before) is inode:
                    del names[before]
                if after is not None:
                    names[after] = inode
        return {name: inode.after_a_crash(self.random) for name, inode in names.items()}


class Run:
    """A database that is written to as the journal writes, and what is known of it."""

    def __init__(self, folder, random, fsync, *, syncs=True):
        self.random, self.fsync, self.syncs = random, fsync, syncs
        self.states, self.times_s, self.acknowledged = [{}], [0.0], 0
        self.now_s, self.unsynced_s = 0.0, None
        self.definitions = {}
        self.snapshot = None  # what is to be written, with the header of its log
        self.store = Store(folder, fsync)
        self.store.take()
        self.file, _ = self.store.read()

    def step(self):
        self.now_s += self.random.random() * 2 * CLOCK_STEP_S
        if self.unsynced_s is not None and self.now_s - self.unsynced_s >= SYNC_S and self.fsync == "everysec":
            self.sync()
        kind = self.random.random()
        if kind < 0.05:
            following = self.store.begin_log()
            self.file.end(following)
            self.file = following
            self.snapshot = following.header, self.contents()
        elif kind < 0.1 and self.snapshot is not None:
            self.store.write_snapshot(*self.snapshot)
            self.snapshot = None
        elif kind < 0.11:
            self.file, self.snapshot = self.store.replace(self.file, self.contents()), None
            self.unsynced_s = None
        else:
            self.commit()

    def commit(self):
        """Commit some steps as a group; what the disk has no room for is not there, now or later."""
        count = self.random.choice((1, 1, 1, 4))
        states, steps, definitions = [self.states[-1]], [], dict(self.definitions)
        for i in range(count):
            step, state = next_step(self.random, states[-1], f"{len(self.states)}.{i}.{len(self.times_s)}", definitions)
            steps.append(step)
            states.append(state)
        disk = log.os
        disk.room = self.random.randrange(3000) if self.random.random() < 0.05 else None
        # Until it is acknowledged or refused, a group may be there up to any of its steps.
        known = len(self.states)
        self.states += states[1:]
        self.times_s += [self.now_s] * count
        try:
            change = steps[0].changes[0] if count == 1 and type(steps[0]) is Written else None
            if change is not None and len(steps[0].changes) == 1:
                self.file.commit_one(change.table, change.key, change.after)
            else:
                self.file.commit(steps)
        except DiskFault as fault:
            assert fault.is_full
            del self.states[known:], self.times_s[known:]
            return
        finally:
            disk.room = None
        self.definitions = definitions
        self.unsynced_s = self.now_s if self.unsynced_s is None else self.unsynced_s
        if self.fsync == "always":
            self.sync()
        self.acknowledged = len(self.states) - 1

    def sync(self):
        if self.syncs:
            self.file.sync()
        self.unsynced_s = None

    def contents(self):
        contents = {name: Kept(definition, {}) for name, definition in self.definitions.items()}
        for (table, key), text in self.states[-1].items():
            contents.setdefault(table, Kept(Definition(), {})).bodies[key] = text
        return contents


def lose_power_once(folder, random, fsync, *, syncs=True):
    """Commit until the power goes, start again, and return how many steps, and seconds, were lost."""
    work = fresh(folder / "work", {})
    run = None
    with Disk(work, random) as disk:
        try:
            run = Run(work, random, fsync, syncs=syncs)
            disk.calls_left = random.randrange(300)
            while True:
                run.step()
        except PowerOff:
            pass
    images = disk.crash()
    while random.random() < 0.3:
        images = lose_power_while_starting(folder, random, fsync, images)
    found = recovered(folder, random, images, fsync)
    assert found in run.states, "a state that the database never had"
    place = len(run.states) - 1 - run.states[::-1].index(found)
    lost_s = run.now_s - run.times_s[place + 1] if place < run.acknowledged else 0.0
    return max(0, run.acknowledged - place), lost_s


def lose_power_while_starting(folder, random, fsync, images):
    work = fresh(folder / "start", images)
    with Disk(work, random) as disk:
        disk.calls_left = random.randrange(12)
        store = Store(work, fsync)
        try:
            store.take()
            store.read()
        except PowerOff:
            pass
    return disk.crash()


def recovered(folder, random, images, fsync):
    """Return what a start reads; the second one reads the same."""
    work, found = fresh(folder / "after", images), []
    for _ in range(2):
        with Disk(work, random):
            store = Store(work, fsync)
            try:
                store.take()
                _, contents = store.read()
            except Unusable as refusal:
                raise AssertionError(f"refused after a mere loss of power: {refusal}") from None
        found.append({(name, key): text for name, kept in contents.items() for key, text in kept.bodies.items()})
    assert found[0] == found[1]
    return found[0]


def fresh(path, images):
    """Return a directory with some files."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    for name, text in images.items():
        (path / name).touch(mode=0o600)
        (path / name).write_bytes(text)
    return path


def next_step(random, state, number, definitions):
    """Return a step, and the state that it leads to."""
    kind = random.random()
    if kind < 0.6 or not state:
        places = [("t", str(random.randrange(30))) for _ in range(random.choice((1, 1, 1, 5)))]
        bodies = {
            place: b'{"id":%s,"n":%s,"x":"%s"}'
            % (place[1].encode(), number.encode(), b"x" * random.choice((5, 50, 5000)))
            for place in places
        }
        changes = [Change(*place, state.get(place), text) for place, text in bodies.items()]
        return Written(changes), {**state, **bodies}
    if kind < 0.8:
        place = random.choice(list(state))
        return Written([Change(*place, state[place], None)]), {k: v for k, v in state.items() if k != place}
    if kind < 0.9:
        loaded = {f"l{i}": b'{"id":"l%d","n":%s}' % (i, number.encode()) for i in range(random.randrange(1, 40))}
        if random.random() < 0.3:
            return Loaded({"u": loaded}, replaces=True, emptied=["t"]), {("u", k): text for k, text in loaded.items()}
        return Loaded({"u": loaded}), {**state, **{("u", key): text for key, text in loaded.items()}}
    if kind < 0.95:
        definitions["t"] = Definition(unique=(f"f{number}",))
        return Defined("t", definitions["t"]), dict(state)
    definitions.pop("u", None)
    return Dropped("u"), {place: text for place, text in state.items() if place[0] != "u"}
