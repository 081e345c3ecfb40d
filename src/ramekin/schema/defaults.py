"""Defaults of a model, looked at before any record needs one: each is a value that its own field takes.

Pydantic stores defaults unseen, so ``age: int = None`` makes records that the model refuses later, and
``price: float = 0`` prints ``0`` at first and ``0.0`` after the next change. `with_own_defaults` returns a core schema
whose fixed defaults are the values that the field itself would make of them, and whose factories are watched where it
is simple to tell what they should return. Knows nothing of records.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError

from ramekin.clock import current_clock
from ramekin.errors import InvalidRecord, RamekinError
from ramekin.schema.fitness import Location, UnfitModel, parts_of
from ramekin.schema.strict import Node, fields_of, mapped, strict
from ramekin.values import codec
from ramekin.values.ids import INT64_MAX, INT64_MIN, IdSource, current_ids

if TYPE_CHECKING:
    from collections.abc import Callable


_EMPTY = {list, dict, set, frozenset, tuple, deque, Counter, OrderedDict, str, int, float, bool}
"""Factories that always make the same: they are looked at as fixed defaults."""

_WATCHED: dict[str, type] = {
    "uuid": UUID,
    "datetime": datetime,
    "date": date,
    "time": time,
    "timedelta": timedelta,
    "bool": bool,
    "str": str,
    "int": int,
}
"""Kinds of which every value of the class is printed so that it is read again, if nothing else is asked of it."""

_UNCONSTRAINED = {"type", "metadata", "microseconds_precision"}


def following(ids: IdSource, read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return a function that reads as another does, while `uuid7` and `now` follow some ids and their clock."""

    def read_so(text: bytes) -> Any:
        of_ids, of_clock = current_ids.set(ids), current_clock.set(ids.clock)
        try:
            return read(text)
        finally:
            current_ids.reset(of_ids)
            current_clock.reset(of_clock)

    return read_so


class WatchedFactory:
    """A default factory whose results are known to be of the field's type."""

    def __init__(self, factory: Callable[[], Any], cls: type, name: str) -> None:
        self._factory = factory
        self._class = cls
        self._name = name

    def __call__(self) -> Any:
        """Return the next default. Raises InvalidRecord where it is not of the field's type."""
        value = self._factory()
        cls = type(value)
        if cls is not self._class and not (isinstance(value, self._class) and cls not in (bool, datetime)):
            raise InvalidRecord(f"The default that the model makes for '{self._name}' is not of the field's type.")
        if cls is int and not INT64_MIN <= value <= INT64_MAX:
            raise InvalidRecord(f"The default that the model makes for '{self._name}' does not fit into 64 bits.")
        return value


def with_own_defaults(schema: Node) -> Node:
    """Return a core schema with defaults that its fields take.

    Raises:
        UnfitModel: a fixed default is none of the field's own values.
    """
    return _Defaults(schema).changed(schema, Location())


class _Defaults:
    def __init__(self, schema: Node) -> None:
        self._definitions = schema.get("definitions", [])

    def changed(self, node: Node, location: Location) -> Node:
        if "cls" in node and "schema" in node:
            location = Location(node["cls"].__name__, "", node.get("config", {}))
        fields = node.get("fields") if fields_of(node) else None
        if isinstance(fields, dict):
            node = node | {"fields": {name: self._field(part, name, location) for name, part in fields.items()}}
        elif fields is not None:
            node = node | {"fields": [self._field(part, part["name"], location) for part in fields]}
        node = mapped(node, lambda key, part: part if key == "fields" else self.changed(part, location))
        return self._default(node, location) if node["type"] == "default" else node

    def _field(self, part: Node, name: str, location: Location) -> Node:
        if part.get("serialization_exclude"):
            return part  # its default is never stored
        return mapped(part, lambda _, inner: self.changed(inner, replace(location, name=name)))

    def _default(self, node: Node, location: Location) -> Node:
        if any(part["type"].startswith("function") or "serialization" in part for part, _ in parts_of(node)):
            return node  # the model's own code decides; each record is read twice
        factory = node.get("default_factory")
        if factory in _EMPTY and not node.get("default_factory_takes_data"):
            node = {key: value for key, value in node.items() if not key.startswith("default_factory")}
            node["default"] = factory()
        if "default" in node:
            return self._fixed(node, location)
        return _watched(node, location) if "default_factory" in node else node

    def _fixed(self, node: Node, location: Location) -> Node:
        """Return a node whose default is what its own type makes of it, if that is printed otherwise."""
        if node["default"] is None and node["schema"]["type"] in ("nullable", "any"):
            return node  # the most frequent by far, and a validator takes a millisecond to build
        inner = {"type": "definitions", "schema": node["schema"], "definitions": self._definitions}
        config: Any = {key: value for key, value in location.config.items() if key not in ("strict", "title")}
        reader = SchemaValidator(strict(inner), config, _use_prebuilt=False)
        printer = SchemaSerializer(inner, config)

        def printed(value: Any) -> bytes:
            return printer.to_json(value, by_alias=True, round_trip=True, warnings=False)

        try:
            first = printed(node["default"])
            taken = reader.validate_json(first)
            codec.parse(again := printed(taken))
        except (ValueError, RamekinError) as error:  # those of Pydantic are ValueErrors
            why = "is not what its type takes" if isinstance(error, ValidationError) else "cannot be stored as JSON"
            raise UnfitModel(
                f"{location}: its default {why}; give another, or a type that allows it (such as int | None)"
            ) from None
        except Exception:  # code of a class further inside: its records tell
            return node
        return node if again == first else node | {"default": taken}


def _watched(node: Node, location: Location) -> Node:
    """Return a node whose factory is watched, if its type is a simple one."""
    inner = node["schema"]
    while inner["type"] == "nullable":
        inner = inner["schema"]
    is_simple = inner["type"] in _WATCHED and not set(inner) - _UNCONSTRAINED
    if (
        not is_simple
        or node.get("default_factory_takes_data")
        or any(key.startswith("str_") for key in location.config)
    ):
        return node
    return node | {"default_factory": WatchedFactory(node["default_factory"], _WATCHED[inner["type"]], location.name)}
