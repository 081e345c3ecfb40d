"""Fixtures for pytest, which finds them by the entry point: a server for the whole run, a branch of it for each test.

    ramekin_files, ramekin_models, ramekin_seed ──► ramekin_server ──► ramekin ──► ramekin_url, ramekin_client, ...
    what it begins with, once                       one a process      a branch for each test

Each may be overridden in a ``conftest.py``. Nothing is imported or started until a test asks for it: a run without
Ramekin pays for this file alone.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx2

    from ramekin.client import AsyncClient, Client
    from ramekin.testing.server import Branch, Models, Server

    Seed = Mapping[str, Sequence[Any]] | Callable[[Client], object] | None

SHORTEST_ID = 40
"""Signs of a test's name that its branch is called by."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what may stand in the configuration."""
    parser.addini("ramekin_files", "Files that Ramekin's tables begin with: db.json, users.csv ...", "paths", [])
    parser.addini("ramekin_models", "Modules whose Pydantic models are Ramekin's tables: shop.models ...", "args", [])


@pytest.fixture(scope="session")
def ramekin_files(pytestconfig: pytest.Config) -> Sequence[str | Path]:
    """Files that the tables begin with."""
    files: list[Path] = pytestconfig.getini("ramekin_files")
    return files


@pytest.fixture(scope="session")
def ramekin_models(pytestconfig: pytest.Config) -> Models:
    """Pydantic models that are tables: modules as ``--models`` has them, or the models."""
    models: list[str] = pytestconfig.getini("ramekin_models")
    return models


@pytest.fixture(scope="session")
def ramekin_seed() -> Seed:
    """What the tables hold besides: records by table, or a function that is given a client; None: nothing."""
    return None


@pytest.fixture(scope="session")
def ramekin_server(
    ramekin_files: str | Path | Sequence[str | Path], ramekin_models: Models, ramekin_seed: Seed
) -> Iterator[Server]:
    """The server of this run: one for each worker process of pytest-xdist."""
    from ramekin.testing import Server, Unready

    try:
        files = [ramekin_files] if isinstance(ramekin_files, str | PathLike) else ramekin_files
        server = Server(*files, models=ramekin_models).start()
    except Unready as fault:
        raise pytest.fail.Exception(f"ramekin_{fault.what}: {fault.said}", pytrace=False) from None
    try:
        if ramekin_seed is not None:
            _plant(server, ramekin_seed)
        yield server
    finally:
        server.stop()


def _http() -> httpx2.Client:
    """Return connections to a server that is in this process: it speaks plain HTTP, and no proxy is between."""
    import httpx2

    return httpx2.Client(verify=False, trust_env=False)


def _plant(server: Server, seed: Seed) -> None:
    """Store what the tables are to hold, and have branches and resets begin with it."""
    from collections.abc import Mapping
    from inspect import iscoroutinefunction

    from ramekin.cli.json_file import told
    from ramekin.client import Client
    from ramekin.errors import RamekinError

    with _http() as http:
        client = Client(server.url, http=http)
        if callable(seed):
            if iscoroutinefunction(seed):
                pytest.fail(
                    "ramekin_seed: an async function; give a plain one, which gets a plain client.", pytrace=False
                )
            seed(client)
        elif not isinstance(seed, Mapping):
            pytest.fail("ramekin_seed: records by table, or a function that is given a client.", pytrace=False)
        else:
            try:
                client.load(seed)
            except RamekinError as error:
                raise pytest.fail.Exception(f"ramekin_seed: {told(error)}", pytrace=False) from None
    server.main.checkpoint()


@pytest.fixture
def ramekin(ramekin_server: Server, request: pytest.FixtureRequest) -> Iterator[Branch]:
    """A branch of the server for this test alone: ``url``, ``diff()``, ``reset()``, ``checkpoint()``.

    What a test sets of the whole server, faults and the clock, ends with it too.
    """
    with ramekin_server.branch(_branch_name(request.node.name, next(ramekin_server.numbers))) as branch:
        yield branch
    ramekin_server.calm()


def _branch_name(test: str, number: int) -> str:
    """Return a name for a test's branch by which a person finds it in a log."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in test)
    name = plain[:SHORTEST_ID].strip("-")
    return f"{'_' if name[:1].isdigit() else ''}{name}_{number}"


@pytest.fixture
def ramekin_url(ramekin: Branch) -> str:
    """The address of this test's branch, to be given to the application that is tested."""
    return ramekin.url


@pytest.fixture(scope="session")
def _ramekin_http() -> Iterator[httpx2.Client]:
    """Connections that all tests share."""
    with _http() as http:
        yield http


@pytest.fixture
def ramekin_client(ramekin: Branch, _ramekin_http: httpx2.Client) -> Client:
    """A client of this test's branch."""
    from ramekin.client import Client

    return Client(ramekin.url, http=_ramekin_http)


@pytest.fixture
def ramekin_async_client(ramekin: Branch) -> AsyncClient:
    """A client of this test's branch for asynchronous tests, in whichever event loop they have.

    It keeps no connection open, so there is nothing to be closed when that loop has ended.
    """
    import httpx2

    from ramekin.client import AsyncClient

    limits = httpx2.Limits(max_keepalive_connections=0)
    return AsyncClient(ramekin.url, http=httpx2.AsyncClient(limits=limits, verify=False, trust_env=False))


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say what differs, line by line, where a test compares with what has become of records."""
    import sys

    if (module := sys.modules.get("ramekin.testing.diff")) is None or op != "==":
        return None
    diffs = [side for side in (left, right) if isinstance(side, module.Diff)]
    if not diffs or not (isinstance(left, dict) and isinstance(right, dict)):
        return None
    found = diffs[0]
    expected = module.lines_of(right if found is left else left)
    return ["records are other ones than expected", *found.lines(), "", "expected:", *expected]
