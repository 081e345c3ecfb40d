"""The form for a record, made of a model: each part of a value has boxes of its own, which say what is expected."""

import datetime
import ipaddress
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect
from pydantic import AnyUrl, BaseModel, Field

from tests.console.seen import expect_settled, stored

pytestmark = pytest.mark.long


class Line(BaseModel):
    sku: str
    price: Decimal
    amount: int | None = None
    marks: list[str] = []


class Node(BaseModel):
    name: str
    next: "Node | None" = None


class Order(BaseModel):
    id: int
    lines: list[Line]
    notes: dict[str, int]
    by_place: dict[str, Line] = {}
    more: dict[str, Any] = {}
    chain: Node | None = None


class Moment(BaseModel):
    day: datetime.date
    at: datetime.datetime
    opens: datetime.time
    takes: datetime.timedelta
    key: uuid.UUID
    page: AnyUrl
    host: ipaddress.IPv4Address
    maybe: uuid.UUID | None = None


@pytest.fixture
def form(page, server):
    """Opens the form for a table of a model's schema."""

    def form(model):
        table = model.__name__.lower()
        with server.client() as client:
            client.delete(f"/api/v1/tables/{table}")
            client.put(f"/api/v1/tables/{table}", json={"schema": model.model_json_schema()}).raise_for_status()
        page.goto(f"{server.url}/console/tables/{table}")
        page.get_by_role("button", name="Add", exact=True).click()
        return page.get_by_role("dialog", name=f"Add to {table}")

    return form


def group(place, name):
    return place.get_by_role("group", name=name, exact=True)


def box(place, name):
    return place.get_by_label(name, exact=True)


def test_a_list_of_objects_and_a_dictionary_are_written_part_by_part(form, page, server):
    dialog = form(Order)
    box(dialog, "id required").fill("1")
    for _ in range(3):
        dialog.get_by_role("button", name="Add to lines").click()
    expect(box(group(dialog, "lines 3"), "sku required")).to_be_focused()
    for at, sku in {1: "a", 2: "b", 3: "c"}.items():
        box(group(dialog, f"lines {at}"), "sku required").fill(sku)
        box(group(dialog, f"lines {at}"), "price required").fill("4.50")
    box(group(dialog, "lines 2"), "Kind of price").select_option("text")
    dialog.get_by_role("button", name="Remove lines 1").click()
    expect(box(group(dialog, "lines 1"), "sku required")).to_have_value("b")
    expect(box(group(dialog, "lines 1"), "Kind of price")).to_have_value("text")
    group(dialog, "lines 2").get_by_role("button", name="Add to marks").click()
    box(dialog, "marks 1").fill("new")

    notes = group(dialog, "notes")
    for key, value in {"size": "5", "age": "7", "left": "1"}.items():
        notes.get_by_role("button", name="Add to notes").click()
        page.keyboard.type(key)  # its name has the focus, and is replaced
        notes.get_by_role("textbox").last.fill(value)
    box(notes, "Key of notes 2").fill("height")
    notes.get_by_role("button", name="Remove notes 3").click()
    dialog.get_by_role("button", name="Add to by_place").click()
    box(dialog, "Key of by_place 1").fill("__proto__")
    box(group(dialog, "by_place 1"), "sku required").fill("d")
    box(group(dialog, "by_place 1"), "price required").fill("1")
    dialog.get_by_role("button", name="Add to more").click()
    box(dialog, "Key of more 1").fill("any")
    box(dialog, "Kind of more 1").select_option("array")
    box(dialog, "more 1").fill('["x", null]')
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    assert stored(server, 1, "order") == {
        "id": 1,
        "lines": [{"sku": "b", "price": "4.50"}, {"sku": "c", "price": 4.5, "marks": ["new"]}],
        "notes": {"size": 5, "height": 7},
        "by_place": {"__proto__": {"sku": "d", "price": 1}},
        "more": {"any": ["x", None]},
    }


def test_parts_are_json_as_well_and_what_was_written_goes_to_and_fro(form):
    dialog = form(Order)
    dialog.get_by_role("button", name="Add to notes").click()
    box(dialog, "notes 1").fill("3")
    json_of_notes = dialog.get_by_role("button", name="JSON", exact=True).nth(1)
    json_of_notes.click()
    text = box(dialog, "notes required")
    expect(text).to_have_value('{\n  "key": 3\n}')
    text.fill('{"b": 1, "a": 2}')
    json_of_notes.click()
    expect(box(dialog, "Key of notes 1")).to_have_value("b")
    expect(box(dialog, "notes 2")).to_have_value("2")


def test_what_a_part_cannot_be_is_told_at_its_box_and_nothing_is_sent(form, page, server):
    dialog = form(Order)
    box(dialog, "id required").fill("2")
    for _ in range(2):
        dialog.get_by_role("button", name="Add to notes").click()
    number, key = box(dialog, "notes 1"), box(dialog, "Key of notes 1")
    for wrong, right, at, told in [
        ("4,5", "4", number, "This is no JSON number, such as 12, 4.5 or 1e3."),
        ("key2", "other", key, "There are two entries called key2."),
    ]:
        box(dialog, "notes 2").fill("1")
        at.fill(wrong)
        dialog.get_by_role("button", name="Add the record").click()
        expect(at).to_be_focused()
        assert at.evaluate("box => box.validationMessage") == told
        at.fill(right)
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    assert stored(server, 2, "order")["notes"] == {"other": 4, "key2": 1}


def test_a_model_that_leads_to_itself_is_written_as_deep_as_one_likes(form, server):
    dialog = form(Order)
    box(dialog, "id required").fill("3")
    box(group(dialog, "chain"), "name required").fill("a")
    for name in "bc":
        dialog.get_by_role("button", name="Write next").click()
        box(group(dialog, "next").last, "name required").fill(name)
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    assert stored(server, 3, "order")["chain"] == {"name": "a", "next": {"name": "b", "next": {"name": "c"}}}


def test_a_box_for_a_text_of_a_format_shows_one_that_the_model_takes(form):
    dialog = form(Moment)
    shown = {
        name: box(dialog, f"{name} required").get_attribute("placeholder")
        for name in Moment.model_fields
        if name != "maybe"
    }
    shown["maybe"] = box(dialog, "maybe").get_attribute("placeholder")
    assert all(shown.values())
    Moment.model_validate(shown)


def test_a_choice_is_sent_as_what_it_is(page, server):
    choices = {"m": {"enum": ["a", 3, True]}, "o": {"enum": ["x", None]}}
    with server.client() as client:
        client.put("/api/v1/tables/choices", json={"schema": {"type": "object", "properties": choices}})
    page.goto(f"{server.url}/console/tables/choices")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("m", exact=True).select_option("3")
    page.get_by_label("o", exact=True).select_option("null")
    page.get_by_role("button", name="Add the record").click()
    cell = page.get_by_role("gridcell", name="3", exact=True)
    expect(cell).to_be_visible()
    with server.client() as client:
        [made] = client.get("/api/v1/data/choices").json()["data"]
    assert made == {"id": made["id"], "m": 3, "o": None}
    cell.dblclick()
    page.get_by_role("combobox", name="m", exact=True).select_option("true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("gridcell", name="true", exact=True)).to_be_visible()
    expect_settled(page)
    assert stored(server, made["id"], "choices")["m"] is True


def test_what_has_parts_is_written_part_by_part(page, server):
    page.goto(f"{server.url}/console/tables/shops")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Add to shops")

    def group(name):
        return dialog.get_by_role("group", name=name, exact=True)

    for name in ("street", "postcode", "city", "country"):
        expect(group("address").get_by_label(f"{name} required")).to_be_visible()
    dialog.get_by_role("button", name="Add to opening_hours").click()
    expect(group("opening_hours 1").get_by_role("combobox", name="day required")).to_be_visible()
    dialog.get_by_role("button", name="Remove opening_hours 1").click()
    dialog.get_by_label("id required").fill("nantes-1")
    dialog.get_by_label("name required").fill("Poêle Nantes")
    for name, text in {"street": "1 quai", "postcode": "44000", "city": "Nantes", "country": "FR"}.items():
        group("address").get_by_label(name).fill(text)
    group("location").get_by_label("lat").fill("47,2")
    group("location").get_by_label("lon").fill("-1.50")
    for _ in range(2):
        dialog.get_by_role("button", name="Add to opening_hours").click()
    group("opening_hours 2").get_by_label("day").select_option("wed")
    group("opening_hours 2").get_by_label("opens").fill("09:00")
    group("opening_hours 2").get_by_label("closes").fill("18:00")
    dialog.get_by_role("button", name="Remove opening_hours 1").click()
    expect(group("opening_hours 1").get_by_label("day")).to_have_value("wed")
    dialog.get_by_role("button", name="Add to tags").click()
    dialog.get_by_role("textbox", name="tags 1").fill("steel")
    dialog.get_by_role("button", name="Add the record").click()
    expect(group("location").get_by_label("lat")).to_be_focused()
    group("location").get_by_label("lat").fill("47.2")
    dialog.get_by_role("button", name="JSON", exact=True).nth(2).click()
    expect(dialog.get_by_label("opening_hours", exact=True)).to_have_value(re.compile('"day": "wed"'))
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    assert stored(server, "nantes-1", "shops") == {
        "id": "nantes-1",
        "name": "Poêle Nantes",
        "address": {"street": "1 quai", "postcode": "44000", "city": "Nantes", "country": "FR"},
        "location": {"lat": 47.2, "lon": -1.5},
        "opening_hours": [{"day": "wed", "opens": "09:00", "closes": "18:00"}],
        "tags": ["steel"],
    }
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Deleted nantes-1")).to_be_visible()


def test_the_form_for_a_first_record_takes_an_id(page, server):
    with server.client() as client:
        client.put("/api/v1/tables/first", json={"schema": {"properties": {"name": {}}}}).raise_for_status()
    page.goto(f"{server.url}/console/tables/first")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("id", exact=True).fill("one")
    page.get_by_role("button", name="Add the record").click()
    expect(page.get_by_text("Added one to first")).to_be_visible()


def test_only_kinds_that_a_model_takes_are_offered(page, server):
    either = {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}
    with server.client() as client:
        client.put("/api/v1/tables/kinds", json={"schema": {"properties": {"either": either}}}).raise_for_status()
    page.goto(f"{server.url}/console/tables/kinds")
    page.get_by_role("button", name="Add", exact=True).click()
    kinds = page.get_by_label("Kind of either").locator("option")
    assert sorted(kinds.all_inner_texts()) == ["not sent", "null", "number", "text"]


class Place(BaseModel):
    street: str
    city: str = "Lyon"


class Item(BaseModel):
    sku: str
    qty: int = Field(ge=1)
    tags: list[str] = []


class Parcel(BaseModel):
    id: int
    home: Place
    items: list[Item] = Field(max_length=2)
    stock: dict[str, int] = {}


def test_a_fault_inside_of_a_value_is_told_at_its_box_until_that_is_written_to(form, page, server):
    dialog = form(Parcel)
    box(dialog, "id required").fill("1")
    box(dialog, "city").fill("Nantes")
    for at in (1, 2):
        dialog.get_by_role("button", name="Add to items").click()
        box(group(dialog, f"items {at}"), "sku required").fill("a")
        box(group(dialog, f"items {at}"), "qty required").fill("0")
    street, *amounts = wrong = [
        box(group(dialog, "home"), "street required"),
        *(box(group(dialog, f"items {at}"), "qty required") for at in (1, 2)),
    ]
    dialog.get_by_role("button", name="Add the record").click()
    for each in wrong:
        expect(each).to_have_attribute("aria-invalid", "true")
    expect(street).to_be_focused()
    expect(street).to_have_accessible_description(re.compile("required"))
    expect(amounts[1]).to_have_accessible_description(re.compile("1 or more"))
    expect(dialog.get_by_text("items/")).to_have_count(0)
    street.fill("1 quai")
    amounts[1].fill("2")
    expect(dialog.locator("[aria-invalid=true]")).to_have_count(1)
    dialog.get_by_role("button", name="Add the record").click()
    expect(amounts[0]).to_be_focused()
    amounts[0].fill("1")
    dialog.get_by_role("button", name="Add to items").click()
    box(group(dialog, "items 3"), "sku required").fill("c")
    box(group(dialog, "items 3"), "qty required").fill("3")
    dialog.get_by_role("button", name="Add the record").click()
    expect(group(dialog, "items").locator("> .bad")).not_to_be_empty()
    expect(box(group(dialog, "items 1"), "sku required")).to_be_focused()
    dialog.get_by_role("button", name="Remove items 3").click()
    expect(dialog.locator(".bad:not(:empty)")).to_have_count(0)
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog).to_have_count(0)
    assert [each["qty"] for each in stored(server, 1, "parcel")["items"]] == [1, 2]


@pytest.mark.parametrize("turn", [("tab", 0), ("button", 2)])
@pytest.mark.parametrize(
    ("at", "text", "told"),
    [("Key of stock 1", "b", "There are two entries called b."), ("stock 2", "2,5", "no JSON number")],
)
def test_what_json_cannot_say_stays_in_the_form(form, page, turn, at, text, told):
    dialog = form(Parcel)
    box(dialog, "id required").fill("1")
    for key in "ab":
        dialog.get_by_role("button", name="Add to stock").click()
        page.keyboard.type(key)
        box(group(dialog, "stock"), f"stock {'ab'.index(key) + 1}").fill("1")
    box(dialog, at).fill(text)
    (role, place) = turn
    dialog.get_by_role(role, name="JSON", exact=True).nth(place).click()
    expect(box(dialog, at)).to_be_focused()
    assert told in box(dialog, at).evaluate("box => box.validationMessage")
    expect(box(dialog, at)).to_have_value(text)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(group(dialog, "stock").get_by_role("textbox")).to_have_count(4)
    expect(box(dialog, at)).to_have_value(text)
    dialog.get_by_role("button", name="Add the record").click()
    expect(box(dialog, at)).to_be_focused()
    assert told in box(dialog, at).evaluate("box => box.validationMessage")


def parcel(dialog, *amounts):
    """Write what the model takes, but for some amounts."""
    box(dialog, "id required").fill("1")
    box(group(dialog, "home"), "street required").fill("1 quai")
    for amount in amounts:
        dialog.get_by_role("button", name="Add to items").click()
        last = group(dialog, "items").get_by_role("group", name=re.compile(r"^items \d$")).last
        box(last, "sku required").fill("a")
        box(last, "qty required").fill(amount)


def wrong(dialog):
    """The values of the boxes that are marked as wrong."""
    return dialog.locator("[aria-invalid=true]").evaluate_all("boxes => boxes.map((box) => box.value)")


def test_a_fault_that_comes_late_is_told_at_its_element_wherever_that_stands_by_now(form, page):
    dialog = form(Parcel)
    parcel(dialog, "5", "0")
    dialog.get_by_role("button", name="Add to stock").click()
    box(dialog, "stock 1").fill("1.5")
    held = []
    page.route("**/data/parcel", lambda route: held.append(route))
    dialog.get_by_role("button", name="Add the record").click()
    dialog.get_by_role("button", name="Remove items 1").click()
    parcel(dialog, "0")
    box(dialog, "Key of stock 1").fill("renamed")
    held[0].continue_()
    expect(dialog.locator("[aria-invalid=true]")).to_have_count(2)
    expect(box(group(dialog, "items 1"), "qty required")).to_have_attribute("aria-invalid", "true")
    expect(box(dialog, "stock 1")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Remove items 1").click()
    expect(dialog.locator("[aria-invalid=true]")).to_have_count(1)


def test_what_is_wrong_is_told_until_something_else_is_written_there_in_the_form_or_as_json(form, page):
    dialog = form(Parcel)
    parcel(dialog, "0", "-1")
    qty = box(group(dialog, "items 2"), "qty required")
    dialog.get_by_role("button", name="Add the record").click()
    expect(qty).to_have_attribute("aria-invalid", "true")
    for old, new, left in [
        ("", "", ["0", "-1"]),
        ('"id": 1', '"id": 2', ["0", "-1"]),
        ('"qty": -1', '"qty": 3', ["0"]),
    ]:
        dialog.get_by_role("tab", name="JSON").click()
        text = dialog.get_by_label("The record")
        text.fill(text.input_value().replace(old, new))
        dialog.get_by_role("tab", name="Form").click()
        expect(qty).to_be_visible()
        assert wrong(dialog) == left
    box(dialog, "city").fill("Nantes")
    dialog.get_by_role("button", name="Remove items 2").click()
    assert wrong(dialog) == ["0"]
    box(group(dialog, "items 1"), "qty required").fill("1")
    expect(dialog.locator("[aria-invalid=true]")).to_have_count(0)


def test_what_is_wrong_with_json_is_told_in_the_form(form, page):
    dialog = form(Parcel)
    parcel(dialog)
    dialog.get_by_role("tab", name="JSON").click()
    dialog.get_by_label("The record").fill(
        '{"id": "x", "home": {"street": "1 quai"}, "items": [{"sku": "a", "qty": 0}]}'
    )
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog.get_by_role("alert")).to_contain_text("/items/0/qty")
    dialog.get_by_role("tab", name="Form").click()
    expect(box(group(dialog, "items 1"), "qty required")).to_have_attribute("aria-invalid", "true")
    expect(box(dialog, "id required")).to_have_attribute("aria-invalid", "true")
    assert wrong(dialog) == ["x", "0"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"sku": "a"}, ', "JSON"),
        ('{"sku": "a"}', "this is an object"),
        ('[{"sku": "a", "qty": 1}, "b"]', "element 2 is a text"),
        ('[{"sku": "a", "tags": {"x": 1}}]', "tags"),
    ],
)
def test_what_no_form_can_show_stays_json(form, text, told):
    dialog = form(Parcel)
    box(dialog, "id required").fill("1")
    as_json = dialog.get_by_role("button", name="JSON", exact=True).nth(1)
    as_json.click()
    typed = box(dialog, "items required")
    typed.fill(text)
    as_json.click()
    expect(typed).to_have_value(text)
    expect(typed).to_be_focused()
    expect(typed).to_have_accessible_description(re.compile(told))
    typed.fill('[{"sku": "b", "qty": 1}]')
    as_json.click()
    expect(box(group(dialog, "items 1"), "sku required")).to_have_value("b")
    dialog.get_by_role("tab", name="JSON").click()
    dialog.get_by_label("The record").fill('{"id": 1, "items": {"sku": "a"}}')
    dialog.get_by_role("tab", name="Form").click()
    expect(typed).to_have_value('{\n  "sku": "a"\n}')


def test_what_is_wrong_is_told_again_when_a_form_is_opened_anew_and_the_words_count_what_is_left(form, page):
    dialog = form(Parcel)
    parcel(dialog, "0", "-1", "1")
    dialog.get_by_role("button", name="Remove items 3").click()
    parcel(dialog, "")
    dialog.get_by_role("button", name="Add the record").click()
    expect(dialog.get_by_role("alert")).to_contain_text("4 faults")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("4 faults")
    expect(group(dialog, "items").locator("> .bad")).to_be_visible()
    assert wrong(dialog) == ["0", "-1", ""]
    dialog.get_by_role("button", name="Remove items 3").click()
    expect(dialog.get_by_role("alert")).to_have_text("2 faults of 4 are left.")
    expect(group(dialog, "items").locator("> .bad")).to_have_count(0)
    box(group(dialog, "items 1"), "qty required").fill("1")
    expect(dialog.get_by_role("alert")).to_have_text("1 fault of 4 is left.")
    box(group(dialog, "items 2"), "qty required").fill("2")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    box(group(dialog, "items 2"), "qty required").fill("-1")
    expect(dialog.get_by_role("alert")).to_have_text("1 fault of 4 is left.")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(box(dialog, "id required")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)


def test_a_fault_in_a_list_that_is_changed_as_json_is_told_at_its_box(form, page):
    dialog = form(Parcel)
    parcel(dialog, "5", "1", "0")
    dialog.get_by_role("button", name="Remove items 1").click()
    dialog.get_by_role("button", name="Add the record").click()
    expect(box(group(dialog, "items 2"), "qty required")).to_have_attribute("aria-invalid", "true")
    as_json = dialog.get_by_role("button", name="JSON", exact=True).nth(1)
    as_json.click()
    text = box(dialog, "items required")
    text.fill(text.input_value().replace('"qty": 1', '"qty": 2'))
    as_json.click()
    expect(box(group(dialog, "items 2"), "qty required")).to_have_attribute("aria-invalid", "true")
    expect(group(dialog, "items").locator("> .bad")).to_have_count(0)
