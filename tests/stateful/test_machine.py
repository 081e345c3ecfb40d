"""Random sequences of operations, against a dictionary of dictionaries that shares no code with the engine."""

from __future__ import annotations

import asyncio
import json
import os
from functools import cmp_to_key

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ramekin import Database, RamekinError
from ramekin.database.changing import ChangeRequest
from ramekin.database.finding import FindRequest
from ramekin.database.join_request import JoinRequest
from ramekin.database.operations import Operation
from ramekin.engine.access import Access
from ramekin.errors import InvalidValue, UnknownField, UnknownTable
from ramekin.query.url import parse_sort
from ramekin.query.where import parse_where
from ramekin.schema.fields import Field, NoSchema
from ramekin.storage.indexes import FieldIndex
from tests import oracle

SEQUENCES = int(os.environ.get("SEQUENCES", "25"))
TABLES = st.sampled_from(["a", "b"])
IDS = st.one_of(st.integers(-3, 12), st.sampled_from(["x", "y", "é", "10", "3", "-1", "01"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([1.0, 0.5, "1", "x", "01", ""]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2),
    max_leaves=4,
)
RECORDS = st.dictionaries(st.sampled_from(["k", "n", "b_id"]), VALUES, max_size=3)
ORDERS = st.sampled_from(["k", "-k", "n", "-n", "id", "-id"])
CONDITIONS = st.one_of(
    st.just({}),
    st.builds(lambda name, value: {name: {"eq": value}}, st.sampled_from(["k", "n", "id", "k.l"]), VALUES),
    st.builds(
        lambda name, operator, value: {name: {operator: value}},
        st.sampled_from(["k", "n"]),
        st.sampled_from(["gt", "gte", "lt", "lte"]),
        st.integers(-2, 3) | st.sampled_from(["", "1", "x"]),
    ),
    st.builds(lambda name, values: {name: {"nin": values}}, st.sampled_from(["k", "n"]), st.lists(SCALARS, max_size=2)),
)


def field_of(order):
    return order.removeprefix("-")


def merged(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def contents(index):
    """Everything that an index holds, with its ids in order."""
    ids = [{value: list(index.find((kind, value))) for value in found} for kind, found in enumerate(index.postings)]
    return ids, [list(values) for values in index.values], list(index.absent)


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.database = Database()
        self.run(self.database.__aenter__())
        self.model: dict[str, dict[str, dict]] = {}

    @initialize()
    def begin_with_some_records(self):
        for table in ("a", "b"):
            self.bulk(table, [1, "x", 10])

    def teardown(self):
        self.run(self.database.__aexit__())
        self.loop.close()

    def run(self, work):
        return self.loop.run_until_complete(work)

    def outcome(self, operation):
        """Return (code of the error or None, record afterwards)."""
        try:
            done = self.run(self.database.apply(operation))
        except RamekinError as error:
            return error.code, None
        return None, None if done.body is None else json.loads(done.body)

    @rule(table=TABLES, id=IDS, record=RECORDS, conflict=st.sampled_from(["error", "ignore", "replace", "merge"]))
    def create(self, table, id, record, conflict):
        sent = {"id": id, **record}
        known = self.model.get(table, {}).get(str(id))
        code, stored = self.outcome(Operation("create", table, record=sent, on_conflict=conflict))
        if known is None:
            expected = sent
        elif conflict == "error":
            assert code == "record-exists"
            return
        else:
            expected = {
                "ignore": known,
                "replace": {**sent, "id": known["id"]},
                "merge": {**merged(known, sent), "id": known["id"]},
            }[conflict]
        assert (code, stored) == (None, expected)
        self.model.setdefault(table, {})[str(id)] = expected

    @rule(table=TABLES, id=IDS, record=RECORDS, upsert=st.booleans())
    def put(self, table, id, record, upsert):
        known = self.model.get(table, {}).get(str(id))
        code, stored = self.outcome(Operation("upsert" if upsert else "replace", table, str(id), record))
        if known is None and not upsert:
            self.is_told_absent(table, code)
            return
        expected = {"id": known["id"] if known else str(id), **record}
        assert (code, stored) == (None, expected)
        self.model.setdefault(table, {})[str(id)] = expected

    @rule(table=TABLES, id=IDS, patch=RECORDS)
    def patch(self, table, id, patch):
        known = self.model.get(table, {}).get(str(id))
        code, stored = self.outcome(Operation("patch", table, str(id), patch))
        if known is None:
            self.is_told_absent(table, code)
            return
        expected = merged(known, patch)
        assert (code, stored) == (None, expected)
        self.model[table][str(id)] = expected

    @rule(table=TABLES, id=IDS)
    def delete(self, table, id):
        code, _ = self.outcome(Operation("delete", table, str(id)))
        if str(id) in self.model.get(table, {}):
            assert code is None
            del self.model[table][str(id)]
        else:
            self.is_told_absent(table, code)

    def is_told_absent(self, table, code):
        assert code == ("record-not-found" if table in self.model else "unknown-table")

    @rule(table=TABLES, ids=st.lists(IDS, max_size=4))
    def create_many(self, table, ids):
        self.bulk(table, ids)

    def bulk(self, table, ids):
        records = [{"id": id, "k": i} for i, id in enumerate(ids)]
        keys = [str(id) for id in ids]
        clash = len(set(keys)) < len(keys) or any(key in self.model.get(table, {}) for key in keys)
        try:
            self.run(self.database.insert(table, records))
        except RamekinError as error:
            assert clash, error
            return
        assert not clash
        self.model.setdefault(table, {}).update(zip(keys, records, strict=True))

    @rule(table=TABLES, records=st.dictionaries(IDS.map(str), RECORDS, max_size=3), replace=st.booleans())
    def load(self, table, records, replace):
        rows = [{"id": key, **record} for key, record in records.items()]
        self.run(self.database.load([(table, None), *((table, row) for row in rows)], is_replacing=replace))
        if replace:
            self.model = {}
        known = self.model.setdefault(table, {})
        for row in rows:
            stands = known.get(row["id"], row)
            known[row["id"]] = {**row, "id": stands["id"]}

    @rule(table=TABLES)
    def drop(self, table):
        try:
            self.run(self.database.drop(table))
        except RamekinError:
            assert table not in self.model
            return
        del self.model[table]

    @rule(
        table=TABLES, limit=st.integers(1, 4), where=CONDITIONS, sort=st.lists(ORDERS, max_size=2, unique_by=field_of)
    )
    def walk(self, table, limit, where, sort):
        if table not in self.model:
            return
        found, cursor = [], None
        predicate, orders = parse_where(where, NoSchema()), parse_sort(sort, NoSchema())
        while True:
            request = FindRequest(table, predicate, orders, limit=limit, cursor=cursor, with_count=True)
            page = self.run(self.database.find(request))
            found += [json.loads(body) for body in page.rows]
            if page.cursor is None:
                break
            cursor = page.cursor
        chosen = [record for record in self.model[table].values() if oracle.holds(record, where)]
        assert found == oracle.ordered(chosen, sort)
        assert page.total == len(found)

    @rule(table=TABLES, where=CONDITIONS, patch=st.none() | RECORDS)
    def change(self, table, where, patch):
        request = ChangeRequest(table, parse_where(where, NoSchema()), patch, is_deletion=patch is None)
        try:
            done = self.run(self.database.change(request))
        except UnknownTable:
            assert table not in self.model
            return
        except InvalidValue:
            assert oracle.asks_for_what_is_not_held(self.model[table].values(), where)
            return
        except UnknownField:
            assert all(
                oracle.at(record, name) is oracle.ABSENT for record in self.model[table].values() for name in where
            )
            return
        chosen = [key for key, record in self.model[table].items() if oracle.holds(record, where)]
        assert done.matched == len(chosen)
        for key in chosen:
            if patch is None:
                del self.model[table][key]
            else:
                self.model[table][key] = merged(self.model[table][key], patch)

    @precondition(lambda self: {"a", "b"} <= set(self.model))
    @rule(
        left=st.sampled_from(["id", "k", "b_id", "k.l"]),
        right=st.sampled_from(["id", "k", "n"]),
        kind=st.sampled_from(["inner", "left", "right", "full"]),
        limit=st.integers(1, 5),
    )
    def join(self, left, right, kind, limit):
        found, cursor = [], None
        while True:
            request = JoinRequest("a", "b", f"{left}={right}", kind, limit=limit, cursor=cursor, with_count=True)
            page = self.run(self.database.join(request))
            found += [tuple(None if row is None else row[0] for row in pair) for pair in page.pairs]
            if page.cursor is None:
                break
            cursor = page.cursor
        pairs = oracle.joined(self.model["a"].values(), self.model["b"].values(), left, right, kind)
        assert found == [tuple(None if record is None else record["id"] for record in pair) for pair in pairs]
        assert page.total == len(found)

    @invariant()
    def the_tables_are_equal(self):
        figures = {info.stats.name: info.stats for info in self.run(self.database.tables())}
        assert set(figures) == set(self.model)
        for table, records in self.model.items():
            stored = self.run(self.dump(table))
            assert {str(record["id"]): record for record in stored} == records
            assert figures[table].records == len(records)
            assert figures[table].size_bytes == sum(
                len(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()) for record in stored
            )

    @invariant()
    def the_index_equals_a_scan(self):
        for table, records in self.model.items():
            by_key: dict = {}
            for record in records.values():
                key = oracle.matching(record.get("k"))
                if key is not None:
                    by_key.setdefault(key[1], []).append(record["id"])
            assert self.run(self.indexed(table, list(by_key))) == {
                key: sorted(ids, key=cmp_to_key(oracle.compare_ids)) for key, ids in by_key.items()
            }

    async def indexed(self, table, keys):
        """Return what the index of `k` holds: the ids of each key; that of no other key, and of no record twice."""
        field = Field(("k",))
        async with self.database.engine.tables.view([Access(table, equal=(field,))]) as view:
            assert [list(rows) for rows in await view.lookup(table, field, ["no such key"])] == [[]]
            found = await view.lookup(table, field, keys)
            return {key: [row[0] for row in rows] for key, rows in zip(keys, found, strict=True)}

    @invariant()
    def the_indexes_equal_ones_made_afresh(self):
        for table in self.model:
            self.run(self.sort_by_n(table))
            stored = self.database._engine.tables.catalog.table(table)
            assert {field.path for field in stored.indexes} >= {("k",), ("n",)}
            for field, index in stored.indexes.items():
                fresh = FieldIndex(field, is_sorted=index.is_sorted)
                for key, body in stored.records.bodies.items():
                    fresh.add(stored.records.id_of(key), body)
                assert contents(index) == contents(fresh)

    async def sort_by_n(self, table):
        async with self.database.engine.tables.view([Access(table, ordered=(Field(("n",)),))]):
            pass

    async def dump(self, table):
        async with self.database.snapshot([table]) as snapshot:
            return [json.loads(body) async for bodies in snapshot.view.batches(table) for body in bodies]


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=SEQUENCES, stateful_step_count=40, deadline=None)
