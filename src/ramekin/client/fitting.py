"""What is sent, held against the client's model before it is sent. Pure; see ``calls.py`` for when.

A dictionary is read as strictly as a server reads records for its models: what does not fit would be stored by a table
without a model, and be told by whoever reads it next. An instance of the model is held against what the model takes
back, since not every class checks its members when it is made (those of SQLModel's tables do not). One of another class
is what somebody chose to send, as for a record without what the server fills in: its own class has checked it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ValidationError

from ramekin.client.replies import adapter
from ramekin.schema.faults import fault_of
from ramekin.schema.record_schema import MAX_FAULTS, invalid_record
from ramekin.values import codec

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def check_record(type_: Any, record: Any, body: bytes) -> None:
    """Refuse a record that does not fit the type of its table; an id that lacks is the server's to make.

    Raises:
        InvalidRecord: with a fault for each thing wrong, as the server has them.
    """
    if isinstance(record, Mapping) or type_ in type(record).__mro__:
        found = _errors(type_, body, is_strict=isinstance(record, Mapping))
        _refuse(type_, [each for each in found if (each["type"], each["loc"]) != ("missing", ("id",))], body)


def check_changes(type_: Any, changes: Any, body: bytes) -> None:
    """Refuse members of a patch that do not fit the type of its table. Raises InvalidRecord.

    A null takes a member out. What is inside of an object is the server's to check: it is merged with what stands.
    """
    if not isinstance(changes, Mapping):
        return
    merged = {name for name, value in changes.items() if isinstance(value, Mapping)}
    taken_out = {name for name, value in changes.items() if value is None} - _required(type_)
    found = _errors(type_, body, is_strict=True)
    _refuse(type_, [each for each in found if _is_of_a_change(each, merged | taken_out)], body)


def _is_of_a_change(error: ErrorDetails, passed: set[Any]) -> bool:
    return bool(error["loc"]) and error["loc"][0] not in passed and error["type"] != "missing"


def _errors(type_: Any, body: bytes, *, is_strict: bool) -> list[ErrorDetails]:
    """Return what is wrong with a record. An unknown member is, unless the class says what becomes of such."""
    forbids = is_strict and issubclass(type_, BaseModel) if isinstance(type_, type) else False
    extra: Literal["forbid"] | None = "forbid" if forbids and "extra" not in type_.model_config else None
    try:
        adapter(type_).validate_json(body, strict=is_strict or None, extra=extra)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [each for each in found if each["type"] != "extra_forbidden" or extra is None or len(each["loc"]) == 1]
    return []


@lru_cache(maxsize=256)
def _required(type_: Any) -> frozenset[Any]:
    """Return the members without which nothing is a record."""
    return frozenset(each["loc"][0] for each in _errors(type_, b"{}", is_strict=False) if each["type"] == "missing")


def _refuse(type_: Any, found: list[ErrorDetails], body: bytes) -> None:
    if found:
        record, title = codec.parse(body), getattr(type_, "__name__", str(type_))
        faults = [fault_of(each, record) for each in found[:MAX_FAULTS]]
        raise invalid_record(f"the model {title}", faults, len(found))
