"""Pages of other sites in a browser of this machine: what they send changes nothing, and their own names are refused."""

import http.server
import json
import threading

import pytest

from ramekin.api.app import create_app
from tests.conftest import FAST_PATHS, Server, start_database
from tests.data.http_cases import get, sized
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.problems import assert_problem
from tests.wire import request, wire

RECORD = b"GET /api/v1/data/t/1 HTTP/1.1"
OURS = ["localhost", "LOCALHOST:8000", "localhost.:80", "localhost:", "app.localhost:3000", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:8000", "[::ffff:127.0.0.1]", "db.example.com", "DB.example.com.:443", "[fd00::7]:80", "10.0.0.7:8000"]  # fmt: skip
THEIRS = ["example.com", "page.example:8000", "localhost.example.com", "127.0.0.1.nip.io", "0.0.0.0:8000", "192.168.1.1", "[::]", "[2001:db8::1]:8000", "xlocalhost", "localhostx", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:10.0.0.1]", "x.db.example.com", "example.com.localhost.com", "-", "..", "db.example.com.."]  # fmt: skip


@pytest.fixture(scope="module", params=WAYS)
def service(request):
    """A service that answers to the names of its own machine, and to three more."""
    service = Service(request.param, allowed_hosts=["db.example.com", "[fd00::7]", "10.0.0.7"])
    service.run(service.database.insert("t", [{"id": 1}]))
    yield service
    service.close()


def answers(service, *data):
    pipe = service.connect()
    pipe.send(data)
    pipe.end()
    return pipe.answers()


@pytest.mark.parametrize("host", OURS)
def test_a_name_of_this_machine_or_one_that_was_added_is_answered(service, host):
    line = b"Host: " + host.encode()
    assert answers(service, get(first=RECORD, host=line)) == ["200"]
    assert answers(service, sized().replace(b"Host: localhost", line)) == ["201"]
    assert answers(service, get(host=line)) == ["200"]


@pytest.mark.parametrize("host", THEIRS)
def test_another_name_is_refused_whatever_is_asked(service, host):
    line = b"Host: " + host.encode()
    for first in (RECORD, b"GET /api/v1/data/t HTTP/1.1", b"GET /api/v1/tables HTTP/1.1", b"GET /health HTTP/1.1", b"GET / HTTP/1.1", b"GET /docs HTTP/1.1", b"HEAD /metrics HTTP/1.0", b"OPTIONS /api/v1/tables HTTP/1.1", b"DELETE /api/v1/data/t/1 HTTP/1.1"):  # fmt: skip
        pipe = service.connect()
        pipe.send([get(first=first, host=line)])
        pipe.end()
        assert pipe.written.startswith(b"HTTP/1.1 403 "), first
        assert b"foreign-host" in pipe.written or first.startswith(b"HEAD")
        assert host.encode() not in pipe.written.partition(b"\r\n\r\n")[2] or len(host) < 3
    assert answers(service, sized().replace(b"Host: localhost", line)) == ["403 foreign-host"]
    assert answers(service, get(first=b"GET /none HTTP/1.1", host=line)) == ["404 unknown-route"]
    assert answers(service, get(first=b"PUT /health HTTP/1.1", host=line)) == ["405 method-not-allowed"]
    assert service.run(service.database.get("t", "1"))


@pytest.mark.parametrize(
    ("takes_addresses", "told"), [(False, "those of its own machine"), (True, "any address, and localhost")]
)
def test_another_name_is_told_which_the_server_answers_to(takes_addresses, told):
    app = create_app(start_database(), allowed_hosts=["db.example.com"], takes_addresses=takes_addresses)
    with InsideClient(app) as client:
        problem = assert_problem(client.get("/health", headers={"host": "page.example"}), 403, "foreign-host")
        assert f": {told}, and those of --allow-host." in problem["detail"]
        assert client.get("/health", headers={"host": "10.1.2.3"}).status_code == (200 if takes_addresses else 403)


def test_the_host_in_the_address_counts(service):
    first = b"GET http://page.example/api/v1/data/t/1 HTTP/1.1"
    assert answers(service, get(first=first)) == ["403 foreign-host"]
    first = b"GET http://localhost/api/v1/data/t/1 HTTP/1.1"
    assert answers(service, get(first=first, host=b"Host: page.example")) == ["200"]


def test_a_client_of_http_1_0_need_not_name_a_host(service):
    assert answers(service, get(first=b"GET /health/live HTTP/1.0", host=b"")) == ["200"]


SAME = [
    (),
    (b"Sec-Fetch-Site: same-origin", b"Origin: http://localhost:8000"),
    (b"Sec-Fetch-Site: none",),
    (b"Sec-Fetch-Site: same-site",),
    (b"Origin: http://localhost:8000",),
    (b"Origin: https://localhost:8000",),
    (b"Origin: http://LOCALHOST:8000",),
]
ELSEWHERE = [
    (b"Sec-Fetch-Site: cross-site",),
    (b"Sec-Fetch-Site: Cross-Site", b"Origin: http://localhost:8000"),
    (b"Origin: null",),
    (b"Origin:",),
    (b"Origin: http://localhost",),
    (b"Origin: http://localhost:8001",),
    (b"Origin: http://127.0.0.1:8000",),
    (b"Origin: https://page.example",),
    (b"Origin: http://localhost:8000.page.example",),
    (b"Origin: http://localhost:8000/",),
    (b"Origin: http://page.example http://localhost:8000",),
    (b"Origin: http://page.example@localhost:8000",),
    (b"Origin: chrome-extension://localhost:8000",),
    (b"Origin: file://",),
    (b"Sec-Fetch-Site: same-site", b"Origin: http://localhost:3000"),
]
CHANGES = [
    (b"POST /api/v1/data/t", b'{"id":"new"}'),
    (b"PUT /api/v1/data/t/new?upsert=true", b"{}"),
    (b"PATCH /api/v1/data/t/1", b'{"a":1}'),
    (b"DELETE /api/v1/data/t/1", b""),
    (b"DELETE /api/v1/data/t?all=true", b""),
    (b"POST /api/v1/load?mode=replace", b"{}"),
    (b"POST /api/v1/batch", b'{"operations":[{"op":"delete","table":"t","id":1}]}'),
    (b"PUT /api/v1/tables/t", b"{}"),
    (b"DELETE /api/v1/tables/t", b""),
    (b"POST /api/v1/backup", b""),
    (b"POST /api/v1/query/t", b"{}"),
]
KINDS = [b"application/json", b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b""]  # fmt: skip


def change(first, body, kind, lines, host=b"localhost:8000"):
    lines = [*lines, *([b"Content-Type: " + kind] if kind else []), b"Content-Length: %d" % len(body)]
    return get(*lines, first=first + b" HTTP/1.1", host=b"Host: " + host) + body


@pytest.mark.parametrize("lines", ELSEWHERE, ids=str)
def test_what_a_page_of_another_origin_would_change_is_not_changed(service, lines):
    before = service.run(service.database.get("t", "1"))
    for first, body in CHANGES:
        for kind in KINDS:
            assert answers(service, change(first, body, kind, lines)) == ["403 foreign-origin"]
    assert service.run(service.database.get("t", "1")) == before
    assert answers(service, get(*lines, first=RECORD, host=b"Host: localhost:8000")) == ["200"]
    assert answers(service, get(*lines, first=b"OPTIONS /api/v1/data/t HTTP/1.1", host=b"Host: localhost:8000")) == ["204"]  # fmt: skip


@pytest.mark.parametrize("lines", SAME, ids=str)
def test_what_comes_from_our_own_page_or_from_a_program_is_done(service, lines):
    sent = change(b"PUT /api/v1/data/t/1", b"{}", b"application/json", lines)
    assert answers(service, sent, sent) == ["200", "200"]


@pytest.mark.parametrize(
    ("host", "origin", "is_ours"),
    [
        ("db.example.com", "https://db.example.com", True),
        ("db.example.com", "http://db.example.com", True),
        ("db.example.com:443", "https://db.example.com", True),
        ("db.example.com", "https://db.example.com:443", True),
        ("db.example.com:80", "http://db.example.com", True),
        ("[fd00::7]:80", "http://[fd00::7]", True),
        ("db.example.com:443", "http://db.example.com", False),
        ("db.example.com", "https://db.example.com:8443", False),
        ("db.example.com", "https://x.db.example.com", False),
        ("db.example.com:8443", "https://db.example.com", False),
    ],
)
def test_an_origin_is_ours_if_it_has_the_host_that_was_asked(service, host, origin, is_ours):
    lines = [b"Origin: " + origin.encode()]
    sent = change(b"PUT /api/v1/data/t/1", b"{}", b"application/json", lines, host.encode())
    assert answers(service, sent) == ["200" if is_ours else "403 foreign-origin"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_refused_comes_in_the_promised_order(way):
    service = Service(way, allowed_hosts=[], keys=["secret"], rate_limit="4/hour")
    lines, key = (b"Origin: null", b"Sec-Fetch-Site: cross-site"), b"Authorization: Bearer secret"
    for first, expected in (
        (b"POST /none", "404 unknown-route"),
        (b"POST /api/v1/data/t/1", "405 method-not-allowed"),
        (b"POST /api/v1/data/t", "401 unauthorized"),
    ):
        assert answers(service, change(first, b"{", b"text/plain", lines)) == [expected]
    for host in (b"page.example", b"localhost", b"localhost", b"localhost"):
        code = "foreign-host" if host != b"localhost" else "foreign-origin"
        assert answers(service, change(b"POST /api/v1/data/t", b"{", b"text/plain", (*lines, key), host)) == [f"403 {code}"]  # fmt: skip
    assert answers(service, change(b"POST /api/v1/data/t", b"{", b"text/plain", (*lines, key))) == ["429 rate-limited"]
    service.close()


def test_an_application_under_another_server_looks_at_origins_and_at_hosts_if_it_is_told_some():
    with InsideClient(create_app(start_database()), base_url="http://anything.example") as client:
        assert client.put("/api/v1/data/t/1?upsert=true", json={}).status_code == 201
        answer = client.put("/api/v1/data/t/1", json={}, headers={"Origin": "http://page.example"})
        assert_problem(answer, 403, "foreign-origin")
    with InsideClient(create_app(start_database(), allowed_hosts=["db.example.com"]), base_url="http://x.example") as client:  # fmt: skip
        assert_problem(client.get("/health"), 403, "foreign-host")
        assert client.get("/health", headers={"Host": "db.example.com"}).status_code == 200


def test_a_server_on_loopback_answers_to_its_own_names_and_to_those_that_are_added():
    server = Server("serve", "--allow-host", "a.example", "--allow-host", "b.example")
    told = {"localhost": b"200", "a.example": b"200", "b.example:1": b"200", "c.example": b"403", "10.1.2.3": b"403"}
    for host, status in told.items():
        with wire(server) as connection:
            asked = request("GET", "/api/v1/tables").replace(b"Host: localhost", f"Host: {host}".encode())
            assert connection.ask(asked)[9:12] == status
    assert server.stop() == 0


@pytest.mark.parametrize(("options", "status"), [((), b"200"), (("--allow-host", "a.example"), b"403")])
def test_a_server_that_others_reach_answers_to_every_name_unless_it_is_told_some(options, status):
    server = Server("serve", "--host", "0.0.0.0", "--insecure", *options)
    server.url = server.url.replace("0.0.0.0", "127.0.0.1")
    with wire(server) as connection:
        asked = request("GET", "/api/v1/tables").replace(b"Host: localhost", b"Host: c.example")
        assert connection.ask(asked)[9:12] == status
    for address in (b"10.1.2.3:8000", b"[fd00::7]"):  # as probes ask, which know no name
        with wire(server) as connection:
            asked = request("GET", "/health/live").replace(b"Host: localhost", b"Host: " + address)
            assert connection.ask(asked)[9:12] == b"200"
    assert server.stop() == 0


@pytest.mark.parametrize("name", ["a.example:80", "http://a.example", "a b", "*", "a/b", "é"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError):
        create_app(start_database(), allowed_hosts=[name])


PAGE = """<!doctype html><body><iframe name=hole></iframe><script>
const ours = "SERVER", kinds = ["text/plain", "application/x-www-form-urlencoded", "application/json"];
async function attack() {
  for (const [path, body] of PATHS) for (const mode of ["no-cors", "cors"]) for (const type of kinds)
    await fetch(ours + path, {method: "POST", mode, headers: {"Content-Type": type}, body}).catch(() => 0);
  for (const method of ["PUT", "PATCH", "DELETE"])
    await fetch(ours + "/api/v1/data/t/1", {method, body: method == "DELETE" ? undefined : "{}"}).catch(() => 0);
  navigator.sendBeacon(ours + "/api/v1/data/t", new Blob(["{}"], {type: "text/plain"}));
  await new Promise(done => {
    const form = document.createElement("form");
    Object.assign(form, {method: "POST", action: ours + "/api/v1/backup", target: "hole", enctype: "text/plain"});
    document.body.append(form); document.querySelector("iframe").onload = done; form.submit();
  });
}
</script>"""
PATHS = [("/api/v1/backup", ""), ("/api/v1/data/t", '{"id": 2}'), ("/api/v1/load?mode=replace", "{}")]


class Other(http.server.BaseHTTPRequestHandler):
    """The server of another site: it gives the page that attacks."""

    page = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_): ...


@pytest.fixture(params=FAST_PATHS)
def attacked(request):
    """A server with one record, and another site on another port."""
    server = Server("serve", "--fast-path", request.param)
    Other.page = PAGE.replace("SERVER", server.url).replace("PATHS", json.dumps(PATHS)).encode()
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    with server.client() as client:
        client.post("/api/v1/data/t", json={"id": 1})
        yield server, client, site.server_port
    site.shutdown()
    thread.join()
    site.server_close()
    server.stop()


@pytest.mark.long
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "page.example"])
def test_a_page_of_another_site_changes_nothing(browser, attacked, host):
    _, client, port = attacked
    tab = browser.new_page()
    tab.goto(f"http://{host}:{port}/")
    tab.evaluate("attack()")
    tab.close()
    figures = client.get("/metrics").text
    assert 'status="403"' in figures
    assert 'operation="backup",status="200"' not in figures
    assert client.get("/api/v1/dump").json() == {"t": [{"id": 1}]}


@pytest.mark.long
def test_a_name_that_is_made_to_stand_for_this_machine_opens_nothing(browser, attacked):
    server, client, _ = attacked
    tab = browser.new_page()
    there = server.url.replace("127.0.0.1", "page.example")
    assert tab.goto(f"{there}/docs").status == 403
    assert tab.evaluate("fetch('/api/v1/data/t/1').then(answer => answer.status)") == 403
    assert tab.evaluate("fetch('/api/v1/tables/t', {method: 'DELETE'}).then(answer => answer.status)") == 403
    tab.close()
    assert client.get("/api/v1/dump").json() == {"t": [{"id": 1}]}


@pytest.mark.long
def test_our_own_page_may_write(browser, attacked):
    server, client, _ = attacked
    for host in ("127.0.0.1", "localhost"):
        tab = browser.new_page()
        tab.goto(f"{server.url.replace('127.0.0.1', host)}/docs")
        sent = "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}"
        assert tab.evaluate(f"fetch('/api/v1/data/t', {sent}).then(answer => answer.status)") == 201
        tab.close()
    assert client.get("/api/v1/data/t?count=true").json()["total"] == 3


CROSS = """async function use(base, key) {
  const headers = key ? {Authorization: `Bearer ${key}`} : {}, told = [];
  const json = {...headers, "Content-Type": "application/json"};
  const tries = [
    ["/api/v1/data/t", {headers}],
    ["/api/v1/data/t", {method: "POST", headers: json, body: "{}"}],
    ["/api/v1/data/t/1", {method: "PATCH", headers: {...headers, "Content-Type": "application/merge-patch+json", "If-Match": "*"}, body: "{}"}],
    ["/api/v1/data/t/none", {headers: {...headers, "X-Request-Id": "mine", Prefer: "handling=strict"}}],
    ["/health", {}],
  ];
  for (const [path, options] of tries)
    told.push(await fetch(base + path, options).then(a => `${a.status} ${a.headers.get("X-Request-Id") != null}`, () => "blocked"));
  return told;
}"""


@pytest.mark.long
@pytest.mark.parametrize("way", FAST_PATHS)
@pytest.mark.parametrize("key", ["", "secret"])
def test_a_page_of_another_port_does_what_a_named_origin_may(browser, way, key):
    Other.page = f"<!doctype html><script>{CROSS}</script>".encode()
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    ours = f"http://127.0.0.1:{site.server_port}"
    read = ["200 true", "201 true", "200 true", "404 true", "200 true"]
    for origin, expected in ((ours, read), ("*", read), (ours.replace("127.0.0.1", "localhost"), ["blocked"] * 5)):
        server = Server("serve", "--fast-path", way, "--cors-origin", origin, *(["--api-key", key] if key else []))
        with server.client(headers={"Authorization": f"Bearer {key}"} if key else {}) as client:
            client.put("/api/v1/data/t/1?upsert=true", json={})
        tab = browser.new_page()
        tab.goto(f"{ours}/")
        assert tab.evaluate(f"use('{server.url}', '{key}')") == expected
        tab.close()
        assert server.stop() == 0
    site.shutdown()
    thread.join()
    site.server_close()
