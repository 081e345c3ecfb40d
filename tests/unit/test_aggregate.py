"""Groups say how much they take: a request that makes many holds as much room as they need."""

import gc
import tracemalloc

import pytest

from ramekin.query.aggregate import Groups, parse_grouping
from ramekin.schema.fields import NoSchema

VALUES = {
    "floats": lambda n: f"{n}.25e{n % 300 - 150}",
    "integers": lambda n: f"{n + 1000}",
    "texts": lambda n: f'"{n:0500}"',
    "arrays": lambda n: f"[{n}, [{n + 1}, {{}}], {n + 2}]",
}


@pytest.mark.parametrize("function", ["count", "sum", "avg", "min", "max"])
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("figures", [1, 20])
def test_groups_take_no_more_than_they_say(function, kind, figures):
    columns = range(figures)
    made = Groups(parse_grouping(["g"], {f"f{i}": f"{function}:v{i}" for i in columns}, NoSchema()))
    made.add(b"{}")
    gc.collect()
    tracemalloc.start()
    for n in range(100):
        for twice in (0, 1):
            values = "".join(f',"v{i}":{VALUES[kind](n + twice)}' for i in columns)
            made.add(f'{{"g":"group {n}"{values}}}'.encode())
    found = [row for _, row in made.rows()]
    taken_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 101
    assert taken_bytes < made.size_bytes < 8 * taken_bytes


def test_values_that_give_way_are_no_longer_counted():
    made = Groups(parse_grouping([], {"most": "max:v"}, NoSchema()))
    for n in range(100):
        made.add(b'{"v":"%d%s"}' % (n + 100, b"x" * 10_000))
    assert made.size_bytes < 12_000
