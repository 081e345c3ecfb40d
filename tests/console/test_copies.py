"""What is copied of a table in the console: commands, programs, rows."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import put, rows

pytestmark = pytest.mark.long


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
