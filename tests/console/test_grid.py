"""Tables and their grid: what is shown, in which order, by which filter, and that each view is a link."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows, scroll, stored


def texts(page, row):
    expect(page.locator(".row-line .blank")).to_have_count(0)  # all rows are there that have a place
    return row.get_by_role("gridcell").all_inner_texts()


@pytest.mark.long
def test_the_first_page_lists_the_tables_with_their_figures(page, server):
    page.goto(server.url)
    row = page.get_by_role("row", name="orders")
    expect(row).to_contain_text("6,000")
    expect(row).to_contain_text("1.1 MiB")
    for column in page.get_by_role("region", name="List of tables").get_by_role("columnheader").all():
        at = column.evaluate("head => head.cellIndex")
        assert any(line.locator("th, td").nth(at).inner_text() for line in page.locator("table.list tbody tr").all())
    row.get_by_role("link", name="orders").click()
    expect(page).to_have_url(f"{server.url}/console/tables/orders")
    expect(page.get_by_role("heading", name="orders")).to_be_visible()


@pytest.mark.long
def test_a_table_is_found_from_anywhere_by_its_name(page, server):
    page.goto(f"{server.url}/console/changes")
    expect(page.get_by_role("link", name="shops")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("SHO")
    expect(page.get_by_role("link", name="users")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/console/tables/shops")


def test_a_filter_is_built_of_fields_and_makes_an_address(page, server):
    page.goto(f"{server.url}/console/tables/users")
    page.get_by_role("button", name="Add filter").click()
    page.get_by_role("combobox", name="Field").fill("age")
    page.get_by_role("combobox", name="Operator").select_option("is from")
    page.get_by_label("Value").fill("90")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/console/tables/users?age:gte=90")
    expect(page.get_by_text("GET /api/v1/data/users?age:gte=90")).to_be_visible()
    with server.client() as client:
        total = client.get("/api/v1/data/users?age:gte=90&limit=0&count=true").json()["total"]
    expect(page.get_by_text(f"{total} records of 600")).to_be_visible()
    assert "contains" not in page.get_by_role("combobox", name="Operator").inner_text()
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(f"{server.url}/console/tables/users")
    page.go_back()


@pytest.mark.long
def test_an_address_is_the_view(page, server):
    page.goto(f"{server.url}/console/tables/users?age:gte=30&sort=-age,full_name&select=full_name,age")
    expect(page.get_by_role("columnheader")).to_have_count(3)
    assert page.get_by_role("columnheader").all_inner_texts()[1:] == ["full_name\n2", "age\n1"]
    expect(page.get_by_role("columnheader", name="age")).to_have_attribute("aria-sort", "descending")
    with server.client() as client:
        first = client.get("/api/v1/data/users?age:gte=30&sort=-age,full_name&limit=1").json()["data"][0]
    assert texts(page, rows(page).first) == [first["full_name"], str(first["age"])]


@pytest.mark.long
def test_a_header_sorts_up_then_down_then_not(page, server):
    page.goto(f"{server.url}/console/tables/users?select=age")
    for query in ("sort=age&select=age", "sort=-age&select=age", "select=age"):
        page.get_by_role("columnheader").get_by_role("button", name="age").click()
        expect(page).to_have_url(f"{server.url}/console/tables/users?{query}")


@pytest.mark.long
def test_a_refusal_and_a_warning_are_shown_where_the_records_would_be(page, server):
    page.goto(f"{server.url}/console/tables/users?age:gt=old")
    expect(page.get_by_role("alert")).to_contain_text("A value for 'age' cannot be read as integer.")
    put(server, "loose", {"id": 1, "name": "Rex"})
    page.goto(f"{server.url}/console/tables/loose?nmae=Rex")
    expect(page.get_by_text("did you mean 'name'?")).to_be_visible()
    expect(page.get_by_text("No record satisfies this filter")).to_be_visible()


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_list_is_copied_as_a_command_and_as_records(page, server, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/console/tables/users?age:gte=90&sort=-age")
    expect(rows(page).first).to_be_visible()

    def copied(name):
        page.evaluate("navigator.clipboard.writeText('')")
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_role("menuitem", name=name).click()
        page.wait_for_function("async () => await navigator.clipboard.readText() !== ''")
        return page.evaluate("navigator.clipboard.readText()")

    with server.client() as client:
        found = client.get("/api/v1/data/users?age:gte=90&sort=-age").json()["data"]
    assert copied("as curl") == f"curl '{server.url}/api/v1/data/users?age:gte=90&sort=-age'"
    assert 'client.table("users").find(Field("age") >= 90, sort="-age")' in copied("for the Python client")
    assert page.evaluate(f"async () => {{ {copied('for JavaScript')} return data; }}") == found
    assert json.loads(copied("as JSON")) == found
    assert copied("as CSV").startswith("id,email,full_name,age,created_at\r\n")


@pytest.mark.long
def test_a_copy_that_the_browser_refuses_is_told_and_not_called_copied(page, server):
    page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page.goto(f"{server.url}/console/tables/users?age:gte=90")
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="as curl").click()
    expect(page.locator(".toasts")).to_contain_text("The browser does not let this page copy.")
    expect(page.get_by_text("Copied")).to_have_count(0)


@pytest.mark.long
def test_values_that_are_there_complete_what_one_types(page, server):
    page.goto(f"{server.url}/console/tables/orders")
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Add filter").click()
    page.get_by_role("combobox", name="Field").fill("product_name")
    value = page.get_by_role("combobox", name="Value")
    value.fill("Whet")
    offered = value.evaluate("box => [...box.list.options].map((each) => each.value)")  # the browser draws them
    assert "Whetstone" in offered
    assert len({*offered}) == len(offered) <= 30
    expect(value).to_have_attribute("spellcheck", "false")


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


def test_a_table_is_made_defined_and_dropped_by_its_name(page, server):
    page.goto(server.url)
    page.get_by_role("link", name="New table").click()
    page.get_by_label("Name").fill("boats")
    page.get_by_role("button", name="Begin with an example").click()
    page.get_by_role("button", name="Make the table").click()
    expect(page.get_by_text("boats has no records")).to_be_visible()
    page.get_by_role("link", name="Definition").click()
    schema = page.get_by_label("JSON Schema of a record")
    schema.fill('{"type": ')
    expect(page.get_by_role("button", name="Save the definition")).to_be_disabled()
    schema.fill('{"type": "object", "properties": {"sail": {"type": "string"}}}')
    page.get_by_role("button", name="Add a field").click()
    page.get_by_label("Unique field", exact=True).fill("sail")
    page.get_by_label("Seconds after which").fill("3600")
    page.get_by_role("button", name="Save the definition").click()
    expect(page.get_by_text("boats is defined so now")).to_be_visible()
    with server.client() as client:
        told = client.get("/api/v1/tables/boats").json()
    assert (told["unique"], told["expire_after_s"], list(told["schema"]["properties"])) == (["sail"], 3600, ["sail"])
    page.goto(f"{server.url}/console/tables/boats")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Drop the table").click()
    expect(page.get_by_role("button", name="Drop the table")).to_be_disabled()
    page.get_by_label("Type boats to go on").fill("boats")
    page.get_by_role("button", name="Drop the table").click()
    expect(page.get_by_text("Dropped boats")).to_be_visible()
    expect(page.get_by_role("link", name="boats")).to_have_count(0)


@pytest.mark.long
def test_a_schema_is_written_field_by_field_beside_its_text(page, server):
    page.goto(f"{server.url}/console/tables/+new/definition")
    page.get_by_label("Name").fill("ships")
    for name, kind in {"sail": "text", "built": "integer", "seen": "date and time"}.items():
        page.get_by_role("button", name="New field").click()
        box = page.get_by_role("group", name="Field field").get_by_label("Name of the field")
        expect(box).to_be_focused()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.get_by_label(f"Type of {name}").select_option(kind)
    page.get_by_role("group", name="Field sail").get_by_label("required").check()
    page.get_by_role("group", name="Field built").get_by_label("or null").check()
    text = page.get_by_label("JSON Schema of a record")
    written = json.loads(text.input_value())
    written["properties"]["built"]["minimum"] = 1800
    text.fill(json.dumps(written, indent=2))
    page.get_by_role("group", name="Field built").get_by_label("or null").uncheck()
    page.get_by_role("button", name="Remove the field seen").click()
    page.get_by_role("button", name="Make the table").click()
    expect(page.get_by_text("ships has no records")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/v1/tables/ships").json()["schema"] == {
            "type": "object",
            "properties": {"sail": {"type": "string"}, "built": {"type": "integer", "minimum": 1800}},
            "required": ["sail"],
        }
        schema = {"type": "object", "properties": {"sail": {"anyOf": [{"type": "string"}, {"type": "array"}]}}}
        client.put("/api/v1/tables/ships", json={"schema": schema}).raise_for_status()
        page.get_by_role("link", name="Definition", exact=True).click()
        page.reload()
        kind = page.get_by_label("Type of sail")
        expect(kind.locator("option:checked")).to_have_text("as written below")
        kind.select_option("text")
        page.get_by_role("group", name="Field sail").get_by_label("or null").check()
        page.get_by_role("button", name="Save the definition").click()
        expect(page.get_by_text("ships is defined so now")).to_be_visible()
        told = client.get("/api/v1/tables/ships").json()["schema"]["properties"]
        assert told == {"sail": {"type": ["string", "null"]}}
        client.delete("/api/v1/tables/ships").raise_for_status()


@pytest.mark.long
def test_a_name_that_no_field_can_have_stays_with_the_reason_and_nothing_is_stored_with_it(page, server):
    page.goto(f"{server.url}/console/tables/+new/definition")
    page.get_by_label("Name").fill("renamed")
    page.get_by_role("button", name="Begin with an example").click()
    box = page.get_by_role("group", name="Field email").get_by_label("Name of the field")
    line = page.get_by_role("group", name="Field email")
    for name, fault in {"age": "There is a field age already.", "": "A field has a name."}.items():
        box.fill(name)
        box.press("Enter")
        expect(line.get_by_role("status")).to_have_text(fault)
        expect(box).to_have_value(name)
        page.get_by_role("button", name="Make the table").click()
        expect(box).to_be_focused()  # and the browser tells there what is wrong
    page.get_by_role("link", name="All tables").click()
    page.go_back()
    expect(box).to_have_value("")
    box.fill("mail")
    box.press("Enter")
    expect(page.get_by_role("group", name="Field mail").get_by_role("status")).to_be_empty()
    box = page.get_by_role("group", name="Field mail").get_by_label("Name of the field")
    box.fill("age")
    box.press("Enter")
    text = page.get_by_label("JSON Schema of a record")
    text.fill(text.input_value().replace('"age"', '"years"'))
    expect(page.get_by_role("group", name="Field mail").get_by_role("status")).to_contain_text("called mail still")
    box.press("Enter")
    box = page.get_by_role("group", name="Field years").get_by_label("Name of the field")
    box.fill("name")
    box.press("Enter")
    page.get_by_role("button", name="Remove the field name").click()
    expect(page.get_by_role("group", name="Field years")).to_have_count(0)
    page.get_by_role("button", name="Make the table").click()
    expect(page.get_by_text("renamed has no records")).to_be_visible()
    with server.client() as client:
        told = client.get("/api/v1/tables/renamed").json()["schema"]
    assert {name: field["type"] for name, field in told["properties"].items()} == {"age": "string", "name": "integer"}


@pytest.mark.long
def test_an_index_is_made_and_taken_away_by_click(pets, server):
    def kept():
        with server.client() as client:
            indexes = client.get("/api/v1/tables/pets").json()["indexes"]
        return [(each["field"], each["kind"]) for each in indexes if each["pinned"]]

    pets.goto(f"{server.url}/console/tables/pets/definition")
    pets.get_by_role("button", name="Add an index").click()
    pets.get_by_label("Field of the index").fill("age")
    pets.get_by_label("Kind of the index").select_option("hash: equality")
    pets.get_by_role("button", name="Save the definition").click()
    expect(pets.get_by_text("pets is defined so now")).to_be_visible()
    assert kept() == [("age", "hash")]
    pets.get_by_role("link", name="All tables").click()
    expect(pets.get_by_role("row", name="pets").locator("code", has_text="age")).to_be_visible()
    pets.go_back()
    pets.get_by_role("button", name="Remove the index of age").click()
    pets.get_by_role("button", name="Save the definition").click()
    expect(pets.get_by_role("button", name="Discard")).to_have_count(0)
    expect(pets.get_by_label("Field of the index")).to_have_count(0)
    assert kept() == []


@pytest.mark.long
def test_a_key_is_asked_for_and_what_its_role_forbids_is_not_offered(another):
    page, server = another("serve", "--api-key", "looker:read:pet*=look", "--api-key", "s3cret")
    with server.client(headers={"authorization": "Bearer s3cret"}) as client:
        client.post("/api/v1/data/pets", json={"id": 1, "name": "Rex"})
        client.post("/api/v1/data/others", json={"id": 1})
    page.goto(f"{server.url}/console/tables/pets")
    page.get_by_label("Key").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("This key opens nothing here")).to_be_visible()
    page.get_by_label("Key").fill("look")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("looker · read")).to_be_visible()
    expect(page.get_by_text("Rex")).to_be_visible()
    expect(page.get_by_role("link", name="others")).to_have_count(0)
    expect(page.get_by_role("button", name="Add", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="More")).to_have_count(0)
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_label("The same as a command")).to_contain_text("/api/v1/changes")
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "look" not in kept
    page.goto(f"{server.url}/console/live")
    page.get_by_label("Key").fill("look")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("'admin'")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_without_the_console_the_first_page_is_that_of_the_api(another, command):
    page, server = another(command, "--no-console")
    page.goto(server.url)
    expect(page).to_have_url(f"{server.url}/docs")
    expect(page.get_by_role("heading", name="Ramekin")).to_be_visible()
    for path in ("/console", "/console/tables/users", "/console/assets/main.js"):
        assert page.goto(f"{server.url}{path}").status == 404


@pytest.mark.long
def test_no_page_is_longer_than_the_server_lets_it_be(another):
    page, server = another("serve", "--max-page-rows", "7")
    put(server, "many", *({"id": number, "n": number % 20} for number in range(60)))
    page.goto(f"{server.url}/console/tables/many")
    expect(page.get_by_text("60 records")).to_be_visible()
    page.get_by_role("grid").press("Control+End")
    expect(page.get_by_role("rowheader", name="60: open 59")).to_be_visible()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as NDJSON").click()
    assert len(saved.value.path().read_text().splitlines()) == 60
    page.goto(f"{server.url}/console/groups/many?group_by=n")
    expect(page.get_by_text("The first 7 groups of many by n")).to_be_visible()
    page.goto(f"{server.url}/console/tables/many/records/1/links")
    expect(page.get_by_role("tabpanel")).to_contain_text("It names")
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Since this browser began to look")
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.long
def test_what_is_refused_for_its_rate_is_asked_for_again_when_the_server_says(another):
    page, server = another("demo", "--dev")
    with server.client() as client:
        rule = {"method": "GET", "table": "users", "status": 429, "count": 2}
        client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()
    statuses = []
    page.on("response", lambda answer: statuses.append(answer.status))
    page.goto(f"{server.url}/console/tables/users")
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_text("600 records")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert statuses.count(429) == 2


@pytest.mark.long
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


@pytest.mark.long
def test_a_branch_has_a_console_of_its_own_also_below_a_path(another):
    page, server = another("serve", "--dev", "--root-path", "/db")
    with server.client() as client:
        client.post("/api/v1/data/orders", json={"id": 1}).raise_for_status()
        client.put("/api/v1/branches/one", json={}).raise_for_status()
        client.post("/b/one/api/v1/data/pets", json={"id": "on-one"})
    page.route("**/db/**", lambda route: route.continue_(url=route.request.url.replace("/db/", "/", 1)))  # the proxy
    page.goto(f"{server.url}/db/b/one/console/tables/pets")
    expect(page.get_by_role("gridcell", name="on-one")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("one")
    page.get_by_role("link", name="orders").click()
    expect(page).to_have_url(f"{server.url}/db/b/one/console/tables/orders")
    page.goto(f"{server.url}/db/console/tables/pets")
    expect(page.get_by_role("heading", name="There is no table pets")).to_be_visible()


@pytest.mark.long
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


@pytest.mark.long
def test_blanks_at_the_ends_of_a_text_and_between_words_are_seen(page, server):
    put(server, "blanks", {"id": 1, "t": " lead"}, {"id": 2, "t": "trail  "}, {"id": 3, "t": "two  words"})
    page.goto(f"{server.url}/console/tables/blanks")
    expect(cell(page, 0, 1)).to_have_text("␣lead")
    expect(cell(page, 1, 1)).to_have_text("trail␣␣")
    assert cell(page, 2, 1).inner_text() == "two  words"


@pytest.mark.long
def test_a_link_to_a_table_that_is_not_there_says_so_and_leads_on(page, server):
    for view in ("tables/nowhere?age:gte=3", "groups/nowhere", "joins/nowhere/users/id", "joins/users/nowhere/id"):
        page.goto(f"{server.url}/console/{view}")
        expect(page.get_by_role("heading", name="There is no table nowhere")).to_be_visible()
        expect(page.get_by_role("main").get_by_role("link", name="All tables")).to_be_visible()
    page.get_by_role("link", name="Make it").click()
    expect(page.get_by_text("There is no table nowhere yet.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("nowhere")
    page.get_by_role("button", name="Make the table").click()
    expect(page.get_by_role("heading", name="nowhere has no records")).to_be_visible()
    page.goto(f"{server.url}/console/tables/no%20where")
    expect(page.get_by_role("heading", name="There is no table no where")).to_be_visible()
    expect(page.get_by_role("link", name="Make it")).to_have_count(0)


@pytest.mark.long
def test_a_link_with_columns_offers_the_others_too(page, server):
    put(server, "loose", {"id": 1, "a": 1, "b": {"c": 2}})
    page.goto(f"{server.url}/console/tables/loose?select=a")
    page.get_by_role("button", name="Columns", exact=True).click()
    expect(page.get_by_role("checkbox", name="b.c")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="a", exact=True)).to_be_checked()
    page.get_by_role("checkbox", name="b", exact=True).check()
    expect(page.get_by_role("columnheader", name="b", exact=True)).to_be_visible()
    assert page.url.endswith("?select=a,b")


@pytest.mark.long
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


@pytest.mark.long
def test_an_index_that_a_unique_field_brings_is_not_asked_for_beside_it(page, server):
    with server.client() as client:
        client.put("/api/v1/tables/alone", json={"unique": ["a"]}).raise_for_status()
    page.goto(f"{server.url}/console/tables/alone/definition")
    expect(page.get_by_label("Unique field")).to_have_value("a")
    expect(page.get_by_label("Field of the index")).to_have_count(0)
    page.get_by_role("button", name="a need not be unique").click()
    page.get_by_role("button", name="Save the definition").click()
    expect(page.get_by_text("alone is defined so now")).to_be_visible()
    with server.client() as client:
        assert [each for each in client.get("/api/v1/tables/alone").json()["indexes"] if each["pinned"]] == []


@pytest.mark.long
def test_what_is_wrong_with_a_definition_is_seen_where_it_is_saved(page, server):
    put(server, "twins", {"id": 1, "a": 1}, {"id": 2, "a": 1})
    page.goto(f"{server.url}/console/tables/twins/definition")
    page.get_by_role("button", name="Add a field").click()
    page.get_by_label("Unique field").fill("a")
    page.get_by_role("button", name="Save the definition").click()
    expect(page.get_by_role("alert").get_by_role("listitem").first).to_be_in_viewport()
    expiry = page.get_by_label("Seconds after which a record goes")
    expiry.fill("1h")
    page.get_by_role("button", name="Save the definition").click()
    expect(expiry).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_be_in_viewport()


@pytest.mark.long
def test_a_page_behind_a_jump_follows_the_one_before_it_by_cursor(page, server):
    asked = []
    page.goto(f"{server.url}/console/tables/orders?sort=total_price")
    expect(rows(page).first).to_be_visible()
    page.on("request", lambda request: asked.append(request.url) if "/data/" in request.url else None)
    with page.expect_request(re.compile("cursor=")):
        page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 3000 * 30; }")
    assert len([url for url in asked if "offset=" in url]) == 1


@pytest.mark.long
def test_rows_are_copied_as_they_stand_without_a_gap(page, server, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    put(server, "far", *({"id": at} for at in range(2000)))
    page.goto(f"{server.url}/console/tables/far")
    for place in ("grid.scrollHeight", "1000 * 30"):
        page.get_by_role("grid").evaluate(f"grid => {{ grid.scrollTop = {place}; }}")
        expect(rows(page).last).not_to_contain_text("·")
        page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="as JSON").click()
    told = page.get_by_text(re.compile("Copied rows .* as JSON"))
    expect(told).to_be_visible()
    ids = [each["id"] for each in json.loads(page.evaluate("navigator.clipboard.readText()"))]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert 1000 in ids
    expect(told).to_have_text(f"Copied rows {ids[0] + 1:,} to {ids[-1] + 1:,} as JSON")


@pytest.mark.long
def test_the_title_says_what_is_seen(page, server):
    page.goto(f"{server.url}/console/tables")
    expect(page).to_have_title("Tables · Ramekin")
    page.get_by_role("navigation").get_by_role("link", name="orders").click()
    expect(page).to_have_title("orders · Tables · Ramekin")
    page.get_by_role("navigation").get_by_role("link", name="shops").click()
    expect(page).to_have_title("shops · Tables · Ramekin")
    page.get_by_role("link", name="1: open lyon-1").click(force=True)
    expect(page).to_have_title("lyon-1 · shops · Tables · Ramekin")
    page.goto(f"{server.url}/console/groups/orders")
    expect(page).to_have_title("orders · Groups · Ramekin")


@pytest.mark.long
def test_a_column_is_found_among_many(page, server):
    put(server, "broad", {"id": 1, **{f"c{at}": at for at in range(30)}})
    page.goto(f"{server.url}/console/tables/broad")
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_role("button", name="Show the id alone").click()
    page.get_by_role("searchbox", name="Find a column").fill("c29")
    page.get_by_role("checkbox").check()
    assert page.url.endswith("?select=id,c29")
