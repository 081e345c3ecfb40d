"""Cursors lead back to their place, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramekin.errors import InvalidCursor
from ramekin.query.cursor import decode_cursor, encode_cursor, position_of

IDS = st.integers(-(2**63), 2**63 - 1) | st.text(max_size=255) | st.none()


@given(st.text(), st.lists(IDS, max_size=2))
def test_a_cursor_leads_back(query, position):
    assert decode_cursor(query, encode_cursor(query, position)) == position


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidCursor):
        decode_cursor("query", text)


def test_a_cursor_of_another_query_or_shape_is_refused():
    cursor = encode_cursor("one", [1])
    with pytest.raises(InvalidCursor):
        decode_cursor("other", cursor)
    with pytest.raises(InvalidCursor):
        position_of("one", cursor, (str,))
    with pytest.raises(InvalidCursor):
        position_of("one", cursor, (int,), (int,))
    with pytest.raises(InvalidCursor):
        position_of("one", encode_cursor("one", [True]), (int,))
