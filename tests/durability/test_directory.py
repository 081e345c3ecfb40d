"""A data directory that cannot be used is refused in one line with an exit code, and nothing in it is changed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from zlib import crc32

import pytest

from ramekin.durability.directory import Directory
from ramekin.durability.store import Store
from tests.conftest import Server
from tests.durability.test_deeds import run


def serve(path):
    return subprocess.run(
        [sys.executable, "-m", "ramekin", "serve", "--port", "0", "--data-dir", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(path, code, *words):
    done = serve(path)
    assert done.returncode == code, done.stdout + done.stderr
    [line] = done.stderr.strip().splitlines()
    assert all(word in line for word in ("ramekin: ", *words)), line


@pytest.fixture
def used(tmp_path):
    """A directory that was used, and closed: with a snapshot and an empty log."""
    store = Store(tmp_path / "data", "no")
    store.lock()
    file, contents = store.read()
    store.replace(file, contents).close()
    store.release()
    return tmp_path / "data"


def test_the_directory_and_its_files_are_for_their_owner_alone(used):
    assert used.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in used.iterdir()} == {0o600}


def test_a_second_process_is_refused(tmp_path):
    server = Server("serve", "--data-dir", str(tmp_path / "data"))
    try:
        refused(tmp_path / "data", 3, "another process")
    finally:
        assert server.stop() == 0


def test_a_directory_that_is_none_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", 3, "is not a directory")
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    refused(tmp_path / "link", 3, "symbolic link")
    refused(tmp_path / "no" / "parent", 3, "no such file")


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_directory_that_others_may_write_to_is_refused_with_the_cure(used, mode):
    used.chmod(mode)
    refused(used, 3, "chmod go-w")
    used.chmod(0o700)
    (used / "tables.1.log").chmod(mode)
    refused(used, 3, "tables.1.log", "chmod go-w")


def test_a_directory_for_everybody_is_refused_with_another_cure(used):
    used.chmod(0o1777)
    refused(used, 3, "name a directory inside it")


def test_a_directory_that_others_may_read_is_taken_as_mkdir_makes_it(tmp_path):
    (tmp_path / "data").mkdir(mode=0o755)
    server = Server("serve", "--data-dir", str(tmp_path / "data"))
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "data").iterdir()} == {0o600}
    assert server.stop() == 0


def test_what_stands_in_the_place_of_the_file_is_refused(used, tmp_path):
    for name in ("tables.1.db", "tables.1.log"):
        (used / name).rename(tmp_path / name)
        (used / name).symlink_to(tmp_path / name)
        refused(used, 3, name, "symbolic link")
        (used / name).unlink()
        (used / name).mkdir()
        refused(used, 3, name, "not a plain file")
        (used / name).rmdir()
        (tmp_path / name).rename(used / name)


def test_files_of_other_programs_and_of_newer_versions_are_refused(used):
    file = used / "tables.1.db"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 4")
    connection.close()
    refused(used, 3, "format 4")
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    file.chmod(0o600)
    refused(used, 3, "another program")
    assert sqlite3.connect(file).execute("SELECT count(*) FROM mine").fetchone() == (0,)
    file.write_bytes(b"no database" * 99)
    refused(used, 4, "not a SQLite file")
    assert file.read_bytes() == b"no database" * 99


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_mount_is_refused(used):
    if subprocess.run(["mount", "--bind", "-o", "ro", used, used], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", used], check=True)
        refused(used, 3, "read-only")
    finally:
        subprocess.run(["umount", used], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_mount_is_checked(used):
    if subprocess.run(["mount", "--bind", "-o", "ro", used, used], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", used], check=True)
        for command in (["check", used], ["repair", used, "--dry-run"]):
            done = run(*command)
            assert (done.returncode, done.stderr) == (0, "")
    finally:
        subprocess.run(["umount", used], check=True)


def test_a_check_changes_nothing_and_lets_others_check_but_not_serve(used):
    (used / "lock").unlink()
    before = {each.name: each.read_bytes() for each in used.iterdir()}
    one, other = Directory(used), Directory(used)
    one.lock(is_read_only=True)
    other.lock(is_read_only=True)
    refused(used, 3, "another process")
    other.release()
    one.release()
    (used / "lock").unlink()  # of the server that was refused
    assert run("check", used).returncode == 0
    assert {each.name: each.read_bytes() for each in used.iterdir()} == before


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_keeps_nobody_from_a_start_where_its_name_does_not_count(tmp_path, make):
    """As where the log was replaced under a running server, which then wrote fresh files."""
    path = tmp_path / "data"
    server = Server("serve", "--data-dir", str(path), "--fsync", "always")
    with server.client() as client:
        client.post("/api/v1/data/t", json={"id": 1})
        (path / "tables.log").unlink()
        make(path / "tables.log")
        end = time.monotonic() + 20
        while not (path / "tables.1.log").exists() or client.get("/health").status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        client.post("/api/v1/data/t", json={"id": 2})
    server.process.kill()
    server.process.communicate()
    make(path / "notes")
    server = Server("serve", "--data-dir", str(path))
    with server.client() as client:
        assert client.get("/api/v1/tables/t").json()["records"] == 2
    server.process.terminate()
    assert '"files": ["notes"' in server.process.communicate(timeout=20)[1]
    assert run("check", path).returncode == 0


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_stands_in_the_place_of_the_lock_is_refused(used, make):
    (used / "lock").unlink()
    make(used / "lock")
    refused(used, 3, "lock", "not a plain file")
    assert run("check", used).returncode == 3


def test_a_log_of_a_newer_version_is_refused(used):
    text = b'.log\t{"format":4,"number":1,"id":"x","is_first":true}\n'
    (used / "tables.1.log").write_bytes(b"%08x%b" % (crc32(text), text))
    refused(used, 3, "tables.1.log", "format 4")


def test_a_note_that_cannot_be_read_is_refused(used):
    (used / "lock").write_text("three")
    refused(used, 4, "lock")


def test_leftovers_are_removed_at_the_start_and_nothing_else(used):
    for name in ("tables.7.db.unfinished", "backup-00.unfinished", "backup-00.unfinished-journal", "notes.txt"):
        (used / name).touch(mode=0o600)
    store = Store(used, "no")
    store.lock()
    store.begin_log().close()  # and was killed before it went on in it
    store.release()
    server = Server("serve", "--data-dir", str(used))
    assert {each.name for each in used.iterdir()} == {"lock", "tables.1.db", "tables.1.log", "notes.txt"}
    server.stop()
    assert {each.name for each in used.iterdir()} == {"lock", "tables.1.db", "tables.1.log", "notes.txt"}


def test_a_stopped_server_leaves_all_in_a_file_that_any_sqlite_tool_reads(tmp_path):
    server = Server("serve", "--data-dir", str(tmp_path / "data"))
    with server.client() as client:
        client.post("/api/v1/data/users", json=[{"id": 7, "name": "Ada"}, {"id": "x"}])
    assert server.stop() == 0
    [file] = (tmp_path / "data").glob("*.db")
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, key, body FROM records JOIN tables ON tables.id = table_id ORDER BY seq")
    assert list(rows) == [("users", "7", '{"id":7,"name":"Ada"}'), ("users", "x", '{"id":"x"}')]
    connection.close()
