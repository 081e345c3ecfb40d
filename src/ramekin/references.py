"""References inside a JSON Schema: how often the parts of a schema stand in it once every ``$ref`` is written out.

A validator works through what references repeat: twenty definitions that each name the next one twice are a million
parts. Knows nothing of records; see ``json_schema.py`` for who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_CHAIN = 100
"""References that may lead from one to the next."""

_REFERENCES = ("$ref", "$dynamicRef")
_STORES = ("$defs", "definitions")
_ANCHORS = ("$anchor", "$dynamicAnchor")


class References:
    """The references of one schema, counted.

    `count` is how many there are where each stands for all that it names, but for those that lead back to where they
    stand. `circular` is how many of those one turn of a circle may meet: by so much a level of a record may multiply
    the work. Both stop at `most`. Cost: O(length of the schema + most).
    """

    def __init__(self, schema: dict[str, Any], most: int) -> None:
        self.circular = 0
        self._most = most
        self._homes: dict[int, Any] = {}  # the resource in which an object stands, by its identity
        self._resources: dict[str, Any] = {}
        self._anchors: dict[str, Any] = {}
        self._learn(schema)
        self._known: dict[int, tuple[int, int]] = {}
        self._open = [id(schema)]
        body = {name: part for name, part in schema.items() if name not in _STORES}
        self._homes[id(body)] = schema
        self.count, circular = self._weigh(body)
        self.circular = max([circular, *(found for _, found in self._known.values())])

    def _learn(self, schema: dict[str, Any]) -> None:
        """Note what the parts of a schema are called."""
        pending = [(schema, schema)]
        while pending:
            part, home = pending.pop()
            if isinstance(part, dict):
                if isinstance(name := part.get("$id"), str):
                    home = self._resources[name] = part
                self._homes[id(part)] = home
                self._anchors |= {name: part for key in _ANCHORS if isinstance(name := part.get(key), str)}
            pending += [(child, home) for child in _inside(part)]

    def _weigh(self, node: Any) -> tuple[int, int]:
        """Return the number of references in a part, with those in what they name; and of those that lead back."""
        if (known := self._known.get(id(node))) is not None:
            return known
        if len(self._open) > MAX_CHAIN:
            return self._most, 0
        self._open.append(id(node))
        count = circular = 0
        for target in self._targets(node):
            inner, back = (0, 1) if id(target) in self._open else self._weigh(target)
            count, circular = min(self._most, count + 1 + inner), min(self._most, circular + back)
            if count == self._most:
                break
        self._open.pop()
        self._known[id(node)] = count, circular
        return count, circular

    def _targets(self, node: Any) -> Iterator[Any]:
        """Yield what each reference in a part names."""
        for part in _objects(node):
            for name in _REFERENCES:
                if isinstance(reference := part.get(name), str):
                    yield self._follow(reference, self._homes[id(part)])

    def _follow(self, reference: str, home: Any) -> Any:
        """Return what a reference names, None if that is nothing in this document."""
        base, _, fragment = reference.partition("#")
        start = self._resources.get(base) if base else home
        if fragment and not fragment.startswith("/"):
            return self._anchors.get(fragment)
        return _at(start, fragment)


def _at(node: Any, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) leads to, None if that is nothing."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            node = node.get(name) if isinstance(node, dict) else None
    return node


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a value, the outermost first."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
        pending.extend(_inside(part))


def _inside(part: Any) -> Collection[Any]:
    return part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
