"""Shapes of models, as people write them: each is served whole, or refused at the start, or its records are.

`served(record, patch)`: every way in and out gives the same record. `refused(words)`: the model is refused in one line
that has these words. `never(record, pointer)`: the model may start, but a record for which it would not hold is refused.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import fractions
import hashlib
import ipaddress
import pathlib
import re
import uuid
import zoneinfo
from decimal import Decimal
from typing import (  # noqa: UP035
    Annotated,
    Any,
    Callable,
    ClassVar,
    Generic,
    Hashable,
    Iterable,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    Sequence,
    TypeVar,
)

import annotated_types
import pydantic.dataclasses
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    Base64Str,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    FutureDate,
    FutureDatetime,
    HttpUrl,
    ImportString,
    IPvAnyAddress,
    Json,
    JsonValue,
    NaiveDatetime,
    OnErrorOmit,
    PastDate,
    PlainSerializer,
    PositiveInt,
    PostgresDsn,
    PrivateAttr,
    RootModel,
    Secret,
    SecretBytes,
    SecretStr,
    SerializeAsAny,
    StringConstraints,
    Tag,
    WrapSerializer,
    WrapValidator,
    computed_field,
    conlist,
    create_model,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_pascal
from pydantic_core import core_schema
from typing_extensions import TypeAliasType, TypedDict

from tests.data import other_shapes

SHAPES: list[tuple[type[BaseModel], list[tuple[dict, dict]]]] = []
REFUSED: list[tuple[type[BaseModel], tuple[str, ...]]] = []
NEVER: list[tuple[type[BaseModel], list[tuple[dict, str]]]] = []


def served(*cases):
    """A shape that is served: pairs of a record and a patch of it."""

    def note(model):
        SHAPES.append((model, [*zip(cases[::2], cases[1::2], strict=True)]))
        return model

    return note


def refused(*words):
    """A shape that is refused at the start with these words."""

    def note(model):
        REFUSED.append((model, words))
        return model

    return note


def never(*cases):
    """A shape of which some records are refused: pairs of a record and the pointer of its fault."""

    def note(model):
        NEVER.append((model, [*zip(cases[::2], cases[1::2], strict=True)]))
        return model

    return note


ID = "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
T = TypeVar("T")
UserId = NewType("UserId", int)
Tags = TypeAliasType("Tags", list[str])


class Size(enum.IntEnum):
    small = 1
    big = 2


class Colour(enum.StrEnum):
    red = "red"
    blue = "blue"


class Level(enum.Enum):
    low = 1
    high = "high"
    half = 0.5


class Rights(enum.IntFlag):
    read = 1
    write = 2


class Address(BaseModel):
    city: str
    zip: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Point(NamedTuple):
    x: int
    y: float = 0


class Movie(TypedDict):
    name: str
    year: int


@dataclasses.dataclass
class Coin:
    value: int
    marks: list[str] = dataclasses.field(default_factory=list)


@pydantic.dataclasses.dataclass
class Note:
    text: str
    at: dt.date = dt.date(2024, 1, 1)


# Plain types


@served({"id": 1, "a": "x", "b": 1.5, "c": True, "d": None}, {"a": "y"})
class Plain(BaseModel):
    id: int
    a: str
    b: float
    c: bool
    d: int | None


@served({"at": "2024-03-11T08:30:00Z", "day": "2024-03-11", "time": "08:30:00", "lasts": "PT1H30M"}, {"day": "2024-03-12"},
        {"at": "2024-03-11 08:30:00.5+02:00", "day": "2024-03-11", "time": "08:30Z", "lasts": "P400DT1S"}, {"time": "09:30"})  # fmt: skip
class Moments(BaseModel):
    at: dt.datetime
    day: dt.date
    time: dt.time
    lasts: dt.timedelta


@served(
    {"aware": "2024-03-11T08:30:00+01:00", "naive": "2024-03-11T08:30:00", "born": "1990-01-01"},
    {"naive": "2024-03-11T08:31:00"},
)
class ZonedMoments(BaseModel):
    aware: AwareDatetime
    naive: NaiveDatetime
    born: PastDate


@served({"price": "1.50", "part": "1/3"}, {"price": 2}, {"price": 1.5, "part": 0.5}, {"price": "1e3"})
class Exact(BaseModel):
    price: Decimal
    part: fractions.Fraction


@served({"price": "12.30"}, {"price": "0.05"})
class Money(BaseModel):
    price: Annotated[Decimal, Field(max_digits=6, decimal_places=2, gt=0)]


@served({"id": ID, "other": None}, {"other": ID})
class Uuids(BaseModel):
    id: uuid.UUID
    other: uuid.UUID | None


@served(
    {"size": 1, "colour": "red", "level": 0.5, "rights": 3},
    {"size": 2},
    {"size": 2, "colour": "blue", "level": "high", "rights": 1},
    {"level": 1},
)
class Enums(BaseModel):
    size: Size
    colour: Colour
    level: Level
    rights: Rights


@served({"size": 1, "colour": "red"}, {"size": 2})
class EnumsByValue(BaseModel):
    model_config = ConfigDict(use_enum_values=True)
    size: Size
    colour: Colour = Colour.blue


@served({"a": 1, "b": "1", "c": True, "d": "red"}, {"a": "x"}, {"a": None, "b": 2, "c": False, "d": "blue"}, {"b": "1"})
class Literals(BaseModel):
    a: Literal[1, "x", None]
    b: Literal["1", 2]
    c: Literal[True, False]
    d: Literal[Colour.red, Colour.blue]


@served({"data": "héllo", "coded": "aGk=", "text": "aGk="}, {"data": "x"})
class Bytes(BaseModel):
    data: bytes
    coded: Base64Bytes
    text: Base64Str


@served({"data": "aGk="}, {"data": "eHg="})
class BytesInBase64(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    data: bytes


@served({"path": "a/b", "pattern": "^a+$", "zone": "Europe/Berlin", "size": "1 KiB"}, {"path": "c"})
class Texts(BaseModel):
    path: pathlib.PurePosixPath
    pattern: re.Pattern[str]
    zone: zoneinfo.ZoneInfo
    size: ByteSize


@served({"v4": "10.0.0.1", "v6": "::1", "net": "10.0.0.0/8", "any": "10.0.0.2"}, {"v4": "10.0.0.2"})
class Addresses(BaseModel):
    v4: ipaddress.IPv4Address
    v6: ipaddress.IPv6Address
    net: ipaddress.IPv4Network
    any: IPvAnyAddress
    home: ipaddress.IPv4Address = ipaddress.IPv4Address("127.0.0.1")


@served(
    {"url": "https://example.com", "site": "http://example.com/a?b=c", "db": "postgres://u:p@localhost:5432/app"},
    {"site": "https://example.org"},
)
class Urls(BaseModel):
    url: AnyUrl
    site: HttpUrl
    db: PostgresDsn


@served({"any": {"a": [1, None]}, "value": [1, "x"], "text": '{"a": 1}'}, {"any": 5})
class Loose(BaseModel):
    any: Any
    value: JsonValue
    text: Json[dict[str, int]]


@served({"n": 5, "user": 7, "tags": ["a"], "few": [1, 2]}, {"n": 6})
class Constrained(BaseModel):
    n: PositiveInt
    user: UserId
    tags: Tags
    few: conlist(int, min_length=1, max_length=3)
    even: Annotated[int, Field(multiple_of=2)] = 4
    short: Annotated[str, annotated_types.Len(1, 5)] = "abc"
    code: Annotated[str, StringConstraints(pattern="^[A-Z]+$")] = "AB"


@served({"z": "1+2j"}, {"z": "2j"})
class Complex(BaseModel):
    z: complex


class Odd(enum.Enum):
    price = Decimal("1.5")
    day = dt.date(2024, 1, 1)
    pair = (1, "a")


class Truth(enum.Enum):
    yes = True
    no = False
    unknown = None


class Marks(enum.Flag):
    bold = 1
    red = 2


@served(
    {"odd": "1.5", "truth": True, "marks": 3},
    {"odd": "2024-01-01"},
    {"odd": [1, "a"], "truth": None, "marks": 1},
    {"truth": False},
)
class OddEnums(BaseModel):
    odd: Odd
    truth: Truth
    marks: Marks


# Collections


@served(
    {"a": [1], "b": ["x", 1], "c": [1, 2], "d": ["b", "a", "c"], "e": [2, 1], "f": [1], "g": [1]},
    {"d": ["z", "y", "x", "w"]},
)
class Collections(BaseModel):
    a: list[int]
    b: tuple[str, int]
    c: tuple[int, ...]
    d: set[str]
    e: frozenset[int]
    f: collections.deque[int]
    g: Sequence[int]


@served({"rows": [1, 2]}, {"rows": [3]})
class Streams(BaseModel):
    rows: Iterable[int]


@served(
    {"a": {"x": 1}, "b": {"1": "a"}, "c": {"2024-03-11": 1}, "d": {"red": 1}, "e": {"1": 2}, "f": {ID: 1}},
    {"b": {"2": "b"}},
)
class Maps(BaseModel):
    a: dict[str, int]
    b: dict[int, str]
    c: dict[dt.date, int]
    d: dict[Colour, int]
    e: dict[Size, int]
    f: dict[uuid.UUID, int]


@served({"a": {"x": [1]}, "b": {"x": 1}, "c": {"x": 2}}, {"c": {"y": 3}})
class OtherMaps(BaseModel):
    a: collections.defaultdict[str, list[int]]
    b: collections.OrderedDict[str, int]
    c: collections.Counter[str]


@served(
    {"point": [1, 2.0], "movie": {"name": "x", "year": 2000}, "coin": {"value": 1}, "note": {"text": "a"}},
    {"coin": {"value": 2}},
)
class Records(BaseModel):
    point: Point
    movie: Movie
    coin: Coin
    note: Note


@dataclasses.dataclass(slots=True, kw_only=True, frozen=True)
class Slotted:
    a: int
    b: dt.date = dt.date(2024, 1, 1)


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="allow"))
class Checked:
    a: int

    @field_validator("a")
    @classmethod
    def same(cls, value):
        return value


class Half(TypedDict, total=False):
    city: Required[str]
    zip: NotRequired[str]


@served({"a": {"a": 1}, "b": {"a": 1, "z": 2}, "c": {"city": "x"}, "d": {"city": "y"}}, {"a": {"a": 2}})
class MoreRecords(BaseModel):
    a: Slotted
    b: Checked
    c: Half
    d: SerializeAsAny[Address]


@served({"numbers": [1, 2, 3]}, {"numbers": [4]})
class WithRoot(BaseModel):
    numbers: RootModel[list[int]]


@served({"good": [1, 2]}, {"good": [3]})
class Omitting(BaseModel):
    good: list[OnErrorOmit[int]]


# Inside one another


@served({"id": "a", "children": [{"id": "b", "children": []}]}, {"children": []})
class Tree(BaseModel):
    id: str
    children: list[Tree] = []


@served({"name": "a", "next": {"name": "b", "next": None}}, {"next": None})
class Chain(BaseModel):
    name: str
    next: Chain | None = None


@served(
    {"id": 1, "address": {"city": "Paris"}, "more": {"home": {"city": "Rome", "zip": "1"}}},
    {"address": {"city": "Lyon"}},
)
class Nested(BaseModel):
    id: int
    address: Address
    more: dict[str, Address] = {}


@served({"pet": {"kind": "dog", "tricks": ["sit"]}}, {"pet": {"kind": "cat", "tricks": None}})
class Tagged(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Red(BaseModel):
    kind: Literal[Colour.red]
    n: int


class Blue(BaseModel):
    kind: Literal[Colour.blue, 2]
    n: int


@served({"rows": [{"kind": "red", "n": 1}, {"kind": 2, "n": 1}]}, {"rows": []})
class TaggedByEnum(BaseModel):
    rows: list[Annotated[Red | Blue, Field(discriminator="kind")]]


@served({"pet": {"kind": "cat", "lives": 3}}, {"pet": {"lives": 2}})
class TaggedByFunction(BaseModel):
    pet: Annotated[
        Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")],
        Discriminator(lambda value: value.get("kind") if isinstance(value, dict) else value.kind),
    ]


@served(
    {"pet": {"kind": "dog"}, "either": 1, "mixed": "x"},
    {"either": "a"},
    {"pet": {"kind": "cat"}, "either": "b", "mixed": [1]},
    {"mixed": 2.5},
)
class Unions(BaseModel):
    pet: Cat | Dog
    either: int | str
    mixed: float | list[int] | str


@served(
    {"when": "2024-03-11"},
    {"when": "2024-03-11T00:00:00Z"},
    {"when": "soon"},
    {"when": 5},
    {"when": 1.5},
    {"when": 2},
    {"when": None},
    {"when": "x"},
)
class OddUnions(BaseModel):
    when: dt.date | dt.datetime | Decimal | int | str | None


class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int = 0


class Envelope(BaseModel, Generic[T]):
    payload: T


UserPage = served({"items": [{"city": "Paris"}]}, {"total": 1})(Page[Address])


@served({"payload": {"city": "Paris"}, "kind": "new"}, {"kind": "old"})
class Event(Envelope[Address]):
    kind: str


@served({"here": {"city": "Paris"}, "there": {"town": "Rome"}}, {"here": {"city": "Lyon"}})
class SameNames(BaseModel):
    here: Address
    there: other_shapes.Address


Made = served({"id": 1, "name": "x"}, {"name": "y"})(create_model("Made", id=(int, ...), name=(str, "")))


class Timestamps(BaseModel):
    created: dt.datetime = Field(default_factory=lambda: dt.datetime(2024, 1, 1, tzinfo=dt.UTC))


class Named(BaseModel):
    name: str


@served({"name": "x", "more": 1}, {"more": 2})
class Inherited(Named, Timestamps):
    more: int


# Defaults


@served({}, {"a": 2}, {"a": 5, "b": 6.0}, {"b": 7})
class Defaults(BaseModel):
    a: int = 1
    b: float = 1
    c: Decimal = 1.5
    d: list[float] = [1, 2]
    e: Address = Address(city="Paris")
    f: dict[str, Address] = {}
    g: set[int] = {3, 1, 2}
    h: str | None = None
    i: dt.timedelta = dt.timedelta(hours=1)
    j: Size = Size.small
    k: tuple[int, str] = (1, "a")
    m: list[Address] = [{"city": "Rome"}]


@served({}, {"name": "x"})
class Factories(BaseModel):
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    made: dt.datetime = Field(default_factory=lambda: dt.datetime.now(dt.UTC))
    name: str = Field(default_factory=lambda: "new")
    tags: list[str] = Field(default_factory=list)
    rows: list[int] = Field(default_factory=lambda: [1, 2])
    maybe: uuid.UUID | None = Field(default_factory=uuid.uuid4)
    seen: dt.date = Field(default_factory=dt.date.today)


@served({"name": "ada"}, {"name": "bob"})
class FactoryWithData(BaseModel):
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    name: str
    slug: str = Field(default_factory=lambda data: data["name"].upper())


@served({}, {"n": 3})
class CheckedDefaults(BaseModel):
    model_config = ConfigDict(validate_default=True)
    n: int = 1
    at: dt.datetime = "2024-03-11T08:30:00Z"
    ip: ipaddress.IPv4Address = "10.0.0.1"


@served({"id": 1}, {"city": "Rome"}, {"id": "x"}, {"city": None})
class LooseId(BaseModel):
    id: int | str
    city: str | None = "Paris"


# Aliases


@served({"Label": "x"}, {"Label": "y"})
class Aliased(BaseModel):
    label: str = Field(alias="Label")


@served({"firstName": "x", "lastName": "y"}, {"lastName": "z"})
class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    id: int = 1
    first_name: str
    last_name: str


@served({"firstName": "x"}, {"firstName": "y"}, {"first_name": "x"}, {"firstName": "y"})
class ByName(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    first_name: str


@served({"mail": "x"}, {"email": "y"}, {"email": "x"}, {"email": "y"}, {"emails": ["x"]}, {"email": "y"})
class Choices(BaseModel):
    email: str = Field(
        validation_alias=AliasChoices("email", "mail", AliasPath("emails", 0)), serialization_alias="email"
    )


@served({"key": 5}, {"n": 1})
class IdByAlias(BaseModel):
    key: int = 0
    number: str = Field("7", alias="id")
    n: int = 0


@served({"inner": {"ZIP": "1"}}, {"inner": {"ZIP": "2"}})
class AliasedInside(BaseModel):
    class Inner(BaseModel):
        model_config = ConfigDict(alias_generator=str.upper)
        zip: str

    inner: Inner


@refused("Apart.name", "stored as 'name'", "read as 'Name'")
class Apart(BaseModel):
    name: str = Field(validation_alias="Name")


@refused("ApartToo.name", "stored as 'title'", "read as 'name'")
class ApartToo(BaseModel):
    name: str = Field(serialization_alias="title")


@refused("ByPath.first", "stored as 'first'", "no member")
class ByPath(BaseModel):
    first: str = Field(validation_alias=AliasPath("names", 0))


@refused("Address.zip", "stored as 'zip'")
class ApartInside(BaseModel):
    class Address(BaseModel):
        zip: str = Field(validation_alias="ZIP")

    address: Address


@refused("Twice.b", "stored as 'x'", "'a'")
class Twice(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    a: int = Field(alias="x")
    b: int = Field(validation_alias=AliasChoices("x", "b"), serialization_alias="x")


# Ids


@served({"id": "1.50"}, {"n": 1})
class DecimalId(BaseModel):
    id: Decimal
    n: int = 0


@served({"n": 1}, {"n": 2}, {"id": ID, "n": 1}, {"n": 3})
class OptionalId(BaseModel):
    id: uuid.UUID | None = None
    n: int


@served({"id": "a-1"}, {}, {"id": "b"}, {})
class TextId(BaseModel):
    id: Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=10)]


@served({"id": "2024-03-11"}, {"n": 1})
class DateId(BaseModel):
    id: dt.date
    n: int = 0


@served({"id": 2}, {"n": 1})
class EnumId(BaseModel):
    id: Size
    n: int = 0


@served({"text": "no id of its own"}, {"text": "still none"})
class NoId(BaseModel):
    text: str


@refused("FloatId.id", "text or an integer")
class FloatId(BaseModel):
    id: float


@refused("ListId.id", "text or an integer")
class ListId(BaseModel):
    id: list[int]


@refused("BoolId.id", "text or an integer")
class BoolId(BaseModel):
    id: bool


@refused("UrlId.id", "'/'")
class UrlId(BaseModel):
    id: HttpUrl


@refused("MongoId.id", "alias")
class MongoId(BaseModel):
    id: str = Field(alias="_id")


@refused("PascalId.id", "alias")
class PascalId(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal)
    id: int


@refused("HiddenId.id", "not stored")
class HiddenId(BaseModel):
    id: int = Field(exclude=True)


@refused("HiddenDefaultId.id", "excluded")
class HiddenDefaultId(BaseModel):
    id: int = Field(1, exclude=True)


@refused("ComputedId.id", "computed")
class ComputedId(BaseModel):
    name: str

    @computed_field
    @property
    def id(self) -> str:
        return self.name.lower()


# What is not stored


@served({"name": "x", "note": "gone"}, {"name": "y"})
class Excluding(BaseModel):
    name: str
    note: str = Field("", exclude=True)


@refused("Excluded.note", "required but not stored")
class Excluded(BaseModel):
    note: str = Field(exclude=True)


@served({"first": "Ada", "last": "L"}, {"last": "K"})
class Computing(BaseModel):
    first: str
    last: str

    @computed_field
    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


@served({"n": 5}, {"n": 6}, {"n": 7}, {"n": 5})
class ExcludingSome(BaseModel):
    n: int = Field(5, exclude_if=lambda value: value == 5)


@never({"n": 5}, "/n")
class ExcludedSometimes(BaseModel):
    n: int = Field(exclude_if=lambda value: value == 5)


@served({"name": "x"}, {"name": "y"})
class Private(BaseModel):
    kind: ClassVar[str] = "private"
    name: str
    _seen: int = PrivateAttr(default=0)


@refused("InitOnly.secret", "not stored")
class WithInitOnly(BaseModel):
    @dataclasses.dataclass
    class InitOnly:
        secret: dataclasses.InitVar[int]
        n: int = 0

    inner: InitOnly


# Validators


@served({"name": "  Ada "}, {"name": "BOB"})
class Tidied(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def tidy(cls, value):
        return value.strip().lower()


@served({"name": " a ", "code": "ab"}, {"name": "b "})
class TidiedByConfig(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    name: str
    code: Annotated[str, StringConstraints(to_upper=True)]


@served({"at": "2024-03-11T08:30:00Z", "n": 1}, {"n": 2})
class SeenBefore(BaseModel):
    at: dt.datetime
    n: int

    @model_validator(mode="before")
    @classmethod
    def see(cls, value):
        return dict(value)

    @field_validator("at", mode="before")
    @classmethod
    def see_at(cls, value):
        return value


@served({"low": 1, "high": 2}, {"high": 3})
class SeenAfter(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def check(self):
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


@served({"n": 1}, {"n": 2})
class SeenAround(BaseModel):
    n: Annotated[int, WrapValidator(lambda value, handler: handler(value))]

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, value, handler):
        return handler(value)


@served({"tags": "a,b"}, {"tags": "c"}, {"tags": ["x"]}, {"tags": ["y"]})
class SplitTags(BaseModel):
    tags: Annotated[list[str], BeforeValidator(lambda value: value.split(",") if isinstance(value, str) else value)]


@served({"name": "x"}, {"name": "y"}, {"Name": "x"}, {"name": "y"})
class RenamedBefore(BaseModel):
    name: str = Field(validation_alias="NAME")

    @model_validator(mode="before")
    @classmethod
    def rename(cls, value):
        return {name.upper() if name.lower() == "name" else name: each for name, each in value.items()}


@served({"n": "5"}, {"n": "6"}, {"n": 5}, {"n": 6})
class NumberAsText(BaseModel):
    n: Annotated[int, BeforeValidator(int), PlainSerializer(str, return_type=str)]


@never({"n": 1}, "")
class NeedsContext(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def look(cls, value, info):
        return info.context["n"]


@served({"n": 5}, {"n": 6})
class PostInit(BaseModel):
    n: int
    double: int = 0

    def model_post_init(self, context):
        self.double = self.n * 2


@never({"password": "x"}, "/password")
class Hashed(BaseModel):
    password: str

    @field_validator("password")
    @classmethod
    def hash(cls, value):
        return hashlib.sha256(value.encode()).hexdigest()


@never({"n": 1}, "/n")
class Counting(BaseModel):
    n: int

    @model_validator(mode="after")
    def count(self):
        self.n += 1
        return self


@never({"n": 2}, "", {"n": -1}, "/n")
class Enormous(BaseModel):
    n: Annotated[int, AfterValidator(lambda value: value * 10**30)] = Field(ge=0)


@never({"n": 2.0}, "/n")
class NoNumber(BaseModel):
    n: Annotated[float, AfterValidator(lambda value: float("nan"))]


@never({"n": 2.0}, "")
class NoNumberAsConstant(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")
    n: Annotated[float, AfterValidator(lambda value: float("nan"))]


@never({"n": 1}, "")
class TooDeepMade(BaseModel):
    n: Any

    @field_validator("n")
    @classmethod
    def nest(cls, value):
        for _ in range(100):
            value = [value]
        return value


@never({"Label": "x"}, "")
class MadeTwice(BaseModel):
    model_config = ConfigDict(extra="allow")
    label: str = Field(alias="Label")

    @model_validator(mode="after")
    def add(self):
        self.__pydantic_extra__["Label"] = "y"
        return self


@never({"text": "x"}, "")
class LoneSurrogate(BaseModel):
    text: Annotated[str, AfterValidator(lambda value: "\ud800")]


@never({"n": 1}, "")
class Raising(BaseModel):
    n: int

    @field_validator("n")
    @classmethod
    def look_up(cls, value):
        return {}[value]


@never({"n": 1}, "")
class RaisingInPrinting(BaseModel):
    n: int

    @field_serializer("n")
    def look_up(self, value):
        return {}[value]


@never({"n": 1}, "")
class RaisingDefault(BaseModel):
    n: int
    m: int = Field(default_factory=lambda: {}["m"])


@never({"a": 1}, "", {"a": 1, "b": "x"}, "/b")
class WrongFactory(BaseModel):
    a: int
    b: int = Field(default_factory=lambda: "one")


# Serializers


@served({"at": "2024-03-11T08:30:00Z"}, {"at": "2024-03-12T08:30:00Z"})
class PrintedSame(BaseModel):
    at: dt.datetime

    @field_serializer("at")
    def print_at(self, value: dt.datetime) -> str:
        return value.isoformat().replace("+00:00", "Z")


@served({"n": 1.234}, {"n": 2.345})
class Rounded(BaseModel):
    n: Annotated[float, PlainSerializer(lambda value: round(value, 1))]


@served({"n": 1}, {"n": 2})
class PrintedInJson(BaseModel):
    n: Annotated[int, WrapSerializer(lambda value, handler: handler(value), when_used="json")]


@served({"a": 1, "b": 2}, {"b": 3})
class PrintedWhole(BaseModel):
    a: int
    b: int

    @model_serializer(mode="wrap")
    def printed(self, handler):
        return dict(sorted(handler(self).items()))


@refused("Joined.tags", "printed as text but read as array")
class Joined(BaseModel):
    tags: list[str]

    @field_serializer("tags")
    def join(self, value) -> str:
        return ",".join(value)


@refused("Seconds.lasts", "printed as number but read as text")
class Seconds(BaseModel):
    model_config = ConfigDict(ser_json_timedelta="float")
    lasts: dt.timedelta


@refused("Epochs.at", "printed as number but read as text")
class Epochs(BaseModel):
    model_config = ConfigDict(ser_json_temporal="seconds")
    at: dt.datetime


@refused("AsText", "printed as text but read as object")
class AsText(BaseModel):
    n: int

    @model_serializer
    def printed(self) -> str:
        return str(self.n)


@never({"cells": {"1,2": "x"}}, "/cells/1,2")
class NamesOfTuples(BaseModel):
    cells: dict[tuple[int, int], str]


@never({"n": 1}, "/n")
class TextOfNumber(BaseModel):
    n: int

    @field_serializer("n")
    def printed(self, value):
        return str(value)


@never({"a": 1}, "/a")
class Renamed(BaseModel):
    a: int

    @model_serializer
    def printed(self):
        return {"b": self.a}


@never({"n": 1}, "")
class AList(BaseModel):
    n: int

    @model_serializer
    def printed(self):
        return [self.n]


@refused("MixedCoding.data", "bytes", "val_json_bytes")
class MixedCoding(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64")
    data: bytes


# Secrets


@refused("Login.password", "secret")
class Login(BaseModel):
    password: SecretStr


@refused("Token.token", "secret")
class Token(BaseModel):
    token: SecretBytes


@refused("Pin.pin", "secret")
class Pin(BaseModel):
    pin: Secret[int] | None = None


@served({"password": "x"}, {"password": "y"})
class Revealed(BaseModel):
    password: SecretStr

    @field_serializer("password")
    def reveal(self, value: SecretStr) -> str:
        return value.get_secret_value()


@served({"password": "x"}, {"password": "y"})
class RevealedAround(BaseModel):
    password: Annotated[SecretStr, WrapSerializer(lambda value, handler: value.get_secret_value())]


# What the class says of itself


@served({"a": 1, "b": [2]}, {"c": None, "b": 3})
class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


@served({"a": 1, "n": 2}, {"n": 3})
class TypedExtras(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    a: int


@served({"a": 1, "b": 2}, {"a": 2, "c": 3})
class Ignoring(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int


@served({"a": 1}, {"a": 2})
class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, title="Something else", from_attributes=True)
    a: int


@served({"a": "1"}, {"a": "2"})
class Coercing(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    a: str


@served({"a": 1}, {"a": 2})
class Deferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    a: int


@served({"type": "a", "schema": 1, "limit": 2, "not": 3, "a.b": 4, "": 5, "__proto__": 6}, {"limit": 3})
class OddNames(BaseModel):
    type: str
    schema_: int = Field(alias="schema")
    limit: int
    negation: int = Field(alias="not")
    dotted: int = Field(alias="a.b")
    empty: int = Field(alias="")
    proto: int = Field(alias="__proto__")


# What is no JSON, and defaults that are not the field's


@refused("Function.hook", "function")
class Function(BaseModel):
    hook: Callable[[int], int]


@refused("Klass.kind", "class")
class Klass(BaseModel):
    kind: type[int]


class Arbitrary:
    pass


@refused("Holding.thing", "Python class")
class Holding(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    thing: Arbitrary | None = None


@refused("Hashing.value", "Python class")
class Hashing(BaseModel):
    value: Hashable


class Old:
    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        return core_schema.no_info_plain_validator_function(str)


@refused("Custom.value", "no JSON Schema", "__get_pydantic_json_schema__")
class Custom(BaseModel):
    n: int
    value: list[Old]


class Thing(enum.Enum):
    one = object()


@refused("OfObjects", "cannot be read")
class OfObjects(BaseModel):
    thing: Thing


def fail(schema):
    raise KeyError("nothing")


@refused("FailingSchema", "cannot be read", "KeyError")
class FailingSchema(BaseModel):
    model_config = ConfigDict(json_schema_extra=fail)
    n: int


@never({"id": "x"}, "")
class FailingId(BaseModel):
    id: Annotated[str, AfterValidator(lambda value: {}[value])]


@refused("Importing.thing", "ImportString")
class Importing(BaseModel):
    thing: ImportString


@refused("Due.day", "future")
class Due(BaseModel):
    day: FutureDate


@refused("DueAt.at", "future")
class DueAt(BaseModel):
    at: list[FutureDatetime]


@refused("Unsaid.age", "default")
class Unsaid(BaseModel):
    age: int = None


@refused("WrongWord.size", "default")
class WrongWord(BaseModel):
    size: Literal["s", "m"] = "x"


@refused("Huge.n", "default", "JSON")
class Huge(BaseModel):
    n: int = 10**30


@refused("TooShort.tags", "default")
class TooShort(BaseModel):
    tags: Annotated[list[int], Field(min_length=1)] = Field(default_factory=list)


@refused("OwnInit", "__init__")
class OwnInit(BaseModel):
    n: int

    def __init__(self, **values):
        super().__init__(**values)


@refused("Missing.other", "'Nowhere' is not defined")
class Missing(BaseModel):
    other: Nowhere  # noqa: F821


@refused("MissingDeep", "'Nowhere' is not defined")
class MissingDeep(BaseModel):
    others: list[Missing]


@refused("Numbers", "not an object")
class Numbers(RootModel[list[int]]):
    pass


@refused("Wrapper", "generic")
class Wrapper(Page[T], Generic[T]):
    pass
