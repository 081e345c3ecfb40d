"""Many records that are sent in parts, each of which is stored whole or not at all: how far that is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from ramekin.client.exchange import Call
from ramekin.errors import RamekinError


class Parts:
    """The calls for the parts, one behind another. Whatever ends them early has a note of what is stored by then.

    Args:
        calls: for each part how many records there are up to its end, and the call.
        progress: told how many are stored after each part.
    """

    def __init__(self, calls: Iterable[tuple[int, Call[int]]], progress: Callable[[int], None] | None) -> None:
        self._calls, self._progress = calls, progress
        self._before = self._through = self.stored = 0

    def __iter__(self) -> Iterator[Call[int]]:
        for through, call in self._calls:
            self._through = through
            yield call

    def add(self, stored: int) -> None:
        """Say that a part is stored, and how many of its records that were."""
        self.stored += stored
        self._before = self._through
        if self._progress is not None:
            self._progress(self.stored)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not self._before:
            return
        note = f"{self._before} records before this part were stored"
        if not isinstance(error, RamekinError) or error.index is None:
            error.add_note(note)
            return
        whole = _in_all(error, error.index, self._before)
        whole.add_note(f"{note}; lines count within it")
        raise whole from error.__cause__


def _in_all(error: RamekinError, index: int, before: int) -> RamekinError:
    """Return what is wrong with a part, told with its index in all of them."""
    at, to = f"/{index}", f"/{before + index}"
    faults = [replace(fault, pointer=_moved(fault.pointer, at, to)) for fault in error.faults]
    return error.but(index=before + index, faults=tuple(faults))


def _moved(pointer: str, at: str, to: str) -> str:
    return to + pointer.removeprefix(at) if f"{pointer}/".startswith(f"{at}/") else pointer
