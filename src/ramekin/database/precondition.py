"""What must be true of the record that stands, so that an operation happens.

Knows no headers; see ``operations.py`` for when it is asked, ``api/http/preconditions.py`` for how it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from ramekin.errors import PreconditionFailed
from ramekin.values import codec


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of a record, by its tag (RFC 9110, section 13).

    Tags are digests; ``"*"`` is any record. None: no such header. `has_weak` says that If-Match named weak tags too,
    which hold for nothing.
    """

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None
    has_weak: bool = False

    def holds(self, before: bytes | None) -> bool:
        """Say whether it is true of a body, or of none."""
        if not self.matches(before):
            return False
        return self.if_none_match is None or not _matches(self.if_none_match, before)

    def matches(self, before: bytes | None) -> bool:
        """Say whether If-Match is true of a body, or of none."""
        return self.if_match is None or _matches(self.if_match, before)

    def knows(self, tag: str) -> bool:
        """Say whether If-None-Match names a tag, or any."""
        return self.if_none_match is not None and (tag in self.if_none_match or "*" in self.if_none_match)

    def broken(self) -> PreconditionFailed:
        """Return the error of a precondition that does not hold."""
        told = "The record is not in the state that If-Match or If-None-Match asks for."
        if self.has_weak:
            told += (
                " If-Match takes no weak tag: a proxy that compresses answers puts W/ before the ETag; "
                "send the tag without it."
            )
        return PreconditionFailed(told)


ALWAYS = Precondition()


def _matches(tags: frozenset[str], before: bytes | None) -> bool:
    return before is not None and ("*" in tags or codec.digest(before) in tags)
