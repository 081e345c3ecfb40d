"""Large screens and small ones: no text is cut that cannot be read elsewhere, and no view is wider than its screen."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.test_keyboard import VIEWS
from tests.each import each

CUT = """() => {
  const isLong = (text, box) => {
    const [style, pen] = [getComputedStyle(box), document.createElement("canvas").getContext("2d")];
    pen.font = style.font;
    return pen.measureText(text).width > box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) + 1;
  };
  const isNarrow = (select) => {
    const [now, kept] = [select.offsetWidth, select.style.cssText];
    select.style.cssText = "flex: none; width: max-content; max-width: none; justify-self: start;";
    const whole = select.offsetWidth;
    select.style.cssText = kept;
    return whole > now;
  };
  const isCut = (box) => {
    if (box.matches("select")) return isNarrow(box);
    if (box.matches("input")) return /checkbox|file|radio/.test(box.type) ? false : isLong(box.value || box.placeholder, box);
    const isHidden = getComputedStyle(box).overflowX === "hidden" && box.scrollWidth > box.clientWidth + 1;
    return isHidden && box.textContent && !box.closest("[title], .hidden, .cell, .chart"); // a record shows what a cell cuts
  };
  const seen = [...document.querySelectorAll("body *")].filter((box) => box.checkVisibility() && box.offsetWidth > 1);
  return seen.filter(isCut).map((box) => `${box.tagName} ${box.ariaLabel ?? ""} ${(box.value || box.textContent || box.placeholder).slice(0, 60)}`);
}"""
"""What is cut on a page: choices in boxes that are too narrow, what boxes say, and texts without a title to read them by."""

UNEVEN = """() => {
  const lines = new Map();
  for (const box of document.querySelectorAll(":is(.button, select, input):not([type=checkbox], [type=radio], [type=file])")) {
    if (box.checkVisibility()) lines.set(box.parentElement, [...(lines.get(box.parentElement) ?? []), box]);
  }
  const isUneven = (one, other) => one.top < other.bottom && other.top < one.bottom && Math.abs(one.top - other.top) + Math.abs(one.bottom - other.bottom) > 1;
  const differ = (boxes) => boxes.some((box, at) => at && isUneven(box.getBoundingClientRect(), boxes[at - 1].getBoundingClientRect()));
  return [...lines.values()].filter(differ).map((boxes) => boxes.map((box) => box.ariaLabel ?? box.textContent).join(" | "));
}"""
"""Buttons and boxes that stand in one line, and are not as high as each other."""

CSV = "id,name,is_grown,a_name_of_a_column_that_is_longer_than_most\n1,Rex,true,2024-01-01\n2,Tom,false,\n"


@pytest.mark.long
@each(
    [
        *VIEWS,
        "joins",
        "groups",
        "joins/users/orders/user_id?shape=tree&type=left&users.age:gte=60",
        "tables/+new/definition",
    ]
)
def test_nothing_is_cut_in_any_view(view, page, server):
    for width in (1280, 800, 400):
        page.set_viewport_size({"width": width, "height": 800})
        look_at(page, server, view)
        page.wait_for_timeout(300)
        assert page.evaluate(CUT) == []
        assert page.evaluate(UNEVEN) == []


@pytest.mark.long
def test_nothing_of_an_import_is_cut(page, server):
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        look_at(page, server, "import")
        page.get_by_label("File to import").set_input_files(
            {"name": "cats.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
        )
        expect(page.get_by_label("Type of is_grown")).to_have_value("boolean")
        assert page.evaluate(CUT) == []


@pytest.mark.long
def test_nothing_of_a_record_or_a_dialog_is_cut(page, server):
    with server.client() as client:
        user = client.get("/api/v1/data/users?limit=1").json()["data"][0]["id"]
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        look_at(page, server, f"tables/users/records/{user}?age:gte=20")
        for tab in ("Fields", "JSON", "History", "Links"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(200)
            assert page.evaluate(CUT) == [], tab
        for table in ("users?age:gte=20", "shops"):
            look_at(page, server, f"tables/{table}")
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            if table == "shops":
                page.get_by_role("button", name="Add to opening_hours").click()
            assert page.evaluate(CUT) == []
            assert page.get_by_role("dialog").evaluate("box => box.scrollWidth <= box.clientWidth")


def assert_fits(view, page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    look_at(page, server, view)
    page.wait_for_load_state("networkidle") if view not in ("live", "changes") else page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 400


@each(["tables/users/definition", "groups/orders?group_by=product_name", "import"])
def test_the_widest_views_fit_a_small_screen(view, page, server):
    assert_fits(view, page, server)


@pytest.mark.long
@each(VIEWS)
def test_no_view_is_wider_than_a_small_screen(view, page, server):
    assert_fits(view, page, server)


@pytest.mark.long
def test_what_there_is_no_room_for_is_hinted_at_and_tools_stay_in_a_line(page, server):
    page.set_viewport_size({"width": 400, "height": 800})
    look_at(page, server, "joins/users/orders/user_id")
    expect(page.get_by_role("region", name="Joined rows")).to_have_class(re.compile("more-right"))
    page.set_viewport_size({"width": 1120, "height": 800})
    look_at(page, server, "tables/users?email:icontains=a")
    page.get_by_role("rowheader").nth(1).get_by_role("link").click(force=True)
    expect(page.get_by_role("complementary")).to_be_visible()
    first, last = (page.get_by_role("button", name=name, exact=True).bounding_box() for name in ("Live", "Add"))
    assert first["y"] == last["y"]
    page.set_viewport_size({"width": 400, "height": 800})
    look_at(page, server, "tables/users")
    first, last = (page.get_by_role("button", name=name, exact=True).bounding_box() for name in ("Live", "Add"))
    assert first["y"] == last["y"]


def look_at(page, server, view):
    page.goto(f"{server.url}/console/{view}")
    page.get_by_role("main").locator("h1, h2").filter(visible=True).first.wait_for()


@pytest.mark.long
def test_the_views_stay_in_sight_below_many_tables(page, server):
    with server.client() as client:
        for number in range(40):
            client.put(f"/api/v1/tables/many_{number}", json={}).raise_for_status()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{server.url}/console/tables")
    for name in ("Join", "Changes", "Clock"):
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_be_in_viewport(ratio=1)
    last = page.get_by_role("list", name="Tables").get_by_role("link").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("navigation").get_by_role("link", name="Clock")).to_be_in_viewport(ratio=1)
    page.goto(f"{server.url}/console/tables/users")
    expect(page.get_by_role("list", name="Tables").get_by_role("link", name="users")).to_be_in_viewport(ratio=1)
    page.get_by_label("Find a table").fill("any 3 7")
    expect(page.get_by_role("list", name="Tables").get_by_role("link")).to_have_text(["All tables", "many_370"])
    with server.client() as client:
        for number in range(40):
            client.delete(f"/api/v1/tables/many_{number}")
