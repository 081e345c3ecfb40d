"""Regular expressions in schemas: what they may cost."""

from time import thread_time

import pytest

from ramekin.errors import InvalidDefinition
from ramekin.schema.json_schema import JsonSchema


def schema_with(pattern):
    return JsonSchema({"properties": {"text": {"type": "string", "pattern": pattern}}})


@pytest.mark.parametrize("pattern", ["(a?){5000}a{5000}", "(a?){1000}a{1000}", "((a{9}){9}){99}", r"^\w{1000}$"])
def test_a_pattern_that_is_large_once_compiled_is_refused(pattern):
    with pytest.raises(InvalidDefinition, match="too large") as refused:
        schema_with(pattern)
    assert pattern not in str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"^[a-z0-9._-]{1,64}@[a-z0-9.-]{1,253}$", "rex@example.com"), (r"^\p{L}+$", "Zoë"), (r"^\d{4}-\d{2}-\d{2}$", "2026-11-27"), (r"^\w{1,50}$", "rex")],
)  # fmt: skip
def test_patterns_of_every_day_are_taken(pattern, text):
    schema_with(pattern).validate({"id": 1, "text": text})


def test_the_largest_patterns_take_little_time_for_long_texts():
    schema = schema_with("(a?){300}a{300}")
    record = {"id": 1, "text": "a" * 20_000}
    spent = []
    for _ in range(3):
        begin = thread_time()
        schema.validate(record)
        spent.append(thread_time() - begin)
    assert min(spent) < 0.1  # without a bound (a?){5000}a{5000} takes more than a second
