"""CSV in and out over HTTP: `POST /api/v1/data/{table}`, lists, queries and dumps."""

import csv
import io

import pytest

from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
CSV = {"content-type": "text/csv"}
ACCEPT = {"accept": "text/csv"}


def post(api, text, words="", table=PETS):
    return api.post(f"{table}{words}", content=text if isinstance(text, bytes) else text.encode(), headers=CSV)


def dump(api, table):
    return api.get(f"/api/v1/dump/{table}", headers=ACCEPT).text


def define(api, name, schema):
    assert api.put(f"/api/v1/tables/{name}", json={"schema": schema}).status_code in (200, 201)


def test_a_column_is_read_as_numbers_or_booleans_where_every_cell_is_one(api):
    text = "id,n,f,b,mixed,zip,a.b\n1,1,1e2,true,1,0150,x\n2,-2,,false,x,75001,\n"
    answer = post(api, text)
    assert answer.status_code == 201
    assert answer.json() == [
        {"id": 1, "n": 1, "f": 100.0, "b": True, "mixed": "1", "zip": "0150", "a.b": "x"},
        {"id": 2, "n": -2, "b": False, "mixed": "x", "zip": "75001"},
    ]


def test_csv_types_text_keeps_every_cell_as_text(api):
    assert post(api, "id,n\n1,2\n", "?csv_types=text").json() == [{"id": "1", "n": "2"}]


def test_quotes_line_ends_and_a_byte_order_mark_are_taken(api):
    text = '\ufeffid,name\r\n1,"a ""b"", c\nd"\r\n\r\n2,\u00e9\r\n'
    assert post(api, text).json() == [{"id": 1, "name": 'a "b", c\nd'}, {"id": 2, "name": "é"}]


@pytest.mark.parametrize(
    ("text", "line"),
    [(b"id,n\n1,2\n3\n", 3), (b"id,n\n1,2,3\n", 2), (b'id\n"a\n', 2), (b"id,id\n1,2\n", 1), (b"id\n\xff\n", 2), (b"id,\n1,2\n", 1)],
)  # fmt: skip
def test_csv_that_is_wrong_names_its_line(api, text, line):
    problem = assert_problem(post(api, text), 400, "malformed-csv")
    assert f"line {line}" in problem["detail"]
    assert problem["errors"][0]["line"] == line
    assert_problem(api.get(PETS), 404, "unknown-table")


@pytest.mark.parametrize("text", ["", "\ufeff", "id,n\n", "\r\n"])
def test_csv_without_rows_is_an_empty_bulk(api, text):
    answer = post(api, text)
    assert (answer.status_code, answer.json()) == (200, [])


def test_text_without_any_line_end_is_refused_with_what_curl_does(api):
    problem = assert_problem(post(api, "id,name1,Ada2,Bo"), 400, "malformed-csv")
    assert "--data-binary" in problem["detail"]
    assert_problem(api.get(PETS), 404, "unknown-table")


@pytest.mark.parametrize(("word", "sign"), [(";", ";"), ("tab", "\t"), ("|", "|"), (",", ",")])
def test_another_delimiter_is_read_where_it_is_said_and_named_where_it_is_not(api, word, sign):
    text = sign.join(("id", "name")) + "\n" + sign.join(("1", "Ada")) + "\n"
    answer = api.post(PETS, params={"delimiter": word}, content=text, headers=CSV)
    assert answer.json() == [{"id": 1, "name": "Ada"}]
    other = "," if word != "," else "tab"
    problem = assert_problem(
        api.post(PETS, params={"delimiter": other}, content=text, headers=CSV), 400, "malformed-csv"
    )
    assert f"say '{word}' as the delimiter" in problem["detail"]


@pytest.mark.parametrize("words", ["?delimiter=x", "?delimiter=", "?csv_types=none", "?delimiter=;&delimiter=;"])
def test_a_word_that_is_none_is_refused(api, words):
    assert_problem(post(api, "id\n1\n", words), 400, "invalid-parameter")


@pytest.mark.parametrize("word", ["delimiter=tab", "csv_types=text"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_words_of_csv_are_refused_with_other_bodies(api, word, kind):
    answer = api.post(f"{PETS}?{word}", content=b'{"id":1}\n', headers={"content-type": kind})
    assert_problem(answer, 400, "invalid-parameter")


@pytest.mark.parametrize("number", ["9" * 21, "1e400", "-1e999", "9223372036854775808"])
def test_a_column_with_a_number_that_cannot_be_kept_is_text(api, number):
    assert post(api, f"id,n\n1,5\n2,{number}\n").json() == [{"id": 1, "n": "5"}, {"id": 2, "n": number}]


def test_an_id_column_with_anything_but_integers_is_text(api):
    assert [record["id"] for record in post(api, "id\n1.0\n1.1\n2\n").json()] == ["1.0", "1.1", "2"]
    assert post(api, dump(api, "pets"), table="/api/v1/data/twins").status_code == 201
    assert dump(api, "twins") == dump(api, "pets")


def test_a_very_long_cell_is_taken_up_to_the_limit_of_a_record(api):
    assert post(api, f"id,v\n1,{'x' * 60_000}\n").status_code == 201
    assert_problem(post(api, f"id,v\n2,{'x' * 70_000}\n"), 413, "body-too-large")


@pytest.mark.parametrize(
    "text", ["id,v\n1,2\n".encode("utf-16-le"), "id,v\n1,2\n".encode("utf-16-be"), "id,v\0\n1,2\n"]
)
def test_utf_16_and_a_header_with_nul_are_refused(api, text):
    assert "UTF-16" in assert_problem(post(api, text), 400, "malformed-csv")["detail"]


@pytest.mark.parametrize("text", ["\ufeff\ufeffid,n\n1,2\n", '\ufeff\ufeff"id",n\n1,2\n', "id,\ufeffn\n1,2\n"])
def test_a_byte_order_mark_in_a_name_is_refused_unless_the_name_is_in_quotes(api, text):
    assert "byte order mark" in assert_problem(post(api, text), 400, "malformed-csv")["detail"]
    assert post(api, 'id,"\ufeffn"\n1,2\n').json() == [{"id": 1, "\ufeffn": 2}]


def test_nul_and_other_odd_characters_are_kept(api):
    assert post(api, "id,v\n1,a\x00b\u2028c\x0bd\x85\n").json() == [{"id": 1, "v": "a\x00b\u2028c\x0bd\x85"}]


# Out


def test_columns_stand_in_the_order_first_met_and_nested_values_are_json(api):
    api.post(PETS, json=[{"id": 1, "b": "x"}, {"id": 2, "a": [1, {"c": 2}], "b": None}, {"id": 3, "b": ""}])
    expected = 'id,b,a\r\n1,x,\r\n2,,"[1,{""c"":2}]"\r\n3,"",\r\n'
    assert dump(api, "pets") == expected
    assert api.get(PETS, headers=ACCEPT).text == expected
    assert api.post("/api/v1/query/pets", json={}, headers=ACCEPT).text == expected


def by_hand(records):
    """Return what the standard library writes of records, of which each has an id and a number of its own."""
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, dict.fromkeys(name for record in records for name in record))
    rows.writeheader()
    rows.writerows(records)
    return out.getvalue()


@pytest.mark.parametrize("path", ["data/pets?limit=700", "dump/pets"])
def test_records_of_different_members_have_a_column_each(api, path):
    records = [{"id": n, f"f{n}": n} for n in range(700)]
    assert api.post(PETS, json=records).status_code == 201
    answer = api.get(f"/api/v1/{path}", headers=ACCEPT)
    assert answer.text == by_hand(records)


@pytest.mark.parametrize(
    "path", ["data/pets?limit=200", "dump/pets", "query/pets", "join/pets/pets/id?as=a,b&limit=200"]
)
def test_members_that_are_too_many_to_be_columns_are_refused_before_anything_is_sent(api, path):
    records = [{"id": n} | {f"f{n}x{i}": i for i in range(100)} for n in range(101)]
    assert api.post(PETS, json=records).status_code == 201
    method, body = ("POST", {"limit": 200}) if path.startswith("query") else ("GET", None)
    answer = api.request(method, f"/api/v1/{path}", json=body, headers=ACCEPT)
    problem = assert_problem(answer, 406, "not-acceptable")
    assert "10,000 different members" in problem["detail"]
    assert problem["title"] == "The answer has no form that is accepted"
    assert "`select`" in answer.json()["errors"][0]["detail"]


def test_csv_of_no_records_and_no_known_fields_is_empty_and_is_taken_back(api):
    api.put("/api/v1/tables/pets", json={})
    for text in (
        dump(api, "pets"),
        api.get(PETS, headers=ACCEPT).text,
        api.get(f"{PETS}?limit=0", headers=ACCEPT).text,
    ):
        assert text == ""
    answer = post(api, dump(api, "pets"))
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_page_without_rows_has_the_columns_that_were_chosen(api):
    """Or whoever reads a table of it finds no columns to read."""
    post(api, "id,name\r\n1,Rex\r\n")
    for words in ("name=Max", "limit=0", "name=Max&sort=id"):
        assert api.get(f"{PETS}?{words}&select=name,id,home.city", headers=ACCEPT).text == "name,id,home\r\n"
    query = {"where": {"name": "Max"}, "select": ["id"]}
    assert api.post("/api/v1/query/pets", json=query, headers=ACCEPT).text == "id\r\n"
    assert api.get(f"{PETS}?select=id", headers=ACCEPT).text == "id\r\n1\r\n"


def test_an_empty_typed_table_gives_its_header_and_takes_it_back(api):
    text = dump(api, "gadgets")
    assert text == "id,Label,parts,kind,made,price\r\n"
    assert (post(api, text, table="/api/v1/data/gadgets").json()) == []
    assert api.post("/api/v1/query/gadgets", json={"select": ["made", "id"]}, headers=ACCEPT).text == "id,made\r\n"


def test_a_name_that_is_empty_or_holds_a_delimiter_is_in_quotes(api):
    api.post(PETS, json={"id": 1, "": "x", "a;b": "y"})
    assert dump(api, "pets") == 'id,"","a;b"\r\n1,x,y\r\n'
    assert post(api, dump(api, "pets"), table="/api/v1/data/twins").json() == [{"id": 1, "": "x", "a;b": "y"}]


# Typed tables

GADGETS = "/api/v1/data/gadgets"


def test_a_model_decides_cell_by_cell(api):
    text = 'id,Label,parts,kind,made,price\n1,007,"[{""code"":""a"",""weight"":2}]",big,2026-01-02,1.10\n2,x,,,,\n'
    answer = post(api, text, table=GADGETS)
    assert answer.status_code == 201, answer.text
    assert answer.json() == [
        {"id": 1, "Label": "007", "parts": [{"code": "a", "weight": 2.0}], "kind": "big", "made": "2026-01-02", "price": "1.10"},
        {"id": 2, "Label": "x", "parts": [], "kind": "small", "made": None, "price": None},
    ]  # fmt: skip


def test_a_decimal_keeps_its_digits(api):
    digits = "12345678901234567890.12345678901234567890"
    assert post(api, f"id,Label,price\n1,x,{digits}\n", table=GADGETS).json()[0]["price"] == digits


@pytest.mark.parametrize(
    ("schema", "text", "records"),
    [
        ({"properties": {"id": {"type": "integer"}, "n": {"enum": [1, 2, "3"]}}}, 'id,n\n1,1\n2,"3"\n', [{"id": 1, "n": 1}, {"id": 2, "n": "3"}]),
        ({"properties": {"n": {"const": 5}}}, "id,n\n1,5\n", [{"id": 1, "n": 5}]),
        ({"properties": {"v": {"type": "string"}}}, "id,v,w\n1,5,5\n2,6,\n", [{"id": 1, "v": "5", "w": 5}, {"id": 2, "v": "6"}]),
        ({"required": ["v"], "properties": {"v": {"type": ["null", "string"]}}}, 'id,v\n1,\n2,""\n3,null\n4,"null"\n',
         [{"id": 1, "v": None}, {"id": 2, "v": ""}, {"id": 3, "v": None}, {"id": 4, "v": "null"}]),
        ({"required": ["v"]}, 'id,v\n1,\n2,""\n3,5\n', [{"id": 1, "v": None}, {"id": 2, "v": ""}, {"id": 3, "v": 5}]),
        ({"required": ["v"], "properties": {"v": {}}}, "id,v\n1,\n2,x\n3,5\n", [{"id": 1, "v": None}, {"id": 2, "v": "x"}, {"id": 3, "v": "5"}]),
        ({"required": ["v"], "properties": {"v": True}}, 'id,v\n1,"[1]"\n2,\n', [{"id": 1, "v": [1]}, {"id": 2, "v": None}]),
    ],
)  # fmt: skip
def test_a_json_schema_decides_cell_by_cell_and_the_column_where_it_is_silent(api, schema, text, records):
    define(api, "typed", schema)
    answer = post(api, text, table="/api/v1/data/typed")
    assert (answer.status_code, answer.json()) == (201, records)


@pytest.mark.parametrize("cell", ["2.5", "1.0", "1.10", "1e2", "01"])
def test_what_is_no_integer_is_text_where_an_integer_or_a_text_is_taken(api, cell):
    define(api, "typed", {"properties": {"v": {"type": ["integer", "string"]}}})
    answer = post(api, f"id,v\n1,{cell}\n", table="/api/v1/data/typed")
    assert (answer.status_code, answer.json()) == (201, [{"id": 1, "v": cell}])


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ({"type": ["integer", "string"]}, [1.0, 2, "1.0"]),
        ({"type": ["integer", "string", "null"]}, [-5.0, None, "x"]),
        ({}, [{"q": 1}, [1], "true", True, "[1]", 5, "5", None, 1.0]),
        (True, ["true", "2", '{"q": 1}']),
    ],
)
def test_what_a_member_may_hold_by_its_schema_comes_back(api, said, values):
    schema, path = {"properties": {"a": said}}, "/api/v1/data/typed"
    define(api, "typed", schema)
    assert api.post(path, json=[{"id": i, "a": value} for i, value in enumerate(values)]).status_code == 201
    text = dump(api, "typed")
    api.delete("/api/v1/tables/typed")
    define(api, "typed", schema)
    found = [record.get("a") for record in post(api, text, table=path).json()]
    assert [(type(value) is str, value) for value in found] == [(type(value) is str, value) for value in values]


TYPED = {
    "properties": {
        "size": {"type": ["number", "string"]},
        "id": {"type": "string"},
        "code": {"type": ["integer", "string", "null"]},
        "rank": {"enum": [1, 2, None]},
        "tags": {"anyOf": [{"type": "array"}, {"type": "string"}]},
        "on": {"type": "boolean"},
    },
    "required": ["code"],
}


@pytest.mark.parametrize("way", ["dump", "list", "query"])
def test_what_a_typed_table_gives_it_takes_back_with_the_same_values(api, way):
    define(api, "typed", TYPED)
    records = [
        {"id": "0", "size": 2.25, "code": 1},
        {"id": "2", "size": "1.50", "code": 1},
        {"id": "3", "size": "x", "code": 1},
        {"id": "1", "code": 5, "rank": 1, "tags": ["a"], "on": True},
        {"id": "01", "code": "5", "rank": None, "tags": "[1]"},
        {"id": "true", "code": None, "tags": "", "on": False},
        {"id": "null", "code": "null", "tags": '"x"'},
        {"id": "x", "code": "1.10"},
    ]
    assert api.post("/api/v1/data/typed", json=records).status_code == 201
    stored = api.get("/api/v1/dump/typed").json()
    text = {
        "dump": lambda: dump(api, "typed"),
        "list": lambda: api.get("/api/v1/data/typed", headers=ACCEPT).text,
        "query": lambda: api.post("/api/v1/query/typed", json={}, headers=ACCEPT).text,
    }[way]()
    assert next(csv.reader(io.StringIO(text))) == ["id", "size", "code", "rank", "tags", "on"]
    api.delete("/api/v1/tables/typed")
    define(api, "typed", TYPED)
    assert post(api, text, table="/api/v1/data/typed").status_code == 201
    assert sorted(map(repr, api.get("/api/v1/dump/typed").json())) == sorted(map(repr, stored))


def test_a_fault_in_a_cell_has_its_place_and_a_typed_number_that_cannot_be_is_422(api):
    define(api, "typed", {"properties": {"n": {"type": "integer"}}})
    text = 'note,n\n"a\nb",1\nc,99999999999999999999\n'
    problem = assert_problem(post(api, text, table="/api/v1/data/typed"), 422, "integer-out-of-range")
    assert (problem["index"], problem["errors"][0]["pointer"], problem["errors"][0]["line"]) == (1, "/1/n", 4)
    assert "line 4" in problem["detail"]
    assert "999" not in problem["detail"]
