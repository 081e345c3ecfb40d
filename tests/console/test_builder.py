"""Joins and groups, built in the console as a person would."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import put


def test_a_join_is_built_by_choosing_and_says_what_it_did(page, server):
    page.goto(f"{server.url}/console/joins")
    expect(page.get_by_text("Choose two tables")).to_be_visible()
    page.get_by_label("First table").select_option("users")
    page.get_by_label("Second table").select_option("orders")
    expect(page.get_by_label("Key")).to_have_value("user_id")
    expect(page.get_by_text("each of users beside each of orders for which users.id = orders.user_id.")).to_be_visible()
    expect(page.get_by_text("looked at, 50 returned")).to_be_visible()
    page.get_by_label("Rows", exact=True).select_option("left")
    expect(page.get_by_text("and each of users without any")).to_be_visible()
    assert page.url == f"{server.url}/console/joins/users/orders?type=left"


@pytest.mark.long
def test_a_link_is_the_join_with_its_conditions_and_warnings(page, server):
    page.goto(f"{server.url}/console/joins/users/orders/user_id?users.age:gte=60&sort=-orders.total_price")
    rows = page.get_by_role("region", name="Joined rows").get_by_role("row")
    expect(rows.nth(2)).to_contain_text("1134.0")
    page.goto(f"{server.url}/console/joins/users/orders/id")
    expect(page.get_by_label("Warnings")).to_contain_text("nothing matched; id=user_id would")
    page.get_by_label("Key").fill("nope")
    page.get_by_label("Key").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.long
def test_a_join_is_saved_whole_as_flat_csv(page, server):
    page.goto(f"{server.url}/console/joins/users/orders/user_id?type=full")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV").click()
    lines = list(csv.reader(saved.value.path().read_bytes().decode().splitlines(keepends=True)))
    with server.client() as client:
        asked = {"type": "full", "limit": 0, "count": True}
        total = client.get("/api/v1/join/users/orders/user_id", params=asked).json()["total"]
    expect(page.get_by_text(f"Saved {total:,} rows as users-orders.csv")).to_be_visible()
    assert lines[0][:2] == ["users.id", "users.email"]
    assert len(lines) == total + 1 > 5001, "more than one page"
    assert {len(line) for line in lines} == {len(lines[0])}


def test_groups_are_built_shown_as_bars_and_saved(page, server):
    page.goto(f"{server.url}/console/groups")
    page.get_by_label("Table", exact=True).select_option("orders")
    page.get_by_label("Add a field to group by").select_option("product_name")
    page.get_by_label("Add a figure").select_option("sum of total_price")
    page.get_by_label("Order").select_option("sum of total_price, greatest first")
    rows = page.get_by_role("region", name="Groups").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Cast-iron cocotte, 26 cm")
    assert not re.search(r"\.\d{5}", page.locator(".rows").inner_text()), "dust of binary fractions"
    expect(
        page.get_by_role("img", name="sum of total_price").or_(page.get_by_role("img", name="count by"))
    ).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as JSON", exact=True).click()
    first, *_ = json.loads(saved.value.path().read_text())
    assert first["product_name"] == "Cast-iron cocotte, 26 cm"
    page.get_by_label("Add a figure").select_option("mean of total_price")
    shown = page.get_by_role("search", name="Filter")
    expect(shown).to_contain_text('"mean of total_price":"avg:total_price"')
    expect(shown).to_contain_text("curl -X POST")
    page.get_by_role("button", name="Remove product_name").click()
    expect(page.get_by_text("All of orders together")).to_be_visible()
    expect(rows.last).to_contain_text("6,000")


@pytest.mark.long
def test_groups_say_which_of_them_are_drawn(page, server):
    page.goto(f"{server.url}/console/groups/orders?group_by=user_id")
    expect(page.get_by_text("560 groups of orders by user_id")).to_be_visible()
    expect(page.get_by_text("The chart shows the first 40 of them.")).to_be_visible()
    expect(page.get_by_text("The table shows the first 200 of them.")).to_be_visible()
    page.get_by_label("Chart", exact=True).select_option("none")
    expect(page.get_by_text("The chart shows")).to_have_count(0)


IMPOSSIBLE = {
    "groups/orders?group_by=order_date&chart=line,fortnight": ("not by fortnight", "groups/orders?group_by=order_date&aggregate=count"),
    "groups/orders?group_by=order_date&chart=pie": ("no chart called pie", "groups/orders?group_by=order_date&aggregate=count"),
    "groups/orders?group_by=product_name&chart=line": ("no line over time by product_name", "groups/orders?group_by=product_name&aggregate=count"),
    "groups/orders?group_by=quantity&chart=bar,,sum%20of%20x": ("no figure called sum of x", "groups/orders?group_by=quantity&aggregate=count"),
    "groups/orders?group_by=quantity&aggregate=median:total_price&sort=-price": ("no figure called median:total_price", "groups/orders?group_by=quantity&aggregate=count"),
    "joins/users/orders/user_id?type=sideways&shape=round": ("no join of the type sideways", "joins/users/orders/user_id"),
    "joins/users/orders/user_id?type=full&shape=tree": ("side by side", "joins/users/orders/user_id?type=full"),
    "tables/orders?limit=5&quantity=2": ("needs no limit", "tables/orders?quantity=2"),
    "tables/orders/colours?quantity=2#loud": ("no colours", "tables/orders?quantity=2"),
    "tables?quantity=2": ("no use for quantity", "tables"),
    "tables/orders/definition/more#loud": ("no use for more", "tables/orders/definition"),
    "groups/orders/more?group_by=quantity#loud": ("no use for #loud", "groups/orders?group_by=quantity"),
    "joins/users/orders/user_id/more": ("no use for more", "joins/users/orders/user_id"),
    "changes/shops?table=shops&colour=red#paused": ("no use for colour", "changes?table=shops#paused"),
    "live?colour=red#loud": ("no use for #loud", "live"),
    "import/shops": ("no use for shops", "import"),
    "tables/shops/records/lyon-1/smell": ("no smell", "tables/shops/records/lyon-1"),
}  # fmt: skip


@pytest.mark.parametrize(
    "view", [pytest.param(view, marks=pytest.mark.long if at else ()) for at, view in enumerate(IMPOSSIBLE)]
)
def test_what_an_address_says_and_cannot_be_is_told_and_the_usual_stands_there(page, server, view):
    told, right = IMPOSSIBLE[view]
    page.goto(f"{server.url}/console/{view}")
    expect(page.locator(".toasts")).to_contain_text(told)
    expect(page).to_have_url(f"{server.url}/console/{right}")
    empty = page.get_by_role("main").locator("select").evaluate_all("all => all.filter((one) => one.selectedIndex < 0)")
    assert empty == [], "each choice shows what holds"


@pytest.mark.long
@pytest.mark.parametrize(
    "view", ["groups/unicorns?group_by=n", "joins/unicorns/users", "joins/users/unicorns", "changes?table=unicorns"]
)
def test_a_table_that_is_not_there_is_named_in_its_place(page, server, view):
    page.goto(f"{server.url}/console/{view}")
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", name="There is no table unicorns")).to_be_visible()
    chosen = main.locator("select").evaluate_all("all => all.map((one) => one.value)")
    assert "unicorns" in chosen
    assert None not in main.locator("select").evaluate_all("all => all.map((one) => one.selectedIndex < 0 ? null : 1)")
    for untrue in ("Waiting", "Nothing has happened", "Choose two tables"):
        expect(main.get_by_text(untrue)).to_have_count(0)


@pytest.mark.long
def test_an_empty_table_has_no_groups_and_says_so(page, server):
    with server.client() as client:
        client.put("/api/v1/tables/bare", json={}).raise_for_status()
    page.goto(f"{server.url}/console/groups/bare")
    expect(page.get_by_text("All of bare together")).to_be_visible()


@pytest.mark.long
def test_a_field_that_is_called_like_a_word_of_the_builder_is_a_condition(page, server):
    with server.client() as client:
        client.post(
            "/api/v1/data/plots?on_conflict=replace",
            json=[{"id": 1, "chart": "bar"}, {"id": 2, "chart": 5}, {"id": 3, "chart": "5"}],
        )
    page.goto(f"{server.url}/console/groups/plots?group_by=id")
    page.get_by_role("button", name="Add filter").click()
    page.get_by_role("combobox", name="Field", exact=True).fill("chart")
    page.get_by_label("Value").fill("5")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/console/groups/plots?group_by=id&aggregate=count&chart:eq=5")
    expect(page.get_by_text("2 groups of plots by id")).to_be_visible()


@pytest.mark.long
def test_fields_of_objects_are_offered_by_their_paths(page, server):
    inner = {"type": "object", "properties": {"city": {"type": "string"}, "user_id": {"type": "integer"}}}
    with server.client() as client:
        client.put("/api/v1/tables/typed", json={"schema": {"properties": {"at": inner}}}).raise_for_status()
    for table in ("free", "typed"):
        put(server, table, *[{"id": id, "at": {"city": "Lyon", "user_id": id % 2, "a.b": id}} for id in (1, 2)])
        page.goto(f"{server.url}/console/groups/{table}")
        page.get_by_label("Add a field to group by").select_option("at.city")
        page.get_by_label("Add a figure").select_option("sum of at.user_id")
        page.get_by_label("Order").select_option("sum of at.user_id, greatest first")
        expect(page.get_by_text("1 group of")).to_be_visible()
        expect(page.get_by_role("region", name="Groups").get_by_role("row").nth(1)).to_contain_text("Lyon")
        page.goto(f"{server.url}/console/joins/shops/{table}")
        expect(page.get_by_label("Key")).to_have_value("id=at.user_id")
        for view in (f"tables/{table}", f"joins/shops/{table}/id"):
            page.goto(f"{server.url}/console/{view}")
            page.get_by_role("button", name="Add filter").click()
            field = page.get_by_role("combobox", name="Field", exact=True)
            offered = field.evaluate("box => [...box.list.options].map((each) => each.value)")
            prefix = f"{table}." if "joins" in view else ""
            assert {f"{prefix}at.city", f"{prefix}id"} <= {*offered}
        page.goto(f"{server.url}/console/tables/{table}")
        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="at", exact=True).uncheck()
        page.get_by_role("checkbox", name="at.city").check()
        expect(page.get_by_role("columnheader", name="at.city")).to_be_visible()
        expect(page.get_by_role("gridcell", name="Lyon").first).to_be_visible()
    page.goto(f"{server.url}/console/groups/free?group_by=at.a%5C.b&sort=-at.a%5C.b")
    expect(page.get_by_role("region", name="Groups").get_by_role("row").nth(1)).to_contain_text("2")
    expect(page.get_by_role("img", name="count by")).to_be_visible()


@pytest.mark.long
def test_groups_are_of_the_records_that_the_list_shows_and_tell_only_what_was_asked(page, server):
    declared = {"marks": {"type": "array", "items": {"type": "string"}}}
    later = [{"id": id, "late": "x" if id > 50 else 1} for id in range(4, 60)]
    put(server, "odds", {"id": 1, "n": None, "v": 7}, {"id": 2, "n": 7, "v": "7"}, {"id": 3, "n": 5}, *later)
    with server.client() as client:
        client.put("/api/v1/tables/marked", json={"schema": {"properties": declared}}).raise_for_status()
    put(server, "marked", {"id": 1, "marks": ["5"]}, {"id": 2, "marks": ["55"]})
    views = ["odds?n:gt=5", "odds?v=7", "odds?v:gte=7", "odds?v:lt=true", "odds?late:gt=0", "marked?marks:contains=5"]
    for view in views:
        with server.client() as client:
            found = len(client.get(f"/api/v1/data/{view}").raise_for_status().json()["data"])
        page.goto(f"{server.url}/console/groups/{view}&group_by=id")
        expect(page.get_by_text(f"{found} group{'s' if found > 1 else ''} of ")).to_be_visible()
        expect(page.get_by_text("no record in")).to_have_count(0)
    page.goto(f"{server.url}/console/groups/odds?n:in=[1,")
    expect(page.get_by_text("'in' takes an array of values")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize(("view", "path"), [("groups/few", "mood"), ("joins/kin/few/few_id=id", "few.mood")])
def test_values_that_are_there_complete_the_filter_of_a_builder(page, server, view, path):
    put(server, "few", {"id": 1, "mood": "calm"})
    put(server, "kin", {"id": 2, "few_id": 1})
    page.goto(f"{server.url}/console/{view}")
    page.get_by_role("button", name="Add filter").click()
    page.get_by_label("Field", exact=True).fill(path)
    options = page.get_by_label("Value", exact=True).locator("+ datalist option")
    expect(options).to_have_count(1)
    assert options.get_attribute("value") == "calm"


@pytest.mark.long
def test_what_a_join_cost_is_that_of_its_rows(page, server):
    with server.client() as client:
        asked = {"users.age:gte": 60, "limit": 50, "explain": True}
        cost = client.get("/api/v1/join/users/orders/user_id", params=asked).json()["explain"]["rows_examined"]
    page.goto(f"{server.url}/console/joins/users/orders/user_id?users.age:gte=60")
    expect(page.get_by_text(f": {cost} looked at,")).to_be_visible()


@pytest.mark.long
def test_groups_are_saved_whole(page, server):
    with server.client() as client:
        asked = {"group_by": ["order_date"], "aggregate": {"count": "count"}, "limit": 10_000}
        found = client.post("/api/v1/query/orders", json=asked).json()["data"]
    assert len(found) > 5000, "more than one page"
    page.goto(f"{server.url}/console/groups/orders?group_by=order_date&aggregate=count")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as NDJSON").click()
    assert [json.loads(line) for line in saved.value.path().read_text().splitlines()] == found


VIEWS = ("tables/users", "groups/users?group_by=age", "joins/users/orders/user_id")


@pytest.mark.long
@pytest.mark.parametrize("view", VIEWS)
def test_what_cannot_be_read_for_a_moment_is_read_again(page, server, view):
    with server.client() as client:
        rule = {"table": "users", "status": 503, "count": 2}
        client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()
        page.goto(f"{server.url}/console/{view}")
        expect(page.get_by_role("row").nth(3)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        client.delete("/api/v1/faults")


@pytest.mark.long
@pytest.mark.parametrize("view", VIEWS)
def test_what_could_not_be_read_is_asked_for_again_by_a_button(page, server, view):
    for path in ("data/users?*", "query/users?*", "query/users", "join/users/**"):
        page.route(f"**/api/v1/{path}", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.goto(f"{server.url}/console/{view}")
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("row").nth(3)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.long
def test_a_join_is_sorted_at_its_headers_and_a_table_beside_itself_by_what_names_its_records(page, server):
    staff = (
        {"id": 1, "name": "Ada", "boss": None},
        {"id": 2, "name": "Bo", "boss": 1},
        {"id": 3, "name": "Cy", "boss": 1},
    )
    put(server, "staff", *staff)
    page.goto(f"{server.url}/console/joins")
    expect(page.get_by_text("/join/users/orders/user_id")).to_be_visible()
    page.get_by_label("First table").select_option("staff")
    page.get_by_label("Second table").select_option("staff")
    expect(page.get_by_label("Key", exact=True)).to_have_value("boss=id")
    names = page.get_by_role("region", name="Joined rows").locator("tbody td:nth-child(2)")
    expect(names).to_have_text(["Bo", "Cy"])
    head = page.get_by_role("columnheader", name="name").first
    for order, found in {"ascending": ["Bo", "Cy"], "descending": ["Cy", "Bo"]}.items():
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        expect(names).to_have_text(found)
    expect(page).to_have_url(re.compile(r"sort=-staff_1\.name"))
    with server.client() as client:
        client.delete("/api/v1/tables/staff").raise_for_status()
