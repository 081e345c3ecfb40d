"""What becomes of single records and of health while far more is asked than the server can do.

    python -m benchmarks.overload [--seconds N] [--only NAME,NAME]

    flood           records by id at 10 times the peak, sent without waiting for answers
    sorts 10x       sorted lists at 10 times their peak
    sorts, joins    64 clients that ask for one again and again
    dumps           256 clients that do
    dump starts     1,000 clients that leave at the first byte, and ask again

Requests are due by the clock, whether the server keeps up or not. Beside each load 500 single records a second are read
and written, and health is asked for; their time counts from when a request was due, so that a server that halts is
charged with all who would have waited (Gil Tene's "coordinated omission", as wrk2 measures it). What a load cannot hand
over, since no connection is free or takes it, is left out. What a load gets is held against its peak by the core that
the single records leave, whose share is known from how they fare alone; a part of an answer counts as a part. One
process on a core of its own drives all of it. Times are told by the clock, and without the machine's part: no more than
the server worked meanwhile, nor than passed while neither it nor the driver waited for a core that others had. How late
the server's event loop was is told by its own metric, by the clock, beside the share of the time for which it waited so.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from dataclasses import asdict, dataclass
from time import perf_counter, sleep
from typing import TYPE_CHECKING

from benchmarks import ramekin, report, wrk
from benchmarks.crowd import Clients, Flood, Load, Schedule, drive
from benchmarks.data import orders_file, users_file
from benchmarks.machine import LOAD_CORE, allow_many_connections, run_on
from benchmarks.request import Request, get, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.server import Server

RECORDS, USERS = 20_000, 5_000
TIMES = 10
RECORD_RATE, HEALTH_RATE = 500, 20
ALONE_S, PEAK_S, AFTER_S = 5, 4, 8
NORMAL_S = 0.010
"""A record that is answered within that is answered as always."""

SORT = Request("GET", "/api/v1/data/orders?sort=quantity,-product_name&limit=1000")
JOIN = Request("GET", "/api/v1/join/users/orders/id=user_id?sort=-orders.total_price&limit=100")
DUMP = Request("GET", "/api/v1/dump/orders")


@dataclass(frozen=True, slots=True)
class Peak:
    """What a load gets that leaves the server nothing to refuse. `per_second` is by the clock."""

    per_second: float = 0.0
    per_core_second: float = 0.0
    answer_bytes: int = 0
    """Of a whole answer, where a part of one counts too."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one load. Times are in seconds; `core_` is by the server's core."""

    name: str
    peak: Peak
    per_second: float
    per_core_second: float
    """Of the core that the records and the questions for health leave."""
    core_per_record: float
    """What the server takes for each record, with its share of health, if it does nothing else."""
    refused_per_second: float
    record_p99: float
    own_record_p99: float
    own_record_worst: float
    own_health_worst: float
    lag_p99: float
    """By the server's own metric, as the bound of a bucket."""
    waited: float
    """The share of the time for which the server wanted a core and others had it."""
    failed: int
    grown_bytes: int
    normal_after: int
    """Seconds until the p99 of a second is below `NORMAL_S` for good."""
    driver_late_p99: float


def measure(server: Server, name: str, load: Load, peak: Peak, seconds: float, alone: Found | None = None) -> Found:
    """Drive a load for some seconds beside the well-behaved clients, and then those alone.

    Args:
        alone: what was found without a load, which tells what of the core the well-behaved clients take.
    """
    texts = [kind.filled(RECORDS).text() for _ in range(1000) for kind in (ramekin.GET, ramekin.PUT)]
    records = Schedule(server, RECORD_RATE, texts, connections=128, source="127.0.0.2")
    health = Schedule(server, HEALTH_RATE, [Request("GET", "/health").text()], connections=16, source="127.0.0.3")
    resident, lag, waited, core = list[int](), lag_counts(server), server.waited_seconds(), server.core_seconds()
    drive([load, records, health], seconds, lambda: resident.append(server.resident_bytes()))
    core = server.core_seconds() - core
    waited, lag = server.waited_seconds() - waited, lag_counts(server) - lag
    core_per_record = alone.core_per_record if alone else core / len(records.answers)
    core_left = core - core_per_record * len(records.answers)
    done = load.done + (load.unfinished_bytes() / peak.answer_bytes if peak.answer_bytes else 0)
    load.close()
    during, healths, late, failed = records.answers, health.answers, records.late, records.failed + health.failed
    records.answers, ended = [], perf_counter()
    drive([records, health], AFTER_S)
    after = [
        [each.own_seconds for each in records.answers if ended + n <= each.due < ended + n + 1] for n in range(AFTER_S)
    ]
    slow = [n + 1 for n, taken in enumerate(after) if taken and p99(taken) > NORMAL_S]
    for each in (records, health):
        each.close()
    settled = resident[len(resident) // 4 :]
    return Found(
        name=name,
        peak=peak,
        per_second=done / seconds,
        per_core_second=done / core_left if core_left > 0 else 0.0,
        core_per_record=core_per_record,
        refused_per_second=load.failed / seconds,
        record_p99=p99(each.seconds for each in during),
        own_record_p99=p99(each.own_seconds for each in during),
        own_record_worst=max(each.own_seconds for each in during),
        own_health_worst=max(each.own_seconds for each in healths),
        lag_p99=p99(lag.elements()),
        waited=waited / seconds,
        failed=failed,
        grown_bytes=max(settled) - settled[0],
        normal_after=max(slow, default=0),
        driver_late_p99=p99(late),
    )


def p99(values: Iterable[float]) -> float:
    """Return what 99 of 100 values do not exceed."""
    ordered = sorted(values)
    return ordered[int(len(ordered) * 0.99)]


def lag_counts(server: Server) -> Counter[float]:
    """Return how often the server's loop was late by up to some seconds."""
    text = send(server.port, Request("GET", "/metrics"), source="127.0.0.4").decode()
    below = [
        (float(bound), int(float(n))) for bound, n in re.findall(r'_loop_lag_seconds_bucket{le="(.+?)"} (\S+)', text)
    ]
    return Counter(
        {bound: count - before for (bound, count), (_, before) in zip(below, [(0.0, 0), *below], strict=False)}
    )


def peak_of(server: Server, request: Request) -> Peak:
    """Return what four clients get that ask for nothing else."""
    load, core = Clients(server.port, 4, request.text()), server.core_seconds()
    drive([load], PEAK_S)
    load.close()
    return Peak(load.done / PEAK_S, load.done / (server.core_seconds() - core), load.answer_bytes)


def loads(server: Server) -> dict[str, Callable[[], tuple[Load, Peak]]]:
    """Return each load, made when it is its turn, and the peak that it is held against."""
    port = server.port

    def flood() -> tuple[Load, Peak]:
        found = wrk.peak(server, ramekin.GET, ids=RECORDS, seconds=PEAK_S)
        blocks = [b"".join([ramekin.GET.filled(RECORDS).text() for _ in range(64)]) for _ in range(64)]
        load = Flood(port, TIMES * found.per_second, blocks, per_block=64, connections=200)
        return load, Peak(found.per_second, 1e6 / found.cpu_us)

    def ten_times(request: Request) -> tuple[Load, Peak]:
        peak = peak_of(server, request)
        rate = TIMES * peak.per_second
        return Schedule(server, rate, [request.text()], connections=900, waits=False), peak

    def clients(count: int, request: Request) -> tuple[Load, Peak]:
        peak = peak_of(server, request)
        return Clients(port, count, request.text()), peak

    return {
        "flood": flood,
        "sorts 10x": lambda: ten_times(SORT),
        "sorts": lambda: clients(64, SORT),
        "joins": lambda: clients(64, JOIN),
        "dumps": lambda: clients(256, DUMP),
        "dump starts": lambda: (Clients(port, 1000, DUMP.text(), leaves_after_bytes=1), Peak()),
    }


def show(found: list[Found]) -> None:
    """Print a row of each load."""
    heads = ("load", "done/s", "of peak", "refused/s", "p99 ms", "own p99", "health", "lag p99")
    rows = [
        (
            each.name,
            f"{each.per_second:,.0f}",
            f"{each.per_core_second / each.peak.per_core_second:.0%}" if each.peak.per_second else "",
            f"{each.refused_per_second:,.0f}",
            *(f"{value * 1000:,.1f}" for value in _times(each)),
            f"{each.waited:.0%}",
            str(each.failed),
            f"{each.grown_bytes / 2**20:+,.0f}",
            str(each.normal_after),
        )
        for each in found
    ]
    report.table(
        "single records and health beside too much",
        (*heads, "no core", "failed", "MiB", "normal s"),
        rows,
    )


def _times(found: Found) -> tuple[float, ...]:
    return found.record_p99, found.own_record_p99, found.own_health_worst, found.lag_p99


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    allow_many_connections()
    random.seed(1)
    with ramekin.serving(users_file(USERS), orders_file(RECORDS)) as server, run_on(LOAD_CORE):
        for request in (SORT, JOIN):  # so that their indexes are there
            get(server.port, request.path)
        alone = measure(server, "nothing", Clients(server.port, 0, b""), Peak(), ALONE_S)
        found = [alone]
        for name, load in loads(server).items():
            if not chosen.only or name in chosen.only.split(","):
                found.append(measure(server, name, *load(), chosen.seconds, alone))
                sleep(1)
    show(found)
    report.save("overload", [asdict(each) for each in found])


if __name__ == "__main__":
    main()
