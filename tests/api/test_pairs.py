"""A joined row is a record whose fields are the two tables: conditions, order, selection, trees."""

import csv
import io
import json
from urllib.parse import quote

import pytest

from tests.problems import assert_problem

PEOPLE = [
    {"id": 1, "name": "Ada", "age": 36},
    {"id": 2, "name": "Bob", "age": 20},
    {"id": 3, "name": "Cleo"},
    {"id": 4, "name": "Dan", "age": 50},
]
ORDERS = [
    {"id": "a", "person": 1, "total": 10},
    {"id": "b", "person": 2, "total": 30},
    {"id": "c", "person": 1, "total": 20},
    {"id": "d", "person": 9, "total": 5},
    {"id": "e", "total": 7},
    {"id": "f", "person": 4, "total": 20},
]


@pytest.fixture
def shop(api):
    assert api.post("/api/v1/load", json={"persons": PEOPLE, "buys": ORDERS}).status_code == 200


def ask(api, query="", path="/api/v1/join/persons/buys/id=person"):
    answer = api.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def pairs(body):
    return "".join(
        f"{row['persons']['id'] if row['persons'] else '-'}{row['buys']['id'] if row['buys'] else '-'} "
        for row in body["data"]
    ).split()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "1a 1c 2b 4f"),
        ("persons.age:gte=30", "1a 1c 4f"),
        ("buys.total:gt=15", "1c 2b 4f"),
        ("persons.age:gte=30&buys.total=20", "1c 4f"),
        ("type=left", "1a 1c 2b 3- 4f"),
        ("type=left&buys:null=true", "3-"),
        ("type=left&buys.id:null=true", "3-"),
        ("type=left&buys:exists=true", "1a 1c 2b 3- 4f"),
        ("type=right&persons:null=true", "-d -e"),
        ("type=full&persons.name:null=false", "1a 1c 2b 3- 4f"),
        ("type=full&buys.total:lt=10", "-d -e"),
        ("type=full&persons:null=true&buys.person:exists=true", "-d"),
        ("type=left&persons.age:null=true", "3-"),
        ("type=left&buys.total:ne=20", "1a 2b 3-"),
        ("sort=-buys.total", "2b 1c 4f 1a"),
        ("sort=buys.total,-persons.name", "1a 4f 1c 2b"),
        ("sort=-persons.name", "4f 2b 1a 1c"),
        ("sort=-persons.age&type=left", "4f 1a 1c 2b 3-"),
        ("type=full&sort=buys.total", "-d -e 1a 1c 4f 2b 3-"),
        ("type=full&sort=-persons.id", "4f 3- 2b 1a 1c -d -e"),
        ("sort=-buys.total&offset=1&limit=2", "1c 4f"),
        ("where=" + quote('{"or": [{"persons.name": "Bob"}, {"buys.total": {"lt": 15}}]}'), "1a 2b"),
        ("where=" + quote('{"not": {"persons.name": "Ada"}}'), "2b 4f"),
        ("type=left&where=" + quote('{"buys": null}'), "3-"),
    ],
)
def test_conditions_and_order_look_at_both_sides(api, shop, query, expected):
    body = ask(api, f"{query}&count=true")
    assert pairs(body) == expected.split()
    if "limit" not in query:
        assert body["total"] == len(expected.split())


@pytest.mark.parametrize(
    "query",
    [
        "sort=-buys.total",
        "sort=persons.age,buys.id",
        "type=full&sort=-persons.id",
        "type=full",
        "buys.total:lt=25&type=left",
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_next_leads_through_every_order(api, shop, query, limit):
    whole, found = pairs(ask(api, query)), []
    body = ask(api, f"{query}&limit={limit}")
    while True:
        found += pairs(body)
        if body["next"] is None:
            break
        body = ask(api, path=body["next"].partition("?")[0], query=body["next"].partition("?")[2])
    assert found == whole


def test_select_chooses_members_of_either_side(api, shop):
    assert ask(api, "select=persons.name,buys.total&limit=1")["data"] == [
        {"persons": {"name": "Ada"}, "buys": {"total": 10}}
    ]
    assert ask(api, "select=buys&limit=1")["data"] == [{"buys": ORDERS[0]}]
    [row] = ask(api, "select=persons.name,buys.id&type=left&buys:null=true")["data"]
    assert row == {"persons": {"name": "Cleo"}, "buys": None}


def test_explain_tells_of_both_sides(api, shop):
    explain = ask(api, "persons.name=Ada&explain=true")["explain"]
    assert (explain["access"], explain["index"], explain["rows_returned"]) == ("index", "persons.name", 2)
    assert ask(api, "explain=true")["explain"]["index"] == "buys.person"


def test_a_field_that_no_record_has_is_told_with_its_side(api, shop):
    told = ["no record in persons has the field 'nmae'; did you mean 'name'?"]
    assert ask(api, "persons.nmae=x")["warnings"] == told
    assert ask(api, "sort=persons.nmae")["warnings"] == told
    answer = api.get("/api/v1/join/persons/buys/id=person?persons.nmae=x", headers={"Prefer": "handling=strict"})
    assert_problem(answer, 400, "unknown-field")


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ("name=Ada", "unknown-field", "persons.name"),
        ("person.name=Ada", "unknown-field", "Did you mean 'persons"),
        ("tpye=left", "unknown-field", "Did you mean 'type'"),
        ("sort=persons", "invalid-sort", "persons.id"),
        ("sort=total", "unknown-field", ""),
        ("select=total", "unknown-field", ""),
        ("buys:gt=1", "invalid-operator", "buys"),
        ("shape=tree&type=full", "invalid-parameter", "left"),
        ("shape=tree&type=left&buys:null=true", "invalid-parameter", "type=left&buys:null=true"),
        ("shape=tree&persons:exists=true", "invalid-parameter", "pairs"),
        ("shape=flat", "invalid-parameter", "tree"),
        ("buys.total=1&buys.total=2", "repeated-condition", "in"),
    ],
)
def test_mistakes_are_told(api, shop, query, code, told):
    answer = api.get(f"/api/v1/join/persons/buys/id=person?{query}")
    assert told in assert_problem(answer, 400, code)["detail"]


def test_a_tree_holds_the_matches_inside(api, shop):
    body = ask(api, "shape=tree&count=true")
    assert body["data"] == [
        PEOPLE[0] | {"buys": [ORDERS[0], ORDERS[2]]},
        PEOPLE[1] | {"buys": [ORDERS[1]]},
        PEOPLE[3] | {"buys": [ORDERS[5]]},
    ]
    assert (body["total"], body["join"]) == (3, {"on": "persons.id = buys.person", "type": "inner"})
    left = ask(api, "shape=tree&type=left&count=true")
    assert [(row["id"], len(row["buys"])) for row in left["data"]] == [(1, 2), (2, 1), (3, 0), (4, 1)]


def test_conditions_choose_records_and_matches(api, shop):
    assert [row["id"] for row in ask(api, "shape=tree&persons.age:gt=30")["data"]] == [1, 4]
    body = ask(api, "shape=tree&buys.total:gte=20")
    assert [(row["id"], [order["id"] for order in row["buys"]]) for row in body["data"]] == [
        (1, ["c"]),
        (2, ["b"]),
        (4, ["f"]),
    ]
    body = ask(api, "shape=tree&type=left&buys.total=30")
    assert [len(row["buys"]) for row in body["data"]] == [0, 1, 0, 0]


def test_the_matches_have_an_order_of_their_own(api, shop):
    body = ask(api, "shape=tree&sort=-persons.age,-buys.total")
    assert [(row["id"], [order["id"] for order in row["buys"]]) for row in body["data"]] == [
        (4, ["f"]),
        (1, ["c", "a"]),
        (2, ["b"]),
    ]


def test_pages_of_trees_count_records(api, shop):
    body = ask(api, "shape=tree&type=left&limit=2&sort=-persons.name")
    assert [row["id"] for row in body["data"]] == [4, 3]
    body = api.get(body["next"]).json()
    assert ([row["id"] for row in body["data"]], body["next"]) == ([2, 1], None)
    assert [row["id"] for row in ask(api, "shape=tree&offset=1&limit=1")["data"]] == [2]


def test_a_match_by_id_stands_alone(api, shop):
    path = "/api/v1/join/buys/persons/person=id"
    body = ask(api, "shape=tree&type=left&select=buys.id,persons.name", path)
    assert body["data"] == [
        {"id": "a", "persons": {"name": "Ada"}},
        {"id": "b", "persons": {"name": "Bob"}},
        {"id": "c", "persons": {"name": "Ada"}},
        {"id": "d", "persons": None},
        {"id": "e", "persons": None},
        {"id": "f", "persons": {"name": "Dan"}},
    ]
    api.put("/api/v1/tables/persons", json={"unique": ["name"]})
    api.post("/api/v1/data/memos", json={"id": 1, "who": "Ada"})
    assert ask(api, "shape=tree", "/api/v1/join/memos/persons/who=name")["data"] == [
        {"id": 1, "who": "Ada", "persons": PEOPLE[0]}
    ]


def test_matches_of_mixed_type_inside_trees_are_counted_too(api):
    api.post("/api/v1/load", json={"m": [{"id": 1}, {"id": 2}], "n": [{"id": 1, "m": "1"}, {"id": 2, "m": 1}]})
    for shape in ("pairs", "tree"):
        [warning] = ask(api, f"shape={shape}", "/api/v1/join/m/n/id=m")["warnings"]
        assert warning.startswith("1 of these matches")


def test_matches_stay_an_array_where_an_empty_table_leaves_the_key_open(api, shop):
    api.post("/api/v1/load", json={"notes": [{"id": 1}]})
    api.delete("/api/v1/data/notes/1")
    body = ask(api, "type=left&shape=tree&limit=1", "/api/v1/join/persons/notes/author")
    assert body["join"]["on"] is None
    assert body["data"] == [{**PEOPLE[0], "notes": []}]


def test_a_member_that_is_there_already_is_not_overwritten(api, shop):
    api.post("/api/v1/data/persons", json={"id": 5, "buys": "mine"})
    problem = assert_problem(api.get("/api/v1/join/persons/buys/id=person?shape=tree&type=left"), 422, "name-taken")
    assert "buys" in problem["detail"]
    body = ask(api, "shape=tree&type=left&as=persons,theirs")
    assert body["data"][-1] == {"id": 5, "buys": "mine", "theirs": []}
    assert body["join"]["on"] == "persons.id = theirs.person"
    body = ask(api, "shape=tree&type=left&select=persons.id,buys.id", "/api/v1/join/persons/buys/id=person")
    assert body["data"][-1] == {"id": 5, "buys": []}, "a member that is left out is in nobody's way"


def test_names_rename_conditions_too(api, shop):
    api.post(
        "/api/v1/data/staff", json=[{"id": 1, "boss": 2, "n": "a"}, {"id": 2, "n": "b"}, {"id": 3, "boss": 2, "n": "c"}]
    )
    path = "/api/v1/join/staff/staff/boss=id"
    body = ask(api, "as=worker,manager&worker.n:gt=a&sort=manager.n", path)
    assert [(row["worker"]["id"], row["manager"]["id"]) for row in body["data"]] == [(3, 2)]
    assert_problem(api.get(f"{path}?as=worker,manager&staff.n=a"), 400, "unknown-field")


def test_csv_and_ndjson_of_pairs_and_trees(api, shop):
    path = "/api/v1/join/persons/buys/id=person"
    answer = api.get(f"{path}?type=left&buys:null=true", headers={"Accept": "text/csv"})
    assert answer.text == "persons.id,persons.name\r\n3,Cleo\r\n"
    answer = api.get(f"{path}?shape=tree&limit=1&select=persons.id,buys.id", headers={"Accept": "text/csv"})
    assert answer.text == 'id,buys\r\n1,"[{""id"":""a""},{""id"":""c""}]"\r\n'
    lines = api.get(f"{path}?sort=-buys.total&limit=2", headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line)["buys"]["id"] for line in lines.text.splitlines()] == ["b", "c"]
    assert "rel=" in lines.headers["link"]


@pytest.mark.parametrize("select", ["", "&select=k.n", "&select=k.n,p.id,p.z"])
def test_a_tree_of_many_matches_is_the_same_in_every_form(api, select):
    kids = [{"id": i, "p": 1 + (i % 3 == 0) * i % 2, "n": 'a "b", c'} for i in range(900)]
    api.post("/api/v1/load", json={"p": [{"id": 1, "z": 1}, {"id": 2}, {"id": 0}], "k": kids})
    path = f"/api/v1/join/p/k/id=p?shape=tree&type=left&sort=-k.id{select}"
    rows = api.get(path).json()["data"]
    assert [len(row["k"]) for row in rows] == [0, 750, 150]
    assert [kid["n"] for kid in rows[1]["k"]] == [kid["n"] for kid in reversed(kids) if kid["p"] == 1]
    lines = api.get(path, headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == rows
    text = api.get(path, headers={"Accept": "text/csv"}).text
    cells = list(csv.DictReader(io.StringIO(text), strict=True))
    assert [json.loads(row.pop("k")) for row in cells] == [row.pop("k") for row in rows]
    assert [{name: int(cell) for name, cell in row.items() if cell} for row in cells] == rows


@pytest.mark.parametrize("select", ["p,k.n", "p.z,k.n", "p.id,k.n,p.z"])
def test_a_cell_beside_many_matches_is_what_it_is_beside_few(api, select):
    """Nothing is an empty cell, and an empty text one in quotes."""
    people = [{"id": 1}, {"id": 2, "z": None}, {"id": 3, "z": ""}, {"id": 4, "z": 'a "b"'}]
    seen = []
    for many in (2, 300):
        kids = [{"id": 10 * i + person, "p": person, "n": 1} for i in range(many) for person in (1, 2, 3, 4)]
        api.post("/api/v1/load?mode=replace", json={"p": people, "k": kids})
        path = f"/api/v1/join/p/k/id=p?shape=tree&select={select}"
        text = api.get(path, headers={"Accept": "text/csv"}).text
        seen.append(text.replace(",".join(['{""n"":1}'] * many), "..."))
    assert seen[0] == seen[1]
    assert [line.replace('"[...]"', "").strip("1234,") for line in seen[0].splitlines()[1:]] == [
        "",
        "",
        '""',
        '"a ""b"""',
    ]


def test_csv_of_trees_has_the_chosen_columns_of_a_model_only(api):
    api.post(
        "/api/v1/data/users",
        json={"id": "5a9b9bb6-0000-4000-8000-000000000001", "email": "a@example.com", "full_name": "Ada"},
    )
    path = "/api/v1/join/users/orders/user_id?type=left&shape=tree&select=users.full_name,orders.id"
    answer = api.get(path, headers={"Accept": "text/csv"})
    assert answer.text == "full_name,orders\r\nAda,[]\r\n"


def test_a_model_says_what_may_stand_in_a_condition(api):
    path = "/api/v1/join/users/orders/user_id"
    assert_problem(api.get(f"{path}?users.agee=1"), 400, "unknown-field")
    assert_problem(api.get(f"{path}?users.age=x"), 400, "invalid-value")
    assert_problem(api.get(f"{path}?orders.order_date:contains=1"), 400, "invalid-operator")
    assert api.get(f"{path}?users.age:gt=18&type=left").json()["data"] == []


def test_nothing_matched_because_of_a_condition_is_no_fault_of_the_key(api, shop):
    assert "warnings" not in ask(api, "persons.name=Nobody")
    assert "warnings" in ask(api, "", "/api/v1/join/persons/buys/person=id")


@pytest.mark.parametrize("query", ["type=left", "type=right", "type=full&limit=1", "type=left&shape=tree"])
def test_nothing_matched_is_told_where_records_without_a_match_are_kept(api, query):
    api.post("/api/v1/load", json={"a": [{"id": 1}, {"id": 2}], "b": [{"id": 8, "a_id": 2}, {"id": 9, "a_id": 7}]})
    [warning] = ask(api, query, "/api/v1/join/a/b/id")["warnings"]
    assert warning == "nothing matched; id=a_id would (a.id = b.a_id)"
    assert "warnings" not in ask(api, query, "/api/v1/join/a/b/a_id")


def test_a_field_that_a_side_has_not_is_named_with_its_side(api):
    problem = assert_problem(api.get("/api/v1/join/users/orders/user_id?users.fulname=x"), 400, "unknown-field")
    assert "Did you mean 'users.full_name'?" in problem["detail"]
    problem = assert_problem(api.get("/api/v1/join/users/orders/user_id?orders.product=x"), 400, "unknown-field")
    assert "Did you mean 'orders.product_name'?" in problem["detail"]
