"""What values sort by in the other direction: the same as in this one, turned round, and as fast."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from ramekin.query.order import descending
from ramekin.values.comparison import order_key

TEXTS = st.text(st.sampled_from("\0\x01aAz~\x7fé\u07ff\uffff\U00010000\U0010ffff"), max_size=4) | st.text()
JSON = st.recursive(st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@given(st.lists(TEXTS))
def test_texts_turned_round(texts):
    assert sorted(texts, key=lambda text: descending(order_key(text))) == sorted(texts, reverse=True)


@given(st.lists(JSON))
def test_values_turned_round(values):
    keys = [order_key(value) for value in values]
    assert sorted(keys, key=descending) == sorted(keys, reverse=True)


def test_texts_are_compared_without_a_call():
    keys, calls = [descending(order_key(f"text {i % 7}")) for i in range(100)], []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    keys.sort()
    sys.setprofile(None)
    assert calls == []
