"""Conditions, order, selection and explanations on lists, as addresses and as `POST /query` tell them."""

import json
from urllib.parse import quote

import pytest

from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
QUERY = "/api/v1/query/pets"

RECORDS = [
    {"id": 1, "name": "Rex", "age": 3, "home": {"city": "Paris", "zip": "01"}, "tags": ["good", 7], "is_old": False},
    {"id": 2, "name": "rex", "age": 7.5, "home": {"city": "Lyon"}, "tags": [], "is_old": True},
    {"id": 3, "name": "Tom", "age": "7", "home": {"city": "Paris"}, "a.b": 1, "a:b": "colon"},
    {"id": 4, "name": "Übü", "age": None, "limit": 5, "or": 1},
    {"id": 5, "tags": ["bad"], "is_old": True},
]


@pytest.fixture
def pets(api):
    api.post(PETS, json=RECORDS)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [record["id"] for record in answer.json()["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("age=3", [1]),
        ("age:eq=7", [3]),
        ("age=7.50", [2]),
        ("age=75e-1", [2]),
        ("age=07", []),
        ("age:ne=3", [2, 3, 4, 5]),
        ("age:gt=2", [1, 2, 3]),
        ("age:gte=7", [2, 3]),
        ("age:lt=7", [1]),
        ("age:lte=7", [1, 3]),
        ("age:gt=2&age:lt=5", [1]),
        ("id:in=1,3,9", [1, 3]),
        ("age:in=3,7", [1, 3]),
        ('age:in=[3,"7",null]', [1, 3, 4]),
        ('age:in=["3"]', []),
        ("age:nin=3,7", [2, 4, 5]),
        ("name:in=", []),
        ("name:contains=e", [1, 2]),
        ("tags:contains=good", [1]),
        ("tags:contains=7", [1]),
        ("name:icontains=R", [1, 2]),
        ("name:icontains=ü", [4]),
        ("name:startswith=R", [1]),
        ("name:endswith=x", [1, 2]),
        ("age:null=true", [4, 5]),
        ("age:null=false", [1, 2, 3]),
        ("age:exists=true", [1, 2, 3, 4]),
        ("age:exists=false", [5]),
        ("is_old=true", [2, 5]),
        ("is_old:gt=false", []),
        ("home.city=Paris", [1, 3]),
        ("home.city=Paris&name=Tom", [3]),
        ("home.zip=1", []),
        ("home.zip=01", [1]),
        ("tags.0=good", [1]),
        ("tags.1=7", [1]),
        (r"a\.b=1", [3]),
        ("a.b=1", []),
        ("a:b:eq=colon", [3]),
        ("limit:eq=5", [4]),
        ("or=1", [4]),
        ("name=R%C3%A9x", []),
        ("id=1", [1]),
        ("id=1.0", [1]),
        ("id:gt=3", [4, 5]),
        ("id:ne=3", [1, 2, 4, 5]),
    ],
)
def test_a_condition_in_the_address_finds(api, pets, query, expected):
    assert ids(api.get(f"{PETS}?{query}")) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"age": 7}, []),
        ({"age": "7"}, [3]),
        ({"age": None}, [4]),
        ({"age": {"ne": None}}, [1, 2, 3, 5]),
        ({"is_old": 1}, []),
        ({"tags": ["good", 7]}, [1]),
        ({"home": {"eq": {"zip": "01", "city": "Paris"}}}, [1]),
        ({"age": {"gte": 3, "lt": 7.5}}, [1]),
        ({"or": [{"home.city": "Lyon"}, {"is_old": True}]}, [2, 5]),
        ({"or": []}, []),
        ({"and": []}, [1, 2, 3, 4, 5]),
        ({"not": {"home.city": "Paris"}}, [2, 4, 5]),
        ({"not": {"or": [{"id": 1}, {"id": {"gt": 3}}]}}, [2, 3]),
        ({"or": {"eq": 1}}, [4]),
        ({"or": 1}, [4]),
    ],
)
def test_where_means_the_same_in_the_address_and_in_a_body(api, pets, where, expected):
    assert ids(api.get(f"{PETS}?where={quote(json.dumps(where))}")) == expected
    assert ids(api.post(QUERY, json={"where": where})) == expected


def test_all_conditions_hold_at_once(api, pets):
    where = quote('{"or": [{"id": 1}, {"id": 2}]}')
    assert ids(api.get(f"{PETS}?where={where}&home.city=Paris&age:gt=1")) == [1]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", [1, 3, 2, 4, 5]),
        ("-name", [4, 2, 3, 1, 5]),
        ("age", [1, 2, 3, 4, 5]),
        ("-age", [3, 2, 1, 4, 5]),
        ("home.city,-id", [2, 3, 1, 5, 4]),
        ("-is_old,name", [2, 5, 1, 3, 4]),
        ("-id", [5, 4, 3, 2, 1]),
        ("tags", [2, 5, 1, 3, 4]),
    ],
)
def test_sort_puts_null_and_missing_last_and_ties_by_id(api, pets, sort, expected):
    assert ids(api.get(f"{PETS}?sort={sort}")) == expected
    assert ids(api.post(QUERY, json={"sort": sort.split(",")})) == expected


@pytest.mark.parametrize("sort", ["name", "-age", "home.city,-id", "-is_old,name", "tags"])
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_next_leads_through_an_order(api, pets, sort, limit):
    whole = ids(api.get(f"{PETS}?sort={sort}"))
    found, path = [], f"{PETS}?sort={sort}&limit={limit}&id:gt=0"
    while path:
        answer = api.get(path)
        found += ids(answer)
        path = answer.json()["next"]
    assert found == whole


def test_next_of_a_query_is_where_to_post_the_same_body(api, pets):
    body = {"where": {"id": {"lt": 5}}, "sort": "-name", "limit": 3, "count": True}
    first = api.post(QUERY, json=body)
    assert first.json()["next"].startswith(f"{QUERY}?cursor=")
    second = api.post(first.json()["next"], json=body)
    assert ids(first) + ids(second) == [4, 2, 3, 1]
    assert (first.json()["total"], second.json()["total"], second.json()["next"]) == (4, 4, None)
    assert first.headers["link"] == f'<{first.json()["next"]}>; rel="next"'


def test_code_points_decide_the_order_of_texts(api):
    texts = ["z", "Z", "é", "\uffff", "\U0001f600", "a", ""]
    api.post(PETS, json=[{"id": i, "t": text} for i, text in enumerate(texts)])
    found = [record["t"] for record in api.get(f"{PETS}?sort=t").json()["data"]]
    assert found == ["", "Z", "a", "z", "é", "\uffff", "\U0001f600"]


def test_select_keeps_nesting_and_adds_nothing(api, pets):
    answer = api.get(f"{PETS}?select=name,home.city,tags.1&limit=2&sort=id")
    assert answer.json()["data"] == [
        {"name": "Rex", "home": {"city": "Paris"}, "tags": [7]},
        {"name": "rex", "home": {"city": "Lyon"}},
    ]
    assert api.post(QUERY, json={"select": "id", "limit": 1}).json()["data"] == [{"id": 1}]


@pytest.mark.parametrize(
    ("query", "access", "index", "examined"),
    [
        ("id=3", "id", None, 1),
        ("age=3", "index", "age", 1),
        ("home.city=Paris", "index", "home.city", 2),
        ("name:contains=e", "scan", None, 5),
        ("sort=-age&limit=2", "index", "age", 5),
    ],
)
def test_explain_tells_how_the_rows_were_found(api, pets, query, access, index, examined):
    body = api.get(f"{PETS}?{query}&explain=true").json()
    explain = body["explain"]
    assert list(explain) == ["access", "index", "rows_examined", "rows_returned", "microseconds"]
    assert (explain["access"], explain["index"]) == (access, index)
    assert explain["rows_examined"] <= examined
    assert explain["rows_returned"] == len(body["data"])
    assert explain["microseconds"] > 0
    api.get(f"{PETS}?{query}")
    assert "explain" not in api.get(f"{PETS}?{query}").json()


def test_count_counts_all_pages(api, pets):
    assert api.get(f"{PETS}?home.city=Paris&limit=1&count=true").json()["total"] == 2
    assert api.get(f"{PETS}?name:contains=e&limit=0&count=true").json() == {"data": [], "next": None, "total": 2}


def test_ndjson_and_csv_carry_total_and_warnings_in_headers(api, pets):
    answer = api.get(f"{PETS}?nmae=x&count=true", headers={"Accept": "application/x-ndjson"})
    assert (answer.text, answer.headers["x-total-count"]) == ("", "0")
    assert json.loads(answer.headers["x-warnings"]) == ["no record in pets has the field 'nmae'; did you mean 'name'?"]
    answer = api.get(f"{PETS}?sort=-id&limit=2&select=id,name", headers={"Accept": "text/csv"})
    assert answer.text == "id,name\r\n5,\r\n4,Übü\r\n"
    assert "rel=" in answer.headers["link"]
    answer = api.post(QUERY, json={"select": ["id"], "where": {"id": 1}}, headers={"Accept": "application/x-ndjson"})
    assert answer.text == '{"id":1}\n'


# Mistakes


def test_a_field_that_no_record_has_is_a_warning_everywhere(api, pets):
    told = ["no record in pets has the field 'nmae'; did you mean 'name'?"]
    for query in ("nmae=x", "nmae:ne=x", "sort=nmae", "select=nmae", 'where={"or":[{"nmae":1}]}'):
        answer = api.get(f"{PETS}?{query}")
        assert (answer.status_code, answer.json()["warnings"]) == (200, told), query
    assert api.post(QUERY, json={"where": {"nmae": 1}}).json()["warnings"] == told
    assert api.post(QUERY, json={"group_by": ["nmae"], "aggregate": {"n": "count"}}).json()["warnings"] == told


def test_a_misspelt_reserved_word_is_named(api, pets):
    [warning] = api.get(f"{PETS}?limti=5").json()["warnings"]
    assert "did you mean 'limit'" in warning


def test_a_strict_client_gets_an_error_for_it(api, pets):
    strict = {"Prefer": "handling=strict"}
    for query in ("nmae=x", "sort=nmae", "select=nmae"):
        problem = assert_problem(api.get(f"{PETS}?{query}", headers=strict), 400, "unknown-field")
        assert "Did you mean 'name'?" in problem["detail"]
    assert api.get(f"{PETS}?name=x", headers=strict).json() == {"data": [], "next": None}


def test_several_lines_of_a_header_are_one_list(api, pets):
    lines = [("Prefer", "return=minimal"), ("Prefer", "handling=strict")]
    assert_problem(api.get(f"{PETS}?nmae=x", headers=lines), 400, "unknown-field")
    accept = [("Accept", "image/png"), ("Accept", "text/csv")]
    assert api.get(PETS, headers=accept).headers["content-type"].startswith("text/csv")
    tag = api.get(PETS).headers["etag"]
    assert api.get(PETS, headers=[("If-None-Match", '"x"'), ("If-None-Match", tag)]).status_code == 304


def test_a_field_that_was_there_and_is_gone_is_told_again(api, pets):
    assert "warnings" not in api.get(f"{PETS}?limit:eq=6").json()
    api.delete(f"{PETS}/4")
    assert "warnings" in api.get(f"{PETS}?limit:eq=6").json()
    api.patch(f"{PETS}/1", json={"limit": 6})
    assert api.get(f"{PETS}?limit:eq=6").json()["data"][0]["id"] == 1
    assert "warnings" not in api.get(f"{PETS}?limit:eq=7").json()


def test_an_empty_table_has_nothing_to_warn_of(api):
    api.post(PETS, json={"id": 1})
    api.delete(f"{PETS}/1")
    assert api.get(f"{PETS}?anything=1").json() == {"data": [], "next": None}


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("age:gtt=1", "unknown-operator", "Did you mean 'gt"),
        ("age:like=1", "unknown-operator", "Did you mean 'contains'?"),
        ("age:neq=1", "unknown-operator", "Did you mean 'ne'?"),
        ("age:§=1", "unknown-operator", "eq, ne, gt"),
        ("age=1&age=2", "repeated-condition", "in"),
        ("age=1&age:eq=2", "repeated-condition", "in"),
        ("limit=1001", "limit-too-large", "1000"),
        ("limit=-1", "invalid-parameter", "limit"),
        ("limit=x", "invalid-parameter", "limit"),
        ("limit=1&limit=2", "invalid-parameter", "limit"),
        ("cursor=x", "invalid-cursor", "next"),
        ("cursor=x&offset=1", "conflicting-parameters", "cursor"),
        ("explain=yes", "invalid-parameter", "explain"),
        ("sort=", "invalid-sort", "sort"),
        ("sort=a,,b", "invalid-sort", "sort"),
        ("sort=a,-a", "invalid-sort", "twice"),
        ("select=", "invalid-select", "select"),
        ("where=x", "invalid-where", "JSON"),
        ("where=", "invalid-where", "The text is empty"),
        ("where=[]", "invalid-where", "object"),
        ('where={"a":{}}', "invalid-where", "operator"),
        ('where={"a":{"gtt":1}}', "unknown-operator", "Did you mean 'gt"),
        ('where={"or":[1]}', "invalid-where", "object"),
        ('where={"a":1,"a":2}', "invalid-where", "twice"),
        ("age:null=1", "invalid-value", "true or false"),
        ("age:in=[1", "invalid-value", "JSON array"),
        ('where={"age":{"gt":true}}', "invalid-value", "number or text"),
        ('where={"age":{"in":1}}', "invalid-value", "array"),
    ],
)
def test_every_mistake_has_its_own_code(api, pets, query, code, told):
    assert told in assert_problem(api.get(f"{PETS}?{quote(query, safe='=&')}"), 400, code)["detail"]


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("agee=1", "unknown-field", "Did you mean 'age'?"),
        ("sort=agee", "unknown-field", "Did you mean 'age'?"),
        ("select=agee", "unknown-field", "Did you mean 'age'?"),
        ("age=x", "invalid-value", "integer"),
        ("created_at:gt=soon", "invalid-value", "ISO 8601"),
        ("age:startswith=1", "invalid-operator", "integer"),
        ("id=5", "invalid-value", "UUID"),
        ('where={"age":"18"}', "invalid-value", "integer"),
    ],
)
def test_a_model_knows_its_fields_operators_and_values(api, query, code, told):
    assert told in assert_problem(api.get(f"/api/v1/data/users?{query}"), 400, code)["detail"]


def test_a_model_compares_moments_and_uuids(api):
    user = {"email": "a@example.com", "full_name": "A", "created_at": "2024-05-01T12:00:00+02:00"}
    created = api.post("/api/v1/data/users", json=user).json()
    for query in (
        "created_at=2024-05-01T10:00:00Z",
        "created_at:lt=2024-05-01T10:00:01",
        f"id={created['id'].upper()}",
    ):
        answer = api.get("/api/v1/data/users?" + quote(query, safe="=&"))
        assert [record["id"] for record in answer.json()["data"]] == [created["id"]], query


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "invalid-where"),
        ({"were": {}}, "unknown-parameter"),
        ({"limit": 1001}, "limit-too-large"),
        ({"limit": True}, "invalid-parameter"),
        ({"offset": -1}, "invalid-parameter"),
        ({"count": 1}, "invalid-parameter"),
        ({"cursor": 1}, "invalid-parameter"),
        ({"sort": 1}, "invalid-sort"),
        ({"select": [1]}, "invalid-select"),
        ({"cursor": "x", "offset": 1}, "conflicting-parameters"),
        ({"where": {"a": {"x": 1}}}, "unknown-operator"),
        ({"group_by": "city"}, "invalid-aggregate"),
        ({"group_by": []}, "invalid-aggregate"),
        ({"aggregate": []}, "invalid-aggregate"),
        ({"aggregate": {"n": "total"}}, "invalid-aggregate"),
        ({"aggregate": {"n": "sum"}}, "invalid-aggregate"),
        ({"group_by": ["n"], "aggregate": {"n": "count"}}, "invalid-aggregate"),
        ({"group_by": ["n"], "sort": "m"}, "invalid-aggregate"),
        ({"group_by": ["n"], "select": "n"}, "invalid-aggregate"),
        ({"sort": [f"f{i}" for i in range(101)]}, "invalid-sort"),
        ({"aggregate": {f"f{i}": "count" for i in range(101)}}, "invalid-aggregate"),
        ({"group_by": ["n"], "sort": ["n"] * 101}, "invalid-aggregate"),
    ],
)
def test_every_mistake_in_a_query_has_its_code(api, pets, body, code):
    assert_problem(api.post(QUERY, json=body), 400, code)


def test_a_query_is_json(api, pets):
    assert_problem(api.post(QUERY, content="{}", headers={"content-type": "text/plain"}), 415, "unsupported-media-type")
    assert_problem(api.post(QUERY, content="{", headers={"content-type": "application/json"}), 400, "malformed-json")
    assert_problem(api.post(f"{QUERY}?limit=1", json={}), 400, "unknown-parameter")
    assert_problem(api.post("/api/v1/query/nope", json={}), 404, "unknown-table")


def test_a_cursor_belongs_to_its_conditions_and_order(api, pets):
    for first, second in (("sort=name", "sort=-name"), ("age:gt=0", "age:gt=1"), ("sort=name", "")):
        following = api.get(f"{PETS}?{first}&limit=1").json()["next"]
        cursor = following.partition("cursor=")[2]
        assert_problem(api.get(f"{PETS}?{second}&limit=1&cursor={cursor}"), 400, "invalid-cursor")
        assert api.get(following.replace("limit=1", "limit=2")).status_code == 200


def test_a_value_that_no_cursor_can_hold_is_told(api):
    api.post(PETS, json=[{"id": i, "text": f"{i}" * 9000} for i in range(3)])
    assert_problem(api.get(f"{PETS}?sort=text&limit=1"), 422, "sort-value-too-long")
    assert ids(api.get(f"{PETS}?sort=text")) == [0, 1, 2]


def test_too_many_conditions_are_refused(api, pets):
    where = {"or": [{"id": i} for i in range(101)]}
    assert_problem(api.post(QUERY, json={"where": where}), 400, "invalid-where")
    assert ids(api.post(QUERY, json={"where": {"id": {"in": list(range(5000))}}})) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("more", [{"sort": "name,id"}, {"group_by": ["name"]}])
def test_the_largest_offset_lies_behind_everything(api, pets, more):
    assert api.post(QUERY, json={"offset": 2**63 - 1, **more}).json() == {"data": [], "next": None}


# Groups


def test_groups_come_in_the_order_of_their_values_with_their_figures(api, pets):
    body = {
        "group_by": ["home.city"],
        "aggregate": {"n": "count", "ages": "count:age", "total": "sum:age", "mean": "avg:age", "first": "min:name"},
    }
    answer = api.post(QUERY, json=body).json()
    assert answer["data"] == [
        {"home.city": "Lyon", "n": 1, "ages": 1, "total": 7.5, "mean": 7.5, "first": "rex"},
        {"home.city": "Paris", "n": 2, "ages": 2, "total": 3, "mean": 3.0, "first": "Rex"},
        {"home.city": None, "n": 2, "ages": 0, "total": 0, "mean": None, "first": "Übü"},
    ]
    assert answer["warnings"] == [
        "1 values of 'age' are not numbers and are left out of total",
        "1 values of 'age' are not numbers and are left out of mean",
    ]


def test_groups_are_sorted_paged_and_counted(api, pets):
    body = {"group_by": ["home.city"], "aggregate": {"n": "count"}, "sort": "-n,home.city", "limit": 1, "count": True}
    first = api.post(QUERY, json=body).json()
    second = api.post(first["next"], json=body).json()
    third = api.post(second["next"], json=body).json()
    assert [page["data"][0]["home.city"] for page in (first, second, third)] == ["Paris", None, "Lyon"]
    assert (first["total"], third["next"]) == (3, None)
    assert api.post(QUERY, json=body | {"offset": 2}).json()["data"] == third["data"]
    csv = api.post(QUERY, json=body | {"limit": 5}, headers={"Accept": "text/csv"})
    assert csv.text == "home.city,n\r\nParis,2\r\n,2\r\nLyon,1\r\n"


def test_figures_of_everything_need_no_groups(api, pets):
    body = {"aggregate": {"n": "count", "old": "max:age"}, "where": {"id": {"lt": 3}}, "explain": True}
    answer = api.post(QUERY, json=body).json()
    assert answer["data"] == [{"n": 2, "old": 7.5}]
    assert answer["explain"]["rows_returned"] == 1
    nothing = api.post(QUERY, json={"aggregate": {"s": "sum:age", "a": "avg:age", "m": "min:age"}, "where": {"id": 99}})
    assert nothing.json()["data"] == [{"s": 0, "a": None, "m": None}]


def test_sums_are_exact_where_they_can_be(api):
    api.post(PETS, json=[{"id": i, "f": 0.1, "i": 2**53 + 1, "h": 1e308} for i in range(10)])
    answer = api.post(QUERY, json={"aggregate": {"f": "sum:f", "i": "sum:i", "h": "sum:h"}}).json()
    assert answer["data"] == [{"f": 1.0, "i": 10 * (2**53 + 1), "h": None}]
    assert answer["warnings"] == ["h is out of range in some group and given as null"]


def test_a_model_sums_numbers_and_decimals_only(api):
    for i, price in enumerate(("0.10", "0.20", "10")):
        api.post("/api/v1/data/gadgets", json={"id": i, "Label": "x", "price": price})
    body = {"aggregate": {"total": "sum:price", "mean": "avg:price", "least": "min:price"}}
    assert api.post("/api/v1/query/gadgets", json=body).json()["data"] == [
        {"total": "10.30", "mean": "3.433333333333333333333333333", "least": "0.10"}
    ]
    wrong = {"aggregate": {"total": "sum:Label"}}
    assert_problem(api.post("/api/v1/query/gadgets", json=wrong), 400, "invalid-aggregate")


def test_decimals_that_cancel_leave_what_is_left(api):
    prices = ("1e9999", "-1e9999", "1e-9999", "0.10", "1e400")
    for i, price in enumerate(prices):
        api.post("/api/v1/data/gadgets", json={"id": i, "Label": "x", "price": price})
    body = {"aggregate": {"total": "sum:price", "mean": "avg:price", "most": "max:price"}}
    answer = api.post("/api/v1/query/gadgets", json=body | {"where": {"id": {"lt": 3}}})
    mean = "3." + "3" * 27 + "E-10000"
    assert answer.json()["data"] == [{"total": "1E-9999", "mean": mean, "most": "1E+9999"}]
    answer = api.post("/api/v1/query/gadgets", json=body | {"where": {"id": {"in": [0, 1, 3]}}})
    assert answer.json()["data"] == [{"total": "0.10", "mean": "0.03333333333333333333333333333", "most": "1E+9999"}]
    answer = api.post("/api/v1/query/gadgets", json=body | {"where": {"id": 4}})
    assert answer.json() == {"data": [{"total": "1E+400", "mean": "1E+400", "most": "1E+400"}], "next": None}


def test_decimals_with_more_digits_than_are_kept_have_no_sum(api):
    prices = ("1e9999", "1" * 1000, "0." + "1" * 16_000)
    for i, price in enumerate(prices):
        api.post("/api/v1/data/gadgets", json={"id": i, "Label": "x", "price": price})
    body = {"aggregate": {"total": "sum:price", "mean": "avg:price"}}
    answer = api.post("/api/v1/query/gadgets", json=body).json()
    assert answer["data"] == [{"total": None, "mean": None}]
    assert answer["warnings"] == [
        f"{name} is out of range in some group and given as null" for name in ("total", "mean")
    ]


def test_a_mean_may_be_where_a_sum_is_not(api):
    api.post(PETS, json=[{"id": i, "h": 1e308, "c": c} for i, c in enumerate((1e308, 1e308, -1e308))])
    body = {"aggregate": {"sum": "sum:h", "mean": "avg:h", "left": "sum:c"}, "count": True}
    answer = api.post(QUERY, json=body).json()
    assert answer["data"] == [{"sum": None, "mean": 1e308, "left": 1e308}]
    assert answer["warnings"] == ["sum is out of range in some group and given as null"]


# Large answers


def test_a_page_of_many_large_records_is_sent_whole(api):
    api.post(PETS, json=[{"id": i, "text": "é" * 3000} for i in range(150)])
    answer = api.get(f"{PETS}?limit=150&count=true&sort=-id")
    assert answer.json()["total"] == 150
    assert [record["id"] for record in answer.json()["data"]] == list(range(149, -1, -1))
    lines = api.get(f"{PETS}?limit=150", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(150))
    rows = api.get(f"{PETS}?limit=150", headers={"Accept": "text/csv"}).text.splitlines()
    assert len(rows) == 151


@pytest.mark.parametrize("path", [".".join("a" * 65), "x" * 2001], ids=["steps", "characters"])
def test_a_path_longer_than_any_record_is_deep_is_refused_wherever_a_field_is_named(api, path):
    api.post("/api/v1/data/t", json={"id": 1, "a": 1})
    query, table = "/api/v1/query/t", "/api/v1/tables/t"
    for answer in (
        api.get(f"/api/v1/data/t?{path}:gt=1"),
        api.get("/api/v1/data/t", params={"where": json.dumps({path: 1})}),
        api.get(f"/api/v1/data/t?sort=-{path}"),
        api.get(f"/api/v1/data/t?select={path}"),
        api.get(f"/api/v1/data/t/1?select={path}"),
        api.delete(f"/api/v1/data/t?{path}=1"),
        api.post(query, json={"group_by": [path]}),
        api.post(query, json={"aggregate": {"n": f"sum:{path}"}}),
        api.get(f"/api/v1/join/t/t/{path}?as=a,b"),
        api.get(f"/api/v1/join/t/t/id={path}?as=a,b"),
        api.put(table, json={"unique": [path]}),
        api.put(table, json={"indexes": [{"field": path}]}),
    ):
        assert_problem(answer, 400, "path-too-long")


def test_a_path_as_long_as_may_be_is_read(api):
    api.post("/api/v1/data/t", json={"id": 1, "y" * 2000: 1, "z": 1})
    assert len(api.get(f"/api/v1/data/t?{'y' * 2000}=1").json()["data"]) == 1
    assert api.get(f"/api/v1/data/t?{'.'.join('a' * 64)}=1").json()["data"] == []


def test_a_schema_may_name_what_no_path_can(api):
    schema = {"properties": {"y" * 2001: {"type": "integer"}}}
    assert api.put("/api/v1/tables/wide", json={"schema": schema}).status_code == 201
    api.post("/api/v1/data/wide", json={"id": 1})
    assert api.get("/openapi.json").status_code == 200
    assert_problem(api.get("/api/v1/join/wide/wide/no?as=a,b"), 422, "key-not-resolved")


def test_a_selection_names_so_many_fields_at_most(api):
    api.post("/api/v1/data/t", json={"id": 1})
    names = [f"f{i}" for i in range(1001)]
    assert_problem(api.post("/api/v1/query/t", json={"select": names}), 400, "invalid-select")
    assert api.post("/api/v1/query/t", json={"select": names[1:]}).status_code == 200


@pytest.mark.parametrize(("sent", "meant"), [("srot=age", "sort"), ("lmit=1", "limit"), ("curser=x", "cursor")])
def test_a_misspelt_word_on_a_typed_table_is_named(api, sent, meant):
    problem = assert_problem(api.get(f"/api/v1/data/users?{sent}"), 400, "unknown-field")
    assert f"Did you mean '{meant}'?" in problem["detail"]


def test_a_member_that_nobody_may_have_is_no_field_to_suggest(api):
    definition = {"schema": {"type": "object", "properties": {"age": False, "name": {"type": "string"}}}}
    assert api.put("/api/v1/tables/forbidding", json=definition).status_code == 201
    detail = assert_problem(api.get("/api/v1/data/forbidding?age=5"), 400, "unknown-field")["detail"]
    assert "Did you mean 'age'" not in detail


LONG = "in=" + ",".join(map(str, range(1, 1000)))  # so long that it is read in turns


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{PETS}?age:"), ("GET", "/api/v1/join/pets/pets/id=id?as=a,b&a.age:"), ("DELETE", f"{PETS}?age:")],
)
def test_a_long_query_is_answered_and_refused_as_a_short_one(api, pets, method, path):
    for short, accept in (("in=3,7", "*/*"), ("in=3,7&limit=x", "text/nothing"), ("in=3,7", "text/nothing")):
        if method == "DELETE":
            short = short.replace("limit=x", "all=x")
        long = short.replace("in=3,7", LONG)
        answers = [
            api.request(method, path + query, headers={"accept": accept, "x-request-id": "same"})
            for query in (short, long)
        ]
        assert answers[0].status_code == answers[1].status_code
        told = [{**answer.json(), "warnings": None, "next": None} for answer in answers]
        if method == "GET" or answers[0].status_code >= 400:
            assert told[0] == told[1]
        else:
            assert [each["matched"] for each in told] == [2, 0]
