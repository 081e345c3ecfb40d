"""Pydantic's core schemas made strict: which JSON values each type takes.

Pydantic's own strictness depends on where a value comes from: in JSON it takes ``true`` for an ``IntEnum``'s 1, text
with a Unix time for a datetime and ``"1_000"`` for a decimal, and behind a validator that runs before it refuses every
ISO 8601 text. So `strict` gives each type a gate of its own, and the schema is then used without Pydantic's flag. Gates
are core schemas where they can be, since a call of Python costs as much as three fields.

Knows nothing of tables; see ``models.py`` for who validates records with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Flag
from fractions import Fraction
from typing import Any

from pydantic import ByteSize
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema, to_jsonable_python

from ramekin.values import codec

Node = dict[str, Any]
"""A core schema, or a part of one."""

_INSIDE = (
    *("schema", "items_schema", "keys_schema", "values_schema", "extras_schema", "json_schema", "lax_schema"),
    *("strict_schema", "fields", "choices", "steps", "definitions"),
)
"""Where a core schema holds others; nothing else in it is one, whatever it looks like (a default may look so)."""

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6}0*)?)?(?:[Zz]|[-+][0-9]{2}:?[0-9]{2})?"
_AMOUNT = "[0-9]+(?:[.,][0-9]{1,6})?"
_DECIMAL = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?"

SPELLINGS: dict[str, tuple[str, type, str]] = {
    "datetime": (f"{_DATE}[Tt ]{_TIME}", datetime, "datetime_type"),
    "date": (_DATE, date, "date_type"),
    "time": (_TIME, time, "time_type"),
    "timedelta": (f"[-+]?P(?:{_AMOUNT}[YMWD])*(?:T(?:{_AMOUNT}[HMS])+)?", timedelta, "time_delta_type"),
    "decimal": (_DECIMAL, Decimal, "decimal_type"),
    "fraction": (f"{_DECIMAL}|[-+]?[0-9]+/[0-9]+", Fraction, "fraction_type"),
    "complex": (rf"{_DECIMAL}|(?:{_DECIMAL})?[-+]?(?:{_DECIMAL})?j", complex, "complex_type"),
}
"""How the values of a type are written as text, its class, and what Pydantic calls a value that is none.

Dates and times are those of RFC 3339, seconds and zone optional. No digit is dropped: a seventh of a second is zero.
"""

_NUMBERS = ("decimal", "fraction", "complex")  # of these a JSON number is a value too

_KEYS = {
    "int": "0|-?[1-9][0-9]*",
    "float": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?",
    "bool": "true|false",
}
"""How a member's name is written where names are numbers or booleans."""

_KEY_CLASSES = {"int": int, "float": float, "bool": bool}
_MANY = ("list", "tuple", "set", "frozenset", "dict")
CLASSES = ("model", "dataclass", "typed-dict")


def strict(schema: Node) -> Node:
    """Return a core schema that takes only JSON values of the declared types, and no member that is not declared.

    What models, dataclasses and typed dictionaries themselves say of other members (``extra``) stands.
    """
    return _Strict(schema).changed(schema, {})


def ending_early(node: Node) -> Node:
    """Return a core schema that of each array and dictionary tells the first wrong value alone: 0.5 µs for each."""
    changed = mapped(node, lambda _, part: ending_early(part))
    return changed | {"fail_fast": True} if node["type"] in _MANY else changed


def inside(node: Node) -> Iterator[Node]:
    """Return the core schemas, and the fields, that stand directly in one."""
    found: list[Node] = []

    def note(_: str, part: Node) -> Node:
        found.append(part)
        return part

    mapped(node, note)
    return iter(found)


def mapped(node: Node, change: Callable[[str, Node], Node]) -> Node:
    """Return a core schema with others in place of those that stand directly in it; `change` is told where each is."""
    found = {key: _mapped(node[key], key, change) for key in _INSIDE if key in node}
    return node | found


def _mapped(part: Any, key: str, change: Callable[[str, Node], Node]) -> Any:
    if isinstance(part, dict):
        if isinstance(part.get("type"), str):
            return change(key, part)
        return {name: _mapped(child, key, change) for name, child in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(_mapped(child, key, change) for child in part)
    return part


def without_aliases(members: Iterable[Any]) -> list[Any]:
    """Return each value of an enum once: Pydantic lists one that has several names as often."""
    return list({id(member): member for member in members}.values())


def fields_of(node: Node) -> list[tuple[str, Node]]:
    """Return the fields of a class's node, by name; of other nodes none."""
    if node["type"] not in ("model-fields", "typed-dict", "dataclass-args", "named-tuple"):
        return []
    fields = node["fields"]
    return [*fields.items()] if isinstance(fields, dict) else [(part["name"], part) for part in fields]


def names_taken(name: str, field: Node, config: Node) -> list[str]:
    """Return the members that a field is read from as a whole, the one that counts first."""
    return [path[0] for path in paths_taken(name, field, config) if len(path) == 1]


def paths_taken(name: str, field: Node, config: Node) -> list[list[str]]:
    """Return the paths that a field is read from, the one that counts first: its aliases, its name, or both."""
    alias = field.get("validation_alias")
    if alias is None:
        return [[name]]
    paths = [[alias]] if isinstance(alias, str) else alias if isinstance(alias[0], list) else [alias]
    by_alias = paths if config.get("validate_by_alias", True) else []
    return [*by_alias, [name]] if config.get("validate_by_name") and [name] not in by_alias else by_alias


class _Strict:
    """The change of one schema; parts that are named are looked up in it."""

    def __init__(self, schema: Node) -> None:
        self._named = {part["ref"]: part for part in schema.get("definitions", ())}

    def changed(self, node: Node, config: Node, *, is_key: bool = False) -> Node:
        """Return a part made strict; one that stands for a member's name is always read from text.

        Args:
            config: of the class in which the part stands.
        """
        node_type = node["type"]
        if is_key and node_type == "definition-ref":
            named = self._named[node["schema_ref"]]
            return self.changed({key: value for key, value in named.items() if key != "ref"}, config, is_key=True)
        config = node.get("config", {}) if node_type in CLASSES else config
        copy = mapped(
            {key: value for key, value in node.items() if key != "strict"},
            lambda key, part: self.changed(part, config, is_key=key == "keys_schema" or (is_key and key != "fields")),
        )
        if node_type in CLASSES:
            copy = _closed(copy)
        if twice := _spelled_twice(node, config):
            return _around(copy, lambda inner: core_schema.no_info_before_validator_function(twice, inner))
        if node_type == "lax-or-strict":
            return copy | {"strict": True}
        if "keys_schema" in copy and copy["keys_schema"]["type"] != "str":
            return _around(copy, lambda inner: core_schema.no_info_wrap_validator_function(_keep_members, inner))
        if node_type == "function-after" and getattr(node["function"]["function"], "__self__", None) is ByteSize:
            return copy | {"schema": _BYTE_SIZE}
        if node_type == "function-after" and getattr(node["function"]["function"], "__module__", "") == "ipaddress":
            return _told_as_ip(copy)
        if node_type == "enum":
            copy["members"] = without_aliases(copy["members"])
        return _leaf(copy, is_key=is_key)


def _closed(node: Node) -> Node:
    """Return a class's node that refuses members which it does not name, unless it says something of them."""
    config = {key: value for key, value in node.get("config", {}).items() if key not in ("strict", "loc_by_alias")}
    if "extra_fields_behavior" not in config and node.get("extra_behavior", "ignore") == "ignore":
        config["extra_fields_behavior"] = "forbid"
        if node["type"] == "typed-dict":
            node = node | {"extra_behavior": "forbid"}  # Pydantic writes "ignore" where nothing is said
    return node | {"config": config}


def _spelled_twice(node: Node, config: Node) -> Callable[[Any], Any] | None:
    """Return a check that no field is sent under two of its names: Pydantic would drop one in silence."""
    names = [
        ({path[0] for path in paths_taken(name, part, config)}, part.get("serialization_alias", name))
        for name, part in fields_of(node)
    ]
    several = [(taken, stored) for taken, stored in names if len(taken) > 1]

    def check(value: Any) -> Any:
        for taken, stored in several:
            if isinstance(value, dict) and len(taken & value.keys()) > 1:
                said = " and ".join(f"'{name}'" for name in sorted(taken))
                raise PydanticCustomError("spelled_twice", "sent twice", {"names": said, "stored": stored})
        return value

    return check if several else None


def _leaf(node: Node, *, is_key: bool) -> Node:
    node_type = node["type"]
    if node_type in SPELLINGS:
        pattern, cls, error = SPELLINGS[node_type]
        return _gated(node, pattern, cls, error, has_numbers=node_type in _NUMBERS and not is_key)
    if is_key and node_type in _KEYS:
        return _gated(node, _KEYS[node_type], _KEY_CLASSES[node_type], f"{node_type}_type", has_numbers=False)
    if node_type in ("bool", "int", "float", "str"):
        return node | {"strict": True}
    if node_type == "generator":
        # it is read when it is printed, too late to refuse what it holds
        return _around(node | {"type": "list"}, lambda rows: core_schema.no_info_after_validator_function(iter, rows))
    if node_type == "literal" and not all(type(value) is str for value in node["expected"]):
        return _chosen(node, node["expected"], is_key=is_key)
    if node_type == "enum" and not all(type(member.value) is str for member in node["members"]):
        return _chosen(node, node["members"], is_key=is_key)
    return node | {"strict": True} if node_type == "enum" else node


def _told_as_ip(node: Node) -> Node:
    """Return the node of an IP address, network or interface, whose class does not tell Pydantic what is wrong."""
    name = node["function"]["function"].__name__
    error = f"ip_{name[2:4]}_{name[4:].lower()}"
    return _around(node, lambda inner: core_schema.custom_error_schema(inner, error, custom_error_message=error))


def _gated(node: Node, pattern: str, cls: type, error: str, *, has_numbers: bool) -> Node:
    """Return a node that takes text of one pattern, numbers if it may, and what is of its class already."""
    choices: list[Any] = [core_schema.str_schema(pattern=f"^(?:{pattern})$", strict=True, regex_engine="rust-regex")]
    if has_numbers:
        choices += [core_schema.int_schema(strict=True), core_schema.float_schema(strict=True)]
    choices.append(core_schema.is_instance_schema(cls))
    gate = core_schema.custom_error_schema(core_schema.union_schema(choices, mode="left_to_right"), error)
    return _around(node, lambda inner: core_schema.chain_schema([gate, inner]))


_BYTE_SIZE = core_schema.custom_error_schema(
    core_schema.union_schema(
        [
            core_schema.str_schema(pattern=r"^(?:[0-9]+|[0-9]+(?:\.[0-9]+)? ?[A-Za-z]+)$", strict=True),
            core_schema.int_schema(ge=0, strict=True),
        ]
    ),
    "byte_size",
    custom_error_message="could not parse value and unit from byte string",
)
"""What a `ByteSize` is made of: Pydantic's own reads the first digits of any text, and would take a date."""


def _chosen(node: Node, members: Iterable[Any], *, is_key: bool) -> Node:
    """Return a node whose values are among those listed, compared by JSON's types and not by Python's equality."""
    values = [(to_jsonable_python(member), member) for member in members]
    known: dict[Hashable, Any] = {}
    for value, member in values:
        if is_key and type(value) is not str:
            known[_exact(codec.dump(value).decode())] = member
        elif type(value) is float and value.is_integer():
            known.setdefault(_exact(int(value)), member)  # in JSON 2 and 2.0 are one number
        known[_exact(value)] = member
    makes_more = "missing" in node or issubclass(node.get("cls", object), Flag)
    types = {type(value) for value, _ in values} if makes_more else set()
    error: Any = "enum" if node["type"] == "enum" else "literal_error"
    expected = {"expected": ", ".join(codec.dump(value).decode() for value, _ in values)}

    def choose(value: Any) -> Any:
        """Return the member that a value means; a class that makes more of them is asked with values of its types."""
        key = _exact(value)
        if key in known:
            return known[key]
        if type(value) in (bool, int, float, str) and type(value) not in types:
            raise PydanticKnownError(error, expected)
        return value

    return _around(node, lambda inner: core_schema.no_info_before_validator_function(choose, inner))


def _around(node: Node, wrap: Callable[[Any], Any]) -> Node:
    """Return a node around another, which gives it its name."""
    inner = {key: value for key, value in node.items() if key != "ref"}
    return {**wrap(inner), **({"ref": node["ref"]} if "ref" in node else {})}


def _exact(value: Any) -> Hashable:
    """Return what a JSON value is found by: Python itself says that true, 1 and 1.0 are one."""
    return type(value), codec.dump(value) if isinstance(value, (list, dict)) else value


def _keep_members(value: Any, handler: Callable[[Any], Any]) -> Any:
    """Refuse an object of which two members have one name, once names are read: "1.0" and "1.00" of decimals."""
    made = handler(value)
    if isinstance(value, dict) and len(made) != len(value):
        raise PydanticCustomError("members_alike", "two members have one name")
    return made
