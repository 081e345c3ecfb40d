"""Data directories without a server: checking one, and saving what is right in one that is damaged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ramekin.cli.configuration import Refused, refusing
from ramekin.durability import repair, snapshot
from ramekin.durability.directory import log_name
from ramekin.durability.failures import Damaged, DiskFault
from ramekin.durability.store import make_directory

if TYPE_CHECKING:
    from pathlib import Path

    from ramekin.durability.contents import Contents

SHOWN = 20
"""Lines about lost things that are printed."""


def check_directory(path: Path) -> int:
    """Print what a data directory holds and return the exit code. Raises Unusable."""
    report = repair.check(path)
    print("\n".join(map(str, report.files)))
    for name, count in report.records.items():
        print(f"  {name}: {_records(count)}")
    for unread in report.unread:
        print(f"  {unread}: is not read")
    found = report.recovered
    if found is not None and not found.is_whole:
        name = log_name(found.wrong_number or 0)
        print(f"  {name}: not whole at byte {found.wrong_at}; {found.dropped_bytes} bytes would be dropped")
    if report.fault is None:
        print("Every checksum, number and sum is right.")
        return 0
    print(f"ramekin: {report.fault}; see: ramekin repair {path} --dry-run", file=sys.stderr)
    return Damaged.exit_code


def restore_directory(backup: Path, path: Path) -> None:
    """Make a data directory from a backup, and print what it holds. Raises Unusable, Refused."""
    try:
        backup.open("rb").close()
    except OSError as error:
        raise Refused(f"{backup}: {(error.strerror or 'cannot be read').lower()}") from None
    _, contents = snapshot.read(backup)
    _make(path, contents)


def repair_directory(path: Path, to: Path | None, *, is_dry: bool) -> None:
    """Print what can be saved, and save it into a new directory. Raises Unusable, Refused."""
    if to is None and not is_dry:
        raise Refused("repair: say --dry-run, or --to with a new directory")
    contents, lost = repair.what_is_right(path)
    for line in lost[:SHOWN]:
        print(line)
    if len(lost) > SHOWN:
        print(f"and {len(lost) - SHOWN} more")
    if not contents and not _is_right_without_tables(path):
        raise Refused(f"{path}: no table was found in it, so nothing can be saved")
    if to is None:
        _print_tables(contents, " can be saved")
    else:
        _make(to, contents, " saved")


def _is_right_without_tables(path: Path) -> bool:
    """Say whether a directory in which no table was found holds none: a snapshot says so, and nothing is wrong."""
    report = repair.check(path)
    return report.fault is None and report.recovered is not None and report.recovered.snapshot is not None


def _make(path: Path, contents: Contents, done: str = "") -> None:
    """Make a data directory, and print what it holds. Raises Unusable, Refused."""
    with refusing(str(path), DiskFault):
        make_directory(path, contents)
    _print_tables(contents, done)
    print(f"Start from it with: ramekin serve --data-dir {path}")


def _print_tables(contents: Contents, done: str = "") -> None:
    for name, whole in contents.items():
        print(f"  {name}: {_records(len(whole.bodies))}{done}")
    if not contents:
        print("  no tables, and nothing wrong")


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"
