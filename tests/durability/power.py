"""A disk that forgets: a VFS under the real SQLite that keeps only what was synced, and any part of the rest.

Each file is the bytes that are durable and the writes since its last sync. `crash` keeps of those any subset, each cut
to any of its sectors of 512 bytes. A file that was never synced may be missing. Source: the failure model of "All File
Systems Are Not Created Equal" (Pillai and others, OSDI 2014), without reordering across a sync.
"""

from __future__ import annotations

import itertools
import shutil

import apsw
from ramekin.durability.sqlite import SqliteFile

from ramekin.definitions import Change
from ramekin.durability.steps import Defined, Dropped, Loaded, Written
from tests.durability.damage import start

SECTOR = 512
CLOCK_STEP_S = 0.05
"""Simulated seconds of one commit."""


class PowerOff(Exception):
    """The power is gone."""


class Disk:
    """Files that remember which of their bytes are durable."""

    def __init__(self, images=None):
        self.durable = {name: bytearray(text) for name, text in (images or {}).items()}
        self.now = {name: bytearray(text) for name, text in self.durable.items()}
        self.pending = {name: [] for name in self.durable}
        self.calls_left = None

    def call(self):
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise PowerOff

    def write(self, name, data, offset):
        self.call()
        self.pending[name].append((offset, bytes(data)))
        apply(self.now[name], offset, data)

    def truncate(self, name, size):
        self.call()
        self.pending[name].append((size, None))
        apply(self.now[name], size, None)

    def sync(self, name):
        self.call()
        self.durable[name] = bytearray(self.now[name])
        self.pending[name] = []

    def crash(self, random):
        """Return what is on the disk after the power is back."""
        images = {}
        for name in self.now:
            if name not in self.durable and random.random() < 0.3:
                continue
            image = bytearray(self.durable.get(name, b""))
            share = random.choice((0, 0.3, 0.7, 0.95, 1))
            for offset, data in self.pending[name]:
                if data is None:
                    if random.random() < share:
                        apply(image, offset, None)
                    continue
                for at in range(0, len(data), SECTOR - offset % SECTOR if offset % SECTOR else SECTOR):
                    if random.random() < share:
                        apply(image, offset + at, data[at : at + SECTOR])
            images[name] = bytes(image)
        return images


def apply(text, offset, data):
    if data is None:
        del text[offset:]
        text.extend(bytes(max(0, offset - len(text))))
        return
    text.extend(bytes(max(0, offset - len(text))))
    text[offset : offset + len(data)] = data


class Vfs(apsw.VFS):
    def __init__(self, disk):
        self.disk, self.name = disk, f"power{id(disk)}"
        super().__init__(self.name, base="")

    def xOpen(self, name, flags):
        path = "temporary" if name is None else (name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        flags[1] = flags[0]
        return File(self.disk, path.rpartition("/")[2])

    def xAccess(self, path, flags):
        return path.rpartition("/")[2] in self.disk.now

    def xDelete(self, path, sync_directory):
        self.disk.call()
        name = path.rpartition("/")[2]
        for part in (self.disk.now, self.disk.pending, self.disk.durable):
            part.pop(name, None)

    def xFullPathname(self, name):
        return name


class File:
    def __init__(self, disk, name):
        self.disk, self.name = disk, name
        disk.now.setdefault(name, bytearray())
        disk.pending.setdefault(name, [])

    def xRead(self, amount, offset):
        return bytes(self.disk.now[self.name][offset : offset + amount])

    def xWrite(self, data, offset):
        self.disk.write(self.name, data, offset)

    def xTruncate(self, size):
        self.disk.truncate(self.name, size)

    def xSync(self, flags):
        self.disk.sync(self.name)

    def xFileSize(self):
        return len(self.disk.now[self.name])

    def xSectorSize(self):
        return 4096

    def xDeviceCharacteristics(self):
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xLock(self, level):
        pass

    def xUnlock(self, level):
        pass

    def xCheckReservedLock(self):
        return False

    def xFileControl(self, op, pointer):
        return False

    def xClose(self):
        pass


class Cursor:
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return self.rows

    def fetchmany(self, count):
        return list(itertools.islice(self.rows, count))


class Connection:
    """As much of `sqlite3.Connection` as a file of ours uses."""

    def __init__(self, path, vfs):
        self._connection = apsw.Connection(path, vfs=vfs)

    def execute(self, statement, values=()):
        return Cursor(iter(self._connection.execute(statement, values)))

    def close(self):
        self._connection.close()


class ForgetfulFile(SqliteFile):
    """A file of ours on a disk that forgets."""

    def __init__(self, folder, fsync, disk):
        self.disk, self.vfs = disk, Vfs(disk)
        super().__init__(
            folder / "tables.db", fsync, note_log=self.note, connect=lambda path: Connection(path, self.vfs.name)
        )

    def note(self, name):
        self.disk.call()
        for part in (self.disk.now, self.disk.durable):
            part["lock"] = bytearray(name.encode())
        self.disk.pending["lock"] = []

    def sync(self):
        self.disk.sync("tables.db-wal")

    def log_bytes(self):
        return len(self.disk.now.get("tables.db-wal", b""))


def lose_power_once(folder, random, fsync, *, built=None):
    """Commit until the power goes, start again, and return how many commits, and seconds, were lost.

    Args:
        built: the mode that the file is really opened with, for the negative control.
    """
    disk = Disk()
    file = ForgetfulFile(folder, built or fsync, disk)
    file.prepare()
    file.read()
    file.begin()
    states, times = [{}], [0.0]
    acknowledged, now_s, unsynced_s = 0, 0.0, None
    disk.calls_left = random.randrange(2, 400)
    try:
        while True:
            now_s += random.random() * 2 * CLOCK_STEP_S
            if fsync == "everysec" and unsynced_s is not None and now_s - unsynced_s >= 0.5:
                file.sync()
                unsynced_s = None
            if random.random() < 0.03:
                file.checkpoint()
            step, state = next_step(random, states[-1], len(states))
            states.append(state)
            times.append(now_s)
            file.commit([step])
            acknowledged = len(states) - 1
            unsynced_s = now_s if unsynced_s is None else unsynced_s
    except (PowerOff, apsw.Error):
        pass
    images = disk.crash(random)
    disk.calls_left = None  # what SQLite writes when it is closed is nobody's any more
    file.close()
    if random.random() < 0.3:
        images = lose_power_again(folder, random, fsync, images)
    found = recovered(folder, images, fsync)
    assert found in states, "a state that the database never had"
    place = len(states) - 1 - states[::-1].index(found)
    lost_s = now_s - times[place + 1] if place < acknowledged else 0.0
    return max(0, acknowledged - place), lost_s


def lose_power_again(folder, random, fsync, images):
    """Lose power while a start goes on."""
    disk = Disk(images)
    file = ForgetfulFile(folder, fsync, disk)
    disk.calls_left = random.randrange(0, 30)
    try:
        file.prepare()
        file.read()
        file.begin()
        file.checkpoint()
    except (PowerOff, apsw.Error):
        pass
    again = disk.crash(random)
    disk.calls_left = None
    file.close()
    return again


def recovered(folder, images, fsync):
    """Return what a start reads, from real files and with the real library."""
    path = folder / "after"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    for name, text in images.items():
        if name.startswith(("tables.db", "lock")):
            (path / name).touch(mode=0o600)
            (path / name).write_bytes(text)
    found = start(path, fsync)
    assert isinstance(found, dict), found
    return {(name, key): text for name, (_, bodies) in found.items() for key, text in bodies.items()}


def next_step(random, state, number):
    """Return a step, and the state that it leads to."""
    kind = random.random()
    if kind < 0.6 or not state:
        places = [("t", str(random.randrange(30))) for _ in range(random.choice((1, 1, 1, 5)))]
        bodies = {
            place: b'{"id":%s,"n":%d,"x":"%s"}' % (place[1].encode(), number, b"x" * random.choice((5, 50, 5000)))
            for place in places
        }
        changes = [Change(*place, state.get(place), text) for place, text in bodies.items()]
        return Written(changes), {**state, **bodies}
    if kind < 0.8:
        place = random.choice(list(state))
        return Written([Change(*place, state[place], None)]), {k: v for k, v in state.items() if k != place}
    if kind < 0.9:
        loaded = {f"l{i}": b'{"id":"l%d","n":%d}' % (i, number) for i in range(random.randrange(1, 40))}
        return Loaded({"u": loaded}), {**state, **{("u", key): text for key, text in loaded.items()}}
    if kind < 0.95:
        from ramekin.definitions import Definition

        return Defined("t", Definition(unique=(f"f{number}",))), dict(state)
    return Dropped("u"), {place: text for place, text in state.items() if place[0] != "u"}
