"""What is asked of an endpoint, once it was read: what its headers wish for, its path's parts, its words, its body.

Knows nothing of how bytes become this; see ``declared/endpoint.py`` for who reads it, in which order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from ramekin.api.http.headers import JSON
from ramekin.api.http.preconditions import ANY
from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.engine.work import LONG_BYTES, Work
from ramekin.values import codec, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ramekin.errors import RamekinError

M = TypeVar("M")

_NOTHING: frozenset[str] = frozenset()
NO_WORDS: Mapping[str, Any] = {}


class Wishes(Struct, frozen=True, gc=False):
    """What the headers of a request wish for, as one endpoint reads them. The same for every request with them."""

    media: str = ""
    """The media type of the body; none where no body is taken."""
    accepts: str = JSON
    """The media type of the answer."""
    precondition: Precondition = ALWAYS
    """What must be true of the record."""
    known: frozenset[str] = _NOTHING
    """The tags that the client knows, of what has a weak one."""
    preferences: frozenset[str] = _NOTHING
    last_event: str | None = None
    """The id of the last event that a client has read, which reads a stream of them."""
    refused: RamekinError | None = None
    """What is wrong with the headers besides the body's; it is said after what is wrong with the words."""

    @property
    def is_strict(self) -> bool:
        """Whether what would be a warning is an error."""
        return "handling=strict" in self.preferences

    def knows(self, tag: str) -> bool:
        """Whether the client knows what has a weak tag, or asks for it only if there is none."""
        return tag in self.known or self.known == ANY


class Asked(Struct, Generic[M], gc=False):
    """What is asked of an endpoint."""

    parts: tuple[str, ...]
    """Those of the path that differ from request to request: table, id."""
    query: bytes
    body: bytes
    wishes: Wishes
    words: Mapping[str, Any] = NO_WORDS
    """The parameters by name, each read as it is declared; none where the endpoint reads them itself."""
    arriving: AsyncIterator[bytes] | None = None
    """The body, where it is not read whole."""
    record: tuple[Any, bytes] | None = None
    """The record that the body is, and how it is printed, where it was long and is read."""
    meant: M = None  # type: ignore[assignment]  # what the endpoint reads of its words, set before it answers


async def parsed(body: bytes, extra_depth: int = 0) -> Any:
    """Return the value of a body, read in turns where it is long. Raises as `codec.parse`."""
    if len(body) <= LONG_BYTES:
        return codec.parse(body, extra_depth=extra_depth)
    value, _ = await Work().through(pieces.read(body, extra_depth=extra_depth))
    return value
