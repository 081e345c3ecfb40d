"""The rows of one join, pairs or trees, on their way from two tables to the page.

``query/join_walk.py`` finds the pairs and ``query/pairs.py`` tests and sorts them; here they are cut to a page, counted
and given a cursor. Knows no HTTP; see ``joining.py`` for what the key means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.errors import NameTaken, shorten
from ramekin.query.cursor import encode_cursor
from ramekin.query.gather import too_many_rows
from ramekin.query.join import AT_ONCE, Group, Pair, PairPosition, count_mixed, count_pairs, row_ids, take_pairs
from ramekin.query.join_walk import JoinPlan, JoinWalk
from ramekin.query.pairs import PairFilter, PairKey, Tree, TreeMaker, sort_pairs
from ramekin.values.comparison import MISSING, NUMBER, TEXT
from ramekin.values.paths import ID_PATH, member_names, print_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ramekin.database.join_request import JoinRequest
    from ramekin.query.view import View


class JoinRows:
    """The rows of one join on their way to the page."""

    def __init__(self, view: View, plan: JoinPlan, request: JoinRequest, max_sorted: int) -> None:
        self._view, self._plan, self._request, self._max_sorted = view, plan, request, max_sorted
        self._filter = PairFilter(view, request.sides, request.phases)
        self._key = PairKey(request.ordered_by, request.sides)
        self._walks: list[JoinWalk] = []
        self._pairs = 0  # that were looked at

    @property
    def access(self) -> str:
        """How the left records are found, or the right ones that lead to them."""
        return self._walks[0].plan.name

    @property
    def index(self) -> str:
        """The index of the left records, or of the right ones that lead to them, else that of the key."""
        (left, right), first = self._request.sides, self._walks[0]
        own = first.plan.index
        if first.is_led:
            return f"{right}.{own or print_path(ID_PATH)}"
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
            pairs, has_more = await take_pairs(self._view, self._kept(request.position), request.offset, request.limit)
            if self._filter.is_open:
                self._pairs += sum(left is not None and right is not None for left, right in pairs)
            return pairs, [], has_more
        position, wanted = request.position, request.offset + request.limit + 1
        after = None if position is None else self._key.of(position.values, position.left, position.right)
        groups = self._kept(None, is_for_all=True)
        charge = self._charge if self._filter.is_open else _charge_nothing
        pairs = await sort_pairs(
            self._view, groups, self._key, after, request.offset, charge, wanted=wanted, most=self._max_sorted
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
            await self._view.rest()
        return mixed

    def cursor_after(self, pairs: Sequence[Pair], trees: Sequence[Tree]) -> str | None:
        """Return the cursor of the page after the last row."""
        if not pairs and not trees:
            return None
        pair: Pair = pairs[-1] if pairs else (trees[-1].left, None)
        values = [None if value is MISSING else value for value in self._key.read(pair)]
        return encode_cursor(self._request.question, [*values, *row_ids(pair)])

    def _groups(self, after: PairPosition | None, *, is_for_all: bool = False) -> AsyncIterator[list[Group]]:
        walk = JoinWalk(self._view, self._plan, self._max_sorted, after, is_for_all=is_for_all)
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
            self._view, request.sides, request.phases.matched, own, self._charge, keeps_left=request.type == "left"
        )
        return maker.trees(groups, self._max_sorted)

    async def _take_trees(self) -> tuple[list[Tree], bool]:
        request, held, skip = self._request, 0, self._request.offset
        trees: list[Tree] = []
        side, name = request.sides
        shown = None if request.select is None else {path[:2] for path in request.select}
        may_clash = shown is None or not shown.isdisjoint({(side,), (side, name)})
        async for tree in self._trees(self._groups(request.position)):
            if skip:
                skip -= 1
                continue
            if len(trees) == request.limit:
                return trees, True
            if may_clash and name in member_names(tree.left[1]):
                taken = NameTaken(f"A record has a member '{shorten(name)}' already, where its matches would stand.")
                raise taken if request.names else taken.of("path", "table2")
            held += len(tree.rights)
            if held > self._max_sorted:
                raise too_many_rows(self._max_sorted, "add conditions on the matches, or ask for a smaller 'limit'")
            trees.append(tree)
        return trees, False


def _charge_nothing(_: int) -> None:
    """Take note of pairs that are counted already."""


def _parts(pairs: Sequence[Pair], trees: Sequence[Tree]) -> Iterator[Sequence[Pair]]:
    """Yield the pairs of a page, those inside its trees too, some at a time."""
    for start in range(0, len(pairs), AT_ONCE):
        yield pairs[start : start + AT_ONCE]
    for tree in trees:
        for start in range(0, len(tree.rights), AT_ONCE):
            yield [(tree.left, right) for right in tree.rights[start : start + AT_ONCE]]
