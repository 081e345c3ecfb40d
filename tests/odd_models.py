"""Models of odd shapes, each with a record that it takes: what a stranger may bring."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Network
from pathlib import PurePosixPath
from re import Pattern
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    RootModel,
    StringConstraints,
    Tag,
    computed_field,
    conint,
    conlist,
    create_model,
    field_validator,
    model_validator,
)  # fmt: skip
from pydantic.dataclasses import dataclass as pydantic_dataclass
from typing_extensions import TypedDict

T = TypeVar("T")


class Colour(enum.Enum):
    red = "red"
    blue = "blue"


class Level(enum.IntEnum):
    low = 1
    high = 2


class Mixed(enum.Enum):
    text = "a"
    number = 1
    nothing = None


class Address(BaseModel):
    """Where."""

    street: str
    city: str = "Paris"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool


class Box(BaseModel, Generic[T]):
    inside: T
    more: list[T] = []


class Point(NamedTuple):
    x: int
    y: float = 0.0


class Options(TypedDict):
    a: int
    b: NotRequired[str]


class OpenOptions(TypedDict, total=False):
    a: int


@dataclasses.dataclass
class Plain:
    a: int
    b: str = "x"


@pydantic_dataclass
class Rich:
    a: int
    inner: Plain | None = None


class Numbers(RootModel[list[int]]):
    pass


class Names(RootModel[dict[str, Address]]):
    pass


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Lax(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int


class Node(BaseModel):
    value: int
    next: Node | None = None


class Left(BaseModel):
    right: Right | None = None


class Right(BaseModel):
    left: Left | None = None


def kind_of(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return str(kind)


UUID_TEXT = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"

FIELDS: list[tuple[Any, Any]] = [
    (str, "a"), (int, 1), (float, 1.5), (bool, True), (bytes, "abc"), (None, None), (Any, {"a": [1, None]}), (object, 5),
    (Decimal, "1.50"), (date, "2024-01-01"), (datetime, "2024-01-01T00:00:00Z"), (time, "10:00:00"), (timedelta, "PT1H"), (UUID, UUID_TEXT),
    (AwareDatetime, "2024-01-01T00:00:00+01:00"), (AnyUrl, "https://a.example/"), (IPv4Address, "10.0.0.1"), (IPv6Network, "2001:db8::/32"),
    (PurePosixPath, "a/b"), (Pattern[str], "a+"), (ByteSize, 5), (Json[Any], "[1]"), (Colour, "red"), (Level, 2), (Mixed, None),
    (Literal["a"], "a"), (Literal[1], 1), (Literal["a", 1, True, None], 1), (Literal[Colour.red], "red"),
    (str | None, None), (int | str, "x"), (int | float | None, 1.5), (list[int] | dict[str, int], {"a": 1}), (Address | None, {"street": "x"}),
    (Address | Cat, {"kind": "cat"}), (Cat | Dog, {"kind": "dog", "good": True}), (Annotated[Cat | Dog, Field(discriminator="kind")], {"kind": "dog", "good": False}),
    (Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(kind_of)], {"kind": "cat", "lives": 1}),
    (list[Annotated[Cat | Dog, Field(discriminator="kind")]], [{"kind": "cat"}]),
    (list[int], [1, 2]), (list[Any], [1, "a"]), (list, [1]), (set[int], [1]), (frozenset[str], ["a"]), (tuple[int, str], [1, "a"]), (tuple[int, ...], [1, 2]),
    (tuple[()], []), (deque[int], [1]), (Sequence[str], ["a"]), (list[list[list[int]]], [[[1]]]), (list[Address], [{"street": "x", "city": "y"}]),
    (conlist(int, min_length=1, max_length=2), [1]), (conint(gt=0, lt=10, multiple_of=3), 6), (Annotated[set[int], Field(min_length=1)], [1]),
    (dict[str, int], {"a": 1}), (dict, {"a": [1]}), (dict[str, Any], {"a": {}}), (dict[int, str], {"1": "a"}), (dict[Colour, int], {"red": 1}), (dict[UUID, Address], {UUID_TEXT: {"street": "x"}}),
    (Mapping[str, str], {"a": "b"}), (OrderedDict[str, int], {"a": 1}), (defaultdict[str, list[int]], {"a": [1]}),
    (dict[Annotated[str, StringConstraints(pattern="^a")], int], {"ab": 1}),
    (Annotated[str, StringConstraints(min_length=1, max_length=3, pattern="^[a-c]+$")], "abc"), (Annotated[str, Field(pattern=r"^\d{2}$")], "12"),
    (Annotated[float, Field(ge=-1e308, le=math.inf)], 5.5), (Annotated[int, Field(le=10**30, ge=-(10**30))], 5), (Annotated[Decimal, Field(max_digits=5, decimal_places=2)], "1.25"),
    (Annotated[str, AfterValidator(str.upper)], "A"), (Point, [1, 2.5]), (Options, {"a": 1}), (OpenOptions, {}), (Plain, {"a": 1}), (Rich, {"a": 1, "inner": {"a": 2}}),
    (list[Plain], [{"a": 1, "b": "y"}]), (Numbers, [1]), (Names, {"home": {"street": "x"}}), (Box[int], {"inside": 1}), (Box[Box[Address]], {"inside": {"inside": {"street": "x"}}}),
    (Open, {"a": 1, "b": {"c": 2}}), (Lax, {"a": 1}), (Node, {"value": 1, "next": {"value": 2}}), (Left, {"right": {"left": {}}}), (list[Node], [{"value": 1}]), (dict[str, Node], {"a": {"value": 1}}),
]  # fmt: skip
"""A field's type, and a value that it takes."""


class Tree(BaseModel):
    id: str
    children: list[Tree] = []


class Page(BaseModel):
    class Address(BaseModel):
        line: int

    id: int
    address: Address


class Letter(BaseModel):
    class Address(BaseModel):
        to: str

    id: int
    address: Address
    sender: Address


class Problem(BaseModel):
    id: str
    status: str


class Record(BaseModel):
    id: str
    title: str = "LP"


class RecordInput(BaseModel):
    record_part: Record | None = None


class Table(BaseModel):
    id: int
    legs: int = 4


class Count(BaseModel):
    count: int


class Query(BaseModel):
    id: str
    limit: int
    sort: str | None = None
    where: str = ""
    select: list[str] = []
    all: bool = False
    max_affected: int = 0
    count: int = 1


class Words(BaseModel):
    """Names that mean something elsewhere."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: str
    colon: int = Field(1, alias="a:gte")
    dotted: int = Field(1, alias="a.b")
    comma: int = Field(1, alias="x,y")
    space: int = Field(1, alias="with space")
    empty: int = Field(1, alias="")
    ref: str = Field("r", alias="$ref")
    defs: str = Field("d", alias="$defs")
    default: str = "x"
    properties: dict[str, int] = {}
    required: list[str] = []
    type: str = "t"
    items: list[int] = []
    enum: str = "e"
    proto: int = Field(1, alias="__proto__")
    größe: int = 1
    class_: str = Field("c", alias="class")


class NoId(BaseModel):
    text: str


class UuidId(BaseModel):
    id: UUID = Field(default_factory=uuid4)


class IntId(BaseModel):
    id: int


class EitherId(BaseModel):
    id: int | str


class Computed(BaseModel):
    id: int
    a: int = 2

    @computed_field
    @property
    def double(self) -> int:
        return self.a * 2


class Extra(BaseModel):
    model_config = ConfigDict(
        title="A title: of its own",
        extra="forbid",
        json_schema_extra={"examples": [{"id": 1, "made": datetime(2024, 1, 1)}, {"id": "no"}], "x-own": [1]},
    )
    id: int
    made: datetime | None = None


class Defaults(BaseModel):
    id: int
    wide: float = 1e308
    moment: datetime = datetime(2024, 1, 1)
    colour: Colour = Colour.red
    address: Address = Address(street="x")
    text: str = '`"\\\n'


class Checked(BaseModel):
    id: int
    a: int = 1

    @field_validator("a")
    @classmethod
    def small(cls, value: int) -> int:
        if value > 100:
            raise ValueError("too large")
        return value

    @model_validator(mode="before")
    @classmethod
    def look(cls, value: Any) -> Any:
        return value


class Deprecated(BaseModel):
    id: int
    old: int = Field(1, deprecated=True, description="Old.")
    fixed: int = Field(1, frozen=True, examples=[1, 2], json_schema_extra={"readOnly": True})


class Inherited(Checked, Deprecated):
    pass


CLASSES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Tree, {"id": "a", "children": [{"id": "b", "children": [{"id": "c"}]}]}), (Page, {"id": 1, "address": {"line": 1}}), (Letter, {"id": 1, "address": {"to": "x"}, "sender": {"to": "y"}}),
    (Problem, {"id": "a", "status": "bad"}), (Record, {"id": "a"}), (RecordInput, {"record_part": {"id": "x"}}), (Table, {"id": 1}), (Count, {"count": 5}),
    (Query, {"id": "a", "limit": 5, "sort": "x"}), (Words, {"id": "a"}), (NoId, {"text": "x"}), (UuidId, {}), (IntId, {"id": 1}), (EitherId, {"id": "x"}), (Computed, {"id": 1}),
    (Extra, {"id": 1}), (Defaults, {"id": 1}), (Checked, {"id": 1}), (Deprecated, {"id": 1}), (Inherited, {"id": 1}),
]  # fmt: skip
"""A class, and a record that it takes."""


def odd_models() -> dict[str, tuple[type[BaseModel], dict[str, Any]]]:
    """Return models by table, each with a record."""
    found = {f"{model.__name__.lower()}s": (model, record) for model, record in CLASSES}
    for number, (kind, value) in enumerate(FIELDS):
        model = create_model(
            f"Odd{number}", id=(str, ...), x=(kind, ...), y=(kind | None if kind is not None else Any, None)
        )
        found[f"odd{number}"] = (model, {"id": "a", "x": value})
    return found
