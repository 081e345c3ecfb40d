"""Behind a real nginx: what it forbids stays forbidden, and what it lets through arrives as it was meant."""

import time

import httpx2
import pytest

from tests.conftest import FAST_PATHS, Server
from tests.data.http_cases import BODY, CONNECTS, HIDDEN, LIVE, UPGRADES, sized
from tests.programs import nginx
from tests.wire import connect, request, wire

FORBID = "if ($request_method = DELETE) { return 403; }"
FRONTS = {
    "WebSocket settings": f"""
        location / {{
            {FORBID}
            proxy_pass http://tables; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        }}""",
    "an upgrade at every request": f"""
        location / {{
            {FORBID}
            proxy_pass http://tables; proxy_http_version 1.1; proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
        }}""",
    "connections that stay": f"""
        location / {{
            {FORBID}
            proxy_pass http://tables; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
        }}""",
    "nginx as it comes": f"location / {{ {FORBID} proxy_pass http://tables; proxy_set_header Host $http_host; }}",
}


@pytest.fixture(scope="module", params=FAST_PATHS)
def server(request):
    server = Server("serve", "--fast-path", request.param, "--max-record-bytes", "100000")
    with server.client() as client:
        rows = [{"id": i, "text": "x" * 1000} for i in range(300)]
        assert client.post("/api/v1/data/large", json=rows).status_code == 201
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module", params=FRONTS)
def front(request, server, tmp_path_factory):
    with nginx(tmp_path_factory.mktemp("nginx"), server.url, FRONTS[request.param]) as port:
        yield port


@pytest.fixture(autouse=True)
def victim(server):
    """The record that a hidden request would delete, and that nginx lets nobody delete."""
    with wire(server) as connection:
        connection.ask(request("PUT", "/api/v1/data/t/victim?upsert=true", b"{}"))
        yield lambda: connection.ask(request("GET", "/api/v1/data/t/victim"))[9:12]


def test_nginx_forbids_what_it_is_told_to_forbid(front, victim):
    with connect(front) as connection:
        assert connection.ask(HIDDEN).startswith(b"HTTP/1.1 403")
    assert victim() == b"200"


def test_nothing_that_is_hidden_gets_past_it(front, victim):
    for case in [*UPGRADES[:10], *UPGRADES[-3:], *CONNECTS[:3]]:
        head, end, rest = case.sent.partition(b"\r\n\r\n")
        with connect(front) as connection:
            connection.send(head + end)
            time.sleep(0.02)  # so that nginx may send the body by itself, as a request of its own perhaps
            connection.send(rest)
            connection.read()
        for _ in range(3):  # on whatever connection behind it comes next, the answer is to the question
            with connect(front) as connection:
                assert connection.ask(LIVE).startswith(b"HTTP/1.1 200"), case.name
        assert victim() == b"200", case.name


@pytest.mark.parametrize("token", ["h2c", "websocket", "foo"])
def test_a_write_that_offers_an_upgrade_is_carried_out(front, server, token):
    data = sized(b"Connection: Upgrade", b"Upgrade: " + token.encode(), body=BODY)
    with connect(front) as connection:
        assert connection.ask(data).startswith(b"HTTP/1.1 201")
        assert connection.ask(data).startswith(b"HTTP/1.1 201")


def test_a_page_in_pieces_arrives_whole(front):
    with httpx2.Client(base_url=f"http://127.0.0.1:{front}", trust_env=False, verify=False, timeout=30) as client:
        for _ in range(2):
            assert len(client.get("/api/v1/data/large?limit=300").json()["data"]) == 300
            assert len(client.get("/api/v1/dump/large").json()) == 300


def test_a_body_that_is_too_large_is_answered(front):
    with connect(front) as connection:
        answer = connection.ask(request("PUT", "/api/v1/data/t/victim", b'{"n":"%b"}' % (b"x" * 5_000_000)))
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"/problems/body-too-large" in answer
