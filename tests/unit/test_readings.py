"""Readings against the readers that validate: what a model takes and writes, a condition reads, as the same thing."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, create_model

from ramekin.errors import InvalidRecord
from ramekin.schema.models import ModelSchema
from ramekin.values.comparison import MISSING, NUMBER, TEXT, TIME, join_key, order_key
from ramekin.values.readings import (
    can_read,
    canonical_uuid,
    comparer,
    join_keyer,
    read_duration,
    read_instant,
    read_time,
)

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
TYPES = {"instant": datetime, "date": date, "time": time, "duration": timedelta, "decimal": Decimal, "uuid": UUID}
ADAPTERS = {name: TypeAdapter(kind) for name, kind in TYPES.items()}
MODEL = ModelSchema(create_model("Model", id=int, **{name: (kind | None, None) for name, kind in TYPES.items()}))
ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
VALUES = {
    "instant": st.datetimes(timezones=ZONES),
    "date": st.dates(),
    "time": st.times(timezones=ZONES),
    "duration": st.timedeltas(),
    "decimal": st.decimals("-1e999", "1e999", allow_nan=False),
    "uuid": st.uuids(),
}
STARTS = {
    "instant": ["2024-03-11T10:00:00Z", "2024-02-29 23:59:59.123456+05:30", "0001-01-01t00:00z", "9999-12-31T23:59:59,5-2359"],
    "date": ["2024-03-11", "0001-01-01", "9999-12-31"],
    "time": ["10:00", "23:59:59.999999Z", "08:30:00-0330"],
    "duration": ["P1DT2H3M4.5S", "-P1W", "P1Y2M", "+P0.5Y", "PT36H"],
    "decimal": ["1.50", "-0.00", "1E+5", ".5", "5."],
    "uuid": ["018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f", "{018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f}"],
}  # fmt: skip


def measure(reading, value):
    """Return what Python's own value is worth: days, microseconds, or itself."""
    if reading == "instant":
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    if reading == "date":
        return value.toordinal()
    if reading == "time":
        since = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        return (since - (value.utcoffset() or timedelta())) // MICROSECOND
    return value // MICROSECOND if reading == "duration" else str(value) if reading == "uuid" else value


@pytest.mark.parametrize("reading", VALUES)
@given(data=st.data())
def test_what_a_model_writes_is_read_as_what_it_was(reading, data):
    value = data.draw(VALUES[reading])
    text = json.loads(ADAPTERS[reading].dump_json(value))
    assert can_read(reading, text)
    assert comparer(reading)(text)[1] == measure(reading, value)


@st.composite
def nearly(draw, reading):
    """Draw a text that is a few characters away from one that can be read."""
    text = list(draw(st.sampled_from(STARTS[reading])))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from(["", *"0123456789-+:.,TtZz WPYMDHSd{"]))
    return "".join(text)


@pytest.mark.parametrize("reading", VALUES)
@given(data=st.data())
def test_what_a_model_takes_is_read_as_what_it_takes_it_for(reading, data):
    text = data.draw(nearly(reading))
    try:
        MODEL.validate({"id": 1, reading: text})
    except InvalidRecord:
        return
    value = ADAPTERS[reading].validate_json(json.dumps(text), strict=True)
    assert can_read(reading, text), text
    found, wanted = comparer(reading)(text)[1], measure(reading, value)
    assert found == wanted or (reading == "duration" and abs(found - wanted) < 1)  # parts of a microsecond are rounded


@pytest.mark.parametrize("reading", ["instant", "date", "time"])
@given(data=st.data())
def test_what_is_read_is_what_a_model_takes(reading, data):
    text = data.draw(nearly(reading))
    is_more = text.startswith("0000") or (reading == "instant" and len(text) == 10) or re.search("[.,][0-9]{7}", text)
    if can_read(reading, text) and not is_more:  # a year 0, a date alone, parts of a microsecond
        MODEL.validate({"id": 1, reading: text})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
        ("2017-01-01T05:29:60.5+05:30", "2017-01-01T00:00:00.5"),
        ("0000-12-31T23:00:00-01:00", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+00:01", "0000-12-31T23:59:00Z"),
        ("2024-03-11", "2024-03-11T00:00:00+00:00"),
        ("2024-03-11T00:00:00.1234567890000Z", "2024-03-11t00:00:00.123456789z"),
    ],
)
def test_instants_of_the_standard_that_python_cannot_hold_are_read(one, other):
    assert read_instant(one) == read_instant(other) is not None


def test_digits_beyond_the_microsecond_count():
    texts = ["2024-03-11T00:00:00Z", "2024-03-11T00:00:00.0000001Z", "2024-03-11T00:00:00.0000002Z"]
    assert len({read_instant(text) for text in texts}) == 3
    assert sorted(texts, key=read_instant) == texts
    assert read_duration("PT0.0000001S") > read_duration("PT0S")
    assert read_time("00:00:00." + "1" * 30) is not None
    assert read_time("00:00:00." + "1" * 31) is None


@pytest.mark.parametrize(
    "text",
    ["2016-12-31T23:59:61Z", "2016-12-31T22:59:60Z", "2016-12-31T23:59:60+01:00", "2024-03-11T24:00:00Z", "2024-W10-1"],
)
def test_what_no_clock_shows_is_no_instant(text):
    assert read_instant(text) is None
    assert comparer("instant")(text) == (TEXT, text)


def test_a_year_has_365_days_and_a_month_30():
    assert read_duration("P1Y") == read_duration("P12M5D") == read_duration("P365D")
    assert ADAPTERS["duration"].validate_json('"P1Y2M"') // MICROSECOND == read_duration("P1Y2M")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
@example(0.1)
def test_a_number_is_the_decimal_that_it_is_printed_as(number):
    assert comparer("decimal")(number) == comparer("decimal")(repr(number))


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1_000", " 1", "1 ", "1e99999", "٥", "", "0x1", "1e", "."]
)
def test_what_python_alone_takes_for_a_decimal_is_none(text):
    assert comparer("decimal")(text) == (TEXT, text)
    assert not can_read("decimal", text)


def test_an_exponent_has_four_digits_at_the_most():
    huge = comparer("decimal")("1e9999")
    assert huge[0] == NUMBER
    assert huge > comparer("decimal")("9" * 300)
    assert not can_read("decimal", "1e10000")


@pytest.mark.parametrize("reading", ["plain", *VALUES])
@pytest.mark.parametrize("value", [None, MISSING, True, 5, [1], {"a": "2024-03-11"}, "banana"])
def test_only_texts_are_read(reading, value):
    assert comparer(reading)(value) == order_key(value)
    if not (reading == "decimal" and type(value) is int):
        assert join_keyer(reading)(value) == join_key(value)


def test_what_is_read_alike_is_matched_by_value_and_the_rest_as_it_stands():
    key = join_keyer("instant")
    assert key("2024-03-11T01:00:00+01:00") == key("2024-03-11") == (TIME, read_instant("2024-03-11"))
    assert key("banana") == "banana"
    assert join_keyer("decimal")(1.5) == join_keyer("decimal")("1.50")
    assert join_keyer("uuid")("{018CC251-F400-7C3E-8F4A-6A1B2C3D4E5F}") == "018cc251-f400-7c3e-8f4a-6a1b2c3d4e5f"
    assert canonical_uuid("018CC251") == "018CC251"
