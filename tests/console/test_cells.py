"""Cells that are edited one after the other by the keyboard, however long the server takes to store them."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows, stored

NAMES = [f"c{at}" for at in range(3)]


@pytest.fixture
def slow(page, server):
    """Open a table of numbers, of which each change takes a while."""
    put(server, "numbers", *({"id": id, **dict.fromkeys(NAMES, id)} for id in range(1, 6)))
    with server.client() as client:
        rule = {"table": "numbers", "method": "PUT", "delay_ms": 150}
        client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()
        page.goto(f"{server.url}/console/tables/numbers")
        expect(rows(page)).to_have_count(5)
        page.get_by_role("grid").focus()
        yield page
        client.delete("/api/v1/faults").raise_for_status()
        client.delete("/api/v1/tables/numbers").raise_for_status()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def write(page, text, end="Enter"):
    """Put a text into the cell that has the keys, with no pause between them."""
    press(page, "Enter", "ControlOrMeta+a", *text, end)


def expect_stored(page, server, column, values):
    expect_settled(page)
    assert [stored(server, id, "numbers")[column] for id in range(1, 6)] == values


def test_a_column_of_values_is_written_by_keys_that_wait_for_nothing(slow, server):
    press(slow, "ArrowRight")
    for value in range(101, 106):
        write(slow, str(value))
        press(slow, "ArrowDown")
    expect(cell(slow, 0, 1)).to_have_text("101")
    expect_stored(slow, server, "c0", [101, 102, 103, 104, 105])


@pytest.mark.long
def test_a_cell_that_is_being_stored_shows_its_new_value_and_can_be_changed_again(slow, server):
    held = []
    slow.route("**/data/numbers/1", lambda route: route.continue_() if held else held.append(route))
    press(slow, "ArrowRight")
    for value in (7, 8, 9):
        write(slow, str(value))
        expect(cell(slow, 0, 1)).to_have_text(str(value))
        expect(cell(slow, 0, 1)).to_have_attribute("aria-busy", "true")
        expect(slow.get_by_role("grid")).to_be_focused()
    held[0].continue_()
    expect_stored(slow, server, "c0", [9, 2, 3, 4, 5])
    expect(slow.get_by_role("dialog")).to_have_count(0)
    press(slow, "Control+z")
    expect(slow.get_by_text("Undone numbers 1: c0")).to_be_visible()
    expect_stored(slow, server, "c0", [8, 2, 3, 4, 5])


@pytest.mark.long
@pytest.mark.parametrize("words", ["", "?select=id,c0,c1,c2"])
def test_tab_stores_and_goes_to_the_next_cell_and_shift_tab_back(slow, server, words):
    slow.goto(f"{server.url}/console/tables/numbers{words}")
    expect(rows(slow)).to_have_count(5)
    slow.get_by_role("grid").focus()
    press(slow, "ArrowRight", "Enter", "ControlOrMeta+a", *"71", "Tab")
    expect(slow.get_by_label("c1", exact=True)).to_be_focused()
    press(slow, "ControlOrMeta+a", *"72", "Tab", "ControlOrMeta+a", *"73", "Shift+Tab", "Enter")
    expect(cell(slow, 0, 2)).to_have_class(re.compile("active"))
    expect(slow.get_by_role("grid")).to_be_focused()
    expect_settled(slow)
    assert stored(server, 1, "numbers") == {"id": 1, "c0": 71, "c1": 72, "c2": 73}


@pytest.mark.long
def test_tab_goes_on_in_the_next_row_and_a_wrong_value_keeps_it(slow, server):
    press(slow, "End", "Enter", "x", "Tab")
    box = slow.get_by_label("c2", exact=True)
    expect(slow.get_by_role("alert")).to_contain_text("This is no JSON number")
    expect(box).to_be_focused()
    press(slow, "Backspace", "1", "Tab")
    expect(cell(slow, 1, 0)).to_have_class(re.compile("active"))
    expect(slow.get_by_role("grid")).to_be_focused()
    expect_stored(slow, server, "c2", [1, 2, 3, 4, 5])


@pytest.mark.long
def test_f2_goes_to_the_kind_of_a_value_and_back(slow, server):
    press(slow, "ArrowRight", "F2", "F2")
    kind = slow.get_by_label("Kind of value")
    expect(kind).to_be_focused()
    press(slow, "F2")
    expect(slow.get_by_label("c0", exact=True)).to_be_focused()
    press(slow, "F2", "ArrowDown", "ArrowDown")  # past true or false, of which there is a list of its own
    expect(kind).to_be_focused()
    expect(kind).to_have_value("null")
    press(slow, "Tab")
    expect(slow.get_by_label("c1", exact=True)).to_be_focused()
    press(slow, "Escape")
    expect_stored(slow, server, "c0", [None, 2, 3, 4, 5])


@pytest.mark.long
def test_escape_in_the_grid_closes_the_record_that_it_opened(slow):
    panel = slow.get_by_role("complementary", name="Record 2")
    press(slow, "ArrowDown", "Space")
    expect(panel).to_be_visible()
    expect(slow.get_by_role("grid")).to_be_focused()
    press(slow, "Escape")
    expect(panel).to_have_count(0)
    expect(cell(slow, 1, 0)).to_have_class(re.compile("active"))


@pytest.mark.long
def test_undo_is_of_what_is_still_being_stored(slow, server):
    press(slow, "ArrowRight")
    write(slow, "11")
    expect(slow.get_by_text("Saved numbers 1: c0")).to_be_visible()
    held = []
    slow.route("**/data/numbers/2", lambda route: route.continue_() if held else held.append(route))
    press(slow, "ArrowDown")
    write(slow, "12")
    press(slow, "ArrowDown")
    write(slow, "13")
    press(slow, "Control+z", "Control+z")
    expect(slow.get_by_text("Undone numbers 3: c0")).to_be_visible()
    held[0].continue_()
    expect(slow.get_by_text("Undone numbers 2: c0")).to_be_visible()
    expect_stored(slow, server, "c0", [11, 2, 3, 4, 5])


def refuse(server):
    rule = {"table": "numbers", "method": "PUT", "delay_ms": 150, "status": 507, "count": 1}
    with server.client() as client:
        client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()


def expect_refused(page, row, column):
    """A cell waits in red, with its reason, and the grid has the keys."""
    expect(cell(page, row, column)).to_have_class(re.compile("refused"))
    expect(cell(page, row, column)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("grid")).to_be_focused()


def test_a_refusal_waits_until_its_cell_is_opened_with_what_was_typed(slow, server):
    refuse(server)
    press(slow, "ArrowRight")
    write(slow, "77")
    expect_refused(slow, 0, 1)
    press(slow, "Enter")
    box = slow.get_by_label("c0", exact=True)
    expect(box).to_be_focused()
    expect(box).to_have_value("77")
    expect(slow.get_by_role("alert")).to_be_visible()
    press(slow, "Enter")
    expect_stored(slow, server, "c0", [77, 2, 3, 4, 5])


@pytest.mark.long
def test_a_refusal_that_comes_at_once_shifts_nothing_that_is_typed_after_it(slow, server):
    rule = {"table": "numbers", "method": "PUT", "status": 507, "count": 1}
    with server.client() as client:
        client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()
    press(slow, "ArrowRight")
    write(slow, "11")
    expect_refused(slow, 0, 1)
    for value in ("12", "13"):
        press(slow, "ArrowDown")
        write(slow, value)
    expect_stored(slow, server, "c0", [1, 12, 13, 4, 5])
    slow.get_by_role("button", name="What I typed").click()
    expect(slow.get_by_label("c0", exact=True)).to_have_value("11")
    press(slow, "Enter")
    expect_stored(slow, server, "c0", [11, 12, 13, 4, 5])


@pytest.mark.long
@pytest.mark.parametrize("how", [{"drop": True}, {"status": 504}, {"status": 503}], ids=str)
def test_a_cell_whose_answer_is_lost_is_saved_and_can_be_undone(slow, server, how):
    rule = {"table": "numbers", "method": "PUT", "after_commit": True, "count": 1}
    with server.client() as client:
        client.put("/api/v1/faults", json={"rules": [rule | how]}).raise_for_status()
    press(slow, "ArrowRight")
    write(slow, "61")
    expect(slow.get_by_text("Saved numbers 1: c0")).to_be_visible()
    expect_stored(slow, server, "c0", [61, 2, 3, 4, 5])
    press(slow, "Control+z")
    expect(slow.get_by_text("Undone numbers 1: c0")).to_be_visible()
    expect_stored(slow, server, "c0", [1, 2, 3, 4, 5])


@pytest.mark.long
def test_a_cell_of_which_nobody_knows_whether_it_is_stored_says_so(slow, server):
    asked = []

    def lose(route):
        asked.append(route.request.method)
        if asked == ["GET"]:
            route.continue_()
        elif route.request.method == "PUT":
            route.fetch()
            route.fulfill(status=504, body="")
        else:
            route.fulfill(status=500, body="")

    slow.route("**/data/numbers/1", lose)
    press(slow, "ArrowRight")
    write(slow, "61")
    expect(slow.get_by_text("Whether c0 of numbers 1 is saved is not known")).to_be_visible()
    expect_refused(slow, 0, 1)
    assert asked == ["GET", "PUT", "GET"]
    slow.unroute("**/data/numbers/1")
    press(slow, "Enter", "Escape")
    expect(cell(slow, 0, 1)).to_have_text("61")
    expect(slow.get_by_role("grid")).to_be_focused()


@pytest.mark.long
def test_a_conflict_takes_no_keys_of_another_cell(slow, server):
    with server.client() as client:
        client.patch("/api/v1/data/numbers/1", json={"c0": 50}).raise_for_status()
    press(slow, "ArrowRight")
    write(slow, "51")
    press(slow, "ArrowDown", "Enter", "ControlOrMeta+a", "5")
    expect(slow.get_by_text("c0 of numbers 1 was not saved")).to_be_visible()
    press(slow, "2", "Enter")
    expect_refused(slow, 0, 1)
    expect_stored(slow, server, "c0", [50, 52, 3, 4, 5])
    press(slow, "ArrowUp", "Enter")
    slow.get_by_role("button", name="Save what is chosen").click()
    expect_stored(slow, server, "c0", [51, 52, 3, 4, 5])
    expect(slow.get_by_role("grid")).to_be_focused()


@pytest.mark.long
def test_a_refusal_takes_no_keys_of_another_cell_and_keeps_what_was_typed(slow, server):
    refuse(server)
    press(slow, "ArrowRight")
    write(slow, "77")
    press(slow, "ArrowDown", "Enter", "ControlOrMeta+a")
    box = slow.get_by_label("c0", exact=True)
    expect(slow.get_by_text("c0 of numbers 1 was not saved")).to_be_visible()
    expect(box).to_have_value("2")
    press(slow, *"88", "Enter")
    slow.get_by_role("link", name="All tables").first.click()
    slow.get_by_role("link", name="numbers").first.click()
    expect(cell(slow, 0, 1)).to_have_class(re.compile("refused"))
    expect(cell(slow, 0, 1)).to_have_text("77")
    cell(slow, 0, 1).dblclick()
    expect(box).to_have_value("77")
    press(slow, "Enter")
    expect_stored(slow, server, "c0", [77, 88, 3, 4, 5])
    expect(slow.get_by_text("c0 of numbers 1 was not saved")).to_have_count(0)


@pytest.mark.long
def test_what_was_refused_is_given_up_by_escape(slow, server):
    refuse(server)
    press(slow, "ArrowRight")
    write(slow, "77")
    expect_refused(slow, 0, 1)
    press(slow, "Enter")
    expect(slow.get_by_label("c0", exact=True)).to_be_focused()
    press(slow, "Escape")
    expect(cell(slow, 0, 1)).to_have_text("1")
    expect(slow.locator(".cell.refused")).to_have_count(0)
    expect_stored(slow, server, "c0", [1, 2, 3, 4, 5])


@pytest.mark.long
def test_what_others_change_while_one_types_is_told_though_cells_are_being_stored(slow, server):
    go_live(slow)
    slow.get_by_role("grid").focus()
    press(slow, "ArrowRight")
    write(slow, "50")
    press(slow, "ArrowRight", "Enter", "ControlOrMeta+a", *"60")
    expect_settled(slow)
    with server.client() as client:
        client.patch("/api/v1/data/numbers/1", json={"c1": 61}).raise_for_status()
    press(slow, "Enter")
    expect_refused(slow, 0, 2)
    press(slow, "Enter")
    expect(slow.get_by_role("dialog", name="Somebody else has changed this record")).to_be_visible()
    slow.get_by_role("button", name="Save what is chosen").click()
    expect_stored(slow, server, "c1", [60, 2, 3, 4, 5])
    assert stored(server, 1, "numbers")["c0"] == 50


@pytest.fixture
def followed(slow, server):
    """Sort the numbers, follow what others change, and be at the first field of the third."""
    slow.goto(f"{server.url}/console/tables/numbers?sort=c0")
    expect(rows(slow)).to_have_count(5)
    go_live(slow)
    slow.get_by_role("grid").focus()
    press(slow, "ArrowRight", "ArrowDown", "ArrowDown")
    return slow


def delete(server, id):
    with server.client() as client:
        client.delete(f"/api/v1/data/numbers/{id}").raise_for_status()


def test_the_cursor_goes_with_its_record_where_rows_come_and_go(followed, server):
    delete(server, 1)
    expect(rows(followed)).to_have_count(4)
    write(followed, "33", "Tab")
    put(server, "numbers", {"id": 0, "c0": 0}, {"id": 1, "c0": 1})
    expect(rows(followed)).to_have_count(6)
    press(followed, "ControlOrMeta+a", *"34", "Enter")
    expect(cell(followed, 5, 1)).to_have_text("33")  # the last by now
    press(followed, "ArrowUp", "ArrowUp")
    write(followed, "44")
    expect_settled(followed)
    with server.client() as client:
        found = client.get("/api/v1/data/numbers?sort=id&select=c0,c1").json()["data"]
    assert [tuple(each.values()) for each in found] == [(0,), (1,), (2, 2), (33, 34), (4, 44), (5, 5)]


@pytest.mark.long
def test_a_key_changes_nothing_in_the_place_of_a_record_that_is_gone(followed, server):
    delete(server, 3)
    expect(rows(followed)).to_have_count(4)
    press(followed, "Enter")
    expect(followed.get_by_text("3 is not here any more")).to_be_visible()
    expect(followed.get_by_role("textbox", name="c0", exact=True)).to_have_count(0)
    write(followed, "44")
    delete(server, 4)
    expect(rows(followed)).to_have_count(3)
    press(followed, "ArrowDown")
    write(followed, "55")
    expect_settled(followed)
    assert stored(server, 5, "numbers")["c0"] == 55


@pytest.mark.long
def test_what_is_in_objects_and_arrays_is_edited_where_it_stands(page, server):
    put(server, "deep", {"id": 1, "a": {"b.c": [1, {"d": 9007199254740993}], "": "x"}, "tags": ["one", "two"]})
    page.goto(f"{server.url}/console/tables/deep/records/1")
    panel = page.get_by_role("complementary", name="Record 1")

    def edit(path, text, kind=None):
        panel.get_by_role("button", name=f"Edit {path}", exact=True).click()
        if kind:
            panel.get_by_label("Kind of value").focus()
            panel.get_by_label("Kind of value").select_option(kind)
        elif text:
            panel.get_by_label(path, exact=True).fill(text)
        panel.get_by_label(path, exact=True).press("Enter")
        expect(panel.get_by_label(path, exact=True)).to_have_count(0)

    for _ in range(4):
        panel.locator(".twig[aria-expanded=false]").first.click()
    edit(r"a.b\.c.1.d", "9007199254740995")
    edit(r"a.b\.c.0", None, "null")
    edit('a.""', "y")
    edit("tags.0", None, "missing")
    assert stored(server, 1, "deep") == {
        "id": 1,
        "a": {"b.c": [None, {"d": 9007199254740995}], "": "y"},
        "tags": ["two"],
    }
    page.get_by_role("button", name="Undo").last.click()
    expect(panel.get_by_role("button", name="Edit tags.1")).to_be_visible()
    edit("tags", '["three"]')
    panel.get_by_role("button", name="1 element").click()
    panel.get_by_role("button", name="Edit tags.0").click()
    box = panel.get_by_label("tags.0", exact=True)
    box.fill("four")
    put(server, "deep", {"id": 1, "a": 5, "tags": ["three"]})
    box.press("Enter")
    expect(page.get_by_text("with what somebody else had changed: a")).to_be_visible()
    assert stored(server, 1, "deep") == {"id": 1, "a": 5, "tags": ["four"]}
    edit("a", None, "boolean")
    assert stored(server, 1, "deep")["a"] is True


@pytest.mark.long
def test_a_part_of_a_model_takes_what_its_model_says(page, server):
    before = stored(server, "lyon-1", "shops")
    page.goto(f"{server.url}/console/tables/shops/records/lyon-1")
    panel = page.get_by_role("complementary", name="Record lyon-1")
    panel.locator(".member", has_text="address").get_by_role("button", name=re.compile("member")).click()
    panel.get_by_role("button", name="Edit address.country").click()
    box = panel.get_by_label("address.country", exact=True)
    box.fill("France")
    box.press("Enter")
    expect(panel.get_by_role("alert")).to_be_visible()
    box.fill("CH")
    box.press("Enter")
    expect(page.get_by_text("Saved shops lyon-1: address")).to_be_visible()
    assert stored(server, "lyon-1", "shops") == before | {"address": before["address"] | {"country": "CH"}}
    page.get_by_role("button", name="Undo").click()
    expect(panel.get_by_text("FR", exact=True)).to_be_visible()


@pytest.mark.long
def test_the_panel_of_a_record_is_widened_by_its_edge_and_stays_so(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    panel, edge = pets.get_by_role("complementary"), pets.get_by_role("separator", name="Width of the record")
    before = panel.bounding_box()["width"]
    box = edge.bounding_box()
    pets.mouse.move(box["x"] + 4, box["y"] + 300)
    pets.mouse.down()
    pets.mouse.move(box["x"] - 196, box["y"] + 300)
    pets.mouse.up()
    dragged = panel.bounding_box()["width"]
    assert abs(dragged - before - 200) < 6
    edge.press("ArrowRight")
    pets.reload()
    expect(panel).to_be_visible()
    assert panel.bounding_box()["width"] == dragged - 24
    for _ in range(40):
        edge.press("ArrowLeft")
    close = pets.get_by_role("button", name="Close").last
    for width in (1000, 900, 761):
        pets.set_viewport_size({"width": width, "height": 800})
        box = close.bounding_box()
        assert box["x"] + box["width"] <= width, "what it has at its right can be reached"
    pets.set_viewport_size({"width": 400, "height": 800})
    assert panel.bounding_box()["width"] == 400
