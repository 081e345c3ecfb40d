"""The usual paths through the console leave no word in the browser's console: nothing is asked for that the page may know is not there."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import cell, expect_settled, go_live, put, rows

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def told(page):
    """Note what the browser writes into its console, and what is answered by a refusal; at the end there is nothing."""
    told = []
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    page.on(
        "response",
        lambda answer: (
            told.append(f"{answer.status} {answer.request.method} {answer.url}") if answer.status >= 400 else None
        ),
    )
    yield told
    page.goto("about:blank")
    assert told == []


def undo(page, *words):
    for told in words:
        page.keyboard.press("Control+z")
        expect(page.get_by_text(told).first).to_be_visible()


def act(page, menu, name):
    page.get_by_role("button", name=menu, exact=True).first.click()
    page.get_by_role("menuitem", name=name).click()


def test_a_record_is_added_changed_looked_at_deleted_and_all_of_it_undone(pets, page):
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("id", exact=True).fill("7")
    page.get_by_label("name", exact=True).fill("Una")
    page.get_by_role("button", name="Add the record").click()
    expect(rows(page)).to_have_count(3)
    cell(page, 2, 1).dblclick()
    page.get_by_label("name", exact=True).fill("Ida")
    page.keyboard.press("Enter")
    expect_settled(page)
    page.get_by_role("link", name="3: open 7").click()
    panel = page.get_by_role("complementary", name="Record 7")
    panel.get_by_role("button", name="Edit age").click()
    panel.get_by_label("age", exact=True).fill("8")
    panel.get_by_label("age", exact=True).press("Enter")
    expect(page.get_by_text("Saved pets 7: age")).to_be_visible()
    for tab in ("JSON", "History", "Links", "Fields"):
        panel.get_by_role("tab", name=tab).click()
    act(panel, "Record", "Duplicate")
    page.get_by_role("button", name="Add the record").click()
    expect(rows(page)).to_have_count(4)
    act(panel, "Record", "Delete")
    expect(panel).to_have_count(0)
    expect(rows(page)).to_have_count(3)
    undo(page, "Added 7 to pets")
    page.get_by_role("link", name="open 7").click()
    expect(panel).to_contain_text("Ida")
    undo(
        page,
        re.compile("Deleted 7 from|Deleted .{36} from pets"),
        "Undone pets 7: age",
        "Undone pets 7: name",
        "Deleted 7 from pets",
    )
    expect(rows(page)).to_have_count(2)


def test_many_are_changed_deleted_and_put_back_while_rows_are_live(pets, page, server):
    go_live(page)
    act(page, "More", "Change all that are found")
    page.get_by_label("What is merged into each").fill('{"age": 5}')
    page.get_by_role("button", name="Change 2 records").click()
    expect(cell(page, 0, 2)).to_have_text("5")
    page.get_by_role("link", name="1: open 1").click()
    act(page, "More", "Delete all that are found")
    page.get_by_role("button", name="Delete 2 records").click()
    expect(page.get_by_text("It may have been deleted")).to_be_visible()
    undo(page, "Restored 2 records")
    expect(page.get_by_text("It may have been deleted")).to_have_count(0)
    undo(page, "Restored 2 records")
    with server.client() as client:
        client.delete("/api/v1/data/pets/1").raise_for_status()
    expect(page.get_by_text("It may have been deleted")).to_be_visible()


@pytest.mark.parametrize("name", ["fresh.csv", "fresh.json"])
def test_a_table_is_imported_and_dropped(page, server, tmp_path, name):
    text = (
        "id,name\n1,Ann\n"
        if name.endswith("csv")
        else '{"fresh": [{"id": 1, "name": "Ann"}], "fresh_too": [{"name": "Bo"}]}'
    )
    (tmp_path / name).write_text(text)
    page.goto(f"{server.url}/console/import")
    page.get_by_label("File to import").set_input_files(tmp_path / name)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported")).to_be_visible()
    page.goto(f"{server.url}/console/tables/fresh#live")
    expect(rows(page)).to_have_count(1)
    for table in ("fresh", "fresh_too") if name.endswith("json") else ("fresh",):
        page.get_by_role("link", name=re.compile(f"^{table} ")).first.click()
        expect(rows(page)).to_have_count(1)
        page.get_by_role("link", name="1: open").click()
        act(page, "More", "Drop the table")
        page.get_by_role("dialog").get_by_role("textbox").fill(table)
        page.get_by_role("button", name="Drop the table").click()
        expect(page.get_by_text(f"Dropped {table}").first).to_be_visible()


def test_a_table_is_made_defined_filled_and_emptied(page, server):
    page.goto(f"{server.url}/console/tables")
    page.get_by_role("link", name="New table").click()
    page.get_by_label("Name").fill("walked")
    page.get_by_role("button", name="Begin with an example").click()
    page.get_by_role("button", name="Make the table").click()
    expect(page.get_by_text("Made walked")).to_be_visible()
    put(server, "walked", {"id": 1, "name": "Ann", "email": "ann@example.com"})
    page.goto(f"{server.url}/console/tables/walked")
    page.get_by_role("link", name="Definition").click()
    page.get_by_label("Records at the most").fill("7")
    page.get_by_role("button", name="Save the definition").click()
    expect(page.get_by_text("walked is defined so now")).to_be_visible()
    page.get_by_role("link", name="Back to walked").click()
    act(page, "More", "Empty the table")
    page.get_by_role("button", name="Delete 1 record").click()
    expect(page.get_by_text("walked has no records")).to_be_visible()
    undo(page, "Restored 1 record")
    with server.client() as client:
        client.delete("/api/v1/tables/walked").raise_for_status()


def test_every_view_is_looked_at(page, server):
    page.goto(f"{server.url}/console/tables/users?age:gte=30&sort=-age#live")
    expect(rows(page).first).to_be_visible()
    for view in ("Join", "Groups", "Import, export", "Live", "Changes", "Branches", "Faults", "Clock"):
        page.get_by_role("navigation", name="Views").get_by_role("link", name=view, exact=True).click()
        page.wait_for_load_state("networkidle") if view not in ("Live", "Changes") else page.wait_for_timeout(300)
    for address in (
        "joins/users/orders/user_id?users.age:gte=60",
        "groups/orders?group_by=user_id&aggregate=count",
        "diff",
    ):
        page.goto(f"{server.url}/console/{address}")
        page.wait_for_load_state("networkidle")


def test_a_branch_is_made_written_to_and_dropped(page, server):
    page.goto(f"{server.url}/console/branches")
    page.get_by_role("button", name="New branch").click()
    page.get_by_label("Name").fill("walk")
    page.get_by_label("Name").press("Enter")
    page.get_by_role("link", name="walk").click()
    page.get_by_role("link", name=re.compile("^shops ")).click()
    cell(page, 0, 1).dblclick()
    page.get_by_label("name", exact=True).fill("Poêle")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved shops")).to_be_visible()
    page.goto(f"{server.url}/b/walk/console/branches")
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(page.get_by_text("The tables are as they were")).to_be_visible()
    page.goto(f"{server.url}/console/branches")
    page.get_by_role("button", name="Drop walk").click()
    page.get_by_role("button", name="Drop the branch").click()
    expect(page.get_by_text("Dropped walk")).to_be_visible()
