"""`GET /api/v1/data/{table}`: pages in id order."""

import pytest

from tests.each import each
from tests.problems import assert_problem

PETS = "/api/v1/data/pets"


@pytest.fixture
def ten(api):
    api.post(PETS, json=[{"id": i} for i in (5, 3, 9, 0, 1, 8, 2, 7, 4, 6)])


def walk(api, path):
    """Return the ids of every page, page by page."""
    pages = []
    while path:
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        pages.append([record["id"] for record in answer.json()["data"]])
        path = answer.json()["next"]
    return pages


def test_a_list_is_an_envelope_in_id_order(api, ten):
    answer = api.get(PETS)
    assert answer.json() == {"data": [{"id": i} for i in range(10)], "next": None}
    assert "link" not in answer.headers


def test_integers_come_before_texts_and_texts_by_code_point(api):
    api.post(PETS, json=[{"id": i} for i in ("b", "a", 10, "Z", 9, -1, "10x", "é", "01")])
    assert walk(api, PETS) == [[-1, 9, 10, "01", "10x", "Z", "a", "b", "é"]]


def test_a_text_that_looks_like_an_integer_stays_a_text(api):
    api.post(PETS, json=[{"id": "5"}, {"id": 40}, {"id": "a"}, {"id": 7}])
    assert walk(api, PETS) == [[7, 40, "5", "a"]]
    assert walk(api, f"{PETS}?limit=1") == [[7], [40], ["5"], ["a"]]


def test_next_leads_through_all_pages(api, ten):
    assert walk(api, f"{PETS}?limit=4") == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert walk(api, f"{PETS}?limit=5") == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    answer = api.get(f"{PETS}?limit=4")
    assert answer.headers["link"] == f'<{answer.json()["next"]}>; rel="next"'


def test_pages_neither_repeat_nor_skip_while_records_come_and_go(api, ten):
    first = api.get(f"{PETS}?limit=4").json()
    api.delete(f"{PETS}/3")
    api.delete(f"{PETS}/5")
    api.post(PETS, json=[{"id": -1}, {"id": 100}])
    assert walk(api, first["next"]) == [[4, 6, 7, 8], [9, 100]]


def test_offset_begins_at_a_position(api, ten):
    assert walk(api, f"{PETS}?offset=7&limit=2") == [[7, 8], [9]]
    assert walk(api, f"{PETS}?offset=10") == [[]]
    assert walk(api, f"{PETS}?offset=999") == [[]]


def test_count_adds_the_total_on_every_page(api, ten):
    first = api.get(f"{PETS}?limit=6&count=true").json()
    assert first["total"] == 10
    assert api.get(first["next"]).json()["total"] == 10


def test_limit_0_is_an_empty_page(api, ten):
    assert api.get(f"{PETS}?limit=0&count=true").json() == {"data": [], "next": None, "total": 10}


def test_limit_is_100_where_it_is_not_said(api):
    api.post(PETS, json=[{"id": i} for i in range(101)])
    assert [len(page) for page in walk(api, PETS)] == [100, 1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=1001", "limit-too-large"),
        ("limit=-1", "invalid-parameter"),
        ("limit=1.0", "invalid-parameter"),
        ("limit=", "invalid-parameter"),
        ("limit=99999999999999999999", "invalid-parameter"),
        ("offset=x", "invalid-parameter"),
        ("count=1", "invalid-parameter"),
        ("limit=1&limit=1", "invalid-parameter"),
        ("cursor=x", "invalid-cursor"),
        ("cursor=", "invalid-cursor"),
        ("cursor=W10", "invalid-cursor"),
        ("cursor=%C3%A9", "invalid-cursor"),
        ("cursor=eyJhIjoxfQ&offset=1", "conflicting-parameters"),
        ("a=%ff", "malformed-path"),
        ("&".join(f"a{i}=1" for i in range(101)), "invalid-parameter"),
    ],
)
def test_a_word_that_is_not_understood_is_told(api, ten, query, code):
    assert_problem(api.get(f"{PETS}?{query}"), 400, code)


def test_a_limit_over_the_maximum_names_the_maximum(api, ten):
    assert "1000" in api.get(f"{PETS}?limit=1001").json()["detail"]


def test_a_cursor_belongs_to_its_table(api, ten):
    api.post("/api/v1/data/cats", json={"id": 1})
    cursor = api.get(f"{PETS}?limit=1").json()["next"].partition("cursor=")[2]
    assert_problem(api.get(f"/api/v1/data/cats?cursor={cursor}"), 400, "invalid-cursor")


def test_an_unknown_table_is_404(api):
    assert_problem(api.get("/api/v1/data/none"), 404, "unknown-table")


def test_ndjson_carries_the_records_alone(api, ten):
    answer = api.get(f"{PETS}?limit=2&count=true", headers={"accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text == '{"id":0}\n{"id":1}\n'
    assert answer.headers["x-total-count"] == "10"
    assert walk(api, answer.headers["link"][1:].partition(">")[0])[0][0] == 2


def test_csv_has_a_column_for_every_member_in_the_order_first_met(api):
    api.post(PETS, json=[{"id": 1, "b": 'x, "y"'}, {"id": 2, "a": {"c": [1]}, "n": None, "t": True, "f": 1.5}])
    answer = api.get(PETS, headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.split("\r\n") == [
        "id,b,a,n,t,f", '1,"x, ""y""",,,,', '2,,"{""c"":[1]}",,true,1.5', "",
    ]  # fmt: skip


def test_a_list_has_a_weak_tag_that_changes_with_every_write(api, ten):
    tag = api.get(PETS).headers["etag"]
    assert tag.startswith('W/"')
    fresh = api.get(PETS, headers={"if-none-match": tag})
    assert (fresh.status_code, fresh.headers["etag"], fresh.headers["vary"]) == (304, tag, "Accept, Prefer")
    api.patch(f"{PETS}/1", json={"n": 1})
    assert api.get(PETS, headers={"if-none-match": tag}).status_code == 200


REFUSED = {
    "an unknown field": ("GET", "data/pets?age:gt=5&nmae=x", None),
    "an unknown order": ("GET", "data/pets?age=5&sort=nope", None),
    "an unknown selection": ("GET", "data/pets?age=5&select=nope", None),
    "a value that none has": ("GET", "data/pets?age=x", None),
    "a cursor of another query": ("GET", "data/pets?age=5&cursor=x", None),
    "an unknown field in a body": ("POST", "query/pets", {"where": {"age": {"gt": 5}, "nmae": 1}}),
    "an unknown group": ("POST", "query/pets", {"where": {"age": 5}, "group_by": ["n"], "aggregate": {"n": "count"}}),
    "an unknown field of a join": ("GET", "join/pets/pets/id=age?as=a,b&a.age=5&b.nmae=1", None),
    "an unknown field of what is deleted": ("DELETE", "data/pets?age=5&nmae=1", None),
}


@each(REFUSED.values())
def test_what_is_refused_builds_no_index(case, local):
    method, path, body = case
    local.delete("/api/v1/tables/pets")
    local.post("/api/v1/data/pets", json=[{"id": i, "age": i % 50} for i in range(1200)])
    for _ in range(2):
        answer = local.request(method, f"/api/v1/{path}", json=body, headers={"Prefer": "handling=strict"})
        assert answer.status_code == 400
    assert local.get("/api/v1/tables/pets").json()["indexes"] == []
    assert local.get("/api/v1/data/pets?age=5").status_code == 200
    assert [index["field"] for index in local.get("/api/v1/tables/pets").json()["indexes"]] == ["age"]
