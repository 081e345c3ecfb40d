"""What the document says of lists of names is what is read as one: no name is empty."""

import re
from itertools import product

import pytest

from ramekin.api.declared.parameters import NAMES, SORTED_NAMES
from ramekin.values.paths import split_names

TEXTS = ["".join(signs) for length in range(6) for signs in product("a,\\", repeat=length)]


@pytest.mark.parametrize(("pattern", "sign"), [(NAMES, ""), (SORTED_NAMES, "-")])
def test_a_text_fits_the_pattern_if_none_of_its_names_is_empty(pattern, sign):
    for text in TEXTS:
        assert bool(re.search(pattern, sign + text)) is all(split_names(text)), text
