"""What happens, as the server's stream of events tells it: where to go on, and what each piece of it means. Pure.

A stream that breaks is asked for again behind the last step that came whole. Of a step that was cut off, the changes
that the caller has already are passed over, so that each is given once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from ramekin.client.exchange import Call
from ramekin.client.replies import as_typed, member, nothing, reader
from ramekin.client.sent import words_of
from ramekin.client.transport import Lines

R = TypeVar("R")

AGAIN_S = 0.2
"""The wait before a stream that has ended is asked for again."""


class Change(BaseModel, Generic[R]):
    """What happened to a record, or to a whole table; then it has no `id` and no `record`."""

    position: str
    """Where to go on behind it. All changes that were made together have the same."""
    at: datetime
    table: str
    op: Literal["create", "replace", "delete", "expire", "evict", "load", "define", "drop"]
    id: int | str | None = None
    record: R | None = None
    """The record after it, None if there is none."""


class Happened(BaseModel, Generic[R]):
    """Some of what has happened; nothing where that was all."""

    data: list[Change[R]]
    next: str


_latest, _warnings = member("latest", str), member("warnings", list[str], [])


class Following(Generic[R]):
    """How far somebody has read of what happens."""

    def __init__(
        self, path: str, words: Sequence[tuple[str, str]], type_: Any, headers: dict[str, str], since: str | None
    ) -> None:
        """Begin at a position, with a path and words that ask for changes."""
        self.position = since
        self._path, self._words, self._headers = path, words, headers
        self._type, self._page = Change[type_], Happened[type_]
        self._given = self._passed = 0  # changes behind the position: given, and to be passed over
        self._begin()

    def _begin(self) -> None:
        self._lines, self._name, self._data, self._id = Lines(), b"", b"", ""

    def latest(self) -> Call[str]:
        """Return the call that says how far the server is."""
        return Call("GET", self._with("limit", "0"), _latest, headers=self._headers, is_repeatable=True)

    def warnings(self) -> Call[list[str]]:
        """Return the call that says which fields of the conditions no record has."""
        since = [] if self.position is None else [("since", self.position)]
        path = f"{self._path}?{words_of([*self._words, *since, ('limit', '0')])}"
        return Call("GET", path, _warnings, headers=self._headers, is_repeatable=True)

    def page(self, following: str | None = None) -> Call[Happened[R]]:
        """Return the call for what has happened behind the position, or behind a page, which says what follows."""
        path = following or self._with("since", self.position or "")
        return Call("GET", path, reader(self._page), headers=self._headers, is_repeatable=True)

    def stream(self) -> Call[None]:
        """Return the call for the stream, from where the last one ended."""
        self._begin()
        self._passed, self._given = self._given + self._passed, 0
        headers = {**self._headers, "Accept": "text/event-stream"}
        path = self._with("since", self.position or "")
        return Call("GET", path, nothing, headers=headers, is_repeatable=True, is_streamed=True)

    def _with(self, word: str, value: str) -> str:
        return f"{self._path}?{words_of([*self._words, (word, value)])}"

    def take(self, piece: bytes) -> Iterator[Change[R]]:
        """Yield the changes that are whole with a piece of the stream; the position goes on with each.

        Raises:
            NotAsTyped: for a change that does not fit the type. Whoever follows on gets the next one.
        """
        for line in self._lines.take(piece):
            change = self._take_line(line)
            is_new = change is not None and not self._passed
            if change is not None:
                self._given += 1
                self._passed = max(0, self._passed - 1)
            if not line and self._id:
                if self._id != self.position:  # as a stream tells when it begins
                    self._given = self._passed = 0
                self.position, self._id = self._id, ""
            if change is not None and is_new:
                yield as_typed(self._type, change)

    def _take_line(self, line: bytes) -> bytes | None:
        """Return the change that a line ends, if it ends one, as JSON."""
        if not line:
            name, data, self._name, self._data = self._name, self._data, b"", b""
            return data if name == b"change" else None
        field, _, value = line.partition(b": ")
        if field == b"event":
            self._name = value
        elif field == b"data":
            self._data = value
        elif field == b"id":
            self._id = value.decode()
        return None
