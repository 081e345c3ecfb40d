"""How many servers, databases and nodes do what: a simulation from the figures of `benchmarks.cluster`, with a seed.

    python -m benchmarks.sizing [--seed N] [--records N] [--writes PART]

What is simulated: databases lie in slots drawn by chance, so on primaries; servers are dealt out to databases. Every
server carries out each change of its database, and answers its part of the requests. A primary spends half of its time on
changes; in the other half it tells each server what is new and answers its questions, one after the other, so the more
servers it has, the more is told at once, and the longer each waits for its turn. The rate is the one at which a core, of
a server or of a primary, is busy for 70 % of the time. Then one server is played, request by request (Lindley's
recursion: who comes waits for what is still to be done), with random arrivals and costs, and p99 is taken from that.

What is not: the network (0.5 ms are added for a question to a node), garbage, cold caches, a node's failure.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from benchmarks.report import save, table

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = 0.7
"""The part of its time for which the busiest core has work."""

QUESTION_S = 0.0005
"""Seconds until a node of the same network has answered."""

REQUESTS = 50_000
"""Requests that are played for a p99."""

SIZES = [(2, 1), (4, 1), (8, 1), (32, 1), (128, 1), (1000, 1), (8, 4), (32, 16), (128, 64), (1000, 100), (1000, 1000)]
"""Servers and databases."""


@dataclass(frozen=True, slots=True)
class Costs:
    """µs of a core, as `benchmarks.cluster` measured them; and bytes."""

    read: float = 40
    """A server for a request that reads: most get one record, some list a page."""
    write: float = 180
    """A server for a request that writes."""
    follow: float = 55
    """Each other server for each change, with an index or two."""
    keep: float = 55
    """A node for each change: the call, and its replica."""
    tell: float = 10
    """A node for an answer to one server: that some changes have come, or how far it is itself."""
    record_bytes: int = 600
    """A record of 170 bytes in a server, with the order of ids and two indexes."""
    server_bytes: int = 80 << 20
    """A server without records."""


@dataclass(frozen=True, slots=True)
class Load:
    """What some servers do at the rate at which the busiest core has enough."""

    servers: int
    databases: int
    primaries: int
    reads: float
    writes: float
    p99_s: float
    limit: str
    """Which core it is."""
    bytes: int
    """Memory of all servers together."""


def simulate(servers: int, databases: int, records: int, part: float, costs: Costs, seed: str) -> Load:
    """Return what servers and databases do together, with a primary for every eight databases, and at most 100.

    Args:
        records: how many a database has. part: of the requests, so many write.
    """
    chance = Random(f"{seed}-{servers}-{databases}")
    primaries = min(100, max(1, databases // 8))
    at_primary = Counter(chance.randrange(primaries) for _ in range(databases))
    each = max(1, servers // databases)  # servers of one database; all databases are asked for alike
    # seconds of a core for each request to one database, a second
    server_s = (((1 - part) * costs.read + part * costs.write) / each + part * costs.follow * (each - 1) / each) / 1e6
    here = max(at_primary.values())  # databases of the busiest primary
    primary_s = part * costs.keep / 1e6 * here
    rate = min(BUSY / server_s, BUSY / 2 / primary_s)
    limit = "a server" if rate < BUSY / 2 / primary_s else "a node"
    turn_s = here * each * 2 * costs.tell / 1e6 / (BUSY / 2)
    p99_s = _p99(rate, each, part, costs, chance) + max(QUESTION_S, turn_s)
    memory = servers * (costs.server_bytes + records * costs.record_bytes)
    return Load(
        servers, databases, primaries, rate * databases * (1 - part), rate * databases * part, p99_s, limit, memory
    )


def _p99(rate: float, each: int, part: float, costs: Costs, chance: Random) -> float:
    """Return what all but 1 % of the requests to one server take."""
    own, others = rate / each, rate * part * (each - 1) / each
    found, waits_s = [], 0.0
    while len(found) < REQUESTS:
        waits_s = max(0.0, waits_s - chance.expovariate(own + others))
        is_own = chance.random() < own / (own + others)
        mean = costs.follow if not is_own else costs.write if chance.random() < part else costs.read
        waits_s += mean / 1e6 * (0.5 + chance.expovariate(2))  # half of it always, the other half by chance
        if is_own:
            found.append(waits_s)
    return sorted(found)[int(0.99 * REQUESTS)]


def rows(loads: list[Load]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table."""
    for load in loads:
        yield (
            f"{load.servers:,}",
            f"{load.databases:,}",
            f"{load.primaries:,}",
            f"{load.reads:,.0f}",
            f"{load.writes:,.0f}",
            f"{1000 * load.p99_s:.1f} ms",
            load.limit,
            f"{load.bytes / load.servers / 2**30:.1f} GiB",
        )


def main() -> None:
    """Simulate, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--writes", type=float, default=0.1, help="the part of the requests that write")
    given = parser.parse_args()
    loads = [simulate(*size, given.records, given.writes, Costs(), given.seed) for size in SIZES]
    heads = ("servers", "databases", "primaries", "reads/s", "writes/s", "p99", "busiest", "a server's memory")
    table(f"{given.records:,} records a database, {given.writes:.0%} of the requests write", heads, list(rows(loads)))
    save("sizing", [[*row] for row in rows(loads)])


if __name__ == "__main__":
    main()
