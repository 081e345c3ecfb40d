"""The page about many processes is true: every command runs, in one shell, and prints what the page says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cluster import network
from tests.cluster.nodes import needed_server, rule_for, running
from tests.docs.test_samples_run import ROOT, alike, samples
from tests.ports import free_ports

PAGE = ROOT / "docs" / "cluster.md"
COMPOSE = YAML(typ="safe").load(ROOT / "compose.cluster.yaml")
PORTS = ("7001", "7002", "8001", "8002")


def in_one_shell(commands, folder):
    """Run commands one after the other in one shell; return what each printed."""
    script = "".join(f"{command}\nprintf '\\n<<%s>>\\n' done\n" for command in commands)
    path = f"{folder}/programs:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        ["bash", "-c", f"trap 'kill $(jobs -p) 2>/dev/null' EXIT\n{script}"],
        capture_output=True, text=True, cwd=folder, env=environment, timeout=100, check=False,
    )  # fmt: skip
    return [part.strip() for part in re.split(r"\n<<done>>\n", done.stdout)[:-1]], done.stderr


@pytest.mark.long
def test_commands_print_what_the_page_says(tmp_path):
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "curl is missing"
        pytest.skip("no curl on this machine")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "valkey-server").symlink_to(needed_server())
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS), for_cluster=True)), strict=True))
    todo = list(samples(PAGE))
    commands = [re.sub("|".join(ports), lambda found: ports[found[0]], command) for command, _ in todo]
    printed, said = in_one_shell([re.sub(r"\bcurl ", "curl -sS ", command) for command in commands], tmp_path)
    assert len(printed) == len(todo), said
    for (command, expected), text in zip(todo, printed, strict=True):
        assert alike(expected, text.replace("\r", "")), f"$ {command}\nexpected:\n{expected}\nprinted:\n{text}\n{said}"


def test_the_rights_on_the_page_are_those_that_are_needed():
    assert rule_for("ramekin", "SECRET", "main") in PAGE.read_text()


def test_nodes_of_the_compose_file_keep_what_they_hold_and_take_no_writes_alone():
    [command] = {service["command"] for name, service in COMPOSE["services"].items() if name.startswith("node")}
    words = iter(shlex.split(command)[1:])
    options = {name.removeprefix("--").replace("-", "_"): next(words) for name in words}
    with running(**options) as [node]:
        for name in ("appendonly", "min-replicas-to-write", "maxmemory-policy", "cluster-enabled"):
            assert node.ask("CONFIG", "GET", name)[1].decode() == options[name.replace("-", "_")]
    wanted = {"appendonly": "yes", "min_replicas_to_write": "1", "maxmemory_policy": "noeviction"}
    assert wanted.items() <= options.items()


@pytest.mark.long
def test_what_the_compose_file_starts_is_a_cluster_that_two_servers_serve(tmp_path):
    network.needed()
    if shutil.which("valkey-cli") is None and shutil.which("redis-cli") is None:
        assert os.environ.get("CI") != "true", "valkey-cli is missing"
        pytest.skip("no valkey-cli on this machine")
    command = ["unshare", "--net", sys.executable, "-m", "tests.cluster.composed", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"acknowledged_by": "replicas"') == 2
    assert "they are a cluster already" in done.stdout


def test_services_of_the_compose_file_are_limited_and_set_what_is_a_setting():
    from ramekin.settings import SETTINGS

    services = COMPOSE["services"]
    assert len([name for name in services if name.startswith("node")]) == 6
    for name in ("one", "two"):
        service = services[name]
        assert {variable.removeprefix("RAMEKIN_").lower() for variable in service["environment"]} <= set(SETTINGS)
        flags = {word[2:] for word in service["command"] if word.startswith("--")}
        assert flags <= {setting.replace("_", "-") for setting in SETTINGS}
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
