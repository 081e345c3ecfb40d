"""Aggregates: records in groups, and figures of each group.

Values that are no numbers are left out of sums and averages, and counted; null and missing are left out of everything
but ``count``. Knows no tables: it is given bodies; see ``finding.py`` for who does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidAggregate, at, did_you_mean, shorten
from ramekin.query.operand import field_type
from ramekin.query.order import LAST, descending
from ramekin.query.total import Total
from ramekin.schema.fields import Field, Fields
from ramekin.values import codec
from ramekin.values.comparison import MISSING, NUMBER, OrderKey, order_key, parts
from ramekin.values.paths import parse_path, print_path, row_reader, unescape
from ramekin.values.readings import comparer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence


FUNCTIONS = ("count", "sum", "avg", "min", "max")

GROUP_BYTES, FIGURE_BYTES, PARTS_TIMES = 600, 400, 30
"""A group in memory without its figures; one of them; a value that has parts, for each byte of its JSON. A sum of
floats takes 330 and 60 in its row, of integers 235, the least value 190 (CPython 3.11, November 2026)."""

MAX_COLUMNS = 100
"""Columns of one grouping: each is read from every record."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure of a group: what it is called, the function, and the field (none for ``count`` of records)."""

    name: str
    function: str
    field: Field | None


@dataclass(frozen=True, slots=True)
class Grouping:
    """The fields that make groups, by the names they have in the answer, and the figures of each group."""

    by: tuple[tuple[str, Field], ...]
    aggregates: tuple[Aggregate, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The members of an answer's rows."""
        return (*(name for name, _ in self.by), *(aggregate.name for aggregate in self.aggregates))


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """One column of groups to sort by."""

    name: str
    is_descending: bool = False


def parse_grouping(group_by: Any, aggregates: Any, fields: Fields) -> Grouping:
    """Return a grouping from the JSON of a query.

    Raises:
        InvalidAggregate: it has not the shape, an unknown function, a name twice, or a sum of what are no numbers.
        UnknownField: the schema has no such field.
    """
    if not isinstance(group_by, list) or not all(isinstance(name, str) for name in group_by):
        raise InvalidAggregate("'group_by' is an array of fields.").within("group_by")
    if not isinstance(aggregates, dict):
        raise InvalidAggregate("'aggregate' is an object of names with functions.").within("aggregate")
    if len(group_by) + len(aggregates) > MAX_COLUMNS:
        raise InvalidAggregate(f"Groups have at most {MAX_COLUMNS} columns.")
    with at("group_by"):
        by = tuple((name, _field(name, fields)) for name in group_by)
    found = tuple(_parse_aggregate(name, function, fields) for name, function in aggregates.items())
    if not by and not found:
        raise InvalidAggregate("'group_by' or 'aggregate' must name something.")
    grouping = Grouping(by, found)
    if twice := next((name for name in grouping.names if grouping.names.count(name) > 1), None):
        raise InvalidAggregate(f"Two columns are called '{shorten(twice)}'.")
    return grouping


def parse_columns(names: Sequence[str], grouping: Grouping) -> tuple[GroupColumn, ...]:
    """Return the order of groups, by columns of the answer. Raises InvalidAggregate."""
    columns = []
    if len(names) > MAX_COLUMNS:
        raise InvalidAggregate(f"'sort' names at most {MAX_COLUMNS} columns.")
    for name in names:
        column = GroupColumn(name.removeprefix("-"), is_descending=name.startswith("-"))
        if column.name not in grouping.names:
            column = GroupColumn(unescape(column.name), column.is_descending)
        if column.name not in grouping.names:
            hint = did_you_mean(column.name, grouping.names)
            raise InvalidAggregate(f"Groups have no column '{shorten(column.name)}' to sort by.", hint=hint)
        columns.append(column)
    return tuple(columns)


class Groups:
    """Records gathered into groups."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self._count_by = len(grouping.by)
        paths = [field.path for _, field in grouping.by]
        paths += [aggregate.field.path for aggregate in grouping.aggregates if aggregate.field]
        self._read: Callable[[bytes], Sequence[Any]] = row_reader(tuple(paths)) if paths else lambda _: ()
        self._comparers = [comparer(field.reading) for _, field in grouping.by]
        self._join: Callable[[list[OrderKey]], tuple[OrderKey, ...]] = parts if self._count_by > 1 else tuple
        self._groups: dict[tuple[OrderKey, ...], tuple[tuple[Any, ...], list[Figure]]] = {}
        self._kept_bytes = 0
        """What the values take that groups keep, where they are long."""
        if not grouping.by:
            self._groups[()] = ((), self._figures())

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def size_bytes(self) -> int:
        """About what the groups take in memory. Cost: O(1)."""
        figures = len(self._groups) * len(self.grouping.aggregates)
        return GROUP_BYTES * len(self._groups) + FIGURE_BYTES * figures + self._kept_bytes

    def emptied(self) -> Generator[None, None, None]:
        """Let go of the groups, some a step: to free 200,000 at once takes 70 ms."""
        while self._groups:
            for _ in range(min(100, len(self._groups))):
                self._groups.popitem()
            yield

    def add(self, body: bytes) -> None:
        """Take a record. Cost: O(length of the body)."""
        values = self._read(body)
        by = values[: self._count_by]
        key = self._join([compared(value) or LAST for compared, value in zip(self._comparers, by, strict=True)])
        group = self._groups.get(key)
        if group is None:
            shown = tuple(None if value is MISSING else value for value in by)
            group = self._groups[key] = (shown, self._figures())
            self._kept_bytes += sum(map(_weight, shown))
        place = self._count_by
        for figure in group[1]:
            if figure.has_field:
                if more_bytes := figure.add(values[place]):
                    self._kept_bytes += more_bytes
                place += 1
            else:
                figure.n += 1

    def rows(self) -> Iterable[tuple[tuple[OrderKey, ...], dict[str, Any]]]:
        """Yield every group: what it sorts by without `sort`, and its row. In no order; afterwards, `warnings`."""
        names = self.grouping.names
        self._left_out, self._lost = [0] * len(self.grouping.aggregates), set[int]()
        for key, (shown, figures) in self._groups.items():
            yield key, dict(zip(names, (*shown, *(figure.result() for figure in figures)), strict=True))
            for place, figure in enumerate(figures):
                self._left_out[place] += figure.left_out
                if figure.is_lost:
                    self._lost.add(place)

    def sort_key_of(self, columns: Sequence[GroupColumn]) -> Callable[[dict[str, Any]], tuple[OrderKey, ...]]:
        """Return what a row of groups sorts by: the columns, then the groups' values."""
        readings = {name: comparer(field.reading) for name, field in self.grouping.by}
        readings |= {
            aggregate.name: comparer(aggregate.field.reading)
            for aggregate in self.grouping.aggregates
            if aggregate.field
        }
        steps = [(column.name, readings.get(column.name, order_key), column.is_descending) for column in columns]
        steps += [(name, readings[name], False) for name, _ in self.grouping.by]

        def key(row: dict[str, Any]) -> tuple[OrderKey, ...]:
            keys = []
            for name, compared, is_descending in steps:
                found = compared(row[name])
                keys.append(LAST if found is None else descending(found) if is_descending else found)
            return tuple(keys)

        return key

    def warnings(self) -> list[str]:
        """Say which values were left out of the rows that were given. Cost: O(columns)."""
        told = []
        for place, aggregate in enumerate(self.grouping.aggregates):
            name = print_path(aggregate.field.path) if aggregate.field else ""
            if left_out := self._left_out[place]:
                told.append(
                    f"{left_out} values of '{shorten(name)}' are not numbers and are left out of {aggregate.name}"
                )
            if place in self._lost:
                told.append(f"{aggregate.name} is out of range in some group and given as null")
        return told

    def _figures(self) -> list[Figure]:
        return [FIGURES[aggregate.function](aggregate.field) for aggregate in self.grouping.aggregates]


def _weight(value: Any) -> int:
    """Return what a value takes that is kept, beyond what any takes. Cost: O(size of one that has parts)."""
    if isinstance(value, str):
        return len(value)
    return PARTS_TIMES * len(codec.dump(value)) if isinstance(value, list | dict) else 0


class Figure:
    """One figure of one group; this one counts: records, or the records that have a value in a field."""

    __slots__ = ("compared", "has_field", "left_out", "n")

    def __init__(self, field: Field | None) -> None:
        self.compared = comparer(field.reading if field else "plain")
        self.has_field, self.n, self.left_out = field is not None, 0, 0

    @property
    def is_lost(self) -> bool:
        """Whether the figure is null because no number can hold it."""
        return False

    def add(self, value: Any) -> int:
        """Take a field's value; return how many more bytes are kept of such values, where they are long."""
        if value is not None and value is not MISSING:
            self.n += 1
        return 0

    def result(self) -> Any:
        """Return the figure."""
        return self.n


class Sum(Figure):
    """The sum of the numbers."""

    __slots__ = ("total",)

    def __init__(self, field: Field | None) -> None:
        super().__init__(field)
        self.total = Total()

    def add(self, value: Any) -> int:
        key = self.compared(value)
        if key is not None and key[0] == NUMBER:
            self.total.add(key[1])
        elif key is not None:
            self.left_out += 1
        return 0

    def result(self) -> Any:
        return self.total.sum()

    @property
    def is_lost(self) -> bool:
        return self.total.is_lost


class Average(Sum):
    """The mean of the numbers, null of none."""

    __slots__ = ()

    def result(self) -> Any:
        return self.total.mean()


class Extreme(Figure):
    """The least or the greatest value, in the order of values; null of none."""

    __slots__ = ("best", "kind", "value")
    is_greatest = False

    def __init__(self, field: Field | None) -> None:
        super().__init__(field)
        self.kind = -1  # of the best value; -1: there is none. Apart from it, for a pair would be one object more
        self.best: Any = None
        self.value: Any = None

    def add(self, value: Any) -> int:
        key = self.compared(value)
        if key is None or not (self.kind < 0 or self._is_better(key)):
            return 0
        more_bytes = _weight(value) - _weight(self.value)
        (self.kind, self.best), self.value = key, value
        return more_bytes

    def _is_better(self, key: OrderKey) -> bool:
        best = (self.kind, self.best)
        return key > best if self.is_greatest else key < best

    def result(self) -> Any:
        return self.value


class Greatest(Extreme):
    """The greatest value."""

    __slots__ = ()
    is_greatest = True


FIGURES: dict[str, type[Figure]] = {"count": Figure, "sum": Sum, "avg": Average, "min": Extreme, "max": Greatest}


def _parse_aggregate(name: str, text: Any, fields: Fields) -> Aggregate:
    with at("aggregate", name):
        return _read_aggregate(name, text, fields)


def _read_aggregate(name: str, text: Any, fields: Fields) -> Aggregate:
    function, colon, path = text.partition(":") if isinstance(text, str) else ("", "", "")
    if function not in FUNCTIONS:
        hint = did_you_mean(function, FUNCTIONS)
        said = f"'{shorten(name)}' is one of count, sum:field, avg:field, min:field, max:field."
        raise InvalidAggregate(said, hint=hint)
    if not colon:
        if function != "count":
            raise InvalidAggregate(f"'{function}' needs a field: '{function}:total'.")
        return Aggregate(name, function, None)
    field = _field(path, fields)
    kinds = field_type(field.path, fields).kinds
    if function in ("sum", "avg") and kinds and "number" not in kinds and field.reading != "decimal":
        raise InvalidAggregate(f"'{shorten(path)}' holds no numbers, so it has no {function}.")
    return Aggregate(name, function, field)


def _field(name: str, fields: Fields) -> Field:
    path = parse_path(name)
    return Field(path, field_type(path, fields).compared)
