"""Views of the console as a browser keeps them: what Back leads to."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import rows

pytestmark = pytest.mark.long


def test_back_takes_away_the_order_and_then_the_filter(page, server):
    page.goto(f"{server.url}/console/tables/users")
    expect(rows(page).first).to_be_visible()
    for made in ("one", "other"):
        page.get_by_role("button", name="Add filter").click()
        page.get_by_label("Field", exact=True).last.fill("age")
        page.get_by_label("Operator", exact=True).last.select_option("is from" if made == "one" else "is below")
        page.get_by_label("Value", exact=True).last.fill("30" if made == "one" else "60")
        page.keyboard.press("Enter")
    page.get_by_role("columnheader", name="age").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"\?age:gte=30&age:lt=60&sort=age$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?age:gte=30&age:lt=60$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?age:gte=30$"))
    expect(page.get_by_label("Value", exact=True)).to_have_value("30")
    page.go_back()
    expect(page.get_by_label("Value", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="users", exact=True)).to_be_visible()


def test_back_takes_a_condition_away_from_a_join(page, server):
    page.goto(f"{server.url}/console/joins/users/orders/user_id?type=left")
    page.get_by_label("Rows", exact=True).select_option("inner")
    expect(page).to_have_url(re.compile("user_id$"))
    page.go_back()
    expect(page.get_by_label("Rows", exact=True)).to_have_value("left")


def test_back_goes_through_the_tabs_of_a_record_and_to_its_table(pets, server):
    at = f"{server.url}/console/tables/pets"
    pets.get_by_role("link", name="1: open 1").click()
    for tab in ("JSON", "JSON", "History"):
        pets.get_by_role("tab", name=tab).click()
    expect(pets).to_have_url(f"{at}/records/1/history")
    for tab, address in (("JSON", "/records/1/json"), ("Fields", "/records/1")):
        pets.go_back()
        expect(pets.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(pets).to_have_url(at + address)
    pets.go_back()
    expect(pets.get_by_role("complementary")).to_have_count(0)
    pets.go_forward()
    pets.go_forward()
    expect(pets.get_by_label("The record as JSON")).to_be_visible()
