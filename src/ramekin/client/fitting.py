"""What is sent, held against the client's model before it is sent. Pure; see ``calls.py`` for when.

A dictionary is read as strictly as a server reads records for its models: what does not fit would be stored by a table
without a model, and be told by whoever reads it next. An instance of the model is held against what the model takes
back, since not every class checks its members when it is made (those of SQLModel's tables do not). One of another class
is what somebody chose to send, as for a record without what the server fills in: its own class has checked it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, SchemaValidator

from ramekin.client.replies import adapter
from ramekin.schema.faults import fault_of
from ramekin.schema.record_schema import MAX_FAULTS, invalid_record
from ramekin.schema.strict import Node, mapped, strict
from ramekin.values import codec

_OF_AN_ID = (("missing", ("id",)), ("extra_forbidden", ("id",)))
"""What is not wrong: the server makes an id, and keeps it beside what a model without one says."""

_OF_VALIDATORS = ("value_error", "assertion_error")
"""What validators of a model's own raise, which may look at members that a change does not have."""


def check_record(type_: Any, record: Any, body: bytes) -> None:
    """Refuse a record that does not fit the type of its table.

    Raises:
        InvalidRecord: with a fault for each thing wrong, as the server has them.
    """
    if isinstance(record, Mapping) or type_ in type(record).__mro__:
        found = _errors(type_, body, is_strict=isinstance(record, Mapping))
        _refuse(type_, [each for each in found if (each["type"], each["loc"]) not in _OF_AN_ID], body)


def check_changes(type_: Any, changes: Any, body: bytes) -> None:
    """Refuse members of a patch that do not fit the type of its table. Raises InvalidRecord.

    A null takes a member out. What is inside of an object is the server's to check: it is merged with what stands. An
    array is not: it takes the place of the one that stands.
    """
    members = codec.parse(body)
    if isinstance(members, dict):
        taken_out = {name for name, value in members.items() if value is None}
        passed = {name for name, value in members.items() if isinstance(value, dict)} | (taken_out - _required(type_))
        if not isinstance(changes, Mapping) and type_ not in type(changes).__mro__:
            passed |= members.keys() - taken_out  # its own class has checked them
        if members.keys() - passed:
            found = _errors(type_, body, is_strict=isinstance(changes, Mapping))
            _refuse(type_, [each for each in found if _is_of_a_change(each, passed)], body)


def _is_of_a_change(error: ErrorDetails, passed: set[Any]) -> bool:
    place = error["loc"]
    if not place or place[0] in passed or (error["type"], place) in _OF_AN_ID or error["type"] in _OF_VALIDATORS:
        return False
    return error["type"] != "missing" or len(place) > 1


def _errors(type_: Any, body: bytes, *, is_strict: bool) -> list[ErrorDetails]:
    """Return what is wrong with a record; where that is strict, a member that the type does not write is."""
    read = _strictly(type_) if is_strict else adapter(type_).validate_json
    try:
        read(body, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    except Exception:  # whatever the model's own code raises: it is the server's to say what that means
        return []
    return []


@lru_cache(maxsize=256)
def _strictly(type_: Any) -> Callable[..., Any]:
    """Return what reads a record as the server does; its members by the names under which they are written."""
    core: Any = adapter(type_).core_schema
    return SchemaValidator(strict(_by_written_names(core)), _use_prebuilt=False).validate_json


def _by_written_names(node: Node) -> Node:
    """Return a core schema that reads a member of several names by the one that it writes."""
    found = mapped(node, lambda _, part: _by_written_names(part))
    fields = found.get("fields")
    if isinstance(fields, dict):
        found["fields"] = {name: _by_written_name(name, field) for name, field in fields.items()}
    return found


def _by_written_name(name: str, field: Node) -> Node:
    written, read = field.get("serialization_alias", name), field.get("validation_alias")
    return field | {"validation_alias": written} if isinstance(read, list) and [written] in read else field


@lru_cache(maxsize=256)
def _required(type_: Any) -> frozenset[Any]:
    """Return the members without which nothing is a record."""
    return frozenset(each["loc"][0] for each in _errors(type_, b"{}", is_strict=False) if each["type"] == "missing")


def _refuse(type_: Any, found: list[ErrorDetails], body: bytes) -> None:
    if found:
        record, title = codec.parse(body), getattr(type_, "__name__", str(type_))
        faults = [fault_of(each, record) for each in found[:MAX_FAULTS]]
        raise invalid_record(f"the model {title}", faults, len(found))
