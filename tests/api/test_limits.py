"""Rate limits and keys: who is counted, who is let in, what is open."""

import subprocess
import sys
from contextlib import suppress

import pytest

from ramekin.api.app import create_app
from ramekin.api.edge.rates import Limited, RateLimit
from ramekin.testing import SetClock
from tests.conftest import Server, start_database
from tests.data.http_cases import get
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.problems import assert_problem
from tests.programs import nginx
from tests.wire import connect

OPEN = [
    "/health",
    "/health/live",
    "/health/ready",
    "/docs",
    "/openapi.json",
    "/problems/rate-limited",
    "/static/favicon.svg",
]


def client(**options):
    return InsideClient(create_app(start_database(), **options), raise_server_exceptions=False)


def test_within_the_limit_headers_say_what_is_left():
    with client(rate_limit="3/minute") as api:
        answer = api.get("/api/v1/tables")
        assert answer.headers["ratelimit-policy"] == '"default";q=3;w=60'
        assert answer.headers["ratelimit"].startswith('"default";r=2;t=')


def test_over_the_limit_is_429_with_the_time_to_wait():
    with client(rate_limit="3/minute") as api:
        assert [api.get("/api/v1/tables").status_code for _ in range(3)] == [200] * 3
        answer = api.get("/api/v1/tables")
        assert_problem(answer, 429, "rate-limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit"].startswith('"default";r=0;t=')


def test_the_limit_lets_in_again_when_its_window_has_passed():
    clock = SetClock()
    with InsideClient(create_app(start_database(clock=clock), rate_limit="1/minute")) as api:
        assert api.get("/api/v1/tables").status_code == 200
        assert_problem(api.get("/api/v1/tables"), 429, "rate-limited")
        clock.advance(121)
        assert api.get("/api/v1/tables").status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_open_pages_are_never_counted(path):
    with client(rate_limit="1/minute") as api:
        assert [api.get(path).status_code for _ in range(3)] == [200] * 3
        assert "ratelimit" not in api.get(path).headers


def test_an_address_that_does_not_exist_stays_404_over_the_limit():
    with client(rate_limit="1/minute") as api:
        api.get("/api/v1/tables")
        assert_problem(api.get("/api/v1/none"), 404, "unknown-route")
        assert_problem(api.put("/api/v1/tables"), 405, "method-not-allowed")
        assert_problem(api.get("/api/v1/tables"), 429, "rate-limited")


def test_clients_with_different_keys_are_counted_apart():
    with client(rate_limit="1/minute", keys=["a", "b"]) as api:
        for key in ("a", "b"):
            assert api.get("/api/v1/tables", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert_problem(api.get("/api/v1/tables", headers={"authorization": "Bearer a"}), 429, "rate-limited")


def test_without_a_limit_there_are_no_such_headers(api):
    assert "ratelimit" not in api.get("/api/v1/tables").headers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "10",
        "10/fortnight",
        "0/second",
        "100/second;1/minute",
        "1/second, 2/hour",
        "1/0 seconds",
        "9" * 400 + "/day",
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError):
        create_app(start_database(), rate_limit=text)


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic right", "right", "Bearer right x"])
def test_without_the_right_key_everything_but_open_pages_is_401(header):
    headers = {} if header is None else {"authorization": header}
    with client(keys=["right"]) as api:
        answer = api.get("/api/v1/tables", headers=headers)
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert_problem(api.get("/api/v1/none", headers=headers), 404, "unknown-route")
        for path in OPEN:
            assert api.get(path, headers=headers).status_code == 200


def test_any_of_the_keys_opens():
    with client(keys=["one", "two"]) as api:
        for key in ("one", "two"):
            assert api.get("/api/v1/tables", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert "securitySchemes" in api.get("/openapi.json").json()["components"]


@pytest.fixture(params=WAYS)
def serve(request):
    """Return a function that makes a service, on each of the three ways; it sends a request and returns the answer."""
    services = []

    def start(**options):
        service = Service(request.param, **options)
        services.append(service)

        def ask(first="GET /api/v1/data/t/1", *lines):
            pipe = service.connect()
            pipe.send([get(*(line.encode() for line in lines), first=f"{first} HTTP/1.1".encode())])
            return pipe.answers()[0][:3]

        return ask

    yield start
    for service in services:
        service.close()


def test_no_header_makes_a_client_another_one(serve):
    ask = serve(rate_limit="3/hour")
    for line in ("Authorization: Bearer a", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.5"):
        assert ask("GET /api/v1/data/t/1", line) == "404"
    for line in ("Authorization: Bearer b", "X-Forwarded-For: 1.2.3.6", "X-Real-IP: 1.2.3.7", "Forwarded: for=1.2.3.8"):
        assert ask("GET /api/v1/data/t/1", line) == "429"


def test_wrong_keys_are_counted_for_the_address_and_right_ones_for_themselves(serve):
    ask = serve(rate_limit="3/hour", keys=["one", "two"])
    for line in ("Authorization: Bearer x", "Authorization: Basic one", "A: b"):
        assert ask("GET /api/v1/data/t/1", line) == "401"
    for line in (
        "Authorization: Bearer y",
        "Authorization: Bearer onex",
        "Authorization: one",
        "Authorization: Bearer",
    ):
        assert ask("GET /api/v1/data/t/1", line) == "429"
    for key in ("one", "two"):
        assert [ask("GET /api/v1/data/t/1", f"Authorization: bearer {key}") for _ in range(4)] == ["404"] * 3 + ["429"]


def test_wrong_keys_are_counted_without_a_limit_of_requests_too(serve):
    """Right ones are taken all the while: many clients may share an address."""
    clock = SetClock()
    ask = serve(clock=clock, keys=["right"])
    assert [ask("GET /api/v1/data/t/1", f"Authorization: Bearer wrong-{n}") for n in range(102)] == ["401"] * 100 + [
        "429"
    ] * 2
    assert ask("GET /api/v1/data/t/1", "Authorization: Bearer right") == "404"
    assert ask("GET /api/v1/data/t/1") == "401"
    assert ask("GET /none", "Authorization: Bearer wrong") == "404"
    clock.advance(121)
    assert ask("GET /api/v1/data/t/1", "Authorization: Bearer wrong") == "401"


@pytest.mark.parametrize("first", ["GET /none", "PUT /api/v1/tables", "FOO /api/v1/data/t", "OPTIONS /api/v1/data/t", "OPTIONS /none", "GET /healthy", "GET /docsx", "GET /docs/x", "GET /health/x", "POST /health", "CONNECT /x"])  # fmt: skip
def test_what_no_endpoint_answers_counts(serve, first):
    ask = serve(rate_limit="2/hour")
    before = [ask(first), ask(first)]
    assert before[0] in ("204", "404", "405")
    assert ask() == "429"
    assert ask(first) == ("429" if before[0] == "204" else before[0])


def test_options_need_no_key_and_are_counted(serve):
    ask = serve(rate_limit="2/hour", keys=["one"])
    assert [ask("OPTIONS /api/v1/data/t") for _ in range(3)] == ["204", "204", "429"]
    assert ask("OPTIONS /health") == "429"


@pytest.mark.parametrize(
    ("first", "line"),
    [
        ("GET /problems/none", "A: b"),
        ("GET /static/none", "A: b"),
        ("OPTIONS /health", "A: b"),
        ("GET /api/v1/data/%ff", "A: b"),
        ("GET /health", "A : b"),
        ("GET health", "A: b"),
    ],
)
def test_everything_counts_but_open_pages(serve, first, line):
    ask = serve(rate_limit="2/hour")
    for _ in range(3):
        ask("GET /health")
        ask("GET /problems/rate-limited")
    assert ask(first, line) in ("204", "400", "404")
    assert ask("GET /api/v1/tables") == "200"
    assert ask("GET /api/v1/tables") == "429"


def test_clients_of_one_ipv6_network_are_one(serve):
    ask = serve(rate_limit="2/hour", trusted_proxies=["127.0.0.0/8"])
    at = "X-Forwarded-For: 2001:db8:9:{}::{}"
    assert [ask("GET /api/v1/tables", at.format(1, i)) for i in range(1, 4)] == ["200", "200", "429"]
    assert ask("GET /api/v1/tables", at.format(2, 1)) == "200"


def test_a_window_slides():
    clock = SetClock()
    limit = RateLimit("10/minute", clock)

    def taken():
        count = 0
        with suppress(Limited):
            while True:
                limit.count("a")
                count += 1
        return count

    assert taken() == 10
    for at_s, expected in ((30, 0), (60, 0), (66, 1), (90, 4), (119, 5), (130, 2), (1000, 10)):
        clock.advance(at_s - clock.steady_s())
        assert taken() == expected, at_s


@pytest.mark.parametrize("at_s", [0, 7, 59.5, 61, 75, 100])
def test_whoever_waits_as_long_as_it_is_told_is_let_in(at_s):
    clock = SetClock()
    limit = RateLimit("10/minute", clock)
    with suppress(Limited):
        for step in range(100):
            clock.advance(min(at_s, step * at_s / 8) - clock.steady_s())
            limit.count("a")
    told = {}
    while not told:
        try:
            limit.count("a")
        except Limited as refused:
            told = refused.headers
    clock.advance(int(told["retry-after"]))
    assert limit.count("a")


@pytest.mark.parametrize("name", ["X-Forwarded-For: ", "Forwarded: for="])
def test_a_trusted_proxy_says_who_the_client_is(serve, name):
    ask = serve(rate_limit="2/hour", trusted_proxies=["127.0.0.0/8"])
    for client in ("1.2.3.4", "1.2.3.5"):
        assert [ask("GET /api/v1/data/t/1", name + client) for _ in range(3)] == ["404", "404", "429"]
    assert ask("GET /none", name + "1.2.3.6") == "404"
    assert ask("GET /api/v1/tables", name + "1.2.3.6") == "200"
    assert ask("GET /api/v1/tables", name + "1.2.3.6") == "429"


def test_behind_a_real_proxy_each_client_is_counted_by_its_own_address(tmp_path):
    settings = "location / { proxy_pass http://tables; proxy_set_header Host localhost; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }"  # fmt: skip
    server = Server("serve", "--rate-limit", "3/hour", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8")
    with nginx(tmp_path, server.url, settings) as port:
        for client in ("127.0.0.2", "127.0.0.3"):
            statuses = []
            for i in range(4):
                with connect(port, source=client) as connection:
                    statuses.append(connection.ask(get(b"X-Forwarded-For: 9.9.9.%d" % i, first=b"GET /api/v1/tables HTTP/1.1"))[9:12])  # fmt: skip
            assert statuses == [b"200"] * 3 + [b"429"]
    assert server.stop() == 0


@pytest.mark.parametrize("options", [("--trusted-proxy", "proxy"), ("--trusted-proxy", "10.0.0.1/8"), ("--allow-host", "a:80"), ("--api-key", "k€y")])  # fmt: skip
def test_what_cannot_be_read_stops_the_start_with_one_line(options):
    ran = subprocess.run([sys.executable, "-m", "ramekin", "serve", "--port", "0", *options], capture_output=True, text=True, timeout=60)  # fmt: skip
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert options[0] in ran.stderr
    assert "k€y" not in ran.stderr


@pytest.mark.parametrize("name", ["keys", "trusted_proxies", "allowed_hosts"])
@pytest.mark.parametrize("text", ["db", "::", b"db"])
def test_one_text_is_no_list_of_texts(name, text):
    with pytest.raises(ValueError, match=f"{name} is a list of texts"):
        create_app(start_database(), **{name: text})


@pytest.mark.parametrize("keys", ["secret", [""], ["a", ""], ["k€y"], [" padded"], ["two words"], ["a\n"]])
def test_an_application_takes_no_key_that_nobody_could_send(keys):
    with pytest.raises(ValueError):
        create_app(start_database(), keys=keys)
