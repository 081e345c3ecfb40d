"""What SECURITY.md claims is tested, by the tests that it names."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| API")]
NAMED = [pair for line in TABLE for pair in re.findall(r"`([\w/]+\.py)::(\w+)`", line)]


def test_every_risk_of_the_top_ten_has_a_control_and_a_test():
    assert [int(re.match(r"\| API(\d+) ", line)[1]) for line in TABLE] == [*range(1, 11)]
    for line in TABLE:
        _, _, control, _, tests, _ = re.split(r" ?\| ?", line)
        assert control
        assert re.search(r"::test_", tests)


def test_every_test_that_is_named_is_there():
    for file, name in NAMED:
        tree = ast.parse((ROOT / "tests" / file).read_text())
        assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], (file, name)


CLIENTS = {"http.client", "urllib.request", "ftplib", "smtplib", "httpx", "httpx2", "requests", "aiohttp"}
CALLS = {"create_connection", "open_connection", "sock_connect", "connect_ex", "urlopen"}


ALLOWED = {"cli/transfer.py", "cli/container.py", "cluster/node_connection.py"}


def test_the_server_opens_no_connection():
    """Commands and clients speak to a server, and an engine to the nodes that it was given; no request names an address."""
    package = ROOT / "src" / "ramekin"
    for path in package.rglob("*.py"):
        where = path.relative_to(package)
        if where.parts[0] in {"client", "testing"} or str(where) in ALLOWED:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & CLIENTS, path
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in CLIENTS, path
            elif isinstance(node, ast.Attribute):
                assert node.attr not in CALLS, path
