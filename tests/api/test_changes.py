"""What has happened, as a list: `GET /api/v1/changes`."""

import re

from tests.problems import assert_problem

CHANGES = "/api/v1/changes"


def now(api):
    return api.get(CHANGES).json()["latest"]


def since(api, position, **words):
    answer = api.get(CHANGES, params={"since": position, **words})
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(page):
    return [(each["table"], each["op"], each.get("id"), each.get("record")) for each in page["data"]]


def test_without_a_position_it_begins_now(api):
    api.post("/api/v1/data/t", json={"id": 1})
    page = api.get(CHANGES).json()
    assert page["data"] == []
    assert page["next"] == f"{CHANGES}?since={page['latest']}"
    assert api.get(page["next"]).json() == page


def test_each_write_is_told_with_what_stands_after(api):
    begin = now(api)
    api.post("/api/v1/data/t", json={"id": 1, "n": 1})
    api.put("/api/v1/data/t/1", json={"n": 2})
    api.patch("/api/v1/data/t/1", json={"m": 3})
    api.delete("/api/v1/data/t/1")
    page = since(api, begin)
    assert told(page) == [
        ("t", "create", 1, {"id": 1, "n": 1}),
        ("t", "replace", 1, {"id": 1, "n": 2}),
        ("t", "replace", 1, {"id": 1, "n": 2, "m": 3}),
        ("t", "delete", 1, None),
    ]
    assert [*page["data"][0]] == ["position", "at", "table", "op", "id", "record"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each["at"]) for each in page["data"])
    assert len({each["position"] for each in page["data"]}) == 4
    assert page["data"][-1]["position"] == page["latest"]


def test_ids_keep_their_type(api):
    begin = now(api)
    api.post("/api/v1/data/t", json=[{"id": 1}, {"id": "2"}, {"id": "café"}])
    assert [each["id"] for each in since(api, begin)["data"]] == [1, "2", "café"]


def test_what_was_done_together_has_one_position(api):
    begin = now(api)
    operations = [{"op": "create", "table": name, "record": {"id": name}} for name in ("a", "b")]
    assert api.post("/api/v1/batch", json={"operations": operations}).status_code == 200
    page = since(api, begin)
    assert [each["table"] for each in page["data"]] == ["a", "b"]
    assert {each["position"] for each in page["data"]} == {page["latest"]}


def test_pages_go_on_in_the_midst_of_a_bulk_and_lose_and_repeat_nothing(api):
    begin = now(api)
    api.post("/api/v1/data/t", json=[{"id": i} for i in range(7)])
    api.post("/api/v1/data/t", json={"id": 7})
    found, path = [], f"{CHANGES}?since={begin}&limit=3"
    for _ in range(5):
        page = api.get(path).json()
        found += [each["id"] for each in page["data"]]
        path = page["next"]
    assert found == [*range(8)]
    assert path == f"{CHANGES}?limit=3&since={page['latest']}"


def test_a_large_step_is_told_record_by_record(api):
    begin = now(api)
    api.post("/api/v1/data/t", json=[{"id": i} for i in range(1500)])  # a large step
    api.patch("/api/v1/data/t", params={"all": "true"}, json={"n": 1})
    page = since(api, begin, limit=1000)
    found = page["data"]
    while page["data"]:
        page = api.get(page["next"]).json()
        found += page["data"]
    assert [(each["op"], each["id"]) for each in found] == [
        *(("create", i) for i in range(1500)),
        *(("replace", i) for i in range(1500)),
    ]


def test_a_write_that_changes_nothing_is_not_told(api):
    api.post("/api/v1/data/t", json={"id": 1})
    begin = now(api)
    api.post("/api/v1/data/t", params={"on_conflict": "ignore"}, json={"id": 1})
    api.post("/api/v1/data/t", json={"id": 1})
    assert since(api, begin)["data"] == []


def test_steps_of_whole_tables_are_told_by_name(api):
    begin = now(api)
    api.put("/api/v1/tables/t", json={"indexes": [{"field": "n"}]})
    api.post("/api/v1/load", json={"t": [{"id": 1}], "s": []})
    api.delete("/api/v1/tables/t")
    page = since(api, begin)
    assert told(page) == [
        (*pair, None, None) for pair in (("t", "define"), ("t", "load"), ("s", "load"), ("t", "drop"))
    ]
    assert all([*each] == ["position", "at", "table", "op"] for each in page["data"])
    assert page["data"][1]["position"] == page["data"][2]["position"]


def test_a_load_that_replaces_all_tells_what_it_empties_and_drops(api):
    api.post("/api/v1/data/gone", json={"id": 1})
    api.put("/api/v1/tables/defined", json={"indexes": [{"field": "n"}]})
    begin = now(api)
    api.post("/api/v1/load", params={"mode": "replace"}, json={"t": []})
    found = [pair[:2] for pair in told(since(api, begin))]
    assert ("t", "load") in found
    assert ("defined", "load") in found
    assert ("gone", "drop") in found
    api.delete("/api/v1/tables/defined")


def test_steps_of_several_tables_go_on_in_their_midst(api):
    begin = now(api)
    api.post("/api/v1/load", json={"a": [], "b": [], "c": []})
    found, path = [], f"{CHANGES}?since={begin}&limit=1"
    for _ in range(3):
        page = api.get(path).json()
        found += [each["table"] for each in page["data"]]
        path = page["next"]
    assert found == ["a", "b", "c"]
    assert api.get(path).json()["data"] == []


def test_tables_are_chosen_by_name(api):
    begin = now(api)
    for name in ("a", "b", "c"):
        api.post(f"/api/v1/data/{name}", json={"id": 1})
    assert [each["table"] for each in since(api, begin, table=["a", "c"])["data"]] == ["a", "c"]
    assert [each["table"] for each in since(api, begin, table="b")["data"]] == ["b"]


def test_conditions_choose_among_records_and_a_deleted_one_by_what_it_was(api):
    begin = now(api)
    api.post("/api/v1/data/t", json=[{"id": 1, "age": 17}, {"id": 2, "age": 18}])
    api.patch("/api/v1/data/t/1", json={"age": 18})
    api.patch("/api/v1/data/t/2", json={"age": 3})
    api.delete("/api/v1/data/t/1")
    api.delete("/api/v1/data/t/2")
    page = since(api, begin, **{"table": "t", "age:gte": "18"})
    assert [pair[1:3] for pair in told(page)] == [("create", 2), ("replace", 1), ("delete", 1)]
    assert page["next"] == f"{CHANGES}?table=t&age%3Agte=18&since={page['latest']}"
    assert told(since(api, begin, table="t", where='{"age": {"lt": 4}}'))[0][1:3] == ("replace", 2)


def test_conditions_pass_over_no_step_of_the_whole_table(api):
    begin = now(api)
    api.post("/api/v1/load", json={"t": [{"id": 1}], "s": []})
    assert [pair[:2] for pair in told(since(api, begin, table="t", id="5"))] == [("t", "load")]


def test_a_field_that_no_record_has_is_told(api):
    api.post("/api/v1/data/t", json={"id": 1, "name": "Ada"})
    page = since(api, now(api), table="t", nmae="Ada")
    assert "nmae" in page["warnings"][0]
    strict = api.get(CHANGES, params={"table": "t", "nmae": "Ada"}, headers={"Prefer": "handling=strict"})
    assert_problem(strict, 400, "unknown-field")


def test_what_cannot_be_is_refused(api):
    api.post("/api/v1/data/t", json={"id": 1})
    api.post("/api/v1/data/s", json={"id": 1})
    refused = {
        "age=1": (400, "conflicting-parameters"),
        "table=t&table=s&age=1": (400, "conflicting-parameters"),
        "table=t&age:foo=1": (400, "unknown-operator"),
        "since=": (400, "invalid-parameter"),
        "since=what": (400, "invalid-parameter"),
        "since=a-1&since=a-2": (400, "invalid-parameter"),
        "limit=-1": (400, "invalid-parameter"),
        "limit=1001": (400, "limit-too-large"),
        "table=nobody": (404, "unknown-table"),
        "since=abc-1": (410, "changes-gone"),
        "table=nobody&since=abc-1": (410, "changes-gone"),
    }
    for query, expected in refused.items():
        assert_problem(api.get(f"{CHANGES}?{query}"), *expected)
    assert "Did you mean 'table'?" in api.get(f"{CHANGES}?tabel=t").json()["detail"]
    assert "Did you mean 'since'?" in api.get(f"{CHANGES}?sinc=abc-1").json()["detail"]
    ahead = re.sub(r"(?<=-)\d+", lambda number: str(int(number[0]) + 1), now(api), count=1)
    assert api.get(CHANGES, params={"since": ahead}).status_code == 410
    assert_problem(api.get(CHANGES, headers={"Accept": "text/csv"}), 406, "not-acceptable")


def test_a_table_that_was_dropped_since_is_told(api):
    api.post("/api/v1/data/gone", json={"id": 1})
    begin = now(api)
    api.delete("/api/v1/tables/gone")
    page = since(api, begin, table="gone")
    assert told(page) == [("gone", "drop", None, None)]
    assert_problem(api.get(page["next"]), 404, "unknown-table")
    assert api.get(page["next"].replace("table=gone&", "")).json()["data"] == []


def test_a_table_that_is_not_there_is_unknown_behind_a_position_too(api):
    api.post("/api/v1/data/users", json={"id": 1})
    begin = now(api)
    api.put("/api/v1/data/users/1", json={"id": 1, "n": 1})
    for headers in ({}, {"Accept": "text/event-stream"}):
        for query in ("table=user", "table=users&table=user", "table=user&n=1"):
            problem = api.get(f"{CHANGES}?{query}&since={begin}", headers=headers)
            assert_problem(problem, 404, "unknown-table")
            assert "users" in problem.json()["detail"]


def test_a_page_of_nothing_goes_on_where_it_was(api):
    begin = now(api)
    api.post("/api/v1/data/t", json={"id": 1})
    page = since(api, begin, limit=0)
    assert (page["data"], page["next"]) == ([], f"{CHANGES}?limit=0&since={begin}")


def test_a_field_called_table_is_asked_for_with_its_operator(api):
    begin = now(api)
    api.post("/api/v1/data/t", json=[{"id": 1, "table": "a"}, {"id": 2, "table": "b"}])
    assert [each["id"] for each in since(api, begin, **{"table": "t", "table:eq": "b"})["data"]] == [2]


def test_head_answers_as_get_without_a_body(api):
    answer = api.head(CHANGES)
    assert (answer.status_code, answer.content) == (200, b"")
