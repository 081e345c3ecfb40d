"""What `make cluster` prints is true."""

import json
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.cluster.nodes import needed_server, until

pytestmark = pytest.mark.long


def test_two_servers_on_six_nodes_do_what_the_demo_says():
    needed_server()
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    with subprocess.Popen([sys.executable, "-m", "tests.cluster.demo"], stdout=subprocess.PIPE, text=True) as demo:
        try:
            words = ""
            while "Ctrl-C stops all" not in words:
                line = demo.stdout.readline()
                assert line, "it ended"
                words += line
            curls = re.findall(r"^  (curl (?:.*\\\n)?.*)$", words, re.MULTILINE)
            assert len(curls) == 4
            answers = [run(command) for command in curls]
            assert len(json.loads(answers[0])["data"]) == 2
            assert json.loads(answers[1])["full_name"] == json.loads(answers[2])["full_name"] == "Ada Lovelace"
            assert json.loads(answers[3])["guarantees"]["acknowledged_by"] == "replicas"
            run(re.search(r"^  (kill -9 \d+)$", words, re.MULTILINE)[1])
            again = curls[1].replace("000000000001", "000000000002").replace("ada@", "ida@")
            until(lambda: "full_name" in json.loads(run(again)))
            assert json.loads(run(curls[2]))["full_name"] == "Ada Lovelace"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


def run(command):
    done = subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl -sS ")], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout
