"""The console in a real browser, used as a person would: by what is written on things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.conftest import Server
from tests.console.seen import DEEP, put, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Locator, Page

expect.set_options(timeout=30_000)  # milliseconds: a busy machine may take long for what comes at all


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The demo, with all that is for tests; what one test changes the next one finds."""
    server = Server("demo", "--dev")
    yield server
    assert server.stop() == 0


@pytest.fixture
def context(watched: Callable[[Server], BrowserContext], server: Server) -> BrowserContext:
    return watched(server)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


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


@pytest.fixture
def panel(page: Page, server: Server) -> Iterator[Locator]:
    """Open a record with parts, all of them seen."""
    put(server, "parts", DEEP, {"id": 2, "a": 2, "s": "y"})
    page.goto(f"{server.url}/console/tables/parts/records/1")
    panel = page.get_by_role("complementary", name="Record 1")
    for _ in range(4):
        panel.locator(".twig[aria-expanded=false]").first.click()
    yield panel
    with server.client() as client:
        client.delete("/api/v1/tables/parts").raise_for_status()
