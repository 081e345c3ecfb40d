"""A network of this test's own, which can be cut: nodes and processes that hear each other no more, and go on.

Each place is an address of loopback and a user of its own, and a cut is a rule that what this user sends to that address
is lost; both ways, and for connections that stand too. It needs root, and a network namespace, so that nobody else's
network is touched: run it under ``unshare --net``. An address alone does not tell who sends: a node that comes back
forgets to use its own.
"""

import os
import shutil
import subprocess
from itertools import count, product
from typing import NamedTuple

import pytest

NEEDED = "to cut a network off needs root on Linux, ip and unshare"

_numbers = count(1)


class Place(NamedTuple):
    """Where a node or a process is."""

    host: str
    user: int


def can_be_cut():
    """Say whether this machine can run a command in a network of its own."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "ip"))):
        return False
    return subprocess.run(["unshare", "--net", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def needed():
    """Have a test that cuts the network skipped where that cannot be; where CI=true, root must be able to."""
    if can_be_cut():
        return
    assert os.environ.get("CI") != "true" or os.geteuid() != 0, f"{NEEDED}: apt install iproute2"
    pytest.skip(NEEDED)


def prepare():
    """Make the network of this namespace ready: rules come before loopback's own."""
    _ip("link set lo up", "rule add pref 100 lookup local", "rule del pref 0")


def new_place():
    """Return a place that nobody has."""
    number = next(_numbers)
    return Place(f"127.0.1.{number}", 31_000 + number)


def cut(some, others):
    """Let nothing through between places."""
    _change("add", some, others)


def mend(some, others):
    """Undo a cut."""
    _change("del", some, others)


def _change(how, some, others):
    lines = []
    for one, other in product(some, others):
        for sender, receiver in ((one, other), (other, one)):
            user = f"uidrange {sender.user}-{sender.user}"
            lines.append(f"rule {how} pref 50 {user} to {receiver.host} blackhole")
    _ip(*lines)


def _ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
