"""What people do to a data directory, while a server runs and while none does: nothing is lost without a word.

A server is killed after each deed, started again, and either has every record that it acknowledged or refuses to start.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from ramekin import Database
from ramekin.errors import JournalFailed
from tests.conftest import Server
from tests.durability import tracing
from tests.each import first


def run(*arguments):
    command = [sys.executable, "-m", "ramekin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def serve(path, *options):
    return Server("serve", "--log-format", "json", "--data-dir", str(path), *options)


def kill(server):
    server.process.kill()
    _, log = server.process.communicate(timeout=30)
    return log


def read_until(server, words):
    """Return what the log of a server says, up to these words."""
    log = ""
    while words not in log:
        line = server.process.stderr.readline()
        assert line, log
        log += line
    return log


def put(client, key):
    return client.put(f"/api/v1/data/t/{key}?upsert=true", json={"id": key}).status_code


def keys(server):
    with server.client() as client:
        return {record["id"] for record in client.get("/api/v1/dump/t").json()}


def put_for(client, seconds):
    """Write for some seconds, and return the keys that were acknowledged."""
    taken, number, deadline = set(), 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        if put(client, str(number)) == 201:
            taken.add(str(number))
        number += 1
        time.sleep(0.01)
    return taken


DEEDS = {
    "the log is removed": lambda path: (path / "tables.log").unlink(),
    "the log is moved away": lambda path: (path / "tables.log").rename(path.parent / "away"),
    "the log is replaced by a copy": lambda path: (
        shutil.copy(path / "tables.log", path / "copy"),
        (path / "copy").rename(path / "tables.log"),
    ),
    "the lock is removed": lambda path: (path / "lock").unlink(),
    "all files are removed": lambda path: [each.unlink() for each in path.iterdir()],
}


@pytest.mark.parametrize("fsync", first(1, ["always", "everysec"]))
@pytest.mark.parametrize("deed", DEEDS)
def test_after_a_deed_to_the_files_of_a_server_all_is_written_anew(tmp_path, deed, fsync):
    path = tmp_path / "data"
    server = serve(path, "--fsync", fsync)
    with server.client() as client:
        assert all(put(client, f"before-{i}") == 201 for i in range(20))
        DEEDS[deed](path)
        taken = put_for(client, 1.5)  # a look at the files each second, and at each sync
        log = "" if "lock" in deed else read_until(server, "takes writes again")
        assert put(client, "last") == 201
        assert client.get("/health/ready").status_code == 200
    time.sleep(0.7)  # as long as `everysec` may keep what it was told last
    log += kill(server)
    assert "lock" in deed or "was removed" in log
    server = serve(path)
    assert keys(server) == {*(f"before-{i}" for i in range(20)), *taken, "last"}
    assert server.stop() == 0


@pytest.mark.parametrize("deed", DEEDS)
def test_a_stop_after_a_deed_to_the_files_loses_nothing(tmp_path, deed):
    path = tmp_path / "data"
    server = serve(path)
    with server.client() as client:
        assert put(client, "1") == 201
        DEEDS[deed](path)
    assert server.stop() == 0
    server = serve(path)
    assert keys(server) == {"1"}
    assert server.stop() == 0


@pytest.mark.parametrize("fsync", first(1, ["everysec", "always", "no"]))
@pytest.mark.parametrize("is_moved", [False, True], ids=["removed", "moved"])
def test_a_stop_whose_directory_is_gone_says_so_and_its_exit_code_too(tmp_path, fsync, is_moved):
    path = tmp_path / "data"
    server = serve(path, "--fsync", fsync)
    with server.client() as client:
        assert put(client, "1") == 201
        if is_moved:
            path.rename(tmp_path / "moved")
        else:
            shutil.rmtree(path)
    server.process.terminate()
    _, log = server.process.communicate(timeout=30)
    assert server.process.returncode == 3
    said = log.strip().splitlines()[-1]
    assert re.fullmatch(r"ramekin: .+ was (removed|moved).*: what was acknowledged is not all on the disk, .+", said)
    assert "Traceback" not in log


def test_a_database_whose_directory_is_gone_tells_whoever_closes_it(tmp_path):
    async def store():
        async with Database(directory=tmp_path / "data") as database:
            await database.insert("t", {"id": 1})
            shutil.rmtree(tmp_path / "data")

    with pytest.raises(JournalFailed, match="not all on the disk"):
        asyncio.run(store())


def test_with_always_no_write_is_acknowledged_into_a_file_that_is_gone(tmp_path):
    path = tmp_path / "data"
    server = serve(path, "--fsync", "always")
    with server.client() as client:
        for i in range(5):
            assert put(client, str(i)) == 201
            for log in path.glob("*.log"):
                log.unlink()
            put(client, f"{i}-after")  # whether it is taken or refused, the files are written anew before it is told
            copy = tmp_path / f"copy-{i}"
            shutil.copytree(path, copy)
            other = serve(copy)
            assert {str(n) for n in range(i + 1)} <= keys(other)
            assert other.stop() == 0
    kill(server)


def test_a_directory_that_was_moved_away_takes_no_more_writes_and_none_of_another_database(tmp_path):
    path = tmp_path / "data"
    server = serve(path, "--fsync", "always")
    with server.client() as client:
        assert put(client, "1") == 201
        path.rename(tmp_path / "moved")
        assert put(client, "2") == 503
        other = serve(path)
        with other.client() as second:
            assert put(second, "other") == 201
        time.sleep(1.5)
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "failed")
        assert client.get("/api/v1/data/t/1").status_code == 200
        assert keys(other) == {"other"}
        assert other.stop() == 0
        shutil.rmtree(path)
        (tmp_path / "moved").rename(path)
        deadline = time.monotonic() + 30
        while put(client, "3") != 201 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert put(client, "4") == 201
    kill(server)
    server = serve(path)
    assert keys(server) >= {"1", "3", "4"}
    assert server.stop() == 0


def test_a_lock_that_was_removed_lets_no_second_server_in(tmp_path):
    server = serve(tmp_path / "data")
    (tmp_path / "data" / "lock").unlink()
    done = run("serve", "--port", 0, "--data-dir", tmp_path / "data")
    assert done.returncode == 3
    assert "another process" in done.stderr
    assert server.stop() == 0


@pytest.fixture
def backup(tmp_path):
    """A backup of a database with one record, and where it came from."""
    server = serve(tmp_path / "source")
    with server.client() as client:
        assert put(client, "backed-up") == 201
    assert run("backup", tmp_path / "backup.db", "--url", server.url).returncode == 0
    assert server.stop() == 0
    return tmp_path / "backup.db"


@pytest.fixture
def used(tmp_path):
    """A directory whose snapshot has a number."""
    path = tmp_path / "used"
    server = serve(path)
    with server.client() as client:
        assert put(client, "newer") == 201
    assert server.stop() == 0
    assert not (path / "tables.db").exists()
    return path


def test_a_backup_that_was_put_into_a_used_directory_is_told_and_never_removed(used, backup):
    shutil.copy(backup, used / "tables.db")
    (used / "tables.db").chmod(0o600)
    done = run("serve", "--port", 0, "--data-dir", used)
    assert done.returncode == 3
    [line] = done.stderr.strip().splitlines()
    assert "tables.db: is a backup, and would not be read" in line
    assert "ramekin restore" in line
    assert (used / "tables.db").read_bytes() == backup.read_bytes()
    (used / "tables.db").unlink()
    server = serve(used)
    assert keys(server) == {"newer"}
    shutil.copy(backup, used / "tables.db")  # and neither while it runs
    with server.client() as client:
        (used / "tables.1.db").unlink()  # so that all is written anew
        time.sleep(2.5)
        assert put(client, "1") == 201
    assert server.stop() == 0
    assert (used / "tables.db").read_bytes() == backup.read_bytes()


def test_a_backup_in_an_empty_directory_under_another_name_is_told(tmp_path, backup):
    (tmp_path / "empty").mkdir()
    shutil.copy(backup, tmp_path / "empty" / "backup.db")
    done = run("serve", "--port", 0, "--data-dir", tmp_path / "empty")
    assert done.returncode == 3
    assert "backup.db: is a backup, and would not be read under this name" in done.stderr
    assert "ramekin restore" in done.stderr


def test_other_files_in_a_directory_are_named_and_left_alone(used, tmp_path):
    for name in ("notes.txt", "tables.7.db.bak", "old"):
        (used / name).write_text("mine")
    (used / "lost+found").mkdir()
    server = serve(used)
    log = kill(server)
    assert '"files": ["notes.txt", "old", "tables.7.db.bak"]' in log
    assert "lost+found" not in log
    assert (used / "tables.7.db.bak").read_text() == "mine"


def test_restore_makes_a_directory_from_a_backup(tmp_path, backup):
    done = run("restore", backup, "--data-dir", tmp_path / "new")
    assert (done.returncode, done.stderr) == (0, "")
    assert "t: 1 record" in done.stdout
    assert "ramekin serve --data-dir" in done.stdout
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "tables.db").stat().st_mode & 0o777 == 0o600
    server = serve(tmp_path / "new")
    assert keys(server) == {"backed-up"}
    assert server.stop() == 0
    assert backup.exists()


def test_restore_refuses_a_directory_that_holds_anything(tmp_path, backup, used):
    before = {each.name: each.read_bytes() for each in used.iterdir()}
    done = run("restore", backup, "--data-dir", used)
    assert done.returncode == 3
    assert "holds" in done.stderr
    assert {each.name: each.read_bytes() for each in used.iterdir()} == before
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x").touch()
    assert run("restore", backup, "--data-dir", tmp_path / "notes").returncode == 3
    server = serve(tmp_path / "running")
    assert run("restore", backup, "--data-dir", tmp_path / "running").returncode == 3
    assert server.stop() == 0


def test_restore_goes_on_after_a_kill(tmp_path, backup):
    new = tmp_path / "new"
    new.mkdir()
    (new / "lock").touch(mode=0o600)
    (new / "tables.db.unfinished").write_bytes(b"half")
    assert run("restore", backup, "--data-dir", new).returncode == 0
    assert {each.name for each in new.iterdir()} == {"lock", "tables.db"}


@pytest.mark.skipif(
    tracing.STRACE is None and not os.environ.get("CI"), reason="calls fail by strace: apt-get install strace"
)
def test_what_a_restore_or_repair_left_unfinished_is_never_served(tmp_path, backup, used):
    """Killed at any moment, or on a disk that is full: `serve` would find an empty directory and greet."""
    new = tmp_path / "new"
    for command in (["restore", backup, "--data-dir", new], ["repair", used, "--to", new]):
        command = [sys.executable, "-m", "ramekin", *map(str, command)]
        for fault in ("signal=KILL", "error=ENOSPC"):
            shutil.rmtree(new, ignore_errors=True)
            trace = f"{tracing.STRACE} -f -qq -o /dev/null -e trace=rename -e inject=rename:{fault}".split()
            assert subprocess.run([*trace, *command], capture_output=True, timeout=60).returncode
            for asked in ("check", "serve"):
                done = run(asked, *(["--data-dir"] if asked == "serve" else []), new)
                assert done.returncode == 3
                [line] = done.stderr.splitlines()
                assert "not finished" in line
        assert run(*command[3:]).returncode == 0
        assert {each.name for each in new.iterdir()} == {"lock", "tables.db"}
        assert run("check", new).returncode == 0


def test_restore_refuses_what_is_no_backup_and_leaves_nothing(tmp_path, backup):
    (tmp_path / "text").write_text("x" * 5000)
    text = bytearray(backup.read_bytes())
    text[text.index(b"backed-up")] ^= 1
    (tmp_path / "damaged").write_bytes(text)
    for name, code in (("text", 4), ("damaged", 4), ("none", 2)):
        done = run("restore", tmp_path / name, "--data-dir", tmp_path / "new")
        assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_bit_that_flips_in_what_was_synced_is_damage_and_never_fewer_records(tmp_path, fsync):
    path = tmp_path / "data"
    server = serve(path, "--fsync", fsync)
    with server.client() as client:
        assert all(put(client, f"key-{i}") == 201 for i in range(30))
    time.sleep(3)  # idle: the note that all is synced is in the log
    kill(server)
    text = (path / "tables.log").read_bytes()
    for place in (text.index(b"key-0"), text.index(b"key-15"), text.rindex(b"key-29")):
        flipped = bytearray(text)
        flipped[place] ^= 1
        (path / "tables.log").write_bytes(flipped)
        done = run("check", path)
        assert done.returncode == 4, done.stdout
        assert "which was synced" in done.stderr
    (path / "tables.log").write_bytes(text)
    assert run("check", path).returncode == 0
