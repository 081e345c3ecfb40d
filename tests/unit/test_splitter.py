"""Cutting a long text into records, wherever its chunks end."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ramekin.errors import DuplicateMember, MalformedCsv, MalformedJson, RamekinError
from ramekin.formats.csv_table import CsvTable
from ramekin.formats.record_text import ArrayText, CsvForm, CsvText, NdjsonText, records_in
from ramekin.formats.splitter import Splitter
from ramekin.schema.columns import UNTYPED
from ramekin.values import codec
from tests.unit.test_values_and_paths import JSON

RECORDS = st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=4)


def split(text, size, **options):
    splitter = Splitter(limit_bytes=10_000, **options)
    found = [
        (table, record)
        for start in range(0, max(1, len(text)), size)
        for table, record, _ in splitter.records(text[start : start + size])
        if record is not None
    ]
    splitter.finish()
    return found, list(splitter.tables)


@given(
    st.dictionaries(st.text(max_size=3), RECORDS, max_size=3),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_records_are_found_wherever_chunks_end(database, size, indent, ascii):
    text = json.dumps(database, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    expected = [(table, record) for table, records in database.items() for record in records]
    assert split(text, size) == (expected, list(database))


@given(RECORDS, st.integers(1, 40))
def test_an_array_is_a_table_without_a_name(records, size):
    found, tables = split(json.dumps(records).encode(), size, is_array=True)
    assert found == [("", record) for record in records]
    assert tables == [""]


@example(b'{"":[""]}', 1)
@given(st.binary(max_size=30) | st.text(alphabet='{}[]",:\\ a1\n', max_size=30).map(str.encode), st.integers(1, 9))
def test_any_text_is_either_a_database_or_an_error_of_ours(text, size):
    try:
        found, tables = split(text, size)
        is_good = all(isinstance(record, dict) for _, record in found)  # whoever stores them refuses the others
    except RamekinError:
        is_good = False
    if not is_good:
        with pytest.raises((ValueError, AssertionError, ZeroDivisionError)):
            check_database(text)
        return
    assert dict.fromkeys(tables) == dict.fromkeys(check_database(text))


def check_database(text):
    def unique(pairs):
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    value = json.loads(text.decode(), object_pairs_hook=unique, parse_constant=lambda _: 1 / 0)
    assert isinstance(value, dict)
    assert all(isinstance(rows, list) and all(isinstance(row, dict) for row in rows) for rows in value.values())
    codec.parse(text)
    return value


def test_positions_are_lines_and_columns():
    text = b'{"a": [\n  {"x": 1},\n\n {}],\n"b": [{}]}'
    found = [(record, at) for size in (1, 7, 100) for record, at in positions(text, size)]
    assert found == [({"x": 1}, (2, 3)), ({}, (4, 2)), ({}, (5, 7))] * 3


def positions(text, size):
    splitter = Splitter(limit_bytes=100)
    for start in range(0, len(text), size):
        yield from (
            (record, at) for _, record, at in splitter.records(text[start : start + size]) if record is not None
        )


def test_a_long_array_names_the_place_of_its_fault():
    text = b"[" + b'{"a":1},\n' * 30_000 + b'{"a":}]'
    with pytest.raises(MalformedJson, match=r"line 30001, column 6"):
        list(ArrayText(text, 1000))


def test_a_fault_among_records_of_one_line_is_named_by_its_column():
    text = b"[" + b'{"a":[1]}, ' * 300 + b'{"a":[1}]'
    with pytest.raises(MalformedJson, match=r"line 1, column 3309"):
        list(Splitter(limit_bytes=1000, is_array=True).records(text))


def test_a_member_sent_twice_is_named_among_records_of_one_line():
    text = b'[{"a":1},{"a":1,"a":2},{"a":3}]'
    with pytest.raises(DuplicateMember, match="'a' is there twice"):
        list(Splitter(limit_bytes=1000, is_array=True).records(text))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_ndjson_lines_are_found_wherever_chunks_end(size):
    text = b'{"a":1}\r\n\n[2]\n  3'
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    reader = NdjsonText(lambda: chunks, 1000)
    assert [(reader.line_of(()), record) for record in records_in(reader)] == [(1, {"a": 1}), (3, [2]), (4, 3)]


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b"]), st.text(alphabet='x",\r\n é', min_size=1), min_size=2), max_size=4
    )
)
def test_csv_that_is_written_is_read_again(records):
    table = CsvTable(["a", "b"])
    text = table.header() + table.rows(records)
    assert list(records_in(CsvText(lambda: [text], UNTYPED, 10_000, CsvForm(types="text")))) == records


@given(st.text(alphabet='ab",\r\n1', max_size=20))
def test_any_text_is_either_csv_or_an_error_of_ours(text):
    try:
        rows = list(records_in(CsvText(lambda: [text.encode()], UNTYPED, 10_000, CsvForm())))
    except MalformedCsv:
        return
    assert all(isinstance(record, dict) for record in rows)
