"""What is asked of a join: two tables, a key, which rows, in which order, and which page.

Knows no tables; see ``joining.py`` for who answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from ramekin.database.window import RECORD_ID, VALUE, Window
from ramekin.errors import InvalidKey, InvalidParameter, InvalidSort, shorten
from ramekin.query.cursor import position_of
from ramekin.query.demands import Demand, read_demands
from ramekin.query.join import JoinType, PairPosition, parse_key
from ramekin.query.pairs import Phases, phases
from ramekin.query.predicate import EVERYTHING, Predicate, paths_in

if TYPE_CHECKING:
    from ramekin.query.order import Order
    from ramekin.query.steps import Steps
    from ramekin.values.paths import FieldPath

Shape = Literal["pairs", "tree"]
SHAPES: tuple[Shape, ...] = ("pairs", "tree")


@dataclass(frozen=True)
class JoinRequest(Window):
    """What is asked: two tables, a key, which rows, in which order, and which page.

    `names` are what the sides are called in the answer; the paths of `where`, `sort` and `select` begin with one.

    Raises:
        InvalidKey, InvalidCursor, InvalidParameter: it cannot be understood, whatever the tables hold.
    """

    left: str
    right: str
    key: str
    type: JoinType = "inner"
    names: tuple[str, str] | None = None
    shape: Shape = "pairs"
    where: Predicate = EVERYTHING
    sort: tuple[Order, ...] = ()
    select: tuple[FieldPath, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, word, known in (("type", self.type, get_args(JoinType)), ("shape", self.shape, SHAPES)):
            if word not in known:
                raise InvalidParameter(
                    f"'{shorten(word)}' is not a type or shape of a join; it is one of {', '.join(known)}."
                ).within(name)
        if self.sides[0] == self.sides[1]:
            raise InvalidKey("Both sides have the same name; give two with as=, such as as=employee,manager.")
        if self.shape == "tree" and self.type not in ("inner", "left"):
            raise InvalidParameter(
                "'shape=tree' goes with type=inner or type=left: its rows are of the first table."
            ).within("shape")
        if self.shape == "tree" and any(len(path) == 1 for path in paths_in(self.where)):
            raise InvalidParameter(
                "A tree has no row for a side that is missing. Ask for fields of a side, or take pairs: "
                f"type=left&{shorten(self.sides[1])}:null=true gives the records without a match."
            ).within("shape")
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
        words = ("join", self.left, self.right, self.key, self.type, *self.sides, self.shape)
        return "\x00".join((*words, self.where.rank, repr(self.sort)))

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
        keeps_left, is_tree = self.type in ("left", "full"), self.shape == "tree"
        return phases(self.where, self.sides, keeps_left=keeps_left, is_tree=is_tree)

    def read_demands(self) -> Steps[tuple[Demand, ...]]:
        """Return what the conditions ask of their fields; it is read once."""
        if "_demands" not in self.__dict__:
            self.__dict__["_demands"] = yield from read_demands(self.where)
        demands: tuple[Demand, ...] = self.__dict__["_demands"]
        return demands

    @cached_property
    def paths(self) -> list[FieldPath]:
        """Every path that the request names, once."""
        named = (*paths_in(self.where), *(order.field.path for order in self.sort), *(self.select or ()))
        return list(dict.fromkeys(named))
