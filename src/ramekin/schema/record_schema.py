"""What a schema promises, whether it is a Pydantic model's (``models.py``) or JSON Schema (``json_schema.py``).

Knows nothing of tables' contents or of HTTP; see ``operations.py`` for when a record is validated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ramekin.errors import Fault, InvalidRecord, nearest_name, pointer, shorten
from ramekin.schema.fields import Fields
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ramekin.schema.columns import Columns

MAX_FAULTS = 10
"""Faults that one error lists; a record with more has its first ones named, and their number said."""

MAX_HINTS = 3
"""Unknown members of one place for which names are suggested."""


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

    columns: Columns
    """What it says of the columns of CSV."""

    stored_names: Callable[[Any], Any] | None
    """Gives the members of a patch the names under which they are stored; None where each has one name."""

    def validate(self, record: dict[str, Any], printed: bytes | None = None) -> bytes:
        """Return the body to store for a record. Raises InvalidRecord with a fault for each thing wrong.

        Args:
            printed: how `codec.dump` prints the record, where that is known.
        """

    def stored_id(self, value: object) -> object:
        """Return what an id that was sent in a record is stored as; the id itself where the schema refuses it."""

    def read_id(self, text: str) -> object:
        """Return the id that a new record at an address gets: the address's text, or what the schema reads in it."""


def invalid_record(title: str, faults: Sequence[Fault], count: int) -> InvalidRecord:
    """Return the error of a record with some of its faults, and their number."""
    said = f"{count} faults" if count > 1 else "one fault"
    shown = f"; the first {len(faults)} are listed" if count > len(faults) else ""
    return InvalidRecord(f"The record does not satisfy {title}: {said}{shown}.", faults=faults)


def beside_known(fault: Fault, unknown: Sequence[str], names: Sequence[str]) -> Fault:
    """Return the fault of some members that a schema does not take, with the nearest of those that it names there."""
    near = [nearest_name(name, names) for name in unknown[:MAX_HINTS]]
    meant = " and ".join(f"'{shorten(name)}'" for name in dict.fromkeys(near) if name is not None)
    return replace(fault, detail=f"{fault.detail} Did you mean {meant}?") if meant else fault


def difference(first: Any, second: Any) -> str:
    """Return the JSON pointer of the first place where two JSON values differ; of values that do not, the root's."""
    pairs: list[tuple[str | int, Any, Any]] = []
    if isinstance(first, dict) and isinstance(second, dict):
        pairs = [(name, first.get(name, MISSING), second.get(name, MISSING)) for name in {**first, **second}]
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = [(i, one, other) for i, (one, other) in enumerate(zip(first, second, strict=True))]
    for step, one, other in pairs:
        if type(one) is not type(other) or one != other:
            return pointer([step]) + difference(one, other)
    return ""
