"""What a join looks at, in rows of both sides: it begins where the fewest are, and reads none that says nothing."""

import asyncio
import json

import pytest

from ramekin import Database
from ramekin.api.endpoints.joins import JOIN_TYPES
from ramekin.database.join_request import JoinRequest
from ramekin.engine.embedded_view import BATCH_ROWS, EmbeddedView
from ramekin.query.pairs import PairFields
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import NoSchema
from tests import oracle
from tests.each import first
from tests.oracles.generate import Generator

FREE = NoSchema()
USERS, LIMIT = 2000, 10
NAMES = ("users", "orders")
FIELDS = PairFields(NAMES, (FREE, FREE))


def user(i):
    return {"id": i, "at": i, "city": f"c{i % 10}", "boss": i % 7}


def order(i):
    """Return an order: two for each user but for the last hundred, whose orders are all of one."""
    return {
        "id": f"o{i:05}",
        "user_id": i // 2 if i < 2 * USERS - 200 else 5,
        "at": i,
        "total": i % 400,
        "boss": i % 500,
    }


class Tables:
    """Users and orders, and what their joins look at."""

    def __init__(self, users, orders):
        self.loop, self.sides = asyncio.new_event_loop(), (list(users), list(orders))
        self.database = self.loop.run_until_complete(Database().__aenter__())
        rows = [(name, each) for name, side in zip(NAMES, self.sides, strict=True) for each in [None, *side]]
        self.loop.run_until_complete(self.database.load(rows))

    def page(self, where, kind="inner", key="id=user_id", sort=(), **words):
        """Return a page and its explanation, after indexes were made."""
        request = JoinRequest(
            *NAMES,
            key,
            kind,
            where=parse_where(where, FIELDS),
            sort=parse_sort(sort, FIELDS),
            with_explain=True,
            **{"limit": LIMIT, **words},
        )
        self.loop.run_until_complete(self.database.join(request))
        return self.loop.run_until_complete(self.database.join(request))

    def ask(self, where, kind="inner", key="id=user_id", **words):
        """Return how many rows a join looked at, once its pairs are known to be right."""
        page = self.page(where, kind, key, **words)
        left, right = key.split("=")
        expected = [
            pair
            for pair in joined(*self.sides, left, right, kind)
            if oracle.holds(dict(zip(NAMES, pair, strict=True)), where)
        ]
        found = [tuple(None if row is None else json.loads(row[1]) for row in pair) for pair in page.pairs]
        if not words.get("sort"):
            assert found == expected[: words.get("limit", LIMIT)]
        assert all(pair in expected for pair in found)
        assert len(found) == min(len(expected), words.get("limit", LIMIT))
        return page.explain.rows_examined

    def close(self):
        self.loop.run_until_complete(self.database.__aexit__(None, None, None))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def all_pages(self, where, kind, key, sort, limit):
        found, cursor = [], None
        while True:
            request = JoinRequest(
                *NAMES,
                key,
                kind,
                where=parse_where(where, FIELDS),
                sort=parse_sort(sort, FIELDS),
                limit=limit,
                cursor=cursor,
                with_count=True,
            )
            page = self.loop.run_until_complete(self.database.join(request))
            found += [tuple(None if row is None else json.loads(row[1])["id"] for row in pair) for pair in page.pairs]
            cursor = page.cursor
            if cursor is None:
                assert page.total == len(found)
                return found


def joined(lefts, rights, left, right, kind):
    """Return pairs by a dictionary of the right side; `oracle.joined` compares each with each."""
    by_key, used, pairs = {}, set(), []
    for other in oracle.ordered(rights):
        key = oracle.matching(oracle.at(other, right))
        if key is not None:
            by_key.setdefault(key, []).append(other)
    for one in oracle.ordered(lefts):
        key = oracle.matching(oracle.at(one, left))
        matches = by_key.get(key, [])
        used |= {str(other["id"]) for other in matches}
        pairs += [(one, other) for other in matches]
        if not matches and kind in ("left", "full"):
            pairs.append((one, None))
    if kind in ("right", "full"):
        pairs += [(None, other) for other in oracle.ordered(rights) if str(other["id"]) not in used]
    return pairs


@pytest.fixture(scope="module")
def tables():
    tables = Tables(map(user, range(USERS)), map(order, range(2 * USERS)))
    yield tables
    tables.close()


@pytest.mark.parametrize("kind", ["inner", "left"])
def test_a_condition_on_the_right_side_leads_to_the_left_one(tables, kind):
    assert tables.ask({"orders.id": "o00077"}, kind) == 3  # the order, its user, and the pair
    assert tables.ask({"orders.id": {"in": ["o00077", "o03999", "none"]}}, kind) == 6
    assert tables.ask({"orders.at": 700}, kind) == 3
    assert tables.ask({"orders.at": {"gte": 700, "lt": 703}}, kind) <= 3 * 3
    assert tables.ask({"or": [{"orders.at": 700}, {"orders.id": "o00001"}]}, kind) <= 3 * 2
    assert tables.ask({"orders.id": "none"}, kind) == 0
    assert tables.ask({"orders.none": 5}, kind) == 0


def test_a_right_join_looks_at_the_right_rows_that_are_meant(tables):
    assert tables.ask({"orders.id": "o00077"}, "right") == 4  # once more, to see whether nothing matches it
    assert tables.ask({"orders.at": {"gte": 700, "lt": 703}}, "right") <= 4 * 3
    assert tables.ask({"users.id": 7}, "right") <= 3
    assert tables.ask({"users.city": "c3", "users.at": {"lt": 50}}, "right") <= 90


@pytest.mark.parametrize("key", ["boss=boss", "at=at", "at=id"])
def test_a_condition_on_the_right_side_leads_through_any_key(tables, key):
    rights = [each for each in tables.sides[1] if each["at"] == 700]
    pairs = joined(tables.sides[0], rights, *key.split("="), "inner")
    assert tables.ask({"orders.at": 700}, key=key) <= 1 + 2 * len(pairs)


@pytest.mark.parametrize(
    "sort", [["orders.at"], ["-users.at"], ["orders.total", "-users.id"], ["users.city", "users.at"]]
)
def test_an_order_does_not_keep_the_right_side_from_leading(tables, sort):
    assert tables.ask({"orders.total": 7}, sort=sort) <= 3 * 10 + 2
    assert tables.ask({"orders.id": "o00077"}, sort=sort) <= 3


def test_a_tree_begins_where_its_matches_are(tables):
    page = tables.page({"orders.id": "o00077"}, shape="tree")
    [tree] = page.trees
    assert (tree.left[0], [row[0] for row in tree.rights]) == (38, ["o00077"])
    assert page.explain.rows_examined == 3
    kept = tables.page({"orders.id": "o00077", "users.id": {"gte": 36}}, "left", shape="tree", limit=5)
    assert [(tree.left[0], len(tree.rights)) for tree in kept.trees] == [(36, 0), (37, 0), (38, 1), (39, 0), (40, 0)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 1])
@pytest.mark.parametrize("is_upper", [True, False])
def test_a_range_on_the_right_side_costs_its_rows_or_the_walk_to_the_page(tables, share, is_upper):
    size = int(2 * USERS * share)
    where = {"orders.at": {"gte": 2 * USERS - size} if is_upper else {"lt": size}}
    examined = tables.ask(where)
    assert examined <= 5 * size + 6 * (LIMIT + 1)
    if not is_upper and share > 0.1:
        assert examined <= 300  # the first users' orders are meant; one of them has two hundred


def test_records_without_a_match_are_found_without_a_look_at_matches(tables):
    tables.ask({"orders": {"null": True}}, "left")
    read = []
    for name in NAMES:
        records = tables.database.engine.tables.catalog.table(name).records
        records.bodies = Reading(records.bodies, name, read)
    try:
        assert tables.ask({"orders": {"null": True}}, "left") <= USERS
        assert "orders" not in read
        read.clear()
        assert tables.ask({"orders": {"null": True}, "users.at": {"gte": USERS - 50}}, "left") <= 50 + 2 * 11
        assert tables.ask({"orders": {"null": False}}, "left") == LIMIT + 1 + LIMIT
        assert tables.ask({"users": {"null": True}}, "full") <= 2 * USERS
        assert tables.ask({"users": {"null": True}, "orders.total": 7}, "full") == 10
        assert tables.ask({"users": {"null": True}, "orders": {"null": True}}, "full") == 0
        assert tables.ask({"users": {"null": True}, "orders.id": "o00077"}, "right") == 1
    finally:
        for name in NAMES:
            records = tables.database.engine.tables.catalog.table(name).records
            records.bodies = dict(records.bodies)


class Reading(dict):
    """Bodies that note of which table they are, each time one is handed out."""

    def __init__(self, bodies, name, read):
        super().__init__(bodies)
        self._name, self._read = name, read

    def __getitem__(self, key):
        self._read.append(self._name)
        return super().__getitem__(key)


def test_a_plain_page_costs_its_rows(tables):
    assert tables.ask({}) <= 2 * LIMIT + 1
    assert tables.ask({"users.id": 7}) == 3
    assert tables.ask({"users.id": {"gte": 1500}}) <= 2 * LIMIT + 1
    assert tables.ask({"users.at": {"gte": USERS * 99 // 100}}, "left") <= USERS // 100 + 4 * LIMIT


def test_a_count_and_an_order_by_the_right_side_say_that_they_look_at_all(tables):
    assert tables.page({}, sort=["-orders.total"]).explain.rows_examined == USERS + 2 * USERS
    counted = tables.page({"orders.total": 7}, with_count=True)
    assert (counted.total, counted.explain.rows_examined <= 2 * (3 * 10 + 2)) == (10, True)


def test_other_readings_of_a_key_are_tried_in_one_pass_over_each_table(monkeypatch):
    names = [f"a{i}_id" for i in range(20)]
    orders = [{"id": f"o{i}", **dict.fromkeys(names, "no"), "a5_id": i, "a3_id": i} for i in range(1500)]
    tables, looked_at, plain = Tables(map(user, range(1500)), orders), [], EmbeddedView.batches

    async def counted(self, table):
        async for bodies in plain(self, table):
            looked_at.append(len(bodies))
            yield bodies

    tables.page({}, key="at=a0_id")
    monkeypatch.setattr(EmbeddedView, "batches", counted)
    page = tables.page({}, key="at=a0_id")
    assert page.warnings == (
        "nothing matched; id=a3_id would (users.id = orders.a3_id)",
        "nothing matched; id=a5_id would (users.id = orders.a5_id)",
    )
    named = 2 * BATCH_ROWS  # records in which names are looked for
    assert sum(looked_at) <= 2 * (1500 + 1500 + named)  # the page was asked for twice
    tables.close()


class Conditions(Generator):
    """Conditions of which indexes answer many."""

    def tables(self):
        keys = self.choice([range(20), range(200)])
        lefts = [{"id": i, "k": self.choice([*keys, None]), "n": self.randrange(9)} for i in range(self.randrange(90))]
        rights = [
            {"id": f"r{i}", "k": self.choice([*keys, "1", "x", True]), "user": self.randrange(90), "n": i % 13}
            for i in range(self.randrange(150))
        ]
        return lefts, rights

    def one(self):
        side, name = self.choice(NAMES), self.choice(["k", "n", "n", "id"])
        value = self.choice([self.randrange(13), f"r{self.randrange(150)}"]) if name == "id" else self.randrange(13)
        operator = self.choice(["eq", "eq", "gte", "lt", "in", "ne", "null"])
        wanted = [value, value + 1] if operator == "in" and isinstance(value, int) else value
        if operator in ("null", "in") and not isinstance(wanted, list):
            return {self.choice(NAMES): {"null": self.random() < 0.5}}
        return {f"{side}.{name}": {operator: wanted}}

    def conditions(self):
        where = {}
        for _ in range(self.choice([0, 1, 1, 2, 3])):
            where.update(self.one())
        if self.random() < 0.3:
            where["or"] = [self.one(), {**self.one(), **self.one()}]
        if self.random() < 0.2:
            where["not"] = self.one()
        return where


@pytest.mark.parametrize("seed", first(3, range(20)))
def test_whichever_side_leads_the_pairs_are_the_same(seed):
    generator = Conditions(seed)
    for _ in range(2):
        tables = Tables(*generator.tables())
        for _ in range(10):
            where, kind = generator.conditions(), generator.choice(JOIN_TYPES)
            key = generator.choice(["id=user", "k=k", "k=user", "n=n"])
            sort = generator.choice(
                [[], [], ["users.n"], ["-users.n", "users.id"], ["orders.n"], ["-orders.k", "users.n"]]
            )
            expected = [
                pair
                for pair in joined(*tables.sides, *key.split("="), kind)
                if oracle.holds(dict(zip(NAMES, pair, strict=True)), where)
            ]
            ids = [tuple(None if side is None else side["id"] for side in pair) for pair in expected]
            limit = max(generator.choice([1, 3, 10, 100]), len(ids) // 15)
            found = tables.all_pages(where, kind, key, sort, limit)
            if sort:
                assert sorted(found, key=repr) == sorted(ids, key=repr), (where, kind, key, sort)
            else:
                assert found == ids, (where, kind, key)
        tables.close()
