"""What the client sends as JSON, and what it says of values that JSON has not. No server is asked."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal

import pytest
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Member

from ramekin import errors
from ramekin.client import Batch
from ramekin.client.calls import TableCalls, load
from ramekin.client.sent import DEEPEST, as_body


class Int64:
    """As numpy's: a number that is none of Python's."""


class NoTime(dt.datetime):
    """As pandas' NaT: a time that has no year."""

    @property
    def year(self):
        return float("nan")


class Cat(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: int = 1
    weight: Int64 | None = Member(None, serialization_alias="weightKg")


@dataclasses.dataclass
class Dog:
    id: int
    weight: object


NOWHERE = NoTime(2026, 1, 1)


def refused(make):
    with pytest.raises(errors.InvalidRecord) as raised:
        make()
    [fault] = raised.value.faults
    return raised.value.index, fault.pointer, fault.detail


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (Int64(), ""),
        ({"age": Int64()}, "/age"),
        ({"a": 1, "tags": ["x", {"n/m": Int64(), "~": 2}]}, "/tags/1/n~1m"),
        ({"at": dt.datetime(2026, 1, 1), "until": NOWHERE}, "/until"),
        ({"price": Decimal("1.50"), "rates": (1, Int64())}, "/rates/1"),
        (Cat(weight=Int64()), "/weightKg"),
        ({"pets": [Cat(), Cat(weight=Int64())]}, "/pets/1/weightKg"),
        (Dog(1, Int64()), "/weight"),
        ({"blob": b"\xff"}, "/blob"),
    ],
)
def test_a_value_that_json_has_not_is_refused_where_it_stands(value, pointer):
    index, found, detail = refused(lambda: as_body(value))
    assert (index, found) == (None, pointer)
    assert detail.startswith("No JSON value stands for one of the type '")


def test_the_message_names_the_type_and_holds_no_value():
    assert refused(lambda: as_body({"age": Int64()}))[2].endswith("'Int64'.")


def test_a_value_that_holds_itself_is_refused():
    value = {"id": 1}
    value["me"] = value
    _, pointer, _ = refused(lambda: as_body(value))
    assert pointer == "/me" * DEEPEST


@pytest.mark.parametrize(
    ("value", "pointer", "what"),
    [
        ({"name": "half of a pair: \ud83d"}, "/name", "The text"),
        ({"tags": [{"\udc00": 1}]}, "/tags/0", "A member's name"),
    ],
)
def test_half_of_a_pair_is_told_as_that(value, pointer, what):
    _, found, detail = refused(lambda: as_body(value))
    assert (found, detail) == (pointer, f"{what} has a half of a pair of surrogates, which no text in UTF-8 has.")


def test_one_of_many_records_is_told_by_its_index():
    records = [{"id": 1}, {"id": 2, "n": [Int64()]}]
    assert refused(lambda: [*TableCalls("t", dict).bulks(records, "error", None)])[:2] == (1, "/1/n/0")


def test_a_record_of_a_batch_is_told_by_its_operation():
    batch = Batch().create("t", {"id": 1}).patch("t", 2, {"n": Int64()})
    assert refused(batch.body)[:2] == (None, "/operations/1/record/n")


def test_a_record_of_a_load_is_told_by_its_table():
    assert refused(lambda: load({"t": [{"id": 1}, {"n": Int64()}]}, False))[:2] == (None, "/t/1/n")


def test_dates_decimals_and_sets_are_sent_as_texts_and_arrays():
    sent = as_body({"at": dt.date(2026, 2, 28), "price": Decimal("1.50"), "tags": {"x"}, "span": dt.timedelta(1)})
    assert json.loads(sent) == {"at": "2026-02-28", "price": "1.50", "tags": ["x"], "span": "P1D"}


def test_an_instance_that_was_never_stored_has_no_id():
    class New(BaseModel):
        id: int | None = None
        owner: int | None = None

    assert json.loads(as_body(New())) == {"owner": None}
    assert json.loads(as_body(New(id=0))) == {"id": 0, "owner": None}
    assert json.loads(as_body(Dog(None, 5))) == {"weight": 5}
    assert json.loads(as_body({"id": None})) == {"id": None}  # which the server refuses
