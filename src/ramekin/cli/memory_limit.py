"""How much memory the tables may take: what was asked for, or a share of what the container or the machine has.

Knows no tables; see ``storage/memory.py`` for how they count.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ramekin.cli.configuration import Refused
from ramekin.schema.bounds import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = {"b": 1, **{unit.lower(): size_bytes for unit, size_bytes in UNITS.items()}}
_UNITS |= {unit.removesuffix("b"): size_bytes for unit, size_bytes in _UNITS.items()}  # 2Gi, as Kubernetes has it
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) *([a-z]*)", re.IGNORECASE)
_SHARE = re.compile(r"(\d+(?:\.\d+)?) *%")


PROCESS_BYTES = 96 * 2**20
"""What the process takes without tables (70 MiB, November 2026), and what is kept for it: a share is of the rest."""

LITTLE_BYTES = 32 * 2**20
"""With a rest of less than that, there is no sensible limit."""


class ChosenLimit(NamedTuple):
    """What the tables may take, None for all that there is; and where that comes from, in words."""

    size_bytes: int | None
    reason: str
    is_little: bool = False
    """Whether the process itself needs nearly all that there is."""

    def __str__(self) -> str:
        if self.size_bytes is None:
            return f"tables may take all that there is ({self.reason})"
        little = ", which is little: the process itself needs most of it, give it 256 MiB" if self.is_little else ""
        return f"tables may take {human(self.size_bytes)} ({self.reason}{little})"


def read_memory_limit(text: str, processes: int = 1) -> ChosenLimit:
    """Return the limit that ``--memory-limit`` says: ``512MiB``, ``2GiB``, a number of bytes, ``60%`` or ``none``.

    Args:
        processes: how many there are, each with all tables: a share is divided among them.

    Raises:
        Refused: it says nothing of that kind, or nothing at all.
    """
    if text.lower() == "none":
        return ChosenLimit(None, "--memory-limit none")
    if share := _SHARE.fullmatch(text):
        if not 0 < float(share[1]) <= 100:
            raise Refused(f"--memory-limit: '{text}' is not a share of the memory that there is")
        if (there := available_bytes()) is None:
            return ChosenLimit(None, "how much there is cannot be found out")
        rest = max(there - processes * PROCESS_BYTES, there // 16) // processes
        size_bytes = int(rest * float(share[1]) / 100)
        reason = f"--memory-limit {text} of {human(there)} without {human(PROCESS_BYTES)} for the process"
        if processes > 1:
            reason += f", for each of {processes} workers"
        return ChosenLimit(size_bytes, reason, rest < LITTLE_BYTES)
    size = _SIZE.fullmatch(text)
    if size is None or (unit := _UNITS.get(size[2].lower())) is None or int(float(size[1]) * unit) < 1:
        raise Refused(f"--memory-limit: '{text}' is not like 512MiB, 2GiB, 60% or none")
    return ChosenLimit(int(float(size[1]) * unit), "--memory-limit")


def available_bytes(processes: Path = Path("/proc/self"), groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what the process may take of the machine's memory: the least that it or a control group allows."""
    found = list(_group_limits(processes / "cgroup", groups))
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def _group_limits(memberships: Path, groups: Path) -> Iterator[int]:
    """Yield the limits of the control groups, version 1 or 2, that a process is in.

    A limit holds for all groups below. In a container the path may be the host's. Then only the root can be seen, and
    that is the container's own group.

    Source: ``Documentation/admin-guide/cgroup-v1/memory.rst`` and ``cgroup-v2.rst`` of Linux.
    """
    try:
        lines = memberships.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root, name = groups, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = Path(path.lstrip("/"))
        for each in (group, *group.parents):
            with suppress(OSError, ValueError):  # no such file; "max"
                yield int((root / each / name).read_text())


def human(size_bytes: int) -> str:
    """Return a size as people write it: ``512 MiB``."""
    size, units = float(size_bytes), iter(("bytes", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while size >= 1024 and unit != "TiB":
        size, unit = size / 1024, next(units)
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"
