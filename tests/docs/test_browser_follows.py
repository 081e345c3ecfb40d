"""The samples of docs/changes.md in a real browser: `EventSource`, and `fetch` where keys are asked for."""

import re
from pathlib import Path

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.long

PAGE = Path(__file__).parent.parent.parent / "docs" / "changes.md"
EVENT_SOURCE, FETCH = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def write(server, key, **headers):
    with server.client(headers=headers) as client:
        client.put(f"/api/v1/data/pets/{key}?upsert=true", json={"name": key}).raise_for_status()


def test_an_event_source_reads_changes_and_goes_on_where_it_was_after_a_break(browser):
    server = Server("serve")
    try:
        write(server, "first")
        page, said = browser.new_page(), []
        page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
        page.goto(f"{server.url}/health")
        page.evaluate(
            "text => new Promise(done => { eval(text + '; globalThis.changes = changes;'); changes.onopen = done; })",
            EVENT_SOURCE.replace("http://127.0.0.1:8000", server.url).replace("const changes", "var changes"),
        )
        write(server, "Rex")
        until(page, lambda: len(said) == 1, said)
        assert said[0].startswith("create Rex")
        assert page.evaluate("changes.readyState") == 1
        page.context.set_offline(True)
        page.context.set_offline(False)
        write(server, "Tom")
        until(page, lambda: len(said) == 2, said)
        assert said[1].startswith("create Tom")
        page.close()
    finally:
        assert server.stop() == 0


def test_fetch_reads_changes_with_a_key(browser):
    server = Server("serve", "--api-key", "secret")
    try:
        write(server, "first", Authorization="Bearer secret")
        page, said = browser.new_page(), []
        page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
        page.goto(f"{server.url}/health")
        with page.expect_response(lambda answer: "event-stream" in answer.headers.get("content-type", "")):
            page.evaluate(
                "([text, url]) => { (0, eval)(text + '; globalThis.changesOf = changesOf'); globalThis.run = (async () => {"
                "  for await (const change of changesOf(url, 'secret')) console.log(change.op, change.id); })(); }",
                [FETCH, f"{server.url}/api/v1/changes?table=pets"],
            )
        write(server, "Rex", Authorization="Bearer secret")
        write(server, "Tom", Authorization="Bearer secret")
        until(page, lambda: len(said) == 2, said)
        assert said == ["create Rex", "create Tom"]
        page.close()
    finally:
        assert server.stop() == 0


def until(page, is_so, seen=()):
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it did not come: {seen}")
