"""`Database` called with arguments of any other type: refused by an error of ours in plain words, and nothing is done."""

import asyncio

import pytest
from pydantic import BaseModel

from ramekin import Database, Operation
from ramekin.errors import InvalidOperation, InvalidParameter, InvalidRecord, NumberNotFinite, RamekinError
from ramekin.schema.fitness import UnfitModel


class User(BaseModel):
    id: int


ODD = [None, True, 5, -1, 1.5, float("nan"), "text", "", "\ud800", b"x", [], [1], [None], ["q"], [[]], [()], [("q",)], {}, {"a": 1}, {1: 2}, (1, 2), {1}, object(), User(id=1), User, len]  # fmt: skip

CREATE = Operation("create", "q", record={"id": 9})
CALLS = {
    "get": (("q", 1), {}),
    "find": (("q",), {"where": {}, "sort": "id", "limit": 1, "offset": 0, "cursor": None, "count": True, "strict": False}),
    "find_groups": (("q",), {"group_by": "n", "aggregate": {"k": "count"}, "where": {}, "sort": "n"}),
    "join": (("q", "r", "id"), {"type": "inner", "shape": "pairs", "names": ("a", "b"), "where": {}, "sort": "a.id"}),
    "apply": ((CREATE,), {}),
    "write": (([CREATE],), {}),
    "replace": (("q", 1, {}), {"upsert": False, "expecting": None}),
    "patch": (("q", 1, {}), {"expecting": None}),
    "delete": (("q", 1), {"expecting": None}),
    "insert": (("q", [{"id": 5}]), {"on_conflict": "error", "is_parsed": False}),
    "change": (("q",), {"where": {}, "patch": {}, "max_affected": 1, "delete": False}),
    "define": (("z", {}), {}),
    "drop": (("z",), {}),
    "load": (([],), {"is_replacing": False}),
    "table": (("q",), {}),
    "revision": (("q",), {}),
    "field_names": (("q",), {}),
}  # fmt: skip
CASES = [(name, place) for name, (args, words) in CALLS.items() for place in (*range(len(args)), *words)]


async def opened():
    database = await Database().__aenter__()
    await database.load([("q", {"id": 1, "n": "a"}), ("r", {"id": 1})])
    return database


async def is_refused(call, *args, **words):
    """Say whether a call raises an error of ours; any other one passes on."""
    try:
        await call(*args, **words)
    except RamekinError as error:
        assert str(error).isprintable()
        return True
    return False


@pytest.mark.parametrize(("name", "place"), CASES)
def test_an_argument_of_another_type_is_refused_or_means_something(name, place):
    async def try_all():
        args, words = CALLS[name]
        refused = 0
        for odd in ODD:
            changed = [*args], {**words}
            changed[isinstance(place, str)][place] = odd
            refused += await is_refused(getattr(await opened(), name), *changed[0], **changed[1])
        assert refused, "some of them mean nothing"

    asyncio.run(try_all())


@pytest.mark.parametrize("member", ["op", "table", "address", "record", "precondition", "on_conflict"])
def test_a_member_of_an_operation_is_refused_or_means_something(member):
    async def try_all():
        for odd in ODD:
            words = {"op": "patch", "table": "q", "address": "1", "record": {}} | {member: odd}
            await is_refused((await opened()).apply, Operation(**words))
            await is_refused((await opened()).write, [CREATE, Operation(**words)])

    asyncio.run(try_all())


async def whole_tables(names):
    async with (await opened()).snapshot(names):
        pass


async def dumped(name):
    return [each async for each in (await opened()).dump(name)]


@pytest.mark.parametrize("read", [whole_tables, dumped])
def test_names_of_whole_tables_are_texts(read):
    for odd in ODD:
        asyncio.run(is_refused(read, odd))


@pytest.mark.parametrize("name", ["models", "directory", "fsync", "engine", "limits", "clock", "ids", "disk"])
def test_a_database_is_made_of_what_it_takes(name):
    for odd in ODD:
        if odd is not None and (name, odd) != ("models", {}):
            try:
                Database(**{name: odd})
            except (RamekinError, ValueError):
                continue
            assert (name, odd) in (("directory", "text"), ("directory", "\ud800")), odd


@pytest.mark.parametrize("model", [dict, User(id=1), int, None, "User"])
def test_a_model_is_a_class_of_pydantic(model):
    with pytest.raises(UnfitModel, match="a class made from Pydantic's BaseModel"):
        Database({"users": model})


SAID = [
    (lambda db: db.insert("t", None), InvalidParameter, "'records' is a record, or a list of records"),
    (lambda db: db.insert("t", "text"), InvalidParameter, "This one has the Python type 'str'"),
    (lambda db: db.load({"users": [{"id": 1}]}), InvalidRecord, "pairs of a table and a record"),
    (lambda db: db.write([{"op": "create"}]), InvalidOperation, "What is written is made of Operation"),
    (lambda db: db.apply({"op": "create"}), InvalidParameter, "'operation' is an Operation"),
    (lambda db: db.patch("q", 1, {}, expecting='{"id":1}'), InvalidParameter, "'expecting' is a body as `get`"),
    (lambda db: db.apply(Operation("patch", "q", "1", {}, "abc")), InvalidOperation, "'precondition' is a Precondition"),
    (lambda db: db.insert("q", {"a": {1: 2}}), InvalidRecord, "which JSON has not; names are text"),
    (lambda db: db.insert("q", {"a": float("nan")}), NumberNotFinite, "NaN, which JSON has not"),
    (lambda db: db.insert("q", {"a": float("inf")}), NumberNotFinite, "too large for a 64-bit float"),
    (lambda db: db.find(["q"]), InvalidParameter, "Give the name of a table, with words; or a FindRequest alone"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), SAID)
def test_what_is_said_names_the_argument_and_what_it_is(call, error, words):
    async def attempt():
        await call(await opened())

    with pytest.raises(error) as caught:
        asyncio.run(attempt())
    assert words in str(caught.value)
