"""The names of members in a patch: a model may read a field by several, and stores it by one.

A patch is merged into what is stored, so its members take the stored names first (``fullName``, where ``full_name`` was
sent), in nested objects too. Knows no records; see ``database/operations.py`` for who merges, ``strict.py`` for names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.schema.strict import CLASSES, Node, fields_of, inside, names_taken

if TYPE_CHECKING:
    ModelField = tuple[str, Node | None, Node]
    """The name under which a field is stored, its core schema if it is known, and the settings of its class."""

_ENDS = ("list", "set", "frozenset", "tuple", "generator", "json")
"""What no JSON object is merged into."""


class Renames:
    """Gives members of patches the names that one model stores. Cost: O(members of the patch)."""

    def __init__(self, core: Node) -> None:
        """Read the core schema of a model."""
        self._core = core
        self._targets = {part["ref"]: part for part in core.get("definitions", ())}
        self._known: dict[
            int, tuple[dict[str, ModelField], Node | None]
        ] = {}  # by the id of a node, which lives as long

    @property
    def are_any(self) -> bool:
        """Whether any field has several names. Cost: O(size of the schema)."""
        pending: list[tuple[Node, Node]] = [(self._core, {})]
        while pending:
            node, config = pending.pop()
            config = node.get("config", {}) if node["type"] in CLASSES else config
            if any(len(names_taken(name, part, config)) > 1 for name, part in fields_of(node)):
                return True
            pending += [(part, config) for part in inside(node)]  # where a name leads stands among the definitions
        return False

    def __call__(self, patch: Any) -> Any:
        """Return a patch with stored names. What is sent under two names is left so, and the model refuses it."""
        return self._renamed(patch, self._core, {})

    def _renamed(self, value: Any, node: Node | None, config: Node) -> Any:
        if not isinstance(value, dict) or node is None:
            return value
        fields, others = self._read(node, config)
        made: dict[str, Any] = {}
        for name, child in value.items():
            stored, part, inner = fields.get(name, (name, others, config))
            is_twice = stored != name and (stored in value or stored in made)
            made[name if is_twice else stored] = self._renamed(child, part, inner)
        return made

    def _read(self, node: Node, config: Node) -> tuple[dict[str, ModelField], Node | None]:
        """Return the fields of objects that a node takes, by each name; and what members of other names hold."""
        if id(node) in self._known:
            return self._known[id(node)]
        fields, others = dict[str, Any](), None
        pending, seen = [(node, config)], set[int]()
        while pending:
            part, config = pending.pop()
            if id(part) in seen or part["type"] in _ENDS:
                continue
            seen.add(id(part))
            config = part.get("config", {}) if part["type"] in CLASSES else config
            for name, field in (found := fields_of(part)):
                stored = field.get("serialization_alias", name)
                for taken in names_taken(name, field, config):
                    is_same = taken not in fields or fields[taken][0] == stored
                    fields[taken] = (stored, field, config) if is_same else (taken, None, config)
            if part["type"] == "dict":
                others = part.get("values_schema")
            elif part["type"] in ("definitions", "definition-ref"):
                pending.append((part["schema"] if "schema" in part else self._targets[part["schema_ref"]], config))
            elif not found:
                pending += [(inner, config) for inner in inside(part)]
        self._known[id(node)] = fields, others
        return fields, others
