"""Charts of groups: bars with their names, and lines over time that are put together of single moments."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import WRITTEN, put

pytestmark = pytest.mark.long


def test_counts_are_drawn_beside_whole_numbers_and_figures_beside_short_ones(page, server):
    page.add_init_script(WRITTEN)
    for figure, beside in (("count", {"0", "1", "2", "3"}), ("max:rating", {"0", "0.2", "1"})):
        put(server, "rated", *({"id": id, "at": id % 2, "rating": id / 4} for id in range(6)))
        page.goto(f"{server.url}/console/groups/rated?group_by=at&aggregate={figure}")
        page.locator(".chart canvas").wait_for()
        page.wait_for_function("written.length > 4")
        written = {text for text in page.evaluate("written") if re.match(r"[\d.]+$", text)}
        assert beside <= written
        assert {text for text in written if "." in text and (figure == "count" or text.endswith("0"))} == set()


def test_groups_of_moments_are_a_line_over_time(page, server):
    page.goto(f"{server.url}/console/groups/orders?group_by=order_date&aggregate=sum:total_price&quantity:gte=2")
    page.get_by_label("Chart", exact=True).select_option("line over time")
    page.get_by_label("Put together by").select_option("year")
    expect(page.locator(".chart canvas")).to_be_visible()
    page.get_by_label("Add a figure").select_option("number of records")
    page.get_by_label("Figure", exact=True).select_option("count")
    expect(page).to_have_url(re.compile("chart=line,year,count"))
    page.reload()
    expect(page.get_by_label("Chart", exact=True)).to_have_value("line")
    expect(page.get_by_label("Put together by")).to_have_value("year")
    expect(page.get_by_label("Figure", exact=True)).to_have_value("count")
    expect(page.get_by_role("img", name="count by order_date")).to_be_visible()


def test_the_least_and_the_greatest_of_moments_are_put_together_too(page, server):
    page.goto(f"{server.url}/console/groups/orders?group_by=order_date&aggregate=max:total_price&chart=line,year")
    expect(page.get_by_label("Put together by")).to_have_value("year")
    with server.client() as client:
        [most] = client.get("/api/v1/data/orders?sort=-order_date&limit=1").json()["data"]
        year = most["order_date"][:4]
        greatest = client.get(f"/api/v1/data/orders?order_date:gte={year}-01-01&sort=-total_price&limit=1").json()[
            "data"
        ][0]
    expect(page.get_by_role("img", name="greatest of total_price")).to_have_attribute(
        "aria-label", re.compile(f": {greatest['total_price']:,.0f}$")
    )


def test_what_a_chart_shows_is_read_at_the_pointer_and_saved(page, server):
    days = [{"id": id, "at": f"2026-0{1 + id % 3}-{1 + id % 28:02}T10:00:00Z"} for id in range(90)]
    put(server, "moments", *days)
    page.goto(f"{server.url}/console/groups/moments?group_by=at&aggregate=count&chart=line")
    chart = page.locator(".chart .u-over")
    chart.hover(position={"x": 2, "y": 20})
    expect(page.locator(".chart-at")).to_have_text("2026-01: 30")
    page.get_by_text("The line as a table").click()
    expect(page.get_by_role("region", name="The line").get_by_role("row")).to_have_count(4)
    page.get_by_role("button", name="Export the line").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV").click()
    assert saved.value.path().read_text().split() == ["month,count", "2026-01,30", "2026-02,30", "2026-03,30"]
    page.get_by_label("Chart", exact=True).select_option("bars")
    chart.hover(position={"x": 2, "y": 20})
    expect(page.locator(".chart-at")).to_contain_text("2026-01-01T10:00:00Z: ")


def test_a_line_over_time_is_of_all_groups(page, server):
    at = "2020-01-01T00:00:00Z"
    start = datetime.datetime.fromisoformat(at)
    hours = [{"id": id, "at": (start + datetime.timedelta(hours=id)).isoformat()} for id in range(12_000)]
    put(server, "hourly", *hours)
    page.goto(f"{server.url}/console/groups/hourly?group_by=at&aggregate=count&chart=line")
    expect(page.get_by_text("12,000 groups of hourly by at")).to_be_visible()
    page.get_by_text("The line as a table").click()
    table = page.get_by_role("region", name="The line")
    expect(table.get_by_role("row").nth(14)).to_contain_text("2021-02")
    expect(table.get_by_role("row").nth(14)).to_contain_text("672")


def test_a_line_that_is_not_of_all_groups_says_so_and_leaves_out_what_is_cut(page, server):
    rows = [{"order_date": f"2026-0{month}-{day:02}", "count": 1} for month in (1, 2) for day in range(1, 20)]
    page.route(
        "**/api/v1/query/orders*", lambda route: route.fulfill(json={"data": rows * 3000, "next": "/x?cursor=y"})
    )
    page.goto(f"{server.url}/console/groups/orders?group_by=order_date&aggregate=count&chart=line")
    expect(
        page.get_by_text("The line is of the first 114,000 groups: what lies behind them is not in it.")
    ).to_be_visible()
    page.get_by_text("The line as a table").click()
    expect(page.get_by_role("region", name="The line").get_by_role("row")).to_have_count(2)


def test_moments_begin_as_a_line_and_anything_else_as_bars(page, server):
    put(server, "untyped", *({"id": id, "at": f"2026-01-{id:02}T10:00:00Z", "kind": id % 3} for id in range(1, 29)))
    chart = page.get_by_label("Chart", exact=True)
    for view, usual in {
        "orders?group_by=order_date": "line",
        "untyped?group_by=at": "line",
        "untyped?group_by=kind": "bar",
    }.items():
        page.goto(f"{server.url}/console/groups/{view}")
        expect(chart).to_have_value(usual)
        expect(page.locator(".chart canvas")).to_be_visible()
    page.goto(f"{server.url}/console/groups/untyped?group_by=at")
    chart.select_option("bars")
    expect(page).to_have_url(re.compile("chart=bar$"))
    page.reload()
    expect(chart).to_have_value("bar")
    chart.select_option("line over time")
    expect(page).not_to_have_url(re.compile("chart="))


def test_a_mean_over_time_is_that_of_all_records_of_a_month(page, server):
    figures = {"2026-01-01": [1, 2, 3], "2026-01-02": [10], "2026-02-01": [-4, 4, None, "none"], "2026-03-01": [None]}
    records = [{"day": day, "n": n} for day, all in figures.items() for n in all]
    put(server, "means", *({"id": id, **record} for id, record in enumerate(records)))
    page.goto(f"{server.url}/console/groups/means?group_by=day&aggregate=avg:n")
    page.get_by_text("The line as a table").click()
    line = page.get_by_role("region", name="The line").get_by_role("row")
    expect(line).to_have_text([re.compile("month"), "2026-014", "2026-020"])
    heads = page.locator(".rows").last.get_by_role("columnheader")
    expect(heads).to_have_text(["day", "mean of n"])
    page.get_by_label("Put together by").select_option("day")
    expect(line).to_have_text([re.compile("day"), "2026-01-012", "2026-01-0210", "2026-02-010"])


def test_names_below_bars_are_whole_and_turned_where_there_is_no_room(page, server):
    page.add_init_script(WRITTEN)
    page.goto(f"{server.url}/console/groups/orders?group_by=product_name")
    page.locator(".chart canvas").wait_for()
    names = page.get_by_role("region", name="Groups").locator("tbody td:first-child").all_inner_texts()[:40]
    page.wait_for_function("names => names.every((name) => written.includes(name))", arg=names)
    longest = max(names, key=len)
    at = names.index(longest)
    chart = page.locator(".chart .u-over")
    width = chart.bounding_box()["width"]
    chart.hover(position={"x": width * (at + 0.6) / (len(names) + 0.2), "y": 20})
    expect(page.locator(".chart-at")).to_contain_text(longest)
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate("written.length = 0")
    page.reload()
    page.locator(".chart canvas").wait_for()
    page.wait_for_function("written.length > 4")
    assert 0 < len({*page.evaluate("written")} & {*names}) < len(names), "as many as there is room for"
