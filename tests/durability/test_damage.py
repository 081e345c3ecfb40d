"""A damaged file ends in a state that the database had, or in one line: never in a wrong record."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

import pytest

from ramekin.cli.configuration import Refused
from ramekin.cli.directories import repair_directory
from ramekin.durability import repair
from ramekin.durability.contents import TableContents
from ramekin.schema.definition import Definition
from tests.durability.damage import LOG, MAIN, NEXT, Bench, start

SAMPLES = int(os.environ.get("DAMAGES", "50"))
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
@pytest.mark.parametrize("name", [MAIN, LOG, NEXT])
def test_a_flipped_bit_never_gives_a_wrong_record(bench, name):
    random, last = Random(2), len(bench.states) - 1
    found = [bench.flip(name, place, random.randrange(8)) for place in places(bench, name)]
    assert None in found
    if name == MAIN:
        assert set(found) == {None, last}  # in room that holds nothing
    elif name == LOG:
        assert set(found) == {None}  # all of it was synced, and the next log says so
    else:
        assert set(found) <= {None, last - 3, last - 2, last - 1, last}  # what no line says was synced is the end


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", [MAIN, LOG, NEXT])
def test_a_file_that_is_cut_never_gives_a_wrong_record(bench, name):
    found = [bench.cut(name, place) for place in places(bench, name)]
    if name == NEXT:
        whole = [place for place in found if place is not None]
        assert whole == sorted(whole), "the longer the log, the later the state"
    else:
        assert set(found) == {None}


@pytest.mark.parametrize("name", [MAIN, LOG, NEXT])
def test_a_missing_file_is_refused(bench, name):
    assert bench.attempt({name: None}) is None
    assert bench.attempt({name: b""}) is None


def test_a_log_without_its_snapshot_is_refused_and_a_noted_log_must_be_there(bench):
    assert bench.attempt({MAIN: None, LOG: None}) is None
    assert bench.attempt({MAIN: None, LOG: None, NEXT: None}) is None


def test_a_log_that_lost_its_end_is_refused_where_a_later_one_was_noted(bench):
    lines = bench.bytes[LOG].splitlines(keepends=True)
    header = bench.bytes[NEXT].splitlines(keepends=True)[0]
    changes = {LOG: b"".join(lines[:-1]), NEXT: header, "lock": b"000000002\n"}
    assert lines[-1][8:13] == b".next"
    assert bench.attempt(changes) is None
    assert bench.attempt({**changes, "lock": b"000000001\n"}) is not None, "a log that was just begun"


def test_the_log_of_another_database_is_refused(bench, tmp_path):
    other = Bench(tmp_path)
    assert bench.attempt({LOG: other.bytes[LOG]}) is None
    assert bench.attempt({NEXT: other.bytes[NEXT]}) is None
    assert bench.attempt({MAIN: other.bytes[MAIN]}) is None


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_a_hole_in_what_was_synced_is_refused_and_one_behind_it_ends_the_log(bench, fsync):
    text = bytearray(bench.bytes[NEXT])
    text[len(text) // 3] ^= 4
    assert bench.attempt({NEXT: bytes(text)}, fsync) is None
    text = bytearray(bench.bytes[NEXT])
    text[text.rindex(b'"id":7')] ^= 4
    assert bench.attempt({NEXT: bytes(text)}, fsync) == len(bench.states) - 3


def test_lines_that_are_lost_doubled_or_swapped_are_noticed(bench):
    lines = bench.bytes[NEXT].splitlines(keepends=True)
    for i in range(1, len(lines)):
        bench.attempt({NEXT: b"".join([*lines[:i], *lines[i + 1 :]])})
        bench.attempt({NEXT: b"".join([*lines[: i + 1], *lines[i:]])})
        bench.attempt({NEXT: b"".join([*lines[:i], *lines[i : i + 2][::-1], *lines[i + 2 :]])})
    bench.attempt({NEXT: bench.bytes[NEXT] + os.urandom(5000)})


def test_pages_that_are_lost_doubled_or_swapped_are_noticed(bench):
    text = bench.bytes[MAIN]
    pages = [text[at : at + 4096] for at in range(0, len(text), 4096)]
    for i in range(len(pages)):
        bench.attempt({MAIN: b"".join([*pages[:i], bytes(4096), *pages[i + 1 :]])})
        bench.attempt({MAIN: b"".join([*pages[: i + 1], *pages[i:]])})
        bench.attempt({MAIN: b"".join([*pages[:i], pages[i - 1], *pages[i + 1 :]])})
    bench.attempt({MAIN: text + os.urandom(5000)})


@pytest.mark.parametrize("is_dry", [True, False])
def test_where_nothing_is_left_repair_says_so_and_makes_nothing(tmp_path, is_dry):
    (lost := tmp_path / "lost").mkdir(mode=0o700)
    (lost / "tables.log").write_bytes(b"")
    with pytest.raises(Refused, match="nothing can be saved"):
        repair_directory(lost, None if is_dry else tmp_path / "new", is_dry=is_dry)
    assert not (tmp_path / "new").exists()


def test_a_damage_is_told_by_check_and_the_rest_is_saved_by_repair(bench, tmp_path):
    text = bytearray(bench.bytes[MAIN])
    place = text.rindex(b"xxxxxxxxxxxxxxxxxxxx")
    text[place] ^= 2
    hole = bytearray(bench.bytes[NEXT])
    hole[hole.index(b'"id":502')] ^= 4
    assert bench.attempt({MAIN: bytes(text), NEXT: bytes(hole)}) is None
    assert "wrong checksum" in repair.check(bench.path).fault
    contents, lost = repair.what_is_right(bench.path)
    assert [("wrong checksum" in line, "tables.2.log: the line at byte" in line) for line in lost] == [(1, 0), (0, 1)]
    assert contents["t"].definition == bench.states[0]["t"][0]
    assert contents["u"] == TableContents(Definition(), dict(bench.states[-1]["u"][1]))
    assert contents["t"].bodies == bench.states[-1]["t"][1]

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
    assert start(tmp_path / "new") == bench.states[-1]
    assert run("check", str(tmp_path / "new")).returncode == 0
