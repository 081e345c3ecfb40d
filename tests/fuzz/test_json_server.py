"""Requests by chance at json-server's addresses: whatever they say, they are answered, and no fault is met."""

import json
import os
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramekin.api.json_server.current import Current
from ramekin.api.json_server.older import Older
from tests.api.test_json_server import serve

REQUESTS = int(os.environ.get("QUERIES", "100"))

NAMES = st.sampled_from(
    [
        "title",
        "views",
        "author.name",
        "author",
        "tags",
        "tags.0",
        "_sort",
        "_page",
        "_per_page",
        "_embed",
        "_expand",
        "_where",
        "_limit",
        "_start",
        "_end",
        "_order",
        "q",
        "id",
        "postId",
        "or",
        "_dependent",
        "published",
        ".",
        "..",
        "a..b",
        "\\",
        "\\.",
        "__proto__",
    ]
) | st.text(max_size=5)
OPERATORS = st.sampled_from(
    ["", ":gt", ":lt", "_gte", "_lte", "_ne", "_like", ":in", ":ne", ":contains", ":startsWith", ":", ":x", "_in"]
)
VALUES = st.sampled_from(
    f"{'9' * 400} 1 -1 1e400 null true comments post id -title,views , é \0 [1] ^a$ ^$ 1_0 \u0661 +5 0x1 . 1. NaN".split()
) | st.text(max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["or", "eq", "in", "gt", "contains", "title", "author", "name", "views", "ne"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
WORDS = st.tuples(st.tuples(NAMES, OPERATORS).map("".join), VALUES) | st.tuples(st.just("_where"), JSON.map(json.dumps))
PATHS = st.sampled_from(
    ["/posts", "/comments", "/posts/1", "/profile", "/empty", "/posts/1/comments", "/nope", "/", "/comments/1", "/db"]
)


@pytest.fixture(scope="module", params=[Current, Older])
def client(request):
    return serve(request.param())


@settings(max_examples=REQUESTS, deadline=None)
@given(PATHS, st.lists(WORDS, max_size=4), st.sampled_from(["GET"] * 4 + ["DELETE", "POST", "PUT", "PATCH"]), JSON)
def test_no_request_meets_a_fault(client, path, words, method, body):
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in words)
    sent = {} if method == "GET" else {"content": json.dumps(body)}
    assert client.request(method, f"{path}?{query}", **sent).status_code < 500
