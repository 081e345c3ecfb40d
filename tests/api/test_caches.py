"""What a cache, in a browser or between, is told: whose answer it has, what it depends on, whether it may give it."""

import itertools

import pytest

from tests.problems import assert_problem

PETS = "/api/v1/data/pets"
JOIN = "/api/v1/join/pets/kinds/kind=id"
FORMATS = ["application/json", "application/x-ndjson", "text/csv"]
STRICT = {"prefer": "handling=strict"}


@pytest.fixture
def pets(api):
    api.post("/api/v1/data/kinds", json={"id": "dog"})
    api.post(PETS, json=[{"id": i, "kind": "dog", "n": i} for i in range(3)])


@pytest.mark.parametrize("path", [PETS, f"{PETS}?sort=-n&limit=2", JOIN, f"{JOIN}?shape=tree", "/api/v1/dump/pets"])
def test_no_two_formats_of_an_address_share_a_tag(api, pets, path):
    whole = {kind: api.get(path, headers={"accept": kind}) for kind in FORMATS}
    assert len({answer.headers["etag"] for answer in whole.values()}) == 3
    for kind, known in itertools.product(FORMATS, FORMATS):
        answer = api.get(path, headers={"accept": kind, "if-none-match": whole[known].headers["etag"]})
        assert answer.status_code == (304 if kind == known else 200)
        assert "Accept" in answer.headers["vary"]
        assert answer.headers["etag"] == whole[kind].headers["etag"]
        if answer.status_code == 200:
            assert answer.headers["content-type"].startswith(kind)
            assert answer.content == whole[kind].content


def test_no_two_addresses_of_a_table_share_a_tag(api, pets):
    queries = ["", "?limit=2", "?sort={}n", "?select={}n", "?{}n=1", "?count=true", "?limit=2&offset=1"]
    paths = [path + query.format(prefix) for path, prefix in ((PETS, ""), (JOIN, "pets.")) for query in queries]
    tags = [api.get(path).headers["etag"] for path in [*paths, "/api/v1/dump/pets", "/api/v1/dump"]]
    assert len(set(tags)) == len(tags)


def test_a_tag_of_another_address_hides_no_error(api, pets):
    tags = ", ".join(api.get(path).headers["etag"] for path in (PETS, JOIN, "/api/v1/dump/pets"))
    for headers in ({"if-none-match": tags}, {"if-none-match": "*"}):
        assert_problem(api.get("/api/v1/join/pets/kinds/nothing", headers=headers), 422, "key-not-resolved")
        assert_problem(api.get(f"{PETS}?n:foo=1", headers=headers), 400, "unknown-operator")
        assert_problem(api.get(f"{PETS}?cursor=x", headers=headers), 400, "invalid-cursor")
        assert_problem(api.get(PETS, headers=headers | {"accept": "image/png"}), 406, "not-acceptable")
        assert_problem(api.get("/api/v1/data/none", headers=headers), 404, "unknown-table")


@pytest.mark.parametrize("query", ["?nope=1", "?sort=nope", "?select=nope"])
@pytest.mark.parametrize("path", [PETS, JOIN])
def test_what_a_strict_client_is_refused_is_no_304(api, pets, path, query):
    if path == JOIN:
        query = query.replace("nope", "pets.nope")
    lenient = api.get(path + query)
    assert "warnings" in lenient.json()
    known = {"if-none-match": lenient.headers["etag"]}
    assert api.get(path + query, headers=known).status_code == 304
    for headers in (STRICT, STRICT | known, STRICT | {"if-none-match": "*"}):
        assert_problem(api.get(path + query, headers=headers), 400, "unknown-field")
    assert "Prefer" in lenient.headers["vary"]
    assert api.get(path, headers=STRICT | {"if-none-match": api.get(path).headers["etag"]}).status_code == 304


def test_how_a_page_was_found_is_never_a_copy(api, pets):
    for path in (PETS, JOIN):
        answer = api.get(f"{path}?explain=true")
        assert "etag" not in answer.headers
        assert answer.headers["vary"] == "Accept, Prefer"
