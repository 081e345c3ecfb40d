"""The container's files, checked without an engine; `make image-test` builds and starts the image."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()


COMPOSE = {name: ROOT / name for name in ("compose.yaml", "deploy/compose.yaml")}
"""The demo, and a server whose tables are kept."""


@pytest.fixture(params=COMPOSE)
def service(request):
    [service] = YAML(typ="safe").load(COMPOSE[request.param])["services"].values()
    return service


def lines(word):
    return re.findall(rf"^{word} (.*)", DOCKERFILE, re.MULTILINE)


def test_hadolint_finds_nothing():
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_satisfies_its_schema():
    command = [
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        *COMPOSE.values(),
        ROOT / "compose.cluster.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_two_stages_from_an_argument():
    assert lines("ARG")[0].startswith("PYTHON_IMAGE=")
    assert lines("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    assert ":latest" not in DOCKERFILE


def test_the_user_is_a_number_and_not_root():
    assert lines("USER") == ["10001:10001"]


def test_the_entry_point_is_in_exec_form_and_health_is_our_own_command():
    assert lines("ENTRYPOINT") == ['["/opt/ramekin/bin/ramekin"]']
    assert lines("CMD")[-1] == '["serve"]'
    assert 'CMD ["/opt/ramekin/bin/ramekin", "health"]' in lines("HEALTHCHECK")[0]
    assert lines("STOPSIGNAL") == ["SIGTERM"]


def test_the_final_stage_only_copies_the_environment():
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert not re.search(r"^RUN ", final, re.MULTILINE)
    assert re.findall(r"^COPY (.*)", final, re.MULTILINE) == [
        "--from=build /opt/ramekin /opt/ramekin",
        "--from=build --chown=10001:10001 /build/data /data",
    ]


def test_the_version_is_that_of_the_package():
    from ramekin import __version__

    assert lines("ARG")[1] == f"VERSION={__version__}"


def test_the_build_sees_only_what_is_named():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"


def test_compose_limits_the_container(service):
    assert service["mem_limit"] in ("512m", "1g")
    assert service["cpus"] == 1.0
    assert service["pids_limit"] == 64
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][-1] == "health"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_compose_gives_a_stop_more_time_than_it_takes(service):
    from ramekin.settings import Settings

    seconds = service["environment"].get("RAMEKIN_SHUTDOWN_SECONDS", Settings().shutdown_seconds)
    assert int(service["stop_grace_period"][:-1]) >= int(seconds) + 5


def test_compose_keeps_tables_in_a_volume_and_asks_for_a_key():
    found = YAML(typ="safe").load(COMPOSE["deploy/compose.yaml"])
    service = found["services"]["ramekin"]
    [volume] = service["volumes"]
    name, _, folder = volume.partition(":")
    assert name in found["volumes"]
    assert service["command"][service["command"].index("--data-dir") + 1].startswith(f"{folder}/")
    assert service["environment"]["RAMEKIN_API_KEY"].startswith("${RAMEKIN_API_KEY:?")


def test_compose_sets_only_what_is_a_setting(service):
    from ramekin.settings import SETTINGS

    names = {name.removeprefix("RAMEKIN_").lower() for name in service["environment"]}
    assert names <= set(SETTINGS)
