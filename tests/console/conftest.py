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
    from collections.abc import Iterator

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
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page of the browser, at whose end nothing may have gone wrong."""
    page, faults = context.new_page(), []
    watch(page, server.url, faults)
    yield page
    assert faults == []


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


def watch(page: Page, url: str, faults: list[str]) -> None:
    """Note what must not happen on a page: Chromium tells of a broken policy as an error, too."""
    host = url.partition("://")[2]

    def look_at_request(address: str) -> None:
        if address.startswith(("http", "ws")) and address.partition("://")[2].partition("/")[0] != host:
            faults.append(f"asked {address}")

    def look_at_message(kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(REFUSALS):
            faults.append(text)

    page.on("request", lambda request: look_at_request(request.url))
    page.on("console", lambda message: look_at_message(message.type, message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
