"""The grid: values that look alike apart, rows in an order and live, moved in by keys, a million of them."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows, scroll, stored, texts

pytestmark = pytest.mark.long


def test_a_header_sorts_up_then_down_then_not(page, server):
    page.goto(f"{server.url}/console/tables/users?select=age")
    for query in ("sort=age&select=age", "sort=-age&select=age", "select=age"):
        page.get_by_role("columnheader").get_by_role("button", name="age").click()
        expect(page).to_have_url(f"{server.url}/console/tables/users?{query}")


def test_values_that_look_alike_stand_apart_and_nothing_is_lost(page, server):
    put(server, "odd", {"id": 1, "v": None}, {"id": 2}, {"id": 3, "v": ""}, {"id": 4, "v": 9007199254740993}, {"id": 5, "v": 1.0},
        {"id": 6, "v": "null"}, {"id": 7, "v": {"a": [1]}}, {"id": 8, "__proto__": {"polluted": 1}, "v": "<img src=x onerror=alert(1)>"},
        {"id": 9, "v": "שלום 👩‍👩‍👧 " + "x" * 1_000_000})  # fmt: skip
    page.goto(f"{server.url}/console/tables/odd?select=id,v")
    expect(rows(page)).to_have_count(9)
    shown = [texts(page, row)[1] for row in rows(page).all()]
    assert shown[:8] == [
        "null",
        "·",
        '""',
        "9007199254740993",
        "1.0",
        "null",
        '{"a":[1]}',
        "<img src=x onerror=alert(1)>",
    ]
    assert len(shown[8]) < 400
    classes = [
        row.get_by_role("gridcell").nth(1).locator("span").first.get_attribute("class") for row in rows(page).all()[:7]
    ]
    assert classes == ["v-null", "v-missing", "v-empty", "v-number v-large", "v-number", "v-text", "v-object"]
    framed = [
        row.get_by_role("gridcell").nth(1).locator("span").first.evaluate("box => getComputedStyle(box).borderStyle")
        for row in rows(page).all()[:6]
    ]
    assert framed == ["dashed", "none", "dashed", "none", "none", "none"], "apart without their colours"
    assert page.evaluate("({}).polluted") is None
    page.goto(f"{server.url}/console/tables/odd")
    expect(page.get_by_role("columnheader", name="__proto__")).to_be_visible()


def test_rows_change_live_when_asked(page, server):
    put(server, "moving", {"id": 1, "n": 1})
    page.goto(f"{server.url}/console/tables/moving")
    go_live(page)
    put(server, "moving", {"id": 1, "n": 2})
    expect(rows(page).first).to_contain_text("2")
    put(server, "moving", {"id": 2, "n": 3})
    expect(rows(page)).to_have_count(2)
    page.goto(f"{server.url}/console/tables/moving?n=3")
    expect(page.get_by_text("1 record of 2")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("menuitem", name="Row 1 as JSON")).to_be_visible()


def test_that_rows_change_live_is_in_the_address(page, server):
    put(server, "moving", {"id": 1, "n": 1})
    page.goto(f"{server.url}/console/tables/moving?n:gte=1")
    live = page.get_by_role("button", name="Live", exact=True)
    expect(live).to_have_attribute("aria-pressed", "false")
    go_live(page)
    expect(page).to_have_url(f"{server.url}/console/tables/moving?n:gte=1#live")
    page.get_by_role("rowheader").nth(0).get_by_role("link").click(force=True)
    expect(page).to_have_url(f"{server.url}/console/tables/moving/records/1?n:gte=1#live")
    with page.expect_response(lambda answer: "event-stream" in answer.headers.get("content-type", "")):
        page.reload()
    put(server, "moving", {"id": 1, "n": 2})
    expect(rows(page).first).to_contain_text("2")
    page.get_by_role("button", name="Close the record").click()
    live.click()
    expect(live).to_have_attribute("aria-pressed", "false")
    expect(page).to_have_url(f"{server.url}/console/tables/moving?n:gte=1")


@pytest.mark.parametrize("words", ["sort=n", "n:lt=100"])
def test_what_one_types_stays_where_the_record_goes_elsewhere(page, server, words):
    put(server, "going", *({"id": id, "n": id, "name": f"name {id}"} for id in range(80)))
    page.goto(f"{server.url}/console/tables/going?{words}")
    go_live(page)
    page.get_by_role("gridcell", name="name 4", exact=True).dblclick()
    editor = page.get_by_role("textbox", name="name", exact=True)
    editor.fill("half ")
    put(server, "going", {"id": 4, "n": 500, "name": "name 4"})
    expect(page.get_by_role("gridcell", name="name 5", exact=True)).to_be_visible()
    expect(rows(page).nth(3)).to_contain_text("3")
    put(server, "going", {"id": 3, "n": 3, "name": "seen"})
    expect(page.get_by_role("gridcell", name="seen")).to_be_visible()  # so the page has heard of both
    expect(editor).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(editor).to_have_count(0)
    expect_settled(page)
    assert stored(server, 4, "going") == {"id": 4, "n": 500, "name": "half typed"}


def test_the_keyboard_moves_and_opens(page, server):
    page.goto(f"{server.url}/console/tables/orders")
    expect(rows(page).nth(2)).to_be_visible()
    page.get_by_role("grid").focus()
    for key in ("ArrowDown", "ArrowDown", "Control+End"):
        page.keyboard.press(key)
    expect(page.get_by_role("rowheader", name="6000:")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("complementary")).to_be_visible()
    page.keyboard.press("Control+Home")


@pytest.mark.timeout(300)
def test_a_million_rows_scroll_without_slowing(page, server):
    lines = b"\n".join(b'{"id":%d,"name":"name %d","n":%d}' % (i, i, i * 7919 % 1_000_003) for i in range(1, 1_000_001))
    with server.client() as client:
        for at in range(0, len(lines), 12_000_000):
            start = 0 if at == 0 else lines.index(b"\n", at) + 1
            end = lines.find(b"\n", at + 12_000_000)
            client.post("/api/v1/data/big", content=lines[start : end if end > 0 else None], headers={"content-type": "application/x-ndjson", "prefer": "return=minimal"}, timeout=120).raise_for_status()  # fmt: skip
    page.goto(f"{server.url}/console/tables/big")
    expect(page.get_by_text("1,000,000 records")).to_be_visible()
    grid = page.get_by_role("grid")
    grid.evaluate("grid => grid.scrollTop = grid.scrollHeight / 2")
    expect(rows(page).nth(20)).to_contain_text("name 500")
    seen = scroll(page, 120, 45)
    assert seen["drawn"] <= 2, "as many as with few rows"
    assert seen["touched"] <= 2 * seen["rows"], "all are moved once, where the bar is set right"
    expect(page.locator(".row-line .blank")).to_have_count(0)
    assert rows(page).count() < 60
    grid.focus()
    page.keyboard.press("Control+End")
    expect(page.get_by_text("name 1000000")).to_be_visible()


def test_blanks_at_the_ends_of_a_text_and_between_words_are_seen(page, server):
    put(server, "blanks", {"id": 1, "t": " lead"}, {"id": 2, "t": "trail  "}, {"id": 3, "t": "two  words"})
    page.goto(f"{server.url}/console/tables/blanks")
    expect(cell(page, 0, 1)).to_have_text("␣lead")
    expect(cell(page, 1, 1)).to_have_text("trail␣␣")
    assert cell(page, 2, 1).inner_text() == "two  words"


def test_what_takes_long_says_that_it_is_under_way(page, server):
    waiting = []
    page.route("**/main.js", lambda route: waiting.append(route))
    page.goto(f"{server.url}/console/tables/users", wait_until="commit")
    expect(page.get_by_role("status")).to_have_text("Loading…")
    name = page.get_by_text("Ramekin", exact=True)
    before = name.bounding_box()
    page.route("**/data/users*", lambda route: waiting.append(route))
    waiting.pop().continue_()
    expect(page.get_by_text("Looking for records…")).to_be_visible()
    empty = page.get_by_role("grid").bounding_box()
    page.unroute("**/data/users*")
    for route in waiting:
        route.continue_()
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_text("Looking for records…")).to_have_count(0)
    assert (name.bounding_box(), page.get_by_role("grid").bounding_box()) == (before, empty), "nothing moves"


def test_a_page_behind_a_jump_follows_the_one_before_it_by_cursor(page, server):
    asked = []
    page.goto(f"{server.url}/console/tables/orders?sort=total_price")
    expect(rows(page).first).to_be_visible()
    page.on("request", lambda request: asked.append(request.url) if "/data/" in request.url else None)
    with page.expect_request(re.compile("cursor=")):
        page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 3000 * 30; }")
    assert len([url for url in asked if "offset=" in url]) == 1


@pytest.mark.long
def test_of_how_many_is_said_where_there_is_a_filter_alone(pets, server):
    go_live(pets)
    told = pets.get_by_role("region", name="pets").locator(".tools .figure").first
    pets.route("**/api/v1/tables", lambda route: None)  # the list comes later than what happens
    with server.client() as client:
        client.delete("/api/v1/data/pets/2").raise_for_status()
    expect(rows(pets)).to_have_count(1)
    expect(told).to_have_text("1 record")
    pets.unroute("**/api/v1/tables")
    pets.goto(f"{server.url}/console/tables/pets?name=Ann")
    expect(told).to_have_text("0 records of 1")
