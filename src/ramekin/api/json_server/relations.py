"""Records inside records: `_embed` and `_expand`, by the names that json-server gives to what refers to what.

``comments`` have a ``postId``: it is the id of one of ``posts``. So posts embed their ``comments``, and comments their
``post``. The two ids are equal as everywhere in Ramekin: ``1`` is ``"1"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.values import codec
from ramekin.values.paths import read_id, reader

if TYPE_CHECKING:
    from ramekin.query.view import View

SUFFIX = "Id"

_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "goose": "geese",
    "foot": "feet", "tooth": "teeth", "ox": "oxen", "quiz": "quizzes", "datum": "data", "criterion": "criteria",
    "leaf": "leaves", "life": "lives", "wife": "wives", "knife": "knives", "half": "halves", "shelf": "shelves",
    "wolf": "wolves", "thief": "thieves", "hero": "heroes", "potato": "potatoes", "tomato": "tomatoes",
    "echo": "echoes", "movie": "movies", "cookie": "cookies", "analysis": "analyses", "axis": "axes",
    "crisis": "crises", "basis": "bases", "index": "indices", "matrix": "matrices", "vertex": "vertices",
    "cache": "caches", "series": "series", "species": "species", "news": "news", "sheep": "sheep", "fish": "fish",
    "equipment": "equipment", "information": "information", "money": "money", "rice": "rice",
}  # fmt: skip
"""Names that follow no rule; both forms begin with the same letter."""

_SINGULAR = {many: one for one, many in _IRREGULAR.items()}


def plural(word: str) -> str:
    """Return the name of many of what a word names: ``post`` -> ``posts``, ``category`` -> ``categories``."""
    front, last = _parts(word)
    if last in _SINGULAR:
        return word
    if last in _IRREGULAR:
        return front + _IRREGULAR[last][1:]
    if singular(word) != word:
        return word
    if re.search(r"[^aeiou]y$|quy$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(?:s|x|z|ch|sh)$", word) else f"{word}s"


def singular(word: str) -> str:
    """Return the name of one of what a word names: ``posts`` -> ``post``, ``addresses`` -> ``address``."""
    front, last = _parts(word)
    if last in _SINGULAR:
        return front + _SINGULAR[last][1:]
    if last in _IRREGULAR or re.search(r"(?:ss|us|is)$", word):
        return word
    if re.search(r"[^aeiou]ies$|quies$", word):
        return f"{word[:-3]}y"
    if re.search(r"(?:ss|sh|ch|x|zz|[tbrnc]us)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and len(word) > 1 else word


def _parts(word: str) -> tuple[str, str]:
    """Return a name up to the first letter of its last word, and that word in small letters."""
    found = re.search(r"[A-Za-z][a-z]*$", word)
    start = 0 if found is None else found.start()
    return word[: start + 1], word[start:].lower()


class Relation(NamedTuple):
    """Records of another table that go into each record of one."""

    member: str
    """The name under which they go in."""
    table: str
    field: str
    """The field that holds the other's id: of the other table where it is many, else of this one."""
    is_many: bool


def many(table: str, other: str) -> Relation:
    """Return the records of another table that hold the id of this one's."""
    return Relation(other, other, singular(table) + SUFFIX, is_many=True)


def one(name: str) -> Relation:
    """Return the record whose id this one holds, by the name of one of them."""
    return Relation(name, plural(name), name + SUFFIX, is_many=False)


Fill = Callable[[dict[str, Any]], None]
"""Puts into one record what a relation names; what is there under that name gives way, also to nothing."""


async def filler(view: View, relation: Relation, bodies: Iterable[bytes]) -> Fill:
    """Return what fills each of some records. Only bodies are held; they are read for one record at a time.

    Cost: O(bodies), and O(the other table) where it is many.
    """
    member, read_field = relation.member, reader((relation.field,))
    if relation.is_many:
        inside: dict[str, list[bytes]] = {}
        for body in bodies:
            inside[str(read_id(body))] = []
            await view.rest()
        async for batch in view.batches(relation.table):
            for body in batch:
                if (found := inside.get(key_of(read_field(body)) or "")) is not None:
                    found.append(body)
                await view.rest()

        def fill_many(record: dict[str, Any]) -> None:
            record[member] = [codec.read_body(body) for body in inside.get(str(record.get("id")), ())]

        return fill_many
    others: dict[str, bytes] = {}
    for body in bodies:
        key = key_of(read_field(body))
        if key is not None and key not in others and (row := view.get(relation.table, key)) is not None:
            others[key] = row[1]
        await view.rest()

    def fill_one(record: dict[str, Any]) -> None:
        body = others.get(key_of(record.get(relation.field)) or "")
        if body is None:
            record.pop(member, None)
        else:
            record[member] = codec.read_body(body)

    return fill_one


def key_of(value: Any) -> str | None:
    """Return the key of the record that a value is the id of, None where it can be none's."""
    return str(value) if type(value) in (str, int) else None


def tables_of(relations: Iterable[Relation]) -> list[str]:
    """Return the tables that relations look into."""
    return [relation.table for relation in relations]
