"""Nodes fail by the hundred while processes write and read, with a page of results: ``make torture``.

Nine nodes, three primaries with two replicas each, and three processes with clients. In each round the primary of their
database is killed, stopped, or cut off: together with one process, with another on the other side, and the third one
hears both. Then everything is mended, and what clients were told is checked: nothing that was acknowledged is lost,
each history fits one copy, all processes hold the same. The first thing that is wrong ends a part and stands on the page.
In the last part the processes are servers as users start them, spoken to over HTTP, and a server, the primary or both
at once are killed; see ``served.py``.

``python -m tests.cluster.torture --help``. It needs root, since its network is its own.
"""

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import hiredis

from ramekin.cluster.key_names import KeyNames
from ramekin.cluster.slot import slot_of
from ramekin.engine.replicated import Replicated
from tests.cluster import network, served
from tests.cluster.linearizable import faults
from tests.cluster.nodes import running, until
from tests.cluster.processes import servers_of
from tests.cluster.recorder import Record
from tests.cluster.workers import all_told, working

PAGE = Path(__file__).parent.parent.parent / "docs" / "cluster-results.md"
PRIMARIES, REPLICAS, PROCESSES = 3, 2, 3
BACK_S = 3.0
"""Seconds within which writes should be acknowledged again."""


def owner_of(slot, nodes, asked):
    """Return the node that another one takes for a slot's primary."""
    for low, high, primary, *_ in asked.ask("CLUSTER", "SLOTS"):
        if low <= slot <= high:
            return next(node for node in nodes if node.port == primary[1])
    return None


def has_other_owner(slot, nodes, owner):
    """Say whether a node has taken a primary's place, as any other one sees it: some may be cut off with it."""
    found = [owner_of(slot, nodes, asked) for asked in nodes if asked is not owner]
    return any(new not in (None, owner) and new.ask("ROLE")[0] == b"master" for new in found)


def is_whole(nodes):
    """Say whether each node knows all others, and each replica has what its primary has."""
    for node in nodes:
        try:
            told, role = node.ask("CLUSTER", "NODES").decode(), node.ask("ROLE")
        except (OSError, hiredis.ReplyError):  # it is not there yet
            return False
        if "fail" in told or "disconnected" in told or told.count("slave") != PRIMARIES * REPLICAS:
            return False
        if role[3] != b"connected" if role[0] == b"slave" else len(role[2]) != REPLICAS:
            return False
    return True


def kill(owner, is_over, _nodes, _workers, _chance):
    """End the primary as a crash does, and start it again, empty, once another has its place."""
    owner.kill()
    until(is_over)
    owner.start()


def stop(owner, is_over, _nodes, _workers, chance):
    """Stop the primary until another has its place; then it goes on with what it had not read."""
    owner.process.send_signal(signal.SIGSTOP)
    try:
        until(is_over)
        time.sleep(chance.random())
    finally:
        owner.process.send_signal(signal.SIGCONT)


def cut_with_replica(owner, is_over, nodes, workers, chance):
    """Cut the primary off together with one of its two replicas: the other has none until the network is mended."""
    cut(owner, is_over, nodes, workers, chance, chance.choice(replicas_of(owner, nodes)))


def cut(owner, is_over, nodes, workers, chance, *besides):
    """Cut the primary off, and one of three processes and other nodes with it."""
    with_it = [owner.place, workers[0].place, *(node.place for node in besides)]
    others = [node.place for node in nodes if node.place not in with_it] + [workers[1].place]
    network.cut(with_it, others)
    try:
        until(is_over)
        time.sleep(2 * chance.random())
    finally:
        network.mend(with_it, others)


FAULTS = {"killed": kill, "stopped": stop, "cut off": cut, "cut off, with a replica": cut_with_replica}


def replicas_of(owner, nodes):
    """Return the replicas of a primary."""
    ports = {int(port) for _, port, _ in owner.ask("ROLE")[2]}
    return [node for node in nodes if node.port in ports]


def play(fault, nodes, places, seed, acknowledged_by):
    """Play one round, and return what clients were told and how many acknowledged writes are lost."""
    chance = Random(seed)
    until(lambda: is_whole(nodes), 60)
    with working(servers_of(nodes), places, seed, acknowledged_by=acknowledged_by) as (workers, database):
        slot = slot_of(KeyNames(database).tag)
        owner = owner_of(slot, nodes, nodes[0])
        time.sleep(0.3 + chance.random())
        began_s = time.monotonic()
        fault(owner, lambda: has_other_owner(slot, nodes, owner), nodes, workers, chance)
        failed_s = time.monotonic() - began_s
        until(lambda: is_whole(nodes), 60)
        time.sleep(0.5)
        told = all_told(workers)
    return told, asyncio.run(_lost(told, servers_of(nodes), database)), failed_s


async def _lost(told, servers, database):
    """Return how many writes are lost, as a process finds that begins now."""
    engine = Replicated(servers, database)
    await engine.open()
    try:
        assert not (found := told.found(engine)), f"{len(found)} records are there whose creation was refused"
        return len(told.lost(engine))
    finally:
        await engine.close()


class Part:
    """Rounds of one kind."""

    def __init__(self, title, fault, acknowledged_by, count):
        self.title, self.fault, self.acknowledged_by, self.count = title, fault, acknowledged_by, count
        self.rounds, self.lost, self.told, self.wrong = 0, [], Record(), ""
        self.silent_s, self.failed_s, self.operations = [], [], 0

    def play(self, nodes, places, seed):
        """Play all rounds, up to the first that finds anything wrong."""
        for number in range(self.count):
            try:
                told, lost, failed_s = self.play_one(nodes, places, f"{seed}-{self.title}-{number}")
                if self.acknowledged_by == "replicas":
                    assert lost == 0, f"{lost} acknowledged writes are lost"
                    assert not (found := faults(told.history)), f"round {number}: {self.write_down(found)}"
            except Exception as error:  # what it is stands on the page
                self.wrong = f"**wrong**: {type(error).__name__}: {' '.join(str(error).split())[:1000]}"
                return
            self.rounds += 1
            self.lost.append(lost)
            self.silent_s.append(told.silent_s)
            self.failed_s.append(failed_s)
            self.operations += len(told.history)
            told.history = []
            self.told.add(told)
            if number % 10 == 9:
                print(self.row(), flush=True)

    def play_one(self, nodes, places, seed):
        """Play one round."""
        return play(self.fault, nodes, places, seed, self.acknowledged_by)

    def write_down(self, found):
        """Write histories that fit no copy into a file, and say where it is."""
        path = Path(tempfile.gettempdir()) / f"histories-{os.getpid()}.txt"
        path.write_text("\n".join(str(tuple(operation)) for some in found.values() for operation in some))
        return f"the histories of {len(found)} records fit no copy; they are in {path}"

    def row(self):
        """Return its row of the page."""
        if not self.rounds:
            return f"| {self.title} | `{self.acknowledged_by}` | 0 of {self.count} | {self.wrong} | | | | | | |"
        told = self.told
        checked = f"{self.operations:,}" if self.acknowledged_by == "replicas" else "-"
        return (
            f"| {self.title} | `{self.acknowledged_by}` | {self.rounds} of {self.count} {self.wrong} "
            f"| {len(told.acknowledged_s):,} | **{sum(self.lost):,}** (at most {max(self.lost):,}) "
            f"| {told.maybe:,} | {told.refused:,} | {checked} "
            f"| {median(self.silent_s):.1f} s, at most {max(self.silent_s):.1f} s "
            f"| {sum(each <= BACK_S for each in self.silent_s)} | {told.longest_s:.1f} s |"
        )


class ServedPart(Part):
    """Rounds over HTTP, with servers that go on from one to the next."""

    def __init__(self, count):
        super().__init__("killed, or a server, or both (HTTP)", None, "replicas", count)

    def play(self, nodes, places, seed):
        with served.serving(nodes, PROCESSES) as (self.servers, self.database):
            super().play(nodes, places, seed)

    def play_one(self, nodes, places, seed):
        chance, slot = Random(seed), slot_of(KeyNames(self.database).tag)
        until(lambda: is_whole(nodes), 60)
        owner, server = owner_of(slot, nodes, nodes[0]), chance.choice(self.servers)
        victims = chance.choice(([owner], [server], [owner, server]))
        failed_s = 0.0

        def fail():
            nonlocal failed_s
            began_s = time.monotonic()
            for victim in victims:
                victim.kill()
            if owner in victims:
                until(lambda: has_other_owner(slot, nodes, owner))
            failed_s = time.monotonic() - began_s
            for victim in victims:
                victim.start()

        told = asyncio.run(served.play(self.servers, nodes, seed, self.rounds, fail))
        return told, 0, failed_s


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--unconfirmed", type=int, default=10, help="rounds of each kind with `--ack primary`")
    parser.add_argument("--served", type=int, default=50, help="rounds over HTTP")
    parser.add_argument("--own-network", action="store_true", help="it runs under `unshare --net` already")
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    if not given.own_network:
        if not network.can_be_cut():
            raise SystemExit("This needs root on Linux, and the commands ip and unshare.")
        command = [sys.executable, "-m", "tests.cluster.torture", "--own-network", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--net", *command])
    network.prepare()
    parts = [
        Part(title, fault, acknowledged_by, count)
        for acknowledged_by, counts in (
            ("replicas", (given.kills, given.stops, given.cuts - given.cuts // 2, given.cuts // 2)),
            ("primary", (given.unconfirmed,) * len(FAULTS)),
        )
        for (title, fault), count in zip(FAULTS.items(), counts, strict=True)
        if count
    ]
    parts += [ServedPart(given.served)] if given.served else []
    places = [network.new_place() for _ in range(PRIMARIES * (1 + REPLICAS))]
    here = [network.new_place() for _ in range(PROCESSES)]
    for part in parts:
        with running(PRIMARIES, REPLICAS, places, cluster_allow_replica_migration="no") as nodes:
            server = server_of(nodes[0])
            part.play(nodes, here, given.seed)
        print(part.row(), flush=True)
        given.page.write_text(page(given.seed, server, [each.row() for each in parts if each.rounds or each.wrong]))
    raise SystemExit(1 if any(part.wrong for part in parts) else 0)


def server_of(node):
    """Return the name and version of what a node is."""
    told = dict(line.split(":", 1) for line in node.ask("INFO", "server").decode().splitlines() if ":" in line)
    return f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told['redis_version']}"


def page(seed, server, rows):
    from tests.cluster.nodes import NODE_TIMEOUT_MS

    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}"
    return "\n".join(
        [
            "# Many processes: the last long run of failures",
            "",
            "Written by `make torture`; what each part does stands in `tests/cluster/torture.py`.",
            "",
            f"Seed {seed}, {datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, {server}, node timeout {NODE_TIMEOUT_MS} ms, {machine}.",
            "",
            "| the primary was | `--ack` | rounds | acknowledged writes | of these lost | outcome unknown | refused | operations whose histories fit one copy | no write acknowledged for | rounds of 3 s or less | longest wait |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "Three seconds are the aim. Where a primary is cut off with one of its two replicas, the other one takes its place, and has none that could confirm a write until the network is mended: in such a round no write is acknowledged before.",
            "",
            "Over HTTP writes and reads went to three servers as users start them, of which one, or the primary, or both at once were ended by `kill -9`; what was refused there counts requests too that found no server, or one that was starting.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
