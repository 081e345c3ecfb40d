"""The systemd unit: systemd takes it, and a server does nothing that it forbids."""

import configparser
import ctypes
import os
import re
import shlex
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from ramekin.settings import SETTINGS, Settings
from tests.ports import free_port
from tests.programs import find_program

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "systemd"
UNIT = FOLDER / "ramekin.service"
RAMEKIN = Path(sys.executable).parent / "ramekin"


class Several(dict):
    """Options that stand more than once have all their values, a line each."""

    def __setitem__(self, name, value):
        super().__setitem__(name, [*self.get(name, []), *value] if isinstance(value, list) else value)


def options():
    parser = configparser.RawConfigParser(dict_type=Several, strict=False)
    parser.optionxform = str
    parser.read(UNIT)
    return parser


SERVICE = options()["Service"]
KEY = "a-key-of-this-test"
COMMAND = shlex.split(SERVICE["ExecStart"])


@pytest.fixture(scope="module")
def systemd_analyze():
    path = find_program("systemd-analyze", "systemd")
    return lambda *words: subprocess.run([path, "--no-pager", *words], capture_output=True, text=True, check=False)


def test_systemd_finds_no_fault(systemd_analyze, tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(COMMAND[0], str(RAMEKIN)))
    done = systemd_analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_calls_it_well_shut_in(systemd_analyze):
    done = systemd_analyze("security", "--offline=true", "--threshold=15", UNIT)
    assert done.returncode == 0, done.stdout


def test_a_stop_has_more_time_than_it_takes():
    assert int(SERVICE["TimeoutStopSec"]) >= Settings().shutdown_seconds + 5


def test_the_file_of_settings_holds_settings_and_a_file_of_keys():
    lines = [line for line in (FOLDER / "ramekin.env").read_text().splitlines() if not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    assert {name.removeprefix("RAMEKIN_").lower() for name in given} <= set(SETTINGS)
    assert "RAMEKIN_KEYS_FILE" in given
    assert SERVICE["EnvironmentFile"].endswith("/ramekin.env")


PR_SET_NO_NEW_PRIVILEGES, PR_SET_MDWE, REFUSE_EXEC_GAIN = 38, 65, 1


def shut_in():
    """Take from this process what `NoNewPrivileges`, `MemoryDenyWriteExecute` and `UMask` of the unit take."""
    prctl = ctypes.CDLL(None).prctl
    assert prctl(PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)  # Linux 6.3 and later; else the calls tell it
    os.umask(0o077)


@pytest.fixture
def calls(tmp_path):
    """Run the unit's command, traced and shut in, through writes, a backup and a stop; return its system calls."""
    strace, port = find_program("strace", "strace"), free_port()
    words = [word.replace("/var/lib/ramekin", str(tmp_path)) for word in COMMAND[1:]]
    record = tmp_path / "calls"
    command = [strace, "-D", "-f", "-qq", "-o", record, RAMEKIN, *words, "--port", str(port), "--api-key", KEY]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=shut_in) as server:
        try:
            write_and_back_up(port)
        finally:
            server.terminate()
        assert server.wait(60) == 0
    for path in tmp_path.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    return record.read_text()


def write_and_back_up(port):
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, verify=False) as client:
        for _ in range(200):
            with suppress(httpx2.ConnectError):
                if client.get("/health/ready").status_code == 200:
                    break
            time.sleep(0.1)
        assert client.post("/api/v1/data/t", json=[{"id": 1}, {"id": 2}]).status_code == 201
        assert client.post("/api/v1/backup").status_code == 200


@pytest.mark.long
def test_the_server_makes_no_system_call_that_the_unit_forbids(systemd_analyze, calls):
    sets = allowed_sets(systemd_analyze("syscall-filter").stdout)
    [taken, *refused] = SERVICE["SystemCallFilter"].splitlines()
    allowed = sets[taken]
    for word in " ".join(refused).removeprefix("~").split():
        allowed = allowed - sets[word]
    assert set(re.findall(r"^\d+ +([a-z0-9_]+)\(", calls, re.MULTILINE)) - allowed == set()
    families = set(re.findall(r" socket(?:pair)?\((AF_\w+)", calls))
    assert families <= set(SERVICE["RestrictAddressFamilies"].split())
    assert not re.search(r"mmap\([^)]*PROT_WRITE\|PROT_EXEC", calls)


def allowed_sets(text):
    """Return the names of system calls in each of systemd's sets."""
    found = {}
    for line in text.splitlines():
        if line.startswith("@"):
            inside = found.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.lstrip().startswith("#"):
            inside.add(line.strip())

    def flat(name):
        return {call for each in found[name] for call in (flat(each) if each.startswith("@") else [each])}

    return {name: flat(name) for name in found}
