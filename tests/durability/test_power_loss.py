"""When the power goes, `always` loses nothing that was acknowledged and `everysec` at most a second of it."""

from __future__ import annotations

import os
from random import Random

import pytest

from ramekin.changes import Change, Written
from ramekin.durability.directory import Directory
from ramekin.durability.failures import Damaged
from ramekin.durability.store import Store
from tests.durability.forgetful import SHARES, Disk, PowerOff
from tests.durability.power import lose_power_once

LOSSES = int(os.environ.get("LOSSES", "50"))
SEED = os.environ.get("SEED", "1")


def lost(folder, fsync, count, **words):
    return [lose_power_once(folder, Random(f"{SEED}-{i}"), fsync, **words) for i in range(count)]


@pytest.mark.timeout(60 + LOSSES)
def test_always_loses_nothing_that_was_acknowledged(tmp_path):
    assert sum(commits for commits, _ in lost(tmp_path, "always", LOSSES)) == 0


@pytest.mark.timeout(60 + LOSSES)
def test_everysec_loses_a_second_at_the_most(tmp_path):
    losses = lost(tmp_path, "everysec", LOSSES)
    assert max(seconds for _, seconds in losses) <= 1.0
    assert any(commits for commits, _ in losses), "a disk that forgets nothing proves nothing"


@pytest.mark.timeout(60 + LOSSES)
def test_no_loses_from_the_end_only_and_a_start_is_never_refused(tmp_path):
    assert any(commits for commits, _ in lost(tmp_path, "no", LOSSES))


def test_the_proof_fails_where_commits_are_not_synced(tmp_path):
    lost_commits = 0
    for i in range(40):
        try:
            lost_commits += lose_power_once(tmp_path, Random(i), "always", syncs=False)[0]
        except Damaged:
            lost_commits += 1
    assert lost_commits > 0


# One after the other, what the losses above meet by chance


class Forgets:
    """Chance, where nothing that was not synced is kept."""

    def choice(self, of):
        return of[0]

    def random(self):
        return 0.99


class Tears:
    """Chance, where either the bytes of a write are kept or the size that it gave the file."""

    def __init__(self, *, keeps_bytes):
        self.keeps_bytes = keeps_bytes

    def choice(self, of):
        return of[-1 if (of is SHARES) == self.keeps_bytes else 0]

    def random(self):
        return 0.0


def put(key):
    return Written([Change("t", key, None, b'{"id":"%b"}' % key.encode())])


def started(disk):
    store = Store(disk.folder, "always", disk)
    store.lock()
    return store, *store.read()


def keys_after(disk):
    """Return the keys that are there when what was not synced is forgotten."""
    disk = Disk(disk.folder, Forgets(), disk.crash())
    with disk.in_use():
        _, _, contents = started(disk)
    return [key for kept in contents.values() for key in kept.bodies]


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    return Disk(tmp_path / "data", Forgets())


def go_on(store, file):
    following = store.begin_log()
    file.end(following)
    return following


def test_a_sync_covers_all_logs_before_its_own(disk):
    with disk.in_use():
        store, file, _ = started(disk)
        for key in "abc":
            file.commit([put(key)])
            last, file = file, go_on(store, file)
        last.sync()
    assert keys_after(disk) == ["a", "b", "c"]


def test_a_start_syncs_the_logs_that_a_killed_process_left(disk):
    with disk.in_use():
        store, file, _ = started(disk)
        file.commit([put("a")])
        go_on(store, file).commit([put("b")])
    with disk.in_use():
        _, file, _ = started(disk)
        file.commit([put("c")])
        file.sync()
    assert keys_after(disk) == ["a", "b", "c"]


def test_a_start_syncs_the_names_that_a_killed_process_left(disk):
    disk.sync_directory = lambda _: None
    with disk.in_use():
        started(disk)
    del disk.sync_directory
    with disk.in_use():
        _, file, _ = started(disk)
        file.commit([put("a")])
        file.sync()
    assert keys_after(disk) == ["a"]


@pytest.mark.parametrize(("before", "after"), [(None, 9), (9, 10)])
@pytest.mark.parametrize("keeps_bytes", [True, False])
def test_the_note_of_the_last_log_is_the_old_one_or_the_new_one(disk, before, after, keeps_bytes):
    with disk.in_use():
        directory = Directory(disk.folder, disk)
        directory.lock()
        if before is not None:
            directory.note(before)
        disk.sync_directory(disk.folder)
        disk.left = 1
        with pytest.raises(PowerOff):
            directory.note(after)
    disk.random = Tears(keeps_bytes=keeps_bytes)
    disk = Disk(disk.folder, disk.random, disk.crash())
    with disk.in_use():
        directory = Directory(disk.folder, disk)
        directory.lock()
        assert directory.files().noted in {-1 if before is None else before, after}
