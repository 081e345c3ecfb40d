"""One equality for ids, unique fields and joins: a number meets the text that is its shortest form, from either side."""

import itertools

import pytest

from tests.problems import assert_problem

A, B = "/api/v1/data/a", "/api/v1/data/b"

# numbers, the text that each meets, and texts that only look like it
PAIRS = [
    ("1", "1", ["1.0", "01", "1e0"]),
    ("1.0", "1", ["1.0"]),
    ("-0.0", "0", ["-0", "-0.0"]),
    ("0.1", "0.1", ["0.10", ".1", "1e-1"]),
    ("0.00001", "0.00001", ["1e-5", "1e-05"]),
    ("0.000001", "1e-6", ["0.000001"]),
    ("9007199254740993", "9007199254740993", ["9007199254740992"]),
    ("1e16", "10000000000000000", ["1e16", "1e+16"]),
    ("9223372036854775807", "9223372036854775807", ["9223372036854775808", "9.223372036854776e18"]),
    ("-9223372036854775808", "-9223372036854775808", ["-9.223372036854776e18"]),
    ("-9223372036854775808.0", "-9223372036854775808", ["-9.223372036854776e18"]),
    ("9223372036854775808.0", "9.223372036854776e18", ["9223372036854775808"]),
    ("1e19", "1e19", ["10000000000000000000", "1E19", "1e+19"]),
    ("1e21", "1e21", ["1000000000000000000000", "1e+21"]),
    ("1e308", "1e308", ["1e+308", "1" + "0" * 200]),
    ("5e-324", "5e-324", ["4.94065645841247e-324"]),
]


def pairs(answer):
    assert answer.status_code == 200, answer.text
    return sorted((str(row["a"] and row["a"]["id"]), str(row["b"] and row["b"]["id"])) for row in answer.json()["data"])


@pytest.mark.parametrize(("number", "text", "others"), PAIRS, ids=[number for number, _, _ in PAIRS])
def test_a_number_and_a_text_are_joined_from_either_side_or_from_none(local, number, text, others):
    json = {"content-type": "application/json"}
    local.post(A, content=f'{{"id":"n","k":{number}}}', headers=json)
    local.post(B, json=[{"id": "t", "k": text}, *({"id": other, "k": other} for other in others)])
    assert pairs(local.get("/api/v1/join/a/b/k")) == [("n", "t")]
    assert pairs(local.get("/api/v1/join/a/b/k?type=full")) == sorted([("n", "t"), *(("None", o) for o in others)])
    swapped = local.get("/api/v1/join/b/a/k?as=b,a")
    assert pairs(swapped) == [("n", "t")]
    outer = local.get("/api/v1/join/b/a/k?as=b,a&type=full")
    assert pairs(outer) == sorted([("n", "t"), *(("None", o) for o in others)])


@pytest.mark.parametrize(("number", "text", "others"), PAIRS, ids=[number for number, _, _ in PAIRS])
def test_unique_sees_what_a_join_would_whichever_came_first(local, number, text, others):
    json = {"content-type": "application/json"}
    as_number, as_text = f'{{"id":"n","k":{number}}}', f'{{"id":"t","k":"{text}"}}'
    for first, second in itertools.permutations([as_number, as_text]):
        local.put("/api/v1/tables/a", json={"unique": ["k"]})
        assert local.post(A, content=first, headers=json).status_code == 201
        assert_problem(local.post(A, content=second, headers=json), 409, "not-unique")
        assert local.post(A, json=[{"id": other, "k": other} for other in others]).status_code == 201
        local.delete("/api/v1/tables/a")
        local.post(A, content=f"[{first},{second}]", headers=json)
        assert_problem(local.put("/api/v1/tables/a", json={"unique": ["k"]}), 409, "definition-broken")
        local.delete("/api/v1/tables/a")


@pytest.mark.parametrize(("number", "text", "others"), PAIRS, ids=[number for number, _, _ in PAIRS])
def test_an_id_is_joined_as_its_text(local, number, text, others):
    json = {"content-type": "application/json"}
    local.post(A, json=[{"id": text}, *({"id": other} for other in others)])
    local.post(B, content=f'{{"id":"b","a_id":{number}}}', headers=json)
    for path in ("/api/v1/join/a/b/id=a_id", "/api/v1/join/b/a/a_id=id", "/api/v1/join/a/b/id=a_id?type=right"):
        assert pairs(local.get(path)) == [(text, "b")]
