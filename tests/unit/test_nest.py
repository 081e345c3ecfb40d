"""Where a nest of brackets ends, and what it costs to read a body, whatever its text looks like."""

import asyncio
import gc
import json
from contextlib import suppress
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.api.endpoints.batch import _cut
from ramekin.api.endpoints.dump import PIECE_BYTES, _in_pieces
from ramekin.errors import RamekinError, TooDeep
from ramekin.formats.nest import FEW_BYTES, MOST_BYTES, Nest
from ramekin.formats.record_text import ArrayText, CsvForm, CsvText, NdjsonText
from ramekin.formats.splitter import Splitter
from ramekin.schema.columns import UNTYPED
from ramekin.values import codec
from ramekin.values.brackets import depth, unpaired
from tests.unit.test_values_and_paths import JSON

LIMIT = 2 << 20


def end_in_pieces(text, size):
    nest = Nest()
    for stop in range(1, len(text) + size, size):
        if (end := nest.end(b" " + text[:stop], 1)) is not None:
            return end - 1
    return None


@given(st.lists(JSON), st.integers(1, 50), st.sampled_from(["", " ", "x" * 300, '"]', "\\"]))
def test_a_nest_ends_where_its_last_bracket_stands(value, size, filler):
    text = json.dumps([filler, value, {"a]": [filler]}]).encode()
    assert end_in_pieces(text, size) == len(text)
    assert Nest().end(text + b",[[", 0) == len(text)
    assert Nest().end(text[:-1], 0) is None


@pytest.mark.parametrize("size", [1, FEW_BYTES - 1, FEW_BYTES, FEW_BYTES + 1, MOST_BYTES, 5 * MOST_BYTES + 7])
@pytest.mark.parametrize("part", [b"1,", b'"]",', b'"\\"]",', b"[],", b'[{"a":[[]]},[]],'])
def test_a_nest_of_any_length_ends_at_its_end(size, part):
    text = b"[" + part * (size // len(part)) + b"0]"
    assert Nest().end(text + b"]]," + text, 0) == len(text)


@given(st.text(alphabet="[]", max_size=60))
def test_what_is_unpaired_are_brackets_that_close_then_some_that_open(signs):
    depth = lowest = 0
    for sign in signs:
        depth += 1 if sign == "[" else -1
        lowest = min(lowest, depth)
    assert unpaired(signs.encode()) == b"]" * -lowest + b"[" * (depth - lowest)


@given(JSON, st.sampled_from([None, 1]))
def test_a_text_is_as_deep_as_its_value(value, indent):
    def levels(item):
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        return 0 if inner is None else 1 + max(map(levels, inner), default=0)

    assert depth(json.dumps({'["': value}, indent=indent).encode()) == 1 + levels(value)


def test_a_text_that_only_opens_is_refused_at_once():
    splitter = Splitter(limit_bytes=LIMIT, is_array=True)
    with pytest.raises(TooDeep):
        list(splitter.records(b'[{"a":' * 500))


SHAPES = {
    "only opened": lambda n: b"[" * n,
    "objects only opened": lambda n: b'[{"a":' * (n // 6),
    "opened, then closed": lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    "many nests too deep": lambda n: member(b"[" * 70 + b"]" * 70, n),
    "many nests as deep as may be": lambda n: member(b"[" * 58 + b"]" * 58, n),
    "empty arrays": lambda n: member(b"[]", n),
    "empty objects in arrays": lambda n: member(b"[{}]", n),
    "deep in the middle": lambda n: b'[{"a":["' + b"x" * (n // 2) + b'",' + b"[" * 30 + b"1," * (n // 4),
    "numbers": lambda n: member(b"1", n),
    "empty texts": lambda n: member(b'""', n),
    "escaped quotes": lambda n: b'[{"a":"' + b'\\"' * (n // 2) + b'"}]',
    "backslashes": lambda n: b'[{"a":["' + b"\\" * (n // 2 * 2),
    "an open text": lambda n: b'[{"a":[["' + b"x" * n,
    "members": lambda n: b'[{"id":1,' + b",".join(b'"%x":[[1]]' % i for i in range(n // 14)) + b"}]",
    "one member again and again": lambda n: b'[{"a":[[' + b'{"a":1},' * (n // 8),
    "white space": lambda n: b" " * n,
    "white space inside": lambda n: b'[{"a":[[ ' + b" \n" * (n // 2) + b"]]}]",
    "small records": lambda n: b"[" + b'{"a":[[]]},' * (n // 11) + b"{}]",
    "small records of two lines": lambda n: b"[" + b'{"a":\n1},' * (n // 9) + b"{}]",
    "a long number": lambda n: b"[" + b"1" * n,
    "commas": lambda n: b"[" + b"," * n,
}


def member(part, size):
    return b'[{"id":1,"a":[' + b",".join([part] * (size // (len(part) + 1))) + b"]}]"


def pieces(text):
    return [text[at : at + 65536] for at in range(0, len(text), 65536)]


def read_load(text):
    splitter = Splitter(limit_bytes=LIMIT)
    for piece in pieces(b'{"t":' + text + b"}"):
        for _ in splitter.records(piece):
            pass
    splitter.finish()


class Taken:
    """Takes the operations of a batch, and does nothing with them."""

    def take(self, item):
        pass


def read_batch(text):
    for _ in _cut(b'{"operations":' + text + b"}", Splitter(limit_bytes=LIMIT, extra_depth=1), Taken()):
        pass


READERS = {
    "a record": lambda text: codec.read(text[1:-1]),
    "a query, a definition, a patch": codec.parse,
    "a bulk": lambda text: list(ArrayText(text, LIMIT)),
    "lines": lambda text: list(NdjsonText(lambda: pieces(text[1:-1]), LIMIT)),
    "cells": lambda text: list(CsvText(lambda: pieces(b"a,b\n" + text), UNTYPED, LIMIT, CsvForm())),
    "a batch": read_batch,
    "a load": read_load,
}


def spent_s(read, text):
    gc.disable()  # what else is in memory does not count
    begin = thread_time()
    with suppress(RamekinError):
        read(text)
    spent = thread_time() - begin
    gc.enable()
    return spent


ALWAYS = ("only opened", "objects only opened", "opened, then closed", "many nests too deep", "empty arrays")


def cases():
    for reader in READERS:
        for shape in SHAPES:
            is_short = reader in ("a bulk", "a load") and shape in ALWAYS
            yield pytest.param(reader, shape, marks=() if is_short else pytest.mark.long)


AGAIN = ("escaped quotes", "backslashes", "an open text", "a long number")
"""A text or number that goes on is looked at again with each piece: 16 times at the most in a record of 1 MiB."""

COUNTED = ("objects only opened", "small records", "small records of two lines")
"""The longer text has more than 100,000 parts, of which each is counted before it is refused; the shorter has not."""


@pytest.mark.parametrize(("reader", "shape"), list(cases()))
def test_eight_times_the_text_takes_about_eight_times_the_work(reader, shape):
    make, read, little_s = SHAPES[shape], READERS[reader], 0.2 if shape in COUNTED else 0.02
    for _ in range(3):  # others may have taken the machine's caches
        before_s, after_s = spent_s(read, make(150_000)), spent_s(read, make(1_200_000))
        if after_s < max(little_s, (24 if shape not in AGAIN else 80) * before_s) and after_s < 2:
            return
    raise AssertionError(f"{before_s * 1000:.1f} ms became {after_s * 1000:.1f} ms")


def test_a_load_that_comes_in_small_pieces_is_looked_at_in_long_ones():
    async def arriving():
        for _ in range(30_000):
            yield b"0123456789"

    async def gathered():
        return [piece async for piece in _in_pieces(arriving())]

    found = asyncio.run(gathered())
    assert b"".join(found) == b"0123456789" * 30_000
    assert len(found) <= 1 + 300_000 // PIECE_BYTES
