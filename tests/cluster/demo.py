"""Six nodes and two servers on them, to try things with: `make cluster`, or ``python -m tests.cluster.demo``.

What they hold is in memory, in a folder that goes with them. Ctrl-C stops all.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.cluster.nodes import NO_SERVER, find_server, running

WORDS = """
Two servers on six nodes are ready: three primaries, with a replica each. Both serve the same tables:
  curl '{one}/api/v1/data/users?limit=2'
  curl '{one}/api/v1/data/users' -H 'Content-Type: application/json' \\
    -d '{{"id": "0198a000-0000-7000-8000-000000000001", "email": "ada@example.com", "full_name": "Ada Lovelace"}}'
  curl '{two}/api/v1/data/users/0198a000-0000-7000-8000-000000000001'
How a server follows, and what holds:
  curl '{two}/health/ready'
A third server, on a port of your own:
  ramekin serve --port 8003 --engine {engine}
Kill the node that writes: its replica takes its place, and writes go on when that has a replica itself. This program
starts the node again after three seconds. Nothing that was answered is lost:
  kill -9 {primary}
Nodes:
{nodes}
What they hold is in memory, and goes with them. Ctrl-C stops all.
"""


def start(engine: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server on nodes; return its process and its address."""
    command = [sys.executable, "-m", "ramekin", "serve", "--port", "0", "--engine", engine, "--log-format", "text"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    if found is None:
        raise SystemExit(process.wait())
    return process, found[0]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=30)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if find_server() is None:
        raise SystemExit(NO_SERVER)
    from ramekin import samples
    from ramekin.cluster.key_names import KeyNames
    from ramekin.cluster.slot import slot_of

    with ExitStack() as stack, suppress(KeyboardInterrupt):
        nodes = stack.enter_context(running(primaries=3, replicas=1))
        engine = "valkey://" + ",".join(node.address for node in nodes[:3])
        files = []
        for table, text in samples.datasets().items():
            files.append(str(nodes[0].folder.parent / f"{table}.json"))
            Path(files[-1]).write_bytes(text)
        urls = []
        for _ in range(2):
            process, url = start(engine, "--models", "ramekin.samples.models", *files)
            stack.callback(stop, process)
            urls.append(url)
        owner = nodes[slot_of(KeyNames("main").tag) * 3 // 16_384]
        told = "\n".join(f"  {node.address}  process {node.process.pid}" for node in nodes)
        words = WORDS.format(one=urls[0], two=urls[1], engine=engine, primary=owner.process.pid, nodes=told)
        print(words, flush=True)  # noqa: T201
        while True:
            for node in nodes:
                if node.process.poll() is not None:
                    time.sleep(3)
                    node.start()
            time.sleep(0.2)


if __name__ == "__main__":
    main()
