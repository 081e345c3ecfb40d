"""Writes at json-server's addresses, in both dialects."""

import json

import pytest

from ramekin.api.json_server.current import Current
from ramekin.api.json_server.older import Older
from tests.api.test_json_server import serve, short
from tests.conftest import start_database
from tests.data.json_server_cases import FILE, OLDER

NOTHING = {"error": "Not Found"}
STATUSES = [
    ("GET", "/posts", 200), ("GET", "/posts/1", 200), ("GET", "/posts/-1", 404), ("GET", "/profile/1", 404),
    ("GET", "/not-found", 404), ("POST", "/posts", 201), ("POST", "/posts/1", 404), ("POST", "/posts/-1", 404),
    ("POST", "/profile", 404), ("POST", "/profile/1", 404), ("POST", "/not-found", 404), ("PUT", "/posts", 404),
    ("PUT", "/posts/1", 200), ("PUT", "/profile", 200), ("PUT", "/profile/1", 404), ("PUT", "/posts/-1", 404),
    ("PUT", "/not-found", 404), ("PATCH", "/posts", 404), ("PATCH", "/posts/1", 200), ("PATCH", "/profile", 200),
    ("PATCH", "/profile/1", 404), ("PATCH", "/posts/-1", 404), ("PATCH", "/not-found", 404), ("DELETE", "/posts", 404),
    ("DELETE", "/posts/1", 200), ("DELETE", "/profile", 404), ("DELETE", "/profile/1", 404),
    ("DELETE", "/posts/-1", 404), ("DELETE", "/not-found", 404), ("OPTIONS", "/posts", 204),
]  # fmt: skip
"""Of requests without a body, in this order."""


@pytest.fixture
def api():
    return serve()


@pytest.fixture
def older():
    return serve(Older())


def test_each_method_has_the_status_of_json_server(api):
    for method, path, status in STATUSES:
        answer = api.request(method, path)
        assert answer.status_code == status, (method, path)
        if status == 404:
            assert answer.json() == NOTHING, (method, path)


def test_a_slash_at_the_end_changes_nothing(api, older):
    for client in (api, older):
        for method, path, status in STATUSES[:-1]:
            answer = client.request(method, f"{path}/", json={})
            assert answer.status_code == (201 if (path, method) == ("/profile", "POST") and client is older else status)
        assert client.get("/posts/2/").json() == client.get("/posts/2").json()
        assert client.get("/posts//").status_code == client.get("/posts//2").status_code == 404
    assert older.get("/db/").json() == older.get("/db").json()
    assert short("", older.get("/posts/2/comments/").json()) == ["10"]


def test_a_new_record_gets_an_id_of_ours_and_comes_last(api):
    answer = api.post("/posts", json={"id": "mine", "title": "new"})
    made = answer.json()["id"]
    assert made not in ("mine", "")
    assert answer.json() == {"id": made, "title": "new"}
    assert answer.headers["location"] == f"/posts/{made}"
    assert api.get("/posts").json()[-1] == answer.json()


@pytest.mark.parametrize("media", ["application/json", "text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_is_json_whatever_it_is_called(api, media):
    headers = {} if media is None else {"content-type": media}
    assert api.post("/posts", content=b'{"a":1}', headers=headers).json()["a"] == 1


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"null", b"3"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/posts"), ("PUT", "/posts/1"), ("PATCH", "/profile")])
def test_a_body_that_is_no_object_is_refused_in_its_words(api, method, path, body):
    answer = api.request(method, path, content=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "Body must be a JSON object"})


@pytest.mark.parametrize("body", [b"{", b'{"a":1,"a":2}', b'{"a":NaN}'])
def test_a_body_that_is_no_json_is_a_problem(api, body):
    assert api.post("/posts", content=body).headers["content-type"] == "application/problem+json"


def test_put_replaces_a_record_which_keeps_its_id(api):
    assert api.put("/posts/1", json={"id": "other", "n": {"a": 1}}).json() == {"id": "1", "n": {"a": 1}}
    assert api.get("/posts").json()[0] == {"id": "1", "n": {"a": 1}}


def test_patch_puts_members_in_the_place_of_others_and_looks_into_none(api):
    api.put("/posts/1", json={"n": {"a": 1}, "x": 1})
    assert api.patch("/posts/1", json={"n": {"b": 2}, "z": None, "id": "no"}).json() == {
        "id": "1", "n": {"b": 2}, "x": 1, "z": None,
    }  # fmt: skip


def test_an_object_is_replaced_and_patched(api):
    assert api.put("/profile", json={"x": 1}).json() == {"x": 1}
    assert api.patch("/profile", json={"y": {"z": None}}).json() == {"x": 1, "y": {"z": None}}
    assert api.get("/profile").json() == {"x": 1, "y": {"z": None}}
    assert api.patch("/version", json={"a": 1}).json() == {"a": 1}


def test_who_holds_the_id_of_a_deleted_record_forgets_it(api):
    assert api.delete("/posts/1").json()["title"] == "a title"
    assert {each["id"]: each["postId"] for each in api.get("/comments").json()} == {
        "1": None, "2": None, "10": "2", "3": 3, "4": None,
    }  # fmt: skip
    api.delete("/posts/3")
    assert api.get("/comments/3").json()["postId"] is None


def test_who_holds_the_id_of_a_deleted_record_is_deleted_where_that_is_asked_for(api):
    api.delete("/posts/1?_dependent=comments")
    assert short("", api.get("/comments").json()) == ["10", "3", "4"]
    assert api.get("/authors").status_code == 200


def test_a_delete_that_may_not_be_leaves_everything():
    definition = {"schema": {"type": "object", "properties": {"postId": {"type": "string"}}, "required": ["postId"]}}
    client = serve(content={"posts": FILE["posts"], "notes": [{"id": "1", "postId": "1"}]})
    assert client.put("/api/v1/tables/notes", json=definition).status_code == 200
    assert client.delete("/posts/1").status_code == 422
    assert client.get("/posts/1").status_code == 200
    assert client.delete("/posts/1?_dependent=notes").status_code == 200
    assert client.get("/notes").json() == []


def test_preconditions_and_schemas_hold_here_too(api):
    tag = api.get("/posts/1").headers["etag"]
    assert api.patch("/posts/1", json={"x": 1}, headers={"If-Match": '"other"'}).status_code == 412
    assert api.put("/posts/1", json={"x": 1}, headers={"If-Match": tag}).status_code == 200
    assert api.delete("/posts/1", headers={"If-Match": tag}).status_code == 412
    api.put("/api/v1/tables/authors", json={"require_if_match": True})
    assert api.patch("/authors/1", json={"x": 1}).status_code == 428
    assert api.delete("/authors/1").status_code == 428


def test_models_say_what_a_record_may_be():
    api = serve(content={}, database=start_database())
    user = {"email": "ada@example.com", "full_name": "Ada"}
    made = api.post("/users", json=user).json()
    assert made["full_name"] == "Ada"
    assert api.get(f"/users/{made['id']}").json() == made
    assert api.post("/users", json={"nonsense": 1}).status_code == 422
    assert api.patch(f"/users/{made['id']}", json={"full_name": None}).status_code == 422


def test_a_key_that_only_reads_changes_nothing():
    client = serve(keys=["see:read=seeing"])
    client.headers["authorization"] = "Bearer seeing"
    for method, path in [("POST", "/posts"), ("PUT", "/posts/1"), ("PATCH", "/profile"), ("DELETE", "/posts/1")]:
        assert client.request(method, path).status_code == 403


def test_a_key_with_tables_changes_no_other_by_a_delete():
    client = serve(keys=["some:write:posts=something", "all:admin=everything"])
    client.headers["authorization"] = "Bearer something"
    assert client.delete("/posts/1").status_code == 200
    client.headers["authorization"] = "Bearer everything"
    assert client.get("/comments/1").json()["postId"] == "1"


def test_a_delete_that_names_a_table_out_of_reach_deletes_nothing():
    client = serve(keys=["some:write:posts=something"])
    client.headers["authorization"] = "Bearer something"
    for table in ("comments", "nowhere"):
        answer = client.delete(f"/posts/1?_dependent=posts&_dependent={table}")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.get("/posts/1").status_code == 200


# 0.17

NAMELESS = {name: value for name, value in FILE.items() if name != "version"}


@pytest.fixture(scope="module")
def old_reading():
    return serve(Older(), NAMELESS)


@pytest.mark.parametrize(("path", "status", "expected", "total"), OLDER, ids=lambda each: str(each)[:60])
def test_a_request_is_answered_as_by_the_older_json_server(old_reading, path, status, expected, total):
    answer = old_reading.get(path)
    assert answer.status_code == status
    assert short(path, answer.json()) == expected
    assert answer.headers.get("x-total-count") == total


def test_a_page_links_to_the_others(old_reading):
    assert old_reading.get("/posts?_page=2&_limit=2").headers["link"] == (
        '</posts?_page=1&_limit=2>; rel="first", </posts?_page=1&_limit=2>; rel="prev", '
        '</posts?_page=3&_limit=2>; rel="next", </posts?_page=3&_limit=2>; rel="last"'
    )


def test_everything_is_at_one_address(older):
    expected = {name: value for name, value in FILE.items() if name != "$schema"}
    assert older.get("/db").json() == expected
    assert serve(Older(), {}).get("/db").json() == {}


def test_new_ids_are_the_next_numbers_or_chance_or_those_sent(older):
    assert [older.post("/empty", json={"id": each}).json()["id"] for each in (None, 0, 77, None)] == [1, 2, 77, 78]
    assert older.post("/empty", json={"id": "text"}).json()["id"] == "text"
    assert isinstance(older.post("/empty", json={}).json()["id"], str)
    assert older.post("/empty", json={"id": 77}).status_code == 409


def test_a_record_is_made_below_another(older):
    assert older.post("/posts/1/comments", json={"id": "n"}).json() == {"id": "n", "postId": "1"}
    assert short("", older.get("/posts/1/comments").json()) == ["1", "2", "n"]


def test_delete_takes_along_who_holds_the_id(older):
    assert older.delete("/posts/1").json() == {}
    assert short("", older.get("/comments").json()) == ["10", "3", "4"]
    assert older.delete("/posts/1").status_code == 404


def test_an_object_is_posted(older):
    answer = older.post("/profile", json={"a": 1})
    assert (answer.status_code, older.get("/profile").json()) == (201, {"a": 1})


def test_an_origin_is_never_told_that_cookies_count():
    sharing = serve(Older(), cors_origins=["*"])
    for answer in (
        sharing.get("/posts/1", headers={"Origin": "https://page.example"}),
        sharing.options("/posts/1", headers={"Origin": "https://page.example", "Access-Control-Request-Method": "PUT"}),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_a_table_that_is_not_there_is_put_inside_nowhere(older):
    for word in ("_embed", "_expand"):
        assert older.get(f"/posts/1?{word}=nope").json() == older.get("/posts/1").json()
        assert older.get(f"/posts?{word}=nope").json() == older.get("/posts").json()


FORMS = [
    ("title=f&a=1&a=2&b=&c=+x%26", {"title": "f", "a": ["1", "2"], "b": "", "c": " x&"}),
    ("née=%C3%A9&d=%zz&__proto__=p", {"née": "é", "d": "%zz", "__proto__": "p"}),
    ("", {}),
    ("alone", {"alone": ""}),
    (' {"a": 1}', {"a": 1}),
]


@pytest.mark.parametrize(("text", "record"), FORMS)
def test_a_form_is_read_as_one(older, text, record):
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    sent = {"content": text.encode(), "headers": headers}
    made = older.post("/posts", **sent)
    assert (made.status_code, {**made.json(), "id": None}) == (201, {**record, "id": None})
    assert older.put("/posts/2", **sent).json() == {**record, "id": "2"}
    assert older.patch("/posts/3", **sent).json().items() >= record.items()
    assert older.put("/profile", **sent).json() == record
    assert older.post("/posts/1/comments", **sent).json().items() >= {**record, "postId": "1"}.items()


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 1001), b"[1]", b"{"])
def test_a_form_that_cannot_be_read_is_refused(older, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert older.post("/posts", content=body, headers=headers).status_code == 400
    assert older.post("/posts", content=b"a=1&" * 999 + b"a=1", headers=headers).status_code == 201


def test_the_current_dialect_reads_no_forms(api):
    assert api.post("/posts", data={"title": "f"}).json()["code"] == "malformed-json"


@pytest.mark.parametrize("words", ["id=1&id=2", "id[]=1&id[]=2", "id[0]=1&id[1]=2", "id%5B%5D=1&id=2"])
def test_a_list_in_an_address_is_one_of_several(older, words):
    assert short("", older.get(f"/posts?{words}").json()) == ["1", "2"]


@pytest.mark.parametrize("dialect", [Older(), Current()])
def test_a_field_of_many_kinds_is_sorted_by_kind(dialect):
    values = [{"b": 2}, 3, {"a": 1}, "x", 1]
    client = serve(dialect, {"posts": [{"id": place, "o": value} for place, value in enumerate(values)]})
    assert [each["o"] for each in client.get("/posts?_sort=o").json()] == [1, 3, "x", {"a": 1}, {"b": 2}]


@pytest.mark.parametrize("sent", [[], [{"title": "b"}], 5, None, "x"])
def test_what_is_no_object_is_kept_by_no_dialect(older, sent):
    before = older.get("/db").json()
    for method, path in (("POST", "/posts"), ("PUT", "/posts/1"), ("PATCH", "/posts/1")):
        answer = older.request(
            method, path, content=json.dumps(sent).encode(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()) == (400, {"error": "Body must be a JSON object"})
    assert older.get("/db").json() == before


def test_a_limit_below_nothing_shows_nothing(older):
    assert older.get("/posts?_limit=-1").json() == []


def test_the_case_of_an_address_counts(older):
    assert older.get("/POSTS").status_code == 404


def test_the_newer_dialect_has_no_nested_addresses(api):
    assert api.get("/posts/1/comments").json() == NOTHING
    assert api.get("/db").json() == NOTHING


def test_a_fault_on_purpose_knows_the_tables_of_these_addresses():
    api = serve(is_dev=True)
    api.put("/api/v1/faults", json={"rules": [{"table": "posts", "status": 503}]}).raise_for_status()
    for path in ("/posts", "/posts/", "/posts/1", "/comments/1/posts", "/b/x/posts/1", "/api/v1/data/posts"):
        assert api.get(path).headers.get("x-ramekin-fault") == "1", path
    for path in ("/comments", "/comments/posts", "/profile", "/api/posts", "/docs/posts"):
        assert "x-ramekin-fault" not in api.get(path).headers, path


def test_a_patch_and_who_forgets_an_id_leave_a_record_its_due_time(api):
    for table in ("posts", "comments"):
        api.put(f"/api/v1/tables/{table}", json={"expire_after_s": 60})
    kept = "/api/v1/data/comments/kept"
    api.put(f"{kept}?upsert=true&ttl=none", json={"postId": "1"})
    assert api.patch("/comments/kept", json={"body": "x"}).status_code == 200
    assert "expires" not in api.get(kept).headers
    assert api.delete("/posts/1").status_code == 200
    assert api.get("/comments/kept").json() == {"id": "kept", "postId": None, "body": "x"}
    assert "expires" not in api.get(kept).headers
    api.put("/comments/kept", json={"body": "y"})
    assert "expires" in api.get(kept).headers
