"""Records inside records: `_embed` and `_expand`, by the names that json-server gives to what refers to what.

``comments`` have a ``postId``: it is the id of one of ``posts``. So posts embed their ``comments``, and comments their
``post``. The two ids are equal as everywhere in Ramekin: ``1`` is ``"1"``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ramekin.values import codec
from ramekin.values.comparison import MISSING
from ramekin.values.paths import reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


async def put_inside(view: View, relation: Relation, records: Sequence[dict[str, Any]]) -> None:
    """Put what a relation names into each of some records. Cost: O(the other table) where it is many, else O(records).

    What is there under that name gives way; where no record is found for one, nothing is there.
    """
    if not relation.is_many:
        for record in records:
            key = key_of(record.get(relation.field, MISSING))
            row = None if key is None else view.get(relation.table, key)
            if row is None:
                record.pop(relation.member, None)
            else:
                record[relation.member] = codec.read_body(row[1])
            await view.rest()
        return
    found: dict[str, list[Any]] = {}
    for record in records:
        record[relation.member] = found.setdefault(str(record["id"]), [])
        await view.rest()
    read = reader((relation.field,))
    async for bodies in view.batches(relation.table):
        for body in bodies:
            inside = found.get(key_of(read(body)) or "")
            if inside is not None:
                inside.append(codec.read_body(body))
            await view.rest()
    while found:  # to let go of 100,000 at once takes long
        found.popitem()
        await view.rest()


def key_of(value: Any) -> str | None:
    """Return the key of the record that a value is the id of, None where it can be none's."""
    return str(value) if type(value) in (str, int) else None


def tables_of(relations: Iterable[Relation]) -> list[str]:
    """Return the tables that relations look into."""
    return [relation.table for relation in relations]
