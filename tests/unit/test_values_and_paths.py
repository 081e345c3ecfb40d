"""Join keys, field paths, and reading one field of a body."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.schema.fields import Field
from ramekin.storage.indexes import FieldIndex
from ramekin.values import codec
from ramekin.values.comparison import MISSING, join_key, kind_of, number_of_key
from ramekin.values.paths import FEW, member_names, parse_path, print_path, reader, row_reader, select, walk

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (-0.0, 0),
        (0, "0"),
        (2**53, float(2**53)),
        (1e20, "1e20"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (-2.5e100, "-2.5e100"),
        (1e19, "1e19"),
        (2**63 - 1, "9223372036854775807"),
        (float(2**63), "9.223372036854776e18"),
        (-(2**63), -float(2**63)),
        (-(2**63), "-9223372036854775808"),
        (1e16, "10000000000000000"),
        (1e16, 10**16),
        (1e21, "1e21"),
        (1e-5, "0.00001"),
        (-1.5e-5, "-0.000015"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        ("é", "é"),
        (True, True),
    ],
)
def test_equal_values_have_one_key(one, other):
    assert join_key(one) == join_key(other)
    assert type(join_key(one)) is type(join_key(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        ("true", True),
        (1, "01"),
        (1, "1.0"),
        (2**53 + 1, float(2**53)),
        (1e19, "10000000000000000000"),
        (1e16, "1e16"),
        (float(2**63), "9223372036854775808"),
        (1e-5, "1e-5"),
        (1e21, "1e+21"),
        (0.1, "0.10"),
        (0.1, ".1"),
        (0, "-0"),
        (-0.0, "-0.0"),
        ("a", "A"),
        ("é", "e\u0301"),
    ],
)
def test_different_values_have_different_keys(one, other):
    assert (type(join_key(one)), join_key(one)) != (type(join_key(other)), join_key(other))


NUMBERS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([2**53, 2**63, 10**16, 10**19, 10**21]).flatmap(lambda n: st.integers(n - 2, n + 2)).map(float)
    | st.builds(lambda digits, exponent: float(f"{digits}e{exponent}"), st.integers(-99, 99), st.integers(-330, 300))
)
"""Numbers as they may be stored: integers of 64 bits, and floats on both sides of where they are written otherwise."""


@given(NUMBERS)
def test_a_number_meets_the_text_that_is_its_shortest_form_and_no_other(number):
    shortest = str(int(number)) if number == int(number) and -(2**63) <= number < 2**63 else codec.dump(number).decode()
    assert join_key(number) == join_key(shortest) == shortest
    assert number_of_key(shortest) == number
    for text in {
        str(number),
        repr(number),
        f"{number:.20e}",
        f"{number:f}",
        f"+{shortest}",
        f"{shortest}.0",
        f"0{shortest}",
    }:
        if text != shortest:
            assert number_of_key(text) is None or join_key(number) != text


@given(
    NUMBERS,
    st.from_regex(r"\A-?[0-9]{1,22}(\.[0-9]{1,3})?(e[+-]?[0-9]{1,3})?\Z") | NUMBERS.map(str) | NUMBERS.map(json.dumps),
)
def test_a_number_and_a_text_meet_in_both_directions_or_in_none(number, text):
    numbers, texts = (FieldIndex(Field(("k",)), is_sorted=False) for _ in range(2))
    numbers.add(1, codec.dump({"k": number}))
    texts.add(1, codec.dump({"k": text}))
    meets = join_key(number) == join_key(text)
    assert bool(texts.find_joined(join_key(number))) is meets
    assert bool(numbers.find_joined(join_key(text))) is meets
    assert numbers.find_joined(join_key(number)) == texts.find_joined(join_key(text)) == [(1,)]


@given(NUMBERS, NUMBERS)
def test_numbers_have_one_key_where_they_are_equal(one, other):
    assert (join_key(one) == join_key(other)) is (one == other)


@pytest.mark.parametrize("text", ["", "-", "1e", "1e400", "-1e400", "inf", "nan", "9" * 5000, "1_0", "٥", "0x1"])
def test_what_no_number_is_written_as_is_the_key_of_texts_alone(text):
    assert number_of_key(text) is None


@pytest.mark.parametrize("value", [None, MISSING, [], [1], {}, {"a": 1}])
def test_what_matches_nothing_has_no_key(value):
    assert join_key(value) is None


def test_missing_is_false_and_says_its_name():
    assert not MISSING
    assert repr(MISSING) == "MISSING"


def test_kinds_have_the_names_of_json():
    assert [kind_of(v) for v in (None, True, 1, 1.5, "", [], {})] == [
        "null", "boolean", "number", "number", "text", "array", "object",
    ]  # fmt: skip


@given(st.lists(st.text(alphabet='ab.é0\\,-="\n', max_size=3), min_size=1, max_size=4).map(tuple))
def test_a_path_that_is_printed_is_parsed_again(path):
    assert parse_path(print_path(path)) == path


@pytest.mark.parametrize(
    ("path", "value"),
    [("a", {"b": [1, {"c": None}]}), ("a.b.0", 1), ("a.b.1.c", None), ("a.b.2", MISSING), ("a.b.01", MISSING), ("a.b.-1", MISSING),
     ("x\\.y", 5), ('""', 7), ('\\""', MISSING), ("\\", MISSING), ("x.y", MISSING), ("", 7), ("a.b.c", MISSING), ("x\\.y.z", MISSING), ("0", "zero")],
)  # fmt: skip
def test_a_path_leads_into_objects_and_arrays(path, value):
    record = {"a": {"b": [1, {"c": None}]}, "x.y": 5, "": 7, "0": "zero"}
    assert walk(record, parse_path(path)) == value
    assert reader(parse_path(path))(codec.dump(record)) == value


@given(st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=4))
def test_reading_a_field_of_a_body_is_reading_it_of_the_record(record):
    body = codec.dump(record)
    for name, value in record.items():
        read = reader((name,))
        for _ in range(FEW):  # behind them it decodes the field alone
            read(body)
        assert repr(read(body)) == repr(value)
    assert member_names(body) == list(record)


@given(JSON)
def test_what_is_printed_is_parsed_to_the_same_value(value):
    assert repr(codec.parse(codec.dump(value))) == repr(value)
    assert codec.parse(codec.dump(value)) == json.loads(codec.dump(value))


def test_select_keeps_places_and_order_and_adds_nothing():
    record = {"b": {"x": 1, "y": {"z": 2}}, "a": [10, {"k": 1, "l": 2}, 30], "c": 1}
    assert select(record, [("c",), ("b", "y", "z"), ("b", "none")]) == {"b": {"y": {"z": 2}}, "c": 1}
    assert select(record, [("a", "2"), ("a", "1", "k"), ("a", "9")]) == {"a": [{"k": 1}, 30]}
    assert select(record, [("c", "x"), ("none",)]) == {}


@pytest.mark.parametrize("paths", [["a"], ["a.b"], ["a.1"], ["a", "z"], ["a.b", "a.c", "z"], ["z.y"]])
def test_a_reader_finds_the_same_in_its_first_bodies_and_in_later_ones(paths):
    parsed = tuple(map(parse_path, paths))
    bodies = [b'{"a":{"b":1,"c":null}}', b'{"a":[0,{"b":2}],"z":"x"}', b'{"z":{"y":[]}}', b"{}"]
    expected = [[walk(codec.parse(body), path) for path in parsed] for body in bodies]
    for _ in range(FEW // 2):  # four bodies each
        assert [list(row_reader(parsed)(body)) for body in bodies] == expected
        assert [[reader(path)(body) for path in parsed] for body in bodies] == expected
