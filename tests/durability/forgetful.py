"""A disk that forgets: it is given to a store, and keeps only what was synced, and any part of the rest.

Calls go to real files, and are noted. A file is the bytes that are durable and the writes since its last sync; a
directory the names that are durable and what was done to names since. `crash` keeps any of those writes, each cut to any
of its sectors of 512 bytes, one of the sizes that the file had, and any of what was done to names. Source: the failure
model of "All File Systems Are Not Created Equal" (Pillai and others, OSDI 2014), without reordering across a sync.

SQLite's own writes are not noted: its file is synced by a call of ours, and that takes what is really in it.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path

from ramekin.durability import disk

SECTOR = 512
SHARES = (0, 0.3, 0.7, 0.95, 1)
"""How much of what was not synced is kept, one of them for each file."""


class PowerOff(BaseException):
    """The power is gone, or the process was killed: no code of ours catches it."""


class Inode:
    """A file: its durable bytes, and what was done since as (place, bytes) or (size, None)."""

    def __init__(self, durable=b""):
        self.durable, self.pending = bytearray(durable), []
        self.size = len(durable)

    def write(self, at, text):
        self.pending.append((at, text))
        self.size = max(self.size, at + len(text))

    def truncate(self, size):
        self.pending.append((size, None))
        self.size = size

    def sync(self):
        for at, text in self.pending:
            put(self.durable, at, text)
        self.pending.clear()

    def sync_failed(self, random):
        """The system drops what it could not write, and goes on as if it were clean."""
        self.durable = bytearray(self.crashed(random))
        self.pending.clear()

    def crashed(self, random):
        """Return what is in the file after a power loss."""
        if not self.pending:
            return bytes(self.durable)
        share, text, size = random.choice(SHARES), bytearray(self.durable), len(self.durable)
        sizes = [size]
        for at, data in self.pending:
            size = at if data is None else max(size, at + len(data))
            sizes.append(size)
            for place, piece in [(at, None)] if data is None else sectors(at, data):
                if random.random() < share:
                    put(text, place, piece)
        if random.random() < 0.3:
            put(text, random.choice(sizes), None)
        return bytes(text)


def put(text, at, data):
    """Write some bytes at a place, or without any make that the size; a gap is zeros."""
    text.extend(bytes(max(0, at - len(text))))
    if data is None:
        del text[at:]
    else:
        text[at : at + len(data)] = data


def sectors(at, data):
    """Yield the parts of a write that a disk takes one by one, with their places."""
    begin = 0
    while begin < len(data):
        end = begin + SECTOR - (at + begin) % SECTOR
        yield at + begin, data[begin:end]
        begin = end


class Disk(disk.Disk):
    """One directory. `left` counts down to the call at which the power goes; `refuses` is how likely a call is refused.

    `beside` is called at every call: what another thread does meanwhile.
    """

    def __init__(self, folder, random, images=None):
        self.folder, self.random = Path(folder), random
        self.durable = {name: Inode(text) for name, text in (images or {}).items()}
        self.names, self.renamed = dict(self.durable), []
        self.handles = {}
        self.left, self.refuses, self.beside = None, 0.0, None
        self.is_short = False  # the last write; the next one tells the reason
        for each in self.folder.iterdir():
            each.unlink()
        for name, text in (images or {}).items():
            handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(handle, text)
            os.close(handle)

    @contextmanager
    def in_use(self):
        """At the end every handle is closed, as when a process dies."""
        try:
            yield self
        finally:
            for handle in list(self.handles):
                self.close(handle)

    def crash(self):
        """Return the files that are there after a power loss, by name."""
        names, share = dict(self.durable), self.random.choice(SHARES)
        for done in self.renamed:
            if self.random.random() < share:
                names.update(done)
        return {name: inode.crashed(self.random) for name, inode in sorted(names.items()) if inode is not None}

    # The system's calls

    def open(self, path, flags, mode=0o777):
        name = Path(path).name if Path(path) != self.folder else None
        if is_new := flags & os.O_CREAT and not os.path.lexists(path):
            self._call(errno.ENOSPC)
        handle = os.open(path, flags, mode)
        if is_new:
            self._rename({name: Inode()})
        self.handles[handle] = (name, self.names.get(name))
        return handle

    def close(self, handle):
        del self.handles[handle]
        os.close(handle)

    def write(self, handle, text):
        inode = self.handles[handle][1]
        self._call(errno.ENOSPC, is_sure=self.is_short and self.random.random() < 0.8)
        self.is_short = len(text) > 1 and self.random.random() < self.refuses
        if self.is_short:
            text = text[: self.random.randrange(1, len(text))]
        os.write(handle, text)
        inode.write(inode.size, text)
        return len(text)

    def pwrite(self, handle, text, at):
        self._call(errno.ENOSPC)
        self.handles[handle][1].write(at, text)
        return os.pwrite(handle, text, at)

    def ftruncate(self, handle, size):
        self._call()
        self.handles[handle][1].truncate(size)
        os.ftruncate(handle, size)

    def sync(self, handle):
        name, inode = self.handles[handle]
        try:
            self._call(errno.EIO)
        except OSError:
            if inode is not None:
                inode.sync_failed(self.random)
            raise
        if name is None:
            self.durable, self.renamed = dict(self.names), []
        elif name.endswith(".db.unfinished"):
            inode.durable = bytearray((self.folder / name).read_bytes())
        else:
            inode.sync()

    sync_data = sync

    def unlink(self, path):
        if not os.path.lexists(path):
            raise FileNotFoundError
        self._call()
        path.unlink()
        self._rename({path.name: None})

    def rename(self, path, to):
        self._call()
        path.rename(to)
        self._rename({path.name: None, to.name: self.names[path.name]})

    def _rename(self, names):
        self.names.update(names)
        self.renamed.append(names)

    def _call(self, refusal=None, *, is_sure=False):
        """Count a call: lose power, refuse it, or let others go first."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise PowerOff
        if refusal is not None and (is_sure or self.random.random() < self.refuses):
            self.is_short = False
            raise OSError(refusal, os.strerror(refusal))
        if self.beside is not None:
            self.beside()
