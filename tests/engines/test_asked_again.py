"""An engine that finds an error may have been behind: it looks what has happened, and asks for the step once more."""

from __future__ import annotations

import json

import pytest

from ramekin import Database
from ramekin.changes import Change, Written
from ramekin.database.changing import ChangeRequest
from ramekin.database.operations import Operation
from ramekin.database.precondition import Precondition
from ramekin.engine.embedded import Embedded
from ramekin.errors import BodyTooLarge, PreconditionFailed, RamekinError, RecordNotFound
from ramekin.limits import Limits
from ramekin.schema.definition import NOTHING_CHECKED

pytestmark = pytest.mark.anyio


class AsksAgain(Embedded):
    """Lets another one's step happen in between, once; where the step cannot be made then, it asks for it again."""

    between = None

    async def apply(self, step, expecting=NOTHING_CHECKED, work=None):
        if callable(step) and self.between is not None:
            between, self.between = self.between, None
            assert await super().apply(between) is not None
            with pytest.raises(RamekinError):
                step()
        return await super().apply(step, expecting, work)

    def lets_in(self, table, key, after):
        """Have a record written by another one when the next step is made."""
        self.between = Written([Change(table, key, self.ahead(table, key), after)])


@pytest.fixture
async def database():
    limits = Limits(record_bytes=200)
    async with Database(engine=AsksAgain(), limits=limits) as database:
        await database.insert("t", [{"id": i, "v": 100} for i in range(3)])
        yield database


async def values(database):
    return {record["id"]: record["v"] for table, record in [pair async for pair in database.dump("t")] if record}


async def test_a_batch_with_a_record_that_is_gone_meanwhile_changes_nothing(database):
    database.engine.lets_in("t", "0", None)
    with pytest.raises(RecordNotFound):
        await database.write([Operation("patch", "t", str(i), {"v": 1}) for i in (0, 1)])
    assert await values(database) == {1: 100, 2: 100}


async def test_a_batch_whose_condition_does_not_hold_any_more_changes_nothing(database):
    await database.insert("u", [{"id": 1}])
    new = Precondition(if_none_match=frozenset("*"))
    database.engine.lets_in("u", "0", b'{"id":0}')
    with pytest.raises(PreconditionFailed):
        await database.write([Operation("patch", "t", "1", {"v": 1}), Operation("upsert", "u", "0", {"id": 0}, new)])
    assert await values(database) == {0: 100, 1: 100, 2: 100}


async def test_several_changes_of_one_record_happen_all_or_not_at_all(database):
    database.engine.lets_in("t", "0", json.dumps({"id": 0, "v": 0, "long": "x" * 150}).encode())
    with pytest.raises(BodyTooLarge):
        await database.write([Operation("patch", "t", "0", {"v": 1}), Operation("patch", "t", "0", {"more": "x" * 40})])
    assert await values(database) == {0: 0, 1: 100, 2: 100}


async def test_a_change_by_condition_leaves_no_record_out(database):
    database.engine.lets_in("t", "1", json.dumps({"id": 1, "v": 1, "long": "x" * 150}).encode())
    with pytest.raises(BodyTooLarge):
        await database.change(ChangeRequest("t", patch={"v": 5, "more": "x" * 40}))
    assert await values(database) == {0: 100, 1: 1, 2: 100}
