"""The documentation pages in a real browser: they render, they work, and they ask no other host for anything.

Debian's chromium, driven by playwright, which brings no browser of its own here. Without chromium the tests are
skipped, but not in CI: there they would be missed by nobody.
"""

import os
import shutil
import socket
import threading
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import expect, sync_playwright

from ramekin.api import docs

ARGUMENTS = [
    "--no-sandbox",  # CI runs as root, where the sandbox does not start
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# Runs before the page's own scripts, so that no violation comes too early to be seen.
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


def small_app():
    app = FastAPI(
        title="Kitchen", version="1.2.3", description="Dishes, *hot* and cold.", docs_url=None, redoc_url=None
    )

    @app.get("/dishes/{dish}", summary="Read a dish", tags=["Dishes"])
    async def read_dish(dish: int, hot: bool = True) -> dict[str, int]:
        return {"dish": dish}

    docs.register(app)
    return app


@pytest.fixture(scope="module")
def site():
    """The address of a real server with the pages."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(small_app(), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"  # connections wait in the queue until the server accepts
    server.should_exit = True
    thread.join(timeout=30)
    listening.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "chromium is not installed; on Debian and Ubuntu: apt install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page, and all that it asked for and complained about."""

    def __init__(self, context):
        self.requests, self.complaints = [], []
        context.on("request", lambda request: self.requests.append(request.url))
        context.add_init_script(LISTEN)
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def assert_quiet(self):
        """Check that every request stayed here, and that the browser had nothing to object to."""
        self.page.wait_for_load_state("networkidle")
        parts = [urlsplit(url) for url in self.requests]
        # data: and blob: addresses are the page's own bytes and reach no network
        assert {part.hostname for part in parts if part.scheme not in ("data", "blob")} == {"127.0.0.1"}, self.requests
        assert self.page.evaluate("window.violations") == []
        assert self.complaints == []


@pytest.fixture
def visit(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context)
    context.close()


def test_swagger_ui_shows_the_operation_and_tries_it_out(visit, site):
    page = visit.page
    page.goto(f"{site}/docs")
    expect(page.locator(".info .title")).to_contain_text("Kitchen")
    operation = page.locator(".opblock-get")
    expect(operation).to_contain_text("Read a dish")
    operation.locator(".opblock-summary-control").click()
    operation.locator('input[placeholder="dish"]').fill("7")
    operation.get_by_role("button", name="Execute").click()
    live = operation.locator(".live-responses-table")
    expect(live).to_contain_text('"dish": 7')
    expect(live).to_contain_text("Request duration")
    assert urlsplit(page.url).fragment.startswith("/Dishes/"), "an open operation has an address"
    assert any("/dishes/7?hot=true" in url for url in visit.requests)
    visit.assert_quiet()


def test_redoc_shows_the_operation_and_finds_it(visit, site):
    page = visit.page
    page.goto(f"{site}/redoc")
    expect(page.locator("h1").first).to_contain_text("Kitchen")
    expect(page.get_by_role("heading", name="Read a dish")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill("dish")
    expect(page.locator('[data-role="search:results"]')).to_contain_text("Read a dish")
    visit.assert_quiet()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_every_picture_is_drawn(visit, site, path):
    page = visit.page
    page.goto(f"{site}{path}", wait_until="networkidle")
    expect(page.get_by_text("Read a dish").filter(visible=True).first).to_be_visible()
    broken = "[...document.images].filter((image) => image.complete && !image.naturalWidth).map((image) => image.src)"
    assert page.evaluate(broken) == []
    visit.assert_quiet()
