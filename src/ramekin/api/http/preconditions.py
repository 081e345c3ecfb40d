"""Preconditions: what a request asks of what stands, before anything is done or sent.

A record has a strong tag, so all that can be asked of one is answered. Lists, joins, dumps and tables carry weak tags,
which serve `If-None-Match` of a read alone; whatever else is asked of them, or of what has no tag, is refused and never
ignored: who sends it relies on it. Knows no tables; see ``database/operations.py`` for when a precondition holds.

Source: RFC 9110, section 13.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.errors import InvalidHeader, PreconditionNotPossible

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = re.compile(r'[\s,]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
_EMPTY = re.compile(r"[\s,]*")
ANY = frozenset("*")


def read_precondition(headers: Mapping[str, str]) -> Precondition:
    """Return what a request asks of a record. Raises InvalidHeader, PreconditionNotPossible."""
    has_match, has_none_match = "if-match" in headers, "if-none-match" in headers
    if "if-unmodified-since" in headers and not has_match:  # beside If-Match it counts for nothing
        raise _no_date()
    if not has_match and not has_none_match:
        return ALWAYS
    strong, weak = read_tags(headers["if-match"], "If-Match") if has_match else (None, None)
    return Precondition(strong, _read_none_match(headers) if has_none_match else None, has_weak=bool(weak))


def read_known(headers: Mapping[str, str]) -> frozenset[str]:
    """Return the tags that a reader of what has a weak tag knows; none if it does not say, `ANY` if it wants none.

    Raises:
        InvalidHeader; PreconditionNotPossible: it asks for something else too.
    """
    if "if-match" in headers or "if-unmodified-since" in headers:
        raise _not_possible("if-match" in headers)
    return _read_none_match(headers) if "if-none-match" in headers else frozenset()


def refuse_preconditions(headers: Mapping[str, str]) -> None:
    """Refuse whatever a request asks of something that has no tag. Raises PreconditionNotPossible."""
    if "if-match" in headers or "if-none-match" in headers or "if-unmodified-since" in headers:
        raise _not_possible("if-match" in headers or "if-none-match" in headers)


def read_tags(text: str, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the strong and the weak tags of a list, without quotes, or the star for any. Raises InvalidHeader."""
    if text.strip() == "*":
        return ANY, frozenset()
    strong, weak, at = set[str](), set[str](), 0
    while (found := _TAG.match(text, at)) is not None:
        (weak if found[1] else strong).add(found[2])
        at = found.end()
    if at == 0 or not _EMPTY.fullmatch(text, at):
        raise InvalidHeader(f"{name} is '*' or a list of entity tags in double quotes, as ETag gives them.").of(
            "header", name
        )
    return frozenset(strong - ANY), frozenset(weak - ANY)


def _read_none_match(headers: Mapping[str, str]) -> frozenset[str]:
    strong, weak = read_tags(headers["if-none-match"], "If-None-Match")
    return strong | weak  # which compares weakly


def _not_possible(is_by_tag: bool) -> PreconditionNotPossible:
    if not is_by_tag:
        return _no_date()
    return PreconditionNotPossible(
        "Nothing at this address has a strong ETag that a precondition could be held against. Send it with a single "
        "record; in a batch each operation has 'if_match'."
    )


def _no_date() -> PreconditionNotPossible:
    return PreconditionNotPossible("Nothing here has a date of its last change; send If-Match with a record's ETag.")
