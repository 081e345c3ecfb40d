"""Joins as the database answers them: the key resolved against two tables, one page, and its warnings.

``query/join.py`` walks the pairs and ``query/pairs.py`` tests and sorts them; this module decides what the key means,
makes the cursor and tells the reader what may have gone wrong. Knows no HTTP; see ``database.py`` for who calls it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Literal, get_args

from ramekin.database.finding import RECORD_ID, VALUE, Explanation, check_page
from ramekin.database.join_readings import MAX_READINGS, readings_that_match
from ramekin.engine.base import Access
from ramekin.errors import (
    InvalidKey,
    InvalidParameter,
    InvalidSort,
    KeyNotResolved,
    NameTaken,
    did_you_mean,
    listing,
    shorten,
)
from ramekin.query.choose import is_led
from ramekin.query.cursor import encode_cursor, position_of
from ramekin.query.decide import NOTHING
from ramekin.query.demands import demands_of
from ramekin.query.gather import too_many_rows
from ramekin.query.join import (
    ID,
    JoinType,
    On,
    PairPosition,
    count_mixed,
    count_pairs,
    other_readings,
    parse_key,
    read_bare_key,
    row_ids,
    take_pairs,
)
from ramekin.query.join_walk import JoinPlan, Walk
from ramekin.query.pairs import (
    AT_ONCE,
    PairFields,
    PairFilter,
    PairKey,
    Phases,
    Tree,
    TreeMaker,
    phases,
    sort_pairs,
    strip_order,
)
from ramekin.query.plan import Query
from ramekin.query.predicate import EVERYTHING, paths_in
from ramekin.schema.fields import Field, common_reading
from ramekin.values.keys import MISSING, NUMBER, TEXT
from ramekin.values.paths import member_names, print_path, split_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ramekin.database.presence import Presence
    from ramekin.engine.base import Engine, View
    from ramekin.query.demands import Demand
    from ramekin.query.join import Group, Pair
    from ramekin.query.order import Order
    from ramekin.query.predicate import Predicate
    from ramekin.schema.fields import Fields
    from ramekin.values.paths import FieldPath
    from ramekin.values.readings import Reading

Shape = Literal["pairs", "tree"]
SHAPES: tuple[Shape, ...] = ("pairs", "tree")


@dataclass(frozen=True)
class JoinRequest:
    """What is asked: two tables, a key, which rows, in which order, and which page.

    `names` are what the sides are called in the answer; the paths of `where`, `sort` and `select` begin with one.

    Raises:
        InvalidKey, InvalidCursor, InvalidParameter: it cannot be understood, whatever the tables hold.
    """

    left: str
    right: str
    key: str
    kind: JoinType = "inner"
    names: tuple[str, str] | None = None
    shape: Shape = "pairs"
    where: Predicate = EVERYTHING
    sort: tuple[Order, ...] = ()
    select: tuple[FieldPath, ...] | None = None
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    with_count: bool = False
    with_explain: bool = False
    is_strict: bool = False

    def __post_init__(self) -> None:
        check_page(self.limit, self.offset)
        for word, known in ((self.kind, get_args(JoinType)), (self.shape, SHAPES)):
            if word not in known:
                raise InvalidParameter(f"'{shorten(word)}' is no kind of join; it is one of {', '.join(known)}.")
        if self.sides[0] == self.sides[1]:
            raise InvalidKey("Both sides have the same name; give two with as=, such as as=employee,manager.")
        if self.shape == "tree" and self.kind not in ("inner", "left"):
            raise InvalidParameter("'shape=tree' goes with type=inner or type=left: its rows are of the first table.")
        if self.shape == "tree" and any(len(path) == 1 for path in paths_in(self.where)):
            raise InvalidParameter(
                "A tree has no row for a side that is missing. Ask for fields of a side, or take pairs: "
                f"type=left&{shorten(self.sides[1])}:null=true gives the records without a match."
            )
        if any(len(order.field.path) == 1 for order in self.sort):
            raise InvalidSort(f"'sort' names fields of the two sides, such as {shorten(self.sides[0])}.id.")
        parse_key(self.key)
        _ = self.position

    @cached_property
    def sides(self) -> tuple[str, str]:
        """What the two sides are called."""
        return self.names or (self.left, self.right)

    @cached_property
    def question(self) -> str:
        """A text that is equal for equal questions, whichever page is asked for."""
        words = ("join", self.left, self.right, self.key, self.kind, *self.sides, self.shape)
        return "\x00".join((*words, repr(self.where), repr(self.sort)))

    @cached_property
    def position(self) -> PairPosition | None:
        """Where the page begins, if a cursor says so."""
        if self.cursor is None:
            return None
        shape = (*[VALUE] * len(self.ordered_by), (*RECORD_ID, type(None)), (*RECORD_ID, type(None)))
        *values, left, right = position_of(self.question, self.cursor, *shape)
        return PairPosition(tuple(values), left, right)

    @cached_property
    def ordered_by(self) -> tuple[Order, ...]:
        """The fields that decide the order of the answer's rows; in trees only the left ones do."""
        return tuple(order for order in self.sort if self.shape == "pairs" or order.field.path[0] == self.sides[0])

    @cached_property
    def is_sorted_by_left(self) -> bool:
        """Whether the order of left records decides the order of rows."""
        return all(order.field.path[0] == self.sides[0] for order in self.ordered_by)

    @cached_property
    def phases(self) -> Phases:
        """What its conditions decide, and when."""
        keeps_left, is_tree = self.kind in ("left", "full"), self.shape == "tree"
        return phases(self.where, self.sides, keeps_left=keeps_left, is_tree=is_tree)

    @cached_property
    def demands(self) -> tuple[Demand, ...]:
        """What the conditions ask of the fields of both sides."""
        return demands_of(self.where)

    def demands_of(self, side: str) -> list[Demand]:
        """Return what the conditions ask of the fields of one side."""
        own = [demand for demand in self.demands if demand.trait.path[0] == side and len(demand.trait.path) > 1]
        return [replace(demand, trait=replace(demand.trait, path=demand.trait.path[1:])) for demand in own]

    @cached_property
    def paths(self) -> list[FieldPath]:
        """Every path that the request names, once."""
        named = (*paths_in(self.where), *(order.field.path for order in self.sort), *(self.select or ()))
        return list(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class JoinPage:
    """Pairs of rows, or trees, and what is said about them. `on` is None where an empty table leaves the key open."""

    pairs: tuple[Pair, ...]
    trees: tuple[Tree, ...]
    is_single: bool
    """Whether a record can have one match at most, so that trees hold it bare."""
    on: str | None
    cursor: str | None
    total: int | None
    warnings: tuple[str, ...]
    explain: Explanation | None


def pair_fields(
    names: tuple[str, str],
    left: Fields,
    right: Fields,
    words: tuple[str, ...] = (),
    present: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
) -> PairFields:
    """Return the fields of joined rows, for reading queries; `words` and `present` are what a wrong name may mean."""
    return PairFields(names, (left, right), words, present)


async def join(engine: Engine, presence: Presence, request: JoinRequest, max_sorted: int) -> JoinPage:
    """Return a page of a join; see `Database.join`."""
    for table in (request.left, request.right):
        await engine.table_stats(table)
    joined = _Joined(engine, presence, request, max_sorted)
    on, warnings = await joined.resolve()
    warnings += await joined.missing_fields()
    if on is None:
        page = await joined.page(On(ID, ID), [])  # nothing matches anyway
        return replace(page, on=None, is_single=False, warnings=tuple(warnings))
    return await joined.page(on, warnings)


class _Joined:
    """One join request on its way to a page."""

    def __init__(self, engine: Engine, presence: Presence, request: JoinRequest, max_sorted: int) -> None:
        self.engine, self.presence, self.request, self.max_sorted = engine, presence, request, max_sorted

    async def resolve(self) -> tuple[On | None, list[str]]:
        """Return which fields are equal, with warnings; None if an empty table leaves that open.

        Raises:
            InvalidKey, KeyNotResolved.
        """
        left, right, key = self.request.left, self.request.right, parse_key(self.request.key)
        has = self.presence.has
        if isinstance(key, On):
            sides = ((left, key.left), (right, key.right))
            return key, [told for table, path in sides if (told := await self._missing_key(table, path))]
        on = read_bare_key(key, in_left=await has(left, key), in_right=await has(right, key))
        if on is None and await self._count(left) and await self._count(right):
            fields = sorted({*await self._outer_names(left), *await self._outer_names(right)})
            hint = did_you_mean(print_path(key), fields)
            raise KeyNotResolved(
                f"Neither '{left}' nor '{right}' has a field '{shorten(print_path(key))}'.{hint} {listing(fields)}"
            )
        return on, []

    async def missing_fields(self) -> list[str]:
        """Return a warning for each field of a condition, an order or a selection that no record has."""
        warnings: list[str] = []
        for name, table in zip(self.request.sides, (self.request.left, self.request.right), strict=True):
            paths = [path[1:] for path in self.request.paths if path[0] == name and len(path) > 1]
            warnings += await self.presence.missing(table, paths, is_strict=self.request.is_strict)
            warnings += await self.presence.unmatched(
                table, self.request.demands_of(name), is_strict=self.request.is_strict
            )
        return warnings

    async def page(self, on: On, warnings: list[str]) -> JoinPage:
        """Walk to the page and return it."""
        began, request = perf_counter(), self.request
        plan = self._plan(on)
        async with self.engine.snapshot(_accesses(plan)) as view:
            is_single = await self._is_single(on)  # at the moment of the view
            rows = _Rows(view, plan, request, self.max_sorted)
            pairs, trees, has_more = await rows.page()
            total = await rows.count() if request.with_count else None
            mixed = await rows.count_mixed(pairs, trees)
        if mixed:
            warnings.append(f"{mixed} of these matches are of a number with a text; store the key in one type")
        is_first = request.position is None and not request.offset
        if is_first and (pairs or trees or not has_more) and not _has_match(pairs, trees):
            warnings += await self._suggest(on)
        explain = None
        if request.with_explain:
            returned, spent = len(pairs) + len(trees), round((perf_counter() - began) * 1e6)
            explain = Explanation(rows.access, rows.index, rows.examined, returned, spent)
        return JoinPage(
            tuple(pairs),
            tuple(trees),
            is_single,
            on.describe(*request.sides),
            rows.cursor_behind(pairs, trees) if has_more else None,
            total,
            tuple(warnings),
            explain,
        )

    def _plan(self, on: On) -> JoinPlan:
        """Return the plan, with the conditions and the order that one table can see to by itself."""
        request, parts = self.request, self.request.phases
        sort = tuple(strip_order(order) for order in request.ordered_by) if request.is_sorted_by_left else ()
        reading = self._reading(on)
        keeps_left = parts.unmatched != NOTHING
        may_lead = is_led(parts.leading) or Field(on.left, reading) == Field(ID)
        return JoinPlan(
            request.left,
            request.right,
            on,
            Query(parts.left, sort, request.limit, request.offset),
            reading,
            keeps_matched=parts.matched != NOTHING,
            keeps_left=keeps_left,
            keeps_right=request.kind in ("right", "full") and NOTHING not in (parts.right, parts.alone),
            leading=parts.leading if may_lead and parts.matched != NOTHING and not keeps_left else None,
            right_query=Query(parts.right, limit=request.limit),
        )

    def _reading(self, on: On) -> Reading:
        """Return how the values of both sides are read to be matched, by what is declared of them."""
        left, right = (self.presence.fields(table) for table in (self.request.left, self.request.right))
        return common_reading(left.type_of(on.left), right.type_of(on.right))

    async def _missing_key(self, table: str, path: FieldPath) -> str | None:
        """Return a warning if no record has a side of an explicit key; raise if a schema says so."""
        if await self.presence.has(table, path):
            return None
        name = shorten(print_path(path))
        hint = did_you_mean(print_path(path), await self.presence.names(table)).strip()
        if self.presence.fields(table).type_of(path) is None:
            raise KeyNotResolved(f"The schema of '{table}' has no field '{name}'. {hint}".strip())
        if not await self._count(table):
            return None
        return f"no record in {table} has the field '{name}'" + (f"; {hint[0].lower()}{hint[1:]}" if hint else "")

    async def _count(self, table: str) -> int:
        return (await self.engine.table_stats(table)).records

    async def _outer_names(self, table: str) -> list[str]:
        return [name for name in await self.presence.names(table) if len(split_path(name)) == 1]

    async def _is_single(self, on: On) -> bool:
        definition = (await self.engine.table_stats(self.request.right)).definition
        return on.right == ID or print_path(on.right) in definition.unique

    async def _suggest(self, chosen: On) -> list[str]:
        """Return a warning for each other reading of the key that would match something, if this one does not."""
        left, right = self.request.left, self.request.right
        readings = other_readings(
            parse_key(self.request.key), chosen, await self._outer_names(left), await self._outer_names(right)
        )
        if await self._matches_anything(chosen):
            return []  # the conditions, or the page, left the matches out
        possible = {on: self._reading(on) for on in readings[:MAX_READINGS]}
        async with self.engine.snapshot([Access(left), Access(right)]) as view:
            found = await readings_that_match(view, left, right, possible)
        return [f"nothing matched; {on.key} would ({on.describe(*self.request.sides)})" for on in found]

    async def _matches_anything(self, on: On) -> bool:
        """Say whether any records match. Cost: O(records of one side before the first that does)."""
        reading = self._reading(on)
        leading = EVERYTHING if Field(on.left, reading) == Field(ID) else None  # else it would need one more index
        plan = JoinPlan(self.request.left, self.request.right, on, Query(limit=0), reading, leading=leading)
        async with self.engine.snapshot(_accesses(plan)) as view:
            async for _ in Walk(view, plan, self.max_sorted).groups():
                return True
        return False


class _Rows:
    """The rows of one join on their way to the page."""

    def __init__(self, view: View, plan: JoinPlan, request: JoinRequest, max_sorted: int) -> None:
        self._view, self._plan, self._request, self._max_sorted = view, plan, request, max_sorted
        self._filter = PairFilter(view, request.sides, request.phases)
        self._key = PairKey(request.ordered_by, request.sides)
        self._walks: list[Walk] = []
        self._pairs = 0  # that were looked at

    @property
    def access(self) -> str:
        """How the left records are found, or the right ones that lead to them."""
        return self._walks[0].lefts.plan.name

    @property
    def index(self) -> str:
        """The index of the left records, or of the right ones that lead to them, else that of the key."""
        (left, right), first = self._request.sides, self._walks[0]
        own = first.lefts.plan.index
        if first.is_led:
            return f"{right}.{own or print_path(ID)}"
        return f"{left}.{own}" if own else f"{right}.{print_path(self._plan.on.right)}"

    @property
    def examined(self) -> int:
        """Records that were looked at."""
        return self._pairs + sum(walk.examined for walk in self._walks)

    async def page(self) -> tuple[list[Pair], list[Tree], bool]:
        """Return the pairs or the trees of the page, and whether more follow."""
        request = self._request
        if request.shape == "tree":
            trees, has_more = await self._take_trees()
            return [], trees, has_more
        if request.is_sorted_by_left:
            pairs, has_more = await take_pairs(self._kept(request.position), request.offset, request.limit)
            if self._filter.is_open:
                self._pairs += sum(left is not None and right is not None for left, right in pairs)
            return pairs, [], has_more
        position, wanted = request.position, request.offset + request.limit + 1
        behind = None if position is None else self._key.of(position.values, position.left, position.right)
        groups = self._kept(None, is_for_all=True)
        charge = self._charge if self._filter.is_open else _charge_nothing
        pairs = await sort_pairs(
            self._view, groups, self._key, behind, request.offset, charge, wanted=wanted, most=self._max_sorted
        )
        return pairs[request.offset : wanted - 1], [], len(pairs) == wanted

    async def count(self) -> int:
        """Return the number of all rows, whichever page is asked for. Cost: O(rows)."""
        if self._request.shape == "tree":
            return sum([1 async for _ in self._trees(self._groups(None, is_for_all=True))])
        return await count_pairs(self._kept(None, is_for_all=True))

    async def count_mixed(self, pairs: Sequence[Pair], trees: Sequence[Tree]) -> int:
        """Return how many matches of a page are of a stored number with a stored text, counted in steps."""
        field, mixed = self._plan.right_field, 0
        kinds = (
            self._view.kinds(self._plan.right_table, field) if field.reading == "plain" else frozenset({NUMBER, TEXT})
        )
        for part in _parts(pairs, trees):
            mixed += count_mixed(part, self._plan.on, kinds)
            await self._view.rest(1 + len(part) // 4)
        return mixed

    def cursor_behind(self, pairs: Sequence[Pair], trees: Sequence[Tree]) -> str | None:
        """Return the cursor of the page behind the last row."""
        if not pairs and not trees:
            return None
        pair: Pair = pairs[-1] if pairs else (trees[-1].left, None)
        values = [None if value is MISSING else value for value in self._key.read(pair)]
        return encode_cursor(self._request.question, [*values, *row_ids(pair)])

    def _groups(self, after: PairPosition | None, *, is_for_all: bool = False) -> AsyncIterator[list[Group]]:
        walk = Walk(self._view, self._plan, self._max_sorted, after, is_for_all=is_for_all)
        self._walks.append(walk)
        return walk.groups()

    def _kept(self, after: PairPosition | None, *, is_for_all: bool = False) -> AsyncIterator[list[Group]]:
        """Return the groups with the pairs that stay."""
        return self._filter.groups(self._groups(after, is_for_all=is_for_all), self._charge)

    def _charge(self, pairs: int) -> None:
        """Count pairs that were looked at; they shorten the walk that gave them, where it has a rival."""
        self._pairs += pairs
        self._walks[-1].lefts.charge(pairs)

    def _trees(self, groups: AsyncIterator[list[Group]]) -> AsyncIterator[Tree]:
        request = self._request
        own = [order for order in request.sort if order not in request.ordered_by]
        maker = TreeMaker(
            self._view, request.sides, request.phases.matched, own, self._charge, keeps_left=request.kind == "left"
        )
        return maker.trees(groups, self._max_sorted)

    async def _take_trees(self) -> tuple[list[Tree], bool]:
        request, held, trees = self._request, 0, list[Tree]()
        skip = request.offset
        async for tree in self._trees(self._groups(request.position)):
            if skip:
                skip -= 1
                continue
            if len(trees) == request.limit:
                return trees, True
            name = request.sides[1]
            if name in member_names(tree.left[1]):
                raise NameTaken(f"A record has a member '{shorten(name)}' already, where its matches would stand.")
            held += len(tree.rights)
            if held > self._max_sorted:
                raise too_many_rows(self._max_sorted, "add conditions on the matches, or ask for a smaller 'limit'")
            trees.append(tree)
        return trees, False


def _charge_nothing(_: int) -> None:
    """Take note of pairs that are counted already."""


def _has_match(pairs: Sequence[Pair], trees: Sequence[Tree]) -> bool:
    return any(left and right for left, right in pairs) or any(tree.rights for tree in trees)


def _parts(pairs: Sequence[Pair], trees: Sequence[Tree]) -> Iterator[Sequence[Pair]]:
    """Yield the pairs of a page, those inside its trees too, some at a time."""
    for start in range(0, len(pairs), AT_ONCE):
        yield pairs[start : start + AT_ONCE]
    for tree in trees:
        for start in range(0, len(tree.rights), AT_ONCE):
            yield [(tree.left, right) for right in tree.rights[start : start + AT_ONCE]]


def _accesses(plan: JoinPlan) -> list[Access]:
    """Return what a walk reads: orders to walk in, and indexes to look up in."""
    left, right = Access.of(plan.left_table, plan.left_query), Access(plan.right_table)
    if plan.keeps_right:
        right = Access.of(plan.right_table, plan.right_query)
    if plan.leading is not None:
        right |= Access.of(plan.right_table, Query(plan.leading), in_id_order=False)
    if plan.left_field != Field(ID) and (plan.keeps_right or plan.leading is not None):
        left |= Access(plan.left_table, equal=(plan.left_field,))
    if plan.right_field != Field(ID):
        right |= Access(plan.right_table, equal=(plan.right_field,))
    return [left, right]
