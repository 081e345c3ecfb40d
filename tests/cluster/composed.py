"""What ``compose.cluster.yaml`` starts, without containers: its commands, in a network of their own with its addresses.

    unshare --net python -m tests.cluster.composed FOLDER

Each node keeps what it holds in a folder of its own, as it would in its volume. Where Valkey is not installed, Redis's
programs stand in under Valkey's names. What containers add, limits, users and volumes, is not tried.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
IMAGE = {"RAMEKIN_HOST": "0.0.0.0"}  # as the Dockerfile sets it
READY_S = 60


def main():
    folder = Path(sys.argv[1])
    services = YAML(typ="safe").load(ROOT / "compose.cluster.yaml")["services"]
    programs = folder / "programs"
    programs.mkdir()
    for name in ("server", "cli"):
        found = shutil.which(f"valkey-{name}") or shutil.which(f"redis-{name}")
        assert found is not None, f"valkey-{name} is missing"
        (programs / f"valkey-{name}").symlink_to(found)
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with ExitStack() as stack:
        for name in sorted(services):
            if name.startswith("node"):
                start_node(stack, services[name], folder / name)
        tell(join(services["join"]))
        until(lambda: all(is_whole(services[name]) for name in services if name.startswith("node")))
        tell(join(services["join"]), "again: they are a cluster already")
        ports = [start_server(stack, services[name], folder / name) for name in ("one", "two")]
        for port in ports:
            until(lambda port=port: ask(port, "/health/ready")["status"] == "ok")
            tell(json.dumps(ask(port, "/health/ready")["guarantees"]))
        until(lambda: is_written(*ports, {"id": 1, "name": "Ada"}))
        healthy = [sys.executable, "-m", "ramekin", "health", "--url", f"http://127.0.0.1:{ports[1]}"]
        tell(subprocess.run(healthy, check=True, capture_output=True, text=True).stdout)


def start_node(stack, service, folder):
    """Start a node at the address that it has in its network."""
    folder.mkdir()
    address = service["networks"]["nodes"]["ipv4_address"]
    subprocess.run(["ip", "address", "add", f"{address}/24", "dev", "lo"], check=True)
    command = [*shlex.split(service["command"]), "--bind", address, "--dir", str(folder)]
    start(stack, [*command, "--cluster-announce-ip", address, "--bind-source-addr", address], folder)
    until(lambda: subprocess.run(["valkey-cli", "-h", address, "ping"], check=False, capture_output=True).stdout)


def is_whole(service):
    """Say whether a node knows that the cluster is whole: the others may know it before."""
    command = ["valkey-cli", "-h", service["networks"]["nodes"]["ipv4_address"], "cluster", "info"]
    return b"cluster_state:ok" in subprocess.run(command, check=False, capture_output=True).stdout


def is_written(port, other, record):
    """Say whether a record is there for the other server, once it was sent: nodes may take writes a little later."""
    ask(port, "/api/v1/data/users", record)
    return ask(other, f"/api/v1/data/users/{record['id']}") == record


def join(service):
    """Make a cluster of the nodes, as the service does that ends then."""
    command = [word.replace("$$", "$") for word in service["command"]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=READY_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "it is one"


def start_server(stack, service, folder):
    """Start a server, and return the port at which this machine reaches it."""
    folder.mkdir()
    published, _ = re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", service["ports"][0]).groups()
    command = [sys.executable, "-m", "ramekin", *service["command"], "--port", published]
    start(stack, command, folder, IMAGE | service["environment"])
    return int(published)


def start(stack, command, folder, environment=None):
    log = stack.enter_context((folder / "log").open("wb"))
    process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | (environment or {}))
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)


def ask(port, path, record=None):
    """Return what a server answers; nothing where it does not."""
    body = None if record is None else json.dumps(record).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except OSError as error:
        return {"status": str(error)}


def until(is_so):
    end_s = time.monotonic() + READY_S
    while not is_so():
        assert time.monotonic() < end_s, "it is not so yet"
        time.sleep(0.1)


def tell(*words):
    print(*words, flush=True)  # noqa: T201  # for whoever runs it


if __name__ == "__main__":
    main()
