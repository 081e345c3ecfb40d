"""The recipes for CI on the page about testing: each key is one of its format, and what they start is started here.

No container is: the server is that of this environment, with what the image says of it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from ruamel.yaml import YAML

from ramekin.settings import Settings
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs" / "testing.md").read_text()
FILES = dict(re.findall(r"^```\w+\n(?:#|//) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SCHEMAS = {".github/workflows/test.yml": "vendor.github-workflows", "compose.yaml": "vendor.compose-spec"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def recipe(name):
    return YAML(typ="safe").load(FILES[name])


@pytest.fixture
def folder(tmp_path):
    """A folder of somebody whose front end has tests: those of the page, and its records."""
    [records] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "db.json").write_text(records)
    (tmp_path / "users.test.mjs").write_text(FILES["users.test.mjs"])
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"test": "node --test users.test.mjs"}}))
    return tmp_path


@pytest.fixture
def port():
    return free_port()


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            assert os.environ.get("CI") != "true", f"{program} is missing"
            pytest.skip(f"no {program} on this machine")


def as_root(arguments, mounts):
    """Return the arguments of a command with paths of this machine in place of those of a container."""
    return [mounts.get(argument, argument) for argument in arguments]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_one_of_its_format(name, tmp_path):
    (file := tmp_path / Path(name).name).write_text(FILES[name])
    command = [BIN / "check-jsonschema", "--builtin-schema", SCHEMAS[name], file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_steps_of_the_workflow_pass_one_after_the_other(folder, port):
    needs("npm", "node", "curl")
    steps = [step["run"] for step in recipe(".github/workflows/test.yml")["jobs"]["test"]["steps"] if "run" in step]
    assert steps.pop(0) == "pip install ramekin"  # which is installed here
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "RAMEKIN_PORT": str(port),
        "RAMEKIN_URL": f"http://127.0.0.1:{port}",
    }
    script = "\n".join(step.replace(":8000", f":{port}") for step in steps)  # a runner's server goes on as well
    command = ["bash", "-e", "-c", f"trap 'kill $!' EXIT\n{script}"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_asks_for_a_python_that_is_supported():
    [setup] = [step for step in recipe(".github/workflows/test.yml")["jobs"]["test"]["steps"] if "with" in step]
    assert f"Python :: {setup['with']['python-version']}" in (ROOT / "pyproject.toml").read_text()


def test_the_services_of_compose_find_each_other():
    services = recipe("compose.yaml")["services"]
    [(name, condition)] = services["tests"]["depends_on"].items()
    assert condition == {"condition": "service_healthy"}
    assert "\nHEALTHCHECK " in DOCKERFILE
    assert services["tests"]["environment"] == {"RAMEKIN_URL": f"http://{name}:{Settings().port}"}
    assert f"\nEXPOSE {Settings().port}\n" in DOCKERFILE
    assert f"docker build -t {services[name]['image']} ." in DOCKERFILE
    assert services["tests"]["command"] == recipe(".github/workflows/test.yml")["jobs"]["test"]["steps"][-1]["run"]


@pytest.mark.long
def test_what_compose_starts_is_healthy_and_passes_the_tests(folder, port):
    needs("npm", "node")
    services = recipe("compose.yaml")["services"]
    mounts = {
        inside: str(folder / outside) for outside, inside, _ in (v.split(":") for v in services["database"]["volumes"])
    }
    environment = os.environ | {"RAMEKIN_PORT": str(port), "RAMEKIN_LOG_FORMAT": "json"}
    command = [BIN / "ramekin", *as_root(shlex.split(services["database"]["command"]), mounts)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        healthy = [BIN / "ramekin", *json.loads(re.search(r"HEALTHCHECK .*? CMD (.*)", DOCKERFILE)[1])[1:]]
        for _ in range(300):
            if not subprocess.run(healthy, env=environment, capture_output=True, check=False).returncode:
                break
            assert server.poll() is None, server.stdout.read()
            time.sleep(0.1)
        url = f"http://127.0.0.1:{port}"
        answer = httpx2.get(f"{url}/api/v1/tables", headers={"Host": f"database:{port}"}, trust_env=False)
        assert answer.status_code == 200  # by the name that the other service has for it
        done = subprocess.run(
            shlex.split(services["tests"]["command"]),
            cwd=folder, env=os.environ | {"RAMEKIN_URL": url}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        server.terminate()
        server.communicate(timeout=30)
