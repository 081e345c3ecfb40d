"""What is sent, as JSON: records, models' instances, and what holds them. Pure; see ``calls.py`` for who sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, SchemaSerializer, core_schema, from_json

from ramekin.client.replies import adapter
from ramekin.errors import Fault, InvalidId, InvalidParameter, InvalidRecord
from ramekin.errors.error import pointer, shorten

DEEPEST = 200
"""Levels of a value in which one that cannot be sent is sought; a server takes 64."""

_ANY = SchemaSerializer(core_schema.any_schema(), {"ser_json_inf_nan": "constants"})
"""What prints any value, instances of models in it too."""

HALF = "a half of a pair of surrogates, which no text in UTF-8 has"


def as_body(value: Any, *, is_part: bool = False) -> bytes:
    """Return a record, a model's instance or what holds them as JSON.

    Args:
        is_part: whether it says what becomes of a part of a record: of a model's instance the members that were set.

    Raises:
        InvalidRecord: nothing in JSON stands for a value; its pointer says where that is.
    """
    try:
        return _printed(as_changes(value) if is_part else as_record(value))
    except PydanticSerializationError as error:
        steps, wrong = _first_wrong(value)
        raise InvalidRecord("A value cannot be sent as JSON.", faults=[Fault(pointer(steps), _why(wrong))]) from error


def _printed(value: Any) -> bytes:
    """Return a value as JSON. Raises PydanticSerializationError."""
    text = _ANY.to_json(value, by_alias=True, exclude_computed_fields=True)
    if (b"NaN" in text or b"Infinity" in text) and not _is_json(text):
        raise PydanticSerializationError("JSON has no NaN and no Infinity")
    return text


def _is_json(text: bytes) -> bool:
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return False
    return True


def as_changes(value: Any) -> Any:
    """Return what was set of a model's instance, also of those in it; arrays are whole. Others as `as_record`."""
    record = as_record(value)
    if isinstance(value, BaseModel) and isinstance(record, dict):
        named = adapter(type(value)).dump_python(
            value, mode="json", by_alias=True, exclude_computed_fields=True, exclude_unset=True
        )
        return _named(record, named)
    return record


def _named(record: Any, named: Any) -> Any:
    if isinstance(record, dict) and isinstance(named, dict):
        return {name: _named(record[name], member) for name, member in named.items() if name in record}
    return record


def as_record(value: Any) -> Any:
    """Return a model's instance, or that of a dataclass, as a record: without what it computes. Others are as they are.

    An `id` that is None is left out, as that of an instance which was never stored: the server makes one.
    What cannot be sent is left to `as_body`, which says where it is.
    """
    if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
        with suppress(PydanticSerializationError):
            found = adapter(type(value)).dump_python(value, mode="json", by_alias=True, exclude_computed_fields=True)
            if isinstance(found, dict) and found.get("id", "") is None:
                del found["id"]
            return found
    return value


def each_of(records: Any) -> Iterable[Any]:
    """Return what is to be gone through: records, or the one that a mapping or an instance is.

    Raises:
        InvalidParameter: it is neither.
    """
    if isinstance(records, Mapping | BaseModel) or (is_dataclass(records) and not isinstance(records, type)):
        return [records]
    if isinstance(records, str | bytes) or not isinstance(records, Iterable):
        raise InvalidParameter("Records are what can be gone through, such as a list of them, or one record.")
    return records


def names_of(word: str, given: Any) -> list[str]:
    """Return names that were given as a text or as several. Raises InvalidParameter."""
    if isinstance(given, str):
        return [given] if given else []
    names: list[Any] = [*given] if isinstance(given, Iterable) else [given]
    if not all(isinstance(name, str) for name in names):
        raise InvalidParameter(f"'{word}' is text, or a list of texts.")
    return names


def words_of(given: Iterable[tuple[str, Any]]) -> str:
    """Return words with what they say as they stand in an address. Raises InvalidParameter."""
    try:
        return urlencode([*given])
    except UnicodeEncodeError as error:
        raise InvalidParameter(f"What is asked has {HALF}.") from error


def id_text(id: object) -> str:
    """Return an id as it stands in an address: text, an integer, or what has a text, as a UUID has.

    Raises:
        InvalidId: it is nothing that an id could be, so something else was meant.
    """
    if id is None or (isinstance(id, bool | float | bytes | Mapping | Sequence) and not isinstance(id, str)):
        raise InvalidId(f"An id is text or an integer, and not of the type '{shorten(type(id).__name__)}'.")
    text = str(id)
    if _is_half(text):
        raise InvalidId(f"An id has {HALF}.")
    return text


def _is_half(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _why(wrong: Any) -> str:
    """Return what is wrong with a value that cannot be sent, although what is inside of it can."""
    if isinstance(wrong, float):
        return "JSON has no NaN and no Infinity: send null."
    if isinstance(wrong, str):
        return f"The text has {HALF}."
    if isinstance(wrong, Mapping) and any(isinstance(name, str) and _is_half(name) for name in wrong):
        return f"A member's name has {HALF}."
    return f"No JSON value stands for one of the type '{shorten(type(wrong).__name__)}'."


def _first_wrong(value: Any) -> tuple[list[str | int], Any]:
    """Return the steps to the innermost value that cannot be sent, and the value. Cost: O(size * depth)."""
    steps: list[str | int] = []
    while len(steps) < DEEPEST:
        found = next(((step, member) for step, member in _members(value) if not _can_be_sent(member)), None)
        if found is None:
            break
        step, value = found
        steps.append(step)
    return steps, value


def _members(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, BaseModel):
        return [(_sent_name(value, name), member) for name, member in value]
    if isinstance(value, Mapping):
        return [(str(name), member) for name, member in value.items()]
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    return [*enumerate(value)] if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


def _sent_name(model: BaseModel, name: str) -> str:
    field = type(model).model_fields.get(name)
    return name if field is None else field.serialization_alias or name


def _can_be_sent(value: Any) -> bool:
    try:
        _printed(value)
    except PydanticSerializationError:
        return False
    return True
