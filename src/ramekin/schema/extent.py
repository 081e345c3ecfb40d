"""How large a JSON Schema may be that is defined: it is compiled in one go, and nobody is answered meanwhile.

What is stored already is read whatever its size; see ``json_schema.py``.
"""

from __future__ import annotations

from typing import Any

from ramekin.errors import InvalidDefinition
from ramekin.schema.references import patterns_in

MAX_PARTS = 10_000
"""Arrays, objects and members: 1 µs each to compile on a busy machine, half of it on an idle one (jsonschema-rs 0.60,
November 2026)."""

MAX_PATTERNS = 300
"""Regular expressions: 2 to 250 µs each."""


def check_extent(schema: dict[str, Any]) -> None:
    """Refuse a schema of too many parts or patterns. Raises InvalidDefinition. Cost: O(length), and O(`MAX_PARTS`)."""
    parts = patterns = 0
    pending: list[Any] = [schema]
    while pending:
        part = pending.pop()
        parts += 1
        inner = part
        if isinstance(part, dict):
            parts += len(part)
            inner = part.values()
            patterns += patterns_in(part)
        if parts > MAX_PARTS:
            raise InvalidDefinition(
                f"'schema' has more than {MAX_PARTS:,} arrays, objects and members. Put what is repeated under "
                "'$defs', and leave out what need not be checked."
            )
        if patterns > MAX_PATTERNS:
            raise InvalidDefinition(
                f"'schema' has more than {MAX_PATTERNS} regular expressions, in 'pattern' and 'patternProperties'. "
                "Put those that are repeated under '$defs'."
            )
        pending += [each for each in inner if isinstance(each, (dict, list))]
