"""What every error has, and how a caller's own names are repeated."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "NAME_LIMIT",
    "NO_WORDS",
    "Fault",
    "RamekinError",
    "all_errors",
    "at",
    "check_members",
    "did_you_mean",
    "listing",
    "nearest_name",
    "pointer",
    "shorten",
    "steps_of",
]

NAME_LIMIT = 100
"""Characters of a caller's own name (field, table, operator) that a message may repeat."""

COMPARED_NAMES = 500
"""Names that are looked at to suggest one."""

LIKELY_NAMES = 5
"""Of these the ones that are compared letter by letter, which takes 1 ms each where they are long."""

NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where (a JSON pointer, RFC 6901), what, and where in the text, 0 if in none.

    `part` says of which part of a request: ``path``, ``query`` or ``header``, whose members have names; else its body.
    Of ``records`` that are there the pointer begins with the id.
    """

    pointer: str
    detail: str
    line: int = 0
    column: int = 0
    part: str = ""

    @property
    def steps(self) -> list[str]:
        """The pointer's steps."""
        return steps_of(self.pointer)


class RamekinError(Exception):
    """The request was refused, for a reason that has no code of its own."""

    # A subclass has a title and a remedy for people, and a code for programs, which is its own name: `NotFound` is
    # `not-found`. One without a title is told of as the class above it. Its docstring is what `/problems/{code}` and
    # docs/errors.md show as the meaning: it is written for users. Programs of ours look at the members of an error,
    # and never into its sentences.
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    remedy: ClassVar[str] = "Read the detail: it says what was wrong."
    place: tuple[str, ...] = ()
    """Part of a request, and the steps there, that this is about where no fault says so; empty: about none."""

    def __init_subclass__(cls) -> None:
        if "title" in vars(cls) and "code" not in vars(cls):
            cls.code = re.sub(r"\B(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, said: str, *, hint: str = "", faults: Sequence[Fault] = (), index: int | None = None) -> None:
        super().__init__(said)
        self.said = said
        self.hint = hint
        self.faults = tuple(faults)
        self.index = index

    @property
    def message(self) -> str:
        """What was wrong, with the line of the first fault where it has one, and the hint."""
        said = f"{self.said.removesuffix('.')} ({place})." if (place := self._place()) else self.said
        return f"{said} {self.hint}".rstrip()

    def __str__(self) -> str:
        return self.message

    def _place(self) -> str:
        first = self.faults[0] if self.faults else None
        if first is None or not first.line:
            return ""
        return f"line {first.line}, column {first.column}" if first.column else f"line {first.line}"

    def but(self, **members: Any) -> Self:
        """Return the same error with other members."""
        other = type(self).__new__(type(self), *self.args)
        vars(other).update(vars(self) | members)
        return other

    def without_hint(self) -> Self:
        """Return the same error, which suggests nothing, neither by itself nor at its places."""
        faults = [replace(fault, detail=fault.detail.removesuffix(self.hint).rstrip()) for fault in self.faults]
        return self.but(hint="", faults=tuple(faults))

    def index_behind(self, *steps: str) -> int | None:
        """Return the index that stands behind some steps in the first fault's pointer, if one does."""
        found = self.faults[0].steps if self.faults else []
        place = found[len(steps)] if found[: len(steps)] == [*steps] and len(found) > len(steps) else ""
        return int(place) if place.isdecimal() else None

    def within(self, *steps: str | int, index: int | None = None, line: int = 0) -> Self:
        """Return the error as one of a larger text: `steps` lead to what it is about, which stands on a line.

        A line that is known already is kept: it is nearer.
        """
        place, known = pointer(steps), self.placed().faults if self.place[:1] == ("",) else self.faults
        faults = tuple(
            replace(fault, pointer=f"{place}{fault.pointer}", line=fault.line or line)
            for fault in known or (Fault("", self.message),)
        )
        return self.but(faults=faults, index=self.index if index is None else index)

    def of(self, part: str, *steps: str) -> Self:
        """Return the error as one of a part of a request besides its body; a part that is known already is kept."""
        inside = (self if steps else self.placed()).within(*steps)
        return inside.but(faults=tuple(replace(fault, part=fault.part or part) for fault in inside.faults))

    def placed(self) -> Self:
        """Return the error with the fault that its class says by itself, if it has none."""
        if self.faults or not self.place:
            return self
        part, *steps = self.place
        return self.but(faults=(Fault(pointer(steps), self.message, part=part),))

    def on_lines(self, lines: Mapping[Fault, int]) -> Self:
        """Return the error with the lines of some of its faults."""
        return self.but(faults=tuple(replace(fault, line=lines.get(fault, fault.line)) for fault in self.faults))


@contextmanager
def at(*steps: str | int) -> Iterator[None]:
    """Have every error inside say that it is of a place, as `within` does: a JSON pointer's steps."""
    try:
        yield
    except RamekinError as error:
        raise error.within(*steps) from None


def pointer(steps: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901) of some steps, long names cut."""
    return "".join([f"/{shorten(str(step)).replace('~', '~0').replace('/', '~1')}" for step in steps])


def steps_of(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def shorten(name: object) -> str:
    """Return a caller's own name as a message may repeat it: at most 100 characters, without control characters."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name)[: NAME_LIMIT + 1])
    return printable if len(printable) <= NAME_LIMIT else printable[: NAME_LIMIT - 1] + "…"


def did_you_mean(name: object, known: Iterable[str], words: Mapping[str, str] = NO_WORDS) -> str:
    """Return ``"Did you mean 'x'?"`` for the nearest of the known names, or nothing. Cost: as `nearest_name`.

    Args:
        words: others that may be meant, each with whose it is: nothing if it is taken here, else what takes it. A word
            of others is told of where nothing here is near and the name is that word, whatever letters are capitals.
    """
    name = str(name)
    found = nearest_name(name, [*known, *(word for word, whose in words.items() if not whose)])
    if found is not None:
        return f"Did you mean '{shorten(found)}'?"
    return f"'{name.lower()}' is a word of {whose}." if (whose := words.get(name.lower())) else ""


def check_members(
    value: Iterable[str], known: Collection[str], refusal: type[RamekinError], of: str, cure: str = ""
) -> None:
    """Refuse an object with a member that is none of those known. Raises a `refusal`, which points at it.

    Args:
        of: what the object is, as the sentence begins.
        cure: what may be done besides taking the nearest name.
    """
    for name in value:
        if name not in known:
            hint = f"{did_you_mean(name, known)} {cure}".strip()
            raise refusal(f"{of} has no member '{shorten(name)}'.", hint=hint).within(name)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the nearest of the known names, whatever letters are capitals; None if none is near.

    Of many names those that share the most letters are compared. Cost: 2 ms at the most, whatever the names are.
    """
    wanted = name[:NAME_LIMIT]
    names = [other for other in islice(known, COMPARED_NAMES) if len(other) <= NAME_LIMIT]
    if len(names) > LIKELY_NAMES:
        names = nlargest(LIKELY_NAMES, names, key=partial(_likeness, wanted.lower(), frozenset(wanted.lower())))
    found = get_close_matches(wanted, names, n=1)
    if not found:
        lower = {other.lower(): other for other in names}
        found = [lower[other] for other in get_close_matches(wanted.lower(), lower, n=1, cutoff=0.75)]
    return found[0] if found else None


def _likeness(wanted: str, letters: frozenset[str], other: str) -> tuple[float, int]:
    """Return how alike two names are, roughly: by the letters that they share, then by their lengths."""
    others = other.lower()
    return len(letters.intersection(others)) / max(1, len(letters.union(others))), -abs(len(other) - len(wanted))


def listing(names: Sequence[str]) -> str:
    """Return ``"Fields: a, b, c."``, the first twenty of them."""
    shown = ", ".join(shorten(name) for name in names[:20])
    return f"Fields: {shown}{', …' if len(names) > 20 else ''}."


def all_errors(root: type[RamekinError] = RamekinError) -> list[type[RamekinError]]:
    """Return every class of the tree that has a code of its own, in the order of the tree."""
    below = [error for child in root.__subclasses__() for error in all_errors(child)]
    return [root, *below] if "title" in vars(root) else below
