"""SQLite's write-ahead log, read before SQLite does, since SQLite ends at the first frame that is wrong without a word.

In measurements one bit that was flipped in the middle of a log made 142 of 300 committed rows vanish, and
``integrity_check`` said ok. Here every frame is checked, so that a log with a hole is told from one with a torn end.

Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ramekin.durability.faults import Damaged

if TYPE_CHECKING:
    from pathlib import Path

HEADER, FRAME = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)
_VERSION = 3007000


@dataclass(frozen=True, slots=True)
class Scan:
    """What a log holds.

    `frames` are those up to the last commit that SQLite will take; `dropped` are frames behind them, of a commit that
    was never finished; `hole_at` is the byte where a wrong frame stands that more than one commit follows.
    """

    frames: int = 0
    dropped: int = 0
    hole_at: int | None = None


def scan(path: Path, page_size: int, *, must_hold: bool = True) -> Scan:
    """Return what the log beside a database holds; nothing, if there is none or nothing was committed to it.

    Args:
        must_hold: commits are known to be in it. Else it may be one that was about to begin anew, a new header before
            old frames, all of which are in the database.

    Raises:
        Damaged: its header is wrong although frames follow.

    Cost: about 0.1 ms a frame.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Scan()
    with file:
        header = file.read(HEADER)
        if not header.strip(b"\0"):
            return Scan()
        seed, salt = _read_header(path, header, page_size, has_frames=len(file.peek(FRAME)) >= FRAME)
        if seed is None:
            return Scan()
        first = file.peek(FRAME)[8:16]
        if first not in (b"", salt, bytes(8)):  # nothing is what a power loss leaves of a first commit
            if must_hold:
                raise Damaged(f"{path}: the write-ahead log is damaged, or of two files (byte {HEADER + 8})")
            return Scan()
        return _scan_frames(file, ">" if header[3] & 1 else "<", seed, salt, FRAME + page_size)


def _scan_frames(file: BinaryIO, order: str, seed: tuple[int, int], salt: bytes, length: int) -> Scan:
    """Return what the frames hold. A log is cut to nothing before it begins anew, so all of them are of one round."""
    good = committed = number = ends = 0
    hole_at = None
    while len(frame := file.read(length)) == length:
        number += 1
        stated: tuple[int, int] = struct.unpack(">2I", frame[16:24])
        is_right = frame[8:16] == salt and _checksum(order, frame[:8] + frame[FRAME:], seed) == stated
        is_commit = frame[4:8] != b"\0\0\0\0"
        seed = stated
        if is_right and good == number - 1:
            good, committed = number, number if is_commit else committed
        elif is_commit:
            ends += 1
            if is_right and ends > 1:  # the first may be the end of a commit that a power loss tore
                hole_at = hole_at or HEADER + good * length
    return Scan(committed, number - committed, hole_at)


def _read_header(
    path: Path, header: bytes, page_size: int, *, has_frames: bool
) -> tuple[tuple[int, int] | None, bytes]:
    """Return the checksum that the frames go on from, and their salt; no checksum if nothing was committed."""
    if len(header) == HEADER:
        magic, version, size = struct.unpack(">3I", header[:12])
        stated: tuple[int, int] = struct.unpack(">2I", header[24:])
        if magic in _MAGIC and version == _VERSION and size == page_size:
            order = ">" if magic & 1 else "<"
            if _checksum(order, header[:24], (0, 0)) == stated:
                return stated, header[16:24]
    if has_frames:
        raise Damaged(f"{path}: the header of the write-ahead log is damaged, or of another file (byte 0)")
    return None, b""  # the log was being begun: nothing in it was ever acknowledged


def _checksum(order: str, data: bytes, seed: tuple[int, int]) -> tuple[int, int]:
    one, two = seed
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for word in words:
        one = one + word + two & 0xFFFFFFFF
        two = two + next(words) + one & 0xFFFFFFFF
    return one, two
