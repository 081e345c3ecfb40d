"""What is twice as long takes about twice the time, however it was made to be slow."""

import asyncio
import re
import time
import tracemalloc

import pytest

from ramekin.api.endpoints.dump import PIECE_BYTES, _in_pieces
from ramekin.errors import RamekinError
from ramekin.formats.delimited import _QUOTED
from ramekin.formats.record_text import CsvForm, CsvText
from ramekin.formats.splitter import Splitter
from ramekin.schema.columns import UNTYPED
from ramekin.values.brackets import STRING

TEXTS = {
    "brackets": lambda size: b"[" * size,
    "closed brackets": lambda size: b"[[" + b"[]," * (size // 3),
    "braces": lambda size: b'[{"a":' * (size // 6),
    "a string": lambda size: b'[{"a":"' + b"x" * size,
    "a string of escapes": lambda size: b'[{"a":"' + b"\\u00e9" * (size // 6),
    "a string alone": lambda size: b'["' + b'\\"' * (size // 2),
    "quotes": lambda size: b"[" + b'"",' * (size // 3),
}


def split(text, piece_bytes):
    """Read an array that comes in pieces, up to its first fault."""
    splitter = Splitter(limit_bytes=2**30, is_array=True)
    try:
        for begin in range(0, len(text), piece_bytes):
            for _ in splitter.records(text[begin : begin + piece_bytes]):
                pass
    except RamekinError:
        pass


def seconds(work, *arguments):
    began = time.thread_time()
    work(*arguments)
    return time.thread_time() - began


@pytest.mark.parametrize("kind", TEXTS)
def test_a_long_text_is_read_in_the_time_of_its_length(kind):
    short, long = (TEXTS[kind](size) for size in (20_000, 160_000))
    assert seconds(split, long, 1000) < 24 * seconds(split, short, 1000) + 0.02


@pytest.mark.parametrize("cell", [b"x", b"7", b""])
def test_columns_are_read_in_the_time_of_their_number(cell):
    """Each that held a text took itself out of a list of all: 50,000 of them took a minute."""

    def read(columns):
        text = b",".join([b"f%d" % i for i in range(columns)]) + b"\n" + b",".join([cell] * columns) + b"\n"
        return [*CsvText(lambda: [text], UNTYPED, 2**30, CsvForm())]

    assert seconds(read, 8000) < 24 * seconds(read, 1000) + 0.02


def test_a_load_that_drips_is_read_in_pieces():
    """With each, a record that is not whole is looked at anew: 400 KB in pieces of 64 bytes took 20 s."""

    async def run():
        async def drip():
            for _ in range(4000):
                yield b"x" * 50

        return [len(piece) async for piece in _in_pieces(drip())]

    found = asyncio.run(run())
    assert sum(found) == 200_000
    assert min(found[:-1]) >= PIECE_BYTES


@pytest.mark.parametrize(
    ("pattern", "text"), [(STRING, b'"' + b'\\"' * 500_000 + b'"'), (_QUOTED.pattern, b'"' + b'""' * 500_000 + b'"')]
)
def test_a_string_of_nothing_but_escapes_takes_no_memory_to_find(pattern, text):
    tracemalloc.start()
    try:
        found = re.compile(pattern).match(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.end() == len(text)
    assert peak < 3_000_000
