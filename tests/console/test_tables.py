"""Tables in the console: listed, found, filtered, made and dropped, and that each view is a link."""

import pytest
from playwright.sync_api import expect

from tests.console.seen import put, rows, texts


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
def test_a_refusal_and_a_warning_are_shown_where_the_records_would_be(page, server):
    page.goto(f"{server.url}/console/tables/users?age:gt=old")
    expect(page.get_by_role("alert")).to_contain_text("A value for 'age' cannot be read as integer.")
    put(server, "loose", {"id": 1, "name": "Rex"})
    page.goto(f"{server.url}/console/tables/loose?nmae=Rex")
    expect(page.get_by_text("did you mean 'name'?")).to_be_visible()
    expect(page.get_by_text("No record satisfies this filter")).to_be_visible()


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
