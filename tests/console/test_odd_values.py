"""What people store is text, wherever it shows: from right to left, emoji, HTML, names of JavaScript, a megabyte."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.console.seen import put, stored

pytestmark = pytest.mark.long

NAME = "שלום 👩‍👩‍👧 <b>x</b>"
ODD = {
    "id": "قط 🐈 ?#%",
    "name": NAME,
    "html": "<img src=x onerror=alert(1)>",
    "__proto__": {"polluted": 1},
    "long": "ש" * 500_000,
}
PATH = quote(ODD["id"], safe="")
PLACES = {
    "grid": "tables/odd",
    "record": f"tables/odd/records/{PATH}",
    "filter": "tables/odd?name:startswith=שלום",
    "changes": "changes?table=odd",
    "join": "joins/odd/friends/odd_id",
    "tree": "joins/odd/friends/odd_id?shape=tree",
    "groups": "groups/odd?group_by=name",
    "diff": "diff",
}


@pytest.fixture
def odd(page, server):
    """Open what the server has of odd records."""
    with server.client() as client:
        client.delete("/api/v1/tables/odd")
        client.post("/api/v1/checkpoint")
    put(server, "odd", ODD)
    put(server, "friends", {"id": 1, "odd_id": ODD["id"]})
    page.on("dialog", lambda _: pytest.fail("something was run"))
    return page


def direction(page, text):
    """Return in which direction a text is read where it shows first."""
    seen = page.get_by_role("main").get_by_text(text).filter(visible=True).last
    expect(seen).to_be_visible()
    return seen.evaluate("element => getComputedStyle(element).direction")


@pytest.mark.parametrize("place", PLACES)
def test_odd_values_show_as_what_they_are(odd, server, place):
    odd.goto(f"{server.url}/console/{PLACES[place]}")
    if place == "changes":
        expect(odd.get_by_text("Each shows as it happens.")).to_be_visible()
        put(server, "odd", ODD)
    assert direction(odd, NAME) == ("ltr" if place in ("changes", "diff") else "rtl"), "JSON is read from the left"
    assert odd.locator("main b, main img").count() == 0
    assert odd.evaluate("({}).polluted") is None
    assert odd.evaluate("document.documentElement.scrollWidth") <= 1280
    assert odd.evaluate("document.querySelector('main').innerText.length") < 60_000, "a part of a megabyte"


def test_an_odd_record_is_read_edited_and_followed(odd, server):
    odd.goto(f"{server.url}/console/tables/odd")
    odd.get_by_role("link", name="1: open").click(force=True)
    panel = odd.get_by_role("complementary")
    expect(panel.get_by_role("heading", name=ODD["id"])).to_be_visible()
    panel.get_by_role("button", name="Edit name").click()
    odd.get_by_label("name", exact=True).fill(f"{NAME}!")
    odd.keyboard.press("Enter")
    expect(panel).to_contain_text(f"{NAME}!")
    assert stored(server, PATH, "odd") == ODD | {"name": f"{NAME}!"}
    for tab, shown in (("JSON", f"{NAME}!"), ("History", f"{NAME}!"), ("Links", "1 friend by odd_id")):
        panel.get_by_role("tab", name=tab).click()
        expect(panel).to_contain_text(shown)
    panel.get_by_role("link", name="1 friend by odd_id").click()
    expect(odd.get_by_role("gridcell", name=ODD["id"])).to_be_visible()
    assert odd.locator("main b, main img").count() == 0


def test_odd_values_are_imported_as_they_are(odd, server, tmp_path):
    (tmp_path / "odd.csv").write_text(f'id,name,html\nשלום,"{NAME}",{ODD["html"]}\n')
    odd.goto(f"{server.url}/console/import")
    odd.get_by_label("File to import").set_input_files(tmp_path / "odd.csv")
    expect(odd.get_by_role("region", name="Preview")).to_contain_text(ODD["html"])
    assert direction(odd, NAME) == "rtl"
    odd.get_by_role("button", name="Import").click()
    expect(odd.get_by_text("Imported 1 record")).to_be_visible()
    assert stored(server, "שלום", "odd") == {"id": "שלום", "name": NAME, "html": ODD["html"]}
