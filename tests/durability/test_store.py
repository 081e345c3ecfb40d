"""A data directory whose disk refuses half-way can be started from, and holds what it held."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from unittest.mock import patch

import pytest

from ramekin.changes import Change, Written
from ramekin.durability.contents import TableContents
from ramekin.durability.directory import Directory
from ramekin.durability.disk import Disk
from ramekin.durability.failures import DiskFault
from ramekin.durability.store import Store
from ramekin.schema.definition import NOTHING_DEFINED
from tests.durability.damage import start

TABLES = {"t": TableContents(NOTHING_DEFINED, {"1": b'{"id":1}'})}
FOUND = {"t": (NOTHING_DEFINED, {"1": b'{"id":1}'})}


class Worn(Disk):
    """A disk that writes short, and syncs no names any more, once a test says so."""

    most_bytes, syncs = 1000, 1000

    def write(self, handle, text):
        return os.write(handle, text[: self.most_bytes])

    def sync_directory(self, path):
        self.syncs -= 1
        if self.syncs < 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync_directory(path)


@pytest.fixture
def opened(tmp_path):
    """A store, and its log, which a test closes."""
    store = Store(tmp_path / "data", "always", Worn())
    store.lock()
    file, _ = store.read()
    file.commit([Written([Change("t", "1", None, b'{"id":1}')])])
    yield store, file
    store.release()


def test_a_snapshot_that_has_its_name_keeps_its_log(opened):
    store, file = opened
    store._disk.syncs = 1  # that of the log
    with pytest.raises(DiskFault):
        store.replace(file, TABLES)
    file.close()
    store.release()
    assert start(store.path) == FOUND


def test_a_log_that_is_begun_on_a_disk_that_writes_short_is_whole(opened):
    store, file = opened
    store._disk.most_bytes = 40
    following = store.begin_log()
    file.end(following)
    following.commit([Written([Change("t", "1", None, b'{"id":1}')])])
    following.close()
    store.release()
    assert start(store.path) == FOUND


def test_a_sync_of_a_log_that_a_snapshot_stands_for_is_no_fault(opened):
    """The two run beside each other: a sync may end after the snapshot removed the log."""
    store, file = opened
    following = store.begin_log()
    file.end(following)
    store.write_snapshot(following.header, TABLES)
    assert not file.path.exists()
    file.sync()
    following.sync()
    following.path.unlink()
    with pytest.raises(DiskFault, match="was removed"):
        following.sync()
    following.close()


def test_a_snapshot_leaves_a_log_alone_that_is_begun_meanwhile(opened):
    store, file = opened
    following, begun = store.begin_log(), []
    file.end(following)
    remove = Directory.remove

    def begin_and_remove(directory, names):
        begun.append(store.begin_log())
        remove(directory, names)

    with patch.object(Directory, "remove", begin_and_remove):
        store.write_snapshot(following.header, TABLES)
    assert begun[0].path.exists()
    for each in (following, *begun):
        each.close()


MEASURED = """
import sys
from pathlib import Path
from ramekin.durability.contents import TableContents
from ramekin.durability.store import write_backup
from ramekin.schema.definition import NOTHING_DEFINED

def peak_kib():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

write_backup(Path(sys.argv[1], "first.db"), {"t": TableContents(NOTHING_DEFINED, {"1": b"1"})}, lambda: None)
bodies, before = dict.fromkeys(map(str, range(64)), b"x" * 1024 * 1024), peak_kib()
write_backup(Path(sys.argv[1], "tables.db"), {"t": TableContents(NOTHING_DEFINED, bodies)}, lambda: None)
print(peak_kib() - before)
"""


def test_a_snapshot_of_large_records_takes_little_memory_beside_them(tmp_path):
    done = subprocess.run([sys.executable, "-c", MEASURED, tmp_path], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 16 * 1024
