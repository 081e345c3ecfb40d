"""How quick the console is in a real browser over many records: first paint, first rows, the same where the browser
has been there before, frames while it scrolls.

    python -m benchmarks.console [--records N] [--pages N] [--rounds N]

Needs Chromium and Playwright (`make setup` installs it). Each page has a context of its own, so nothing is kept from
the one before. The browser and the server share the machine's cores, as they do where somebody tries it.
"""

from __future__ import annotations

import argparse
import shutil
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import ramekin
from benchmarks.data import names_file
from benchmarks.request import get
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

VIEW: ViewportSize = {"width": 1280, "height": 800}
FRAME_PX = 45
SECONDS = 3
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
ROWS_DRAWN = """
new MutationObserver((_, watcher) => {
    if (!document.querySelector("[role=gridcell]")) return;
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame((now) => { window.rowsDrawn = now; }));
}).observe(document, { childList: true, subtree: true })"""
"""Notes when the page has drawn its first rows, by its own clock: whoever drives the browser sees them later."""

SCROLLED = f"""grid => new Promise((done) => {{
    const gaps = [];
    let last = performance.now();
    const end = last + {SECONDS * 1000};
    const frame = (now) => {{
        gaps.push(now - last);
        last = now;
        grid.scrollTop += {FRAME_PX};
        now < end ? requestAnimationFrame(frame) : done(gaps);
    }};
    requestAnimationFrame(frame);
}})"""
"""Scrolls a little with each frame, and returns the milliseconds between frames."""


def opened(browser: Browser, url: str) -> list[tuple[str, float]]:
    """Return what a new page of the grid took in milliseconds, and a second one in the same browser."""
    took = []
    with browser.new_context(viewport=VIEW) as context:
        context.add_init_script(ROWS_DRAWN)
        for which in ("", ", opened again"):
            page, began = context.new_page(), perf_counter()
            page.goto(url)
            page.get_by_role("gridcell").first.wait_for()
            seen = 1000 * (perf_counter() - began)
            page.wait_for_function("window.rowsDrawn")
            took += [
                ("first paint" + which, page.evaluate(PAINTED)),
                ("first rows" + which, page.evaluate("rowsDrawn")),
            ]
            took.append((f"first rows, as this program saw them{which}", seen))
    return took


def scrolled(browser: Browser, url: str) -> list[float]:
    """Return the milliseconds between the frames of a grid that scrolls on from its middle, the shortest first."""
    with browser.new_context(viewport=VIEW) as context:
        page = context.new_page()
        page.goto(url)
        page.get_by_role("gridcell").first.wait_for()
        grid = page.get_by_role("grid")
        grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2 }")
        page.wait_for_timeout(1000)
        return sorted(grid.evaluate(SCROLLED))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=10, help="how often a page is opened")
    parser.add_argument("--rounds", type=int, default=4, help="how often it is scrolled")
    parser.add_argument("--browser", default=shutil.which("chromium"), help="the program, Chromium's")
    chosen = parser.parse_args()
    with ramekin.serving(names_file(chosen.records)) as server, sync_playwright() as playwright:
        for which in ("first", "second"):
            began = perf_counter()
            get(server.port, "/api/v1/data/names?limit=5&count=true")
            print(f"{which} list, with its count: {1000 * (perf_counter() - began):,.1f} ms")
        browser = playwright.chromium.launch(executable_path=chosen.browser, args=["--no-sandbox"])
        url = f"{server.url}/console/tables/names"
        for same in zip(*[opened(browser, url) for _ in range(chosen.pages)], strict=True):
            found = [ms for _, ms in same]
            print(f"{same[0][0]}: {min(found):.0f} to {max(found):.0f} ms, median {median(found):.0f}")
        for _ in range(chosen.rounds):
            gaps = scrolled(browser, url)
            late = gaps[len(gaps) * 95 // 100]
            print(f"frames: {len(gaps) / SECONDS:.1f} a second, 95 % within {late:.1f} ms, all within {gaps[-1]:.1f}")
        browser.close()


if __name__ == "__main__":
    main()
