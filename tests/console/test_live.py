"""What the server does, and what happens to records, as the console shows it."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import WRITTEN, put

pytestmark = pytest.mark.long


def test_live_shows_requests_as_they_come(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/metrics") else None)
    page.goto(f"{server.url}/console/live")
    with server.client() as client:
        while not page.get_by_text("list records").is_visible():
            client.get("/api/v1/data/users", params={"age:gt": 30, "limit": 1})
            client.get("/api/v1/data/users/nobody")
            page.wait_for_timeout(50)
            assert len(asked) < 10
    requests = page.get_by_role("article", name="Requests a second")
    expect(requests.locator("canvas")).to_be_visible()
    chart, drawn = (requests.locator(part).bounding_box() for part in (".chart", "canvas"))
    assert drawn["y"] >= chart["y"]
    assert drawn["y"] + drawn["height"] <= chart["y"] + chart["height"] + 1
    assert float(requests.locator("strong").inner_text().replace(",", "")) > 0
    expect(page.get_by_role("article", name="Latency")).to_contain_text("ms")
    expect(page.get_by_role("article", name="Memory by table")).to_contain_text("orders")
    expect(page.get_by_role("article", name="Refused")).to_contain_text("record-not-found")


def test_each_tile_tells_what_is_true_of_the_server(page, server):
    with page.context.new_page() as follower, server.client() as client:
        follower.goto(f"{server.url}/console/changes")
        expect(follower.get_by_text("Each shows as it happens.")).to_be_visible()
        client.get("/api/v1/data/users", params={"sort": "age", "age:gt": 30}).raise_for_status()
        page.goto(f"{server.url}/console/live")

        def tile(name):
            return page.get_by_role("article", name=name, exact=True)

        expect(tile("Connections")).to_contain_text(re.compile(r"Followers of changes\s*1"))
        indexes = sum(len(table["indexes"]) for table in client.get("/api/v1/tables").json()["tables"])
        assert indexes > 0
        expect(tile("Indexes").get_by_role("strong")).to_have_text(str(indexes))
        expect(tile("Memory")).to_contain_text("of ")
        expect(tile("Event loop").get_by_role("strong")).to_contain_text("ms")
        expect(tile("Journal and nodes")).to_contain_text(re.compile(r"The disk takes writes\s*yes"))


def test_a_page_that_nobody_sees_or_that_is_paused_asks_for_no_figures(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(server.url)))
    page.add_init_script("""let isHidden = false;
        Object.defineProperty(document, "hidden", { get: () => isHidden });
        window.hide = (value) => { isHidden = value; document.dispatchEvent(new Event("visibilitychange")); };""")
    page.clock.install()
    page.goto(f"{server.url}/console/live")
    while "/metrics" not in asked:
        page.clock.run_for(1000)
    page.evaluate("hide(true)")
    page.wait_for_load_state("networkidle")
    so_far = len(asked)
    page.clock.run_for(60_000)
    assert asked[so_far:] == []
    page.evaluate("hide(false)")
    with page.expect_request("**/metrics"):
        page.clock.run_for(3000)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: nothing is asked for.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    so_far = len(asked)
    page.clock.run_for(60_000)
    assert "/metrics" not in asked[so_far:]


def test_the_time_below_a_chart_is_the_last_minute_however_little_there_is(page, server):
    page.add_init_script(WRITTEN)
    page.goto(f"{server.url}/console/live")
    page.get_by_role("article", name="Latency").locator("canvas").wait_for()
    page.wait_for_function("written.some((text) => /^\\d\\d:\\d\\d:\\d\\d$/.test(text))")
    now, *times = page.evaluate("""[new Date().toTimeString(), ...written]
        .filter((text) => /^\\d\\d:\\d\\d:\\d\\d/.test(text))
        .map((text) => text.slice(0, 8).split(":").reduce((sum, part) => sum * 60 + Number(part), 0))""")
    ages = [(now - time) % 86_400 for time in times]
    assert len(ages) >= 3
    assert 20 <= max(ages) <= 75, "some of a minute, not hours"
    assert min(ages) <= 30


def test_changes_show_as_they_happen_and_can_be_paused(page, server):
    page.goto(f"{server.url}/console/changes")
    expect(page.get_by_text("Each shows as it happens.")).to_be_visible()
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    with server.client() as client:
        client.post("/api/v1/data/pets", json={"id": "rex", "name": "<b onclick=1>Rex</b>"})
        feed = page.get_by_role("list", name="Changes, the newest first")
        expect(feed.get_by_role("listitem")).to_have_count(1)
        expect(feed).to_contain_text("<b onclick=1>Rex</b>")
        page.get_by_role("button", name="Pause").click()
        client.delete("/api/v1/data/pets/rex")
        expect(page.get_by_text("Paused. 1 more has come.")).to_be_visible()
        expect(feed.get_by_role("listitem")).to_have_count(1)
        page.get_by_role("button", name="Go on").click()
        expect(feed.get_by_role("listitem").first).to_contain_text(re.compile("delete"))
        feed.get_by_role("button").click()
        expect(feed.get_by_label("Record", exact=True)).to_contain_text('"id": "rex"')


def test_no_change_is_lost_that_comes_while_a_pause_ends(page, server):
    put(server, "ticks", {"id": 0})
    page.goto(f"{server.url}/console/changes?table=ticks")
    expect(page.get_by_text("Each shows as it happens.")).to_be_visible()
    sent = page.evaluate("""async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        let [isOver, sent] = [false, 0];
        const write = async () => {
            while (!isOver) {
                sent += 1;
                const body = JSON.stringify({ id: sent });
                await fetch("/api/v1/data/ticks", { method: "POST", headers: { "Content-Type": "application/json" }, body });
            }
        };
        const writing = write();
        for (let turn = 0; turn < 30; turn += 1) {
            document.querySelector(".title .row button").click();
            for (let frames = 0; frames < 4; frames += 1) await frame();
        }
        isOver = true;
        await writing;
        return sent;
    }""")
    assert sent < 500, "the page keeps as many"
    expect(page.get_by_role("list", name="Changes, the newest first").get_by_role("listitem")).to_have_count(sent)


def test_a_pause_is_in_the_address(page, server):
    put(server, "pets", {"id": "rex"})
    asked = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(server.url)))
    page.goto(f"{server.url}/console/live#paused")
    expect(page.get_by_text("Paused: nothing is asked for.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing has been asked for yet")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "/metrics" not in asked
    with page.expect_request("**/metrics"):
        page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{server.url}/console/live")
    page.goto(f"{server.url}/console/changes?table=pets#paused")
    expect(page.get_by_text("Paused. 0 more have come.")).to_be_visible()
    with page.expect_response(lambda answer: "event-stream" in answer.headers.get("content-type", "")):
        page.reload()
    put(server, "pets", {"id": "tom"})
    expect(page.get_by_text("Paused. 1 more has come.")).to_be_visible()
    expect(page.get_by_text("Nothing has happened yet")).to_have_count(0)
    page.get_by_label("Table", exact=True).select_option("All tables")
    expect(page).to_have_url(f"{server.url}/console/changes#paused")
    expect(page.get_by_text("Paused. 0 more have come.")).to_be_visible()
    with server.client() as client:
        client.delete("/api/v1/data/pets/tom")
    expect(page.get_by_text("Paused. 1 more has come.")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Changes").click()
    expect(page.get_by_role("list", name="Changes, the newest first")).to_contain_text("delete")
    page.goto(f"{server.url}/console/changes#stopped")
    expect(page.locator(".toasts")).to_contain_text("This view has no use for #stopped.")
    expect(page).to_have_url(f"{server.url}/console/changes")


def test_changes_of_one_table_are_a_link(page, server):
    page.goto(f"{server.url}/console/changes?table=shops")
    expect(page.get_by_label("Table", exact=True)).to_have_value("shops")
    expect(page.get_by_text("Each shows as it happens.")).to_be_visible()
    with server.client() as client:
        client.post("/api/v1/data/cats", json={"id": 1})
        client.patch("/api/v1/data/shops/lyon-1", json={"tags": []})
    feed = page.get_by_role("list", name="Changes, the newest first")
    expect(feed.get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Table", exact=True).select_option("All tables")
    expect(page).to_have_url(f"{server.url}/console/changes")


@pytest.mark.long
def test_what_a_key_may_not_see_is_asked_for_once(page, server):
    asked, told = [], {"title": "Forbidden", "status": 403, "detail": "This takes the role 'admin'."}
    page.clock.install()
    page.route("**/metrics", lambda route: (asked.append(1), route.fulfill(status=403, json=told)))
    page.goto(f"{server.url}/console/live")
    expect(page.get_by_role("alert")).to_contain_text("This takes the role")
    page.clock.run_for(10_000)
    assert len(asked) == 1


@pytest.mark.long
def test_a_change_of_another_day_tells_the_day(page, server):
    put(server, "dated", {"id": 0})
    with server.client() as client:
        page.goto(f"{server.url}/console/changes?table=dated")
        expect(page.get_by_text("Each shows as it happens.")).to_be_visible()
        put(server, "dated", {"id": 1})
        client.put("/api/v1/clock", json={"now": "2130-01-01T00:00:00Z"}).raise_for_status()
        put(server, "dated", {"id": 2})
        client.delete("/api/v1/clock")
    times = page.get_by_role("list", name="Changes").locator("time")
    expect(times.first).to_have_text(re.compile(r"^2130-01-01 00:00:\d\d\.\d{3}$"))
    expect(times.last).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
