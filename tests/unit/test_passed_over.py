"""What is passed over in a text of many records: it changes none of them, and whoever reads may rest meanwhile."""

import csv
import io
import json
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.errors import Fault, InvalidRecord
from ramekin.formats.record_text import PAUSE, ArrayText, CsvForm, CsvText, NdjsonText, records_in, with_lines
from ramekin.schema.columns import UNTYPED

LIMIT = 10**7
LONG = 1_000_000
NAMES = ["a", "b"]
RECORDS = st.lists(
    st.fixed_dictionaries({"a": st.text(alphabet='x",;\r\n é', min_size=1), "b": st.text(alphabet="xy", min_size=1)}),
    max_size=4,
)
ENDS = st.text(alphabet="\r\n", max_size=5)
BLANKS = st.text(alphabet=" \t\r\n", max_size=5)


def reader(form, text, size=64 * 1024):
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    if form == "JSON":
        return ArrayText(text, LIMIT)
    if form == "NDJSON":
        return NdjsonText(lambda: chunks, LIMIT)
    return CsvText(lambda: chunks, UNTYPED, LIMIT, CsvForm())


def csv_row(cells):
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return written.getvalue()


@given(RECORDS, st.lists(ENDS, min_size=1), st.integers(1, 9))
def test_lines_of_nothing_change_no_records_of_csv(records, passed, size):
    ends = cycle(passed)
    rows = [NAMES, *[[record[name] for name in NAMES] for record in records]]
    text = next(ends) + "".join([csv_row(row) + "\n" + next(ends) for row in rows])
    assert list(records_in(reader("CSV", text.encode(), size))) == records


@given(RECORDS, st.lists(BLANKS, min_size=1), st.integers(1, 9))
def test_lines_of_nothing_change_no_records_of_ndjson(records, passed, size):
    blanks = cycle(passed)
    text = next(blanks) + "".join([json.dumps(record) + "\n" + next(blanks) for record in records])
    assert list(records_in(reader("NDJSON", text.encode(), size))) == records


@given(RECORDS, st.lists(BLANKS, min_size=1), st.sampled_from([0, 20_000]))
def test_blanks_change_no_records_of_json(records, passed, more):
    blanks = cycle(passed)
    inner = ",".join([next(blanks) + json.dumps(record) + next(blanks) for record in records])
    assert list(records_in(reader("JSON", f"[{inner}{' ' * more}]".encode()))) == records


PASSED = {
    "line ends of CSV": ("CSV", b"a\n" + b"\n" * LONG),
    "carriage returns of CSV": ("CSV", b"a\n" + b"\r" * LONG),
    "line ends of CSV, in twos": ("CSV", b"a\n" + b"\r\n" * (LONG // 2)),
    "line ends of CSV behind a cell": ("CSV", b'a\n"' + b"x" * (LONG // 2) + b'"' + b"\n" * (LONG // 2)),
    "names of CSV": ("CSV", b",".join([b"f%d" % i for i in range(20_000)]) + b"\n"),
    "empty cells of CSV": ("CSV", b",".join([b"f%d" % i for i in range(20_000)]) + (b"\n" + b"," * 19_999) * 3 + b"\n"),
    "line ends of NDJSON": ("NDJSON", b"\n" * LONG),
    "spaces of NDJSON": ("NDJSON", b" " * LONG),
    "lines of spaces of NDJSON": ("NDJSON", (b" " * 999 + b"\n") * (LONG // 1000)),
    "spaces of JSON": ("JSON", b"[" + b" " * LONG + b"]"),
    "line ends of JSON": ("JSON", b"\n" * LONG + b"[]"),
}


@pytest.mark.parametrize("what", PASSED)
def test_whoever_reads_may_rest_while_much_is_passed_over(what):
    form, text = PASSED[what]
    rests = sum(found is PAUSE for found in reader(form, text))
    assert rests >= len(text) // 70_000


@pytest.mark.parametrize(("form", "front"), [("CSV", b"a\n"), ("NDJSON", b"")])
def test_whoever_looks_for_the_line_of_a_fault_may_rest_meanwhile(form, front):
    wrong = InvalidRecord("", faults=[Fault("/0", "Wrong.")])
    last = b"1\n" if form == "CSV" else b"{}\n"
    steps = with_lines(wrong, reader(form, front + b"\n" * LONG + last))
    rests = 0
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found = done.value
            break
        rests += 1
    assert rests >= LONG // 70_000
    assert [fault.line for fault in found.faults] == [LONG + 1 + front.count(b"\n")]
