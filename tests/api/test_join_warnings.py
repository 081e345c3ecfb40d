"""What a join says of matches of a number with a text, whatever its fields are declared to be."""

import pytest

FORMATS = {
    "date": ("2024-01-10", "2024-01-10"),
    "date-time": ("2024-01-10T00:00:00Z", "2024-01-10T01:00:00+01:00"),
    "time": ("08:30:00Z", "08:30:00Z"),
    "duration": ("PT60M", "PT1H"),
    "uuid": ("0190a7d8-1c70-7abc-8def-0123456789ab", "0190a7d8-1c70-7abc-8def-0123456789ab"),
}


@pytest.mark.parametrize("format", FORMATS)
def test_two_texts_that_are_declared_alike_are_no_mixed_match(local, format):
    for table, text in zip(("l", "r"), FORMATS[format], strict=True):
        schema = {"type": "object", "properties": {"k": {"type": "string", "format": format}}}
        local.put(f"/api/v1/tables/{table}", json={"schema": schema})
        assert local.post(f"/api/v1/data/{table}", json={"id": 1, "k": text}).status_code == 201
    for path in ("l/r", "r/l"):
        answer = local.get(f"/api/v1/join/{path}/k").json()
        assert len(answer["data"]) == 1
        assert "warnings" not in answer


def test_a_decimal_beside_a_number_that_is_not_declared_is_a_mixed_match_in_both_directions(local):
    assert local.post("/api/v1/data/gadgets", json={"id": 1, "Label": "x", "price": "2.5"}).status_code == 201
    assert local.post("/api/v1/data/plain", json={"id": 1, "n": 2.5}).status_code == 201
    told = ["1 of these matches are of a number with a text; store the key in one type"]
    assert local.get("/api/v1/join/gadgets/plain/price=n").json()["warnings"] == told
    assert local.get("/api/v1/join/plain/gadgets/n=price").json()["warnings"] == told


def test_a_decimal_beside_a_declared_number_is_compared_by_value_and_no_mixed_match(local):
    schema = {"type": "object", "properties": {"n": {"type": "number"}}}
    assert local.put("/api/v1/tables/declared", json={"schema": schema}).status_code == 201
    assert local.post("/api/v1/data/gadgets", json={"id": 2, "Label": "x", "price": "7.50"}).status_code == 201
    assert local.post("/api/v1/data/declared", json={"id": 1, "n": 7.5}).status_code == 201
    for path in ("gadgets/declared/price=n", "declared/gadgets/n=price"):
        answer = local.get(f"/api/v1/join/{path}").json()
        assert len(answer["data"]) == 1
        assert "warnings" not in answer
