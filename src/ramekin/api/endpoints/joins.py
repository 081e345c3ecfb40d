"""Joins over HTTP. Knows nothing of how pairs are found; see ``database/joining.py``."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.endpoints import lists
from ramekin.api.http.headers import FORMATS, accepted, preferences
from ramekin.api.http.pages import AT_ONCE, SHORT_BYTES, LongRow, Page, page_response
from ramekin.api.http.preconditions import ANY, read_known
from ramekin.api.http.requests import choice, split_query, stopped_when_gone
from ramekin.api.http.responses import not_modified
from ramekin.api.routes import API, add_route
from ramekin.database.join_request import SHAPES, JoinRequest
from ramekin.errors import InvalidParameter, UnknownField
from ramekin.query.join import JOIN_TYPES
from ramekin.query.pairs import PairFields
from ramekin.values import codec
from ramekin.values.paths import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ramekin.api.context import Context
    from ramekin.database.joining import JoinPage
    from ramekin.limits import Limits
    from ramekin.query.pairs import Tree
    from ramekin.query.view import Row
    from ramekin.schema.fields import Fields
    from ramekin.values.paths import FieldPath

PATH = f"{API}/join/{{table1}}/{{table2}}/{{key}}"
WORDS = (*lists.WORDS, "type", "shape", "as")


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of joins."""
    database = context.database

    async def join_tables(table1: str, table2: str, key: str, request: Request) -> Response:
        """Return pairs of records from two tables that have a field in common."""
        query, is_strict = request.scope["query_string"], "handling=strict" in preferences(request)
        tables = (table1, table2)
        read = _read if sum(map(len, (*tables, key, query))) <= lists.MAX_REMEMBERED else _read.__wrapped__
        fields = (database.fields(table1), database.fields(table2))
        try:
            asked, following, digest = read(tables, key, query, is_strict, fields, database.limits)
        except UnknownField:  # told again, with names of fields that are there
            present = await database.field_names(table1), await database.field_names(table2)
            asked, following, digest = read(tables, key, query, is_strict, fields, database.limits, present)
        kind, known = accepted(request, tuple(FORMATS)), read_known(request)
        tag = context.weak_tag([await database.revision(name) for name in tables], digest, FORMATS[kind])
        headers = lists.page_headers(tag, asked)
        if tag in known and not is_strict:
            return not_modified(headers)
        async with stopped_when_gone(request):
            found = await database.join(asked)
        if tag in known or known == ANY:
            return not_modified(headers)
        page = _page(context, asked, found, lists.next_page(following, found.cursor))
        return await page_response(page, kind, headers)

    add_route(app, "GET", PATH, join_tables, **descriptions.JOIN)


@lru_cache(maxsize=256)
def _read(
    tables: tuple[str, str],
    key: str,
    query: bytes,
    is_strict: bool,
    sides: tuple[Fields, Fields],
    limits: Limits,
    present: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
) -> tuple[JoinRequest, str, str]:
    """Return what is asked for, the path of the page behind it but for the cursor, and the address's digest.

    Remembers the last ones.
    """
    words, conditions = split_query(query, WORDS)
    names = _read_names(words.get("as"))
    fields = PairFields(names or tables, sides, WORDS, present)
    asked = JoinRequest(
        *tables,
        key,
        choice(words, "type", JOIN_TYPES),
        names,
        choice(words, "shape", SHAPES),
        lists.read_where(words, conditions, fields),
        lists.read_sort(words, fields),
        lists.read_select(words, fields),
        **lists.read_words(words, limits, is_strict=is_strict),
    )
    path = "/".join(quote(part, safe="=") for part in (*tables, key))
    digest = codec.digest(b"%b?%b" % (path.encode(), query))[:12]
    return asked, lists.path_without_cursor(f"{API}/join/{path}", query), digest


def _read_names(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = text.split(",")
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InvalidParameter("'as' is two different names with a comma between, such as as=employee,manager.")
    return names[0], names[1]


def _page(context: Context, asked: JoinRequest, found: JoinPage, following: str | None) -> Page:
    is_tree = asked.shape == "tree"
    return Page(
        _trees(asked, found) if is_tree else _pairs(asked, found),
        _size(found),
        following,
        found.total,
        found.warnings,
        found.explain,
        {"join": {"on": found.on, "type": asked.type}},
        _columns(context, asked),
        None if is_tree else _flatten,
    )


def _size(found: JoinPage) -> int:
    """Return about how many bytes a page has, as far as it matters: beyond a short one the rest is not looked at."""
    rows = chain((row for pair in found.pairs for row in pair), (row for tree in found.trees for row in _rows_of(tree)))
    size = 0
    for row in rows:
        size += 0 if row is None else len(row[1])
        if size > SHORT_BYTES:
            break
    return size


def _rows_of(tree: Tree) -> Iterator[Row]:
    yield tree.left
    yield from tree.rights


def _pairs(asked: JoinRequest, found: JoinPage) -> Iterator[bytes]:
    """Yield each pair as an object with a member per table; a side without a match is null."""
    sides = [_side(asked, name) for name in asked.sides]
    places = [place for place, (_, _, is_wanted) in enumerate(sides) if is_wanted]
    pair_text = b"{%b}" % b",".join(sides[place][0].replace(b"%", b"%%") + b":%b" for place in places)
    if asked.select is None:
        for left, right in found.pairs:
            yield pair_text % (b"null" if left is None else left[1], b"null" if right is None else right[1])
        return
    for pair in found.pairs:
        rows = [(pair[place], sides[place][1]) for place in places]
        yield pair_text % tuple([b"null" if row is None else cut(row[1]) for row, cut in rows])


def _trees(asked: JoinRequest, found: JoinPage) -> Iterator[bytes | LongRow]:
    """Yield each record with its matches in a member of their own: an array, or the one match or null."""
    (_, cut_left, _), (name, cut, is_wanted) = (_side(asked, side) for side in asked.sides)
    for tree in found.trees:
        left = cut_left(tree.left[1])
        matches = (cut(row[1]) for row in tree.rights)
        if not is_wanted:
            yield left
        elif len(tree.rights) > AT_ONCE:
            yield LongRow(left, asked.sides[1], matches)
        else:
            inside = next(matches, b"null") if found.is_single else codec.splice_array(matches)
            yield b"%b%b%b:%b}" % (left[:-1], b"," if len(left) > 2 else b"", name, inside)


def _side(asked: JoinRequest, name: str) -> tuple[bytes, Callable[[bytes], bytes], bool]:
    """Return how a side is written: its name, what becomes of a body, and whether it is wanted at all."""
    paths = None if asked.select is None else [path[1:] for path in asked.select if path[0] == name]
    if paths is None or () in paths:
        return codec.dump(name), lambda body: body, True
    chosen: list[FieldPath] = paths
    return codec.dump(name), lambda body: codec.dump(select(codec.parse(body), chosen)), bool(paths)


def _columns(context: Context, asked: JoinRequest) -> list[str]:
    """Return the columns that are declared: ``users.id``, ``orders.id``; of trees the record's own."""
    is_tree = asked.shape == "tree"
    tables = (asked.left,) if is_tree else (asked.left, asked.right)
    declared = [
        (name, column) for name, table in zip(asked.sides, tables, strict=False) for column in context.columns(table)
    ]
    if asked.select is not None:
        chosen = {path[:2] for path in asked.select}
        declared = [found for found in declared if found in chosen or found[:1] in chosen]
    return [column if is_tree else f"{name}.{column}" for name, column in declared]


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    return {f"{side}.{name}": value for side, record in row.items() for name, value in (record or {}).items()}
