"""The documentation pages as a client sees them: their headers, their references, and the files beside them.

See ``test_docs_browser.py`` for what a browser makes of them.
"""

import re
from importlib.resources import files

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ramekin.api import docs
from ramekin.errors import UnknownRoute

PAGES = ("/docs", "/redoc")
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def client():
    app = FastAPI(openapi_url=None)
    docs.register(app)
    return TestClient(app)


def references(html):
    return re.findall(r'(?:src|href|action|srcset|content)\s*=\s*["\']?([^"\'\s>]+)', html)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_with_its_policy(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "://" not in answer.headers["content-security-policy"]
    assert "*" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_refers_only_to_files_that_are_served_here(client, path):
    html = client.get(path).text
    addresses = [address for address in references(html) if address.startswith("/") or ":" in address or "." in address]
    assert "http://" not in html
    assert "https://" not in html
    assert "//" not in "".join(addresses)
    assert "/static/favicon.svg" in addresses
    for address in addresses:
        assert address.startswith("/static/"), address
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_script_of_its_own(client, path):
    html = client.get(path).text
    assert re.findall(r"<script\b[^>]*>([^<]*)</script>", html) == ["", ""]
    assert not re.search(r"\son\w+=", html)


@pytest.mark.parametrize(
    "setting",
    ['url: "/openapi.json"', "deepLinking: true", "displayRequestDuration: true", 'docExpansion: "list"',
     "tryItOutEnabled: true", "validatorUrl: null"],
)  # fmt: skip
def test_swagger_ui_is_set_up(client, setting):
    assert setting in client.get("/static/swagger-init.js").text


@pytest.mark.parametrize("name", docs.MEDIA_TYPES)
def test_a_file_has_its_type_tag_and_lifetime(client, name):
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.content == (files("ramekin.api") / "static" / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[name.rsplit(".", 1)[1]]
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r'"[^"]+"', answer.headers["etag"]), "a strong tag"


def test_each_file_has_a_tag_of_its_own(client):
    tags = {client.get(f"/static/{name}").headers["etag"] for name in docs.MEDIA_TYPES}
    assert len(tags) == len(docs.MEDIA_TYPES)


@pytest.mark.parametrize("name", docs.MEDIA_TYPES)
def test_a_fresh_copy_is_not_sent_again(client, name):
    tag = client.get(f"/static/{name}").headers["etag"]
    for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = client.get(f"/static/{name}", headers={"if-none-match": header})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "public, max-age=86400"
    assert client.get(f"/static/{name}", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, *(f"/static/{name}" for name in docs.MEDIA_TYPES)])
def test_head_has_the_headers_of_get(client, path):
    get, head = client.get(path), client.head(path)
    assert head.status_code == 200
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("name", ["nothing.js", "redoc.LICENSE.txt", "..", "%2e%2e%2fdocs.py", "Favicon.svg"])
def test_an_unknown_name_is_refused(client, name):
    path = f"/static/{name}"
    if "%2f" in name or name == "..":  # not one segment: no route has it
        assert client.get(path).status_code == 404
        return
    with pytest.raises(UnknownRoute):
        client.get(path)


def test_nothing_of_this_is_in_the_document():
    app = FastAPI()
    docs.register(app)
    assert app.openapi()["paths"] == {}


def test_no_file_of_the_package_is_left_out_or_loads_from_elsewhere():
    names = {entry.name for entry in (files("ramekin.api") / "static").iterdir()}
    assert {name for name in names if not name.endswith("LICENSE.txt")} == set(docs.MEDIA_TYPES)
    for name in docs.MEDIA_TYPES:
        text = (files("ramekin.api") / "static" / name).read_text()
        assert "cdn." not in text or "redoc.ly" not in text, name
        assert "sourceMappingURL=" not in text.rsplit("\n", 3)[-1], name


def test_the_files_stay_small():
    assert sum(len(entry.read_bytes()) for entry in (files("ramekin.api") / "static").iterdir()) < 4 * 1024 * 1024
