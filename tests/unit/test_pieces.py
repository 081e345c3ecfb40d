"""A long text is read piece by piece to the same value, or to the same error, as in one go."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.errors import BodyTooLarge, IntegerOutOfRange, MalformedJson, RamekinError
from ramekin.values import codec, pieces
from tests.each import each

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.sampled_from('a,"\\:[]{}é\n😀'), max_size=6),
)
NAMES = st.text(st.sampled_from('ab,"\\:[]{}'), max_size=3)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=5) | st.dictionaries(NAMES, v, max_size=5), max_leaves=30)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=6)


def steps(text):
    """Return what comes of a text, and in how many steps."""
    reading, count = pieces.read(text), 1
    while True:
        try:
            next(reading)
        except StopIteration as done:
            return done.value, count
        count += 1


def told(read, text):
    """Return what is read of a text, or what is said of it."""
    try:
        return read(text)
    except RamekinError as error:
        return type(error), error.message, error.faults


@given(RECORDS, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 30))
def test_a_text_has_the_same_value_and_is_printed_alike(record, indent, is_ascii, size):
    text = json.dumps(record, indent=indent, ensure_ascii=is_ascii).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)
        assert steps(text)[0] == codec.read(text)


@given(RECORDS, st.data(), st.integers(1, 30))
def test_of_a_text_that_is_wrong_the_same_is_told(record, data, size):
    text = json.dumps(record, ensure_ascii=False).encode()
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 3)))
    put = data.draw(
        st.sampled_from(
            [
                b",",
                b",,",
                b"[",
                b"]",
                b"{",
                b"}",
                b'"',
                b"\\",
                b"1",
                b"x",
                b":",
                b"\xff",
                b"\n",
                b"1e400",
                b"9" * 20,
            ]
        )
    )
    text = text[:begin] + put + text[end:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)
        assert told(lambda text: steps(text)[0], text) == told(codec.read, text)


@each(product([
        b'{"a":1,"b":2,"a":3}', b'{"o":{"a":1,"b":2,"c":3,"\\u0061":4}}', b'{"a":[1,2,[3,{"x":1},{"x":1}],4],"a":1}',
        b'{"a":1},{"b":2}', b'{"a":1,"b":2},', b'{"a":[1,,2]}', b'{"a":[,1]}', b'{"a":[1,]}', b'{"a":1,}', b'{"a":1,"b"}', b"[1,2],[3,4]", b"1,2",
        b'{"a":[1,2}', b'{"a":1,"b":[2]', b'{"a":"x,y', b"", b"\n ", b" , ", b'{"a":[12345678901234567890,1,2,x]}', b'{"a":[12345678901234567890,1,2,3]}',
        b'{"a":' + b'[1,' * 70 + b"1" + b"]" * 71 + b"}", b'{"a":' + b'[' * 63 + b"1,2,3" + b"]" * 63 + b"}",
        b'{"a":"\\ud800","b":1,"c":2}', b'{"a\\u003ab":1,"a:b":2}', b'{"a":"\\u003a","b":1,"b":2}',
    ], [1, 5, 12, 1000]))  # fmt: skip
def test_odd_texts_are_told_alike(case, monkeypatch):
    text, size = case
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    assert told(lambda text: steps(text)[0], text) == told(codec.read, text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"id":1,' + b",".join(b'"m%d":1' % i for i in range(9000)) + b"}",
        b'{"a":[' + b"[1,2]," * 9000 + b"1]}",
        b'{"a":[' + b'"\\u00e9",' * 9000 + b"1]}",
        b'{"a":{"b":[' + b'{"c":"x"},' * 9000 + b"1]}}",
    ],
)
def test_a_long_text_takes_a_step_for_each_piece(text):
    found, count = steps(text)
    assert found == codec.read(text)
    assert len(text) / pieces.PIECE_BYTES <= count <= len(text) / pieces.PIECE_BYTES + 2


def test_a_fault_far_behind_is_told_with_its_line_alone():
    numbers = b"1,\n" * 200_000
    with pytest.raises(MalformedJson) as raised:
        steps(b'{"a":[' + numbers + b"x]}")
    assert raised.value.faults[0].line == 200_001
    with pytest.raises(IntegerOutOfRange):
        steps(b'{"a":[' + numbers + b"9" * 20 + b"]}")
    with pytest.raises(MalformedJson):
        steps(b'{"a":[' + b"9" * 20 + b"," + numbers + b"x]}")


def test_parts_of_all_pieces_are_counted():
    with pytest.raises(BodyTooLarge):
        steps(b'{"a":[' + b"[]," * (codec.MAX_PARTS) + b"1]}")
    assert steps(b'{"a":[' + b'"[:{",' * codec.MAX_PARTS + b"1]}")
