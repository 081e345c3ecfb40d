"""The console of servers that are started in other ways: with keys, limits, a path, or without a console."""

import pytest
from playwright.sync_api import expect

from tests.console.seen import put, rows

pytestmark = pytest.mark.long


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


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_without_the_console_the_first_page_is_that_of_the_api(another, command):
    page, server = another(command, "--no-console")
    page.goto(server.url)
    expect(page).to_have_url(f"{server.url}/docs")
    expect(page.get_by_role("heading", name="Ramekin")).to_be_visible()
    for path in ("/console", "/console/tables/users", "/console/assets/main.js"):
        assert page.goto(f"{server.url}{path}").status == 404


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
