"""Joins over HTTP. Knows nothing of how pairs are found; see ``database/joining.py``."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ramekin.api.declared.answers import READ, tabular, unless_known
from ramekin.api.declared.endpoint import LONG_QUERY, Endpoints, endpoint
from ramekin.api.declared.parameters import CONDITIONS, LIST, word
from ramekin.api.declared.shapes import reference
from ramekin.api.endpoints import lists
from ramekin.api.endpoints.lists import Listing, answer_list
from ramekin.api.http.answer import SHORT_BYTES, Reply
from ramekin.api.http.pages import AT_ONCE, LongRow, PageText, RowText
from ramekin.api.http.query_string import choice, meant, split_query
from ramekin.api.routes import API
from ramekin.database.join_request import SHAPES, JoinRequest
from ramekin.engine.work import Work
from ramekin.errors import InvalidParameter, UnknownField
from ramekin.query.join import JOIN_TYPES, Pair
from ramekin.query.pairs import PairFields, Tree
from ramekin.query.steps import at_once
from ramekin.storage.collector import overlook
from ramekin.values import codec
from ramekin.values.paths import outer, selector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.database.joining import JoinPage
    from ramekin.limits import Limits
    from ramekin.query.steps import Steps
    from ramekin.query.view import Row
    from ramekin.schema.fields import Fields

T = TypeVar("T")

PATH = f"{API}/join/{{table1}}/{{table2}}/{{key}}"
WORDS = (*lists.WORDS, "type", "shape", "as")
MEANT = meant(WORDS)


Joining = Listing[JoinRequest] | UnknownField
"""What is asked for; or a field that no record has, which is told with the names of those that are there."""


def _read_join(session: Session, asked: Asked[Joining]) -> Steps[Joining]:
    """Return what is asked of two tables. Raises as ``query/`` says; InvalidParameter, LimitTooLarge."""
    try:
        return (yield from _read_with(session, asked))
    except UnknownField as error:
        if asked.wishes.refused is not None:
            raise
        return error


def _read_with(
    session: Session, asked: Asked[Joining], present: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
) -> Steps[Listing[JoinRequest]]:
    """Return what is asked of two tables; `present` names fields that they have."""
    left, right, key = asked.parts
    database, size = session.database, sum(map(len, (*asked.parts, asked.query)))
    fields = (database.fields(left), database.fields(right))
    said = ((left, right), key, asked.query, asked.wishes.is_strict, fields, database.limits, present)
    return _read_again(*said) if size <= LONG_QUERY else (yield from _read(*said))


@endpoint(
    "GET",
    PATH,
    role="read",
    tag="joins",
    reads_long=_read_join,
    answers=unless_known(
        tabular(
            "Pairs: an object per pair with a member per table. Or, with `shape=tree`, records with their matches.",
            reference("JoinPage"),
            {
                "data": [{"users": {"id": "ada"}, "orders": {"id": "o1", "user_id": "ada"}}],
                "next": None,
                "join": {"on": "users.id = orders.user_id", "type": "inner"},
            },
            lists.PAGE_HEADERS,
        )
    ),
    problems=(*READ, 422),
    parameters=[
        word("type", "Which records without a match are in; none if it is not said.", enum=list(JOIN_TYPES)),
        word("as", "What the two sides are called: `employee,manager`.", pattern="^[^,]+,[^,]+$"),
        word(
            "shape",
            "`tree`: records of the first table, each with its matches inside; `pairs` if it is not said.",
            enum=list(SHAPES),
        ),
        CONDITIONS,
        *LIST,
    ],
    is_watchful=True,
)
async def join_tables(session: Session, asked: Asked[Joining]) -> Reply:
    """Return pairs of records from two tables that have a field in common."""
    left, right, _ = asked.parts
    database, listing = session.database, asked.meant
    if isinstance(listing, UnknownField):
        present = await database.field_names(left), await database.field_names(right)
        try:
            listing = await Work(session.limits.query_s).through(_read_with(session, asked, present))
        except UnknownField as error:
            raise error.of("query") from None
    return await answer_list(session, asked.wishes, listing, (left, right), database.join, _page)


def _read(
    tables: tuple[str, str],
    key: str,
    query: bytes,
    is_strict: bool,
    sides: tuple[Fields, Fields],
    limits: Limits,
    present: tuple[tuple[str, ...], tuple[str, ...]],
) -> Steps[Listing[JoinRequest]]:
    words, conditions = split_query(query, WORDS)
    names = _read_names(words.get("as"))
    fields = PairFields(names or tables, sides, MEANT, present)
    request = JoinRequest(
        *tables,
        key,
        choice(words, "type", JOIN_TYPES),
        names,
        choice(words, "shape", SHAPES),
        (yield from lists.read_conditions_of(words, conditions, fields)),
        lists.read_sort(words, fields),
        lists.read_select(words, fields),
        **lists.read_parameters(words, limits, is_strict=is_strict),
    )
    path = "/".join(quote(part, safe="=") for part in (*tables, key))
    digest = codec.digest(b"%b?%b" % (path.encode(), query))[:12]
    return Listing(request, lists.path_without_cursor(f"{API}/join/{path}", query), digest, sides)


@lru_cache(maxsize=256)
def _read_again(*said: Any) -> Listing[JoinRequest]:
    """Do as `_read`, at once, and remember the last ones."""
    return at_once(_read(*said))


def _read_names(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    names = text.split(",")
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InvalidParameter("'as' is two different names with a comma between, such as as=employee,manager.").within(
            "as"
        )
    return names[0], names[1]


def _page(session: Session, asked: JoinRequest, found: JoinPage, following: str | None) -> PageText:
    is_tree, is_single = asked.shape == "tree", found.is_single
    trees, pairs = [found.trees], [found.pairs]  # nobody has them any more, once they are asked for the last time

    def rows(again: bool) -> Iterator[RowText]:
        if is_tree:
            yield from _trees(asked, trees[0] if again else _taken(trees.pop()), is_single=is_single)
        else:
            yield from _pairs(asked, pairs[0] if again else _taken(pairs.pop()))

    return PageText(
        rows,
        _size(found),
        following,
        found.total,
        found.warnings,
        found.explain,
        {"join": {"on": found.on, "type": asked.type}},
        _columns(session, asked),
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


def _taken(rows: Sequence[T]) -> Iterator[T]:
    """Yield rows, each of which nobody has any more: to free 10,000 of them at once takes 10 ms."""
    left = overlook([*rows])
    del rows
    left.reverse()
    while left:
        yield left.pop()


def _pairs(asked: JoinRequest, pairs: Iterable[Pair]) -> Iterator[bytes]:
    """Yield each pair as an object with a member per table; a side without a match is null."""
    sides = [_side(asked, name) for name in asked.sides]
    places = [place for place, (_, _, is_wanted) in enumerate(sides) if is_wanted]
    pair_text = b"{%b}" % b",".join(sides[place][0].replace(b"%", b"%%") + b":%b" for place in places)
    if asked.select is None:
        for left, right in pairs:
            yield pair_text % (b"null" if left is None else left[1], b"null" if right is None else right[1])
        return
    for pair in pairs:
        rows = [(pair[place], sides[place][1]) for place in places]
        yield pair_text % tuple([b"null" if row is None else cut(row[1]) for row, cut in rows])


def _trees(asked: JoinRequest, trees: Iterable[Tree], *, is_single: bool) -> Iterator[bytes | LongRow]:
    """Yield each record with its matches in a member of their own: an array, or the one match or null."""
    (_, cut_left, _), (name, cut, is_wanted) = (_side(asked, side) for side in asked.sides)
    for tree in trees:
        left = cut_left(tree.left[1])
        is_long = len(tree.rights) > AT_ONCE or sum([len(row[1]) for row in tree.rights]) > SHORT_BYTES
        matches = (cut(row[1]) for row in _taken(tree.rights))
        del tree
        if not is_wanted:
            yield left
        elif is_long and not is_single:
            yield LongRow(left, asked.sides[1], matches)
        else:
            inside = next(matches, b"null") if is_single else codec.splice_array(matches)
            yield b"%b%b%b:%b}" % (left[:-1], b"," if len(left) > 2 else b"", name, inside)


def _side(asked: JoinRequest, name: str) -> tuple[bytes, Callable[[bytes], bytes], bool]:
    """Return how a side is written: its name, what becomes of a body, and whether it is wanted at all."""
    paths = None if asked.select is None else [path[1:] for path in asked.select if path[0] == name]
    if paths is None or () in paths:
        return codec.dump(name), lambda body: body, True
    choose, names = selector(paths), [path[0] for path in paths]
    return codec.dump(name), lambda body: codec.dump(choose(outer(body, names))), bool(paths)


def _columns(session: Session, asked: JoinRequest) -> list[str]:
    """Return the columns that are declared: ``users.id``, ``orders.id``; of trees the record's own."""
    is_tree = asked.shape == "tree"
    tables = (asked.left,) if is_tree else (asked.left, asked.right)
    declared = [
        (name, column) for name, table in zip(asked.sides, tables, strict=False) for column in session.columns(table)
    ]
    if asked.select is not None:
        chosen = {path[:2] for path in asked.select}
        declared = [found for found in declared if found in chosen or found[:1] in chosen]
    return [column if is_tree else f"{name}.{column}" for name, column in declared]


def _flatten(row: dict[str, Any]) -> dict[str, Any]:
    return {f"{side}.{name}": value for side, record in row.items() for name, value in (record or {}).items()}


ENDPOINTS: Endpoints = (join_tables,)
