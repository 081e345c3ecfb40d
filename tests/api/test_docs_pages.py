"""The documentation pages: they work with no network, as their files say and as a real browser shows."""

import json
import re

import pytest

from tests.problems import assert_problem

FILES = {
    "favicon.svg": "image/svg+xml",
    "swagger-init.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "redoc-init.js": "text/javascript; charset=utf-8",
    "redoc.standalone.js": "text/javascript; charset=utf-8",
}


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_refers_only_to_this_server_and_forbids_others(local, page):
    answer = local.get(page)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    references = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert references
    assert all(local.get(reference).status_code == 200 for reference in references)
    assert all(reference.startswith("static/") for reference in references)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "//" not in re.sub(r"'sha256-[^']*'", "", policy), "as in an address; a hash may hold it"


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_a_file_has_its_type_and_is_kept_by_the_browser(local, name, kind):
    answer = local.get(f"/static/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    tag = answer.headers["etag"]
    assert local.get(f"/static/{name}", headers={"if-none-match": tag}).status_code == 304
    assert local.get(f"/static/{name}", headers={"if-match": tag}).status_code == 200
    assert_problem(local.get(f"/static/{name}", headers={"if-match": '"x"'}), 412, "precondition-failed")


def test_another_name_is_404(local):
    for name in ("__init__.py", "%2e%2e", "x"):
        assert local.get(f"/static/{name}").status_code == 404
    assert_problem(local.get("/static/x"), 404, "unknown-route")


@pytest.mark.long
@pytest.mark.parametrize(("page", "sign"), [("/docs", ".opblock-summary-path"), ("/redoc", "h1")])
def test_a_browser_shows_the_page_and_asks_no_other_host(another, page, sign):
    tab, server = another("demo")
    tab.goto(server.url + page)
    tab.wait_for_selector(sign, timeout=30_000)
    tab.wait_for_load_state("networkidle")
    assert "/api/v1/data/users" in tab.content()


@pytest.mark.long
def test_a_request_can_be_tried_from_the_page(another):
    tab, server = another("demo")
    tab.goto(f"{server.url}/docs")
    tab.locator("#operations-tables-list_tables .opblock-summary").click()
    tab.locator("#operations-tables-list_tables .execute").click()
    tab.wait_for_selector("#operations-tables-list_tables .live-responses-table .highlight-code", timeout=30_000)
    assert "6000" in tab.locator("#operations-tables-list_tables .live-responses-table").inner_text()


@pytest.mark.long
def test_what_the_page_fills_in_runs_on_the_demo_a_deletion_too(another):
    tab, server = another("demo")
    tab.goto(f"{server.url}/docs")
    for operation, status in {
        "records-get_record": 200,
        "records-delete_record": 204,
        "shops-delete_record_in_shops": 204,
        "orders-delete_records_in_orders": 200,
    }.items():
        block = tab.locator(f"#operations-{operation}")
        block.locator(".opblock-summary").click()
        with tab.expect_response("**/api/v1/**") as answer:
            block.locator(".execute").click()
        assert answer.value.status == status, operation
    with server.client() as client:
        left = {table["name"]: table["records"] for table in client.get("/api/v1/tables").json()["tables"]}
    assert left == {"users": 599, "orders": 5999, "shops": 39}


@pytest.mark.long
def test_a_condition_can_be_tried_from_the_page(another):
    tab, server = another("demo")
    with server.client() as client:
        client.post("/api/v1/data/pets", json=[{"id": 1, "name": "Rex", "age": 3}, {"id": 2, "name": "Tom", "age": 9}])
    tab.goto(f"{server.url}/docs")
    block = tab.locator("#operations-records-list_records")
    block.locator(".opblock-summary").click()
    block.locator('tr[data-param-name="table"] input').fill("pets")
    block.locator('tr[data-param-name="conditions"] textarea').fill('{"age:gt": "5", "name": "Tom"}')
    block.locator(".execute").click()
    tab.wait_for_selector("#operations-records-list_records .live-responses-table .highlight-code", timeout=30_000)
    assert "age%3Agt=5&name=Tom" in block.locator(".request-url").inner_text()
    said = block.locator(".live-responses-table").inner_text()
    assert "Tom" in said
    assert "Rex" not in said


@pytest.mark.long
def test_nothing_optional_is_sent_that_nobody_put_in(another):
    """Swagger UI fills in what a document gives as a parameter's example: tags that no record has, a smaller answer."""
    tab, server = another("demo")
    with server.client() as client:
        (user,) = client.get("/api/v1/data/users", params={"limit": 1}).json()["data"]
    sent = []
    tab.on("request", lambda request: sent.append(request) if "/api/v1/" in request.url else None)
    tab.goto(f"{server.url}/docs")
    for operation, filled in {
        "records-get_record": {"table": "users", "id": user["id"]},
        "records-list_records": {"table": "users"},
        "joins-join_tables": {"table1": "users", "table2": "orders", "key": "user_id"},
        "records-query_table": {"table": "users"},
        "records-delete_record": {"table": "users", "id": user["id"]},
    }.items():
        block = tab.locator(f"#operations-{operation}")
        block.locator(".opblock-summary").click()
        for name, value in filled.items():
            block.locator(f'tr[data-param-name="{name}"] input').fill(value)
        with tab.expect_response("**/api/v1/**") as answer:
            block.locator(".execute").click()
        assert answer.value.status in (200, 204), operation
    assert len(sent) == 5
    for request in sent:
        assert "?" not in request.url
        assert not {"prefer", "if-match", "if-none-match"} & request.headers.keys()


@pytest.mark.long
def test_a_long_answer_is_shown_in_part_and_the_page_stays_quick(another):
    tab, server = another("demo")
    tab.emulate_media(color_scheme="dark")
    tab.goto(f"{server.url}/docs")
    assert "dark-mode" in tab.locator("html").get_attribute("class")
    block = tab.locator("[id$='dump_database']")
    block.locator(".opblock-summary").click()
    block.locator(".execute").click()
    said = block.locator(".live-responses-table")
    said.wait_for(timeout=30_000)
    assert re.search(r"\.\.\. and \d+ bytes more", said.inner_text())
    frames = "new Promise(r => { const a = performance.now(); requestAnimationFrame(() => r(performance.now() - a)); })"
    assert tab.evaluate(frames) < 500
    with tab.expect_download() as saved:
        block.get_by_role("link", name="Download dump.json").click()
    assert saved.value.suggested_filename == "dump.json"
    assert len(json.loads(saved.value.path().read_text())["orders"]) == 6000


@pytest.mark.long
def test_a_download_is_the_whole_answer_under_its_own_type(another):
    """Swagger UI alone saves what it shows: a part of a long answer, words of its own before NDJSON."""
    tab, server = another("demo")
    tab.goto(f"{server.url}/docs")
    block = tab.locator("#operations-whole_tables-dump_table")
    block.locator(".opblock-summary").click()
    for table, media, name in (
        ("orders", "application/json", "orders.json"),
        ("orders", "text/csv", "orders.csv"),
        ("shops", "application/x-ndjson", "shops.ndjson"),
    ):
        block.locator('tr[data-param-name="table"] input').fill(table)
        block.locator(".responses-inner .content-type").first.select_option(media)
        block.locator(".execute").click()
        with tab.expect_download() as saved:
            block.get_by_role("link", name=f"Download {name}").click()
        assert saved.value.suggested_filename == name
        with server.client() as client:
            answer = client.get(f"/api/v1/dump/{table}", headers={"accept": media})
        assert saved.value.path().read_bytes() == answer.content
        assert f"content-type: {answer.headers['content-type']}" in block.locator(".live-responses-table").inner_text()


@pytest.mark.long
def test_a_long_answer_is_not_parsed_by_the_page(another):
    """Parsing and colouring megabytes is what makes a page stand still; it counts what is parsed, not seconds."""
    tab, server = another("demo")
    tab.goto(f"{server.url}/docs")
    block = tab.locator("#operations-whole_tables-dump_database")
    block.locator(".opblock-summary").click()
    tab.evaluate(
        "window.longest = 0; const parse = JSON.parse;"
        "JSON.parse = (text, ...more) => { longest = Math.max(longest, String(text).length); return parse(text, ...more); }"
    )
    block.locator(".execute").click()
    block.get_by_role("link", name="Download dump.json").wait_for(timeout=30_000)
    assert tab.evaluate("longest") < 100_000
    assert block.locator(".live-responses-table .highlight-code span").count() == 0


@pytest.mark.long
def test_a_request_draws_no_text_again_that_is_as_it_was(another):
    """Swagger UI alone draws the summaries of all operations and each answer's text some times for a request."""
    tab, server = another("demo")
    tab.goto(f"{server.url}/docs")
    block = tab.locator("#operations-whole_tables-dump_database")
    block.locator(".opblock-summary").click()
    block.locator(".execute").click()
    block.get_by_role("link", name="Download dump.json").wait_for(timeout=30_000)
    tab.evaluate(
        "window.texts = 0; const parse = DOMParser.prototype.parseFromString;"
        "DOMParser.prototype.parseFromString = function (...given) { texts += 1; return parse.apply(this, given); }; 0"
    )
    with tab.expect_response("**/api/v1/dump"):
        block.locator(".execute").click()
    block.get_by_role("link", name="Download dump.json").wait_for(timeout=30_000)
    assert tab.evaluate("texts") < 10, "and not 58"


@pytest.mark.long
def test_an_operation_is_opened_by_what_it_leads_to_alone(another):
    """Swagger UI alone understands all of the document for each operation, which takes a second."""
    tab, server = another("demo", "--dev")
    tab.goto(f"{server.url}/docs")
    tab.wait_for_selector(".opblock")
    with server.client() as client:
        document = client.get("/openapi.json").json()
    document, parts = tab.evaluate(  # as a browser reads it, whose integers end at 2**53
        "(whole) => [whole, Object.keys(whole.paths).map((path) => [path, partFor(path, whole)])]", document
    )
    for path, part in parts:
        assert {name for name in part if part[name] != document[name]} == {"paths", "components"}
        assert part["paths"] == {path: document["paths"][path]}
        assert all(
            part["components"][kind][name] == document["components"][kind][name]
            for kind, name in names_of(part["components"])
        )
        assert names_of(part["components"]) == led_to(document["paths"][path], document["components"]), path
    block = tab.locator("#operations-records-create_record")
    block.locator(".opblock-summary").click()
    block.locator(".responses-table").first.wait_for(timeout=30_000)
    assert block.locator(".errors-wrapper").count() == 0


def names_of(components):
    return {(kind, name) for kind, by_name in components.items() for name in by_name if kind != "securitySchemes"}


def led_to(told, components):
    """The components that something refers to, by themselves or by others: looked for in the text, until no more is found."""
    found, text = set(), json.dumps(told)
    while new := {*re.findall(r'"#/components/(\w+)/([\w.-]+)', text)} - found:
        found |= new
        text = json.dumps([components[kind][name] for kind, name in new])
    return found
