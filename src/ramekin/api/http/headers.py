"""Reading headers strictly: media types, what is accepted, preferences.

They are given by their names in small letters; those that stood in several lines as one, with commas between. Knows
nothing of what is done with it; see ``preconditions.py`` for If-Match and its like, ``query_string.py`` for parameters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ramekin.errors import InvalidHeader, NotAcceptable, UnsupportedMediaType, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JSON, NDJSON, CSV, MERGE_PATCH = "application/json", "application/x-ndjson", "text/csv", "application/merge-patch+json"
EVENTS = "text/event-stream"

FORMATS = {JSON: "json", NDJSON: "ndjson", CSV: "csv"}
"""Those of many records, and how a weak tag calls them: a copy in one format is none in another."""


MAX_RANGES = 100
"""Media types of one Accept: 3 µs each."""

_NOTHING_PREFERRED: frozenset[str] = frozenset()


def media_type(headers: Mapping[str, str], allowed: Sequence[str]) -> str:
    """Return the body's media type, one of those allowed.

    Raises:
        UnsupportedMediaType: it is another one or none, not UTF-8, or the body is compressed.
        InvalidHeader: the body is meant as a part of what stands; it would take the place of the whole.
    """
    if "content-range" in headers:
        raise InvalidHeader("A body with a Content-Range is not read: PATCH changes a part of a record.").of(
            "header", "Content-Range"
        )
    header = headers.get("content-type", "")
    encoding = headers.get("content-encoding", "identity")
    if header in allowed and encoding == "identity":
        return header
    media, _, rest = header.partition(";")
    media = media.strip().lower()
    if encoding.strip().lower() != "identity":
        said = "A body with a Content-Encoding is not read; send it as it is."
        raise UnsupportedMediaType(said).of("header", "Content-Encoding")
    if media not in allowed:
        said = "has no Content-Type" if not media else f"has the Content-Type '{shorten(media)}'"
        raise UnsupportedMediaType(f"The body {said}; send {' or '.join(filter(None, allowed))}.")
    charset = re.search(r'charset\s*=\s*"?([^\s";]+)', rest, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("The body must be UTF-8; send no charset, or charset=utf-8.")
    return media


def accepted(headers: Mapping[str, str], offered: Sequence[str]) -> str:
    """Return the offered media type that the client likes best; the first one if it does not say.

    Raises:
        NotAcceptable: it accepts none of them.
        InvalidHeader: it names more than `MAX_RANGES`.

    Source: RFC 9110, section 12.5.1.
    """
    if (header := headers.get("accept", "")) in ("", "*/*"):
        return offered[0]
    best, best_quality = None, 0.0
    if header.count(",") >= MAX_RANGES:
        raise InvalidHeader(f"Accept names at most {MAX_RANGES} media types.").of("header", "Accept")
    ranges = [_media_range(part) for part in header.split(",") if part.strip()]
    for media in offered:
        fitting = [(len(name.replace("*", "")), quality) for name, quality in ranges if _fits(media, name)]
        quality = max(fitting)[1] if fitting else 0.0
        if quality > best_quality:
            best, best_quality = media, quality
    if best is None:
        raise NotAcceptable(f"This route answers with {' or '.join(offered)}.")
    return best


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                return name.lower(), min(1.0, max(0.0, float(value)))
            except ValueError:
                raise InvalidHeader("A quality in Accept is a number from 0 to 1.").of("header", "Accept") from None
    return name.lower(), 1.0


def _fits(media: str, name: str) -> bool:
    return name in ("*/*", media) or (name.endswith("/*") and media.startswith(name[:-1]))


def preferences(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the Prefer header's tokens (RFC 7240), such as ``return=minimal``; unknown ones may be ignored."""
    if "prefer" not in headers:
        return _NOTHING_PREFERRED
    parts = re.split(r"[,;]", headers["prefer"])
    return frozenset(re.sub(r"[\s\"]", "", part).lower() for part in parts if part.strip())


def has_body(headers: Mapping[str, str]) -> bool:
    """Say whether a request brings a body that is not empty, or may be."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
