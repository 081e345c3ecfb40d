"""What a person sees of a table in the console, and what the server has of it."""

from contextlib import contextmanager

from playwright.sync_api import expect

DEEP = {"id": 1, "a": 1, "s": "x", "o": {"x": {"y": [1, 2, 3]}, "z": 1}, "tags": ["one", "two", "three"]}
"""A record with parts."""


def put(server, table, *records):
    with server.client() as client:
        client.post(f"/api/v1/data/{table}?on_conflict=replace", json=list(records)).raise_for_status()


def stored(server, key, table="pets"):
    with server.client() as client:
        return client.get(f"/api/v1/data/{table}/{key}").json()


def rows(page):
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("gridcell"))


def cell(page, row, column):
    return rows(page).nth(row).get_by_role("gridcell").nth(column)


def texts(page, row):
    """What the cells of a row say, once all rows are there that have a place."""
    expect(page.locator(".row-line .blank")).to_have_count(0)
    return row.get_by_role("gridcell").all_inner_texts()


def expect_settled(page):
    """Wait until no cell is being stored any more."""
    expect(page.locator(".cell.pending")).to_have_count(0)


def go_live(page):
    """Have rows change as others change them, and wait until the server tells of it."""
    with page.expect_response(lambda answer: "event-stream" in answer.headers.get("content-type", "")):
        page.get_by_role("button", name="Live", exact=True).click()


def choose(page, button, item):
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


@contextmanager
def slow(page):
    """Let the server answer no change of the record until the end, but for as many as are let go before."""
    held, is_slow = [], True

    def hold(route):
        if is_slow and route.request.method == "PUT":
            held.append(route)
        else:
            route.continue_()

    page.route("**/data/parts/1", hold)
    yield held
    is_slow = False
    for route in held:
        route.continue_()


def edit(panel, path, text, kind=None):
    panel.get_by_role("button", name=f"Edit {path}", exact=True).click()
    if kind:
        panel.get_by_label("Kind of value").focus()
        panel.get_by_label("Kind of value").select_option(kind)
    else:
        panel.get_by_label(path, exact=True).fill(text)
    panel.get_by_label(path, exact=True).press("Enter")


WRITTEN = """window.written = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  written.push(text);
  return write.call(this, text, ...more);
};"""
"""Keeps what charts have written, in the page."""

SCROLL = """([frames, step]) => new Promise((done) => {
  const grid = document.querySelector(".grid");
  let [drawn, most, touched, frame] = [0, 0, 0, 0];
  const isRow = (node) => node instanceof Element && node.matches(".row-line");
  const look = (changes) => {
    for (const change of changes) {
      drawn += [...change.addedNodes].filter(isRow).length;
      if (change.type === "attributes" && change.target.closest(".row-line")) touched += 1;
    }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(grid, { childList: true, attributes: true, subtree: true });
  const next = () => {
    look(watcher.takeRecords());
    [most, drawn] = [Math.max(most, drawn), 0];
    if (frame++ === frames) return done({ drawn: most, touched, rows: grid.querySelectorAll(".row-line").length });
    grid.scrollTop += step;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""


def scroll(page, frames, step):
    """Scroll a grid by some pixels in each frame, and count the rows drawn in a frame at the most, and changes of others."""
    return page.evaluate(SCROLL, [frames, step])
