"""Definitions of tables in the console: nothing that somebody else has defined is lost, and what cannot be is not offered."""

import pytest
from playwright.sync_api import expect

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
