"""Server-sent events: what happens, as text that a browser's `EventSource` reads.

An event has an id where it ends a step: whoever connects again goes on behind the last step that came whole, and gets
one that was cut off anew. Knows nothing of who reads; see ``broadcast.py``.

Source: the HTML standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.database.following import TableChange

HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
"""What keeps proxies from holding events back to store, compress or gather them."""


def id_line(position: str) -> bytes:
    """Return what sets the place to go on from. Without data it is no event."""
    return b"id: %b\n" % position.encode()


def beat(position: str) -> bytes:
    """Return a comment, by which everybody on the way knows that the stream is alive, and how far it is."""
    return b":\n%b\n" % id_line(position)


def lost(latest: str) -> bytes:
    """Return the event that tells a reader that it was too slow; the stream ends behind it."""
    return b"event: lost\ndata: %b\n\n" % codec.dump({"latest": latest})


class Events:
    """The text of some changes, of those that one stream has."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._is_within = False  # a step, of which it has events and not the end
        self.size_bytes = 0

    def add(self, change: TableChange, json: bytes, *, ends_step: bool) -> None:
        """Add an event."""
        told = id_line(change.position) if ends_step else b""
        self._add(b"event: change\ndata: %b\n%b\n" % (json, told))
        self._is_within = not ends_step

    def end_step(self, position: str) -> None:
        """Take note that a step has ended with what this stream has not."""
        if self._is_within:
            self._add(id_line(position) + b"\n")
            self._is_within = False

    def _add(self, text: bytes) -> None:
        self._parts.append(text)
        self.size_bytes += len(text)

    def take(self) -> bytes:
        """Return the text, and begin anew."""
        text = b"".join(self._parts)
        self._parts.clear()
        self.size_bytes = 0
        return text
