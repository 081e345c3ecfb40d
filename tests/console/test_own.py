"""What one changes oneself, quickly and in several places, is never told or lost as another's; what has to be decided waits."""

import re

import pytest
from playwright.sync_api import expect

from tests.console.seen import DEEP, cell, choose, edit, put, slow, stored

pytestmark = pytest.mark.long

OTHERS = "somebody else"


def expect_saved(page, times):
    expect(page.get_by_text("Saved parts 1")).to_have_count(times)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(OTHERS)).to_have_count(0)


def test_two_quick_changes_in_one_member_are_both_stored(panel, page, server):
    with slow(page):
        edit(panel, "o.x.y.0", "111")
        edit(panel, "o.x.y.1", "222")
        edit(panel, "o.z", "333")
    expect_saved(page, 3)
    assert stored(server, 1, "parts")["o"] == {"x": {"y": [111, 222, 3]}, "z": 333}
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone parts 1: o")).to_have_count(3)
    assert stored(server, 1, "parts") == DEEP


def test_a_change_in_the_grid_and_one_in_the_panel_are_both_ones_own(panel, page, server):
    with slow(page):
        cell(page, 0, 1).dblclick()
        page.get_by_label("a", exact=True).fill("5")
        page.keyboard.press("Enter")
        edit(panel, "s", "mine")
    expect_saved(page, 2)
    assert stored(server, 1, "parts") == DEEP | {"a": 5, "s": "mine"}


def test_what_one_writes_as_json_is_beside_what_one_has_changed_in_the_grid(panel, page, server):
    panel.get_by_role("tab", name="JSON").click()
    text = panel.get_by_label("The record as JSON")
    text.fill('{"id": 1, "a": 1, "s": "json"}')
    with slow(page):
        cell(page, 0, 1).dblclick()
        page.get_by_label("a", exact=True).fill("5")
        page.keyboard.press("Enter")
        panel.get_by_role("button", name="Save").click()
    expect_saved(page, 2)
    assert stored(server, 1, "parts") == {"id": 1, "a": 5, "s": "json"}


def test_what_is_created_again_has_what_one_had_stored_and_what_waited_is_added_to_it(panel, page, server):
    with slow(page) as held:
        edit(panel, "a", "5")
        edit(panel, "s", "mine")
        edit(panel, "o.z", "6")
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            held.pop().continue_()
        expect_saved(page, 1)
        with server.client() as client:
            client.delete("/api/v1/data/parts/1").raise_for_status()
    page.get_by_role("button", name="Create it again").click()
    expect(page.get_by_text("Added 1 to parts")).to_be_visible()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text(re.compile("^Saved parts 1: [so]$"))).to_be_visible()
    expect(page.get_by_text(OTHERS)).to_have_count(0)
    assert stored(server, 1, "parts") == DEEP | {"a": 5, "s": "mine", "o": DEEP["o"] | {"z": 6}}


SAVED = """async ([base, changes]) => {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);  // the page's own, and no second one
  const { saveRecord } = await import(loaded.find((name) => name.endsWith("/record/store.js")));
  const all = changes.map((change) => saveRecord("parts", base, { ...base, ...change }, { mayAsk: () => false }));
  return (await Promise.allSettled(all)).map(({ status, reason }) => reason?.message ?? status);
}"""


def test_a_change_whose_answer_was_lost_is_ones_own_for_those_that_wait_behind_it(panel, page, server):
    sent = []

    def lose(route):
        if route.request.method == "PUT":
            sent.append(route)
        if len(sent) != 2:
            return route.continue_()
        route.fetch()
        return sent.append(route.fulfill(status=504, body=""))

    page.route("**/data/parts/1", lose)
    changes = [{"a": 5}, {"a": 6}, {"s": "mine"}, {"a": 7}, {"s": "my own"}]
    assert page.evaluate(SAVED, [DEEP, changes]) == ["fulfilled"] * 5
    expect(page.get_by_text("Saved parts 1").last).to_be_visible()
    expect(page.get_by_text(OTHERS)).to_have_count(0)
    assert stored(server, 1, "parts") == DEEP | {"a": 7, "s": "my own"}
    for count in (1, 2, 3):  # each takes back one change
        page.keyboard.press("Control+z")
        expect(page.get_by_text("Undone parts 1")).to_have_count(count)
    assert stored(server, 1, "parts") == DEEP | {"a": 6, "s": "x"}


def test_what_one_types_while_the_same_is_stored_comes_next_and_is_ones_own(panel, page, server):
    with slow(page) as held:
        cell(page, 0, 1).dblclick()
        page.get_by_label("a", exact=True).fill("5")
        page.keyboard.press("Enter")
        edit(panel, "a", "6")
        box = panel.get_by_label("a", exact=True)
        for text in ("7", "8"):
            box.fill(text)
            box.press("Enter")
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            held.pop().continue_()
        expect_saved(page, 1)
        expect(box).to_have_value("8")
        expect(page.get_by_text("It has been changed since you began")).to_have_count(0)
    expect(box).to_have_count(0)
    expect_saved(page, 4)
    assert stored(server, 1, "parts")["a"] == 8


def test_an_element_that_goes_shifts_no_change_that_was_begun_before(panel, page, server):
    with slow(page):
        edit(panel, "tags.0", "", "missing")
        edit(panel, "tags.2", "3")
    expect_saved(page, 2)
    assert stored(server, 1, "parts")["tags"] == ["two", "3"]


def test_what_one_has_just_changed_is_deleted_without_a_word_of_others(panel, page, server):
    with slow(page):
        edit(panel, "a", "5")
        panel.get_by_role("button", name="Record", exact=True).click()
        page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("Deleted 1 from parts")).to_be_visible()
    expect(page.get_by_text(OTHERS)).to_have_count(0)


def test_a_change_of_many_waits_for_those_of_one(panel, page, server):
    with slow(page):
        edit(panel, "a", "5")
        page.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Change all that are found").click()
        page.get_by_label("What is merged into each").fill('{"s": "all"}')
        page.get_by_role("button", name="Change 2 records").click()
    expect(page.get_by_text("Changed 2 records")).to_be_visible()
    edit(panel, "o.z", "6")
    expect_saved(page, 2)
    assert stored(server, 1, "parts") == DEEP | {"a": 5, "s": "all", "o": DEEP["o"] | {"z": 6}}


def change_all(page):
    choose(page, "More", "Change all that are found")
    page.get_by_label("What is merged into each").fill('{"s": "all"}')
    page.get_by_role("button", name="Change 2 records").click()


def delete_all(page):
    choose(page, "More", "Empty the table")
    page.get_by_role("button", name="Delete 2 records").click()


def write_json(page):
    page.get_by_role("tab", name="JSON").click()
    page.get_by_label("The record as JSON").fill('{"id": 1, "a": 1, "s": "json"}')
    page.get_by_role("button", name="Save").click()


def import_another(page):
    page.get_by_role("link", name="Import, export").click()
    file = {"name": "parts.ndjson", "mimeType": "application/x-ndjson", "buffer": b'{"id": 3}\n'}
    page.get_by_label("File to import").set_input_files(file)
    with page.expect_response("**/api/v1/tables"):  # the last that it asks before it sends
        page.get_by_role("button", name="Import", exact=True).click()
    page.evaluate("new Promise(requestAnimationFrame)")


WRITINGS = {
    "a field": (lambda page: edit(page.get_by_role("complementary"), "s", "mine"), "Saved parts 1: s"),
    "json": (write_json, "Saved parts 1: s"),
    "a deletion": (lambda page: choose(page, "Record", "Delete"), "Deleted 1 from parts"),
    "a change of many": (change_all, "Changed 2 records"),
    "a deletion of many": (delete_all, "Deleted 2 records"),
    "an import": (import_another, "Imported 1 record"),
    "an undo": (lambda page: page.keyboard.press("Control+z"), "Undone parts 1: a"),
}


@pytest.mark.parametrize("name", WRITINGS)
def test_whatever_is_written_after_a_change_waits_until_that_is_stored(panel, page, server, name):
    write, told = WRITINGS[name]
    seen = []
    page.on("request", lambda asked: asked.method == "GET" or "/query/" in asked.url or seen.append(asked.method))
    page.on("requestfinished", lambda asked: asked.method == "PUT" and seen.append("stored"))
    with slow(page):
        edit(panel, "a", "5")
        page.get_by_role("complementary").get_by_role("heading").click()
        write(page)
    expect(page.get_by_text(told)).to_be_visible()
    assert seen[:2] == ["PUT", "stored"]
    assert len(seen) > 2
    expect(page.get_by_text(OTHERS)).to_have_count(0)


def test_what_two_change_inside_of_one_object_is_merged_or_chosen_by_member(panel, page, server):
    panel.get_by_role("button", name="Edit o.z", exact=True).click()
    panel.get_by_label("o.z", exact=True).fill("7")
    put(server, "parts", DEEP | {"o": {"x": {"y": [9]}, "z": 1}})
    panel.get_by_label("o.z", exact=True).press("Enter")
    expect(page.get_by_text("with what somebody else had changed: o.x.y")).to_be_visible()
    assert stored(server, 1, "parts")["o"] == {"x": {"y": [9]}, "z": 7}
    panel.get_by_role("button", name="Edit o", exact=True).click()
    panel.get_by_label("o", exact=True).fill('{"x": {"y": []}, "z": 8}')
    put(server, "parts", DEEP | {"o": {"x": {"y": [0]}, "z": 9}})
    panel.get_by_label("o", exact=True).press("Enter")
    dialog = page.get_by_role("dialog", name="Somebody else has changed this record")
    dialog.get_by_label("Theirs for o.x.y").check()
    dialog.get_by_role("button", name="Save what is chosen").click()
    expect(dialog).to_have_count(0)
    expect(panel.get_by_label("o", exact=True)).to_have_count(0)
    assert stored(server, 1, "parts")["o"] == {"x": {"y": [0]}, "z": 8}


def test_what_one_types_on_is_meant_after_what_one_has_decided(panel, page, server):
    with slow(page):
        edit(panel, "a", "5")
        panel.get_by_label("a", exact=True).fill("56")
        put(server, "parts", DEEP | {"a": 7})
    dialog = page.get_by_role("dialog", name="Somebody else has changed this record")
    dialog.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("Saved parts 1: a").first).to_be_visible()
    expect(panel.get_by_label("a", exact=True)).to_have_count(0)  # which the dialog took the focus from, so it is sent
    expect(dialog).to_have_count(0)
    assert stored(server, 1, "parts") == DEEP | {"a": 56}


def test_a_change_of_the_panel_that_has_to_be_decided_takes_no_keys_of_another(panel, page, server):
    panel.get_by_role("button", name="Edit a", exact=True).click()
    panel.get_by_label("a", exact=True).fill("5")
    put(server, "parts", DEEP | {"a": 50})
    held = []
    page.route("**/data/parts/1", lambda route: route.continue_() if held else held.append(route))
    panel.get_by_label("a", exact=True).press("Enter")
    panel.get_by_role("button", name="Edit s", exact=True).click()
    box = panel.get_by_label("s", exact=True)
    box.fill("typ")
    held[0].continue_()
    expect(page.get_by_text("a was not saved")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(box).to_be_focused()
    box.press("End")
    box.press("e")
    box.press("Enter")
    expect(page.get_by_text("Saved parts 1: s")).to_be_visible()
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_text("Saved parts 1: a")).to_be_visible()
    assert stored(server, 1, "parts") == DEEP | {"a": 5, "s": "type"}


MERGED = """async (cases) => {
  const { mergeSeen, wrote } = await import("/console/assets/record/turns.js");
  return cases.map(({ written = [], base, mine, theirs, isLast = true }, at) => {
    for (const [before, after] of written) wrote(String(at), { id: 1, ...before }, { id: 1, ...after });
    const { merged, conflicts, taken, who } = mergeSeen(String(at), { id: 1, ...base }, { id: 1, ...mine }, { id: 1, ...theirs }, isLast);
    const { id, ...rest } = JSON.parse(JSON.stringify(merged));
    return { merged: rest, conflicts: conflicts.map(({ path }) => path), taken: taken.map(({ path }) => path), isOwn: who === "you have" };
  });
}"""

CASES = {
    "nobody else": ({"a": 1}, {"a": 2}, {"a": 1}, [], {"a": 2}),
    "apart": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, [], {"a": 2, "b": 3}, [], ["b"]),
    "the same": ({"a": 1}, {"a": 2}, {"a": 3}, [], {"a": 2}, ["a"]),
    "both the same way": ({"a": 1}, {"a": 2}, {"a": 2}, [], {"a": 2}),
    "a member of mine that is gone": ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, [], {"b": 2}, [], ["b"]),
    "inside of an object": ({"o": {"a": 1, "b.c": 1}}, {"o": {"a": 2, "b.c": 1}}, {"o": {"a": 1, "b.c": 3}}, [], {"o": {"a": 2, "b.c": 3}}, [], [r"o.b\.c"]),
    "an array of two": ({"l": [1, 2]}, {"l": [9, 2]}, {"l": [1, 8]}, [], {"l": [9, 2]}, ["l"]),
    "an object that became a text": ({"o": {"a": 1}}, {"o": {"a": 2}}, {"o": "x"}, [], {"o": {"a": 2}}, ["o"]),
    "my own before": ({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 5, "b": 1}, [({"a": 1, "b": 1}, {"a": 5, "b": 1})], {"a": 5, "b": 2}, [], [], True),
    "my own of the same": ({"a": 1}, {"a": 2}, {"a": 5}, [({"a": 1}, {"a": 5})], {"a": 2}, [], [], True),
    "my own by element": ({"l": [1, 2]}, {"l": [1, 8]}, {"l": [9, 2]}, [({"l": [1, 2]}, {"l": [9, 2]})], {"l": [9, 8]}, [], [], True),
    "my own that went": ({"l": [1, 2, 3]}, {"l": [1, 2, 9]}, {"l": [2, 3]}, [({"l": [1, 2, 3]}, {"l": [2, 3]})], {"l": [2, 9]}, [], [], True),
    "my own of the whole": ({"o": {"a": 1}}, {"o": {"a": 2}}, {"o": "x"}, [({"o": {"a": 1}}, {"o": "x"})], {"o": {"a": 2}}, ["o"], [], True),
    "another's after my own": ({"a": 1}, {"a": 2}, {"a": 7}, [({"a": 1}, {"a": 5})], {"a": 2}, ["a"]),
    "another's beside my own": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 5, "b": 7}, [({"a": 1, "b": 1}, {"a": 5, "b": 1})], {"a": 2, "b": 7}, [], ["b"]),
    "another's back to what was": ({"a": 1}, {"a": 2}, {"a": 1}, [({"a": 1}, {"a": 5})], {"a": 2}),
}  # fmt: skip
"""What was seen, what is meant, what is stored by now, what was written here since; what becomes of it, what both changed, what others did, and whether nobody else did anything."""


REMEMBERED = """async () => {
  const { whoHas, wrote } = await import("/console/assets/record/turns.js");
  const records = Array.from({ length: 1001 }, (_, id) => ({ id }));
  wrote("old", records[0], { id: 0, a: 1 });
  const before = whoHas("old", records[0], { id: 0, a: 1 });
  records.forEach((record) => wrote("new", record, { ...record, a: 1 }));
  for (let a = 1; a < 22; a += 1) wrote("often", { id: 1, a: a - 1 }, { id: 1, a });
  return [before, ...["old", "often", "never"].map((table) => whoHas(table, records[0], { id: 0, a: 1 }))];
}"""


def test_what_is_not_remembered_any_more_is_not_told_as_anothers(page, server):
    page.goto(f"{server.url}/console/tables")
    may_be_own = "you or somebody else has"
    assert page.evaluate(REMEMBERED) == ["you have", may_be_own, may_be_own, "somebody else has"]


def replace_by_import(page):
    page.get_by_role("link", name="Import, export").click()
    file = {"name": "parts.ndjson", "mimeType": "application/x-ndjson", "buffer": b'{"id": 1, "s": "all"}\n'}
    page.get_by_label("File to import").set_input_files(file)
    page.get_by_label("A record with the same id").select_option("replace it")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported 1 record")).to_be_visible()
    for _ in range(2):  # it has gone to the grid
        page.go_back()


def change_many(page):
    choose(page, "More", "Change all that are found")
    page.get_by_label("What is merged into each").fill('{"s": "all"}')
    page.get_by_role("button", name="Change 1,001 records").click()
    expect(page.get_by_text("Changed 1,001 records")).to_be_visible()


@pytest.mark.parametrize("write", [replace_by_import, change_many])
def test_what_one_writes_of_very_many_is_not_told_as_anothers(panel, page, server, write):
    put(server, "parts", *({"id": number, "s": "y"} for number in range(2, 1002)))
    panel.get_by_role("tab", name="JSON").click()
    text = panel.get_by_label("The record as JSON")
    text.fill('{"id": 1, "a": 1, "s": "mine"}')
    write(page)
    expect(text).to_have_value('{"id": 1, "a": 1, "s": "mine"}')
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog", name="You or somebody else has changed this record")).to_be_visible()


def test_what_becomes_of_two_changes(page, server):
    page.goto(f"{server.url}/console/tables")
    names = ("base", "mine", "theirs", "written")
    found = page.evaluate(MERGED, [dict(zip(names, case, strict=False)) for case in CASES.values()])
    wanted = {name: (*case[4:], *([], [], False)[len(case) - 5 :]) for name, case in CASES.items()}
    assert {name: tuple(each.values()) for name, each in zip(CASES, found, strict=True)} == wanted
