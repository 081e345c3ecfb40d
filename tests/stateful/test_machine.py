"""Random sequences of operations, against a dictionary of dictionaries that shares no code with the engine."""

from __future__ import annotations

import asyncio
import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ramekin import Database, RamekinError
from ramekin.engine.base import Access
from ramekin.joining import JoinRequest
from ramekin.operations import Operation

TABLES = st.sampled_from(["a", "b"])
IDS = st.one_of(st.integers(-3, 12), st.sampled_from(["x", "y", "é", "10", "3", "-1", "01"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([1.0, 0.5, "1", "x", "01", ""]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2),
    max_leaves=4,
)
RECORDS = st.dictionaries(st.sampled_from(["k", "n", "b_id"]), VALUES, max_size=3)


def id_order(record_id):
    return (0, record_id, "") if isinstance(record_id, int) else (1, 0, record_id)


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


def matching(value):
    """The oracle's own reading of equality: a pair of kind and text, or None."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (int, float)):
        return ("text", str(int(value)) if float(value).is_integer() else repr(value))
    return ("text", value) if isinstance(value, str) else None


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
        if records:
            self.model.setdefault(table, {}).update(zip(keys, records, strict=True))

    @rule(table=TABLES, records=st.dictionaries(IDS.map(str), RECORDS, max_size=3), replace=st.booleans())
    def load(self, table, records, replace):
        rows = [{"id": key, **record} for key, record in records.items()]
        self.run(self.database.load([(table, None), *((table, row) for row in rows)], is_replacing=replace))
        if replace:
            self.model = {}
        self.model.setdefault(table, {}).update({row["id"]: row for row in rows})

    @rule(table=TABLES)
    def drop(self, table):
        try:
            self.run(self.database.drop(table))
        except RamekinError:
            assert table not in self.model
            return
        del self.model[table]

    @rule(table=TABLES, limit=st.integers(1, 4))
    def walk(self, table, limit):
        if table not in self.model:
            return
        found, after = [], None
        while True:
            page = self.run(self.database.find(table, after=after, limit=limit))
            found += [record_id for record_id, _ in page.rows]
            if not page.has_more:
                break
            after = found[-1]
        assert found == sorted((record["id"] for record in self.model[table].values()), key=id_order)

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
        assert found == self.nested_loops(left, right, kind)
        assert page.total == len(found)

    def nested_loops(self, left, right, kind):
        def value(record, path):
            for name in path.split("."):
                if isinstance(record, list) and name.isdigit() and int(name) < len(record):
                    record = record[int(name)]
                else:
                    record = record.get(name) if isinstance(record, dict) else None
            return matching(record)

        def rows(table):
            return sorted(self.model[table].values(), key=lambda record: id_order(record["id"]))

        pairs, used = [], set()
        for one in rows("a"):
            key = value(one, left)
            matches = [other["id"] for other in rows("b") if key is not None and value(other, right) == key]
            pairs += [(one["id"], other) for other in matches]
            used |= {str(other) for other in matches}
            if not matches and kind in ("left", "full"):
                pairs.append((one["id"], None))
        if kind in ("right", "full"):
            pairs += [(None, other["id"]) for other in rows("b") if str(other["id"]) not in used]
        return pairs

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
                key = matching(record.get("k"))
                if key is not None:
                    by_key.setdefault(key[1], []).append(record["id"])
            assert self.run(self.indexed(table, list(by_key))) == {
                key: sorted(ids, key=id_order) for key, ids in by_key.items()
            }

    async def indexed(self, table, keys):
        """Return what the index of `k` holds: the ids of each key, and of a key that no record has."""
        path = ("k",)
        async with self.database.engine.snapshot([Access(table, paths=(path,))]) as view:
            assert await view.lookup(table, path, "no such key") == []
            assert sum(len(view._indexes[table, path].find(key)) for key in view._indexes[table, path].postings) == sum(
                [len(await view.lookup(table, path, key)) for key in keys]
            )
            return {key: [row[0] for row in await view.lookup(table, path, key)] for key in keys}

    async def dump(self, table):
        async with self.database.snapshot(table) as snapshot:
            return [json.loads(body) async for bodies in snapshot.view.batches(table) for body in bodies]


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
