"""Whether a JSON Schema declares the member ``id``: only then is it asked about a record with its id.

Every record has an id, whether its schema knows of it or not. A schema that says nothing about ``id`` but closes
itself (``additionalProperties: false``, ``maxProperties``...) would allow no record at all; it means the members that
its author thought of. So a schema *declares* ``id`` if

1. it names it: in ``properties``, ``required``, ``dependentRequired``, ``dependentSchemas``, or in an object of
   ``const`` or ``enum``, of the schema itself or of a subschema that is applied to the record itself (by a reference,
   ``allOf``, ``anyOf``, ``oneOf``, ``not``, ``if``, ``then``, ``else``, ``dependentSchemas``); and
2. does not forbid it: ``not: {required: [id]}``, ``properties: {id: false}`` and what amounts to them.

Rules for names (``patternProperties``, ``propertyNames``) and for all others name no member. Knows nothing of records;
see ``json_schema.py`` for who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ramekin.schema.references import References

    Verdict = bool | None
    """Whether an object with an id satisfies a schema, whatever else is in it; None where that depends."""

_MAX_DEPTH = 100  # of schemas inside schemas that are looked at; what lies deeper depends

_ALL, _ANY = ("allOf",), ("anyOf", "oneOf")
_ONE = ("not", "if", "then", "else")
_REMARKS = (
    *("$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$schema", "$vocabulary", "default", "definitions"),
    *("deprecated", "description", "examples", "format", "readOnly", "title", "writeOnly", "then", "else"),
)


def declares_id(schema: dict[str, Any], references: References) -> bool:
    """Say whether a schema declares ``id``. Cost: O(length of the schema)."""
    return any(map(_names_id, _applied(schema, references))) and _Reader(references).judge(schema) is not False


def _names_id(part: dict[str, Any]) -> bool:
    whole = [part["const"]] if "const" in part else part.get("enum", ())
    dependent = part.get("dependentRequired", {})
    places = [part.get(keyword, ()) for keyword in ("properties", "required", "dependentSchemas")]
    places += [dependent, *dependent.values(), *(value for value in whole if isinstance(value, dict))]
    return any("id" in place for place in places)


def _applied(schema: dict[str, Any], references: References) -> Iterator[dict[str, Any]]:
    """Yield the schemas that say something of the record itself, each once."""
    pending: list[Any] = [schema]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        pending += references.named_by(part)
        pending += [part[keyword] for keyword in _ONE if keyword in part]
        pending += [inner for keyword in (*_ALL, *_ANY) for inner in part.get(keyword, ())]
        pending += part.get("dependentSchemas", {}).values()


class _Reader:
    """Finds what schemas say of an object with an id, whatever else is in it."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._known: dict[int, Verdict] = {}
        self._depth = 0

    def judge(self, part: Any) -> Verdict:
        """Return a schema's verdict. What leads back to itself, or goes deeper than is sensible, depends."""
        if not isinstance(part, dict):
            return part if isinstance(part, bool) else None
        if id(part) not in self._known:
            self._known[id(part)] = None  # until it is known
            if self._depth < _MAX_DEPTH:
                self._depth += 1
                self._known[id(part)] = _both(self._keyword(keyword, part) for keyword in part)
                self._depth -= 1
        return self._known[id(part)]

    def _keyword(self, keyword: str, part: dict[str, Any]) -> Verdict:
        value = part[keyword]
        if keyword in ("$ref", "$dynamicRef"):
            named = self._references.named_by(part)
            return _both(map(self.judge, named)) if len(named) == 1 else None
        if keyword in _ALL:
            return _both(map(self.judge, value))
        if keyword in _ANY:
            found = _either(map(self.judge, value))
            return None if found and keyword == "oneOf" else found
        if keyword == "not":
            return _negated(self.judge(value))
        if keyword == "if":
            return self._branch(self.judge(value), part)
        return self._assertion(keyword, value)

    def _branch(self, holds: Verdict, part: dict[str, Any]) -> Verdict:
        branches = [self.judge(part.get(keyword, True)) for keyword in ("then", "else")]
        if holds is not None:
            return branches[0 if holds else 1]
        return branches[0] if branches[0] == branches[1] else None

    def _assertion(self, keyword: str, value: Any) -> Verdict:
        if keyword == "type":
            return "object" in ([value] if isinstance(value, str) else value)
        if keyword == "required":
            return True if set(value) <= {"id"} else None
        if keyword == "properties":
            return False if "id" in value and value["id"] in (False, {"not": {}}, {"not": True}) else None
        if keyword == "dependentSchemas":
            return False if self.judge(value.get("id", True)) is False else None
        return True if keyword in _REMARKS else None


def _both(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what several verdicts come to that must all be right."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def _either(verdicts: Iterable[Verdict]) -> Verdict:
    return _negated(_both(map(_negated, verdicts)))


def _negated(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict
