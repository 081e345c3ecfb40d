"""What is sent is held against the client's model before it is sent. No server is asked but where it says so."""

import dataclasses
import datetime as dt
import enum
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, field_validator, model_validator
from pydantic import Field as Member
from typing_extensions import TypedDict

from ramekin.client.calls import TableCalls
from ramekin.errors import InvalidRecord
from ramekin.query.expressions import Field
from tests.each import each


class Size(enum.Enum):
    SMALL = "s"


class Address(BaseModel):
    street: str
    zip: str


class User(BaseModel):
    id: int
    name: str
    email: str | None = Member(None, pattern="@")
    age: int = Member(0, ge=0)
    born: dt.date | None = None
    key: UUID | None = None
    price: Decimal | None = None
    size: Size | None = None
    tags: set[str] = set()
    address: Address | None = None


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Part(BaseModel):
    need: str


class Whole(BaseModel):
    id: int
    level: Level = Level.LOW
    full_name: str = Member("", alias="fullName")
    size: int = Member(0, validation_alias=AliasChoices("size", "length"))
    parts: list[Part] = []
    pair: tuple[int, str] | None = None
    inner: Part | None = None

    model_config = ConfigDict(populate_by_name=True)


class UserCreate(BaseModel):
    name: str


class UserUpdate(BaseModel):
    name: str | None = None
    email: str | None = None


class Loose(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: int


class Between(BaseModel):
    id: int
    begin: int = 0
    end: int = 10

    @model_validator(mode="after")
    def _in_order(self):
        assert self.begin <= self.end
        return self


@dataclasses.dataclass
class Person:
    id: int | str
    name: str


class Row(TypedDict):
    id: int
    name: str


USERS = TableCalls("users", User)
FULL = {
    "id": 1,
    "name": "Ada",
    "email": "ada@example.com",
    "age": 36,
    "born": dt.date(1815, 12, 10),
    "key": UUID(int=7),
    "price": Decimal("1.50"),
    "size": Size.SMALL,
    "tags": {"a"},
    "address": {"street": "Rue 1", "zip": "75001"},
}
WAYS = {
    "create": lambda table, record: table.create(record, None),
    "put": lambda table, record: table.put(1, record, upsert=True, if_match=None, ttl=None),
    "insert": lambda table, record: [*table.bulks([record], "replace", None)],
}


def refused(ask):
    with pytest.raises(InvalidRecord) as raised:
        ask()
    return [fault.pointer for fault in raised.value.faults]


GOOD = [
    (User, FULL),
    (User, {name: value for name, value in FULL.items() if name != "id"}),  # which the server makes
    (User, User(id=1, name="Ada")),
    (User, UserCreate(name="Ada")),  # of a class of its own
    (User, Person(1, "Ada")),
    (Loose, {"id": 1, "more": 2}),
    (Person, {"id": "x", "name": "Ada"}),
    (Person, Person(1, "Ada")),
    (Row, {"id": 1, "name": "Ada"}),
    (dict, {"anything": 1}),
]


@each((way, case) for way in WAYS for case in GOOD)
def test_what_fits_is_sent(case):
    way, (type_, record) = case
    assert WAYS[way](TableCalls("users", type_), record)


BAD = [
    (User, {"id": 1, "name": 5}, ["/name"]),
    (User, {"id": "1", "name": "Ada", "age": "36"}, ["/id", "/age"]),  # no text is a number
    (User, {"id": 1}, ["/name"]),
    (User, {"id": 1, "nmae": "Ada"}, ["/name", "/nmae"]),
    (User, {"id": 1, "name": "Ada", "age": -1}, ["/age"]),
    (User, {"id": 1, "name": "Ada", "email": "nobody"}, ["/email"]),
    (User, {"id": 1, "name": "Ada", "born": "yesterday"}, ["/born"]),
    (User, {"id": 1, "name": "Ada", "address": {"street": "Rue 1"}}, ["/address/zip"]),
    (User, User.model_construct(id=1, name=5), ["/name"]),
    (Between, {"id": 1, "begin": 20}, [""]),
    (Person, {"id": 1}, ["/name"]),
    (Person, Person(1, None), ["/name"]),
    (Row, {"id": 1, "name": 5}, ["/name"]),
    (Row, {"id": 1, "name": "Ada", "more": 1}, ["/more"]),
    (Person, {"id": 1, "name": "Ada", "more": 1}, ["/more"]),
    (Whole, {"id": 1, "parts": [{"need": "a", "more": 1}]}, ["/parts/0/more"]),
    (Whole, {"id": 1, "level": 2.0}, ["/level"]),
    (Whole, {"id": 1, "level": True}, ["/level"]),
    (Whole, {"id": 1, "full_name": "Ada"}, ["/full_name"]),  # it would be stored under a name that nobody reads
    (Whole, {"id": 1, "length": 5}, ["/length"]),
    (Whole, {"id": 1, "inner": {"need": "a", "more": 1}}, ["/inner/more"]),
]


@each((way, case) for way in WAYS for case in BAD)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_what_does_not_fit_is_refused_with_its_places(case):
    way, (type_, record, pointers) = case
    before = "/0" if way == "insert" else ""
    assert refused(lambda: WAYS[way](TableCalls("users", type_), record)) == [before + each for each in pointers]


CHANGES = [
    ({"age": 36}, []),
    ({"born": dt.date(1815, 12, 10), "tags": ["a"]}, []),
    ({"born": None}, []),
    ({"name": None}, ["/name"]),  # without which nothing is a user
    ({"age": "36"}, ["/age"]),
    ({"aeg": 36}, ["/aeg"]),
    ({"address": {"zip": "75002"}}, []),  # merged with what stands
    ({"address": "Rue 1"}, ["/address"]),
    (UserUpdate(name=None), ["/name"]),
    (UserUpdate(email=None), []),
    ({}, []),
]
CHANGES_OF_A_WHOLE = [
    ({"parts": [{"need": "a"}], "pair": [1, "a"], "fullName": "Ada", "size": 3, "level": 2}, []),
    ({"parts": [{"other": 1}]}, ["/parts/0/need", "/parts/0/other"]),
    ({"pair": [3]}, ["/pair/1"]),
    ({"full_name": "Ada"}, ["/full_name"]),
    ({"length": 5}, ["/length"]),
    ({"level": True}, ["/level"]),
    ({"inner": {}}, []),  # merged with what stands
    (Whole.model_construct(_fields_set={"level"}, level="x"), ["/level"]),
]
CHANGING = {
    "patch": lambda changes: USERS.patch(1, changes, if_match=None, ttl=None),
    "patch by condition": lambda changes: USERS.patch_where([Field("age") > 1], changes, None, all=False),
    "merge": lambda changes: [*USERS.bulks([changes], "merge", None)],
}


@each((way, case) for way in CHANGING for case in CHANGES)
def test_a_change_is_held_against_the_members_that_it_names(case):
    way, (changes, pointers) = case
    if not pointers:
        assert CHANGING[way](changes)
        return
    before = "/0" if way == "merge" else ""
    assert refused(lambda: CHANGING[way](changes)) == [before + each for each in pointers]


class Span(BaseModel):
    id: int
    low: int = 0
    high: int = 10
    name: str = ""

    @field_validator("high")
    @classmethod
    def _is_higher(cls, high, info):
        assert high > info.data["low"]
        return high

    @field_validator("name")
    @classmethod
    def _is_told(cls, name, info):
        return f"{name}{info.context['unit']}"


@each([{"high": -1}, {"high": 3, "low": None}, {"name": "a"}])
def test_what_a_validator_says_of_a_change_is_left_to_the_server(changes):
    assert TableCalls("spans", Span).patch(1, changes, if_match=None, ttl=None)
    assert refused(lambda: TableCalls("spans", Span).patch(1, {"low": "x"}, if_match=None, ttl=None)) == ["/low"]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@each(CHANGES_OF_A_WHOLE)
def test_an_array_is_changed_as_a_whole_and_a_member_by_the_name_that_is_written(case):
    changes, pointers = case
    table = TableCalls("wholes", Whole)
    if pointers:
        assert refused(lambda: table.patch(1, changes, if_match=None, ttl=None)) == pointers
    else:
        assert table.patch(1, changes, if_match=None, ttl=None)


def test_a_change_of_what_is_checked_together_is_left_to_the_server():
    assert TableCalls("spans", Between).patch(1, {"begin": 20}, if_match=None, ttl=None)


def test_what_another_class_has_checked_is_not_read_again_to_learn_nothing():
    looked = []

    class Watched(User):
        @model_validator(mode="before")
        @classmethod
        def look(cls, members):
            looked.append(members)
            return members

    table = TableCalls("users", Watched)
    assert table.patch(1, UserUpdate(email="a@b"), if_match=None, ttl=None)
    assert {"email": "a@b"} not in looked
    assert refused(lambda: table.patch(1, UserUpdate(name=None), if_match=None, ttl=None)) == ["/name"]


def test_without_a_model_nothing_is_checked():
    assert TableCalls("users", dict[str, object]).create({"name": 5}, None)


def test_the_first_of_many_that_does_not_fit_is_told_by_its_place():
    with pytest.raises(InvalidRecord, match="does not satisfy the model User: one fault") as raised:
        [*USERS.bulks([{"name": "Ada"}, {"name": 5}], "error", None)]
    assert (raised.value.index, raised.value.faults[0].pointer) == (1, "/1/name")
