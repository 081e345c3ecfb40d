"""A server that is killed again and again, and clients that remember every intent and every outcome.

Each client writes records of its own, one request after the other, so that after a kill at most its last request is
unknown. After each restart what the server holds must be what was acknowledged, or that with an unknown request applied
as a whole; the directory is kept, so that damage would add up.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from random import Random
from urllib.parse import urlsplit

CLIENTS, KEYS = 4, 25


def record(key, sequence, random):
    pad = "x" * random.choice((0, 10, 100, 1000, 6000))
    sha = hashlib.sha256(f"{key} {sequence} {pad}".encode()).hexdigest()
    return {"id": key, "sequence": sequence, "pad": pad, "sha": sha}


def is_whole(found):
    text = f"{found['id']} {found['sequence']} {found['pad']}"
    return hashlib.sha256(text.encode()).hexdigest() == found["sha"]


class Client:
    """Writes until the server is gone. `known` holds what was acknowledged, `unknown` the one intent without outcome."""

    def __init__(self, name, random):
        self.name, self.random = name, random
        self.known: dict[str, dict] = {}
        self.unknown: dict[str, dict | None] = {}
        self.sequence = self.acknowledged = self.refused = 0

    def run(self, url):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        try:
            while True:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def step(self, connection):
        self.sequence += 1
        key = f"{self.name}-{self.random.randrange(KEYS)}"
        kind = self.random.choice(("put", "put", "put", "delete", "bulk", "batch"))
        if kind == "put":
            self.unknown = {key: record(key, self.sequence, self.random)}
            self.send(connection, "PUT", f"/api/v1/data/t/{key}?upsert=true", self.unknown[key])
        elif kind == "delete":
            self.unknown = {key: None}
            self.send(connection, "DELETE", f"/api/v1/data/t/{key}", None)
        else:
            keys = [f"{self.name}-{i}" for i in self.random.sample(range(KEYS), 8)]
            self.unknown = {key: record(key, self.sequence, self.random) for key in keys}
            if kind == "bulk":
                self.send(connection, "POST", "/api/v1/data/t?on_conflict=replace", list(self.unknown.values()))
            else:
                steps = [{"op": "upsert", "table": "t", "record": value} for value in self.unknown.values()]
                self.send(connection, "POST", "/api/v1/batch", {"operations": steps})

    def send(self, connection, method, path, value):
        body = None if value is None else json.dumps(value).encode()
        connection.request(method, path, body, {} if body is None else {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status < 300:
            self.acknowledged += 1
            self.settle(is_applied=True)
        elif answer.status in (404, 507) or b"not applied" in text:
            self.refused += 1
            self.settle(is_applied=False)
        elif b"outcome-unknown" not in text:
            raise AssertionError(f"{method} {path}: {answer.status} {text[:200]!r}")
        else:
            raise http.client.HTTPException  # asks again after the restart

    def settle(self, *, is_applied):
        if is_applied:
            for key, value in self.unknown.items():
                self.known.pop(key, None)
                if value is not None:
                    self.known[key] = value
        self.unknown = {}

    def check(self, found):
        """Compare what the server holds of this client's records; the unknown request is there as a whole or not."""
        mine = {key: value for key, value in found.items() if key.startswith(f"{self.name}-")}
        assert all(map(is_whole, mine.values())), "a torn record"
        with_unknown = {**self.known, **self.unknown}
        with_unknown = {key: value for key, value in with_unknown.items() if value is not None}
        assert mine in (self.known, with_unknown), difference(mine, self.known, with_unknown)
        self.settle(is_applied=mine == with_unknown)


def difference(mine, *allowed):
    return [
        {key: (mine.get(key), state.get(key)) for key in {*mine, *state} if mine.get(key) != state.get(key)}
        for state in allowed
    ]


class Killed:
    """A server process on a directory, to be killed."""

    def __init__(self, folder, fsync, *options):
        command = [sys.executable, "-m", "ramekin", "serve", "--port", "0", "--data-dir", str(folder), "--fsync", fsync]
        self.process = subprocess.Popen(
            [*command, "--no-docs", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def url(self):
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise AssertionError(f"the server did not start: {line}{self.process.stderr.read()}")
        return line.split()[2]

    def kill(self):
        self.process.kill()
        self.process.communicate()


def dump(url):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request("GET", "/api/v1/dump/t")
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return {} if answer.status == 404 else {record["id"]: record for record in json.loads(text)}


def run_cycles(folder, cycles, seed, say=lambda line: None):
    """Kill a server again and again, and return what was counted. Raises AssertionError."""
    random = Random(seed)
    clients = [Client(f"c{i}", Random(f"{seed}-{i}")) for i in range(CLIENTS)]
    during_start = 0
    for cycle in range(cycles):
        server = Killed(folder, random.choice(("always", "everysec", "no")))
        if random.random() < 0.1:
            time.sleep(random.uniform(0, 1.2))
            server.kill()
            during_start += 1
            server = Killed(folder, "always")
        url = server.url()
        found = dump(url)
        for client in clients:
            client.check(found)
        assert {key.partition("-")[0] for key in found} <= {client.name for client in clients}, "a phantom record"
        threads = [threading.Thread(target=client.run, args=(url,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.02, 0.8))
        server.kill()
        for thread in threads:
            thread.join()
        say(f"cycle {cycle + 1}: {sum(client.acknowledged for client in clients)} acknowledged")
    return {
        "cycles": cycles,
        "kills during a start": during_start,
        "acknowledged": sum(client.acknowledged for client in clients),
        "refused": sum(client.refused for client in clients),
        "seed": seed,
        "lost": 0,  # the first one ends the run
    }
