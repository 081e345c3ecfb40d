"""What bounds how quick the console is, counted: requests before the first rows, rows drawn and layouts in each frame.

How long they take is measured by `benchmarks/console.py`, since a test must not depend on its machine.
"""

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, put, rows, scroll

pytestmark = pytest.mark.long

FRAMES = 120
OF_DEV = {"/api/v1/clock", "/api/v1/faults"}
"""What is asked for besides, where there may be things that are done on purpose."""


def test_the_first_rows_wait_for_files_that_the_page_names_and_for_one_list(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(server.url)))
    page.goto(f"{server.url}/console/tables/orders")
    expect(rows(page).first).to_contain_text("2024")
    named = page.evaluate("[...document.querySelectorAll('link, script[src]')].map((each) => each.href || each.src)")
    named = {address.removeprefix(server.url) for address in named}
    files = {path for path in asked if path.startswith("/console/assets/")}
    assert len(files) < 100
    assert files <= named, "each is asked for as soon as the page is here"
    lists = sorted(path for path in asked if "/data/" in path)
    assert lists == ["/api/v1/data/orders?limit=0&count=true", "/api/v1/data/orders?limit=100"]
    others = {path for path in asked if path not in files} - {*lists}
    assert others <= {"/console/tables/orders", "/api/v1/tables", "/api/v1/changes?limit=1", *OF_DEV}


def test_the_first_paint_waits_for_one_file_and_whoever_comes_back_for_none(page, server):
    for is_first in (True, False):
        page.goto(f"{server.url}/console/tables/orders")
        expect(rows(page).first).to_contain_text("2024")
        found = page.evaluate("performance.getEntriesByType('resource').map((each) => each.toJSON())")
        blocking = [each["name"] for each in found if each["renderBlockingStatus"] == "blocking"]
        assert [name.rpartition("/")[2] for name in blocking] == ["style.css"]
        files = [each for each in found if "/console/assets/" in each["name"]]
        assert files
        assert is_first or {each["deliveryType"] for each in files} == {"cache"}


def test_a_frame_of_scrolling_draws_the_rows_that_come_into_sight_and_touches_no_other(page, server):
    page.goto(f"{server.url}/console/tables/orders")
    expect(rows(page).first).to_contain_text("2024")
    page.wait_for_load_state("networkidle")
    asked, session = [], page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.on("request", lambda request: asked.append(request.url) if "/data/" in request.url else None)
    layouts = counted(session, "LayoutCount")
    seen = scroll(page, FRAMES, 45)
    assert seen["drawn"] <= 2, "45 pixels are a row and a half"
    assert seen["touched"] == 0
    assert seen["rows"] < 60
    assert counted(session, "LayoutCount") - layouts < 2 * FRAMES, "one each, and some for what arrives"
    assert len(asked) <= FRAMES * 45 / 30 / 100 + 2, "a page of a hundred rows, once"


def counted(session, name):
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return found[name]


def test_of_many_columns_those_in_sight_are_drawn(page, server):
    put(server, "wide", *({"id": number, **{f"c{column:03}": column for column in range(300)}} for number in range(60)))
    page.goto(f"{server.url}/console/tables/wide")
    expect(cell(page, 0, 1)).to_have_text("0")
    assert page.get_by_role("gridcell").count() < 60 * 40
    page.get_by_role("grid").press("End")
    last = page.locator("#active-cell")
    expect(last).to_have_text("299")
    expect(last).to_be_in_viewport(ratio=1)
    head = page.get_by_role("columnheader", name="c299")
    assert head.bounding_box()["x"] == last.bounding_box()["x"]
    page.keyboard.press("Enter")
    page.get_by_label("c299", exact=True).fill("7")
    page.get_by_role("grid").evaluate("grid => grid.scrollTo(0, 0)")
    expect(page.get_by_role("columnheader", name="c001")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved wide 0: c299")).to_be_visible()
    expect(page.get_by_role("columnheader", name="c299")).to_have_count(0)
    page.get_by_role("grid").press("Home")
    expect(last).to_have_text("0")
    with server.client() as client:
        assert client.get("/api/v1/data/wide/0").json()["c299"] == 7
        client.delete("/api/v1/tables/wide").raise_for_status()
