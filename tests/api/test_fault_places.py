"""Where a fault is: each kind of fault, in the first, a middle and the last record, in each format, at each door.

The oracle is the text itself: it is put together line by line, so that the line, the column and the index of the record
that is wrong are known before anybody reads it.
"""

import json
import re
from itertools import product

import pytest

from ramekin.cli.files import FileFault, FileRecords, from_bytes, naming_faults
from ramekin.errors import RamekinError
from ramekin.formats.record_text import AT_ONCE_BYTES
from ramekin.formats.splitter import Splitter
from tests.each import each
from tests.problems import assert_problem

JSON = {"content-type": "application/json"}
MEDIA = {"array": JSON, "line": JSON, "ndjson": {"content-type": "application/x-ndjson"}, "load": JSON}

# a record that is wrong, the status, the pointer inside it, and the column of the fault where it is one of syntax
SYNTAX = {
    "no value": ('{"id": %d, "n": }', 400, "/n", "}"),
    "no comma": ('{"id": %d "n": 1}', 400, "", '"n"'),
    "open quotes": ('{"id": %d, "n": "x}', 400, "/n", None),
    "bad escape": ('{"id": %d, "n": "\\x"}', 400, "/n", "\\"),
    "control character": ('{"id": %d, "n": "\t"}', 400, "/n", "\t"),
    "half a pair": ('{"id": %d, "n": "\\ud800"}', 400, "/n", "\\"),
    "NaN": ('{"id": %d, "é": 1, "n": NaN}', 400, "/n", "NaN"),
    "twice": ('{"id": %d, "m": 1, "m": 2}', 400, "/m", '"m": 2'),
    "infinite": ('{"id": %d, "é": {"n": [0, 1e400]}}', 400, "/é/n/1", "1e400"),
    "too large": ('{"id": %d, "n": 99999999999999999999}', 422, "/n", "99999"),
    "just too large": ('{"id": %d, "n": 9223372036854775808}', 422, "/n", "92233"),
    "too deep": ('{"id": %d, "n": ' + "[" * 64 + "]" * 64 + "}", 400, "/n" + "/0" * 63, None),
    "wrong bracket": ('{"id": %d, "n": [1}}', 400, "/n/1", "}}"),
}
RULES = {
    "no object": ("5", 422, ""),
    "an array": ("[1, {}]", 422, ""),
    "a text": ('"x"', 422, ""),
    "null": ("null", 422, ""),
    "bad id": ('{"id": "", "n": 1}', 422, "/id"),
    "id twice": ('{"id": 0, "n": 1}', 409, "/id"),  # of the record before all others
    "no text": ('{"id": %d, "word": 5}', 422, "/word"),
    "deep no text": ('{"id": %d, "in": {"word": [5]}}', 422, "/in/word/0"),
}
SCHEMA = {
    "properties": {
        "word": {"type": "string"},
        "in": {"properties": {"word": {"items": {"type": "string"}}}},
    }
}


def good(i, width):
    return json.dumps({"id": i, "word": "é" * (width // 2)}, ensure_ascii=False)


def table_of(records, shape):
    """Return a text, and where each record begins in it: line and column."""
    if shape == "ndjson":
        return "\n".join(records) + "\n", [(i + 1, 1) for i in range(len(records))]
    if shape == "line":
        columns, at = [], 2
        for record in records:
            columns.append((1, at))
            at += len(record) + 2
        return f"[{', '.join(records)}]", columns
    text = "[\r\n" + ",\n".join(records) + "\n]"
    return text, [(i + 2, 1) for i in range(len(records))]


def with_fault(fault, place, count, width, shape):
    """Return a text with a fault in one record, and the record's index, line and column."""
    index = {"first": 1, "middle": count // 2, "last": count - 1}[place]
    records = [good(i, width) for i in range(count)]
    records[index] = fault % index if "%d" in fault else fault
    text, begins = table_of(records, shape)
    return text, index, *begins[index]


SIZES = [(place, 3, 10) for place in ("first", "middle", "last")] + [("last", 450, 10), ("middle", 450, 600)]
"""Where the fault is, of how many records, and how wide: past 200, a run of 100, 64 KiB and what is parsed at once."""

assert len(table_of([good(i, 600) for i in range(450)], "line")[0].encode()) > AT_ONCE_BYTES
assert len(table_of([good(i, 10) for i in range(450)], "line")[0].encode()) < AT_ONCE_BYTES


def send(local, text, shape):
    local.put("/api/v1/tables/t", json={"schema": SCHEMA})
    if shape == "load":
        return local.post("/api/v1/load", content=text.encode(), headers=JSON)
    return local.post("/api/v1/data/t", content=text.encode(), headers=MEDIA[shape])


def told(problem, index, pointer, line):
    """Check the place of a problem."""
    assert problem.get("index") == index, problem
    assert problem["errors"][0]["pointer"] == pointer, problem
    assert problem["errors"][0]["line"] == line, problem
    assert re.search(rf"\(line {line}[,)]", problem["detail"]), problem


@each(product(SIZES, SYNTAX, ["array", "line", "ndjson", "load"]))
def test_a_fault_of_syntax_has_index_pointer_line_and_column(case, local):
    (place, count, width), kind, shape = case
    record, status, inner, sign = SYNTAX[kind]
    text, index, line, column = with_fault(record, place, count, width, "array" if shape == "load" else shape)
    before = ""
    if shape == "load":
        text, before = f'{{"s":[{{}}],"t":{text}}}', "/t"
    if kind == "open quotes" and shape == "line" and place != "last":
        return  # the next quote closes them: what is wrong then is told in `test_open_quotes...`
    problem = assert_problem(
        send(local, text, shape), status, {422: "integer-out-of-range"}.get(status) or code_of(kind)
    )
    told(problem, index, f"{before}/{index}{inner}", line)
    if sign is not None:
        column += (record % index).index(sign)
        assert f"(line {line}, column {column})" in problem["detail"]


def code_of(kind):
    return {"twice": "duplicate-member", "infinite": "number-not-finite", "too deep": "too-deep"}.get(
        kind, "malformed-json"
    )


@each(product(SIZES, RULES, ["array", "line", "ndjson", "load"]))
def test_a_record_that_breaks_a_rule_has_index_pointer_and_line(case, local):
    (place, count, width), kind, shape = case
    record, status, inner = RULES[kind]
    text, index, line, _ = with_fault(record, place, count, width, "array" if shape == "load" else shape)
    before = ""
    if shape == "load":
        text, before = f'{{"s":[{{}}],"t":{text}}}', "/t"
    answer = send(local, text, shape)
    assert answer.status_code == status, answer.text
    told(answer.json(), index, f"{before}/{index}{inner}", line)
    assert local.get("/api/v1/data/t").json()["data"] == []


@pytest.mark.parametrize("shape", ["array", "ndjson"])
@pytest.mark.parametrize("width", [10, 600])
def test_several_faults_have_a_line_each_and_syntax_is_told_before_them(local, shape, width):
    records = [good(i, width) for i in range(450)]
    for i in (3, 5, 449):
        records[i] = '{"word": 5}'
    text, begins = table_of(records, shape)
    problem = assert_problem(send(local, text, shape), 422, "invalid-record")
    assert [(e["pointer"], e["line"]) for e in problem["errors"]] == [(f"/{i}/word", begins[i][0]) for i in (3, 5, 449)]
    assert problem["index"] == 3
    records[448] = "{]"
    text, begins = table_of(records, shape)
    told(assert_problem(send(local, text, shape), 400, "malformed-json"), 448, "/448", begins[448][0])


def test_a_part_of_a_record_of_many_lines_is_told_with_its_own_line(local):
    records = [{"id": i, "word": "x", "in": {"word": ["y", 5 if i == 2 else "z"]}} for i in range(4)]
    for filler in (0, AT_ONCE_BYTES):
        text = " " * filler + json.dumps([{"id": "first"}, *records], indent=2)
        line = text[: text.index(" 5\n")].count("\n") + 1
        told(send(local, text, "array").json(), 3, "/3/in/word/1", line)
    text = json.dumps({"s": [], "t": records}, indent=2)
    line = text[: text.index(" 5\n")].count("\n") + 1
    told(send(local, text, "load").json(), 2, "/t/2/in/word/1", line)


@pytest.mark.parametrize(
    ("text", "index", "pointer", "line"),
    [
        ('[{"id":1}', 1, "/1", 1),
        ('[{"id":1},\n', 1, "/1", 2),
        ('[{"id":1}\n{"id":2}]', 1, "/1", 2),
        ('[{"id":1},\n]', 1, "/1", 2),
        ('[{"id":1}]\nx', None, "", 2),
        ("[", 0, "/0", 1),
        ("[\n,", 0, "/0", 2),
    ],
)
def test_what_stands_between_records_is_told_with_the_next_ones_index(local, text, index, pointer, line):
    for filler in ("", " " * AT_ONCE_BYTES):
        problem = send(local, filler + text, "array").json()
        assert (problem.get("index"), problem["errors"][0]["pointer"], problem["errors"][0]["line"]) == (
            index,
            pointer,
            line,
        )


def test_a_batch_has_the_index_of_its_operation(local):
    body = '{"operations": [{"op": "create", "table": "t", "record": {}},\n{"op": "create", "table": "t", "record": {"n": %s}}]}'
    for value, status in (("99999999999999999999", 422), ("1e400", 400), ("", 400)):
        answer = local.post("/api/v1/batch", content=body % value, headers=JSON)
        assert answer.status_code == status
        told(answer.json(), 1, "/operations/1/record/n", 2)


# CSV

CSV_FAULTS = {
    "ragged": ("5", 400, "malformed-csv", ""),
    "too wide": ("5,x,y,z", 400, "malformed-csv", ""),
    "open quotes": ('5,"x', 400, "malformed-csv", ""),
    "text behind quotes": ('5,"x"y,1', 400, "malformed-csv", ""),
    "large": ("5,x,99999999999999999999", 422, "integer-out-of-range", "/n"),
    "infinite": ("5,x,1e400", 400, "number-not-finite", "/n"),
    "no number": ("5,x,y", 422, "invalid-record", "/n"),
    "bad JSON": ('5,x,,"{""a"":1,""a"":2}"', 400, "duplicate-member", "/o/a"),
    "bad id": ("a/b,x,1", 422, "invalid-id", "/id"),
    "id twice": ("0,x,1", 409, "duplicate-id", "/id"),
}
TYPED = {"properties": {"n": {"type": "number"}, "o": {"type": "object"}}}


@each(
    product(
        [
            ("first", 3, "\n"),
            ("middle", 3, "\r"),
            ("last", 3, "\r\n"),
            ("last", 450, "\n"),
            ("middle", 3000, "\r\n"),
        ],
        CSV_FAULTS,
    )
)
def test_a_fault_in_csv_has_index_pointer_and_the_line_that_its_row_begins_on(case, local):
    """Each row takes three lines: its quotes hold one end, and a blank line follows."""
    (place, count, end), kind = case
    row, status, code, inner = CSV_FAULTS[kind]
    index = {"first": 1, "middle": count // 2, "last": count - 1}[place]
    has_objects = kind == "bad JSON"
    rows = [f'{i},"x{end}y",1{"," if has_objects else ""}{end}' for i in range(count)]
    rows[index] = row
    local.put("/api/v1/tables/t", json={"schema": TYPED})
    text = f"id,w,n{',o' if has_objects else ''}{end}" + end.join(rows)
    answer = local.post("/api/v1/data/t", content=text.encode(), headers={"content-type": "text/csv"})
    told(assert_problem(answer, status, code), index, f"/{index}{inner}", 2 + 3 * index)


# Files, and texts that arrive in pieces

PIECES = (1, 7, 64 * 1024, 1 << 20)


def first_fault(text, name, size):
    data = text.encode()
    source = from_bytes(name, data)
    source.read = lambda: (data[i : i + size] for i in range(0, len(data), size))
    with pytest.raises(FileFault) as refused, naming_faults(reading := FileRecords([source], 1 << 20)):
        for _ in reading:
            pass
    return str(refused.value)


@each(product(SYNTAX, ["t.json", "t.ndjson"], ["first", "middle", "last"]))
def test_a_file_is_told_alike_whatever_the_pieces_it_is_read_in(case):
    kind, name, place = case
    record, _, _, sign = SYNTAX[kind]
    for count, width in ((3, 10), (210, 400)):
        text, index, line, column = with_fault(record, place, count, width, "array" if name == "t.json" else "ndjson")
        told = {first_fault(text, name, size) for size in PIECES[0 if count == 3 else 1 :]}
        assert len(told) == 1
        assert told.pop().startswith(f"{name}:{line}: ")
        if sign is not None:
            assert f"(line {line}, column {column + (record % index).index(sign)})" in first_fault(text, name, 1000)


def split(text, size):
    """Split a text that is wrong, in pieces."""
    data, splitter = text.encode(), Splitter(limit_bytes=10_000, is_array=True)
    for start in range(0, len(data), size):
        list(splitter.records(data[start : start + size]))
    splitter.finish()


@each(product(PIECES, ["array", "line"], [kind for kind in SYNTAX if kind != "open quotes"]))
def test_a_splitter_names_one_place_whatever_the_pieces(case):
    size, shape, kind = case
    text, index, line, _ = with_fault(SYNTAX[kind][0], "middle", 5, 10, shape)
    with pytest.raises(RamekinError, match=rf"\(line {line}, column \d+\)") as refused:
        split(text, size)
    assert refused.value.index == index


def test_open_quotes_on_one_line_are_told_where_the_text_stops_being_json(local):
    text = '[{"id": 1, "n": "x}, {"id": 2}]'
    problem = assert_problem(send(local, text, "array"), 400, "malformed-json")
    assert f"column {text.index('id', 20) + 1}" in problem["detail"]
    assert problem["index"] == 0
