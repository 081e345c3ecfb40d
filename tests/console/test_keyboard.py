"""The console without a mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, rows, stored

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
def test_the_palette_makes_a_table_and_undoes(page, server):
    page.goto(f"{server.url}/console/tables")
    expect(page.get_by_role("region", name="List of tables")).to_be_visible()
    open_palette(page)
    page.keyboard.type("undo")
    expect(page.get_by_role("option").first).to_contain_text("Undo the last change")
    page.keyboard.press("Escape")
    open_palette(page)
    page.keyboard.type("new table")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New table")).to_be_visible()


ELSEWHERE = {
    "New branch": "branches",
    "Keep this state as a checkpoint": "branches",
    "Reset to the checkpoint": "branches",
    "Stop the clock": "clock",
    "Move the clock on by an hour": "clock",
    "Move the clock on by a day": "clock",
    "Set the clock back to the real time": "clock",
    "Export the whole database as JSON": "import",
    "Save a backup": "import",
    "Add to shops": "tables/shops",
    "Export shops as NDJSON": "tables/shops",
    "Change all of shops…": "tables/shops",
    "Empty shops…": "tables/shops",
    "Drop shops…": "tables/shops",
}
"""What the palette does on other pages, and where."""


@pytest.mark.long
def test_the_palette_does_what_is_done_on_other_pages(page, server):
    done = page.get_by_role("dialog", name=re.compile("Reset main|Add to|Change|Empty|Delete|Drop"))
    page.goto(f"{server.url}/console/changes")
    expect(page.get_by_role("heading", name="Changes")).to_be_visible()
    for name, view in ELSEWHERE.items():
        open_palette(page)
        page.keyboard.type(name)
        expect(page.get_by_role("listbox", name="Commands").get_by_role("option").first).to_contain_text(name)
        if name.startswith(("Export", "Save")):
            with page.expect_download():
                page.keyboard.press("Enter")
        else:
            page.keyboard.press("Enter")
        expect(page).to_have_url(f"{server.url}/console/{view}")
        if name.startswith(("Reset", "Add", "Change", "Empty", "Drop")):
            expect(done).to_be_visible()
            page.keyboard.press("Escape")
        elif name == "New branch":
            page.get_by_role("dialog", name=name).get_by_role("button", name="Cancel").click()
        elif name == "Stop the clock":
            expect(page.get_by_text("stands still", exact=True)).to_be_visible()
        elif view == "clock":
            expect(page.get_by_role("button", name="Let it go on")).to_have_count(int("real" not in name))
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.long
def test_what_the_buttons_and_menus_of_a_page_do_is_in_the_palette(page, server):
    def press(text, told):
        open_palette(page)
        page.keyboard.type(text)
        first = page.get_by_role("listbox", name="Commands").get_by_role("option").first
        expect(first).to_have_text(f"{told}on this page")
        page.keyboard.press("Enter")

    page.goto(f"{server.url}/console/tables/orders")
    expect(cell(page, 0, 0)).to_be_visible()
    press("filter", "Add filter")
    expect(page.get_by_label("Field", exact=True)).to_be_focused()
    press("drop", "Drop the table…")
    expect(page.get_by_role("dialog", name="Drop")).to_be_visible()
    page.keyboard.press("Escape")
    press("add", "Add")
    page.get_by_role("button", name="Cancel").click()
    with page.expect_download() as saved:
        press("export ndjson", "Export as NDJSON")
    assert saved.value.suggested_filename == "orders.ndjson"
    page.goto(f"{server.url}/console/branches")
    expect(page.get_by_role("button", name="New branch")).to_be_visible()
    press("new branch", "New branch")
    expect(page.get_by_role("dialog", name="New branch")).to_be_visible()


@pytest.mark.long
def test_where_somebody_goes_the_arrows_work_at_once(page, server):
    grid, find = page.get_by_role("grid"), page.get_by_role("searchbox", name="Find a table")
    page.goto(f"{server.url}/console/joins")
    open_palette(page)
    page.keyboard.type("shops")
    page.keyboard.press("Enter")
    expect(grid).to_be_focused()
    expect(cell(page, 1, 0)).to_be_visible()  # before there are rows there is nowhere to go
    page.keyboard.press("ArrowDown")
    expect(cell(page, 1, 0)).to_have_class(re.compile("active"))
    page.keyboard.press("/")
    page.keyboard.type("ord")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/console/tables/orders")
    expect(find).to_have_value("")
    expect(grid).to_be_focused()
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(grid).to_be_focused()
    open_palette(page)
    page.keyboard.type("faults")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Faults on purpose")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Method")).to_be_focused()


@pytest.mark.long
def test_columns_are_sorted_and_resized_at_their_headers(page, server):
    page.goto(f"{server.url}/console/tables/users")
    expect(cell(page, 0, 0)).to_be_visible()
    page.get_by_role("link", name="Skip to the content").press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    email = page.get_by_role("columnheader", name="email")
    expect(page.get_by_role("grid")).to_have_attribute("aria-activedescendant", email.get_attribute("id"))
    page.keyboard.press("Enter")
    expect(email).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Enter")
    expect(email).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    expect(page).to_have_url(f"{server.url}/console/tables/users?sort=-email,full_name")
    expect(cell(page, 0, 1)).not_to_have_text("")  # by which the columns have their widths
    width = email.bounding_box()["width"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    assert email.bounding_box()["width"] == width + 24
    page.keyboard.press("-")
    assert email.bounding_box()["width"] == width
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(cell(page, 1, 1)).to_have_class(re.compile("active"))


@pytest.mark.long
def test_a_menu_closes_when_the_focus_leaves_it(page, server):
    page.goto(f"{server.url}/console/tables/users")
    copy = page.get_by_role("button", name="Copy", exact=True)
    copy.press("Enter")
    expect(page.get_by_role("menuitem", name="as curl")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_focused()


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


PLACES = {
    "its number": lambda page: page.get_by_role("link", name="2: open 2").click(),
    "the grid": lambda page: page.get_by_role("grid").focus(),
    "a header": lambda page: page.get_by_role("columnheader", name="name").get_by_role("button").click(),
    "a tab": lambda page: page.get_by_role("tab", name="History").click(),
    "a button above": lambda page: page.get_by_role("button", name="Live", exact=True).focus(),
    "nothing": lambda page: page.evaluate("document.activeElement.blur()"),
}


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_escape_closes_an_open_record_wherever_the_focus_is(pets, server, place):
    pets.goto(f"{server.url}/console/tables/pets")
    pets.get_by_role("link", name="2: open 2").click()
    expect(pets.get_by_label("Record 2")).to_be_visible()
    PLACES[place](pets)
    pets.keyboard.press("Escape")
    expect(pets.get_by_label("Record 2")).to_have_count(0)
    expect(pets).to_have_url(re.compile(f"^{server.url}/console/tables/pets([?].*)?$"))
    assert pets.evaluate("document.activeElement !== document.body")


ABOVE = {
    "a menu": lambda page: page.get_by_role("button", name="More").click(),
    "a popover": lambda page: page.get_by_role("button", name="Columns").click(),
    "a dialog": lambda page: page.get_by_role("button", name="Add", exact=True).click(),
    "the palette": lambda page: page.keyboard.press("Control+k"),
    "a cell": lambda page: cell(page, 0, 1).dblclick(),
    "a field": lambda page: page.get_by_role("button", name="Edit name").click(),
}


@pytest.mark.long
@pytest.mark.parametrize("place", ABOVE)
def test_escape_leaves_what_is_above_a_record_before_it_closes_that(pets, server, place):
    pets.goto(f"{server.url}/console/tables/pets/records/2")
    expect(pets.get_by_role("tab", name="Fields")).to_be_visible()
    ABOVE[place](pets)
    expect(pets.locator("dialog, .popover, .cell-editor")).to_have_count(1)
    pets.keyboard.press("Escape")
    expect(pets.locator("dialog, .popover, .cell-editor")).to_have_count(0)
    expect(pets.get_by_label("Record 2")).to_be_visible()
    pets.keyboard.press("Escape")
    expect(pets.get_by_label("Record 2")).to_have_count(0)


@pytest.mark.long
def test_what_was_typed_is_given_up_by_escape(pets, server):
    sent = []
    pets.on("request", lambda asked: asked.method == "PUT" and sent.append(asked.url))
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    for open_box in (ABOVE["a cell"], ABOVE["a field"]):
        open_box(pets)
        pets.keyboard.type("typed")
        pets.keyboard.press("Escape")
        expect(pets.locator(".cell-editor")).to_have_count(0)
    cell(pets, 0, 2).dblclick()
    pets.keyboard.type("5")
    pets.keyboard.press("Enter")
    expect(pets.get_by_text("Saved pets 1: age")).to_be_visible()
    assert len(sent) == 1
    assert stored(server, 1)["name"] == "Rex"


@pytest.mark.long
def test_escape_in_the_json_of_a_record_leads_to_the_record_and_then_closes_it(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/2/json")
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 2}')
    text.press("Escape")
    expect(pets.get_by_role("tabpanel")).to_be_focused()
    pets.keyboard.press("Escape")
    expect(pets.get_by_label("Record 2")).to_have_count(0)
    expect(pets.get_by_role("grid")).to_be_focused()


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


@pytest.mark.long
def test_what_is_added_to_a_list_has_the_focus_and_what_is_removed_gives_it_to_its_neighbour(page, server):
    def add(list, times=1):
        for _ in range(times):
            list.press("Enter")

    page.goto(f"{server.url}/console/tables/shops")
    page.get_by_role("button", name="Add", exact=True).click()
    form = page.get_by_role("dialog", name="Add to shops")
    for text in ("steel", "glass"):
        add(form.get_by_role("button", name="Add to tags"))
        page.keyboard.type(text)
    expect(form.get_by_role("textbox", name="tags 1")).to_have_value("steel")
    expect(form.get_by_role("textbox", name="tags 2")).to_be_focused()
    expect(form.get_by_role("textbox", name="tags 2")).to_have_value("glass")
    form.get_by_role("button", name="Remove tags 1").press("Enter")
    expect(form.get_by_role("button", name="Remove tags 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.get_by_role("textbox", name="tags 1")).to_have_count(0)
    expect(form.get_by_role("button", name="Add to tags")).to_be_focused()
    add(form.get_by_role("button", name="Add to opening_hours"))
    expect(form.get_by_role("group", name="opening_hours 1").get_by_label("day")).to_be_focused()

    with server.client() as client:
        client.put("/api/v1/tables/plain", json={"schema": {"properties": {"name": {"type": "string"}}}})
    page.goto(f"{server.url}/console/tables/plain/definition")
    add(page.get_by_role("button", name="Add a field"))
    expect(page.get_by_label("Unique field", exact=True)).to_be_focused()
    page.get_by_role("button", name="need not be unique").press("Enter")
    expect(page.get_by_role("button", name="Add a field")).to_be_focused()
    add(page.get_by_role("button", name="Add an index"), times=2)
    expect(page.get_by_label("Field of the index").nth(1)).to_be_focused()
    page.get_by_role("button", name="New field").press("Enter")
    page.keyboard.type("sign")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Field sign")).to_be_visible()

    page.goto(f"{server.url}/console/tables/shops?name:contains=a&id:contains=o")
    page.get_by_role("button", name="Remove the filter by id").press("Enter")
    expect(page.get_by_role("button", name="Add filter")).to_be_focused()
    add(page.get_by_role("button", name="Add filter"))
    expect(page.get_by_role("combobox", name="Field").nth(1)).to_be_focused()

    page.goto(f"{server.url}/console/groups/shops?group_by=name&group_by=id")
    page.get_by_role("button", name="Remove name").press("Enter")
    expect(page.get_by_role("button", name="Remove id")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Add a field to group by")).to_be_focused()


@pytest.mark.long
def test_who_goes_to_the_end_before_all_are_counted_is_there_once_they_are(page, server):
    held = []
    page.route("**/data/orders?limit=0&count=true", lambda route: held.append(route))
    page.goto(f"{server.url}/console/tables/orders")
    expect(rows(page).nth(2)).to_be_visible()
    page.get_by_role("grid").press("Control+End")
    held[0].continue_()
    expect(page.get_by_role("rowheader", name="6000:")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("complementary")).to_be_visible()
