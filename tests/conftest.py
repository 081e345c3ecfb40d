"""What every test may use: the service in this process, and the service as a real server on a real port.

Each test that asks for `api` is told once and holds on the three ways to an endpoint side by side (`tests/together.py`),
that of users among them, and, with `make test-all`, on a server as users start it, on one with a journal that syncs each
write, and on two servers on six nodes, asked in turn.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import TYPE_CHECKING

import httpx2
import pytest
from hypothesis import settings

from ramekin import Database, Limits
from ramekin.api.app import create_app
from ramekin.cli.modules import read_models
from ramekin.schema.defaults import following
from ramekin.schema.models import ModelSchema
from ramekin.values.ids import SYSTEM_IDS, IdSource
from tests.document import Judge
from tests.forks import quick_commands
from tests.inside import InsideClient
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page
    from pydantic import BaseModel

    from ramekin.database.info import TableInfo

NO_FAULTS = ("Failed to load resource: the server responded with a status of", "OpenAPI Sampler: ")
"""What Chromium says of every status from 400 on, though a page shows the refusal; what ReDoc says of examples that it makes up."""

EXAMPLES = int(os.environ.get("EXAMPLES", "30"))
settings.register_profile("ours", max_examples=EXAMPLES, deadline=None)  # a machine that is busy is no fault
settings.load_profile("ours")
quick_commands()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job ignores it, to its last child
gc.disable()  # until all tests are known

MODELS = "tests.models ramekin.samples.models:Order,User"
LIMITS = {"record_bytes": 64 * 1024, "bulk_bytes": 1024 * 1024, "load_bytes": 8 * 1024 * 1024, "page_rows": 1000}

FAST_PATHS = ["protocol", *(pytest.param(way, marks=pytest.mark.long) for way in ("asgi", "off"))]
"""The ways of a real server: the one that users get, and the other two, which `make test-all` adds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep the collector from looking at every test again and again, which takes a third of the time of all; and at the
    tests' applications and tables after each few objects, which takes a fifth of what is left.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Iterator[None]:
    """Let twice as many tests run at once as there are cores: some wait, for a disk, a clock or a node."""
    return (yield) * 2


class Server:
    """A real server, started as a user starts it; `stop` ends it and returns its exit code."""

    def __init__(
        self,
        *arguments: str,
        environment: dict[str, str] | None = None,
        before: Callable[[], object] | None = None,
        port: int = 0,
        cwd: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ramekin", *arguments, "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
            preexec_fn=before,
            cwd=cwd,
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()
        found = re.search(r"http://\S+", self.greeting)
        if found is None:
            _, said = self.process.communicate(timeout=30)
            raise AssertionError(f"the server did not start: {self.greeting}{said}")
        self.url = found[0]

    def client(self, **options: object) -> httpx2.Client:
        """Return a client that reads no certificates: that takes longer than most tests."""
        return httpx2.Client(base_url=self.url, trust_env=False, verify=False, timeout=30, **options)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=30)
        return self.process.returncode


def read_models_once() -> None:
    """Read the test models once for all databases of this process, which takes longer than most tests."""
    read, known = ModelSchema.__init__, {}

    def read_once(self: ModelSchema, model: type[BaseModel], ids: IdSource = SYSTEM_IDS) -> None:
        if not isinstance(model, type) or model not in TEST_MODELS:
            read(self, model, ids)
            return
        if model not in known:
            read(self, model)
            known[model] = vars(self).copy()
        vars(self).update(known[model])
        if ids is not SYSTEM_IDS:
            self._read = following(ids, self._read)

    ModelSchema.__init__ = read_once


TEST_MODELS = {*read_models(MODELS).values()}
read_models_once()


def start_database(**options: object) -> Database:
    """Return an open database with the test models, for use from any loop."""
    database = Database(read_models(MODELS), limits=Limits(**LIMITS), **options)
    asyncio.run(database.__aenter__())
    return database


class Touched:
    """The tables of a database in this process that are not as they were at the start, nor as `drop` left them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._as_emptied: list[TableInfo] = []

    async def drop(self) -> None:
        for table in await self._database.tables():
            if table not in self._as_emptied:
                await self._database.drop(table.stats.name)
        self._as_emptied = await self._database.tables()


def shared(*options: str) -> Iterator[Server]:
    arguments = [f"--max-{name.replace('_', '-')}={value}" for name, value in LIMITS.items()]
    server = Server("serve", "--models", MODELS, *arguments, *options)
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    yield from shared()


@pytest.fixture(scope="session")
def shared_server_with_a_journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from shared("--data-dir", str(tmp_path_factory.mktemp("journal") / "data"), "--fsync", "always")


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Checks answers against the OpenAPI document of the test models."""
    return Judge(create_app(start_database()).openapi())


@pytest.fixture(scope="session")
def started_browser() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """A real browser, for which `page.example` is this machine; and the loop of its driver, which counts as running."""
    path = find_program("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP page.example 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*arguments, "--no-first-run"])
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def browser(started_browser: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """The browser, whose driver's loop runs for this test alone: others have loops of their own."""
    browser, loop = started_browser
    asyncio._set_running_loop(loop)
    yield browser
    asyncio._set_running_loop(None)


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[[Server], BrowserContext]]:
    """Makes contexts of the browser, each for a server.

    At the end no page of them may have broken its own policy, said an error, or asked another host for anything.
    """
    contexts, faults = [], []

    def make(server: Server) -> BrowserContext:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        context.set_default_timeout(30_000)
        watch(context, server.url, faults)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def another(started: list[Server], watched: Callable[[Server], BrowserContext]) -> Callable[..., tuple[Page, Server]]:
    """Starts a server of a test's own, and opens a page for it."""

    def start(*arguments: str) -> tuple[Page, Server]:
        started.append(Server(*arguments))
        return watched(started[-1]).new_page(), started[-1]

    return start


@pytest.fixture
def started() -> Iterator[list[Server]]:
    """Servers that are stopped once no page speaks to them any more."""
    servers: list[Server] = []
    yield servers
    assert [server.stop() for server in servers] == [0] * len(servers)


def watch(context: BrowserContext, url: str, faults: list[str]) -> None:
    """Note what must not happen on any page of a context: Chromium tells of a broken policy as an error, too."""
    host = url.partition("://")[2]

    def look_at_request(address: str) -> None:
        if address.startswith(("http", "ws")) and address.partition("://")[2].partition("/")[0] != host:
            faults.append(f"asked {address}")

    def look_at_message(kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(NO_FAULTS):
            faults.append(text)

    context.on("request", lambda request: look_at_request(request.url))
    context.on("console", lambda message: look_at_message(message.type, message.text))
    context.on("weberror", lambda fault: faults.append(str(fault.error)))


class Way:
    """One way to an endpoint, with a client that all tests share; `empty` makes the service as it was at the start."""

    def __init__(self, client: httpx2.Client, drop_touched: Callable[[], object]) -> None:
        self.client, self._drop_touched = client, drop_touched

    def empty(self) -> httpx2.Client:
        """Drop each table that was touched since the last call."""
        self._drop_touched()
        return self.client


class Listing:
    """The tables of a server far away, by what it lists."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._as_emptied = self._tables()

    def drop_touched(self) -> None:
        listed = self._tables()
        touched = [table["name"] for table in listed if table not in self._as_emptied]
        for name in touched:
            assert self._client.delete(f"/api/v1/tables/{name}").status_code == 204
        is_typed = any(table["name"] in touched for table in self._as_emptied)
        if is_typed:  # it is still there, and may be told otherwise
            self._as_emptied = self._tables()

    def _tables(self) -> list[dict[str, object]]:
        return self._client.get("/api/v1/tables").json()["tables"]


@pytest.fixture(scope="session")
def below_asgi(shared_server: Server) -> Iterator[Way]:
    with shared_server.client() as client:
        yield Way(client, Listing(client).drop_touched)


@pytest.fixture(scope="session")
def with_a_journal(shared_server_with_a_journal: Server) -> Iterator[Way]:
    with shared_server_with_a_journal.client() as client:
        yield Way(client, Listing(client).drop_touched)


class InTurn(httpx2.HTTPTransport):
    """Sends each request to the next of some servers, which are to be one."""

    def __init__(self, servers: Sequence[Server]) -> None:
        super().__init__(verify=False)
        self._ports = cycle(int(server.url.rpartition(":")[2]) for server in servers)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(port=next(self._ports))
        return super().handle_request(request)


@pytest.fixture(scope="session")
def on_nodes() -> Iterator[Way]:
    """Two servers on six nodes, which are asked in turn."""
    from tests.cluster.nodes import running

    with running(primaries=3, replicas=1) as nodes, ExitStack() as stack:
        engine = ("--engine", f"valkey://{nodes[0].address}", "--ack", "primary")
        servers = [stack.enter_context(contextmanager(shared)(*engine)) for _ in range(2)]
        with httpx2.Client(transport=InTurn(servers), base_url=servers[0].url, timeout=30) as client:
            yield Way(client, Listing(client).drop_touched)


@pytest.fixture(scope="session")
def all_together() -> Iterator[Way]:
    from tests.together import Together  # which needs this file

    together = Together()
    with httpx2.Client(transport=together, base_url="http://127.0.0.1:8000") as client:
        yield Way(client, together.drop_touched)


@pytest.fixture(scope="session")
def in_process() -> Iterator[Way]:
    database = start_database()
    tables = Touched(database)
    with InsideClient(create_app(database), raise_server_exceptions=False, follow_redirects=False) as client:
        yield Way(client, lambda: client.run(tables.drop()))


@pytest.fixture
def local(in_process: Way, judge: Judge) -> Iterator[InsideClient]:
    """The service in this process, empty; its answers are held against the OpenAPI document."""
    with judge.listening(in_process.empty()) as client:
        yield client


LATER = [pytest.param(way, marks=pytest.mark.long) for way in ("below ASGI", "with a journal", "on nodes")]


@pytest.fixture(params=["all together", *LATER])
def api(request: pytest.FixtureRequest, judge: Judge) -> Iterator[httpx2.Client]:
    """A client of an empty service with the tables of `tests/models.py`: of all ways to an endpoint in this process, whose
    answers are the same bytes and are held against the OpenAPI document; and of servers as users start them.
    """
    client = request.getfixturevalue(request.param.lower().replace(" ", "_")).empty()
    if request.param != "all together":
        yield client
        return
    with judge.listening(client):
        yield client
