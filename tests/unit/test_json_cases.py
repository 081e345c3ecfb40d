"""Every JSON text of `tests/data/json_cases.py`, alone, in an array and as a member."""

import json
from itertools import product

import pytest

from ramekin.errors import BodyTooLarge, DuplicateMember, IntegerOutOfRange, MalformedJson, RamekinError
from ramekin.values import codec
from tests.data.json_cases import DOCUMENTS, REFUSED, TAKEN, TOO_LARGE, VALUES
from tests.each import each


def name(value):
    return repr(value)[:40]


PLACES = pytest.mark.parametrize(
    ("before", "after"), [(b"", b""), (b"[", b"]"), (b'{"v": ', b"}"), (b'[{"v":[0,', b"]}]")]
)


@PLACES
@each(VALUES[TAKEN], name)
def test_what_is_json_is_taken_with_its_value(text, before, after):
    whole = before + text + after
    assert repr(codec.parse(whole)) == repr(json.loads(whole))
    assert repr(codec.parse(codec.dump(codec.parse(whole)))) == repr(json.loads(whole))


@PLACES
@each(VALUES[REFUSED], name)
def test_what_is_no_json_is_refused_and_not_repeated(text, before, after):
    is_much = len(text) > 2 * codec.MAX_PARTS  # and nobody looks at it any closer
    with pytest.raises(BodyTooLarge if is_much else MalformedJson) as refused:
        codec.parse(before + text + after)
    assert len(refused.value.message) < 200


@PLACES
@each(VALUES[TOO_LARGE], name)
def test_an_integer_beyond_64_bits_is_refused(text, before, after):
    with pytest.raises(IntegerOutOfRange):
        codec.parse(before + text + after)


@PLACES
@each([*VALUES[TAKEN], *VALUES[REFUSED], *VALUES[TOO_LARGE]], name)
def test_to_read_is_to_parse_and_to_print(text, before, after):
    whole = before + text + after
    try:
        value = codec.parse(whole)
    except RamekinError as refused:
        with pytest.raises(type(refused)) as again:
            codec.read(whole)
        assert again.value.message == refused.message
    else:
        assert repr(codec.read(whole)) == repr((value, codec.dump(value)))


@each(
    product(
        range(codec.SHALLOW + 3),
        [(b"[", b"]"), (b'{"b":', b"}")],
        [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30],
    )
)
def test_integers_have_64_bits_at_every_depth(case):
    levels, pair, number = case
    text = b'{"a":%b%d%b}' % (pair[0] * levels, number, pair[1] * levels)
    if -(2**63) <= number < 2**63:
        assert codec.read(text) == (json.loads(text), text)
    else:
        with pytest.raises(IntegerOutOfRange):
            codec.read(text)


@each(
    [
        b'{"a":1,"a":1}',
        b'{"a": 1, "a": 1}',
        b'{"a":1,"b":{"c":1,"d":[{"e":1,"e":2}]}}',
        b'{"a" :1,"b":1,"b":2}',
        rb'{"a":"\u003a","b":1,"b":2}',
        rb'{"a\u003a":1,"b":1,"b":2}',
        rb'{"a":1,"\u0061":2}',
        b'{"":1,"":2}',
        b'{"a:":1,"a:":2}',
    ],
    name,
)
def test_a_member_sent_twice_is_found_however_it_is_written(text):
    for read in (codec.parse, codec.read):
        with pytest.raises(DuplicateMember):
            read(text)


@each(DOCUMENTS[TAKEN], name)
def test_space_around_a_document_is_taken(text):
    assert codec.parse(text) == json.loads(text)


@each(DOCUMENTS[REFUSED], name)
def test_what_is_no_document_is_refused(text):
    with pytest.raises(MalformedJson):
        codec.parse(text)


@each([*VALUES[REFUSED], *VALUES[TOO_LARGE], *DOCUMENTS[REFUSED]], name)
def test_no_way_in_takes_what_the_parser_refuses(text, local):
    ways = [
        ("POST", "/api/v1/data/t", "application/json", b'{"id":1,"v":' + text + b"}"),
        ("POST", "/api/v1/data/t", "application/x-ndjson", b'{"id":1,"v":' + text + b"}"),
        ("POST", "/api/v1/data/t", "application/json", b" " * 150_000 + b'[{"id":1,"v":' + text + b"}]"),
        ("PUT", "/api/v1/data/t/1?upsert=true", "application/json", b'{"v":' + text + b"}"),
        ("POST", "/api/v1/load", "application/json", b'{"t":[{"id":1,"v":' + text + b"}]}"),
        (
            "POST",
            "/api/v1/batch",
            "application/json",
            b'{"operations":[{"op":"create","table":"t","record":{"v":' + text + b"}}]}",
        ),
    ]
    for method, path, kind, body in ways:
        answer = local.request(method, path, content=body, headers={"content-type": kind})
        assert 400 <= answer.status_code < 500, (path, answer.text)
        assert len(answer.content) <= 2048
    assert local.get("/api/v1/data/t").status_code == 404
