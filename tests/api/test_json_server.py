"""json-server's door: its addresses, words and answers, on our tables."""

import asyncio
import json
import re
from urllib.parse import quote

import pytest

from ramekin import Database, Limits
from ramekin.api.app import create_app
from ramekin.api.json_server.addresses import OURS
from ramekin.api.json_server.current import Current
from ramekin.api.json_server.door import Door
from ramekin.api.json_server.older import Older
from ramekin.cli.json_server import records_of
from ramekin.testing import SetClock
from ramekin.values.ids import IdSource
from tests.conftest import start_database
from tests.data.json_server_cases import ALIKE, FILE, MENDED
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.together import ask, whole


def serve(dialect=None, content=FILE, database=None, directories=(), **options):
    """Return a client of a server of a file, at json-server's addresses."""
    database, dialect = database or Database(), dialect or Current()
    content = {name: value for name, value in content.items() if name != "$schema"}
    kept = records_of(content, lambda _, record: dialect.as_kept(record, database.ids))
    asyncio.run(database.load(kept))
    return InsideClient(create_app(database, json_server=Door(dialect, directories), **options))


@pytest.fixture(scope="module")
def reading():
    return serve(cors_origins=["*"])


def short(path, answer):
    """Return an answer with the ids of its records in their place."""
    if "_embed" in path or "_expand" in path:
        return answer
    if isinstance(answer, list):
        return [record["id"] for record in answer]
    if isinstance(answer, dict) and "data" in answer:
        return {**answer, "data": short(path, answer["data"])}
    return answer


@pytest.mark.parametrize(("path", "status", "expected"), [*ALIKE, *MENDED], ids=lambda each: str(each)[:60])
def test_a_request_is_answered_as_by_json_server(reading, path, status, expected):
    answer = reading.get(quote(path, safe="/?&=:,%+[]"))
    assert answer.status_code == status
    assert short(path, answer.json()) == expected


def test_a_list_is_the_records_alone_as_they_are_stored(reading):
    assert reading.get("/authors").content == b'[{"id":"1","name":"Zed"},{"id":"2","name":"Amy"}]'


def test_ids_that_are_numbers_in_the_file_are_texts_and_missing_ones_are_made():
    client = serve(content={"posts": [{"id": 1}, {"id": 2.0}, {"id": 1.5}, {"id": "x"}, {"title": "none"}]})
    *ids, made = [record["id"] for record in client.get("/posts").json()]
    assert ids == ["1", "2", "1.5", "x"]
    assert made
    assert client.get(f"/posts/{made}").json()["title"] == "none"


def test_what_is_no_array_is_served_under_its_name_and_kept_in_a_table(reading):
    assert reading.get("/profile").json() == {"name": "typicode", "nested": {"a": 1}}
    assert reading.get("/version").json() == 3
    assert reading.get("/api/v1/data/_objects/version").json() == {"id": "version", "value": 3}


def test_our_own_addresses_stay_ours(reading):
    assert reading.get("/api/v1/data/posts?limit=1").json()["data"][0]["id"] == "1"
    assert reading.get("/health").json()["status"] == "ok"
    assert reading.get("/api/v1/nowhere").json()["code"] == "unknown-route"
    assert reading.put("/health").headers["allow"] == "GET, HEAD, OPTIONS"
    assert reading.get("/docs/nowhere").json()["code"] == "unknown-route"


def test_every_address_of_ours_begins_with_a_name_that_the_door_leaves_alone():
    app = create_app(start_database())
    assert {route.path.split("/")[1] for route in app.routes} - {""} <= OURS


def test_a_table_with_a_name_of_ours_is_reached_below_our_own_address_alone():
    client = serve(content={"docs": [{"id": "1"}], "docs2": [{"id": "1"}]})
    assert "html" in client.get("/docs").headers["content-type"]
    assert client.get("/docs2").json() == [{"id": "1"}]
    assert client.get("/api/v1/data/docs/1").json() == {"id": "1"}


def test_the_first_page_names_what_there_is(reading):
    page = reading.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name in ("posts", "profile", "version"):
        assert f'<a href="/{name}">/{name}</a>' in page.text
    assert "_objects" not in page.text


def test_a_head_is_answered(reading):
    assert reading.head("/posts").status_code == 200
    assert reading.head("/nope").status_code == 404


def test_pages_of_every_origin_may_read_and_ask_before(reading):
    answer = reading.get("/posts/1", headers={"Origin": "https://page.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    ask = {"Origin": "https://page.example", "Access-Control-Request-Method": "PATCH"}
    preflight = reading.options("/posts/1", headers=ask)
    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["access-control-allow-methods"]


def test_without_the_door_there_is_nothing_at_its_addresses():
    client = InsideClient(create_app(start_database()))
    assert client.get("/posts").json()["code"] == "unknown-route"


def test_records_are_listed_in_the_order_in_which_they_came_however_many():
    ids = [str(n) for n in [*range(3000, 1000, -1), *range(1000)]]
    client = serve(content={"posts": [{"id": each, "n": int(each)} for each in ids]})
    assert [record["id"] for record in client.get("/posts").json()] == ids
    assert [record["id"] for record in client.get("/posts?_sort=-n").json()] == sorted(ids, key=int, reverse=True)
    page = client.get("/posts?_page=30&_per_page=100").json()
    assert [page["items"], page["pages"], page["data"][-1]["id"]] == [3000, 30, "999"]


@pytest.mark.parametrize(
    "query",
    ["&".join(["a=1"] * 101), ".".join("a" * 65) + "=1", "a=%ff", "_sort=" + ".".join("a" * 65)],
    ids=["too many", "too deep", "no UTF-8", "order too deep"],
)
def test_what_cannot_be_understood_is_a_problem(reading, query):
    answer = reading.get(f"/posts?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("where", ["[" * 2000, '{"or":' * 60 + "1" + "}" * 60, '{"a":1e400}', '{"a":{"in":{}}}'])
def test_a_where_that_is_odd_holds_nobody_up(reading, where):
    assert reading.get("/posts", params={"_where": where}).status_code == 200


def test_keys_roles_and_tables_count_at_its_addresses():
    keys = ["all:admin=alles", "posts:read:posts=postsonly"]
    client = serve(keys=keys)
    assert client.get("/posts").status_code == 401
    assert client.get("/nope/deep/er").status_code == 401
    client.headers["authorization"] = "Bearer postsonly"
    assert client.get("/posts").status_code == 200
    assert client.get("/comments").status_code == 403
    assert client.get("/profile").status_code == 403
    assert client.get("/posts?_embed=comments").status_code == 403
    assert client.get("/posts/1?_embed=comments").status_code == 403
    client.headers["authorization"] = "Bearer alles"
    assert client.get("/posts?_embed=comments").status_code == 200


@pytest.mark.parametrize(("dialect", "word"), [(Current(), "_embed"), (Older(), "_embed"), (Older(), "_expand")])
def test_what_is_put_inside_does_not_tell_which_tables_out_of_reach_there_are(dialect, word):
    content = {"posts": [{"id": "1", "commentId": "1"}], "comments": [{"id": "1", "postId": "1"}]}
    client = serve(dialect, content, keys=["posts:read:posts=postsonly"])
    client.headers["authorization"] = "Bearer postsonly"
    for path in ("/posts", "/posts/1", "/posts/none"):
        for name in ("comments", "comment", "nowhere", "nobody"):
            answer = client.get(f"{path}?{word}={name}")
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (path, name)


def test_more_rows_than_may_be_sorted_are_refused():
    client = serve(content={"posts": [{"id": str(n), "n": n} for n in range(50)]})
    client.app.state.context.database.limits = Limits(sorted_rows=49)
    assert client.get("/posts?_sort=n").status_code == 422
    assert client.get("/posts?_sort=n&n:lt=49").status_code == 200
    assert json.loads(client.get("/posts?_sort=n").content)["code"] == "too-many-rows"


def test_what_is_put_inside_may_take_any_name(reading):
    client = serve(content={"posts": [{"id": "1"}], "ids": [], "comments": [{"id": "1", "postId": "1"}]})
    assert client.get("/posts?_embed=id&_embed=comments").json() == [{"comments": []}]
    assert [len(post["comments"]) for post in reading.get("/posts?_embed=comments&_embed=title").json()] == [
        2,
        1,
        1,
        0,
        0,
    ]


def test_the_three_ways_to_an_endpoint_answer_the_same():
    requests = [
        ("GET", "/posts?_sort=-id&_page=1", b""),
        ("HEAD", "/posts", b""),
        ("POST", "/posts", b'{"a":1}'),
        ("PATCH", "/posts/nope", b"{}"),
        ("OPTIONS", "/posts", b""),
        ("GET", "/a/b/c", b""),
        ("GET", "/", b""),
    ]
    told = []
    for way in WAYS:
        ids = IdSource(SetClock(), lambda _: 1)
        service = Service(way, ids=ids, json_server=Door(Current()), cors_origins=["*"])
        service.run(service.database.load([("posts", {"id": "1"}), ("posts", {"id": "2"})]))
        lines = b"host: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"
        sent = [b"%b %b HTTP/1.1\r\n" % (method.encode(), path.encode()) for method, path, _ in requests]
        answers = [
            ask(service, head + lines % len(body) + body) for head, (_, _, body) in zip(sent, requests, strict=True)
        ]
        told.append([re.sub(rb"date: [^\r]*", b"", whole(answer)) for answer in answers])
        service.close()
    assert told[1:] == told[:1] * 2
    assert [int(answer[9:12]) for answer in told[0]] == [200, 200, 201, 404, 204, 404, 200]
