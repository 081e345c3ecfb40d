"""References inside a JSON Schema: what each names, and how often parts stand in it once all are written out.

A validator works through what references repeat: twenty definitions that each name the next one twice are a million
parts. So nothing may hide from the count: a reference that is not understood here is refused. Knows nothing of
records; see ``json_schema.py`` for who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urljoin

from ramekin.errors import InvalidDefinition, shorten, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    SchemaPart = tuple[Any, str]
    """A subschema, and the address that references inside it are relative to."""

DRAFT = "https://json-schema.org/draft/2020-12/schema"

MAX_CHAIN = 100
"""References that may lead from one to the next."""

_META = DRAFT.removesuffix("schema")
_META_PARTS = 50  # of the standard's own schemas, which validators know; all of them lead back to their beginning
_NOWHERE = "https://schema.invalid/"  # what addresses of a schema without one are relative to

_STORES = ("$defs", "definitions")
MAPS = ("properties", "patternProperties", "dependentSchemas", "dependencies")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_TRIED = (*LISTS, "patternProperties", "dependentSchemas")
SINGLE = (
    *("items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"),
    *("not", "if", "then", "else", "contentSchema"),
)
"""The keywords under which other schemas stand: by names, in a list, one alone."""

_NEST_TIMES = 10
"""An array or object in `enum` takes so many times as long to compare with as it takes to find that a rule is met."""


class _Weight(NamedTuple):
    """What a part of a schema comes to, written out; see `References`."""

    references: int = 0
    circular: int = 0
    alternatives: int = 0
    patterns: int = 0


class References:
    """The references of one schema, followed and counted, and what is written out where they stand.

    `count` is how many there are once each is replaced by what it names, without those that lead back to themselves.
    `circular` is how many references that lead back one turn of a circle may meet: each level of a record may multiply
    the work by that. Both stop at `most`. `alternatives` is how many rules of lists, names' patterns and the like one
    value may be held against, written out, and `patterns` how many regular expressions a text.
    Cost: O(length of the schema + most).
    """

    def __init__(self, schema: dict[str, Any], most: int) -> None:
        """Follow the references of a schema.

        Raises:
            InvalidDefinition: one leads out of the document or names nothing; or two parts have one name.
        """
        self._most = most
        self._resources: dict[str, Any] = {}
        self._anchors: dict[tuple[str, str], Any] = {}
        self._dynamic: dict[str, list[SchemaPart]] = {}
        self._targets: dict[int, list[Any]] = {}  # what a part's references name, by the part's identity
        root = (schema, _enter(schema, _NOWHERE))
        self._resources[_NOWHERE] = schema
        for part in _subschemas(root, with_stores=True):
            self._learn(*part)
        self._known: dict[int, _Weight] = {}
        self._open: list[int] = []
        self.count, circular, self.alternatives, self.patterns = self._weigh(root)
        self.circular = max([circular, *(found.circular for found in self._known.values())])

    def named_by(self, part: Any) -> list[Any]:
        """Return what the references of a part name; a dynamic one may name several."""
        return self._targets.get(id(part), [])

    def _learn(self, part: dict[str, Any], base: str) -> None:
        """Note what a part is called."""
        if part.get("$schema", DRAFT) not in (DRAFT, f"{DRAFT}#"):
            raise InvalidDefinition(f"'$schema' is {DRAFT}, or left out.")
        if isinstance(part.get("$id"), str):
            _name(self._resources, base, part, "$id")
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := part.get(key), str):
                _name(self._anchors, (base, name), part, key)
        if isinstance(name := part.get("$dynamicAnchor"), str):
            self._dynamic.setdefault(name, []).append((part, base))

    def _weigh(self, part: SchemaPart) -> _Weight:
        """Return what a part comes to, with what its references name."""
        identity = id(part[0])
        if (known := self._known.get(identity)) is not None:
            return known
        if len(self._open) > MAX_CHAIN:
            return _Weight(self._most)
        self._open.append(identity)
        count = circular = alternatives = patterns = 0
        for inner, base in _subschemas(part):
            alternatives += _alternatives(inner)
            patterns += patterns_in(inner)
            for named in self._follow_all(inner, base):
                most = _Weight(*map(max, zip(*map(self._weigh_named, named), strict=True)))
                count = min(self._most, count + 1 + most.references)
                circular = min(self._most, circular + most.circular)
                alternatives += most.alternatives
                patterns += most.patterns
            if count == self._most:
                break
        self._open.pop()
        weight = self._known[identity] = _Weight(count, circular, alternatives, patterns)
        return weight

    def _weigh_named(self, target: SchemaPart) -> _Weight:
        if target[0] is None:
            return _Weight(_META_PARTS, 1)
        return _Weight(0, 1) if id(target[0]) in self._open else self._weigh(target)

    def _follow_all(self, part: dict[str, Any], base: str) -> list[list[SchemaPart]]:
        """Return what each reference of a part may name."""
        found: list[list[SchemaPart]] = []
        if isinstance(reference := part.get("$ref"), str):
            found.append([self._follow(reference, base)])
        if isinstance(reference := part.get("$dynamicRef"), str):
            others = self._dynamic.get(reference.partition("#")[2], [])
            found.append([self._follow(reference, base), *others])
        self._targets[id(part)] = [target for named in found for target, _ in named]
        return found

    def _follow(self, reference: str, base: str) -> SchemaPart:
        """Return what a reference names; None for a part of the standard's own schemas."""
        address, fragment = _split(reference, base)
        target: SchemaPart | None
        if address not in self._resources:
            if not address.startswith(_META):
                raise InvalidDefinition(
                    "'schema' is not a JSON Schema (2020-12): a '$ref' leads out of the document; put what it names "
                    "under '$defs'."
                )
            target = None, address
        elif fragment.startswith("/") or not fragment:
            target = _at((self._resources[address], address), fragment)
        else:
            anchored = self._anchors.get((address, fragment))
            target = None if anchored is None else (anchored, address)
        if target is None:
            raise InvalidDefinition(
                f"'schema' is not a JSON Schema (2020-12): the '$ref' '{shorten(reference)}' names nothing in it."
            )
        return target


def _alternatives(part: dict[str, Any]) -> int:
    """Return how many rules of a part one value is held against, one after the other."""
    count = sum(len(found) for name in _TRIED if isinstance(found := part.get(name), (dict, list)))
    if isinstance(values := part.get("enum"), list):
        count += _NEST_TIMES * sum(isinstance(value, (dict, list)) for value in values)
    return count


def patterns_in(part: dict[str, Any]) -> int:
    """Return how many regular expressions of a part a text is held against."""
    by_name = part.get("patternProperties")
    return isinstance(part.get("pattern"), str) + (len(by_name) if isinstance(by_name, dict) else 0)


def _name(names: dict[Any, Any], name: Any, part: dict[str, Any], keyword: str) -> None:
    """Note a part under a name that no other part may have."""
    if names.setdefault(name, part) is not part:
        raise InvalidDefinition(f"Two parts of 'schema' have the same '{keyword}'.")


def _split(reference: str, base: str) -> tuple[str, str]:
    """Return the address that a reference leads to, and the fragment there."""
    address, _, fragment = reference.partition("#")
    try:
        return urljoin(base, address) if address else base, unquote(fragment)
    except ValueError:
        raise InvalidDefinition(
            "'schema' is not a JSON Schema (2020-12): a '$ref' or '$id' is not an address."
        ) from None


def _enter(part: Any, base: str) -> str:
    """Return the address of what stands inside a part."""
    if isinstance(part, dict) and isinstance(part.get("$id"), str):
        return _split(part["$id"], base)[0]
    return base


def _at(part: SchemaPart, pointer: str) -> SchemaPart | None:
    """Return what a JSON pointer (RFC 6901) leads to, None if that is nothing."""
    node, base = part
    for step in steps_of(pointer):
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return None
        base = _enter(node, base)
    return node, base


def _subschemas(part: SchemaPart, *, with_stores: bool = False) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every schema inside a schema, itself first; those that are only stored there when asked."""
    pending = [part]
    while pending:
        node, base = pending.pop()
        if not isinstance(node, dict):
            continue
        yield node, base
        children = [node[name] for name in SINGLE if name in node]
        children += [child for name in LISTS if isinstance(found := node.get(name), list) for child in found]
        for name in (*MAPS, *(_STORES if with_stores else ())):
            if isinstance(found := node.get(name), dict):
                children += found.values()
        pending += [(child, _enter(child, base)) for child in children]
