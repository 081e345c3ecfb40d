"""Pages of other origins: nothing is shared unless an origin is named, and then all that a page needs."""

import re

import pytest

from ramekin.api.app import create_app
from ramekin.api.declared.answers import HEADERS
from ramekin.api.edge.cors import Cors
from tests.conftest import start_database
from tests.data.http_cases import get, sized
from tests.pipe import WAYS, Service

PAGE, OTHER = "https://app.example.com", "https://evil.example"
PAGES = (PAGE, "http://localhost:3000")
EXPOSED = (
    "Content-Disposition, ETag, Link, Location, Preference-Applied, Retry-After, X-Ramekin-Fault, X-Ramekin-Grant, X-Request-Id, "
    "X-Total-Count, X-Warnings, RateLimit, RateLimit-Policy"
)


@pytest.fixture(scope="module")
def services():
    """Return a function that gives a service with some origins, on one of the three ways."""
    made = {}

    def give(way, *origins, **options):
        key = (way, origins, repr(options))
        if key not in made:
            made[key] = Service(way, cors_origins=origins, **options)
            made[key].run(made[key].database.insert("t", [{"id": 1}]))
        return made[key]

    yield give
    for service in made.values():
        service.close()


def ask(service, first, *lines, body=None):
    """Return the status of an answer and its headers that concern pages of other origins."""
    lines = [line.encode() for line in lines]
    sent = get(*lines, first=f"{first} HTTP/1.1".encode()) if body is None else sized(*lines, body=body)
    pipe = service.connect()
    pipe.send([sent, sent])  # the second one is like one before
    pipe.end()
    heads = re.findall(r"HTTP/1\.1 (\d{3}) [^\r]*\r\n((?:[^\r]+\r\n)*)\r\n", pipe.written.decode())
    status, told = heads[-1]
    found = {}
    for line in told.split("\r\n"):
        name, _, value = line.partition(": ")
        if name.startswith("access-control-") or name == "vary":
            found[name] = ", ".join([*([found[name]] if name in found else []), value])
    return int(status), found


ANSWERS = [
    ("GET /api/v1/data/t/1", 200),
    ("HEAD /api/v1/data/t/1", 200),
    ("GET /api/v1/data/t/none", 404),
    ("GET /api/v1/data/t", 200),
    ("GET /api/v1/data/t?x:y=1", 400),
    ("GET /api/v1/tables", 200),
    ("GET /none", 404),
    ("PUT /health", 405),
    ("GET /health", 200),
    ("GET /docs", 200),
    ("GET /problems/conflict", 200),
    ("DELETE /api/v1/data/t/none", 404),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("first", "status"), ANSWERS)
def test_every_answer_names_the_origin_that_it_is_shared_with(services, way, first, status):
    service = services(way, *PAGES)
    for origin, shared in ((PAGE, True), ("http://localhost:3000", True), (OTHER, False), (None, False)):
        if origin == OTHER and first.startswith("DELETE"):
            continue
        got, headers = ask(service, first, *([] if origin is None else [f"Origin: {origin}"]))
        assert got == status
        assert headers.get("access-control-allow-origin") == (origin if shared else None)
        assert headers.get("access-control-expose-headers") == (EXPOSED if shared else None)
        assert "Origin" in headers["vary"].split(", ")
        assert "access-control-allow-credentials" not in headers


def test_every_header_that_says_something_may_be_read():
    of_the_browser = {"Expires", "Vary", "WWW-Authenticate"}  # read by all pages, or by none
    assert {*EXPOSED.split(", ")} == HEADERS.keys() - of_the_browser


@pytest.mark.parametrize("way", WAYS)
def test_what_an_answer_varies_by_is_told_besides(services, way):
    _, headers = ask(services(way, *PAGES), "GET /api/v1/data/t", f"Origin: {PAGE}")
    assert headers["vary"] == "Accept, Prefer, Origin"


@pytest.mark.parametrize("way", WAYS)
def test_a_star_shares_with_every_origin_and_never_with_cookies(services, way):
    for line in (f"Origin: {OTHER}", "Origin: null", "Cookie: a=b"):
        _, headers = ask(services(way, "*", PAGE), "GET /api/v1/data/t/1", line)
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        assert "vary" not in headers


@pytest.mark.parametrize("way", WAYS)
def test_without_a_named_origin_nothing_is_said(services, way):
    for first, _ in ANSWERS[:-1]:
        _, headers = ask(services(way), first, f"Origin: {PAGE}")
        assert {name for name in headers if name != "vary"} == set()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_a_named_origin_may_write_and_no_other(services, way, site):
    for origin, status in ((PAGE, 201), (PAGE.upper(), 403), (f"{PAGE}:8443", 403), (f"{PAGE}.evil.example", 403), (OTHER, 403)):  # fmt: skip
        lines = (f"Origin: {origin}", f"Sec-Fetch-Site: {site}")
        assert ask(services(way, *PAGES), "", *lines, body=b"{}")[0] == status
        assert ask(services(way, "*", PAGE), "", *lines, body=b"{}")[0] == 201
        assert ask(services(way), "", *lines, body=b"{}")[0] == 403
    assert ask(services(way, *PAGES), "", "Sec-Fetch-Site: cross-site", body=b"{}")[0] == 403


OWN = (
    "http://localhost:3000",
    "http://127.0.0.1:5173",
    "https://[::1]:8443",
    "http://app.localhost",
    "http://127.8.9.1",
)
NOT_OWN = (
    OTHER,
    "null",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil.example:127",
    "file://",
    "ftp://localhost",
)


@pytest.mark.parametrize("way", WAYS)
def test_while_developing_pages_of_this_machine_may_write_and_no_others(services, way):
    service = services(way, is_dev=True)
    for origins, status in ((OWN, 201), (NOT_OWN, 403)):
        for origin in origins:
            shared = origin if status == 201 else None
            for site in ("cross-site", "same-site"):
                got, headers = ask(service, "", f"Origin: {origin}", f"Sec-Fetch-Site: {site}", body=b"{}")
                assert (got, headers.get("access-control-allow-origin")) == (status, shared)
                assert "Origin" in headers["vary"].split(", ")
            _, headers = ask(service, "OPTIONS /api/v1/data/t/1", f"Origin: {origin}", *PREFLIGHT)
            assert headers.get("access-control-allow-origin") == shared
    assert ask(services(way, PAGE, is_dev=True), "", f"Origin: {PAGE}", body=b"{}")[0] == 201


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", ["GET", "HEAD", "OPTIONS"])
def test_while_developing_pages_of_other_origins_make_no_branch_by_naming_it(services, way, first):
    """A browser sends such a request without asking first, and 64 of them would take all places."""
    service = services(way, is_dev=True)
    branches = service.app.state.context.branches
    foreign = [(f"Origin: {origin}",) for origin in NOT_OWN] + [("Sec-Fetch-Site: cross-site",)]
    for number, lines in enumerate(foreign):
        for path in ("/api/v1/data/t/1", "/api/v1/data/t", "/api/v1/tables", "/api/v1/dump", "/api/v1/changes", "/"):
            ask(service, f"{first} /b/of-others{number}{path}", *lines)
    assert [branch.name for branch in branches.all() if branch.name.startswith("of-others")] == []
    assert ask(service, "GET /b/of-others/api/v1/data/t/1", "Sec-Fetch-Site: cross-site")[0] == 404
    own = [("Sec-Fetch-Site: same-origin",), (f"Origin: {OWN[0]}", "Sec-Fetch-Site: cross-site"), ()]
    for number, lines in enumerate(own):
        assert ask(service, f"GET /b/own{number}/api/v1/data/t/1", *lines)[0] == 200
        assert ask(service, f"GET /b/own{number}/api/v1/data/t/1", "Sec-Fetch-Site: cross-site")[0] == 200


PREFLIGHT = ("Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: authorization,content-type")


@pytest.mark.parametrize("way", WAYS)
def test_a_preflight_is_told_what_may_be_sent(services, way):
    for service in (services(way, *PAGES), services(way, PAGE, keys=["secret"], rate_limit="14/hour")):
        status, headers = ask(service, "OPTIONS /api/v1/data/t/1", f"Origin: {PAGE}", *PREFLIGHT)
        assert status == 204
        assert headers["access-control-allow-origin"] == PAGE
        assert headers["access-control-allow-methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
        assert headers["access-control-allow-headers"] == "*, Authorization"
        assert headers["access-control-max-age"] == "600"
        for lines in ((f"Origin: {OTHER}", *PREFLIGHT), PREFLIGHT, (f"Origin: {PAGE}",)):
            status, headers = ask(service, "OPTIONS /api/v1/data/t/1", *lines)
            assert status == 204
            assert "access-control-allow-methods" not in headers
        assert ask(service, "OPTIONS /none", f"Origin: {PAGE}", *PREFLIGHT)[0] == 404


@pytest.mark.parametrize("way", WAYS)
def test_what_the_edge_refuses_can_be_read_too(services, way):
    service = services(way, PAGE, keys=["secret"], rate_limit="13/hour")
    assert ask(service, "GET /api/v1/data/t/1", f"Origin: {PAGE}")[1]["access-control-allow-origin"] == PAGE
    for _ in range(14):
        status, headers = ask(service, "GET /api/v1/data/t/1", f"Origin: {PAGE}")
    assert status == 429
    assert headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://App.Example.com/", "https://app.example.com"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_an_origin_is_compared_as_browsers_write_it(written, origin):
    assert Cors([written]).headers({"origin": origin})["access-control-allow-origin"] == origin


@pytest.mark.parametrize("text", ["", "null", "app.example.com", "https://a.example/path", "https://", "https://a b", "https://*.example.com", "https://a.example:x", "https://u@a.example", "**", "https://a.example?x"])  # fmt: skip
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(ValueError):
        create_app(start_database(), cors_origins=[text])
