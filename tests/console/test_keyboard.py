"""The console without a mouse, and on a small screen."""

import re

import pytest
from playwright.sync_api import expect

from tests.each import each

VIEWS = [
    "tables",
    "tables/users",
    "tables/users/definition",
    "joins/users/orders/user_id",
    "groups/orders?group_by=product_name",
    "import",
    "live",
    "changes",
    "branches",
    "diff",
    "faults",
    "clock",
]


def open_palette(page):
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Command")).to_be_focused()


def test_the_palette_goes_anywhere_by_a_few_letters(page, server):
    page.goto(f"{server.url}/console/tables")
    expect(page.get_by_role("region", name="List of tables")).to_be_visible()
    open_palette(page)
    page.keyboard.type("group ord")
    expect(page.get_by_role("listbox", name="Commands").get_by_role("option").first).to_contain_text("Group orders")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/console/groups/orders")
    expect(page.get_by_role("dialog")).to_have_count(0)
    open_palette(page)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox", name="Commands").get_by_role("option", selected=True)).to_contain_text("Join")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.long
def test_the_theme_is_switched_by_the_palette_and_kept(page, server):
    page.goto(f"{server.url}/console/tables")
    expect(page.get_by_role("region", name="List of tables")).to_be_visible()
    open_palette(page)
    page.keyboard.type("light and dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.long
def test_a_question_mark_tells_the_keys_but_not_while_one_writes(page, server):
    page.goto(f"{server.url}/console/tables")
    page.get_by_role("searchbox", name="Find a table").fill("x")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Ctrl K")


@each(VIEWS)
def test_no_view_is_wider_than_a_small_screen(view, page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"{server.url}/console/{view}")
    page.get_by_role("main").locator("h1, h2").first.wait_for()
    page.wait_for_load_state("networkidle") if view not in ("live", "changes") else page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 400


@pytest.mark.long
def test_nothing_is_cut_where_there_is_little_room(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"{server.url}/console/tables")
    expect(page.get_by_role("region", name="List of tables")).to_have_class(re.compile("more-right"))
    page.goto(f"{server.url}/console/tables/users?email:icontains=a")
    operator = page.get_by_role("combobox", name="Operator")
    cut = "select => { const now = select.offsetWidth; select.style.flex = 'none'; return now < select.offsetWidth; }"
    assert not operator.evaluate(cut)
    page.set_viewport_size({"width": 1120, "height": 800})
    user = page.get_by_role("rowheader").nth(1).get_by_role("link")
    user.click(force=True)
    expect(page.get_by_role("complementary")).to_be_visible()
    first, last = (page.get_by_role("button", name=name, exact=True).bounding_box() for name in ("Live", "Add"))
    assert first["y"] == last["y"]


@pytest.mark.long
def test_an_address_of_no_view_says_so(page, server):
    page.goto(f"{server.url}/console/xyz")
    expect(page.get_by_role("heading", name="There is no such view")).to_be_visible()
    page.get_by_role("link", name="Go to the tables").click()
    expect(page.get_by_role("heading", name="Tables", exact=True)).to_be_visible()


def test_what_is_closed_gives_the_focus_to_the_nearest_place_around_it(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1?age=3")
    pets.get_by_role("button", name="Edit name").press("Enter")
    pets.get_by_label("name", exact=True).press("Escape")
    expect(pets.get_by_role("button", name="Edit name")).to_be_focused()
    pets.keyboard.press("Escape")
    expect(pets.get_by_role("complementary", name="Record 1")).to_have_count(0)
    expect(pets.get_by_role("grid")).to_be_focused()
    pets.get_by_role("button", name="Remove the filter by age").press("Enter")
    expect(pets.get_by_role("button", name="Add filter")).to_be_focused()
