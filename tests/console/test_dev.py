"""What `--dev` adds to the console: branches, checkpoints, faults, a clock."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.long


def test_a_branch_is_made_looked_at_and_dropped(page, server):
    page.goto(f"{server.url}/console/branches")
    page.get_by_role("button", name="New branch").click()
    page.get_by_label("Name").fill("checkout")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_text("Made the branch checkout")).to_be_visible()
    page.get_by_role("link", name="checkout").click()
    expect(page).to_have_url(f"{server.url}/b/checkout/console/branches")
    expect(page.get_by_role("rowheader", name="checkout shown here")).to_be_visible()
    with server.client() as client:
        client.delete("/b/checkout/api/v1/data/shops/lyon-1")
        assert client.get("/api/v1/data/shops/lyon-1").status_code == 200
    page.get_by_role("link", name="What has changed since").click()
    expect(page.get_by_role("list", name="Changes of shops")).to_contain_text("lyon-1")
    page.goto(f"{server.url}/console/branches")
    page.get_by_role("button", name="Drop checkout").click()
    asked = page.get_by_role("dialog", name="Drop checkout")
    expect(asked.get_by_role("list", name="What has changed")).to_contain_text(
        "shops: 0 created, 0 replaced, 1 deleted"
    )
    asked.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="checkout")).to_be_visible()
    page.get_by_role("button", name="Drop checkout").click()
    asked.get_by_role("button", name="Drop the branch").click()
    expect(page.get_by_role("link", name="checkout")).to_have_count(0)


def test_a_branch_is_made_anew_from_what_it_was_made_of(page, server):
    with server.client() as client:
        client.put("/api/v1/branches/again", json={}).raise_for_status()
        client.delete("/b/again/api/v1/data/shops/lyon-1").raise_for_status()
        page.goto(f"{server.url}/console/branches")
        page.get_by_role("button", name="Make again anew from main").click()
        page.get_by_role("dialog").get_by_role("button", name="Make it anew").click()
        expect(page.get_by_text("again is as main is now")).to_be_visible()
        assert client.get("/b/again/api/v1/data/shops/lyon-1").status_code == 200
        client.delete("/api/v1/branches/again").raise_for_status()


def test_a_branch_that_is_not_there_leads_back_and_is_not_made(page, server):
    assert page.goto(f"{server.url}/b/nowhere/console/tables/users").status == 404
    expect(page.get_by_role("heading", name="There is no branch nowhere")).to_be_visible()
    page.get_by_role("link", name="Look at the branches").click()
    expect(page.get_by_role("rowheader", name="main shown here")).to_be_visible()
    expect(page.get_by_role("link", name="nowhere")).to_have_count(0)


def test_a_branch_that_is_dropped_while_it_is_shown_is_not_made_anew(page, server):
    with server.client() as client:
        client.put("/api/v1/branches/shown", json={}).raise_for_status()
        page.goto(f"{server.url}/b/shown/console/tables/users")
        expect(page.get_by_role("gridcell").first).to_be_visible()
        client.delete("/api/v1/branches/shown").raise_for_status()
        page.get_by_role("columnheader", name="name").click()
        expect(page.get_by_text("This branch is gone")).to_be_visible()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(300)
        assert client.get("/api/v1/branches/shown").status_code == 404
    page.get_by_role("banner").get_by_role("link", name="Branches").click()
    expect(page.get_by_role("rowheader", name="main shown here")).to_be_visible()


def test_a_reset_returns_to_the_checkpoint_and_the_diff_says_what_it_undoes(page, server):
    page.goto(f"{server.url}/console/branches")
    page.get_by_role("button", name="Keep this state").click()
    expect(page.get_by_text("Kept this state to return to")).to_be_visible()
    with server.client() as client:
        client.patch("/api/v1/data/shops/lyon-2", json={"name": "Other"}).raise_for_status()
        client.post("/api/v1/data/pets", json={"id": "rex"})
    page.goto(f"{server.url}/console/diff")
    shops = page.get_by_role("list", name="Changes of shops")
    expect(shops.locator("del")).to_have_count(1)
    expect(shops.locator("ins")).to_have_text("Other")
    expect(page.get_by_role("list", name="Changes of pets").get_by_role("img", name="created")).to_be_visible()
    page.get_by_role("link", name="Checkpoints").click()
    page.get_by_role("button", name="Reset").click()
    asked = page.get_by_role("dialog", name="Reset main")
    expect(asked.get_by_role("list", name="What has changed")).to_contain_text("pets: 1 created, 0 replaced, 0 deleted")
    asked.get_by_role("button", name="Cancel").click()
    with server.client() as client:
        assert client.get("/api/v1/data/pets/rex").status_code == 200
    page.get_by_role("button", name="Reset").click()
    asked.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("The tables are as they were")).to_be_visible()
    page.goto(f"{server.url}/console/diff")
    expect(page.get_by_text("Nothing has changed")).to_be_visible()


def test_a_fault_is_made_in_words_and_strikes(page, server):
    page.goto(f"{server.url}/console/faults")
    page.get_by_label("Method").select_option("GET")
    page.get_by_label("Table", exact=True).select_option("shops")
    page.get_by_label("What happens").select_option("answer with an error")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("list", name="Rules")).to_contain_text("GET of shops at /api/* is answered 503.")
    with server.client() as client:
        assert client.get("/api/v1/data/shops").status_code == 503
        page.get_by_role("button", name="Remove rule 1").click()
        expect(page.get_by_text("Nothing fails on purpose")).to_be_visible()
        assert client.get("/api/v1/data/shops").status_code == 200


def test_a_rule_as_it_is_offered_strikes_requests_of_programs_and_not_the_modules_of_the_console(page, server):
    page.goto(f"{server.url}/console/faults")
    page.get_by_label("What happens").select_option("answer with an error")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("list", name="Rules")).to_contain_text("Any request at /api/* is answered 503.")
    with server.client() as client:
        assert client.get("/api/v1/data/shops").status_code == 503
        assert client.get("/console/main.js").status_code == 200
    page.get_by_role("button", name="Remove rule 1").click()
    expect(page.get_by_text("Nothing fails on purpose")).to_be_visible()


def test_the_clock_is_moved_on_stopped_and_brought_back(page, server):
    page.goto(f"{server.url}/console/clock")
    expect(page.get_by_text("the real time", exact=True)).to_be_visible()
    page.get_by_label("Set it to").fill("2031-05-06T07:08:09")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_label("The server's time")).to_contain_text("2031-05-06")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("stands still", exact=True)).to_be_visible()
    page.get_by_role("button", name="A day").click()
    expect(page.get_by_label("The server's time")).to_contain_text("2031-05-07")
    page.get_by_role("button", name="Back to the real time").click()
    expect(page.get_by_text("the real time", exact=True)).to_be_visible()


def test_every_page_says_that_the_clock_is_set_and_that_there_are_faults(page, server):
    header = page.get_by_role("banner")
    with server.client() as client:
        client.put("/api/v1/clock", json={"now": "2031-05-06T07:08:09Z"}).raise_for_status()
        rule = {"table": "nowhere", "status": 503}
        client.put("/api/v1/faults", json={"rules": [rule, rule]}).raise_for_status()
        page.goto(f"{server.url}/console/tables/shops")
        expect(header.get_by_role("link", name="2 faults on purpose")).to_be_visible()
        header.get_by_role("link", name="Clock: set on purpose").click()
        page.get_by_role("button", name="Stop it").click()
        expect(header.get_by_role("link", name="Clock: stands still")).to_be_visible()
        page.get_by_role("button", name="Back to the real time").click()
        expect(header.get_by_role("link", name="Clock")).to_have_count(0)
        page.set_viewport_size({"width": 400, "height": 800})
        header.get_by_role("link", name="2 faults on purpose").click()
        page.get_by_role("button", name="Remove all").click()
        expect(header.get_by_role("link", name="on purpose")).to_have_count(0)


def test_without_dev_none_of_it_is_offered(another):
    page, server = another("demo")
    page.goto(f"{server.url}/console/branches")
    expect(page.get_by_role("link", name="Import, export")).to_be_visible()
    expect(page.get_by_role("link", name="Branches")).to_have_count(0)
