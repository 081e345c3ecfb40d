"""The two clients are one: the same methods, with the same words, told in the same sentences."""

import inspect

import pytest

from ramekin.client import aio, sync

PAIRS = [(getattr(sync, name), getattr(aio, f"Async{name}")) for name in ("Client", "Table", "Selection", "Results")]


def faces(kind):
    """Return the public methods of a class: their parameters, their types without `Async`, what they say."""
    return {
        name: (str(inspect.signature(found)).replace("Async", "").split(" -> ")[0], inspect.getdoc(found))
        for name, found in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
def test_twins_have_the_same_methods(pair):
    ours, theirs = pair
    assert faces(ours)
    assert faces(ours) == faces(theirs)
