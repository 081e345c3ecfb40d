"""What the document says of lists of names, and of a join's key, is what is read as one: no name is empty."""

import re
from itertools import product

import pytest

from ramekin.api.declared.parameters import JOIN_KEY, NAMES, SORTED_NAMES
from ramekin.values.paths import split_names

TEXTS = ["".join(signs) for length in range(6) for signs in product("a,\\", repeat=length)]


@pytest.mark.parametrize(("pattern", "sign"), [(NAMES, ""), (SORTED_NAMES, "-")])
def test_a_text_fits_the_pattern_if_none_of_its_names_is_empty(pattern, sign):
    for text in TEXTS:
        assert bool(re.search(pattern, sign + text)) is all(split_names(text)), text


def test_a_text_fits_the_pattern_of_a_join_s_key_if_it_is_one_or_two_names():
    for text in (text.replace(",", "=") for text in TEXTS):
        names = split_names(text, "=")
        assert bool(re.search(JOIN_KEY, text)) is (len(names) <= 2 and all(names)), text
