"""One long string, number or row takes time and memory by its length, wherever it stands and wherever chunks end."""

import json
import sys
import time
import tracemalloc
from itertools import chain

import pytest

from ramekin.errors import BodyTooLarge, MalformedCsv, MalformedJson
from ramekin.formats.delimited import MAX_CELLS, read_rows
from ramekin.formats.record_text import CHUNK_BYTES, ArrayText, CsvForm, CsvText, chunks_of
from ramekin.formats.splitter import PAUSE, Splitter
from ramekin.schema.columns import UNTYPED
from ramekin.values import codec, places
from ramekin.values.pieces import PIECE_BYTES

MIB = 1024 * 1024
LIMIT = 3 * MIB
ESCAPES, SLASHES = b"\\u00e9" * (LIMIT // 3), b"\\\\" * LIMIT
LONG = {
    "text": b'[{"a":"%b"}]' % ESCAPES,
    "backslashes": b'[{"a":"%b"}]' % SLASHES,
    "name": b'[{"%b":1}]' % ESCAPES,
    "bare text": b'["%b"]' % ESCAPES,
    "bare digits": b"[%b]" % (b"1" * 2 * LIMIT),
}
ROWS = {
    "quotes": b'a\n"%b"\n' % (b'""' * LIMIT),
    "commas": b"a\n%b\n" % (b"," * (LIMIT // 2)),
    "columns": b",".join([b"c%d" % i for i in range(MAX_CELLS + 1)]) + b"\n",
}


def csv(text, limit_bytes=LIMIT):
    return CsvText(lambda: chunks_of(text), UNTYPED, limit_bytes, CsvForm())


def refused(open_records):
    """Return how long it takes until records are refused, and how much is held meanwhile."""
    begin = time.process_time()
    with pytest.raises(BodyTooLarge):
        list(open_records())
    took_s = time.process_time() - begin
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            list(open_records())
        return took_s, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", LONG)
def test_a_record_that_is_too_long_is_refused_soon_and_held_once(kind):
    took_s, held_bytes = refused(lambda: ArrayText(LONG[kind], LIMIT))
    assert took_s < 0.5
    assert held_bytes < 3 * LIMIT


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_that_is_too_long_is_refused_soon_and_in_little_memory(kind):
    took_s, held_bytes = refused(lambda: csv(ROWS[kind]))
    assert took_s < 1
    assert held_bytes < 8 * LIMIT


@pytest.mark.parametrize("cell", ["1", '""', '"a,b"'])
@pytest.mark.parametrize("size", [5, 10**6])
def test_a_row_has_so_many_cells(cell, size, monkeypatch):
    monkeypatch.setattr("ramekin.formats.delimited.MAX_CELLS", 500)
    monkeypatch.setattr("ramekin.formats.delimited.FEW_CELLS", 100)
    names, row = ",".join([f"c{i}" for i in range(500)]), ",".join([cell] * 500)
    text = f"{names}\n{row}\n".encode()
    rows = read_rows([text[at : at + size] for at in range(0, len(text), size)], ",", LIMIT)
    assert sum(row is not None for row in rows) == 2
    text = text[:-1] + f",{cell}\n".encode()
    with pytest.raises(BodyTooLarge, match="500 cells"):
        list(read_rows([text[at : at + size] for at in range(0, len(text), size)], ",", LIMIT))


@pytest.mark.parametrize("text", [b'{"a":"%b",}' % ESCAPES, b'{"a":"%b",}' % SLASHES, b'{"%b":}' % ESCAPES], ids=["escapes", "backslashes", "name"])  # fmt: skip
def test_what_is_wrong_behind_a_long_string_is_found_in_little_memory(text):
    tracemalloc.start()
    try:
        with pytest.raises(MalformedJson, match="not valid JSON"):
            codec.parse(text)
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


def test_what_is_wrong_behind_many_strings_is_found_in_little_memory():
    tracemalloc.start()
    try:
        with pytest.raises(MalformedJson):
            list(ArrayText(b'[{"a":[%b]}]' % (b'"",' * 100_000), LIMIT))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_a_record_that_is_long_is_cut_out_with_pauses():
    text = b'[{"id":1},{"id":2,"a":[%b0]},3]' % (b'"",' * 200_000)
    read = list(ArrayText(text, LIMIT))
    assert [each for each in read if each is not PAUSE] == json.loads(text)
    assert read.index(PAUSE) == 1
    assert read.count(PAUSE) >= len(text) // CHUNK_BYTES + len(text) // PIECE_BYTES


def test_a_fault_far_behind_is_found_in_few_tokens_and_bytes(monkeypatch):
    walked = []
    scalar = places._Walk._scalar
    monkeypatch.setattr(places._Walk, "_scalar", lambda walk, sign: walked.append(walk.at) or scalar(walk, sign))
    for text in (b'{"a":[' + b"1," * 500_000 + b"x]}", b'{"a":["' + b"x" * MIB + b'",x]}'):
        with pytest.raises(MalformedJson):
            codec.parse(text)
    assert len(walked) <= places.MAX_WALKED


def test_python_values_are_checked_by_a_few_calls_for_each_array_and_object():
    value = {"a": ["x"] * 100_000, "b": [1.5] * 100_000, "c": {str(i): None for i in range(100_000)}}
    calls = []
    sys.setprofile(lambda frame, event, _: calls.append(event) if event == "call" else None)
    try:
        codec.check_value(value)
    finally:
        sys.setprofile(None)
    assert len(calls) < 50


def test_columns_are_looked_at_one_a_step():
    assert sum(found is PAUSE for found in csv(b"a,b,c,d\n")) >= 4


def test_a_name_that_stands_twice_is_found_among_many():
    with pytest.raises(MalformedCsv, match="'c89999' twice"):
        list(csv(b",".join([b"c%d" % i for i in range(90_000)]) + b",c89999\n"))


@pytest.mark.parametrize("size", [1, 2, 3, 300, 20_000])
@pytest.mark.parametrize("around", ['{"a":"%s"}', '{"%s":[1,{"b":"%s"}]}', '"%s"', '{"a":{"%s":[]}}'])
def test_long_strings_end_where_they_end_wherever_chunks_do(around, size):
    inside = 'x]}\\"\\\\\\u00e9' * (2000 if size > 9 else 60)
    element = around.replace("%s", inside)
    text = f"[{element}, {element}]".encode()
    cutter = Splitter(limit_bytes=10**6, is_array=True)
    read = [record for at in range(0, len(text), size) for _, record, _ in cutter.records(text[at : at + size])]
    found = [record for record in read if record is not None]  # that is a pause
    cutter.finish()
    assert len(found) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize("size", [1, 7, 500])
@pytest.mark.parametrize("around", ['[{"a":"%s"}]', '["%s"]', '[{"%s":1}]'])
def test_a_line_end_in_a_long_string_is_refused_where_it_stands(around, size):
    text = around.replace("%s", "x" * 1000 + "\n").encode() + b" " * 5000
    cutter = Splitter(limit_bytes=10**6, is_array=True)
    chunks = (text[at : at + size] for at in range(0, 1500, size))
    with pytest.raises(MalformedJson, match="line 1"):
        list(chain.from_iterable(map(cutter.records, chunks)))
