"""Columns of a grid: which are shown, in which order, how wide, and that this is kept."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, put

pytestmark = pytest.mark.long


def test_headers_stand_above_their_cells_whatever_columns_are_called(page, server):
    names = ["constructor", "toString", "__proto__", "last"]
    put(server, "names", {"id": 1} | dict.fromkeys(names, -9223372036854775806))
    page.goto(f"{server.url}/console/tables/names")
    for name in names:
        head, cell = page.get_by_role("columnheader", name=name), page.locator('[aria-rowindex="2"] [role=gridcell]')
        box = head.bounding_box()
        at = cell.nth(names.index(name) + 1).bounding_box()
        assert (round(box["x"]), round(box["width"])) == (round(at["x"]), round(at["width"])), name
    large = page.locator(".v-large")
    expect(large).to_have_text(["-9223372036854775806"] * len(names))
    assert all(large.evaluate_all("all => all.map((one) => one.scrollWidth <= one.clientWidth)"))


def test_objects_show_whatever_their_members_are_called(page, server):
    for id_, value in enumerate([{"toString": 1}, [{"valueOf": 2}], {"toJSON": 3, "__proto__": 4}], 1):
        put(server, "odd", {"id": id_, "a": value})
    page.goto(f"{server.url}/console/tables/odd")
    shown = ['{"toString":1}', '[{"valueOf":2}]', '{"toJSON":3,"__proto__":4}']
    for row, text in enumerate(shown):
        expect(cell(page, row, 1)).to_have_text(text)
    page.goto(f"{server.url}/console/groups/odd?group_by=a&aggregate=count")
    for text in shown:
        expect(page.get_by_text(text, exact=True).first).to_be_visible()


def test_columns_are_chosen_and_resized_and_remembered(page, server):
    page.goto(f"{server.url}/console/tables/users")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="email").uncheck()
    expect(page.get_by_role("columnheader", name="email")).to_have_count(0)
    expect(page).to_have_url(f"{server.url}/console/tables/users?select=id,full_name,age,created_at")
    page.keyboard.press("Escape")
    head = page.get_by_role("columnheader", name="full_name")
    box = head.bounding_box()
    page.mouse.move(box["x"] + box["width"], box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 60, box["y"] + 10)
    page.mouse.up()
    page.reload()
    expect(head).to_be_visible()
    assert abs(head.bounding_box()["width"] - box["width"] - 60) < 3


def test_chosen_columns_are_there_again_however_one_comes_back(page, server):
    kept = f"{server.url}/console/tables/users?select=id,full_name,age,created_at"
    page.goto(f"{server.url}/console/tables/users")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="email").uncheck()
    expect(page).to_have_url(kept)
    tables = page.get_by_role("list", name="Tables")
    for way in (
        tables.get_by_role("link", name="users"),
        page.get_by_role("main").get_by_role("link", name="users", exact=True),
    ):
        tables.get_by_role("link", name="All tables").click()
        way.click()
        expect(page).to_have_url(kept)
        expect(page.get_by_role("columnheader", name="email")).to_have_count(0)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Show all").click()
    tables.get_by_role("link", name="users").click()
    expect(page).to_have_url(f"{server.url}/console/tables/users")
    expect(page.get_by_role("columnheader", name="email")).to_be_visible()


def test_a_link_with_columns_offers_the_others_too(page, server):
    put(server, "loose", {"id": 1, "a": 1, "b": {"c": 2}})
    page.goto(f"{server.url}/console/tables/loose?select=a")
    page.get_by_role("button", name="Columns", exact=True).click()
    expect(page.get_by_role("checkbox", name="b.c")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="a", exact=True)).to_be_checked()
    page.get_by_role("checkbox", name="b", exact=True).check()
    expect(page.get_by_role("columnheader", name="b", exact=True)).to_be_visible()
    assert page.url.endswith("?select=a,b")


def test_a_column_is_found_among_many(page, server):
    put(server, "broad", {"id": 1, **{f"c{at}": at for at in range(30)}})
    page.goto(f"{server.url}/console/tables/broad")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="Hide all but id").click()
    sought = page.get_by_role("searchbox", name="Find a column")
    sought.fill("c29")
    page.get_by_role("checkbox").check()
    assert page.url.endswith("?select=id,c29")
    sought.fill("c2")
    page.get_by_role("button", name="Show these").click()
    assert page.url.endswith("?select=id,c29,c2," + ",".join(f"c{at}" for at in range(20, 29)))
    sought.fill("c29")
    page.get_by_role("button", name="Hide these").click()
    assert page.url.endswith("?select=id,c2," + ",".join(f"c{at}" for at in range(20, 29)))


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("tables/users", "id,email,full_name,age,created_at"),
        ("joins/users/shops/id", "users.id,users.email,users.full_name,users.age,users.created_at"),
    ],
)
def test_columns_are_moved_by_keys_and_by_dragging(page, server, view, shown):
    names = shown.split(",")
    chosen = f"{server.url}/console/{view}?select="
    page.goto(f"{chosen}{shown}" + ("&type=left" if "joins" in view else ""))
    page.get_by_role("button", name="Columns", exact=True).click()
    last = page.get_by_role("checkbox", name=names[4])
    last.focus()
    for key, at in {"Alt+ArrowUp": 3, "Alt+Shift+ArrowUp": 0, "Alt+ArrowDown": 1, "Alt+Shift+ArrowDown": 4}.items():
        page.keyboard.press(key)
        order = [*names[:4][:at], names[4], *names[:4][at:]]
        expect(page).to_have_url(re.compile(re.escape("select=" + ",".join(order)) + "(&|$)"))
        expect(last).to_be_focused()
    page.get_by_role("listitem").filter(has=last).drag_to(page.get_by_role("checkbox", name=names[1]))
    expect(page).to_have_url(re.compile(re.escape(f"select={names[0]},{names[4]},{names[1]}")))
    page.get_by_role("button", name=f"Move {names[3]} to the front").click()
    expect(page).to_have_url(re.compile(re.escape(f"select={names[3]},{names[0]}")))


def test_the_columns_of_a_join_are_chosen_as_those_of_a_table(page, server):
    page.goto(f"{server.url}/console/joins/orders/users/user_id=id")
    heads = page.get_by_role("region", name="Joined rows").locator("thead tr").last.get_by_role("columnheader")
    expect(heads).to_have_count(11)
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="Hide all but orders.id").click()
    page.get_by_role("checkbox", name="users.full_name").check()
    page.get_by_role("checkbox", name="orders.quantity").check()
    expect(heads).to_have_text(["id", "full_name", "quantity"])
    expect(page).to_have_url(re.compile(r"select=orders\.id,users\.full_name,orders\.quantity$"))
    page.keyboard.press("Escape")
    heads.nth(2).get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=orders.quantity"))
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV").click()
    assert saved.value.path().read_text().startswith("orders.id,users.full_name,orders.quantity\n")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="Show all").click()
    expect(heads).to_have_count(11)
    page.goto(f"{server.url}/console/joins/shops/users/id?type=left&select=shops.address.city,users")
    expect(heads.first).to_have_text("address.city")
    expect(page.get_by_role("region", name="Joined rows").locator("tbody td").first).not_to_have_text("null")


def test_a_cell_that_is_cut_says_so_and_a_double_click_fits_its_column_to_what_is_seen(page, server):
    long = "a long text that no column is wide enough for at first, " * 2 + "end"
    put(server, "late", *({"id": at, "t": "short" if at < 60 else long} for at in range(80)))
    page.goto(f"{server.url}/console/tables/late")
    page.get_by_role("grid").press("Control+End")
    shown = cell(page, -1, 1)
    expect(shown).to_contain_text("end")
    assert shown.evaluate("cell => getComputedStyle(cell.firstElementChild).textOverflow") == "ellipsis"
    shown.hover()
    expect(shown).to_have_attribute("title", long)
    is_whole = "cell => cell.firstElementChild.scrollWidth <= cell.firstElementChild.clientWidth"
    assert not shown.evaluate(is_whole)
    head = page.get_by_role("columnheader", name="t", exact=True)
    head.locator(".resize").dblclick()
    assert shown.evaluate(is_whole)
    shown.hover()
    expect(shown).to_have_attribute("title", "")
    page.reload()
    page.get_by_role("grid").press("Control+End")
    expect(shown).to_contain_text("end")
    assert shown.evaluate(is_whole), "it is remembered"
