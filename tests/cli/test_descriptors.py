"""How many files and connections the system lets a server have: too few are refused in one line, before it begins."""

import resource
import subprocess
import sys

import pytest

from ramekin.cli.configuration import Refused
from ramekin.cli.descriptors import LEAST, raise_limit, room_for

ENDLESS = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch):
    """Stand for the limits of the process, the soft one and the hard one."""
    held = [0, 0]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(held))
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: held.__setitem__(slice(None), given))
    return held


@pytest.mark.parametrize(("soft", "hard"), [(1024, 4096), (16, 4096), (4096, 4096)])
def test_the_limit_is_raised_as_far_as_the_system_allows(limits, soft, hard):
    limits[:] = soft, hard
    assert raise_limit() == hard
    assert limits == [hard, hard]


@pytest.mark.parametrize(("hard", "room"), [(LEAST, 16), (192, 48), (1024, 768), (20_000, 10_000), (ENDLESS, 10_000)])
def test_some_are_kept_for_files_and_the_others_are_for_connections(limits, hard, room):
    limits[:] = hard, hard
    assert room_for(10_000) == room


@pytest.mark.parametrize("hard", [3, 16, 20, 30, LEAST - 1])
def test_too_few_are_refused(limits, hard):
    limits[:] = hard, hard
    with pytest.raises(Refused, match=f"at least {LEAST} descriptors .*may have {hard}: raise .*ulimit -n"):
        raise_limit()


@pytest.mark.parametrize("options", [["serve"], ["serve", "--workers", "2"]], ids="-".join)
def test_a_server_says_in_one_line_what_it_needs(options):
    done = subprocess.run(
        ["bash", "-c", 'ulimit -n 20; exec "$@"', "bash", sys.executable, "-m", "ramekin", *options, "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"ramekin: a server needs at least {LEAST} descriptors")
