"""Ramekin side by side with what its users would pick: requests a second, in interleaved rounds of one run.

    python -m benchmarks.compare [--rounds N] [--seconds N] [--records N] [--only NAME]

All servers run at once, but only one is asked at a time; each round asks every one of them, so that a slow moment of
the machine is shared, and starts them anew, so that none is slowed down by what earlier rounds have stored. A ratio is
taken within a round; what is shown is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import report
from benchmarks.peers import PEERS
from benchmarks.peers.peer import OPERATIONS, Missing, Peer
from benchmarks.request import send
from benchmarks.wrk import Peak, peak

if TYPE_CHECKING:
    from benchmarks.request import Request
    from benchmarks.server import Server

LONE = "get, one connection"
TARGETS: dict[str, dict[str, float]] = {
    "bare uvicorn ASGI": {"get": 2, "post": 1.5, "put": 1.5},
    "FastAPI with dicts": {"get": 8, "post": 6, "put": 6, "list of 100": 15},
    "webdis + Redis": {"get": 1.5, "put": 1.5, "list of 100": 4, LONE: 1},
    "json-server": {"get": 15, "post": 15, "put": 15, "list of 100": 15},
    "Kinto": {"get": 50, "post": 50},
}


@dataclass
class Contestant:
    """A peer that takes part, and what its rounds found, by operation."""

    peer: Peer
    version: str
    ids: int
    found: dict[str, list[Peak]] = field(default_factory=dict)

    def ask(self, server: Server, operation: str, request: Request, seconds: int, connections: int = 32) -> None:
        """Run one round of one operation; once more, if an answer was no success or came too late."""
        try:
            run = peak(server, request, ids=self.ids, seconds=seconds, connections=connections)
        except RuntimeError as reason:
            report.say(f"thrown away: {self.peer.name}, {operation}: {reason}")
            run = peak(server, request, ids=self.ids, seconds=seconds, connections=connections)
        self.found.setdefault(operation, []).append(run)


def check(contestant: Contestant, server: Server) -> None:
    """Send every kind of request once, so that no wrong answer is ever counted."""
    for name, request in contestant.peer.operations.items():
        answer = send(server.port, request.filled(contestant.ids))
        if request.rows is not None:
            found = json.loads(answer)
            rows = found if isinstance(found, list) else next(rows for rows in found.values() if isinstance(rows, list))
            assert len(rows) == request.rows, (contestant.peer.name, name, len(rows))


def compare(peers: tuple[Peer, ...], *, records: int, rounds: int, seconds: int) -> dict[str, Any]:
    """Return what was found, and which peers could not take part and why."""
    skipped: dict[str, str] = {}
    contestants: list[Contestant] = []
    for peer in peers:
        try:
            version = peer.prepare()
            contestant = Contestant(peer, version, peer.records(records))
            with peer.serve(contestant.ids) as server:
                check(contestant, server)
        except (Missing, RuntimeError, OSError) as reason:
            skipped[peer.name] = str(reason)
            report.say(f"skipped {peer.name}: {reason}")
        else:
            contestants.append(contestant)
    for number in range(rounds):
        report.say(f"round {number + 1} of {rounds}")
        _round(contestants, seconds)
    return {"skipped": skipped, "records": records, "peers": [_told(each, contestants[0]) for each in contestants]}


def _round(contestants: list[Contestant], seconds: int) -> None:
    """Ask each operation of everybody, then the next one, of servers that are as new as in the first round."""
    with ExitStack() as stack:
        servers = [(each, stack.enter_context(each.peer.serve(each.ids))) for each in contestants]
        for contestant, server in servers:
            contestant.ask(server, LONE, contestant.peer.operations["get"], 1, connections=1)
        for operation in OPERATIONS:
            for contestant, server in servers:
                request = contestant.peer.operations.get(operation)
                if request is not None:
                    contestant.ask(server, operation, request, seconds)


def _told(contestant: Contestant, ours: Contestant) -> dict[str, Any]:
    """Return a peer's figures. A ratio says how many times as much Ramekin does, or how many times as quick it is."""
    operations = {}
    for name, runs in contestant.found.items():
        pairs = list(zip(ours.found[name], runs, strict=True))
        by_rate = [our.per_second / their.per_second for our, their in pairs]
        by_time = [their.p50_us / max(our.p50_us, 1) for our, their in pairs]
        ratios = by_time if name == LONE else by_rate
        operations[name] = {
            "per_second": median(run.per_second for run in runs),
            "slowest_round": min(run.per_second for run in runs),
            "fastest_round": max(run.per_second for run in runs),
            "p50_us": median(run.p50_us for run in runs),
            "p99_us": median(run.p99_us for run in runs),
            "cpu_us": median(run.cpu_us for run in runs),
            "ratio": median(ratios),
            "ratio_least": min(ratios),
            "ratio_most": max(ratios),
            "ratio_by_cpu": median(their.cpu_us / our.cpu_us for our, their in pairs if our.cpu_us),
            "target": TARGETS.get(contestant.peer.name, {}).get(name),
        }
    return {
        "name": contestant.peer.name,
        "version": contestant.version,
        "records": contestant.ids,
        "operations": operations,
    }


def show(found: dict[str, Any]) -> None:
    """Print a table of each operation."""
    for operation in (*OPERATIONS, LONE):
        rows = []
        for peer in found["peers"]:
            if operation in peer["operations"]:
                told = peer["operations"][operation]
                spread = f"{told['slowest_round']:,.0f}-{told['fastest_round']:,.0f}"
                ratio = f"{told['ratio']:.2f} ({told['ratio_least']:.2f}-{told['ratio_most']:.2f})"
                rows.append(
                    (
                        peer["name"],
                        f"{told['per_second']:,.0f}",
                        spread,
                        f"{told['p50_us']:,.0f}",
                        f"{told['cpu_us']:,.1f}",
                        ratio,
                        f"{told['ratio_by_cpu']:.2f}",
                        report.target(told["ratio"], told["target"]),
                    )
                )
        heads = ("", "per second", "spread", "p50 us", "CPU us", "Ramekin is, times", "by CPU time", "target")
        report.table(f"{operation}", heads, rows)
    for name, reason in found["skipped"].items():
        report.say(f"skipped {name}: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--only", help="part of the names of the peers to compare with")
    chosen = parser.parse_args()
    peers = (PEERS[0], *(peer for peer in PEERS[1:] if (chosen.only or "").lower() in peer.name.lower()))
    found = compare(peers, records=chosen.records, rounds=chosen.rounds, seconds=chosen.seconds)
    show(found)
    report.save("compare", found)


if __name__ == "__main__":
    main()
