"""Rows of CSV: cut wherever the chunks end, and told where they are wrong."""

import csv
import io
from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ramekin.errors import BodyTooLarge, MalformedCsv, RamekinError
from ramekin.formats.delimited import quoted, read_rows, write_row
from ramekin.schema.columns import Quoted
from tests.each import each

SIZES = (1, 2, 3, 7, 1000)


def rows(text, size=1000, delimiter=",", limit=10_000):
    data = text.encode() if isinstance(text, str) else text
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    return [row for row in read_rows(chunks, delimiter, limit) if row is not None]


def cells(text, **options):
    return [found for _, found in rows(text, **options)]


@pytest.mark.parametrize("size", SIZES)
def test_rows_end_with_any_line_end_and_blank_lines_are_passed_over(size):
    assert rows("a,b\r\n\r\n1,2\n3,4\r5,6", size) == [
        (1, ["a", "b"]), (3, ["1", "2"]), (4, ["3", "4"]), (5, ["5", "6"])
    ]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_a_row_is_named_by_the_line_it_begins_on_whatever_its_cells_hold(size):
    text = 'a,b\r\n"x\r\ny\n\rz","1"\r\n3,4\n'
    assert rows(text, size) == [(1, ["a", "b"]), (2, ["x\r\ny\n\rz", "1"]), (6, ["3", "4"])]


@pytest.mark.parametrize("text", ['a,b\r\n"x","1"\r\n"x""y",2\r\n\r\n,""\r\n', "\ufeffé,b\r\n1,2\r\n"])
def test_a_text_may_be_cut_in_two_anywhere(text):
    data = text.encode()
    whole = rows(data, limit=100)
    for cut in range(len(data) + 1):
        assert [*filter(None, read_rows([data[:cut], data[cut:]], ",", 100))] == whole, cut


@pytest.mark.parametrize("size", SIZES)
def test_a_cell_in_quotes_is_told_from_one_without(size):
    [_, row] = cells('a,b,c,d\n"",,"1""2",1"2\n', size=size)
    assert row == ["", "", '1"2', '1"2']
    assert [type(cell) is Quoted for cell in row] == [True, False, True, False]


@pytest.mark.parametrize("size", SIZES)
def test_a_byte_order_mark_is_passed_over_and_utf_16_is_named(size):
    assert cells("\ufeffa,b\n1,2\n", size=size) == [["a", "b"], ["1", "2"]]
    with pytest.raises(MalformedCsv, match="UTF-16"):
        rows("a,b\n1,2\n".encode("utf-16"), size)


@each(product(SIZES, [
        ("a,b\n1,2\n3\n4,5\n", 3, "has 1 cells, the header 2"),
        ('a,b\n"x\ny",1\n3\n', 4, "has 1 cells"),
        ('a,b\n"x\ny",1,2\n', 2, "has 3 cells"),
        ('a\n1\n"x\ny\nz\n', 3, "never closed"),
        ('a,b\n1,"x\n2,"y"\n', 2, "More text follows the quotes"),
        ('a\n"x" \n', 2, "More text follows the quotes"),
        (b"a\n1\n\xff\n", 3, "not UTF-8"),
        (b'a\n"x\n\xff"\n', 3, "not UTF-8"),
        ("\n\na,b,a\n", 3, "names 'a' twice"),
        ("a,,b\n", 1, "no name for column 2"),
        ("a;b;c\n1;2;3\n", 1, "say ';' as the delimiter"),
        ("a\tb,c\td\n", 1, "say 'tab' as the delimiter"),
        ("a|b\n", 1, "say '|' as the delimiter"),
        ("id;amount, net;amount, gross\n1;2,50;3,10\n", 1, "say ';' as the delimiter"),
        ("a,b;c\n1,2;3\n", 1, "say ';' as the delimiter"),
        ("a,b,c;d;e\n", 1, "say ';' as the delimiter"),
        ("a,b", 1, "--data-binary"),
        ("\ufeffa", 1, "--data-binary"),
    ]))  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(case):
    size, (text, line, said) = case
    with pytest.raises(MalformedCsv) as refused:
        rows(text, size)
    assert said in refused.value.message
    assert f"(line {line})." in refused.value.message
    assert [fault.line for fault in refused.value.faults] == [line]


def test_a_fault_in_a_row_has_the_records_index_and_one_in_the_header_none():
    for text, index in [("a,b\n1,2\n\n3\n", 1), ('a\n"', 0), ("a,a\n", None), ("a\n" * 300 + '"', 299)]:
        with pytest.raises(MalformedCsv) as refused:
            rows(text)
        assert refused.value.index == index
        assert refused.value.faults[0].pointer == ("" if index is None else f"/{index}")


@pytest.mark.parametrize(
    ("delimiter", "said"),
    [(";", "say ',' as the delimiter"), ("\t", "say ',' as the delimiter"), ("|", "say ',' as the delimiter")],
)
def test_another_delimiter_than_the_one_that_was_said_is_named(delimiter, said):
    assert cells(f"a{delimiter}b\n1{delimiter}2\n", delimiter=delimiter) == [["a", "b"], ["1", "2"]]
    with pytest.raises(MalformedCsv, match=said):
        rows("a,b\n1,2\n", delimiter=delimiter)


@each(
    product(
        ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
        ["id,v\n1,2\n", '"id","v"\r\n1,2\r\n', "i\n", "id;v\n1;2\n"],
        [1, 1000],
    )
)
def test_utf_16_without_a_mark_is_named(case):
    code, text, size = case
    with pytest.raises(MalformedCsv, match="UTF-16"):
        rows(text.encode(code), size)


@pytest.mark.parametrize("header", ["a\0,b", "a,\0", 'ab,"c\0d"', "abcd\0"])
def test_a_header_with_nul_is_refused_and_a_cell_is_not(header):
    with pytest.raises(MalformedCsv, match="UTF-16"):
        rows(f"{header}\n")
    assert cells("v\n\0x\n") == [["v"], ["\0x"]]


def test_names_in_quotes_may_hold_other_delimiters_or_nothing():
    assert cells('"a;b"\n1\n') == [["a;b"], ["1"]]
    assert cells('"",b\n1,2\n') == [["", "b"], ["1", "2"]]
    assert cells("a;b,c,d\n1,2,3\n") == [["a;b", "c", "d"], ["1", "2", "3"]]


@pytest.mark.parametrize("text", ["", "\ufeff", "\n", "\r\n\n", "\ufeff\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_nothing_has_no_rows(text, size):
    assert rows(text, size) == []


def test_an_unfinished_row_may_be_as_long_as_the_limit():
    assert cells(f'a\n"{"x" * 97}"\n', size=1, limit=99)[1] == ["x" * 97]
    with pytest.raises(BodyTooLarge, match="line 2") as refused:
        rows(f'a\n"{"x" * 99}"\n', size=1, limit=99)
    assert refused.value.index == 0


def test_a_long_cell_in_many_chunks_is_looked_at_a_few_times(monkeypatch):
    """Work: what is scanned again grows with the length, not with its square."""
    from ramekin.formats import delimited

    looked = []
    cut = delimited._Cutter._cut_row
    monkeypatch.setattr(delimited._Cutter, "_cut_row", lambda self: looked.append(len(self._buffer)) or cut(self))
    length = 200_000
    rows(f'a\n"{"x" * length}"\n', size=100, limit=1_000_000)
    assert sum(looked) < 5 * length


ALPHABET = 'ab",;\r\n1 '


@given(st.text(alphabet=ALPHABET, max_size=20), st.integers(1, 4))
@example('a,b\r\n"",\r', 1)
def test_chunks_change_nothing_and_what_is_taken_is_what_the_standard_library_reads(text, size):
    def outcome(size):
        try:
            return rows(text, size)
        except RamekinError as error:
            return error.message, error.index

    assume("\n" in text or "\r" in text)  # one line without an end may be wrong in two ways
    whole = outcome(1000)
    assert outcome(size) == whole
    if isinstance(whole, list):
        expected = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        assert [found for _, found in whole] == expected


@given(st.lists(st.lists(st.text(max_size=5), min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_again_by_us_and_by_the_standard_library(body):
    text = b"".join(write_row([*map(quoted, row)]) for row in (["a", "b"], *body))
    assert cells(text, size=3)[1:] == body
    assert list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))[1:] == body


def test_quotes_are_kept_where_they_say_something():
    cells = [Quoted("1"), "1", "", Quoted(), "a b", "a;b"]
    assert write_row([*map(quoted, cells)]) == b'"1",1,,"",a b,"a;b"\r\n'
    assert write_row([""]) == b'""\r\n'
