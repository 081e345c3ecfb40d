"""How settings are read: flags, variables, empty values, and the links that Kubernetes puts beside them."""

import re
from dataclasses import FrozenInstanceError
from itertools import product

import pytest

from ramekin.cli.configuration import Refused, read_settings, service_links
from ramekin.cli.memory_limit import read_memory_limit
from ramekin.settings import SETTINGS, Settings
from tests.each import each

EXAMPLES = {
    "host": "::1",
    "port": "9000",
    "insecure": "true",
    "console": "false",
    "models": "shop.models",
    "data_dir": "/srv/tables",
    "fsync": "always",
    "rate_limit": "5/minute",
    "docs": "false",
    "access_log": "true",
    "dev": "true",
    "delay": "200ms",
    "log_format": "json",
    "memory_limit": "2GiB",
    "fast_path": "asgi",
    "delimiter": "tab",
    "csv_types": "text",
    "engine": "valkey://127.0.0.1",
    "ack": "replicas",
    "reads": "local",
}
NODES = {"RAMEKIN_ENGINE": "valkey://127.0.0.1"}
WITH = {"fsync": {"RAMEKIN_DATA_DIR": "/srv/tables"}, "seed": {"RAMEKIN_DEV": "true"}}
WITH |= dict.fromkeys(("engine_password", "database", "ack", "reads", "workers"), NODES)
"""What a setting makes no sense without."""

PLAIN = [name for name in SETTINGS if name != "api_key"]
NUMBERS = [name for name, field in SETTINGS.items() if field.type is int]
RAW_WORDS = re.compile(
    r"input should|validation|literal|unable to parse|pydantic|valid (integer|boolean)|NoneType", re.IGNORECASE
)


def variable(name):
    return f"RAMEKIN_{name.upper()}"


def refusal(given, environment):
    with pytest.raises(Refused) as caught:
        read_settings(given, environment)
    text = str(caught.value)
    assert not RAW_WORDS.search(text)
    assert "\n" not in text
    return text


@each(product(PLAIN, ["", " ", "\t"]))
def test_an_empty_variable_counts_as_not_set(case):
    name, text = case
    assert read_settings({}, {variable(name): text}) == Settings()


@each(product([name for name in PLAIN if name not in ("insecure", "docs", "access_log")], ["", " "]))
def test_an_empty_flag_is_refused(case):
    name, text = case
    assert refusal({name: text}, {}) == f"--{name.replace('_', '-')} is empty; give it a value or leave it out"


@each(PLAIN)
def test_spaces_around_a_value_mean_nothing(name):
    text, beside = EXAMPLES.get(name, "7"), WITH.get(name, {})
    tight = read_settings({}, {variable(name): text, **beside})
    assert read_settings({}, {variable(name): f" {text}\t", **beside}) == tight != Settings()


def test_what_dev_alone_has_is_refused_without_it_and_on_several_processes():
    assert "--dev" in refusal({"seed": "7"}, {})
    assert "--dev" in refusal({"seed": "7", "dev": False}, {})
    assert "--workers 1" in refusal({"dev": True}, NODES | {"RAMEKIN_WORKERS": "2"})


@pytest.mark.parametrize("key", ["k€y", "kéy", "two words", "a\tb", "a\nb", "a\0b", "\x7fkey", "k", "ab"])
def test_a_key_that_no_request_can_send_or_anybody_guesses_is_refused_and_not_shown(key):
    for given, environment in (({"api_key": ("fine", key)}, {}), ({}, {"RAMEKIN_API_KEY": f"fine,{key}"})):
        text = refusal(given, environment)
        assert "key" in text
        assert "fine" not in text
        assert len(key) < 3 or key not in text


@pytest.mark.parametrize("key", ["abc", "!#$%&'()*+-./:;<=>?@[]^_`{|}~\\\"", "x" * 4000, " padded "])
def test_a_key_may_have_any_sign_that_is_seen(key):
    assert read_settings({"api_key": (key,)}, {}).api_key == (key.strip(),)


def test_what_takes_several_takes_commas_in_a_variable_and_several_flags():
    for name in ("allow_host", "trusted_proxy"):
        assert getattr(read_settings({name: ["a", " b "]}, {}), name) == ("a", "b")
        assert getattr(read_settings({}, {variable(name): "a, b"}), name) == ("a", "b")
        assert f"RAMEKIN_{name.upper()}: a value is empty" in refusal({}, {variable(name): "a,,b"})
        assert f"--{name.replace('_', '-')}: a value is empty" in refusal({name: ["a", ""]}, {})


@pytest.mark.parametrize("text", ["", " ", ",", ",,", "one,", ",one", "one,,two", "one, ,two"])
def test_an_empty_key_is_refused_since_it_would_let_everybody_in(text):
    assert refusal({}, {"RAMEKIN_API_KEY": text}) == "RAMEKIN_API_KEY: a key is empty; give it a value or leave it out"
    assert "--api-key: a key is empty" in refusal({"api_key": tuple(text.split(","))}, {})


@pytest.mark.parametrize("given", [({"workers": "2"}, {}), ({}, {"RAMEKIN_WORKERS": "2"})])
def test_there_is_one_worker_where_nodes_do_not_keep_the_tables(given):
    assert "one process owns the tables" in refusal(*given)
    assert read_settings({"workers": "1"}, {"RAMEKIN_WORKERS": "1"}).workers == 1
    assert read_settings(given[0], NODES | given[1]).workers == 2


@each(product(NUMBERS, ["x", "-1", "1.0", "1_0", "0x1", "1e3", "٣", "99999999999999999999999999x", "true"]))
def test_a_number_is_written_as_one(case):
    name, text = case
    assert refusal({}, {variable(name): text}).startswith(f"RAMEKIN_{name.upper()}: '{text}' is not a whole number")


@pytest.mark.parametrize("name", ["insecure", "docs", "access_log"])
def test_a_switch_is_true_or_false(name):
    assert refusal({}, {variable(name): "maybe"}) == f"RAMEKIN_{name.upper()}: 'maybe' is not true or false"


@pytest.mark.parametrize("name", ["fsync", "log_format", "fast_path"])
def test_a_choice_names_what_there_is(name):
    text = refusal({name: "xml"}, {"RAMEKIN_DATA_DIR": "/srv/tables"})
    assert text.startswith(f"--{name.replace('_', '-')}: 'xml' is not one of ")


def test_a_flag_wins_over_a_variable_and_names_itself():
    assert read_settings({"port": "1"}, {"RAMEKIN_PORT": "2"}).port == 1
    assert refusal({"port": "y"}, {"RAMEKIN_PORT": "x"}).startswith("--port: 'y'")


def test_syncs_without_a_directory_are_refused():
    assert "--fsync" in refusal({"fsync": "always"}, {})
    assert "--data-dir" in refusal({}, {"RAMEKIN_FSYNC": "always"})


LINKS = {
    "RAMEKIN_PORT": "tcp://10.0.0.1:8000",
    "RAMEKIN_SERVICE_HOST": "10.0.0.1",
    "RAMEKIN_SERVICE_PORT": "8000",
    "RAMEKIN_SERVICE_PORT_HTTP": "8000",
    "RAMEKIN_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "RAMEKIN_PORT_8000_TCP_PROTO": "tcp",
    "RAMEKIN_PORT_8000_TCP_PORT": "8000",
    "RAMEKIN_PORT_8000_TCP_ADDR": "10.0.0.1",
    "RAMEKIN_DB_PORT": "udp://10.0.0.1:53",
    "RAMEKIN_DB_SERVICE_HOST": "10.0.0.1",
    "RAMEKIN2_SERVICE_HOST": "10.0.0.1",
}


def test_the_links_of_a_service_are_no_settings():
    assert read_settings({}, LINKS) == Settings()
    assert sorted(service_links(LINKS)) == sorted(LINKS)
    assert service_links({"RAMEKIN_PORT": "8000", "RAMEKIN_HOST": "x", "PATH": "tcp://x"}) == []


def test_what_only_looks_like_a_link_is_told():
    for name, text in {"RAMEKIN_PORT_X": "1", "RAMEKIN_SERVICE": "x", "RAMEKIN_PROT": "tcp://1:2"}.items():
        assert name in refusal({}, {name: text})


def test_settings_cannot_be_changed_or_misspelt():
    with pytest.raises(TypeError):
        Settings(prot=1)
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1


@each(product(NUMBERS, ["1" + "0" * 400, "1" + "0" * 5000, "1" + "0" * 15]))
def test_every_number_has_an_upper_end(case):
    name, text = case
    with pytest.raises(Refused, match=r"is not a whole number from [01] to \d+") as refused:
        read_settings({name: text}, {})
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("text", ["1" + "0" * 400, "1" + "0" * 400 + "GiB", "0." + "1" * 400, "1" + "0" * 400 + "%"])
def test_a_size_of_memory_that_nobody_has_is_refused(text):
    with pytest.raises(Refused):
        read_memory_limit(text)
