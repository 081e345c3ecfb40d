"""Behind a real nginx with TLS, below a path and at the root of its host, as the manual says to set it up."""

import re
import ssl
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.conftest import Server
from tests.ports import free_port
from tests.programs import find_program, nginx
from tests.wire import Wire, connect, request

SITE = (Path(__file__).parent.parent.parent / "deploy" / "nginx" / "ramekin.conf").read_text()
[LOCATION] = re.findall(r"^    location / {\n.*?^    }\n", SITE, re.MULTILINE | re.DOTALL)
HOST = "db.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    openssl = find_program("openssl", "openssl")
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    names = ["-addext", f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([openssl, "req", "-x509", *made, *names, *files], check=True, capture_output=True)
    return folder


@pytest.fixture(
    scope="module", params=["/db", pytest.param("", marks=pytest.mark.long)], ids=["below a path", "at the root"]
)
def served(request, certificate, tmp_path_factory):
    """A server behind nginx, the address of nginx, and the path below which it serves."""
    path, port = request.param, free_port()
    options = ["--root-path", path] if path else []
    server = Server(
        "serve", "--trusted-proxy", "127.0.0.1", "--allow-host", HOST, "--rate-limit", "1000/second", *options
    )
    location = LOCATION.replace("http://ramekin;", f"{server.url};")
    if path:  # as the manual says: both with a slash at the end
        location = location.replace("location / {", f"location {path}/ {{").replace(f"{server.url};", f"{server.url}/;")
    tls = f"listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}/cert.pem; ssl_certificate_key {certificate}/key.pem;"
    with nginx(tmp_path_factory.mktemp("nginx"), server.url, f"{tls}\n{location}"):
        yield server, f"https://localhost:{port}", path
    assert server.stop() == 0


@pytest.fixture
def client(served, certificate):
    trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
    with httpx2.Client(base_url=served[1], verify=trusted, trust_env=False, timeout=30) as client:
        yield client


def test_every_address_in_an_answer_leads_to_what_it_names(served, client):
    _, _, path = served
    api = f"{path}/api/v1"
    made = client.post(f"{api}/data/t", json={"n": 1})
    assert made.status_code == 201
    assert client.get(made.headers["location"]).json()["n"] == 1
    client.post(f"{api}/data/t", json=[{"n": 2}, {"n": 3}])
    page = client.get(f"{api}/data/t?limit=1&sort=n")
    assert client.get(page.json()["next"]).json()["data"][0]["n"] == 2
    problem = client.get(f"{api}/data/none/1").json()
    assert client.get(problem["type"]).json()["code"] == "unknown-table"
    home = client.get(f"{path}/", follow_redirects=True)
    assert home.url.path == f"{path}/"
    servers = client.get(f"{path}/openapi.json").json().get("servers", [])
    assert [server["url"] for server in servers] == ([path] if path else [])


def test_its_own_name_is_answered_and_another_is_not(served, client):
    _, _, path = served
    for host, status in ((HOST, 200), (f"{HOST}:8443", 200), ("localhost", 200), ("evil.example", 403)):
        assert client.get(f"{path}/api/v1/tables", headers={"Host": host}).status_code == status


def test_a_page_of_its_own_may_write_and_one_of_another_site_may_not(served, client):
    _, origin, path = served
    for sent, status in (
        (origin, 201),
        (origin.replace("https", "http"), 201),
        ("https://evil.example", 403),
        ("null", 403),
    ):
        headers = {"Origin": sent, "Sec-Fetch-Site": "same-origin" if status == 201 else "cross-site"}
        assert client.post(f"{path}/api/v1/data/t", json={}, headers=headers).status_code == status, sent


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("", 415)])
@pytest.mark.parametrize("what", ["data/t", "query/t"])
@pytest.mark.parametrize(
    ("how", "body"), [({"Content-Length": 2}, b"{}"), ({"Transfer-Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n")]
)
def test_a_refusal_leaves_the_connection_open_though_the_body_comes_behind_its_head(
    served, certificate, what, origin, status, how, body
):
    _, address, path = served
    trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
    with connect(int(address.rpartition(":")[2])) as plain:
        through = Wire(trusted.wrap_socket(plain.sock, server_hostname="localhost"))
        headers = {"Content-Type": "x/y", **how, **({"Origin": origin} if origin else {})}
        for _ in range(3):
            through.send(request("POST", f"{path}/api/v1/{what}", **headers))
            assert int(through.ask(body).split()[1]) == status
        through.sock.close()


@pytest.mark.long
def test_the_documentation_tries_requests_out(served, browser):
    _, origin, path = served
    context = browser.new_context(ignore_https_errors=True)
    tab = context.new_page()
    failed = []
    tab.on("requestfailed", lambda request: failed.append(request.url))
    tab.on("pageerror", lambda error: failed.append(str(error)))
    tab.goto(f"{origin}{path}/docs")
    tab.wait_for_selector(".opblock")
    sent = "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}"
    address = tab.evaluate("window.ui.specSelectors.specJson().toJS().servers?.[0].url ?? ''")
    assert address == path
    assert tab.evaluate(f"fetch('{address}/api/v1/data/t', {sent}).then(answer => answer.status)") == 201
    assert failed == []
    context.close()
