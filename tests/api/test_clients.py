"""Clients that offer HTTP/2 with everything they send, which this server ignores: nobody has set them up otherwise."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import FAST_PATHS, Server
from tests.data.http_cases import LIVE, UPGRADES
from tests.programs import find_program
from tests.wire import request, wire

CLIENTS = Path(__file__).parent.parent / "data" / "clients"


@pytest.fixture(scope="module", params=FAST_PATHS)
def server(request):
    server = Server("serve", "--fast-path", request.param)
    yield server
    assert server.stop() == 0


def test_a_java_client_writes_and_reads(server):
    java = find_program("java", "default-jdk-headless")
    with server.client() as client:
        client.delete("/api/v1/tables/t")
    ran = subprocess.run([java, CLIENTS / "Writes.java", server.url], capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["201", "409", "200", "200", "200", "404", "200", "204", "404"]


@pytest.mark.parametrize("size", [1, 70_000])
def test_curl_writes_with_http2(server, tmp_path, size):
    curl = find_program("curl", "curl")
    body = tmp_path / "body"
    body.write_text('{"n": "%s"}' % ("x" * size))
    for _ in range(2):
        arguments = ["-sS", "--http2", "-o", "/dev/null", "-w", "%{http_code} ", "--data-binary", f"@{body}"]
        arguments += ["-H", "Content-Type: application/json", f"{server.url}/api/v1/data/t"]
        ran = subprocess.run([curl, *arguments, "--next", *arguments], capture_output=True, text=True, timeout=30)
        assert ran.stdout.split() == ["201", "201"], ran.stderr


def test_what_follows_an_offer_is_answered(server):
    offer = next(case for case in UPGRADES if case.name == "what a Java client sends").sent.removesuffix(LIVE)
    with wire(server) as connection:
        connection.send((offer + request("GET", "/health/live")) * 20)
        statuses = [connection.read()[9:12] for _ in range(40)]
    assert statuses == [b"201", b"200"] * 20
