"""Pydantic's errors as ours: where a record is wrong, and what is wrong there. See ``sentences.py`` for the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.errors import Fault, pointer
from ramekin.schema import sentences
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
"""Pydantic's types of errors of members that a model does not name."""


def fault_of(detail: ErrorDetails, record: object) -> Fault:
    """Return the fault that Pydantic found in a record."""
    return Fault(_pointer(detail, record), _sentence(detail))


def _pointer(detail: ErrorDetails, record: object) -> str:
    """Return the JSON pointer of a fault: Pydantic's location without the steps that are not in the document."""
    steps: list[str | int] = []
    value: Any = record
    for step in detail["loc"]:
        inner = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            inner = value[step]
        if inner is not MISSING:
            value = inner
        elif detail["type"] != "missing" or step != detail["loc"][-1]:
            continue  # the name of a union's branch, not a member
        steps.append(step)
    return pointer(steps)


def _sentence(detail: ErrorDetails) -> str:
    error_type = detail["type"]
    if error_type == "value_error" and detail["msg"].startswith("value is not a valid email address"):
        error_type = "email"  # whose error has no type of its own
    return sentences.of_model(error_type, detail.get("ctx", {}))
