"""What is held against each error that the API tests provoke: its place is one that its request has (`tests/places.py`)."""

import httpx2
import pytest

from tests.places import misplaced

API = "http://testserver/api/v1"


def placed(method, path, pointer, part=None, **sent):
    fault = {"pointer": pointer, "detail": "x"} | ({"in": part} if part else {})
    request = httpx2.Request(method, API + path, **sent)
    return not [*misplaced(request, {"code": "invalid-record", "errors": [fault]})]


@pytest.mark.parametrize(
    ("has", "lacks"),
    [
        (("GET", "/data/t", "/table", "path"), ("GET", "/data/t", "/id", "path")),
        (("GET", "/join/a/b/id", "/key", "path"), ("GET", "/join/a/b/id", "/table", "path")),
        (("GET", "/data/t?age:gt=1", "/age:gt", "query"), ("GET", "/data/t?age:gt=1", "/age", "query")),
        (("GET", '/data/t?where={"a":[1]}', "/where/a/0", "query"), ("GET", '/data/t?where={"a":[1]}', "/where/a/1", "query")),
        (("GET", "/data/t", "/Accept", "header", ), ("GET", "/data/t", "/If-Match", "header")),
    ],
)  # fmt: skip
def test_a_place_is_one_that_the_request_has(has, lacks):
    assert placed(*has, headers={"Accept": "x"})
    assert not placed(*lacks, headers={"Accept": "x"})


def test_a_place_in_a_body_is_a_member_or_one_that_an_object_lacks():
    assert placed("POST", "/data/t", "/1/home/city", json=[{}, {"home": {}}])
    assert not placed("POST", "/data/t", "/2/home", json=[{}, {"home": {}}])
    assert not placed("POST", "/data/t", "/1/home/city/x", json=[{}, {"home": {}}])
    assert placed("POST", "/data/t", "/1/b", content=b"a,b\r1,2\r3,4", headers={"content-type": "text/csv"})
    assert not placed("POST", "/data/t", "/2/b", content=b"a,b\r1,2\r3,4", headers={"content-type": "text/csv"})
