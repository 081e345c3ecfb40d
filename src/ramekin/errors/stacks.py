"""Faults of code as text: where one happened, and nothing of what was sent; at the start, also what it says.

A traceback ends with the error's own words, which may hold a record's value ("invalid literal for int(): '...'"), and
some programs print the variables of each frame beside it, keys among them. So faults are logged as this text, and never
as exceptions. Knows nothing of who logs.
"""

from __future__ import annotations

import logging
import traceback


class Misuse(RuntimeError):
    """A program uses a database as it must not. Its words are ours: they hold nothing that was sent, and are logged."""


def stack_of(error: BaseException) -> str:
    """Return the frames and kinds of an error and of those it came from: no words but our own, and no variables."""
    parts: list[str] = []
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        frames = "".join(traceback.format_tb(found.__traceback__))
        cls, words = type(found), f": {found}" if isinstance(found, Misuse) else ""
        parts.append(f"Traceback (most recent call last):\n{frames}{cls.__module__}.{cls.__qualname__}{words}")
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\n\nFrom it came:\n\n".join(reversed(parts))


def in_one_line(error: BaseException) -> str:
    """Return an error's kind and all its words as one line, for whoever wrote the code that failed."""
    words = str(error).partition("For further information visit")[0]  # Pydantic's own manual
    return ": ".join(filter(None, (type(error).__name__, " ".join(words.split()))))


def log_fault(log: logging.Logger, event: str, error: BaseException, **more: object) -> None:
    """Write a fault to a log of the standard library, with its stack."""
    if log.isEnabledFor(logging.ERROR):
        stack = stack_of(error)
        record = log.makeRecord(log.name, logging.ERROR, "", 0, event, (), None, extra={**more, "exception": stack})
        record.exc_text = stack  # which plain formatters print below the line
        log.handle(record)
