"""What is undone, and when: in the order in which it was asked for, and nothing of another's, or of one's own later, unseen."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import DEEP, cell, choose, edit, expect_settled, put, rows, slow, stored

pytestmark = pytest.mark.long

OTHERS = re.compile("somebody else", re.IGNORECASE)


def test_the_undo_of_a_change_of_many_keeps_what_one_has_changed_since_and_waits_for_the_rest(panel, page, server):
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Change all that are found").click()
    page.get_by_label("What is merged into each").fill('{"s": "all"}')
    page.get_by_role("button", name="Change 2 records").click()
    many = page.get_by_text("Changed 2 records").locator("../..")
    expect(many).to_be_visible()
    edit(panel, "a", "5")
    expect(page.get_by_text("Saved parts 1: a")).to_be_visible()
    cell(page, 1, 2).dblclick()
    page.get_by_label("s", exact=True).fill("mine")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved parts 2: s")).to_be_visible()
    many.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Restored 1 record; 1 is not yet: you have changed it since")).to_be_visible()
    assert (stored(server, 1, "parts"), stored(server, 2, "parts")["s"]) == (DEEP | {"a": 5}, "mine")
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone parts 2: s")).to_be_visible()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Restored 1 record", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(OTHERS)).to_have_count(0)
    assert stored(server, 2, "parts") == {"id": 2, "a": 2, "s": "y"}


def test_what_has_to_be_decided_waits_until_somebody_asks_for_it(panel, page, server):
    edit(panel, "a", "5")
    expect(page.get_by_text("Saved parts 1: a")).to_be_visible()
    put(server, "parts", DEEP | {"a": 50})
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Not undone yet", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("grid")).to_be_focused()
    decide = page.get_by_role("button", name="Decide")
    decide.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    decide.click()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("Undone parts 1: a")).to_be_visible()
    assert stored(server, 1, "parts")["a"] == 1


def test_what_was_deleted_and_made_anew_by_another_waits_for_a_decision_to_come_back(panel, page, server):
    choose(page, "Record", "Delete")
    expect(page.get_by_text("Deleted 1 from parts")).to_be_visible()
    put(server, "parts", DEEP | {"s": "another"})
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Somebody else has changed s of parts 1, too, so it is not undone yet")).to_be_visible()
    assert stored(server, 1, "parts")["s"] == "another"
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("Undone parts 1: s")).to_be_visible()
    assert stored(server, 1, "parts") == DEEP


def test_an_older_change_that_is_undone_asks_before_it_takes_a_later_one(page, server):
    put(server, "rap", {"id": 1, "a": 1})
    page.goto(f"{server.url}/console/tables/rap")
    expect(rows(page)).to_have_count(1)
    for value in ("2", "3"):
        cell(page, 0, 1).dblclick()
        page.get_by_label("a", exact=True).fill(value)
        page.keyboard.press("Enter")
        expect_settled(page)
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text(re.compile("You have changed a of rap 1, too"))).to_be_visible()
    assert stored(server, 1, "rap")["a"] == 3


def undo(page, text):
    page.get_by_text(text).locator("../..").get_by_role("button", name="Undo").click()


def expect_waits(page, text):
    """What is not undone yet takes no keys, and a dialog that is left by Escape decides nothing."""
    expect(page.get_by_text(text)).to_be_visible()
    for _ in range(2):
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("Not undone yet", exact=True)).to_have_count(1)


def in_grid(page, column, name, text, row=0):
    cell(page, row, column).dblclick()
    page.get_by_label(name, exact=True).fill(text)
    page.keyboard.press("Enter")


ORDERS = {
    "each at once": (["a=5", "undo", "a=6", "undo"], DEEP),
    "behind another": (["s=mine", "a=5", "undo", "a=6", "undo"], DEEP | {"s": "mine"}),
    "two, then another": (["a=5", "s=mine", "undo", "undo", "a=6"], DEEP | {"a": 6}),
    "what comes last": (["a=5", "undo", "a=6"], DEEP | {"a": 6}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_undo_has_its_turn_where_it_was_asked_for(panel, page, server, name):
    steps, left = ORDERS[name]
    written = []
    page.on("requestfinished", lambda asked: asked.method == "PUT" and written.append(asked))
    with page.expect_event("requestfinished", lambda _: len(written) == len(steps)), slow(page):
        for step in steps:
            if step == "undo":
                panel.get_by_role("heading").click()
                page.keyboard.press("Control+z")
            else:
                in_grid(page, *{"a": (1, "a"), "s": (2, "s")}[step[0]], step[2:])
    expect_settled(page)
    expect(page.get_by_text("Not undone yet")).to_have_count(0)
    assert stored(server, 1, "parts") == left


@pytest.fixture
def added(page, server):
    """A record that has just been added."""
    put(server, "addings", {"id": 1, "a": 1})
    page.goto(f"{server.url}/console/tables/addings")
    add(page, '{"id": 9, "a": 2}')
    expect(rows(page)).to_have_count(2)
    yield page
    with server.client() as client:
        client.delete("/api/v1/tables/addings").raise_for_status()


def add(page, text):
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("dialog").get_by_role("tab", name="JSON").click()
    page.get_by_label("The record", exact=True).fill(text)
    page.get_by_role("button", name="Add the record").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_added_and_changed_since_is_not_deleted_unseen(added, server):
    in_grid(added, 1, "a", "3", row=1)
    expect(added.get_by_text("Saved addings 9: a")).to_be_visible()
    undo(added, "Added 9 to addings")
    expect_waits(added, "You have changed a of addings 9, so it is not deleted yet")
    assert stored(server, 9, "addings") == {"id": 9, "a": 3}
    put(server, "addings", {"id": 9, "a": 3, "s": "another's"})
    added.get_by_role("button", name="Decide").click()
    dialog = added.get_by_role("dialog", name="This record has been changed")
    expect(dialog.get_by_label("As stored now")).to_contain_text("another's")
    dialog.get_by_role("button", name="Delete it").click()
    expect(added.get_by_text("Deleted 9 from addings")).to_be_visible()
    assert stored(server, 9, "addings")["status"] == 404


def test_what_was_added_and_is_changed_by_another_waits_and_may_be_kept(added, server):
    put(server, "addings", {"id": 9, "a": 4})
    undo(added, "Added 9 to addings")
    expect_waits(added, "Somebody else has changed a of addings 9, so it is not deleted yet")
    added.get_by_role("button", name="Decide").click()
    added.get_by_role("button", name="Keep it").click()
    expect(added.get_by_text("Not undone yet")).to_have_count(0)
    assert stored(server, 9, "addings") == {"id": 9, "a": 4}


def test_the_undo_of_a_change_of_what_is_deleted_waits_for_a_decision(panel, page, server):
    edit(panel, "a", "5")
    expect(page.get_by_text("Saved parts 1: a")).to_be_visible()
    choose(page, "Record", "Delete")
    expect(page.get_by_text("Deleted 1 from parts")).to_be_visible()
    undo(page, "Saved parts 1: a")
    expect_waits(page, "1 of parts has been deleted or has expired, so it is not undone yet")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Create it again").click()
    expect(page.get_by_text("Added 1 to parts")).to_be_visible()
    assert stored(server, 1, "parts") == DEEP


def test_what_one_has_deleted_and_made_anew_is_ones_own(panel, page, server):
    edit(panel, "a", "5")
    expect(page.get_by_text("Saved parts 1: a")).to_be_visible()
    choose(page, "Record", "Delete")
    expect(page.get_by_text("Deleted 1 from parts")).to_be_visible()
    add(page, '{"id": 1, "a": 7, "s": "anew"}')
    undo(page, "Saved parts 1: a")
    expect_waits(page, "You have changed a of parts 1, too, so it is not undone yet")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Leave it as it is now").click()
    undo(page, "Deleted 1 from parts")
    expect_waits(page, "You have changed a, s of parts 1, too, so it is not undone yet")
    expect(page.get_by_text(OTHERS)).to_have_count(0)
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("dialog", name="You have changed this record").get_by_role(
        "button", name="Save what is chosen"
    ).click()
    expect(page.get_by_text("Undone parts 1")).to_be_visible()
    assert stored(server, 1, "parts") == DEEP | {"a": 5}


def test_what_was_deleted_with_many_and_made_anew_waits_for_a_decision_to_come_back(panel, page, server):
    choose(page, "More", "Empty the table")
    page.get_by_role("button", name="Delete 2 records").click()
    expect(page.get_by_text("Deleted 2 records")).to_be_visible()
    put(server, "parts", {"id": 1, "s": "another's"})
    add(page, '{"id": 2, "s": "my own"}')
    undo(page, "Deleted 2 records")
    expect_waits(
        page,
        "Restored 0 records; 1 is not yet: somebody else has changed it since; 1 is not yet: you have changed it since",
    )
    page.get_by_role("button", name="Decide").click()
    for who in ("Somebody else has", "You have"):
        dialog = page.get_by_role("dialog", name=f"{who} changed this record")
        dialog.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("Undone parts 2")).to_be_visible()
    assert (stored(server, 1, "parts"), stored(server, 2, "parts")) == (DEEP, {"id": 2, "a": 2, "s": "y"})


def many(panel, page):
    choose(page, "More", "Change all that are found")
    page.get_by_label("What is merged into each").fill('{"s": "all"}')
    page.get_by_role("button", name="Change 2 records").click()


DEEDS = {
    "Saved parts 1: a": lambda panel, page: edit(panel, "a", "5"),
    "Added 3 to parts": lambda panel, page: add(page, '{"id": 3}'),
    "Deleted 1 from parts": lambda panel, page: choose(page, "Record", "Delete"),
    "Changed 2 records": many,
}


@pytest.mark.parametrize("told", DEEDS)
def test_an_undo_that_fails_waits_and_is_tried_again_though_its_answer_was_lost(panel, page, server, told):
    DEEDS[told](panel, page)
    expect(page.get_by_text(told)).to_be_visible()
    answers, written = [503, 429, 502, 502], []

    def fail(route):
        if answers[0] == 502 and not written:
            if route.request.method == "GET":
                return route.continue_()
            written.append(route.fetch())  # it is done, and nobody hears of it
        return route.fulfill(status=answers[0])

    asked = re.compile("/api/v1/(data/parts|batch|query)")
    page.route(asked, fail)
    undo(page, told)
    while answers:
        expect(page.get_by_text("Not undone yet", exact=True)).to_have_count(1)
        answers.pop(0)
        if not answers:
            page.unroute(asked)
        page.get_by_role("button", name="Try again").last.click()
        expect(page.get_by_text("Not undone yet", exact=True)).to_have_count(int(bool(answers)))
    expect(page.get_by_text(re.compile("^(Undone|Deleted 3|Restored 2)"))).to_be_visible()
    assert (stored(server, 1, "parts"), stored(server, 2, "parts")["s"]) == (DEEP, "y")
    assert stored(server, 3, "parts")["status"] == 404
