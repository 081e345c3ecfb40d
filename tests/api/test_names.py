"""Every field can be asked for, whatever its name: filtered, sorted, selected, grouped; and every page has its next."""

import asyncio
import json
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ramekin import Database
from ramekin.api.app import create_app
from tests.conftest import EXAMPLES
from tests.inside import InsideClient
from tests.problems import assert_problem

DATA, QUERY = "/api/v1/data/t", "/api/v1/query/t"
ODD = [
    "", "\\", "\\\\", "a\\", "a\\b", ".", "..", "a.b", ".a", "a.", "\\.", ",", "a,b", ",,", "-", "--", "-a", "a-b", ":",
    "a:b", "a:eq", "limit", "sort", "where", "all", "cursor", "not", "and", "or", "eq", "in", "null", "id:eq", "*", "'",
    '"', '"a"', '""', '\\""', '"",""', "=", "a=b", "&", "a&b", "%", "%41", "+", " ", "a b", "é", "💧", "\x00", "\n", "\t,", "__proto__", "0",
    "1e5", "true", "[", "]", "{}", "#", "?", "/", "~", "a;b", "<x>", "\u2028", "\\,", "\\-", "-\\",
]  # fmt: skip
NAMES = (st.text(st.sampled_from(list("\\.,-:=a&+%\"' é")), max_size=5) | st.text(max_size=6)).filter(
    lambda name: name != "id" and not any(0xD800 <= ord(c) <= 0xDFFF for c in name)
)


OUTER = "a name that no other is like"
some = settings(max_examples=EXAMPLES // 5)


@pytest.fixture(scope="module")
def http():
    database = Database()
    asyncio.run(database.__aenter__())
    with InsideClient(create_app(database), raise_server_exceptions=False) as client:
        yield client


def as_path(*names):
    """Write a path as the manual says: a backslash before what has a meaning."""
    escaped = [name.replace("\\", "\\\\").replace(".", "\\.") for name in names]
    return ".".join(f"\\{name}" if name == '""' else name for name in escaped)


def in_list(*names):
    """Write a path in a list with commas between, as the manual says."""
    text = as_path(*names).replace(",", "\\,")
    return f"\\{text}" if text.startswith("-") else text or '""'


def ids(answer):
    assert answer.status_code == 200, answer.text
    assert "warnings" not in answer.json(), answer.text
    return [record["id"] for record in answer.json()["data"]]


def store(http, records):
    answer = http.post("/api/v1/load?mode=replace", json={"t": records})
    assert answer.status_code == 200, answer.text


def check_name(http, name):
    store(http, [{"id": 1, name: 2}, {"id": 2, name: 1}, {"id": 3, OUTER: 0}, {"id": 4, name: 2}])
    assert ids(http.get(DATA, params={f"{as_path(name)}:eq": "2"})) == [1, 4]
    assert ids(http.get(DATA, params={f"{as_path(name)}:null": "true"})) == [3]
    assert ids(http.get(DATA, params={"sort": in_list(name)})) == [2, 1, 4, 3]
    assert ids(http.get(DATA, params={"sort": f"-{in_list(name)},-id"})) == [4, 1, 2, 3]
    for where in ({as_path(name): {"eq": 2}}, {"not": {"and": [{as_path(name): {"ne": 2}}]}}):
        assert ids(http.get(DATA, params={"where": json.dumps(where)})) == [1, 4]
        assert ids(http.post(QUERY, json={"where": where, "sort": f"-{in_list(name)}"})) == [1, 4]
        assert ids(http.post(QUERY, json={"where": where, "sort": [in_list(name)]})) == [1, 4]
    answer = http.get(DATA, params={"select": in_list(name)})
    assert answer.json()["data"] == [{name: 2}, {name: 1}, {}, {name: 2}]
    assert "warnings" not in answer.json()
    answer = http.get(f"{DATA}/1", params={"select": f"{in_list(name)},id"})
    assert (answer.json(), answer.headers.get("x-warnings")) == ({"id": 1, name: 2}, None)
    assert http.post(QUERY, json={"select": [in_list(name)]}).json()["data"][0] == {name: 2}


def check_groups(http, name):
    store(http, [{"id": 1, name: 2}, {"id": 2, name: 1}, {"id": 4, name: 2}])
    path = as_path(name)
    by = {"group_by": [path], "aggregate": {"how many": "count", "the total": f"sum:{path}"}}
    answer = http.post(QUERY, json={**by, "sort": f"-{in_list(path)}"})
    assert answer.status_code == 200, answer.text
    assert [list(row.values()) for row in answer.json()["data"]] == [[2, 2, 4], [1, 1, 1]]
    assert "warnings" not in answer.json()
    figure = {"group_by": ["id"], "aggregate": {name: f"max:{path}"}, "sort": f"-{in_list(name)},-id"}
    assert [row[name] for row in http.post(QUERY, json=figure).json()["data"]] == [2, 2, 1]


def check_inside(http, name):
    store(http, [{"id": 1, OUTER: {name: 2}, name: {"b": [5]}}, {"id": 2, OUTER: {name: 1}, name: {"b": [4]}}])
    assert ids(http.get(DATA, params={f"{as_path(OUTER, name)}:eq": "2"})) == [1]
    assert ids(http.get(DATA, params={f"{as_path(name, 'b', '0')}:eq": "5"})) == [1]
    both = f"{in_list(OUTER, name)},{in_list(name, 'b', '0')}"
    assert ids(http.get(DATA, params={"sort": both})) == [2, 1]
    assert http.get(f"{DATA}/2", params={"select": both}).json() == {OUTER: {name: 1}, name: {"b": [4]}}


def check_pages(http, name):
    store(http, [{"id": i, name: i % 3} for i in range(7)])
    path, seen = DATA, []
    query = {"sort": f"-{in_list(name)}", "limit": "2", f"{as_path(name)}:gte": "0", "select": f"id,{in_list(name)}"}
    answer = http.get(path, params=query)
    while True:
        seen += ids(answer)
        if answer.json()["next"] is None:
            break
        answer = http.get(answer.json()["next"])
    assert seen == [2, 5, 1, 4, 0, 3, 6]


CHECKS = [check_name, check_groups, check_inside, check_pages]


@pytest.mark.parametrize("check", CHECKS)
def test_an_odd_name_can_be_asked_for_in_every_way(http, check):
    for name in ODD:
        check(http, name)


@pytest.mark.parametrize("check", CHECKS)
def test_any_name_can_be_asked_for_in_every_way(http, check):
    @some
    @given(NAMES)
    def any_name(name):
        check(http, name)

    any_name()


def test_change_by_condition_takes_any_name(http):
    for name in ODD:
        store(http, [{"id": 1, name: 2}, {"id": 2, name: 1}])
        assert http.delete(DATA, params={f"{as_path(name)}:eq": "1"}).json() == {"matched": 1, "changed": 1}


def test_a_definition_takes_any_name(http):
    for name in ODD:
        http.delete("/api/v1/tables/t")
        path = as_path(name) or '""'
        told = http.put("/api/v1/tables/t", json={"unique": [path], "indexes": [{"field": path, "kind": "sorted"}]})
        assert told.status_code == 201, told.text
        shown = told.json()
        again = {"unique": shown["unique"], "indexes": [{"field": shown["indexes"][0]["field"], "kind": "sorted"}]}
        assert http.put("/api/v1/tables/t", json=again).json()["unique"] == shown["unique"]
        assert http.post(DATA, json={"id": 1, name: 2}).status_code == 201
        assert_problem(http.post(DATA, json={"id": 2, name: 2}), 409, "not-unique")
        assert ids(http.get(DATA, params={f"{shown['unique'][0]}:eq": "2"})) == [1]
    http.delete("/api/v1/tables/t")


def test_a_join_takes_any_name_without_a_slash(http):
    for name in ODD:
        if "/" not in name and "%" not in name:  # the test client decodes a percent sign twice
            tables = {"a": [{"id": 1, name: "x"}], "b": [{"id": 2, name: "x"}]}
            assert http.post("/api/v1/load?mode=replace", json=tables).status_code == 200
            key = as_path(name).replace("=", "\\=") or '""'
            for text in (f"{key}={key}", key):
                answer = http.get(f"/api/v1/join/a/b/{quote(text, safe='')}", params={f"a.{key}:eq": "x"})
                assert answer.status_code == 200, (name, answer.text)
                assert len(answer.json()["data"]) == 1, (name, answer.text)


def test_fields_called_like_the_words_of_where(http):
    store(http, [{"id": 1, "not": 1, "and": 1, "or": 1, "eq": 1}, {"id": 2, "not": 2, "and": 2, "or": 2, "eq": 2}])
    for name in ("not", "and", "or", "eq"):
        for one in (1, {"eq": 1}, {"gte": 1, "lt": 2}, {"in": [1, 3]}, {"null": False, "ne": 2}):
            assert ids(http.post(QUERY, json={"where": {name: one}})) == [1]
            assert ids(http.post(QUERY, json={"where": {"not": {"and": [{name: one}]}}})) == [2]
    # an object with a member that is no operator is what does not hold
    assert ids(http.post(QUERY, json={"where": {"not": {"or": {"eq": 1}}}})) == [2]
    assert ids(http.post(QUERY, json={"where": {"not": {"not": {"eq": 1}}}})) == [2]
    assert ids(http.post(QUERY, json={"where": {"not": {"and": [{"eq": {"eq": 1}}]}}})) == [2]
    assert ids(http.post(QUERY, json={"where": {"not": {}}})) == []


def test_lists_without_a_name_are_told(http):
    store(http, [{"id": 1, "": 1, "a": 1}])
    for query in ("sort=", "sort=-", "sort=a,", "sort=,a", "select=", "select=a,,id"):
        problem = assert_problem(http.get(f"{DATA}?{query}"), 400, f"invalid-{query.partition('=')[0]}")
        assert "commas between" in problem["detail"]


@pytest.mark.parametrize("count", [99, 100])
def test_the_next_page_of_a_query_with_as_many_parameters_as_may_be(http, count):
    store(http, [{"id": i, "n": i} for i in range(5)])
    query = "&".join([f"n:ne=x{i}" if i == 0 else f"f{i}:ne=x" for i in range(count - 2)])
    answer = http.get(f"{DATA}?{query}&limit=2&sort=n")
    pages = [answer]
    while answer.json()["next"]:
        answer = http.get(answer.json()["next"])
        pages.append(answer)
    assert [page.status_code for page in pages] == [200] * 3
    assert http.get(f"{DATA}?{query}&limit=2&offset=2").json()["next"] is not None


def test_one_parameter_more_is_refused_and_so_is_one_beside_the_cursor(http):
    store(http, [{"id": i} for i in range(5)])
    query = "&".join(f"f{i}:ne=x" for i in range(99))
    following = http.get(f"{DATA}?{query}&limit=2").json()["next"]
    assert http.get(following).status_code == 200
    assert_problem(http.get(f"{DATA}?{query}&limit=2&count=true"), 400, "invalid-parameter")
    assert_problem(http.get(f"{following}&count=true"), 400, "invalid-parameter")
    assert_problem(http.get(f"{DATA}?{query}&limit=2&sort=id&count=true"), 400, "invalid-parameter")


def test_the_next_page_is_asked_for_as_the_first_was(http):
    store(http, [{"id": i, "n": i} for i in range(5)])
    values = ",".join(map(str, range(3000)))
    first = f"{DATA}?n:in={values}&limit=1&%6fffset=1&&sort=-n"
    following = http.get(first).json()["next"]
    assert following.startswith(f"{DATA}?n:in={values}&limit=1&sort=-n&cursor=")
    assert len(following) < len(first) + 100
    assert ids(http.get(following)) == [2]


def test_next_asks_the_same_question_whatever_stands_in_it(http):
    store(http, [{"id": i} for i in range(4)])
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)

    @some
    @given(st.lists(st.tuples(NAMES, text), max_size=4))
    @example([("a", "<>"), ('"', "{}|^`"), ("b", "é+% &="), ("[", "]")])
    def any_query(pairs):
        query = {f"{as_path(name)}:ne": value for name, value in pairs} | {"limit": "2"}
        first = http.get(DATA, params=query)
        assert first.status_code == 200, first.text
        following = first.json()["next"]
        assert first.headers["link"] == f'<{following}>; rel="next"'
        second = http.get(following)
        assert second.status_code == 200, second.text
        assert [record["id"] for record in second.json()["data"]] == [2, 3]

    any_query()
