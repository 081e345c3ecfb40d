"""Cursors: where the next page begins, as opaque text that belongs to one query.

A cursor holds the last row's ids, not its position, so that pages neither repeat nor skip a record while others are
created and deleted (keyset pagination). It also holds a digest of its query. Knows nothing of what it points into.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from ramekin.errors import InvalidCursor, RamekinError, SortValueTooLong
from ramekin.values import codec

_MESSAGE = "The cursor was not made for this query; follow `next` as it was given."
MAX_CHARS = 8000
"""Characters of a cursor at the most: servers and proxies limit the length of an address."""


def encode_cursor(query: str, position: list[Any]) -> str:
    """Return a cursor.

    Args:
        query: a text that is equal for equal queries, and only for those.
        position: JSON values, as `decode_cursor` will return them.

    Raises:
        SortValueTooLong: the values would not fit into an address.
    """
    text = codec.dump([codec.digest(query.encode())[:12], *position])
    cursor = urlsafe_b64encode(text).rstrip(b"=").decode()
    if len(cursor) > MAX_CHARS:
        raise SortValueTooLong("The last record's value in a sort field is too long for the cursor of the next page.")
    return cursor


def decode_cursor(query: str, cursor: str) -> list[Any]:
    """Return the position that a cursor holds.

    Raises:
        InvalidCursor: it is not one, or belongs to another query.
    """
    try:
        if len(cursor) > MAX_CHARS:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        value = codec.parse(urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, RamekinError):
        raise InvalidCursor(_MESSAGE) from None
    if not isinstance(value, list) or not value or value[0] != codec.digest(query.encode())[:12]:
        raise InvalidCursor(_MESSAGE)
    return value[1:]


def position_of(query: str, cursor: str, *shape: tuple[type, ...]) -> list[Any]:
    """Return the position in a cursor, its values checked to be of the given types.

    Raises:
        InvalidCursor: as `decode_cursor`, or the position has another shape.
    """
    position = decode_cursor(query, cursor)
    if len(position) != len(shape) or any(type(v) not in kinds for v, kinds in zip(position, shape, strict=True)):
        raise InvalidCursor(_MESSAGE)
    return position
