"""The site of deploy/nginx: a real nginx takes it, and a client with TLS finds everything as without."""

import re
import ssl
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.conftest import Server
from tests.ports import free_port
from tests.programs import find_program, nginx_with

SITE = (Path(__file__).parent.parent.parent / "deploy" / "nginx" / "ramekin.conf").read_text()
NAME = "db.example.com"
RECORDS = "/api/v1/data/notes"


def options_of(site):
    """Return the command and options of the server that the site's first lines tell of."""
    return re.search(r"^# +ramekin (serve .*)", site, re.MULTILINE)[1].split()


def here(site, server, certificate, plain_port, tls_port):
    """Return the site as it is for this machine: its own ports, server and certificate."""
    site = re.sub(r"^ *listen \[::\].*\n", "", site, flags=re.MULTILINE)
    for told, meant in {
        "listen 80;": f"listen 127.0.0.1:{plain_port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls_port} ssl http2;",
        "server 127.0.0.1:8000;": f"server {server.url.partition('://')[2]};",
        f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(certificate / "certificate"),
        f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(certificate / "key"),
    }.items():
        assert site.count(told) == 1, told
        site = site.replace(told, meant)
    return site


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate that vouches for itself."""
    openssl, folder = find_program("openssl", "openssl"), tmp_path_factory.mktemp("certificate")
    name = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run(
        [*made, *name, "-keyout", folder / "key", "-out", folder / "certificate"], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def key():
    """Make a key as the guide says: its secret, and the lines for the file of keys."""
    command = [sys.executable, "-m", "ramekin", "key", "create", "shop", "--role", "admin"]
    secret, lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n\n")
    return secret, lines


@pytest.fixture(scope="module")
def front(tmp_path_factory, certificate, key):
    """Start the server and nginx as the site says; yield the two ports."""
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "keys.toml").write_text(key[1])
    server = Server(*options_of(SITE), cwd=folder)
    plain, tls = free_port(), free_port()
    try:
        with nginx_with(folder, here(SITE, server, certificate, plain, tls), tls):
            yield plain, tls
    finally:
        assert server.stop() == 0


@pytest.fixture(scope="module")
def client(front, certificate, key):
    """A client with the key, which believes the certificate alone, and finds its name on this machine."""
    context = ssl.create_default_context(cafile=certificate / "certificate")
    headers = {"authorization": f"Bearer {key[0]}", "host": NAME}
    with httpx2.Client(
        base_url=f"https://127.0.0.1:{front[1]}", verify=context, trust_env=False, headers=headers, timeout=30
    ) as client:
        client.event_hooks = {"request": [lambda request: request.extensions.update(sni_hostname=NAME)]}
        yield client


def test_of_the_headers_that_say_who_asks_one_is_the_proxy_s_and_the_other_is_taken_off():
    told = dict(re.findall(r"proxy_set_header ((?:X-)?Forwarded\S*) (\S+);", SITE))
    assert told == {"X-Forwarded-For": "$remote_addr", "Forwarded": '""'}


def test_without_tls_a_client_is_sent_to_where_it_is(front):
    with httpx2.Client(base_url=f"http://127.0.0.1:{front[0]}", trust_env=False, verify=False, timeout=30) as client:
        answer = client.get(f"{RECORDS}?limit=1", headers={"host": NAME})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAME}{RECORDS}?limit=1")


def test_a_key_is_asked_for(client):
    assert client.get("/api/v1/tables", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/health/ready").status_code == 200


def test_a_record_is_created_changed_and_deleted_by_its_tag(client):
    made = client.post(RECORDS, json={"text": "x" * 5000})
    assert made.status_code == 201
    path = made.headers["location"]
    read = client.get(path, headers={"accept-encoding": "gzip"})
    assert read.headers["etag"] == made.headers["etag"], "a proxy that compresses would have made it weak"
    assert client.get(path, headers={"if-none-match": read.headers["etag"]}).status_code == 304
    changed = client.patch(path, json={"text": "y"}, headers={"if-match": read.headers["etag"]})
    assert changed.status_code == 200
    assert client.delete(path, headers={"if-match": changed.headers["etag"]}).status_code == 204


def test_pages_lead_to_the_next(client):
    assert client.post("/api/v1/data/pages", json=[{"id": i} for i in range(5)]).status_code == 201
    found, path = [], "/api/v1/data/pages?limit=2"
    while path:
        page = client.get(path).json()
        found += [each["id"] for each in page["data"]]
        path = page["next"]
    assert found == [0, 1, 2, 3, 4]


def test_a_page_of_the_same_origin_may_write_and_another_may_not(client):
    assert client.post(RECORDS, json={}, headers={"origin": f"https://{NAME}"}).status_code == 201
    assert client.post(RECORDS, json={}, headers={"origin": "https://elsewhere.example"}).status_code == 403


def test_a_long_load_and_its_dump_go_through(client):
    rows = [{"id": i, "text": "x" * 1000} for i in range(3000)]
    assert client.post("/api/v1/load?mode=replace", json={"notes": rows}).json() == {"loaded": {"notes": 3000}}
    assert client.get("/api/v1/dump/notes").json() == rows


def test_a_refusal_is_the_servers_own(client):
    answer = client.post(RECORDS, content=b'{"id": "' + b"x" * 2_000_000 + b'"}', headers={"content-type": "application/json"})  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_browsers_are_told_to_stay_with_tls(client):
    assert "max-age" in client.get("/health").headers["strict-transport-security"]
