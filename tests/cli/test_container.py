"""The flags of a container's first process, by which its health check finds the server."""

import pytest

from ramekin.cli.container import flags_of_first_process

SERVER = ["/opt/ramekin/bin/python3", "/opt/ramekin/bin/ramekin"]


def flags(tmp_path, *words):
    file = tmp_path / "cmdline"
    file.write_text("\0".join(words) + "\0")
    return flags_of_first_process("host", "port", cmdline=file)


@pytest.mark.parametrize("before", [[], ["/sbin/docker-init", "--"], ["/usr/bin/tini", "-g", "--"]])
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_the_port_and_the_host_are_those_of_the_server(tmp_path, before, command):
    asked = (*before, *SERVER, command)
    assert flags(tmp_path, *asked) == {}
    assert flags(tmp_path, *asked, "--port", "9000") == {"port": "9000"}
    assert flags(tmp_path, *asked, "--port=9000", "--host", "::1", "--docs") == {"port": "9000", "host": "::1"}
    assert flags(tmp_path, *asked, "a.json", "--port", "1", "--port", "2") == {"port": "2"}


def test_json_server_has_a_port_of_its_own(tmp_path, monkeypatch):
    assert flags(tmp_path, *SERVER, "json-server", "db.json") == {"port": "3000"}
    assert flags(tmp_path, *SERVER, "json-server", "--port", "1") == {"port": "1"}
    monkeypatch.setenv("RAMEKIN_PORT", "9000")
    assert flags(tmp_path, *SERVER, "json-server", "db.json") == {}


def test_another_first_process_says_nothing(tmp_path):
    assert flags(tmp_path, "/sbin/init", "--port", "9000") == {}
    assert flags(tmp_path, *SERVER, "load", "--port", "9000") == {}
    assert flags_of_first_process("port", cmdline=tmp_path / "none") == {}
