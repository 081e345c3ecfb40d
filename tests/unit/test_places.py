"""Places of faults in JSON: line, column and pointer, beside the standard library's and by construction."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramekin.errors import (
    BodyTooLarge,
    DuplicateMember,
    IntegerOutOfRange,
    MalformedJson,
    NumberNotFinite,
    RamekinError,
    TooDeep,
)
from ramekin.values import codec, places
from tests.conftest import EXAMPLES
from tests.data.json_cases import DOCUMENTS, REFUSED, TAKEN, TOO_LARGE, VALUES
from tests.each import each
from tests.unit.test_values_and_paths import JSON


def place(error):
    found = re.search(r"\(line (\d+), column (\d+)\)", error.message)
    assert found, error.message
    assert error.faults[0].line == int(found[1])
    return int(found[1]), int(found[2])


def refused_by_the_standard_library():
    """Yield texts that it refuses with a place: it takes members sent twice, and places nothing that is no UTF-8."""
    for text in [*VALUES[REFUSED], *DOCUMENTS[REFUSED]]:
        for before, behind in ((b"", b""), (b'[\r\n{"\xc3\xa9":[0,\n ', b"]}]")):
            whole = before + text + behind
            if len(whole) <= places.MAX_WALKED and not whole.startswith(places.MARKS):
                try:
                    json.loads(whole.decode())
                except json.JSONDecodeError as error:
                    yield whole, error.lineno, error.colno
                except (UnicodeDecodeError, RecursionError):
                    pass


@each(list(refused_by_the_standard_library()))
def test_a_fault_stands_where_the_standard_library_finds_it(case):
    text, line, column = case
    found = places.find_fault(text, 0, (1, 1))
    if "escape" in found.message or len(re.findall(rb"[\[{]", text)) > 64:
        assert place(found)[0] == line  # it names the digits of an escape, and knows no depth
    else:
        assert place(found) == (line, column)


@each([*VALUES[REFUSED], *VALUES[TOO_LARGE], *DOCUMENTS[REFUSED]])
def test_whatever_the_parser_refuses_has_a_place(text):
    if len(text) <= places.MAX_WALKED and text.strip(b" \n"):
        assert places.find_fault(text, 0, (7, 9)) is not None
    with pytest.raises(RamekinError) as caught:
        codec.parse(b'{"v": ' + text + b"}")
    assert isinstance(caught.value, BodyTooLarge) or re.search(r"\(line \d", str(caught.value))


@each(VALUES[TAKEN])
def test_what_is_right_has_no_fault(text):
    assert places.find_fault(b'[{"v":[0,' + text + b"]}]", 1, (1, 1)) is None


@given(JSON, st.sampled_from([None, 1]))
def test_any_text_that_is_printed_has_no_fault(value, indent):
    assert places.find_fault(json.dumps(value, indent=indent).encode(), 0, (1, 1)) is None


@given(JSON, st.data())
@settings(max_examples=2 * EXAMPLES)
def test_a_text_that_is_cut_or_changed_has_a_fault_where_the_parser_refuses_it(value, data):
    text = json.dumps(value, ensure_ascii=False, indent=data.draw(st.sampled_from([None, 1]))).encode()
    at = data.draw(st.integers(0, len(text)))
    text = (
        text[:at]
        + data.draw(st.sampled_from([b"", b"x", b'"', b",", b"}", b"\n", b"\xff", b"9" * 20, b"1e999", b"\\"]))
        + text[at + data.draw(st.integers(0, 1)) :]
    )
    try:
        codec.parse(text)
    except RamekinError as error:
        assert not text.strip() or place(error)
    else:
        assert places.find_fault(text, 0, (1, 1)) is None


KINDS = [
    (b'{"n": 9223372036854775808}', IntegerOutOfRange, 7, "/n"),
    (b'{"n": [0, -1e400]}', NumberNotFinite, 11, "/n/1"),
    (b'{"n": 1, "n": 2}', DuplicateMember, 10, "/n"),
    (b'{"n": 1, "\\u006e": 2}', DuplicateMember, 10, "/n"),
    (b'{"n": ' + b"[" * 64 + b"]" * 64 + b"}", TooDeep, 70, "/n" + "/0" * 63),
    (b'{"a/b~": {"": [1 2]}}', MalformedJson, 18, "/a~1b~0//1"),
    (b'{"n": "\xc3\xa9\xc3\xa9", x}', MalformedJson, 13, ""),
    (b'{"n": "\xff"}', MalformedJson, 8, "/n"),
    (b'{"n": tru}', MalformedJson, 7, "/n"),
    (b'{"n": "open}', MalformedJson, 7, "/n"),
    (b'{"n": "\t"}', MalformedJson, 8, "/n"),
    (b'{"n": 1', MalformedJson, 8, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "column", "pointer"), KINDS, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize(("before", "line"), [(b"", 1), (b"\n\n  ", 3), (b"\r\n", 2)])
def test_each_kind_of_fault_has_line_column_and_pointer(text, kind, column, pointer, before, line):
    with pytest.raises(kind) as refused:
        codec.parse(before + text, at=(10, 5))
    shift = 4 if line == 1 else len(before.rpartition(b"\n")[2])
    assert place(refused.value) == (9 + line, column + shift)
    assert refused.value.faults[0].pointer == pointer


def test_an_integer_that_is_too_large_is_told_only_where_nothing_else_is_wrong():
    with pytest.raises(NumberNotFinite):
        codec.parse(b'{"a": 99999999999999999999, "b": 1e999}')
    with pytest.raises(MalformedJson):
        codec.parse(b'{"a": 99999999999999999999, "b": }')
    with pytest.raises(IntegerOutOfRange, match="column 11"):
        codec.parse(b'{"a": [1, 99999999999999999999, 88888888888888888888]}')


@pytest.mark.parametrize(
    "fault", [b"}", b"9" * 20, b"1e400", b"[" * 70 + b"]" * 70, b'1,"a":1'], ids=lambda text: repr(text)[:10]
)
def test_a_fault_that_stands_too_far_behind_is_told_with_what_the_parser_knows(fault):
    for tokens, is_walked in ((places.MAX_WALKED - 200, True), (places.MAX_WALKED + 1, False)):
        text = b'{"a":[' + b",".join([b"1"] * (tokens // 2)) + b'],\n"b":' + fault + b"}"
        with pytest.raises((MalformedJson, IntegerOutOfRange)) as refused:
            codec.parse(text)
        assert any(fault.column for fault in refused.value.faults) is is_walked
        assert ("line 2" in refused.value.message) or not is_walked


@pytest.mark.parametrize(
    ("steps", "line"),
    [([], 2), (["a"], 3), (["b"], 4), (["b", "1"], 6), (["b", "1", "c"], 7), (["b", "1", "none"], 6), (["none"], 2), (["b", "9"], 4)],
)  # fmt: skip
def test_the_line_of_a_part_is_its_own_or_that_of_what_it_would_stand_in(steps, line):
    text = b'\n{\n"a":1,\n"b":[\n0,\n{\n"c":1}]}'
    assert places.line_of(text.lstrip(), steps, 2) == line
    assert places.line_of(b"[0,\n%b]" % text.lstrip(), ["1", *steps], 1) == line


def test_a_text_that_is_right_is_never_walked(monkeypatch):
    monkeypatch.setattr(places, "_Walk", None)
    assert codec.parse(b'{"a": [1, 12345678901234567, {"b": "\\u00e9"}]}')["a"][0] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a":NaN}', "no NaN and no Infinity: send null"),
        (b"[-Infinity]", "no NaN and no Infinity: send null"),
        (b'{"a":"\\ud800"}', "half of a surrogate pair"),
        (b'{"a":"\\x"}', "an escape is none that JSON has"),
        (b'{"a":nan}', "a value was expected"),
    ],
)
def test_what_other_programs_write_is_told_by_its_name(text, said):
    with pytest.raises(MalformedJson, match=said):
        codec.parse(text)
