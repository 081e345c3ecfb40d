"""Definitions of tables in the console: nothing that somebody else has defined is lost, and what cannot be is not offered."""

import json

import pytest
from playwright.sync_api import expect

from tests.console.seen import put

pytestmark = pytest.mark.long

OTHERS = {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}, "unique": ["a"], "max_records": 5}


@pytest.fixture
def define(server):
    made = set()
    with server.client() as client:

        def define(table, **definition):
            made.add(table)
            answer = client.put(f"/api/v1/tables/{table}", json=definition)
            return answer.raise_for_status().json()

        yield define
        for table in made:
            client.delete(f"/api/v1/tables/{table}").raise_for_status()


def defined(server, table):
    with server.client() as client:
        told = client.get(f"/api/v1/tables/{table}").json()
    return {name: told[name] for name in ("schema", "unique", "max_records", "expire_after_s")}


def change_beside_another(page, server, define):
    define("shared", unique=["b"])
    page.goto(f"{server.url}/console/tables/shared/definition")
    page.get_by_label("Seconds after which a record goes").fill("60")
    define("shared", **OTHERS)
    page.get_by_role("button", name="Save the definition").click()
    expect(page.get_by_role("dialog", name="Somebody else has changed this definition")).to_be_visible()
    assert defined(server, "shared") == {**OTHERS, "expire_after_s": None}


def test_a_definition_is_not_saved_over_what_somebody_else_has_defined_since(page, server, define):
    change_beside_another(page, server, define)
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("shared is defined so now")).to_be_visible()
    assert defined(server, "shared") == {**OTHERS, "expire_after_s": 60}


def test_what_one_has_written_of_a_definition_stays_until_one_decides(page, server, define):
    change_beside_another(page, server, define)
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("so it is not saved yet")
    expect(page.get_by_label("Seconds after which a record goes")).to_have_value("60")
    page.get_by_role("button", name="Save the definition").click()
    page.get_by_role("button", name="Leave it as it is now").click()
    expect(page.get_by_label("Records at the most")).to_have_value("5")
    assert defined(server, "shared") == {**OTHERS, "expire_after_s": None}


def test_a_new_table_takes_the_place_of_no_other(page, server, define):
    page.goto(f"{server.url}/console/tables/+new/definition")
    page.get_by_label("Name").fill("users")
    expect(page.get_by_text("There is a table users already")).to_be_visible()
    expect(page.get_by_role("button", name="Make the table")).to_be_disabled()
    page.get_by_label("Name").fill("later")
    define("later", **OTHERS)
    page.get_by_role("button", name="Make the table").click()
    page.get_by_text("There is a table later already").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Definition of later")).to_be_visible()
    assert defined(server, "later") == {**OTHERS, "expire_after_s": None}


def test_the_definition_of_a_table_with_a_model_can_be_read_and_nothing_of_it_is_offered(page, server):
    page.goto(f"{server.url}/console/tables/users/definition")
    expect(page.get_by_text("The model User defines this table")).to_be_visible()
    expect(page.get_by_label("Seconds after which a record goes")).to_be_disabled()
    for name in ("Save the definition", "New field", "Add an index"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_a_table_with_many_indexes_is_a_line_of_the_list(page, server, define):
    define("asked", indexes=[{"field": "kept"}], expire_after_s=3600)
    with server.client() as client:
        client.post("/api/v1/data/asked?ttl=600", json={"id": 1}).raise_for_status()
        for number in range(17):
            client.get(f"/api/v1/data/asked?field{number}=1").raise_for_status()
    page.goto(server.url)
    row = page.get_by_role("row", name="asked")
    expect(row).to_contain_text("17 by themselves")
    expect(row).to_contain_text("1 record will go")
    expect(row.locator("code")).to_have_text(["kept"])
    one, other = (page.get_by_role("row", name=name).bounding_box()["height"] for name in ("asked", "users"))
    assert one < other + 10, "no second line"


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
