"""The console in a real browser, used as a person would: by what is written on things.

A page fails its test if it breaks its own policy, says an error, or asks another host for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.console.seen import put, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

REFUSALS = "Failed to load resource: the server responded with a status of"
"""Chromium says so of every status from 400 on; a refusal that the console shows is no fault of the page."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The demo, with all that is for tests; what one test changes the next one finds."""
    server = Server("demo", "--dev")
    yield server
    assert server.stop() == 0


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[[Server], BrowserContext]]:
    """Makes contexts of the browser, each for a server. At the end nothing may have gone wrong on any of their pages."""
    contexts, faults = [], []

    def make(server: Server) -> BrowserContext:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        context.set_default_timeout(10_000)
        watch(context, server.url, faults)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def context(watched: Callable[[Server], BrowserContext], server: Server) -> BrowserContext:
    return watched(server)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


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


@pytest.fixture
def pets(page: Page, server: Server) -> Page:
    """Open a table of two pets."""
    with server.client() as client:
        client.delete("/api/v1/tables/pets")
    put(
        server,
        "pets",
        {"id": 1, "name": "Rex", "age": 3, "big": 9007199254740993},
        {"id": 2, "name": "Tom", "age": None},
    )
    page.goto(f"{server.url}/console/tables/pets")
    expect(rows(page)).to_have_count(2)
    return page


def watch(context: BrowserContext, url: str, faults: list[str]) -> None:
    """Note what must not happen on any page of a context: Chromium tells of a broken policy as an error, too."""
    host = url.partition("://")[2]

    def look_at_request(address: str) -> None:
        if address.startswith(("http", "ws")) and address.partition("://")[2].partition("/")[0] != host:
            faults.append(f"asked {address}")

    def look_at_message(kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(REFUSALS):
            faults.append(text)

    context.on("request", lambda request: look_at_request(request.url))
    context.on("console", lambda message: look_at_message(message.type, message.text))
    context.on("weberror", lambda fault: faults.append(str(fault.error)))
