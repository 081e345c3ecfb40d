"""No button sends twice what it writes, and nothing is lost of what is typed while that is on its way."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ramekin import console
from tests.console.seen import rows, stored

pytestmark = pytest.mark.long

ROOM = Path(console.__file__).parent
WRITES = re.compile(
    r'\b(?:ask|send|upload)\((?:patch \? "PATCH" : )?"(?:POST|PUT|DELETE)"|method: "(?:PUT|DELETE)"|read\("batch"|createRecord\(|saveRecord\('
)


def press(page, name, role="button"):
    page.get_by_role(role, name=name, exact=True).first.click()


class Held:
    """Holds what a page writes until it is let go, and counts it."""

    def __init__(self, page):
        self.page, self.waiting, self.sent, self.is_open = page, [], [], False
        page.route("**/api/v1/**", self.take)

    def take(self, route):
        asked = route.request
        if asked.method == "GET" or "/query/" in asked.url:
            return route.continue_()
        self.sent.append(f"{asked.method} {asked.url}")
        return route.continue_() if self.is_open else self.waiting.append(route)

    def wait(self):
        for _ in range(300):
            if self.waiting:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("nothing was sent")

    def let_go(self):
        self.is_open = True
        for route in self.waiting:
            route.continue_()
        self.waiting.clear()


@pytest.fixture
def held(pets):
    return Held(pets)


def add(page):
    press(page, "Add")
    page.get_by_label("name", exact=True).fill("Una")


def write_json(page):
    press(page, "1: open 1", "link")
    press(page, "JSON", "tab")
    page.get_by_label("The record as JSON").fill('{"id": 1, "name": "Ann"}')


def more(name):
    def walk(page):
        press(page, "More")
        page.get_by_role("menuitem", name=name).click()
        if name.startswith("Change"):
            page.get_by_label("What is merged into each").fill('{"age": 5}')
        if name.startswith("Drop"):
            page.get_by_role("dialog").get_by_role("textbox").fill("pets")

    return walk


def changed(page):
    more("Change")(page)
    press(page, "Change 2 records")
    expect(page.get_by_text("Changed 2 records")).to_be_visible()


def see(address, set_up=None, body=None, **filled):
    """Goes to a view, once something has been put where it says."""

    def walk(page):
        root = page.url.partition("/console")[0]
        if set_up:
            assert page.request.put(f"{root}/api/v1/{set_up}", data=body).ok
        page.goto(f"{root}/console/{address}")
        for label, text in filled.items():
            page.get_by_role("textbox", name=label.replace("_", " ")).first.fill(text)

    return walk


def new_branch(page):
    see("branches")(page)
    press(page, "New branch")
    page.get_by_label("Name", exact=True).fill("once")


def asked(name):
    def walk(page):
        see("branches", "branches/held?replace=true", {"from": "main"})(page)
        press(page, name)

    return walk


def file(page):
    see("import")(page)
    chosen = {"name": "once.csv", "mimeType": "text/csv", "buffer": b"id,name\n1,Ann\n"}
    page.get_by_label("File to import").set_input_files(chosen)


RULES = {"rules": [{"path": "/nowhere", "delay_ms": 1}]}
WALKS = {
    "record/form.js": [(add, "Add the record", "Added .* to pets")],
    "record/panel.js": [(write_json, "Save", "Saved pets 1")],
    "grid/bulk.js": [(more("Change"), "Change 2 records", "Changed 2"), (more("Delete"), "Delete 2 records", "Deleted 2")],
    "grid/restore.js": [(changed, "Undo", "Restored 2")],
    "tables/drop.js": [(more("Drop"), "Drop the table", "Dropped pets")],
    "tables/definition.js": [
        (see("tables/pets/definition", Records_at_the_most="7"), "Save the definition", "is defined so now"),
        (see("tables/+new/definition", Name="once"), "Make the table", "Made once"),
    ],
    "transfer/sending.js": [(file, "Import", "Imported")],
    "dev/branches.js": [
        (new_branch, "Make it", "Made the branch"),
        (asked("Make held anew from main"), "Make it anew", "is as main is now"),
        (asked("Drop held"), "Drop the branch", "Dropped held"),
        (see("branches"), "Keep this state", "Kept this state"),
        (asked("Reset"), "Reset", "The tables are as they were"),
    ],
    "dev/faults.js": [
        (see("faults", with_the_path="/nowhere"), "Add the rule", "the rule holds"),
        (see("faults", "faults", RULES), "Remove rule 1", "Removed the rule"),
    ],
    "dev/clock.js": [(see("clock"), "A minute", "set"), (see("clock", "clock", {"advance_s": 60}), "Back to the real time", "real")],
}  # fmt: skip
"""By the modules that write: the way to a button, what it says, and what is told when it is done."""


@pytest.mark.parametrize(("way", "name", "told"), [each for walks in WALKS.values() for each in walks])
def test_what_a_button_writes_is_sent_once(held, pets, way, name, told):
    held.is_open = True
    way(pets)
    held.is_open, before = False, len(held.sent)
    button = pets.get_by_role("button", name=name, exact=True).last
    button.dblclick()
    held.wait()
    pets.keyboard.press("Enter")
    if button.count():
        button.dispatch_event("click")
    held.let_go()
    expect(pets.get_by_text(re.compile(told)).first).to_be_visible()
    assert len(held.sent) == before + 1, held.sent


def test_every_module_that_writes_is_walked():
    found = {str(path.relative_to(ROOM)) for path in ROOM.rglob("*.js") if WRITES.search(path.read_text())}
    others = {"record/store.js", "transfer/download.js", "tables/table.js"}
    assert found - others == set(WALKS), "the first is called by these, the second reads, cells of the third go"


def test_every_form_sends_once():
    own = [path.name for path in ROOM.rglob("*.js") if "<form" in path.read_text() and "vendor" not in path.parts]
    assert own == ["once.js"]


def test_what_is_typed_while_a_record_is_added_is_the_next_one(held, pets, server):
    add(pets)
    pets.get_by_label("id", exact=True).fill("7")
    press(pets, "Add the record")
    held.wait()
    pets.keyboard.press("Escape")
    press(pets, "Add")
    expect(pets.get_by_label("name", exact=True)).to_have_value("Una")
    pets.get_by_label("name", exact=True).fill("Ida")
    pets.get_by_label("id", exact=True).fill("8")
    held.let_go()
    expect(pets.get_by_text("Added 7 to pets")).to_be_visible()
    expect(pets.get_by_label("name", exact=True)).to_have_value("Ida")
    press(pets, "Add the record")
    expect(pets.get_by_text("Added 8 to pets")).to_be_visible()
    expect(pets.get_by_role("dialog")).to_have_count(0)
    assert [stored(server, key)["name"] for key in (7, 8)] == ["Una", "Ida"]


def test_a_form_that_is_opened_anew_is_empty_once_its_record_is_added(held, pets):
    add(pets)
    press(pets, "Add the record")
    held.wait()
    pets.keyboard.press("Escape")
    press(pets, "Add")
    press(pets, "Add the record")
    held.let_go()
    expect(pets.get_by_label("name", exact=True)).to_have_value("")
    expect(rows(pets)).to_have_count(3)


def test_what_is_typed_into_a_record_while_it_is_saved_stays(held, pets, server):
    write_json(pets)
    press(pets, "Save")
    held.wait()
    text = pets.get_by_label("The record as JSON")
    text.fill('{"id": 1, "name": "Ann", "age": 9}')
    held.let_go()
    expect(pets.get_by_text("Saved pets 1")).to_be_visible()
    expect(text).to_have_value('{"id": 1, "name": "Ann", "age": 9}')
    assert stored(server, 1) == {"id": 1, "name": "Ann"}
    press(pets, "Save")
    expect(pets.get_by_text("Saved pets 1: age")).to_be_visible()
    assert stored(server, 1) == {"id": 1, "name": "Ann", "age": 9}


def test_what_is_typed_into_a_definition_while_it_is_saved_stays(held, pets):
    see("tables/pets/definition", Records_at_the_most="7")(pets)
    press(pets, "Save the definition")
    held.wait()
    pets.get_by_label("Bytes of them at the most").fill("64MiB")
    held.let_go()
    expect(pets.get_by_text("is defined so now")).to_be_visible()
    expect(pets.get_by_label("Bytes of them at the most")).to_have_value("64MiB")
    press(pets, "Save the definition")
    expect(pets.get_by_role("button", name="Discard")).to_have_count(0)
