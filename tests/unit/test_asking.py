"""`Database` asked in words of Python: they mean what HTTP's words mean, and what means nothing is refused."""

from __future__ import annotations

import asyncio

import pytest

import ramekin
from ramekin import Database, Operation, Precondition, errors
from ramekin.database.finding import FindRequest
from ramekin.samples.models import User

USERS = [{"id": i, "name": name, "age": age} for i, (name, age) in enumerate([("Ada", 36), ("Bo", 20), ("Cy", 50)])]
ORDERS = [{"id": i, "user_id": i % 2, "total": i * 10} for i in range(6)]


@pytest.fixture
def run():
    with asyncio.Runner() as runner:
        database = Database({"typed": User})
        runner.run(database.__aenter__())
        runner.run(database.load([*(("users", user) for user in USERS), *(("orders", order) for order in ORDERS)]))
        yield lambda work: runner.run(work(database))


def ids(page):
    return [record["id"] for record in page.records]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({}, [0, 1, 2]),
        ({"where": {"age": {"gte": 36}}}, [0, 2]),
        ({"where": {"or": [{"name": "Bo"}, {"age": 50}]}, "sort": "-age"}, [2, 1]),
        ({"sort": "-name"}, [2, 1, 0]),
        ({"sort": ["age", "name"]}, [1, 0, 2]),
        ({"limit": 1, "offset": 1}, [1]),
        ({"limit": 0}, []),
    ],
)
def test_find_reads_where_as_json_and_sort_as_text(run, words, found):
    assert ids(run(lambda db: db.find("users", **words))) == found


def test_a_cursor_leads_to_the_next_page(run):
    page = run(lambda db: db.find("users", sort="-age", limit=2, count=True))
    assert (ids(page), page.total) == ([2, 0], 3)
    page = run(lambda db: db.find("users", sort="-age", limit=2, cursor=page.cursor))
    assert (ids(page), page.cursor) == ([1], None)


def test_a_misspelt_field_is_a_warning_or_with_strict_an_error(run):
    assert "Did you mean" in run(lambda db: db.find("users", where={"nmae": "Bo"})).warnings[0].replace("did", "Did")
    with pytest.raises(errors.UnknownField, match="Did you mean 'name'"):
        run(lambda db: db.find("users", where={"nmae": "Bo"}, strict=True))


def test_a_join_gives_pairs_or_trees(run):
    pairs = run(lambda db: db.join("users", "orders", "id=user_id", where={"users.name": "Bo"}, sort="-orders.id"))
    assert [(user["name"], order["id"]) for user, order in pairs.records] == [("Bo", 5), ("Bo", 3), ("Bo", 1)]
    unmatched = run(lambda db: db.join("users", "orders", "user_id", type="left", where={"orders": None}))
    assert [(user["name"], order) for user, order in unmatched.records] == [("Cy", None)]
    trees = run(lambda db: db.join("users", "orders", "user_id", shape="tree", names=("u", "o"), limit=1))
    [(user, orders)] = trees.records
    assert (user["name"], [order["id"] for order in orders]) == ("Ada", [0, 2, 4])


def test_groups_have_figures(run):
    words = {"group_by": "user_id", "aggregate": {"n": "count", "sum": "sum:total"}, "sort": "-sum"}
    assert run(lambda db: db.find_groups("orders", **words)).records == [
        {"user_id": 1, "n": 3, "sum": 90},
        {"user_id": 0, "n": 3, "sum": 60},
    ]


def test_one_record_is_created_patched_replaced_and_deleted(run):
    [made] = run(lambda db: db.insert("users", {"name": "Di"}))
    assert (made.effect, made.record["name"], made.record["id"]) == ("created", "Di", made.key)
    assert run(lambda db: db.patch("users", made.key, {"age": 5, "name": None})).record == {"id": made.key, "age": 5}
    assert run(lambda db: db.replace("users", made.key, {"name": "Di"})).record == {"id": made.key, "name": "Di"}
    gone = run(lambda db: db.delete("users", made.key))
    assert (gone.effect, gone.record) == ("deleted", None)
    with pytest.raises(errors.RecordNotFound):
        run(lambda db: db.replace("users", made.key, {}))
    assert run(lambda db: db.replace("users", made.key, {}, upsert=True)).effect == "created"


def test_an_id_may_be_an_integer_or_its_text(run):
    assert run(lambda db: db.get("users", 1)) == run(lambda db: db.get("users", "1"))
    assert run(lambda db: db.patch("users", 1, {"age": 1})).key == "1"
    for wrong in (True, 1.0, None, b"1"):
        with pytest.raises(errors.InvalidId):
            run(lambda db, wrong=wrong: db.get("users", wrong))


def test_a_body_that_is_expected_guards_a_change(run):
    body = run(lambda db: db.get("users", 1))
    run(lambda db: db.patch("users", 1, {"age": 21}, expecting=body))
    for change in (
        lambda db: db.patch("users", 1, {"age": 22}, expecting=body),
        lambda db: db.replace("users", 1, {}, expecting=body),
        lambda db: db.delete("users", 1, expecting=body),
        lambda db: db.apply(Operation("patch", "users", "1", {"age": 22}, Precondition(frozenset({"*", "x"}), {"*"}))),
    ):
        with pytest.raises(errors.PreconditionFailed):
            run(change)
    assert run(lambda db: db.find("users", where={"id": 1})).records[0]["age"] == 21


def test_changes_by_condition(run):
    done = run(lambda db: db.change("orders", where={"total": {"gte": 30}}, patch={"big": True}))
    assert (done.matched, done.changed) == (3, 3)
    assert run(lambda db: db.change("orders", where={"big": True}, delete=True)).changed == 3
    with pytest.raises(errors.TooManyAffected):
        run(lambda db: db.change("orders", where={}, delete=True, max_affected=2))


def test_a_definition_is_said_as_over_http(run):
    info, is_new = run(lambda db: db.define("users", {"unique": ["name"], "schema": {"required": ["name"]}}))
    assert (info.schema, info.stats.definition.unique, is_new) == ({"required": ["name"]}, ("name",), False)
    with pytest.raises(errors.NotUnique):
        run(lambda db: db.insert("users", {"name": "Ada"}))
    with pytest.raises(errors.InvalidRecord) as refused:
        run(lambda db: db.insert("users", {"age": 1}))
    assert [fault.pointer for fault in refused.value.faults] == ["/name"]


def test_a_dump_of_one_database_is_the_load_of_another(run):
    async def copy(database):
        async with Database({"typed": User}) as other:
            return await other.load(database.dump("orders", "typed")), ids(await other.find("orders"))

    assert run(copy) == ({"orders": 6, "typed": 0}, [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda db: db.find("users", limit="1"), errors.InvalidParameter),
        (lambda db: db.find("users", limit=True), errors.InvalidParameter),
        (lambda db: db.find("users", offset=1.0), errors.InvalidParameter),
        (lambda db: db.find("users", count=1), errors.InvalidParameter),
        (lambda db: db.find("users", cursor=5), errors.InvalidParameter),
        (lambda db: db.find("users", cursor="x"), errors.InvalidCursor),
        (lambda db: db.find("users", cursor="x", offset=1), errors.ConflictingParameters),
        (lambda db: db.find("users", where="age>5"), errors.InvalidWhere),
        (lambda db: db.find("users", where=[]), errors.InvalidWhere),
        (lambda db: db.find("users", where={"age": {"gt": {1}}}), errors.InvalidRecord),
        (lambda db: db.find("users", where={5: 1}), errors.InvalidRecord),
        (lambda db: db.find("users", where={"age": {"above": 1}}), errors.UnknownOperator),
        (lambda db: db.find("users", sort=5), errors.InvalidSort),
        (lambda db: db.find("users", sort=[5]), errors.InvalidSort),
        (lambda db: db.find("users", sort=""), errors.InvalidSort),
        (lambda db: db.find("none"), errors.UnknownTable),
        (lambda db: db.write([Operation("replace", "none", "x" * 256, {"id": 1})]), errors.UnknownTable),
        (lambda db: db.find("typed", where={"nam": 1}), errors.UnknownField),
        (lambda db: db.find_groups("users"), errors.InvalidAggregate),
        (lambda db: db.find_groups("users", group_by="age", aggregate=["count"]), errors.InvalidAggregate),
        (lambda db: db.join("users", "orders", "user_id", type="outer"), errors.InvalidParameter),
        (lambda db: db.join("users", "orders", "user_id", where={"age": 1}), errors.UnknownField),
        (lambda db: db.join("users", "orders"), errors.InvalidKey),
        (lambda db: db.join("users", "users", "id"), errors.InvalidKey),
        (lambda db: db.change("users", patch={"a": 1}), errors.InvalidParameter),
        (lambda db: db.change("users", where={}), errors.ConflictingParameters),
        (lambda db: db.change("users", where={}, patch={}, delete=True), errors.ConflictingParameters),
        (lambda db: db.change("users", where={}, patch=[]), errors.InvalidRecord),
        (lambda db: db.patch("users", True, {}), errors.InvalidId),
        (lambda db: db.define("users", {"uniq": []}), errors.InvalidDefinition),
        (lambda db: db.define("users", []), errors.InvalidDefinition),
        (lambda db: db.find_groups("users", group_by="a\ud800"), errors.MalformedJson),
        (lambda db: db.find_groups("users", aggregate={1: "count"}), errors.InvalidRecord),
        (lambda db: db.join("users", "orders", "user_id", names=5), errors.InvalidSort),
        (lambda db: db.join("users", "orders", "user_id", names=("u",)), errors.InvalidParameter),
        (lambda db: db.join("users", "orders", "user_id", type=5), errors.InvalidParameter),
        (lambda db: db.change("users", where={}, delete=1), errors.InvalidParameter),
        (lambda db: db.change("users", where={}, patch={}, max_affected="2"), errors.InvalidParameter),
        (lambda db: db.change("users", where={}, patch={}, max_affected=True), errors.InvalidParameter),
        (lambda db: db.get(5, 1), errors.InvalidParameter),
        (lambda db: db.insert(None, {"id": 1}), errors.InvalidParameter),
        (lambda db: db.find("users", filter={}), TypeError),
        (lambda db: db.find("users", select=["id"]), TypeError),
        (lambda db: db.find("users", with_count=True), TypeError),
        (lambda db: db.find(FindRequest("users"), limit=1), errors.InvalidParameter),
        (lambda db: db.find(b"users"), errors.InvalidParameter),
    ],
)
def test_words_that_mean_nothing_are_refused(run, work, error):
    with pytest.raises(error):
        run(work)
    assert run(lambda db: db.find("users", count=True)).total == 3


def test_the_names_that_a_program_needs_are_at_the_root():
    assert set(ramekin.__all__) <= set(dir(ramekin))
    for name in ramekin.__all__:
        assert getattr(ramekin, name) is not None
    with pytest.raises(AttributeError):
        _ = ramekin.nothing


def test_operations_may_come_from_a_generator(run):
    outcomes = run(lambda db: db.write(Operation("create", "made", record={"id": i}) for i in range(3)))
    assert [outcome.key for outcome in outcomes] == ["0", "1", "2"]
    assert ids(run(lambda db: db.find("made"))) == [0, 1, 2]


@pytest.mark.parametrize("record", [{}, {"name": "Ada"}])
def test_an_upsert_without_address_and_id_is_refused(run, record):
    with pytest.raises(errors.InvalidOperation):
        run(lambda db: db.apply(Operation("upsert", "users", record=record)))
    with pytest.raises(errors.InvalidOperation):
        run(lambda db: db.write([Operation("upsert", "users", record=record)]))
