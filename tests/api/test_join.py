"""`GET /api/v1/join/{table1}/{table2}/{key}`: what the key means, which pairs come, in which order."""

import csv
import io
import json

import pytest

from tests.problems import assert_problem

JOIN = "/api/v1/join/users/orders"


def store(api, **tables):
    answer = api.post("/api/v1/load", json=tables)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def shop(api):
    api.request("DELETE", "/api/v1/tables/users")
    store(
        api,
        customers=[{"id": "bob", "city": 1}, {"id": "ada", "city": 2}, {"id": "cy"}],
        purchases=[
            {"id": 3, "customer_id": "ada"},
            {"id": 1, "customer_id": "bob"},
            {"id": 2, "customer_id": "ada"},
            {"id": 4, "customer_id": None},
            {"id": 5},
            {"id": 6, "customer_id": "zed"},
        ],
    )
    return "/api/v1/join/customers/purchases/customer_id"


def pairs(answer, left="customers", right="purchases"):
    assert answer.status_code == 200, answer.text
    return [tuple(row[side] and row[side]["id"] for side in (left, right)) for row in answer.json()["data"]]


INNER = [("ada", 2), ("ada", 3), ("bob", 1)]
LEFT = [("ada", 2), ("ada", 3), ("bob", 1), ("cy", None)]
ALONE = [(None, 4), (None, 5), (None, 6)]


def test_a_join_has_an_object_a_pair_with_a_member_a_table(api, shop):
    assert api.get(f"{shop}?limit=1").json() == {
        "data": [{"customers": {"id": "ada", "city": 2}, "purchases": {"id": 2, "customer_id": "ada"}}],
        "next": api.get(f"{shop}?limit=1").json()["next"],
        "join": {"on": "customers.id = purchases.customer_id", "type": "inner"},
    }


@pytest.mark.parametrize(
    ("kind", "expected"), [("inner", INNER), ("left", LEFT), ("right", INNER + ALONE), ("full", LEFT + ALONE)]
)
def test_each_type_gives_its_pairs_in_order(api, shop, kind, expected):
    answer = api.get(f"{shop}?type={kind}&count=true")
    assert pairs(answer) == expected
    assert answer.json()["total"] == len(expected)
    assert answer.json()["join"]["type"] == kind


@pytest.mark.parametrize("kind", ["inner", "left", "right", "full"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_any_size_give_every_pair_once(api, shop, kind, limit):
    whole, path, found = pairs(api.get(f"{shop}?type={kind}")), f"{shop}?type={kind}&limit={limit}", []
    while path:
        answer = api.get(path)
        found += pairs(answer)
        path = answer.json()["next"]
    assert found == whole


def test_offset_passes_over_pairs(api, shop):
    assert pairs(api.get(f"{shop}?type=left&offset=2")) == LEFT[2:]


def test_a_bare_key_of_both_tables_equals_itself(api):
    store(api, a=[{"id": 1, "k": "x"}], b=[{"id": 2, "k": "x"}])
    assert api.get("/api/v1/join/a/b/k").json()["join"]["on"] == "a.k = b.k"


def test_a_bare_key_of_the_second_table_points_at_the_first(api, shop):
    assert api.get(shop).json()["join"]["on"] == "customers.id = purchases.customer_id"


def test_a_bare_key_of_the_first_table_points_at_the_second(api, shop):
    answer = api.get("/api/v1/join/purchases/customers/customer_id")
    assert answer.json()["join"]["on"] == "purchases.customer_id = customers.id"
    assert pairs(answer, "purchases", "customers") == [(1, "bob"), (2, "ada"), (3, "ada")]


def test_a_bare_key_of_neither_table_is_422_with_the_nearest(api, shop):
    problem = assert_problem(api.get("/api/v1/join/customers/purchases/custmer_id"), 422, "key-not-resolved")
    assert "Did you mean 'customer_id'?" in problem["detail"]


def test_a_bare_key_beside_an_empty_table_matches_nothing(api):
    store(api, a=[{"id": 1}], b=[])
    answer = api.get("/api/v1/join/a/b/nothing?type=left").json()
    assert answer["data"] == [{"a": {"id": 1}, "b": None}]
    assert answer["join"] == {"on": None, "type": "left"}


def test_an_explicit_key_names_both_sides_also_inside_objects(api):
    store(api, a=[{"id": 1, "ref": {"of": ["x", "y"]}}], b=[{"id": 2, "n.n": "y"}])
    answer = api.get("/api/v1/join/a/b/ref.of.1=n%5C.n").json()
    assert answer["data"] == [{"a": {"id": 1, "ref": {"of": ["x", "y"]}}, "b": {"id": 2, "n.n": "y"}}]
    assert answer["join"]["on"] == "a.ref.of.1 = b.n\\.n"


def test_an_explicit_field_that_no_record_has_is_a_warning(api, shop):
    answer = api.get("/api/v1/join/customers/purchases/id=custmer_id").json()
    assert answer["data"] == []
    assert "no record in purchases has the field 'custmer_id'; did you mean 'customer_id'?" in answer["warnings"]
    assert any("id=customer_id" in warning for warning in answer["warnings"])


def test_an_explicit_field_that_a_model_does_not_have_is_422(api, shop):
    assert_problem(api.get(f"{JOIN}/id=usr_id"), 422, "key-not-resolved")


@pytest.mark.parametrize("key", ["=", "a=", "=b", "a=b=c"])
def test_a_key_that_is_neither_is_400(api, shop, key):
    assert_problem(api.get(f"/api/v1/join/customers/purchases/{key}"), 400, "invalid-key")


def test_when_nothing_matched_the_readings_that_would_are_named(api):
    store(api, a=[{"id": 1, "b_id": 7}], b=[{"id": 7, "b_id": 8}])
    answer = api.get("/api/v1/join/a/b/b_id").json()
    assert answer["data"] == []
    assert answer["warnings"] == ["nothing matched; b_id=id would (a.b_id = b.id)"]


def test_numbers_meet_their_shortest_text_and_booleans_only_booleans(api):
    store(
        api,
        a=[{"id": i, "k": k} for i, k in enumerate([1, "01", True, 1.5, "true", None, [1], 2**53 + 1])],
        b=[{"id": i, "k": k} for i, k in enumerate(["1", 1.0, True, "1.5", "true", None, [1], 2**53])],
    )
    answer = api.get("/api/v1/join/a/b/k?limit=1000")
    assert pairs(answer, "a", "b") == [(0, 0), (0, 1), (2, 2), (3, 3), (4, 4)]
    assert answer.json()["warnings"] == ["2 of these matches are of a number with a text; store the key in one type"]


def test_the_same_table_twice_needs_names(api):
    store(api, staff=[{"id": 1, "boss": None}, {"id": 2, "boss": 1}, {"id": 3, "boss": 2}])
    problem = assert_problem(api.get("/api/v1/join/staff/staff/boss=id"), 400, "invalid-key")
    assert "as=employee,manager" in problem["detail"]
    answer = api.get("/api/v1/join/staff/staff/boss=id?as=employee,manager&type=left")
    assert pairs(answer, "employee", "manager") == [(1, None), (2, 1), (3, 2)]
    assert answer.json()["join"]["on"] == "employee.boss = manager.id"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("as=a", "invalid-parameter"), ("as=a,a", "invalid-parameter"), ("as=a,", "invalid-parameter"),
        ("type=outer", "invalid-parameter"), ("sort=id", "unknown-field"), ("limit=1001", "limit-too-large"),
        ("cursor=x", "invalid-cursor"), ("cursor=x&offset=1", "conflicting-parameters"),
    ],
)  # fmt: skip
def test_a_word_that_is_not_understood_is_told(api, shop, query, code):
    assert_problem(api.get(f"{shop}?{query}"), 400, code)


def test_a_cursor_belongs_to_its_join(api, shop):
    cursor = api.get(f"{shop}?limit=1").json()["next"].partition("cursor=")[2]
    assert_problem(api.get(f"{shop}?type=left&cursor={cursor}"), 400, "invalid-cursor")


def test_an_unknown_table_is_404(api, shop):
    assert_problem(api.get("/api/v1/join/customers/none/id"), 404, "unknown-table")
    assert_problem(api.get("/api/v1/join/none/customers/id"), 404, "unknown-table")


def test_what_cannot_be_understood_is_told_before_what_is_missing(api):
    for path in ("none/none/id", "none/other/=", "none/other/id?cursor=x"):
        assert api.get(f"/api/v1/join/{path}").status_code == 400


def test_writes_are_in_the_next_join(api, shop):
    api.get(shop)
    api.post("/api/v1/data/purchases", json={"id": 0, "customer_id": "cy"})
    api.delete("/api/v1/data/purchases/3")
    api.patch("/api/v1/data/purchases/1", json={"customer_id": "ada"})
    assert pairs(api.get(shop)) == [("ada", 1), ("ada", 2), ("cy", 0)]


def test_csv_is_flat(api, shop):
    answer = api.get(f"{shop}?type=left", headers={"accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["customers.id", "customers.city", "purchases.id", "purchases.customer_id"]
    assert rows[1] == ["ada", "2", "2", "ada"]
    assert rows[-1] == ["cy", "", "", ""]


def test_ndjson_carries_the_pairs_alone(api, shop):
    answer = api.get(f"{shop}?limit=2&count=true", headers={"accept": "application/x-ndjson"})
    assert [json.loads(line)["purchases"]["id"] for line in answer.text.splitlines()] == [2, 3]
    assert answer.headers["x-total-count"] == "3"
    assert "cursor=" in answer.headers["link"]


def test_warnings_stand_in_a_header_where_the_rows_are_alone(api):
    store(api, a=[{"id": 1, "k": 1}], b=[{"id": 1, "k": "1"}])
    answer = api.get("/api/v1/join/a/b/k", headers={"accept": "application/x-ndjson"})
    assert json.loads(answer.headers["x-warnings"])[0].startswith("1 of these matches")


def test_a_join_answers_304_until_one_of_its_tables_changes(api, shop):
    tag = api.get(shop).headers["etag"]
    assert api.get(shop, headers={"if-none-match": tag}).status_code == 304
    api.post("/api/v1/data/purchases", json={"id": 9})
    assert api.get(shop, headers={"if-none-match": tag}).status_code == 200


def test_one_key_for_all_gives_every_pair(api):
    store(api, a=[{"id": i, "k": 1} for i in range(60)], b=[{"id": i, "k": 1} for i in range(50)])
    answer = api.get("/api/v1/join/a/b/k?limit=1000&count=true")
    assert answer.json()["total"] == 3000
    assert pairs(answer, "a", "b") == [(i, j) for i in range(20) for j in range(50)]


def test_a_long_posting_is_paged_in_order_and_follows_writes(api):
    store(api, a=[{"id": 1, "k": 1}, {"id": 2, "k": 1}], b=[{"id": i, "k": 1} for i in range(2500, 0, -1)])
    path, found = "/api/v1/join/a/b/k?limit=1000&count=true", []
    while path:
        answer = api.get(path)
        assert answer.json()["total"] == 5000
        found += pairs(answer, "a", "b")
        path = answer.json()["next"]
    assert found == [(i, j) for i in (1, 2) for j in range(1, 2501)]
    assert pairs(api.get("/api/v1/join/a/b/k?offset=4999"), "a", "b") == [(2, 2500)]
    api.delete("/api/v1/data/b/2500")
    api.post("/api/v1/data/b", json={"id": 0, "k": 1})
    assert pairs(api.get("/api/v1/join/a/b/k?limit=1"), "a", "b") == [(1, 0)]
    assert pairs(api.get("/api/v1/join/a/b/k?offset=4999"), "a", "b") == [(2, 2499)]
