"""A damaged file ends in a state that the database had, or in one line: never in a wrong record."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest

from ramekin.durability import salvage
from tests.durability.damage import LOG, MAIN, Bench, start

SAMPLES = int(os.environ.get("DAMAGES", "300"))
"""Places that are tried in each file; `make torture` tries all of them."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("damage"))


def places(bench, name, seed=1):
    everywhere = range(len(bench.bytes[name]))
    return everywhere if len(everywhere) <= SAMPLES else sorted(Random(seed).sample(everywhere, SAMPLES))


def test_what_is_intact_is_read_whole(bench):
    assert bench.attempt({}) == len(bench.states) - 1


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", [MAIN, LOG])
def test_a_flipped_bit_never_gives_a_wrong_record(bench, name):
    random, last = Random(2), len(bench.states) - 1
    found = [bench.flip(name, place, random.randrange(8)) for place in places(bench, name)]
    assert None in found
    if name == MAIN:
        assert set(found) <= {None, last}  # in room that holds nothing, or over which the log holds something newer
    else:
        assert set(found) <= {None, last - 1, last}  # in the last commit it looks as one that was never finished


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", [MAIN, LOG])
def test_a_file_that_is_cut_never_gives_a_wrong_record(bench, name):
    found = [bench.cut(name, place) for place in places(bench, name)]
    if name == LOG:
        whole = [place for place in found if place is not None]
        assert whole == sorted(whole), "the longer the log, the later the state"


def test_a_missing_log_is_refused_and_so_is_a_missing_file(bench):
    assert bench.attempt({LOG: None}) is None
    assert bench.attempt({LOG: b""}) is None
    assert bench.attempt({MAIN: None}) is None


def test_the_log_of_another_database_is_refused(bench, tmp_path):
    other = Bench(tmp_path)
    bench.attempt({LOG: other.bytes[LOG]})  # the same commits, so a state may be right; a wrong one fails in `attempt`
    assert bench.attempt({LOG: other.bytes[LOG][:32] + bench.bytes[LOG][32:]}) is None


@pytest.mark.parametrize("fsync", ["everysec", "no"])
def test_where_commits_are_not_synced_a_hole_in_the_log_ends_it(bench, fsync):
    text = bytearray(bench.bytes[LOG])
    text[len(text) // 3] ^= 4
    place = bench.attempt({LOG: bytes(text)}, fsync)
    assert place is not None
    assert place < len(bench.states) - 1


def test_pages_that_are_lost_doubled_or_swapped_are_noticed(bench):
    text = bench.bytes[MAIN]
    pages = [text[at : at + 4096] for at in range(0, len(text), 4096)]
    for i in range(len(pages)):
        bench.attempt({MAIN: b"".join([*pages[:i], bytes(4096), *pages[i + 1 :]])})
        bench.attempt({MAIN: b"".join([*pages[: i + 1], *pages[i:]])})
        bench.attempt({MAIN: b"".join([*pages[:i], pages[i - 1], *pages[i + 1 :]])})
    bench.attempt({MAIN: text + os.urandom(5000)})
    bench.attempt({LOG: bench.bytes[LOG] + os.urandom(5000)})


def test_a_damage_is_told_by_check_and_the_rest_is_saved_by_repair(bench, tmp_path):
    text = bytearray(bench.bytes[MAIN])
    place = text.rindex(b"xxxxxxxxxxxxxxxxxxxx")
    text[place] ^= 2
    assert bench.attempt({MAIN: bytes(text), LOG: None, "lock": b""}) is None
    assert "wrong checksum" in salvage.check(bench.path).fault
    contents, lost = salvage.salvage(bench.path)
    assert len(lost) == 1
    assert len(contents["t"].bodies) == len(bench.states[0]["t"][1]) - 1
    assert contents["t"].definition == bench.states[0]["t"][0]

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "ramekin", *arguments], capture_output=True, text=True, check=False
        )

    done = run("check", str(bench.path))
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
    assert "wrong checksum" in done.stderr
    done = run("serve", "--port", "0", "--data-dir", str(bench.path))
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
    assert run("repair", str(bench.path), "--dry-run").returncode == 0
    assert run("repair", str(bench.path), "--to", str(tmp_path / "new")).returncode == 0
    assert start(tmp_path / "new")["u"] == bench.states[0]["u"]
    assert run("check", str(tmp_path / "new")).returncode == 0
