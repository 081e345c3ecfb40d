"""Keys of a server: from flags, the environment and a file, read again on SIGHUP; what is told of them in the log."""

import json
import re
import signal

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from ramekin.access.key_file import read_key_file
from ramekin.cli.configuration import Refused, read_settings
from ramekin.cli.key_settings import create_key, keys_of, secret_of, tell_expired
from ramekin.cli.main import app
from tests.conftest import Server


def create(*arguments):
    """Return the secret that `ramekin key create` prints, and the lines for the file."""
    done = CliRunner().invoke(app, ["key", "create", *arguments])
    assert done.exit_code == 0, done.output
    secret, _, lines = done.stdout.partition("\n\n")
    return secret, lines


def test_a_key_that_is_made_opens_and_is_no_other(tmp_path):
    secret, lines = create("reports", "--role", "read", "--tables", "users,order*", "--expires", "2999-01-01")
    assert re.fullmatch("rmk_[0-9a-f]{64}", secret)
    assert secret not in lines
    (path := tmp_path / "keys.toml").write_text(lines + create("other", "--role", "admin")[1])
    keys = keys_of(read_settings({"keys_file": str(path)}, {}))
    assert keys.find(secret) == read_key_file(path)[0].grant
    assert (len(keys), keys.find("rmk_")) == (2, None)


def test_a_key_that_would_open_nothing_is_not_made():
    with pytest.raises(Refused, match="to come"):
        create_key("app", "read", None, "2020-01-01")


@pytest.mark.parametrize(("expires", "is_told"), [(("2020-01-01",), True), (("2020-01-01", "2999-01-01"), False)])  # fmt: skip
def test_the_log_tells_where_all_keys_have_expired(tmp_path, expires, is_told):
    (path := tmp_path / "keys.toml").write_text(
        "".join(
            f'[keys.k{i}]\nrole = "read"\nsecret_sha256 = "{i:064x}"\nexpires = {day}\n'
            for i, day in enumerate(expires, 1)
        )
    )
    with capture_logs() as lines:
        tell_expired(keys_of(read_settings({"keys_file": str(path)}, {})))
    assert [line["event"] for line in lines] == ["all_keys_expired"] * is_told


@pytest.mark.parametrize(
    ("given", "environment", "told"),
    [
        ({"keys_file": "none.toml"}, {}, "--keys-file: no such file"),
        ({"api_key": ("app:read=abc", "app:read=abd")}, {}, "--api-key: two keys have one name"),
        ({"api_key": ("app:reed=abcdef",)}, {}, "--api-key: the role of a key is one of"),
        ({"api_key": ("app:read=ab",)}, {}, "fewer than 3"),
        ({"api_key": ("app:read=abc,def",)}, {}, "--api-key: a secret has no comma"),
        ({}, {"RAMEKIN_API_KEY": "app:read=abc,def"}, "RAMEKIN_API_KEY: all keys have a name here, or none"),
        ({}, {"RAMEKIN_API_KEY": "app:read:a,b=abc,App:read=abd"}, "RAMEKIN_API_KEY: the name of a key"),
    ],
)
def test_what_is_no_key_is_refused_by_the_name_of_its_setting(given, environment, told):
    with pytest.raises(Refused, match=told) as refused:
        keys_of(read_settings(given, environment))
    assert "abc" not in str(refused.value)


def test_keys_in_the_environment_may_have_tables():
    settings = read_settings({}, {"RAMEKIN_API_KEY": "app:read:users,order*=abc, all:admin=def"})
    keys = keys_of(settings)
    assert keys.find("abc").tables == ("users", "order*")
    assert keys.find("def").name == "all"


@pytest.mark.parametrize(
    ("text", "sent"), [("abc", "abc"), ("app:read:users,order*=abc", "abc"), ("app:admin=a=b", "a=b")]
)
def test_a_client_sends_the_secret_of_a_key_alone(text, sent):
    assert secret_of(text) == sent
    with pytest.raises(Refused, match="--api-key"):
        secret_of("app:read")


def test_keys_are_read_again_on_sighup_and_kept_if_the_file_is_broken(tmp_path):
    path = tmp_path / "keys.toml"
    made = {name: create(name, "--role", "admin") for name in ("first", "second")}
    path.write_text(made["first"][1])
    server, told = Server("serve", "--keys-file", str(path), "--log-format", "json", "--access-log"), []

    def opens(name):
        return client.get("/api/v1/tables", headers={"authorization": f"Bearer {made[name][0]}"}).status_code == 200

    def reread(text, *, is_done):
        path.write_text(text)
        server.process.send_signal(signal.SIGHUP)
        told.append(server.process.stderr.readline())
        while not json.loads(told[-1])["event"].startswith("keys_"):  # else the next file may take this one's place
            told.append(server.process.stderr.readline())
        assert is_done()

    with server.client() as client:
        assert (opens("first"), opens("second")) == (True, False)
        reread(made["second"][1], is_done=lambda: opens("second") and not opens("first"))
        reread("[keys.broken]\nrole = 'admin'", is_done=lambda: opens("second"))
        reread("", is_done=lambda: opens("second"))
        reread(made["first"][1] + made["second"][1], is_done=lambda: opens("first") and opens("second"))
        headers = {"authorization": f"Bearer {made['second'][0]}", "x-request-id": "mine"}
        assert client.put("/api/v1/tables/new", json={}, headers=headers).status_code == 201
        assert client.delete("/api/v1/tables/none%0A", headers=headers).status_code == 404
        wrong = {"authorization": "Bearer rmk_canary"}
        assert client.delete("/api/v1/tables/new", headers=wrong).status_code == 401
        shown = [client.get(page, headers=headers).text for page in ("/metrics", "/openapi.json", "/docs", "/health")]
    server.process.terminate()
    log = "".join(told) + server.process.stderr.read()
    assert server.stop() == 0
    lines = [json.loads(line) for line in log.splitlines()]
    events = [line["event"] for line in lines if line["event"].startswith("keys_")]
    assert events[0] == "keys_read"
    assert {"keys_kept", "keys_read"} == set(events)
    assert any("[keys.broken]" in line.get("reason", "") for line in lines)
    audited = [line for line in lines if line["event"] == "audit"]
    assert [(line["key"], line["act"], line["table"], line["outcome"]) for line in audited] == [
        ("second", "put_table", "new", "done"),
        ("second", "drop_table", "none\N{REPLACEMENT CHARACTER}", "refused"),
    ]
    assert audited[0]["request_id"] == "mine"
    assert audited[0]["client"] == "127.0.0.1"
    for secret in (made["first"][0], made["second"][0], "canary"):
        assert secret not in log
        assert not any(secret in text for text in shown)
