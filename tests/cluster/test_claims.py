"""What a record claims for itself is the same text for equal values, and another one for others."""

from itertools import product

from ramekin.cluster.claims import claims_of
from ramekin.schema.fields import Field, join_reader
from ramekin.values import codec
from tests.each import each

VALUES = [
    None, True, False, 0, 0.0, -0.0, 1, 1.0, "1", "1.0", "1.00", "01", "1e0", 1e19, "1e19", 0.1, "0.1", "0.10", 0.5, "0.50",
    2**62, str(2**62), -7, "-7", "-7.0", "", " ", "a", "A", "x" * 64, "x" * 65, "x" * 64 + "y", "x" * 5000, "é", "e\u0301",
    "1234567890.12345678901234567890", "1234567890.123456789012345678900", "1e4000", "10e3999", [], {}, ["a"],
    "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.10Z", "2026-01-01T00:00:00.1Z",
    "2026-01-01T00:00:00.1234567Z", "12:00", "12:00:00", "PT1H", "PT60M", "PT0.1234567S",
    "12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678", "urn:uuid:12345678-1234-5678-1234-567812345678",
]  # fmt: skip

READINGS = ["plain", "instant", "date", "time", "duration", "decimal", "uuid"]


@each(READINGS)
def test_claims_are_equal_where_the_keys_of_values_are(reading):
    field = Field(("k",), reading)
    bodies = [codec.dump({"id": 1, "k": value}) for value in VALUES]
    claims = [list(claims_of([field], body)) for body in bodies]
    keys = [join_reader(field)(body) for body in bodies]
    for (i, one), (j, other) in product(enumerate(keys), repeat=2):
        is_equal = one is not None and other is not None and one == other and type(one) is type(other)
        assert (claims[i] == claims[j] != []) == is_equal, (VALUES[i], VALUES[j])


def test_a_record_claims_a_value_for_each_field_that_has_one():
    fields = [Field(("a",)), Field(("b", "c"))]
    assert list(claims_of(fields, b'{"id":1,"a":"x","b":{"c":2}}')) == ["a tx", "b.c t2"]
    assert list(claims_of(fields, b'{"id":1,"a":null}')) == []
    assert list(claims_of(fields, None)) == []
