"""Random operations on a database and its branches, against dictionaries that are copied whole."""

from __future__ import annotations

import asyncio
import os
from copy import deepcopy

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ramekin import Database, RamekinError
from ramekin.storage.forks import own
from ramekin.storage.indexes import FieldIndex
from tests.stateful.test_machine import contents

SEQUENCES = int(os.environ.get("SEQUENCES", "25"))
NAMES = st.sampled_from(["main", "a", "b", "c"])
TABLES = st.sampled_from(["s", "t"])
IDS = st.one_of(st.integers(0, 6), st.sampled_from(["x", "3"]))
RECORDS = st.fixed_dictionaries({"k": st.integers(0, 3)})


class Machine(RuleBasedStateMachine):
    """`model` is what each branch holds: by table, records by the text of their id, and whether `k` is unique there."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.databases = {"main": Database()}
        self.run(self.databases["main"].__aenter__())
        self.databases["main"].checkpoint()
        self.model = {"main": {}}
        self.kept = {"main": {}}

    def run(self, awaitable):
        return self.loop.run_until_complete(awaitable)

    def on(self, name):
        name = name if name in self.databases else "main"
        return self.databases[name], self.model[name]

    def write(self, name, table, records, *, is_replacing=False):
        database, model = self.on(name)
        standing, is_unique = model.get(table, ({}, False))
        wanted = ({} if is_replacing else standing) | {str(record["id"]): record for record in records}
        if is_unique and len({record["k"] for record in wanted.values()}) < len(wanted):
            return
        if not is_replacing:
            self.run(database.insert(table, records, on_conflict="replace"))
            wanted = {
                key: record if key not in standing else record | {"id": standing[key]["id"]}
                for key, record in wanted.items()
            }
            model[table] = (wanted, is_unique)
        else:
            pairs = [(table, None), *((table, record) for record in records)]
            self.run(database.load(pairs, is_replacing=True))
            for other, (_, has_definition) in [*model.items()]:
                if other != table and has_definition:
                    model[other] = ({}, True)
                elif other != table:
                    del model[other]
            model[table] = (wanted, is_unique)

    @rule(name=NAMES, table=TABLES, record_id=IDS, record=RECORDS)
    def put(self, name, table, record_id, record):
        self.write(name, table, [{"id": record_id, **record}])

    @rule(name=NAMES, table=TABLES, first=st.integers(0, 3), count=st.sampled_from([0, 2, 60]), k=st.integers(0, 3))
    def write_many(self, name, table, first, count, k):
        self.write(name, table, [{"id": first + i, "k": k + i % 7} for i in range(count)])

    @rule(name=NAMES, table=TABLES, count=st.sampled_from([0, 3]))
    def load(self, name, table, count):
        self.write(name, table, [{"id": i, "k": i} for i in range(count)], is_replacing=True)

    @rule(name=NAMES, table=TABLES, record_id=IDS)
    def delete(self, name, table, record_id):
        database, model = self.on(name)
        if str(record_id) in model.get(table, ({}, False))[0]:
            self.run(database.delete(table, record_id))
            del model[table][0][str(record_id)]

    @rule(name=NAMES, table=TABLES)
    def drop(self, name, table):
        database, model = self.on(name)
        if model.pop(table, None) is not None:
            self.run(database.drop(table))

    @rule(name=NAMES, table=TABLES, is_unique=st.booleans())
    def define(self, name, table, is_unique):
        database, model = self.on(name)
        records = model.get(table, ({}, False))[0]
        is_refused = is_unique and len({record["k"] for record in records.values()}) < len(records)
        try:
            self.run(database.define(table, {"unique": ["k"]} if is_unique else {}))
        except RamekinError:
            assert is_refused
        else:
            assert not is_refused
            model[table] = (records, is_unique)

    @rule(name=NAMES, table=TABLES, order=st.sampled_from(["id", "k", "-k"]))
    def read_in_order(self, name, table, order):
        database, model = self.on(name)
        if table in model:
            page = self.run(database.find(table, where={"k": {"lte": 2}}, sort=order, limit=100))
            assert len(page.rows) == sum(record["k"] <= 2 for record in model[table][0].values())

    @rule(name=NAMES, source=NAMES)
    def branch(self, name, source):
        if name == "main" or source not in self.databases:
            return
        made, held = self.databases[source].branch(), deepcopy(self.model[source])
        self.forget(name)
        self.databases[name], self.model[name], self.kept[name] = made, held, deepcopy(held)

    def forget(self, name):
        if name in self.databases:
            self.databases.pop(name).let_go()
            del self.model[name]

    @rule(name=NAMES)
    def drop_branch(self, name):
        if name != "main":
            self.forget(name)

    @rule(name=NAMES)
    def checkpoint(self, name):
        if name in self.databases:
            self.databases[name].checkpoint()
            self.kept[name] = deepcopy(self.model[name])

    @rule(name=NAMES)
    def reset(self, name):
        if name in self.databases:
            self.run(self.databases[name].reset())
            self.model[name] = deepcopy(self.kept[name])

    @invariant()
    def each_counts_its_records(self):
        for name, database in self.databases.items():
            totals = database.engine.tables.totals()
            assert (totals.tables, totals.records) == (
                len(self.model[name]),
                sum(len(records) for records, _ in self.model[name].values()),
            )

    @rule(name=NAMES)
    def look(self, name):
        """Not at each after each step: a branch has tables of its own from when somebody looks."""
        database, model = self.on(name)
        self.run(self.check(database, model, self.kept[name if name in self.databases else "main"]))

    async def check(self, database, model, kept):
        found = {}
        async for table, record in database.dump():
            found.setdefault(table, {})
            if record is not None:
                found[table][str(record["id"])] = record
        assert found == {table: records for table, (records, _) in model.items()}
        assert in_some_order(await database.diff()) == difference(kept, model)
        for table in own(database.engine.tables.catalog):
            assert table.recount() == table.memory_bytes
            for field, index in table.indexes.items():
                anew = FieldIndex(field, is_sorted=index.is_sorted)
                anew.add_many((table.records.id_of(key), body) for key, body in table.records.bodies.items())
                assert contents(index) == contents(anew)
            if table.is_in_order:
                assert sorted(map(str, table.order)) == sorted(table.records.bodies)

    def teardown(self):
        for name in [*self.databases]:
            self.look(name)
            if name != "main":
                self.forget(name)
        main = self.databases["main"]
        main.checkpoint()
        memory = main._engine.tables.catalog.memory
        assert memory.family.size_bytes == memory.used_bytes
        self.run(main.__aexit__())
        self.loop.close()


def difference(kept, model):
    """Return what differs, in any order."""
    found = {}
    for table in {**kept, **model}:
        was, stands = kept.get(table, ({}, False))[0], model.get(table, ({}, False))[0]
        both = [key for key in was if key in stands and was[key] != stands[key]]
        each = {
            "created": [stands[key] for key in stands if key not in was],
            "replaced": [{"before": was[key], "after": stands[key]} for key in both],
            "deleted": [was[key] for key in was if key not in stands],
        }
        if any(each.values()):
            found[table] = each
    return in_some_order(found)


def in_some_order(diff):
    return {table: {op: sorted(some, key=repr) for op, some in each.items()} for table, each in diff.items()}


TestBranches = Machine.TestCase
TestBranches.settings = settings(max_examples=max(1, SEQUENCES // 4), stateful_step_count=25, deadline=None)
