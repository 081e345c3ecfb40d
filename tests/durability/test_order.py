"""With `always` no success leaves the server before the sync that covers it: read from the system's own calls."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.durability import tracing

pytestmark = pytest.mark.skipif(
    tracing.STRACE is None and not os.environ.get("CI"), reason="calls are read with strace: apt-get install strace"
)

WRITES, CLIENTS = 20, 6


async def write_all(port):
    """Create records from several connections at once; ids are long enough to be found in the trace."""

    async def client(name):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for i in range(WRITES):
            body = json.dumps({"id": f"order-{name}-{i:04}-mark"}).encode()
            head = f"POST /api/v1/data/t HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 201 " in answer.splitlines()[0]
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", answer)[1]))
        writer.close()

    await asyncio.gather(*(client(f"c{i}") for i in range(CLIENTS)))


def trace(folder, fsync):
    """Serve under strace, write, and return the lines of the trace."""
    log = folder / "trace"
    command = [
        tracing.STRACE,
        "-f",
        "-y",
        "-s",
        "20000",
        "-o",
        str(log),
        "-e",
        "trace=fdatasync,write,sendto,writev,sendmsg",
    ]
    command += [
        sys.executable,
        "-m",
        "ramekin",
        "serve",
        "--port",
        "0",
        "--data-dir",
        str(folder / "data"),
        "--fsync",
        fsync,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().split()[2]
    asyncio.run(write_all(int(url.rpartition(":")[2])))
    [server] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGTERM)
    process.communicate(timeout=30)
    return log.read_text(errors="replace").splitlines()


class Reading:
    """A trace read line by line: which records the log holds that no finished sync covers."""

    def __init__(self):
        self.written, self.unsynced, self.early = set(), set(), []
        self.begun: dict[str, str] = {}
        self.covered: dict[str, set[str]] = {}  # by thread, what was written before its sync began
        self.answers = 0

    def take(self, line):
        pid, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>") and (".log>" in call or not call.startswith(("write", "send"))):
            self.begun[pid] = call
            if call.startswith("fdatasync") and ".log>" in call:
                self.covered[pid] = set(self.unsynced)
            return
        if call.startswith("<... "):
            call = f"{self.begun.pop(pid, '')} {call}"
        if ".log>" in call and call.startswith("write"):
            found = set(re.findall(r"order-c\d-\d{4}-mark", call)) - self.written
            self.written |= found
            self.unsynced |= found
        elif ".log>" in call and call.startswith("fdatasync"):
            self.unsynced -= self.covered.pop(pid, set(self.unsynced))
        elif "HTTP/1.1 201" in call:
            found = re.findall(r"/data/t/(order-c\d-\d{4}-mark)", call)
            self.answers += len(found)
            self.early += [each for each in found if each not in self.written or each in self.unsynced]


def answers_before_their_sync(lines):
    """Return how many answers there are, and the ids of those that left before their record was synced."""
    reading = Reading()
    for line in lines:
        reading.take(line)
    return reading.answers, reading.early


@pytest.mark.timeout(120)
def test_no_success_leaves_before_the_sync_that_covers_it(tmp_path):
    answers, early = answers_before_their_sync(trace(tmp_path, "always"))
    assert answers == WRITES * CLIENTS
    assert early == []


@pytest.mark.long
@pytest.mark.timeout(120)
def test_the_proof_fails_where_commits_are_not_synced(tmp_path):
    answers, early = answers_before_their_sync(trace(tmp_path, "everysec"))
    assert answers == WRITES * CLIENTS
    assert len(early) > answers / 2
