"""Records: changed in place, merged when two change them, added by a form, and undone."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows, stored


def test_a_cell_is_changed_in_place_and_undone(pets, server):
    cell(pets, 0, 2).dblclick()
    pets.get_by_label("age", exact=True).fill("4")
    pets.keyboard.press("Enter")
    expect(cell(pets, 0, 2)).to_have_text("4")
    expect_settled(pets)
    assert stored(server, 1) == {"id": 1, "name": "Rex", "age": 4, "big": 9007199254740993}
    pets.get_by_role("button", name="Undo").click()
    expect(cell(pets, 0, 2)).to_have_text("3")
    assert stored(server, 1)["age"] == 3


@pytest.mark.long
def test_null_and_missing_are_chosen_and_a_wrong_value_is_not_sent(pets, server):
    cell(pets, 0, 2).dblclick()
    pets.get_by_label("age", exact=True).fill("four")
    pets.keyboard.press("Enter")
    expect(pets.get_by_text("This is no JSON number")).to_be_visible()
    pets.get_by_label("Kind of value").select_option("null")
    pets.get_by_label("Kind of value").press("Enter")
    expect(cell(pets, 0, 2)).to_have_text("null")
    expect_settled(pets)
    assert stored(server, 1)["age"] is None
    cell(pets, 0, 2).dblclick()
    pets.get_by_label("Kind of value").select_option("nothing")
    pets.get_by_label("Kind of value").press("Enter")
    expect(cell(pets, 0, 2)).to_have_text("·")
    expect_settled(pets)
    assert "age" not in stored(server, 1)


@pytest.mark.long
def test_what_two_change_apart_is_merged(pets, server):
    put(server, "pets", {"id": 1, "name": "Rex", "age": 3, "big": 1, "tag": "new"})
    cell(pets, 0, 1).dblclick()
    pets.get_by_label("name", exact=True).fill("Max")
    pets.keyboard.press("Enter")
    expect(pets.get_by_text("with what somebody else had changed: big, tag")).to_be_visible()
    assert stored(server, 1) == {"id": 1, "name": "Max", "age": 3, "big": 1, "tag": "new"}


def test_a_conflict_shows_both_versions_and_lets_one_choose(pets, server):
    put(server, "pets", {"id": 1, "name": "Ann", "age": 9, "big": 1})
    pets.get_by_role("rowheader").first.get_by_role("link").click(force=True)
    pets.get_by_role("tab", name="JSON").click()
    text = pets.get_by_label("The record as JSON")
    expect(text).to_have_value('{\n  "id": 1,\n  "name": "Ann",\n  "age": 9,\n  "big": 1\n}')
    text.fill('{"id": 1, "name": "Max", "age": 5, "big": 1}')
    put(server, "pets", {"id": 1, "name": "Eve", "age": 9, "big": 2})
    pets.get_by_role("button", name="Save").click()
    dialog = pets.get_by_role("dialog", name="Somebody else has changed this record")
    for word in ("Ann", "Max", "Eve", "both changed it"):
        expect(dialog).to_contain_text(word)
    dialog.get_by_label("Theirs for name").check()
    dialog.get_by_role("button", name="Save what is chosen").click()
    expect(dialog).to_have_count(0)
    expect(pets.get_by_text("with what somebody else had changed: big")).to_be_visible()
    assert stored(server, 1) == {"id": 1, "name": "Eve", "age": 5, "big": 2}


def test_a_form_is_made_of_the_model_and_shows_each_fault_at_its_field(page, server):
    page.goto(f"{server.url}/console/tables/users")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Add to users")
    dialog.get_by_label("email required").fill("nonsense")
    dialog.get_by_label("full_name required").fill("Zoë Zed")
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog.get_by_text("one fault")).to_be_visible()
    dialog.get_by_label("email required").fill("zoe@example.com")
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    with server.client() as client:
        [made] = client.get("/api/v1/data/users?email=zoe@example.com").json()["data"]
    assert made["age"] is None
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Deleted")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/v1/data/users?email=zoe@example.com").json()["data"] == []


@pytest.mark.long
def test_a_record_is_duplicated_and_deleted_and_comes_back(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("button", name="Record", exact=True).click()
    pets.get_by_role("menuitem", name="Duplicate").click()
    pets.get_by_role("button", name="Add the record").click()
    expect(rows(pets)).to_have_count(3)
    pets.get_by_role("button", name="Record", exact=True).click()
    pets.get_by_role("menuitem", name="Delete").click()
    expect(rows(pets)).to_have_count(2)
    pets.get_by_text("Deleted 1").locator("../..").get_by_role("button", name="Undo").click()
    expect(rows(pets)).to_have_count(3)
    assert stored(server, 1)["big"] == 9007199254740993


@pytest.mark.long
def test_all_that_a_filter_finds_is_changed_after_it_was_counted_and_undone(pets, server):
    pets.goto(f"{server.url}/console/tables/pets?name:in=Rex,Tom")
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Change all that are found").click()
    pets.get_by_label("What is merged into each").fill('{"seen": true}')
    pets.get_by_role("button", name="Change 2 records").click()
    expect(pets.get_by_text("Changed 2 records")).to_be_visible()
    assert stored(server, 2)["seen"] is True
    pets.get_by_role("button", name="Undo").click()
    expect(pets.get_by_text("Restored 2 records")).to_be_visible()
    assert "seen" not in stored(server, 2)
    pets.goto(f"{server.url}/console/tables/pets?name=Tom")
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Delete all that are found").click()
    pets.get_by_role("button", name="Delete 1 record").click()
    expect(pets.get_by_text("No record satisfies this filter")).to_be_visible()
    assert stored(server, 2)["code"] == "record-not-found"


@pytest.mark.long
def test_a_table_is_emptied_after_its_records_were_counted_and_filled_again(pets, server):
    pets.goto(f"{server.url}/console/tables/pets?name=Tom")
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Empty the table").click()
    expect(pets.get_by_role("dialog")).to_contain_text("this is about all 2 records of the table.")
    pets.get_by_role("button", name="Delete 2 records").click()
    expect(pets.get_by_text("Deleted 2 records")).to_be_visible()
    assert stored(server, 1)["code"] == "record-not-found"
    pets.get_by_role("button", name="Clear", exact=True).click()
    expect(pets.get_by_text("pets has no records")).to_be_visible()
    pets.get_by_role("button", name="Undo").click()
    expect(pets.get_by_text("Restored 2 records")).to_be_visible()
    assert stored(server, 1)["big"] == 9007199254740993


@pytest.mark.long
def test_the_undo_of_a_change_of_many_spares_what_others_have_changed_since(pets, server):
    pets.goto(f"{server.url}/console/tables/pets?name:in=Rex,Tom")
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Change all that are found").click()
    pets.get_by_label("What is merged into each").fill('{"seen": true}')
    pets.get_by_role("button", name="Change 2 records").click()
    pets.get_by_text("Changed 2 records").wait_for()
    pets.wait_for_load_state("networkidle")
    put(server, "pets", stored(server, 1) | {"age": 99}, {"id": 2, "name": "Tom", "seen": "twice"})
    pets.get_by_role("button", name="Undo").click()
    expect(pets.get_by_text("Restored 1 record; 1 is not yet: somebody else has changed it since")).to_be_visible()
    assert ("seen" in stored(server, 1), stored(server, 1)["age"]) == (False, 99)
    assert stored(server, 2)["seen"] == "twice"


@pytest.mark.long
def test_the_history_of_a_record_is_told_since_the_browser_looked_first(pets, server):
    expect(pets.get_by_role("grid")).to_be_visible()
    pets.wait_for_function("Object.keys(localStorage).some((name) => name.startsWith('ramekin.history'))")
    put(server, "pets", {"id": 1, "name": "Max", "age": 3, "big": 9007199254740993})
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("tab", name="History").click()
    told = pets.get_by_role("tabpanel")
    expect(told).to_contain_text("replace")
    expect(told).to_contain_text("Max")
    pets.evaluate("""() => {
        const [name] = Object.keys(localStorage).filter((each) => each.startsWith('ramekin.history'));
        localStorage.setItem(name, JSON.stringify({ position: "1a2b-1", at: "2020-01-01T00:00:00Z" }));
    }""")
    pets.reload()
    pets.get_by_role("tab", name="History").click()
    expect(told).to_contain_text("nothing")


@pytest.mark.long
def test_an_open_record_and_its_history_follow_what_others_do(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    told = pets.get_by_role("tabpanel")
    go_live(pets)
    put(server, "pets", {"id": 1, "name": "Max", "age": 3})
    expect(told).to_contain_text("Max")
    pets.get_by_role("tab", name="JSON").click()
    put(server, "pets", {"id": 1, "name": "Kim", "age": 3})
    expect(pets.get_by_label("The record as JSON")).to_have_value('{\n  "id": 1,\n  "name": "Kim",\n  "age": 3\n}')
    pets.get_by_role("tab", name="History").click()
    expect(told.get_by_role("listitem").first).to_contain_text("Kim")
    before = told.get_by_role("listitem").count()
    put(server, "pets", {"id": 1, "name": "Zoe", "age": 3})
    expect(told.get_by_role("listitem").first).to_contain_text("Kim → Zoe")
    with server.client() as client:
        client.delete("/api/v1/data/pets/1").raise_for_status()
    expect(pets.get_by_text("It may have been deleted, or have expired.")).to_be_visible()
    expect(told.get_by_role("listitem").first).to_contain_text("delete")
    expect(told.get_by_role("listitem")).to_have_count(before + 2)
    put(server, "pets", {"id": 1, "name": "Rex"})
    expect(pets.get_by_text("It may have been deleted")).to_have_count(0)


@pytest.mark.long
def test_what_one_types_stays_and_is_told_of_a_change_by_another(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    go_live(pets)
    pets.get_by_role("button", name="Edit name").click()
    box = pets.get_by_label("name", exact=True)
    box.fill("Max")
    put(server, "pets", {"id": 1, "name": "Kim", "age": 3})
    expect(pets.get_by_text("It has been changed since you began: Kim")).to_be_visible()
    expect(box).to_have_value("Max")
    box.press("Escape")
    expect(pets.get_by_role("tabpanel")).to_contain_text("Kim")
    pets.get_by_role("tab", name="JSON").click()
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 1}')
    put(server, "pets", {"id": 1, "name": "Zoe"})
    expect(pets.get_by_text("The record has been changed since you began.")).to_be_visible()
    expect(text).to_have_value('{"id": 1}')
    pets.get_by_role("button", name="Discard").click()
    expect(text).to_have_value('{\n  "id": 1,\n  "name": "Zoe"\n}')
    expect(pets.get_by_text("The record has been changed")).to_have_count(0)


@pytest.mark.long
def test_the_tab_of_a_record_is_in_its_address(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/1?age=3")
    pets.get_by_role("tab", name="Links").click()
    expect(pets).to_have_url(f"{server.url}/console/tables/pets/records/1/links?age=3")
    pets.reload()
    expect(pets.get_by_role("tab", name="Links")).to_have_attribute("aria-selected", "true")
    expect(pets.get_by_role("tabpanel")).to_contain_text("It is named by")
    pets.get_by_role("button", name="Clear").click()
    expect(pets).to_have_url(f"{server.url}/console/tables/pets/records/1/links")


@pytest.mark.long
def test_a_reference_of_another_name_leads_by_the_id_that_it_has(pets, server):
    put(server, "pets", {"id": 1, "parent_id": 2, "owner_id": "2", "walkerId": 99})
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    pets.get_by_role("tab", name="Links").click()
    links = pets.get_by_role("tabpanel").get_by_role("link")
    expect(links).to_have_text(["parent_id → pets 2"])


@pytest.mark.long
def test_a_record_is_named_by_a_reference_of_another_name_that_has_its_id(pets, server):
    put(
        server, "walks", {"id": 1, "walker_id": 2}, {"id": 2, "walker_id": 2}, {"id": 3, "walker_id": "2", "guestId": 1}
    )
    pets.goto(f"{server.url}/console/tables/pets/records/2")
    pets.get_by_role("tab", name="Links").click()
    pets.get_by_role("link", name="2 walks by walker_id").click()
    expect(pets).to_have_url(f"{server.url}/console/tables/walks?walker_id=2")
    with server.client() as client:
        client.delete("/api/v1/tables/walks").raise_for_status()


@pytest.mark.long
def test_a_field_that_names_no_record_is_no_link(pets, server):
    put(server, "pets", {"id": 1, "pet_id": 2, "user_id": "nobody"}, {"id": 2, "pet_id": "2"})
    told = pets.get_by_role("tabpanel")
    for key, links, lost in ((1, ["pet_id → pets 2"], "user_id → users nobody"), (2, [], "pet_id → pets 2")):
        pets.goto(f"{server.url}/console/tables/pets/records/{key}")
        pets.get_by_role("tab", name="Links").click()
        expect(told.locator("li", has_text="not there")).to_contain_text(lost)
        expect(told.get_by_role("link", name="→")).to_have_text(links)


@pytest.mark.long
def test_a_deletion_of_many_is_refused_where_more_are_found_and_its_undo_counts_what_came_back(pets, server):
    pets.goto(f"{server.url}/console/tables/pets?name:in=Rex,Tom,Ann")
    for refused in (True, False):
        pets.get_by_role("button", name="More").click()
        pets.get_by_role("menuitem", name="Delete all that are found").click()
        delete = pets.get_by_role("button", name="Delete 2 records" if refused else "Delete 3 records")
        expect(delete).to_be_enabled()
        if refused:
            put(server, "pets", {"id": 3, "name": "Ann"})
        delete.click()
        if refused:
            alert = pets.get_by_role("dialog").get_by_role("alert")
            expect(alert).to_contain_text("More records satisfy this by now than were counted")
            expect(alert).not_to_contain_text("Error")
            pets.get_by_role("button", name="Cancel").click()
    expect(pets.get_by_text("No record satisfies this filter")).to_be_visible()
    put(server, "pets", {"id": 3, "name": "Bob"})
    pets.get_by_role("button", name="Undo").click()
    expect(pets.get_by_text("Restored 2 records; 1 is not yet: somebody else has changed it since")).to_be_visible()
    assert [stored(server, key)["name"] for key in (1, 2, 3)] == ["Rex", "Tom", "Bob"]


@pytest.mark.long
def test_links_lead_to_what_a_record_names_and_to_what_names_it(page, server):
    with server.client() as client:
        [order] = client.get("/api/v1/data/orders?limit=1").json()["data"]
        orders = client.get(f"/api/v1/data/orders?user_id={order['user_id']}&limit=0&count=true").json()["total"]
    page.goto(f"{server.url}/console/tables/orders/records/{order['id']}")
    page.get_by_role("tab", name="Links").click()
    page.get_by_role("link", name="user_id → users").click()
    expect(page.get_by_role("complementary", name=f"Record {order['user_id']}")).to_be_visible()
    page.get_by_role("tab", name="Links").click()
    page.get_by_role("link", name=f"{orders} orders by user_id").click()
    expect(page).to_have_url(f"{server.url}/console/tables/orders?user_id={order['user_id']}")


@pytest.mark.long
@pytest.mark.parametrize("text", ["\tone\n\ntwo\n", "one\r\ntwo\rthree\x01\x7f"])
def test_no_character_of_a_text_is_lost_where_it_is_edited(pets, server, text):
    put(server, "pets", {"id": 1, "name": text, "age": 3})
    pets.goto(f"{server.url}/console/tables/pets/records/1")
    box = pets.get_by_label("name", exact=True)
    for edit in (cell(pets, 0, 1).dblclick, pets.get_by_role("button", name="Edit name").click):
        before = stored(server, 1)["name"]
        edit()
        box.press("Enter")
        expect(box).to_have_count(0)
        assert stored(server, 1)["name"] == before
        edit()
        box.press("ControlOrMeta+Home")
        box.press("ArrowRight")
        box.press_sequentially("X")
        with pets.expect_response(lambda answer: answer.request.method != "GET"):
            box.press("Enter")
        assert stored(server, 1)["name"] != before
        assert stored(server, 1)["name"].replace("X", "") == text


@pytest.mark.long
def test_shift_enter_breaks_a_line_and_untouched_null_stays(pets, server):
    cell(pets, 0, 1).dblclick()
    box = pets.get_by_label("name", exact=True)
    box.fill("Rex")
    box.press("End")
    box.press("Shift+Enter")
    box.press_sequentially("II")
    box.press("Enter")
    expect(cell(pets, 0, 1)).to_have_text("Rex ⏎ II")
    expect_settled(pets)
    assert stored(server, 1)["name"] == "Rex\nII"
    cell(pets, 1, 2).dblclick()
    pets.get_by_label("age", exact=True).press("Enter")
    expect(pets.get_by_label("age", exact=True)).to_have_count(0)
    assert stored(server, 2) == {"id": 2, "name": "Tom", "age": None}


@pytest.mark.long
def test_tabs_breaks_and_blanks_are_seen_apart(pets, server):
    put(server, "pets", {"id": 1, "name": "a\tb\nc", "age": "  "})
    pets.reload()
    expect(cell(pets, 0, 1)).to_have_text("a ⇥ b ⏎ c")
    expect(cell(pets, 0, 2)).to_have_text('"␣␣"')


WRONG = {
    "[1]": "A record is a JSON object",
    '"x"': "A record is a JSON object",
    "null": "A record is a JSON object",
    '{"id": 1, "n": {"a": 1, "a": 2}}': "The member 'a' is there twice.",
    '{"id": 1,\n"n": 9223372036854775808}': "Line 2: An integer does not fit into 64 bits",
}
"""Texts of JSON that are no record which the server takes, with what is said of them."""


@pytest.mark.long
def test_what_is_no_record_is_told_as_it_is_written_and_not_sent(pets, server):
    before = stored(server, 1)
    pets.goto(f"{server.url}/console/tables/pets/records/1/json")
    places = [(pets.get_by_label("The record as JSON"), pets.get_by_role("button", name="Save"))]
    for text, told in WRONG.items():
        places[0][0].fill(text)
        expect(pets.get_by_role("alert")).to_contain_text(told)
        expect(places[0][1]).to_be_disabled()
    pets.get_by_role("button", name="Discard").click()
    pets.get_by_role("button", name="Add", exact=True).click()
    form = pets.get_by_role("dialog", name="Add to pets")
    form.get_by_role("tab", name="JSON").click()
    for text, told in WRONG.items():
        form.get_by_label("The record").fill(text)
        expect(form).to_contain_text(told)
        expect(form.get_by_role("button", name="Add the record")).to_be_disabled()
    form.get_by_role("button", name="Cancel").click()
    assert stored(server, 1) == before


@pytest.mark.long
def test_a_member_twice_is_told_in_a_definition_and_in_what_is_merged_into_many(pets, server):
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Change all that are found").click()
    pets.get_by_label("What is merged into each").fill('{"tag": 1, "tag": 2}')
    pets.get_by_role("button", name="Change 2 records").click()
    expect(pets.get_by_role("dialog")).to_contain_text("The member 'tag' is there twice.")
    pets.get_by_role("button", name="Cancel").click()
    pets.goto(f"{server.url}/console/tables/pets/definition")
    pets.get_by_label("JSON Schema of a record").fill('{"type": "object", "type": "array"}')
    expect(pets.get_by_text("The member 'type' is there twice.")).to_be_visible()
    assert "tag" not in stored(server, 1)


@pytest.mark.long
def test_what_was_saved_and_undone_is_named(pets, server):
    cell(pets, 0, 2).dblclick()
    pets.get_by_label("age", exact=True).fill("4")
    pets.keyboard.press("Enter")
    expect(pets.get_by_text("Saved pets 1: age")).to_be_visible()
    pets.get_by_role("link", name="All tables").first.click()
    expect(pets.get_by_role("region", name="List of tables")).to_be_visible()
    pets.keyboard.press("Control+z")
    expect(pets.get_by_text("Undone pets 1: age")).to_be_visible()
    assert stored(server, 1)["age"] == 3


@pytest.mark.long
def test_what_is_edited_is_seen_whole_and_so_is_what_is_wrong_with_it(page, server):
    text = "a text of many words, " * 5
    put(server, "wide", {"id": 1, **{f"c{at}": 1 for at in range(12)}, "last": text})
    page.goto(f"{server.url}/console/tables/wide?select=last,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11")
    cell(page, 0, 0).dblclick()
    box = page.get_by_label("last", exact=True)
    assert box.evaluate("box => box.scrollHeight - box.clientHeight") <= 2
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.get_by_label("c11", exact=True).fill("abc")
    page.keyboard.press("Enter")
    told = page.get_by_text("This is no JSON number")
    expect(told).to_be_visible()
    assert told.evaluate("box => box.getBoundingClientRect().right <= innerWidth && box.scrollWidth <= box.clientWidth")


@pytest.mark.long
def test_a_fault_of_a_change_of_many_names_the_record(page, server):
    page.goto(f"{server.url}/console/tables/shops?id=lyon-1")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Change all that are found").click()
    page.get_by_label("What is merged into each").fill('{"address": {"zzz": 1}}')
    page.get_by_role("button", name="Change 1 record").click()
    expect(page.get_by_role("alert")).to_contain_text("/lyon-1/address/zzz")


@pytest.mark.long
@pytest.mark.parametrize("how", [{"drop": True}, {"status": 504}])
def test_a_record_whose_answer_is_lost_is_added_once_and_deleted(pets, server, how):
    def lose(method, path):
        rule = {"method": method, "path": path, "after_commit": True, "count": 1}
        with server.client() as client:
            client.put("/api/v1/faults", json={"rules": [rule | how]}).raise_for_status()

    pets.get_by_role("button", name="Add", exact=True).click()
    pets.get_by_role("tab", name="JSON").click()
    pets.get_by_label("The record", exact=True).fill('{"name": "Una"}')
    lose("POST", "/api/v1/data/pets")
    pets.get_by_role("button", name="Add the record").click()
    expect(pets.get_by_text(re.compile("Added [0-9a-f-]{36}"))).to_be_visible()
    expect(rows(pets)).to_have_count(3)
    if "drop" in how:  # which a browser sends again by itself
        lose("DELETE", "/api/v1/data/pets/*")
        pets.get_by_role("button", name="Undo").click()
        expect(pets.get_by_text(re.compile("Deleted [0-9a-f-]{36}"))).to_be_visible()
        expect(rows(pets)).to_have_count(2)
    with server.client() as client:
        client.delete("/api/v1/faults")
        assert client.get("/api/v1/data/pets?name=Una&limit=0&count=true").json()["total"] == (
            0 if "drop" in how else 1
        )


@pytest.mark.long
def test_what_is_deep_in_a_record_is_seen_whole(page, server):
    value = "deep value here"
    for name in "hgfedcba":
        value = {name: value}
    put(server, "deep", {"id": 1, **value})
    page.goto(f"{server.url}/console/tables/deep/records/1")
    panel = page.get_by_role("complementary", name="Record 1")
    for _ in "abcdefg":
        panel.locator(".twig[aria-expanded=false]").click()
    text = panel.get_by_text("deep value here")
    lines = "text => [text.getClientRects().length, text.getBoundingClientRect().height < 30]"
    assert text.evaluate(lines) == [1, True]
    inner, outer = text.bounding_box(), panel.bounding_box()
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]


@pytest.mark.long
def test_what_somebody_has_changed_is_not_deleted_unseen(pets, server):
    pets.goto(f"{server.url}/console/tables/pets/records/2")
    panel = pets.get_by_role("complementary", name="Record 2")
    expect(panel).to_contain_text("Tom")
    put(server, "pets", {"id": 2, "name": "Tim"})
    panel.get_by_role("button", name="Record", exact=True).click()
    pets.get_by_role("menuitem", name="Delete").click()
    expect(pets.get_by_text("Somebody else has changed 2 of pets since you saw it")).to_be_visible()
    expect(panel).to_contain_text("Tim")
    panel.get_by_role("button", name="Record", exact=True).click()
    pets.get_by_role("menuitem", name="Delete").click()
    expect(pets.get_by_text("Deleted 2 from pets")).to_be_visible()


@pytest.mark.long
def test_keys_go_to_the_next_cell_while_one_is_stored(page, server):
    put(server, "rap", *({"id": at, "a": at} for at in (1, 2, 3)))
    page.goto(f"{server.url}/console/tables/rap")
    expect(rows(page)).to_have_count(3)
    waiting = []
    page.route(
        "**/data/rap/*", lambda route: waiting.append(route) if route.request.method == "PUT" else route.continue_()
    )
    page.get_by_role("grid").press("ArrowRight")
    for at in (1, 2, 3):
        page.keyboard.press("Enter")
        expect(page.get_by_label("a", exact=True)).to_have_value(str(at))
        page.keyboard.press("Control+a")
        page.keyboard.type(str(100 + at))
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
    expect(page.locator(".cell.pending")).to_have_count(3)
    while len(waiting) < 3:
        page.wait_for_timeout(20)
    for route in waiting:
        route.continue_()
    expect(cell(page, 2, 1)).to_have_text("103")
    expect_settled(page)
    assert [stored(server, at, "rap")["a"] for at in (1, 2, 3)] == [101, 102, 103]


@pytest.mark.long
def test_a_refusal_that_comes_late_gives_back_what_was_typed(page, server):
    put(server, "rap", {"id": 1, "a": 1}, {"id": 2, "a": 2})
    page.goto(f"{server.url}/console/tables/rap")
    told = {"title": "Refused", "status": 422, "detail": "Not this."}
    page.route(
        "**/data/rap/1",
        lambda route: route.fulfill(status=422, json=told) if route.request.method == "PUT" else route.continue_(),
    )
    page.get_by_role("grid").press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_label("a", exact=True).fill("101")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not this.")).to_be_visible()
    expect(page.get_by_label("a", exact=True)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_label("a", exact=True)).to_be_focused()
    expect(page.get_by_label("a", exact=True)).to_have_value("101")
    page.keyboard.press("Escape")


@pytest.mark.long
@pytest.mark.parametrize("how", [{"drop": True}, {"status": 504}], ids=str)
@pytest.mark.parametrize("kind", ["Change", "Delete"])
def test_a_change_of_many_whose_answer_is_lost_is_made_once_and_told(pets, server, kind, how):
    before = [stored(server, key) for key in (1, 2)]
    lost = {"Change": {"method": "POST", "path": "/api/v1/batch"}, "Delete": {"method": "DELETE"}}[kind]
    undone = {"Change": lost, "Delete": {"method": "POST", "path": "/api/v1/data/pets"}}[kind]

    def lose(request):
        with server.client() as client:
            rule = request | how | {"after_commit": True, "count": 1}
            client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()

    lose(lost)
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name=f"{kind} all that are found").click()
    if kind == "Change":
        pets.get_by_label("What is merged into each").fill('{"age": 5}')
    pets.get_by_role("button", name=f"{kind} 2 records").click()
    expect(pets.get_by_text("Changed 2 records" if kind == "Change" else "Deleted 2 records")).to_be_visible()
    lose(undone)
    pets.get_by_role("button", name="Undo").click()
    expect(pets.get_by_text("Restored 2 records")).to_be_visible()
    assert [stored(server, key) for key in (1, 2)] == before


@pytest.mark.long
def test_a_change_of_many_of_which_nobody_knows_whether_it_is_made_says_so(pets):
    pets.route(
        "**/api/v1/data/pets*",
        lambda route: route.fulfill(status=504, body="") if route.request.method == "DELETE" else route.continue_(),
    )
    pets.get_by_role("button", name="More").click()
    pets.get_by_role("menuitem", name="Delete all that are found").click()
    pets.get_by_role("button", name="Delete 2 records").click()
    expect(pets.get_by_role("alert")).to_contain_text("Whether it is done is not known")


@pytest.mark.long
@pytest.mark.parametrize("is_known", [True, False])
def test_a_record_whose_deletion_has_no_answer_is_looked_for(pets, is_known):
    asked = []

    def lose(route):
        asked.append(route.request.method)
        if route.request.method == "DELETE":
            route.fetch()
            route.fulfill(status=504, body="")
        elif "DELETE" in asked and not is_known:
            route.fulfill(status=500, body="")
        else:
            route.continue_()

    pets.route("**/api/v1/data/pets/2", lose)
    pets.get_by_role("link", name="2: open 2").click()
    pets.get_by_role("complementary").get_by_role("button", name="Record", exact=True).click()
    pets.get_by_role("menuitem", name="Delete").click()
    expect(
        pets.get_by_text("Deleted 2 from pets" if is_known else "Whether it is done is not known").first
    ).to_be_visible()


@pytest.mark.long
def test_what_is_refused_of_json_that_one_has_left_is_told(pets):
    pets.goto(f"{pets.url}/records/1/json")
    pets.get_by_label("The record as JSON").fill('{"id": 1, "name": "Zed"}')
    held = []
    pets.route(
        "**/data/pets/1", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_()
    )
    pets.get_by_role("button", name="Save").click()
    pets.get_by_role("tab", name="History").click()
    while not held:
        pets.wait_for_timeout(20)
    held[0].fulfill(status=422, json={"title": "Refused", "status": 422, "detail": "Not this."})
    expect(pets.get_by_text("Not this.")).to_be_visible()
    pets.get_by_role("tab", name="JSON, not saved").click()
    expect(pets.get_by_label("The record as JSON")).to_have_value('{"id": 1, "name": "Zed"}')
