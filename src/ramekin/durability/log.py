"""The log: a text file to which every step is appended before it is applied, a line for each thing that was done.

A line is a checksum in eight hexadecimal digits, a sign, a word, what the word is about with tabs between, and a line
feed. The checksum is the CRC-32 of the rest of the line, begun from that of the line before. So a line that is wrong,
lost, doubled or from another log is recognized. The sign is ``.`` where a step ends, ``+`` where more
lines of it follow; a step without its end was never committed.

    a11a122f.log    {"format":3,"number":3,"id":"9f0c5a7c0b4b63a1","is_first":false}
    eb2736d5.put    users   "7"     {"id":7,"name":"Ada"}

A record that is due some time has that second before its body. Other words are del, create, define, drop, empty and
end; ``synced``, with a number and bytes: so much of that log, and all logs before it, are synced; ``next``, with a
number and an id: what follows is in that log.

A log is appended to, cut back to where it was when the disk refuses, and never changed otherwise. Knows no tables; see
``replay.py`` for who reads it, ``journal.py`` for who writes.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import msgspec

from ramekin.changes import Change, Defined, Dropped, Loaded, Stored, Together, Written
from ramekin.durability.directory import leads_to
from ramekin.durability.disk import SYSTEM_DISK, Disk
from ramekin.durability.failures import DiskFault, fault_of
from ramekin.durability.format import FORMAT, print_definition, with_due
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


LINES = 1000
"""Lines that one call of the system appends."""

PROBE_BYTES = 64 * 1024

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_print_key = msgspec.json.Encoder().encode


class Extent(NamedTuple):
    """A length of a log, and the checksum of the line that ends there."""

    size_bytes: int
    crc: int


@dataclass(frozen=True, slots=True)
class Header:
    """Which log it is: its number, and the id that it shares with the snapshot of that number.

    The snapshot may not be written yet, and then the log before names this one as the next. With `is_first` there is
    neither: the log begins from nothing.
    """

    number: int
    id: str
    is_first: bool = False
    format: int = FORMAT


class LogFile:
    """A log that is appended to. One thread at a time commits; another may sync meanwhile.

    Guarantee: what was refused is not in the log, nor will be after a restart.
    """

    def __init__(self, path: Path, header: Header, extent: Extent, disk: Disk = SYSTEM_DISK) -> None:
        """Open a log that is right up to an extent; what follows there was never committed, and is cut off.

        Raises:
            OSError: as it says.
        """
        self.path, self.header, self._disk = path, header, disk
        self._size_bytes, self._crc = extent
        self._before: LogFile | None = None
        self._is_ended = False
        self._first_bytes = len(_first_line(header)[0])
        self._synced_bytes = self._marked_bytes = extent.size_bytes
        self._handle = disk.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        if os.fstat(self._handle).st_size != extent.size_bytes:
            disk.ftruncate(self._handle, extent.size_bytes)
        disk.sync(self._handle)  # what a killed process left may still be on its way

    @property
    def extent(self) -> Extent:
        """Where it ends."""
        return Extent(self._size_bytes, self._crc)

    @property
    def has_steps(self) -> bool:
        """Whether anything was committed to it."""
        return self._size_bytes > self._first_bytes

    @property
    def unsynced_bytes(self) -> int:
        """How much no sync has covered, in the log before too."""
        before = self._before
        return self._size_bytes - self._synced_bytes + (0 if before is None else before.unsynced_bytes)

    def commit(self, steps: Sequence[Stored | Together]) -> None:
        """Append steps, all or nothing; a change by itself is a step of one. Raises DiskFault.

        Cost: 2 µs for a change, about 1 µs for each line of others, and a call of the system each 1000 lines.
        """
        if len(steps) > 1 or type(step := steps[0]) is not Change or self._marked_bytes < self._synced_bytes:
            self._append(_lines(steps))
            return
        line = _change(step, b".")  # most are; what lines take that may be many is 3 % of a request for one
        crc = crc32(line, self._crc)
        text = b"%08x%b" % (crc, line)
        try:
            _write(self._disk, self._handle, text)
        except OSError as error:
            raise self._refused(error) from None
        self._size_bytes += len(text)
        self._crc = crc

    def end(self, following: LogFile) -> None:
        """Append that the next steps are in another log, which is only synced with this one. Raises DiskFault."""
        self._append(iter([b".next\t%d\t%b\n" % (following.header.number, codec.dump(following.header.id))]))
        following._before, self._is_ended = self, True

    @property
    def lacks_mark(self) -> bool:
        """Whether all is synced, and the log does not say so yet."""
        return self._marked_bytes < self._synced_bytes == self._size_bytes

    def mark(self) -> None:
        """Append that all is synced: what is wrong before this line is damage, and not the end. Raises DiskFault."""
        self._append(iter(()))
        self._marked_bytes = self._size_bytes  # what only says so needs no mark itself

    def sync(self) -> None:
        """Make what was committed before the call outlive a power loss. Raises DiskFault; the log is lost with it.

        The log before comes first: nothing of this one may be there without all of that one. A log that is ended may be
        gone meanwhile, since a snapshot stands for it.
        """
        try:
            if self._before is not None:
                self._before.sync()
                self._before.close()
                self._before = None
            size_bytes = self._size_bytes
            self._disk.sync_data(self._handle)
        except OSError as error:
            raise fault_of(error, is_lasting=True) from None
        self._synced_bytes = size_bytes
        if not self._is_ended:
            self.check_place()

    def check_place(self) -> None:
        """See that the name still leads to this log, without which nothing of it would be found. Raises DiskFault."""
        try:
            is_here = leads_to(self.path, self._handle)
        except OSError as error:
            raise fault_of(error, is_lasting=True) from None
        if not is_here:
            raise DiskFault(f"{self.path.name} was removed or replaced", is_lasting=True)

    def probe(self) -> None:
        """Try whether the disk has room again. Raises DiskFault. A kill here leaves a line that has no end."""
        try:
            _write(self._disk, self._handle, b" " * PROBE_BYTES)
        except OSError as error:
            raise fault_of(error, is_lasting=error.errno not in NO_ROOM) from None
        finally:
            self._take_back()

    def close(self) -> None:
        """Close the file, and that of the log before; without a sync."""
        if self._before is not None:
            self._before.close()
        self._disk.close(self._handle)

    def _append(self, lines: Iterator[bytes]) -> None:
        """Append lines, behind one that says what is synced if the log does not say so yet; all or nothing."""
        size_bytes, crc = self.extent
        synced_bytes = self._synced_bytes  # it may be more by the end
        mark = b".synced\t%d\t%d\n" % (self.header.number, synced_bytes)
        chunk = [mark] if synced_bytes > self._marked_bytes else []
        try:
            while chunk or (chunk := list(islice(lines, LINES))):
                text, crc = _sealed(chunk, crc)
                _write(self._disk, self._handle, text)
                size_bytes, chunk = size_bytes + len(text), []
        except OSError as error:
            raise self._refused(error) from None
        self._size_bytes, self._crc = size_bytes, crc
        self._marked_bytes = max(self._marked_bytes, synced_bytes)

    def _refused(self, error: OSError) -> DiskFault:
        """Take back what a commit left that the disk refused, and return its fault. Raises DiskFault."""
        self._take_back()
        return fault_of(error, is_lasting=error.errno not in NO_ROOM)

    def _take_back(self) -> None:
        """Cut off what a refused commit left, also for after a power loss. Raises DiskFault."""
        try:
            self._disk.ftruncate(self._handle, self._size_bytes)
            self._disk.sync(self._handle)
        except OSError as error:
            raise fault_of(error, is_lasting=True) from None


def create(path: Path, header: Header, disk: Disk = SYSTEM_DISK) -> Extent:
    """Make a log that holds its first line only, synced, and return where it ends. Raises OSError.

    One with the same name is one that was not made to its end.
    """
    text, crc = _first_line(header)
    with suppress(FileNotFoundError):
        disk.unlink(path)
    handle = disk.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _write(disk, handle, text)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.sync_directory(path.parent)
    return Extent(len(text), crc)


def _write(disk: Disk, handle: int, text: bytes) -> None:
    """Write all of a text. If the system writes only a part, the next call raises the reason. Raises OSError."""
    written = disk.write(handle, text)
    while written < len(text):
        written += disk.write(handle, text[written:])


def _first_line(header: Header) -> tuple[bytes, int]:
    return _sealed([b".log\t%b\n" % codec.dump({"format": header.format, **asdict(header)})], 0)


def _sealed(lines: Sequence[bytes], crc: int) -> tuple[bytes, int]:
    """Return lines with their checksums, and the last one."""
    sealed = []
    for line in lines:
        crc = crc32(line, crc)
        sealed.append(b"%08x%b" % (crc, line))
    return b"".join(sealed), crc


def _change(change: Change, sign: bytes) -> bytes:
    table, key = change.table.encode(), _print_key(change.key)
    if change.after is None:
        return b"%bdel\t%b\t%b\n" % (sign, table, key)
    body = change.after if change.due is None else with_due(change.after, change.due)
    return b"%bput\t%b\t%b\t%b\n" % (sign, table, key, body)


def _lines(steps: Iterable[Stored | Together]) -> Iterator[bytes]:
    for step in steps:
        match step:
            case Change() | Written():
                yield from _changes(step)
            case Defined(table, definition):
                yield b".define\t%b\t%b\n" % (table.encode(), print_definition(definition))
            case Dropped(table):
                yield b".drop\t%b\n" % table.encode()
            case Loaded():
                yield from _loaded(step)
            case Together(together):
                for line in _lines(together):
                    yield b"+%b" % line[1:]
                yield b".end\n"


def _changes(step: Change | Written) -> Iterator[bytes]:
    changes = (step,) if isinstance(step, Change) else step.changes
    for change in changes[:-1]:
        yield _change(change, b"+")
    if changes:
        yield _change(changes[-1], b".")


def _loaded(step: Loaded) -> Iterator[bytes]:
    for name in step.dropped:
        yield b"+drop\t%b\n" % name.encode()
    for name in (*step.emptied, *(step.tables if step.replaces else ())):
        yield b"+empty\t%b\n" % name.encode()
    for name, bodies in step.tables.items():
        yield b"+create\t%b\n" % name.encode()
        table, dues = name.encode(), step.dues_of(name)
        for key, body in bodies.items():
            yield b"+put\t%b\t%b\t%b\n" % (table, _print_key(key), with_due(body, dues.get(key)))
    yield b".end\n"
