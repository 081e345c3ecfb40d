"""What a contestant is: a server that can be started with records in it, and how it is asked for each operation."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.machine import CACHE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from benchmarks.request import Request
    from benchmarks.server import Server

OPERATIONS = ("get", "list of 100", "put", "post", "post with id")  # what adds records comes last
FOLDER = CACHE / "peers"


class Missing(Exception):
    """A contestant that cannot take part; the text says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One contestant.

    `prepare` installs what it needs, returns its version, and raises `Missing` where that cannot be done. `serve`
    starts it with the given number of records, whose ids are 1 and up. `most_records` is set where it would
    not be fair, or not be possible, to load as many as the others have.
    """

    name: str
    prepare: Callable[[], str]
    serve: Callable[[int], AbstractContextManager[Server]]
    operations: Mapping[str, Request]
    most_records: int | None = None

    def records(self, count: int) -> int:
        """Return how many records it is given where the others have `count`."""
        return min(count, self.most_records or count)


def program(name: str, package: str) -> str:
    """Return the path of an installed program. Raises Missing with the package that has it."""
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed: apt-get install {package}")
    return path


def install(command: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Run an installer. Raises Missing with the last line of what it said."""
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=environment)
    except subprocess.CalledProcessError as error:
        last = next(reversed((error.stderr or error.stdout).strip().splitlines()), "it said nothing")
        raise Missing(f"{command[0]} failed: {last}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]} failed: {error}") from None
