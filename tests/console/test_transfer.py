"""Files into tables, and tables into files."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def give(page, server, tmp_path):
    """Drops a file on the page for imports."""

    def give(name, text):
        (tmp_path / name).write_text(text)
        page.goto(f"{server.url}/console/import")
        page.get_by_label("File to import").set_input_files(tmp_path / name)

    return give


@pytest.mark.long
def test_a_member_of_a_file_that_is_no_table_is_named(page, give):
    give("db.json", '{"posts": [{"id": 1}], "profile": {"name": "typicode"}}')
    expect(page.get_by_role("alert")).to_contain_text("as an object of tables its member 'profile' is none")


def test_csv_is_looked_at_its_types_chosen_and_stored(page, server, give):
    give("cats.csv", 'id,name,zip,age\n1,"Tom ""T"", x",0123,3\n2,Ada,,old\n')
    expect(page.get_by_label("Type of zip")).to_have_value("text")
    expect(page.get_by_role("region", name="Preview")).to_contain_text('Tom "T", x')
    page.get_by_label("Type of id").select_option("text")
    page.get_by_label("Type of age").select_option("leave it out")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported 2 records from cats.csv")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/console/tables/cats")
    with server.client() as client:
        assert client.get("/api/v1/data/cats").json()["data"] == [
            {"id": "1", "name": 'Tom "T", x', "zip": "0123"},
            {"id": "2", "name": "Ada"},
        ]


@pytest.mark.long
def test_how_far_an_import_is_shows_while_it_is_sent(page, server, give):
    give("mice.ndjson", "".join(f'{{"id": {number}, "name": "{"x" * 1000}"}}\n' for number in range(1000)))
    line = page.context.new_cdp_session(page)
    speed = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": 50_000})
    page.get_by_role("button", name="Import", exact=True).click()
    progress = page.get_by_role("progressbar", name="Sending")
    expect(progress).to_be_visible()
    page.wait_for_function("() => document.querySelector('progress').position > 0")
    assert progress.evaluate("bar => bar.position") < 1
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    line.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": -1})
    expect(page.get_by_text("Imported 1,000 records from mice.ndjson")).to_be_visible()


@pytest.mark.long
def test_faults_are_told_by_line_and_nothing_is_stored(page, server, give):
    give("users.ndjson", '{"full_name": "A", "email": "a@example.com"}\n{"full_name": 3, "email": "x"}\n')
    page.get_by_role("button", name="Import").click()
    faults = page.get_by_role("region", name="Faults by line")
    expect(faults).to_contain_text("/1/full_name")
    expect(faults.get_by_role("row").nth(1)).to_contain_text("2")
    expect(page.get_by_text("Nothing was stored.")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/v1/data/users", params={"email": "a@example.com"}).json()["data"] == []


@pytest.mark.long
def test_faults_tell_the_lines_of_the_file_where_types_were_chosen(page, give):
    give("users.csv", 'full_name,email,old\n"A\nB",a@example.com,1\n\nC,,2\n')
    page.get_by_label("Type of old").select_option("leave it out")
    page.get_by_role("button", name="Import").click()
    faults = page.get_by_role("region", name="Faults by line")
    expect(faults.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text("5")
    expect(page.get_by_role("alert")).to_contain_text("(line 5)")


@pytest.mark.long
def test_ids_that_are_there_are_dealt_with_as_chosen(page, server, give):
    with server.client() as client:
        client.post("/api/v1/data/dogs", json={"id": 1, "name": "old", "age": 3})
    give("dogs.json", '[{"id": 1, "name": "new"}, {"id": 2}]')
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was stored.")
    page.get_by_label("A record with the same id").select_option("merge")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported 2 records")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/v1/data/dogs/1").json() == {"id": 1, "name": "new", "age": 3}


@pytest.mark.long
def test_a_file_of_many_tables_is_loaded_at_once(page, server, give):
    give("db.json", '{"hens": [{"id": 1}], "geese": [{"id": 12345678901234567}, {"id": 2}]}')
    expect(page.get_by_role("list", name="Tables in the file")).to_contain_text("geese")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported 3 records")).to_be_visible()
    expect(page.get_by_role("region", name="List of tables")).to_contain_text("geese")


@pytest.mark.long
def test_the_preview_tells_what_is_not_as_it_was_chosen(page, give):
    told = page.get_by_role("status", name="What is not as chosen")
    give("mice.ndjson", '{"id": 1}\n\n{"id": 2\n{"id": 3}\n')
    expect(told).to_contain_text("Line 3: no JSON.")
    give("rats.csv", "id,zip\n1,01234\n2,5\n")
    expect(told).to_have_count(0)
    page.get_by_label("Type of zip").select_option("number")
    expect(told).to_contain_text("zip: 01234 is no JSON number and stays a text.")


@pytest.mark.long
def test_a_file_that_is_none_says_so(page, give):
    give("x.json", '{"a": ')
    expect(page.get_by_role("alert")).to_contain_text("x.json cannot be read.")


@pytest.mark.long
def test_a_file_is_dropped_on_the_page(page, server):
    page.goto(f"{server.url}/console/import")
    place = page.get_by_text("Drop a file here")
    dropped = page.evaluate_handle("""() => {
        const dropped = new DataTransfer();
        dropped.items.add(new File(["id,name\\n1,Rex\\n"], "hounds.csv"));
        return dropped;
    }""")
    place.dispatch_event("dragover", {"dataTransfer": dropped})
    place.dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_label("Type of id")).to_have_value("number")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Rex")


@pytest.mark.long
def test_a_large_table_is_written_as_it_comes_where_one_chooses(page, server):
    page.add_init_script("""window.showSaveFilePicker = async ({ suggestedName }) => {
        window.saved = { suggestedName, text: "" };
        const write = (chunk) => { window.saved.text += new TextDecoder().decode(chunk); };
        return { createWritable: async () => new WritableStream({ write }) };
    }""")
    listed = {
        "name": "shops",
        "records": 40,
        "bytes": 1 << 30,
        "revision": 1,
        "schema": None,
        "unique": [],
        "indexes": [],
    }
    page.route("**/api/v1/tables", lambda route: route.fulfill(json={"tables": [listed]}))
    page.goto(f"{server.url}/console/import")
    page.get_by_role("button", name="Export shops").click()
    page.get_by_role("menuitem", name="as NDJSON").click()
    expect(page.get_by_text("Saved shops.ndjson")).to_be_visible()
    saved = page.evaluate("saved")
    assert saved["suggestedName"] == "shops.ndjson"
    assert len(saved["text"].splitlines()) == 40


@pytest.mark.long
def test_an_export_says_that_it_reads_begins_once_and_can_be_stopped(page, server):
    asked = []
    page.route("**/api/v1/dump/shops", lambda route: asked.append(route))  # it waits for ever
    page.goto(f"{server.url}/console/import")
    for _ in range(2):
        page.get_by_role("button", name="Export shops").click()
        page.get_by_role("menuitem", name="as CSV").click()
        expect(page.get_by_text("Reading shops.csv")).to_have_count(1)
    assert len(asked) == 1
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Reading shops.csv")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.get_by_text("Saved")).to_have_count(0)


@pytest.mark.parametrize("format", ["CSV", pytest.param("JSON", marks=pytest.mark.long), pytest.param("NDJSON", marks=pytest.mark.long)])  # fmt: skip
def test_what_a_grid_shows_is_saved_whole_with_its_filter_order_and_columns(page, server, format):
    chosen = "quantity:gte=2&sort=-total_price&select=product_name,total_price"
    with server.client() as client:
        found = client.get(f"/api/v1/data/orders?{chosen}&limit=10000").json()["data"]
    assert len(found) > 1000, "more than are in sight"
    page.goto(f"{server.url}/console/tables/orders?{chosen}")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name=f"as {format}", exact=True).click()
    expect(page.get_by_text(f"Saved {len(found):,} rows as orders.{format.lower()}")).to_be_visible()
    text = saved.value.path().read_text()
    if format == "CSV":
        header, *lines = csv.reader(text.splitlines())
        assert header == ["product_name", "total_price"]
        assert [(name, float(price)) for name, price in lines] == [tuple(record.values()) for record in found]
    else:
        assert (json.loads(text) if format == "JSON" else [json.loads(line) for line in text.splitlines()]) == found


@pytest.mark.long
def test_an_export_of_a_grid_tells_how_many_rows_it_has_read_and_can_be_stopped(page, server):
    page.route(re.compile(r"/data/orders\?.*cursor="), lambda _: None)  # the second page waits for ever
    page.goto(f"{server.url}/console/tables/orders")
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("menuitem", name="as CSV").click()
    expect(page.get_by_text("Reading rows for orders.csv: 5,000 rows so far")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Reading rows")).to_have_count(0)
    expect(page.get_by_text("Saved")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


@pytest.mark.long
def test_a_chosen_path_is_a_column_of_the_file(page, server):
    page.goto(f"{server.url}/console/tables/shops?select=address.city,location&id=lyon-1")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV").click()
    header, line = csv.reader(saved.value.path().read_text().splitlines())
    assert header == ["address.city", "location"]
    assert line[0] == "Lyon"
    assert "lat" in json.loads(line[1])


@pytest.mark.long
def test_tables_the_database_and_a_backup_are_saved(page, server):
    page.goto(f"{server.url}/console/import")
    with page.expect_download() as saved:
        page.get_by_role("button", name="The whole database as JSON").click()
    assert len(json.loads(saved.value.path().read_text())["orders"]) == 6000
    page.get_by_role("button", name="Export shops").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV").click()
    assert saved.value.suggested_filename == "shops.csv"
    assert saved.value.path().read_text().startswith("id,name,")
    with page.expect_download() as saved:
        page.get_by_role("button", name="A backup").click()
    assert saved.value.path().read_bytes().startswith(b"SQLite format 3")
