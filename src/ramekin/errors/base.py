"""What every error has, and how a caller's own names are repeated."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from difflib import get_close_matches
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAME_LIMIT = 100
"""Characters of a caller's own name (field, table, operator) that a message may repeat."""

COMPARED_NAMES = 500
"""Names that are looked at to suggest one."""

LIKELY_NAMES = 5
"""Of these the ones that are compared letter by letter, which takes 1 ms each where they are long."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a record: where (a JSON pointer, RFC 6901), what, and the text's line, 0 if it has none."""

    pointer: str
    detail: str
    line: int = 0

    @property
    def steps(self) -> list[str]:
        """The pointer's steps."""
        return [step.replace("~1", "/").replace("~0", "~") for step in self.pointer.split("/")[1:]]


class RamekinError(Exception):
    """The request was refused, for a reason that has no code of its own."""

    # A subclass has a code for programs, which stays as it is, and a title and a remedy for people. Its docstring is
    # what `/problems/{code}` and docs/errors.md show as the meaning: it is written for users.
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    remedy: ClassVar[str] = "Read the detail: it says what was wrong."

    def __init__(self, message: str, *, faults: Sequence[Fault] = (), index: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)
        self.index = index

    def index_behind(self, *steps: str) -> int | None:
        """Return the index that stands behind some steps in the first fault's pointer, if one does."""
        found = self.faults[0].steps if self.faults else []
        place = found[len(steps)] if found[: len(steps)] == [*steps] and len(found) > len(steps) else ""
        return int(place) if place.isdecimal() else None

    def within(self, *steps: str | int, index: int | None = None, line: int = 0) -> RamekinError:
        """Return the error as one of a larger text: `steps` lead to what it is about, which stands on a line.

        A line that is known already is kept: it is nearer.
        """
        place = pointer(steps)
        faults = [
            Fault(f"{place}{fault.pointer}", fault.detail, fault.line or line)
            for fault in self.faults or (Fault("", self.message),)
        ]
        index = self.index if index is None else index
        return type(self)(_with_line(self.message, line), faults=faults, index=index)

    def on_lines(self, lines: Mapping[Fault, int]) -> RamekinError:
        """Return the error with the lines of some of its faults; its message has the first one's."""
        faults = [replace(fault, line=lines.get(fault, fault.line)) for fault in self.faults]
        message = _with_line(self.message, faults[0].line if faults else 0)
        return type(self)(message, faults=faults, index=self.index)


def pointer(steps: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901) of some steps, long names cut."""
    return "".join([f"/{shorten(str(step)).replace('~', '~0').replace('/', '~1')}" for step in steps])


def _with_line(message: str, line: int) -> str:
    if not line or "(line " in message:
        return message
    return f"{message.removesuffix('.')} (line {line})."


def shorten(name: object) -> str:
    """Return a caller's own name as a message may repeat it: at most 100 characters, without control characters."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name)[: NAME_LIMIT + 1])
    return printable if len(printable) <= NAME_LIMIT else printable[: NAME_LIMIT - 1] + "…"


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest of the known names, or nothing.

    Of many names those that share the most letters are compared. Cost: 5 ms at the most, whatever the names are.
    """
    wanted = str(name)[:NAME_LIMIT]
    names = [other for other in islice(known, COMPARED_NAMES) if len(other) <= NAME_LIMIT]
    if len(names) > LIKELY_NAMES:
        letters = Counter(wanted)
        names = nlargest(LIKELY_NAMES, names, key=lambda other: (letters & Counter(other)).total() / (1 + len(other)))
    nearest = get_close_matches(wanted, names, n=1)
    return f" Did you mean '{shorten(nearest[0])}'?" if nearest else ""


def listing(names: Sequence[str]) -> str:
    """Return ``"Fields: a, b, c."``, the first twenty of them."""
    shown = ", ".join(shorten(name) for name in names[:20])
    return f"Fields: {shown}{', …' if len(names) > 20 else ''}."


def all_errors(root: type[RamekinError] = RamekinError) -> list[type[RamekinError]]:
    """Return every class of the tree that has a code of its own, in the order of the tree."""
    below = [error for child in root.__subclasses__() for error in all_errors(child)]
    return [root, *below] if "code" in root.__dict__ else below
