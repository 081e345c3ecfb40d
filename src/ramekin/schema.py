"""What a schema promises, whether it is a Pydantic model's (``models.py``) or JSON Schema (``json_schema.py``).

Knows nothing of tables' contents or of HTTP; see ``operations.py`` for when a record is validated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ramekin.errors import Fault, InvalidRecord
from ramekin.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_FAULTS = 10
"""Faults that one error lists; a record with more has its first ones named, and their number said."""


class RecordSchema(Fields, Protocol):
    """What the records of one table must be."""

    title: str
    """What messages call it."""

    json_schema: dict[str, Any]
    """The schema of what may be sent."""

    fields: tuple[str, ...]
    """The names of the outermost fields that it declares, in order, the id among them."""

    takes_uuid: bool
    """Whether a record without an id is given a UUID: the schema makes none, and would take it."""

    def validate(self, record: dict[str, Any]) -> bytes:
        """Return the body to store for a record. Raises InvalidRecord with a fault for each thing wrong."""

    def stored_id(self, value: object) -> object:
        """Return what an id that was sent in a record is stored as; the id itself where the schema refuses it."""

    def read_id(self, text: str) -> object:
        """Return the id that a new record at an address gets: the address's text, or what the schema reads in it."""


def invalid_record(title: str, faults: Sequence[Fault], count: int) -> InvalidRecord:
    """Return the error of a record with faults, of which some may be left out."""
    said = f"{count} faults" if count > 1 else "one fault"
    shown = f"; the first {len(faults)} are listed" if count > len(faults) else ""
    return InvalidRecord(f"The record does not satisfy {title}: {said}{shown}.", faults=faults)


def column_types(schema: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Return the JSON types that a schema gives to each property, as a CSV reader needs them."""
    return {name: frozenset(_types(part)) for name, part in schema.get("properties", {}).items()}


def _types(part: dict[str, Any] | bool) -> set[str]:
    if isinstance(part, bool):
        return set()  # anything, or nothing
    if "$ref" in part or "properties" in part:
        return {"object"}
    found = part.get("type", [])
    types = {found} if isinstance(found, str) else set(found)
    for branch in [*part.get("anyOf", []), *part.get("oneOf", []), *part.get("allOf", [])]:
        types |= _types(branch)
    return types
