"""The pictures of README and of the manual, taken from the console on the demo.

They are written where `WRITE_PICTURES` is set, so that a run of the tests changes no file:
`WRITE_PICTURES=1 pytest -n0 -m long tests/console/test_screenshots.py`.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import Server

pytestmark = pytest.mark.long

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
MOST_BYTES = 150_000
WIDE, SMALL = {"width": 1200, "height": 640}, {"width": 400, "height": 720}
HIGH = {"width": 1120, "height": 760}
PICTURES = {
    "console-table": (
        "tables/orders?quantity:gte=2&sort=-total_price&select=product_name,quantity,total_price,order_date",
        WIDE,
        "light",
    ),
    "console-record": ("tables/users/records/{user}?select=full_name,age", WIDE, "dark"),
    "console-join": (
        "joins/users/orders/user_id?users.age:gte=60&sort=-orders.total_price"
        "&select=users.full_name,users.age,orders.product_name,orders.quantity,orders.total_price",
        WIDE,
        "light",
    ),
    "console-groups": ("groups/orders?group_by=order_date&aggregate=sum:total_price&chart=line", HIGH, "dark"),
    "console-live": ("live", WIDE, "light"),
    "console-small": ("tables/users?sort=-age&select=full_name,age,email", SMALL, "dark"),
    "console-small-groups": (
        "groups/orders?group_by=product_name&aggregate=count&aggregate=sum:total_price&sort=-count",
        SMALL,
        "light",
    ),
}


@pytest.fixture(scope="module")
def server():
    """The demo as those who try it first see it."""
    server = Server("demo")
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_taken(page, server, name, tmp_path):
    view, size, scheme = PICTURES[name]
    with server.client() as client:
        user = client.get("/api/v1/data/users?limit=1").json()["data"][0]["id"]
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        if view == "live":
            page.clock.install()
        for _ in range(2):  # the second time finds the indexes that the first has built
            page.goto(f"{server.url}/console/{view.format(user=user)}")
            expect(page.get_by_role("main").locator("h1, h2").first).to_be_visible()
            page.wait_for_load_state("networkidle") if view != "live" else None
        if view == "live":
            be_busy(page, client, user)
        if name == "console-small-groups":
            page.locator(".board", has=page.locator(".chart")).evaluate("board => board.scrollIntoView()")
            page.locator("main").evaluate("main => main.scrollTop -= 12")
        page.wait_for_timeout(500)
    folder = IMAGES if "WRITE_PICTURES" in os.environ else tmp_path
    folder.mkdir(exist_ok=True)
    assert len(page.screenshot(path=folder / f"{name}.png")) < MOST_BYTES


def be_busy(page, client, user):
    """Let a minute go by for a page, in which others ask for this and that."""
    for reading in range(32):
        for _ in range(12 + reading * 7 % 11):
            client.get("/api/v1/data/users?limit=5&sort=-age")
        for _ in range(4 + reading * 5 % 7):
            client.get(f"/api/v1/data/users/{user}")
        if reading % 5 == 2:
            client.get("/api/v1/join/users/orders/user_id?limit=20")
            client.get("/api/v1/data/users/nobody")
        with page.expect_response("**/metrics"):
            page.clock.run_for(2000)
