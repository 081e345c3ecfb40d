"""Servers as users start them, killed with their nodes while clients speak HTTP to them: nothing that was answered is lost.

Each round has tables of its own. Clients create records that nobody else writes, and put, delete and read a few that all
write, each time at another server; meanwhile a server, or the primary of their database, or both at once, are ended as
by ``kill -9``, and started again. Then all that was created is there, each history fits one copy, and every server gives
the same dump with the same tag.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from math import inf
from random import Random
from time import monotonic

import httpx2

from tests.cluster.linearizable import ANYTHING, Operation, faults
from tests.cluster.nodes import until
from tests.cluster.recorder import RECORDS, Record
from tests.ports import free_ports

CLIENTS, PAUSE_S = 6, 0.01

API = "/api/v1"


class Served:
    """A server, on a port that it keeps when it is started again."""

    def __init__(self, port, engine, *options):
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "ramekin", "serve", "--port", str(port), "--engine", engine, *options]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def get(self, path, **headers):
        return httpx2.get(f"{self.url}{path}", headers=headers, timeout=20, trust_env=False)

    def is_ready(self):
        """Say whether it answers; one that found no nodes has ended, and is started again."""
        if self.process.poll() is not None:
            self.start()
        with suppress(httpx2.HTTPError):
            return self.get("/health/ready").status_code == 200
        return False


@contextmanager
def serving(nodes, count=3, acknowledged_by="replicas"):
    """Give servers on a database of their own that are ready; return its name too."""
    database, engine = secrets.token_hex(8), "valkey://" + ",".join(node.address for node in nodes)
    options = ("--ack", acknowledged_by, "--database", database, "--no-console")
    servers = [Served(port, engine, *options) for port in free_ports(count)]
    try:
        until(lambda: all(server.is_ready() for server in servers), 60)
        yield servers, database
    finally:
        for server in servers:
            server.stop()


class HttpClients:
    """Some clients of all servers, from now on until `end`; what they write is in tables of their own."""

    def __init__(self, servers, seed, name):
        self.told, self._servers, self._is_over = Record(), servers, False
        self.created, self.shared = f"created-{name}", f"shared-{name}"
        self._tasks = [asyncio.create_task(self._go_on(f"{seed}-{name}-{n}")) for n in range(CLIENTS)]

    async def end(self):
        """Let each client come to the end of what it does, and return what all were told."""
        self._is_over = True
        await asyncio.wait_for(asyncio.gather(*self._tasks), 60)
        return self.told

    async def _go_on(self, name):
        chance, number = Random(name), 0
        async with httpx2.AsyncClient(timeout=20, trust_env=False, verify=False) as client:
            while not self._is_over:
                number += 1
                do = chance.choice((self._create, self._put, self._delete, self._read, self._read))
                url, began_s = chance.choice(self._servers).url + API, monotonic()
                is_kept = await do(client, url, f"{name}-{number}", chance)
                if not is_kept:
                    await asyncio.sleep(0.02)
                self.told.longest_s = max(self.told.longest_s, monotonic() - began_s)
                await asyncio.sleep(chance.random() * PAUSE_S)

    async def _ask(self, client, method, url, body=None):
        """Return an answer; None where nobody knows what became of it, and False where it was not done."""
        try:
            answer = await client.request(method, url, content=body, headers={"content-type": "application/json"})
        except httpx2.ConnectError:  # nobody was there
            self.told.refused += 1
            return False
        except httpx2.HTTPError:
            return None
        if answer.status_code == 503:
            if answer.json()["code"] == "outcome-unknown":
                return None
            self.told.refused += 1
            return False
        return answer

    async def _create(self, client, url, name, _chance):
        answer = await self._ask(client, "POST", f"{url}/data/{self.created}", _body(name))
        self.told.maybe += answer is None
        if answer is False:
            self.told.denied.add(name)
        if not answer:
            return False
        assert answer.status_code == 201, answer.text
        self.told.created.add(name)
        self.told.acknowledged_s.append(monotonic())
        return True

    async def _put(self, client, url, name, chance):
        key = chance.randrange(RECORDS)
        return await self._change(client, "PUT", url, str(key), _body(key, name), name, "?upsert=true")

    async def _delete(self, client, url, name, chance):
        return await self._change(client, "DELETE", url, str(chance.randrange(RECORDS)), None, name)

    async def _change(self, client, method, url, key, after, name, words=""):
        began_s = monotonic()
        answer = await self._ask(client, method, f"{url}/data/{self.shared}/{key}{words}", after)
        self.told.maybe += answer is None
        if answer is False:
            return False
        if answer is not None:
            assert answer.status_code in (200, 201, 204, 404), answer.text
            self.told.acknowledged_s.append(monotonic())
        ended_s = inf if answer is None else monotonic()
        before = None if answer is not None and answer.status_code == 404 else ANYTHING
        self.told.history.append(Operation(key, began_s, ended_s, before, after, name))
        return answer is not None

    async def _read(self, client, url, name, chance):
        key, began_s = str(chance.randrange(RECORDS)), monotonic()
        answer = await self._ask(client, "GET", f"{url}/data/{self.shared}/{key}")
        if not answer:
            return False
        assert answer.status_code in (200, 404), answer.text
        found = answer.content if answer.status_code == 200 else None
        self.told.history.append(Operation(key, began_s, monotonic(), found, found, name))
        return True


def _body(record_id, by=None):
    return json.dumps({"id": record_id} | ({} if by is None else {"by": by}), separators=(",", ":")).encode()


async def play(servers, nodes, seed, name, fail):
    """Play one round, see that all is as it was told, and return what clients were told.

    Args:
        fail: ends some of it, and starts it again, in a thread.
    """
    clients = HttpClients(servers, seed, name)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(fail)
    await asyncio.to_thread(until, lambda: all(server.is_ready() for server in servers), 60)
    await asyncio.sleep(0.3)
    told = await clients.end()
    check(servers, clients, told)
    return told


def check(servers, clients, told):
    """See that nothing that was answered is lost, that histories fit one copy, and that all servers show the same."""
    assert told.created, "nothing was created"
    dumps = [server.get(f"{API}/dump/{clients.created}") for server in servers]
    found = {record["id"] for record in dumps[0].json()}
    assert not (lost := told.created - found), f"{len(lost)} acknowledged writes are lost"
    assert not (told.denied & found), "records are there whose creation was refused"
    assert not (wrong := faults(told.history)), f"the histories of {len(wrong)} records fit no copy"
    assert len({(dump.content, dump.headers["etag"]) for dump in dumps}) == 1, "the servers hold different records"


def kill_one(server, away_s=0.3):
    """End a server, and start it again a little later."""
    server.kill()
    time.sleep(away_s)
    server.start()
