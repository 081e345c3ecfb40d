"""Which page of an answer is asked for, and what is told with it: the same for lists, groups and joins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ramekin.errors import ConflictingParameters, InvalidParameter

VALUE = (str, int, float, bool, list, dict, type(None))
"""What a cursor may hold of a row's fields."""

RECORD_ID = (int, str)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which page is asked for, and what is told with it.

    Raises:
        InvalidParameter: a word has a value of the wrong type.
        ConflictingParameters: two words say where the page begins.
    """

    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    with_count: bool = False
    with_explain: bool = False
    is_strict: bool = False

    def __post_init__(self) -> None:
        for name, number in (("limit", self.limit), ("offset", self.offset)):
            if type(number) is not int or number < 0:
                raise InvalidParameter(f"'{name}' is a whole number of 0 or more.").within(name)
        if self.cursor is not None and type(self.cursor) is not str:
            raise InvalidParameter("'cursor' is text.").within("cursor")
        for name, flag in (("count", self.with_count), ("explain", self.with_explain), ("strict", self.is_strict)):
            if type(flag) is not bool:
                raise InvalidParameter(f"'{name}' is true or false.").within(name)
        if self.cursor is not None and self.offset:
            raise ConflictingParameters("'cursor' and 'offset' are two ways to say where to begin; give one.").within(
                "cursor"
            )


WORDS = {
    "limit": "limit",
    "offset": "offset",
    "cursor": "cursor",
    "count": "with_count",
    "explain": "with_explain",
    "strict": "is_strict",
}
"""What users write, and the member of a window that it means."""


def window_of(**words: Any) -> dict[str, Any]:
    """Return the members of a window, of the words that users write. Raises TypeError for any other."""
    if unknown := words.keys() - WORDS.keys():
        raise TypeError(f"There is no argument '{min(unknown)}'.")
    return {WORDS[word]: value for word, value in words.items()}
