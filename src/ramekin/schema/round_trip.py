"""Round trips: whether what a model prints of a record is sure to be read, and printed, as the same again.

It is for plain types. Where a model has validators, serializers or types that write a value otherwise, each record has
to be read twice to know. Knows nothing of records; see ``models.py`` for that check, and ``fitness.py`` for models of
which no record comes through.
"""

from __future__ import annotations

from typing import Any

from ramekin.schema.defaults import WatchedFactory
from ramekin.schema.fitness import Location, coding, parts_of
from ramekin.schema.strict import Node, inside

_SCALARS = {
    *("none", "bool", "int", "float", "str", "decimal", "literal", "enum", "uuid"),
    *("date", "time", "datetime", "timedelta"),
}
_PLAIN = _SCALARS | {
    *("any", "bytes", "list", "tuple", "set", "frozenset", "deque", "dict", "nullable", "default", "union"),
    *("model", "model-fields", "model-field", "typed-dict", "typed-dict-field", "named-tuple", "named-tuple-field"),
    *("dataclass", "dataclass-args", "dataclass-field", "tagged-union", "definitions", "definition-ref"),
}
"""Kinds whose values are printed as they are read, so that reading them again changes nothing."""

_REWRITING = ("str_to_lower", "str_to_upper", "str_strip_whitespace", "to_lower", "to_upper", "strip_whitespace")


def may_change(schema: Node) -> bool:
    """Say whether a record may be printed otherwise than it was read."""
    return any(_changes(node, location) for node, location in parts_of(schema))


def _changes(node: Node, location: Location) -> bool:
    """Say whether a part may print a value otherwise than it read it."""
    node_type = node["type"]
    if node_type not in _PLAIN or "serialization" in node or "serialization_exclude_if" in node:
        return True
    if node_type == "str" and any(node.get(word) or location.config.get(word) for word in _REWRITING):
        return True
    if node_type == "default":
        return "default_factory" in node and not isinstance(node["default_factory"], WatchedFactory)
    if node_type == "bytes":
        return coding(location.config, "val") != "utf8"
    if node_type == "dict":
        return bool(node.get("keys_schema", {"type": "str"})["type"] != "str")
    if node_type == "union":
        return not all(choice["type"] in _SCALARS for choice in inside(node))
    if node_type == "tagged-union":
        return callable(node["discriminator"])
    post_init = node.get("post_init")
    return bool(post_init) and not _is_pydantics_own(node["cls"], post_init)


def _is_pydantics_own(cls: type, post_init: Any) -> bool:
    """Say whether what runs after a model is made is Pydantic's, for private attributes."""
    return isinstance(post_init, str) and getattr(cls, post_init).__module__.startswith("pydantic.")
