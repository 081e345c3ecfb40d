"""What somebody typed stays, whatever comes between: a record that is gone, a refusal, a tab, a key that ran out."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows, stored

CHANGED = "Somebody else has changed this record"
REFUSED = re.compile("refused")


def delete(server, key, table="pets"):
    with server.client() as client:
        client.delete(f"/api/v1/data/{table}/{key}").raise_for_status()


@pytest.mark.long
def test_a_record_that_was_deleted_while_one_typed_is_created_again(pets, server):
    cell(pets, 0, 1).dblclick()
    box = pets.get_by_label("name", exact=True)
    box.fill("Max")
    delete(server, 1)
    box.press("Enter")
    expect(cell(pets, 0, 1)).to_have_class(REFUSED)
    pets.keyboard.press("Enter")
    dialog = pets.get_by_role("dialog", name="This record has been deleted")
    expect(dialog.get_by_label("Your version")).to_contain_text('"name": "Max"')
    dialog.get_by_role("button", name="Leave it deleted").click()
    expect(cell(pets, 0, 1)).to_have_text("Max")
    expect(pets.get_by_role("status").get_by_text("no record")).to_be_visible()
    expect(pets.get_by_role("grid")).to_be_focused()
    pets.keyboard.press("Enter")
    expect(box).to_have_value("Max")
    box.press("Enter")
    expect(cell(pets, 0, 1)).to_have_class(REFUSED)
    pets.get_by_role("button", name="Decide").click()
    dialog.get_by_role("button", name="Create it again").click()
    expect(pets.get_by_text("Added 1")).to_be_visible()
    expect(box).to_have_count(0)
    expect_settled(pets)
    assert stored(server, 1) == {"id": 1, "name": "Max", "age": 3, "big": 9007199254740993}


@pytest.mark.long
def test_the_json_of_a_record_that_was_deleted_is_kept_and_stored(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("tab", name="JSON").click()
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 1, "name": "Zed"}')
    pets.get_by_role("tab", name="Fields").click()
    delete(server, 1)
    pets.get_by_role("tab", name="JSON").click()
    expect(text).to_have_value('{"id": 1, "name": "Zed"}')
    pets.get_by_role("button", name="Save").click()
    pets.get_by_role("button", name="Create it again").click()
    expect(pets.get_by_text("Added 1")).to_be_visible()
    assert stored(server, 1) == {"id": 1, "name": "Zed"}


@pytest.mark.long
def test_json_that_one_writes_outlives_a_change_of_the_same_record(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("tab", name="JSON").click()
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 1, "name": "Rex", "age": 8, "big": 9007199254740993}')
    cell(pets, 0, 1).dblclick()
    pets.get_by_label("name", exact=True).fill("Max")
    pets.get_by_label("name", exact=True).press("Enter")
    expect(cell(pets, 0, 1)).to_have_text("Max")
    expect_settled(pets)
    pets.get_by_role("button", name="Save").click()
    expect(pets.get_by_text("Saved pets 1: age")).to_be_visible()
    expect(pets.get_by_text("somebody else")).to_have_count(0)
    assert stored(server, 1) == {"id": 1, "name": "Max", "age": 8, "big": 9007199254740993}


def test_what_the_server_refuses_stays_in_its_cell_with_the_reason(page, server):
    page.goto(f"{server.url}/console/tables/users?sort=age&select=full_name,age")
    cell(page, 0, 0).dblclick()
    box = page.get_by_label("full_name", exact=True)
    box.fill("")
    page.get_by_label("Kind of value").focus()
    box.press("Enter")
    expect(cell(page, 0, 0)).to_have_class(REFUSED)
    page.keyboard.press("Enter")
    expect(box.locator("..").get_by_role("alert")).to_contain_text("At least 1")
    expect(box).to_have_value("")
    box.fill("Zoë")
    box.press("Enter")
    expect(cell(page, 0, 0)).to_have_text("Zoë")


@pytest.mark.long
def test_a_cell_keeps_its_record_when_rows_come_before_it(pets, server):
    pets.goto(f"{server.url}/console/tables/pets?sort=name")
    go_live(pets)
    cell(pets, 1, 1).dblclick()
    box = pets.get_by_label("name", exact=True)
    box.fill("Uma")
    put(server, "pets", {"id": 3, "name": "Ann"})
    expect(rows(pets)).to_have_count(3)
    expect(box).to_have_value("Uma")
    box.press("Enter")
    expect(cell(pets, 2, 1)).to_have_text("Uma")
    expect_settled(pets)
    assert [stored(server, key)["name"] for key in (1, 2, 3)] == ["Rex", "Uma", "Ann"]


@pytest.mark.long
def test_a_record_that_goes_from_sight_while_one_types_asks_for_what_was_typed(pets, server):
    go_live(pets)
    cell(pets, 1, 1).dblclick()
    pets.get_by_label("name", exact=True).fill("Uma")
    delete(server, 2)
    pets.get_by_role("button", name="Decide").click()
    pets.get_by_role("button", name="Create it again").click()
    expect(cell(pets, 1, 1)).to_have_text("Uma")


@pytest.mark.long
def test_the_form_and_the_json_of_a_new_record_are_the_same_text(pets, server):
    pets.get_by_role("button", name="Add", exact=True).click()
    dialog = pets.get_by_role("dialog", name="Add to pets")
    dialog.get_by_role("tab", name="JSON").click()
    dialog.get_by_label("The record").fill('{"id": 7, "name": "Kim", "extra": 12345678901234567}')
    dialog.get_by_role("tab", name="Form").click()
    expect(dialog.get_by_label("name", exact=True)).to_have_value("Kim")
    dialog.get_by_role("button", name="Add the record").click()
    expect(pets.get_by_text("Added 7")).to_be_visible()
    assert stored(server, 7) == {"id": 7, "name": "Kim", "extra": 12345678901234567}


@pytest.mark.long
def test_a_key_that_ran_out_is_asked_for_above_what_was_typed(pets, server):
    refused = {"status": 401, "content_type": "application/problem+json", "body": '{"title": "Key needed", "code": "unauthorized"}'}  # fmt: skip
    pets.goto(f"{server.url}/console/tables/pets/definition")
    schema = pets.get_by_label("JSON Schema of a record")
    schema.fill("{}")
    pets.route("**/api/v1/**", lambda route: route.fulfill(**refused))
    pets.get_by_role("button", name="Save the definition").click()
    key = pets.get_by_role("dialog", name="This server asks for a key").get_by_label("Key")
    pets.unroute("**/api/v1/**")
    key.fill("new")
    key.press("Enter")
    expect(key).to_have_count(0)
    expect(schema).to_have_value("{}")


def conflict(page, server):
    """Type a name that somebody else changes meanwhile, and open its cell once it waits in red."""
    cell(page, 0, 1).dblclick()
    box = page.get_by_label("name", exact=True)
    box.fill("Max")
    put(server, "pets", {"id": 1, "name": "Kim", "age": 3})
    box.press("Enter")
    expect(cell(page, 0, 1)).to_have_class(REFUSED)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=CHANGED)
    expect(dialog.get_by_role("radio").first).to_be_focused()
    return dialog


def test_a_conflict_that_nobody_decides_leaves_the_text_and_the_focus_in_the_cell(pets, server):
    dialog = conflict(pets, server)
    pets.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(cell(pets, 0, 1)).to_have_class(REFUSED)
    expect(cell(pets, 0, 1)).to_have_text("Max")
    expect(pets.get_by_role("grid")).to_be_focused()
    expect(pets.get_by_role("status").get_by_text("not saved yet")).to_be_visible()
    pets.keyboard.press("Enter")
    dialog.get_by_role("button", name="Save what is chosen").click()
    expect(cell(pets, 0, 1)).to_have_text("Max")
    expect_settled(pets)
    assert stored(server, 1)["name"] == "Max"


@pytest.mark.long
def test_both_versions_are_seen_whole_on_a_small_screen(pets, server):
    pets.set_viewport_size({"width": 400, "height": 800})
    dialog = conflict(pets, server)
    versions = dialog.get_by_role("region", name="Both versions")
    assert versions.evaluate("box => box.scrollWidth <= box.clientWidth")
    for version in ("Rex", "Max", "Kim"):
        expect(versions.get_by_text(version, exact=True)).to_be_in_viewport(ratio=1)
    dialog.get_by_label("Theirs for name").check()
    dialog.get_by_role("button", name="Save what is chosen").click()
    expect(cell(pets, 0, 1)).to_have_text("Kim")


@pytest.mark.long
def test_a_cell_that_is_left_shows_what_is_stored_and_the_arrows_go_on(pets, server):
    dialog = conflict(pets, server)
    dialog.get_by_role("button", name="Leave it as it is now").click()
    expect(cell(pets, 0, 1)).to_have_text("Kim")
    expect(pets.get_by_role("grid")).to_be_focused()
    pets.keyboard.press("ArrowDown")
    pets.keyboard.press("Enter")
    expect(pets.get_by_label("name", exact=True)).to_have_value("Tom")


@pytest.mark.long
def test_a_field_of_the_panel_asks_again_until_somebody_decides(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("button", name="Edit name").click()
    box = pets.get_by_label("name", exact=True)
    box.fill("Max")
    put(server, "pets", {"id": 1, "name": "Kim", "age": 3})
    for _ in range(2):
        box.press("Enter")
        expect(pets.get_by_role("dialog", name=CHANGED)).to_be_visible()
        pets.keyboard.press("Escape")
        expect(box).to_be_focused()
    assert stored(server, 1)["name"] == "Kim"


@pytest.mark.long
def test_a_conflict_that_comes_below_a_form_leaves_it_as_it_is(pets, server):
    held = []
    pets.route("**/data/pets/1", lambda route: held.append(route) if not held else route.continue_())
    cell(pets, 0, 1).dblclick()
    pets.get_by_label("name", exact=True).fill("Max")
    pets.get_by_role("button", name="Add", exact=True).click()
    form = pets.get_by_role("dialog", name="Add to pets")
    expect(form.get_by_label("id", exact=True)).to_be_focused()
    form.get_by_label("name", exact=True).fill("Zed")
    put(server, "pets", {"id": 1, "name": "Kim", "age": 3})
    held[0].continue_()
    expect(pets.get_by_text("name of pets 1 was not saved")).to_be_visible()
    expect(pets.get_by_role("dialog", name=CHANGED)).to_have_count(0)
    expect(form.get_by_label("name", exact=True)).to_have_value("Zed")
    expect(form.get_by_label("name", exact=True)).to_be_focused()


@pytest.mark.long
def test_json_that_one_writes_is_there_when_one_comes_back_and_the_browser_asks_before_the_page_goes(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("tab", name="JSON").click()
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 1, "name": "Zed"}')
    pets.get_by_role("link", name="2: open 2").click()
    expect(pets.get_by_label("Record 2")).to_contain_text("Tom")
    pets.go_back()
    expect(text).to_have_value('{"id": 1, "name": "Zed"}')
    asked = []
    pets.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    pets.reload()
    assert asked == ["beforeunload"]


def test_a_form_that_is_left_by_escape_is_there_again_until_it_is_stored_or_cancelled(pets, server):
    add = pets.get_by_role("button", name="Add", exact=True)
    name = pets.get_by_role("dialog", name="Add to pets").get_by_label("name", exact=True)
    add.click()
    name.fill("Kim")
    pets.keyboard.press("Escape")
    add.click()
    expect(name).to_have_value("Kim")
    pets.get_by_role("button", name="Add the record").click()
    expect(pets.get_by_text("Added ")).to_be_visible()
    add.click()
    expect(name).to_have_value("")
    name.fill("Uma")
    pets.get_by_role("button", name="Cancel").click()
    add.click()
    expect(name).to_have_value("")


@pytest.mark.long
def test_a_definition_that_one_writes_stays_until_it_is_stored_or_discarded(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/definition")
    most = pets.get_by_label("Records at the most")
    most.fill("7")
    pets.get_by_role("link", name="Back to pets").click()
    pets.go_back()
    expect(most).to_have_value("7")
    pets.get_by_role("button", name="Discard").click()
    expect(most).to_have_value("")
    most.fill("8")
    pets.get_by_role("button", name="Save the definition").click()
    expect(pets.get_by_text("pets is defined so now")).to_be_visible()
    expect(most).to_have_value("8")
    expect(pets.get_by_role("button", name="Discard")).to_have_count(0)
