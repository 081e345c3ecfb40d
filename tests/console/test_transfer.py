"""Files into tables, and tables into files and programs."""

import csv
import itertools
import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.console.seen import put, rows


@pytest.fixture
def give(page, server, tmp_path):
    """Drops a file on the page for imports."""

    def give(name, text):
        (tmp_path / name).write_text(text)
        page.goto(f"{server.url}/console/import")
        page.get_by_label("File to import").set_input_files(tmp_path / name)

    return give


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


ODD = {
    "a name twice": b"id,a,a\n1,2,3\n",
    "a name twice, once in quotes": b'id,a,"a"\n1,2,3\n',
    "no name": b"id,,b\n1,2,3\n",
    "an empty name in quotes": b'id,"",b\n1,2,3\n',
    "no last name": b"id,a,\n1,2,\n",
    "UTF-16": "id,name\n1,Ann\n".encode("utf-16"),
    "UTF-16 from its great end": b"\xfe\xff" + "id,name\n1,Ann\n".encode("utf-16-be"),
    "UTF-16 without a mark": "id,name\n1,Ann\n".encode("utf-16-le"),
    "Latin-1": b"id,name\n1,Ann\n2,Zo\xeb\n",
    "a sign that stands for no other": "id,name\n1,\ufffd\n".encode(),
    "a byte order mark": "\ufeffid,name\n1,Ann\n".encode(),
    "two byte order marks": "\ufeff\ufeffid,name\n1,Ann\n".encode(),
    "a NUL in the header": b"id,na\0me\n1,Ann\n",
    "a NUL in a cell": b"id,name\n1,A\0n\n",
    "a row that is short": b"id,a,b\n1,2,3\n\n2,3\n3,4,5\n",
    "a row that is long": b'id,a\n1,"x\ny"\n2,3,4\n',
    "rows that are short and long": b"id,a\r\n1\r\n2,3,4\r\n",
    "open quotes": b'id,a\n1,"x\n2,y\n',
    "open quotes behind lines": b'id,a\n1,"x\r\ny"\n2,"y\n',
    "text behind quotes": b'id,a\n1,"x"y\n',
    "a quote inside": b'id,a\n1,x"y\n',
    "quotes in quotes": b'id,a\n1,"x ""y"" z"\n',
    "lines in quotes": b'id,a\n1,"x\r\ny\rz"\n2,b\n',
    "no line end": b"id,name",
    "no last line end": b"id,name\n1,Ann",
    "CR alone": b"id,name\r1,Ann\r2,Bob\r",
    "blank lines": b"\n\nid,name\n\n1,Ann\n\n",
    "a row of one empty cell in quotes": b'id\n1\n""\n',
    "semicolons": b"id;a;b\n1;2;3\n",
    "tabs": b"id\ta\n1\t2\n",
    "bars": b"id|a|b\n1|2|3\n",
    "as many commas as semicolons": b"id;a,b\n1;2,3\n",
    "semicolons in quotes": b'id,"a;b;c"\n1,2\n',
    "numbers and truths": b"id,a,b,c\n1,2,true,true\n2,true,false,x\n3,,,\n",
    "leading zeros": b"id,zip\n1,01234\n2,5\n",
    "texts that are late": b"id,a\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(3000)) + b"3000,n/a\n",
    "numbers that are too large": b"id,a,b,c\n1,9223372036854775807,1e400,1.5e3\n2,9223372036854775808,1,2\n",
    "ids that are no integers": b"id,a\n1,x\n1.5,y\n",
    "ids with a zero before": b"id,a\n1,x\n01,y\n",
    "a negative zero": b"id,a\n-0,-0\n",
    "a member of all objects": b"id,__proto__,constructor\n1,2,3\n",
    "a header alone": b"id,a\n",
    "an id twice": b"id,a\n1,x\n2,y\n1,z\n",
    "a text as an id twice": b"id,a\nx,1\ny,2\nx,3\n",
    "an id that is none": b"id,a\n1,x\na/b,y\n",
    "an id of dots": b"id,a\n..,x\n",
    "an id that is too long": b"id,a\n" + b"x" * 256 + b",1\n",
    "an id that is long": b"id,a\n" + "\U0001f40c".encode() * 255 + b",1\n",
    "an id with a tab": b'id,a\n"a\tb",1\n',
    "an id that is too large a number": b"id,a\n9223372036854775808,1\n9223372036854775809,1\n",
}
"""Files of CSV such as people have, by what is odd about them."""

LOOK = """async ([name, files]) => {
  const { columnsFor, previewOf, readSource, refusedOf } = await import("/console/assets/transfer/source.js");
  const { print } = await import("/console/assets/json.js");
  const look = async (hex) => {
    const bytes = Uint8Array.from(hex.match(/../g), (each) => parseInt(each, 16));
    const source = await readSource(new File([bytes], name));
    const columns = columnsFor(source, null);
    return { delimiter: source.delimiter, wrong: refusedOf(source, columns, true, []), records: print(previewOf(source, columns)) };
  };
  return Promise.all(files.map(look));
}"""
"""Read files as the page for imports does, before it shows them."""


def test_a_file_is_shown_as_the_server_reads_it_and_what_it_refuses_is_told_by_line(page, server):
    page.goto(f"{server.url}/console/import")
    looked = page.evaluate(LOOK, ["odd.csv", [text.hex() for text in ODD.values()]])
    with server.client() as client:
        for (odd, text), seen in zip(ODD.items(), looked, strict=True):
            client.delete("/api/v1/tables/odd")
            words = {"delimiter": {"\t": "tab"}.get(seen["delimiter"], seen["delimiter"])}
            answer = client.post("/api/v1/data/odd", params=words, content=text, headers={"content-type": "text/csv"})
            if answer.is_success:
                shown, stored = json.loads(seen["records"]), answer.json()[:20]
                made = [{name: each[name] for name in each if name != "id" or name in one} for one, each in zip(shown, stored, strict=True)]  # fmt: skip
                assert (shown, seen["wrong"]) == (made, []), odd
            else:
                first = answer.json()["errors"][0]
                assert seen["wrong"][:1] == [{"line": first["line"], "told": first["detail"]}], odd


LINES = {
    "blank lines": b'\n{"id": 1}\n\n{"id": 2}\n',
    "CR LF": b'{"id": 1}\r\n{"id": 2}\r\n',
    "an array": b'{"id": 1}\n[1]\n',
    "null": b'{"id": 1}\nnull\n',
    "a byte order mark": b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n',
    "UTF-16": '{"id": 1}\n{"id": 2}\n'.encode("utf-16"),
    "Latin-1": b'{"id": 1}\n{"id": 2, "name": "Zo\xeb"}\n',
    "no end": b'{"id": 1}\n{"id": 2\n{"id": 3}\n',
    "no end, late": b"".join(b'{"id": %d}\n' % i for i in range(3000)) + b'{"id":\n',
    "two on a line": b'{"id": 1} {"id": 2}\n',
    "a number that is none": b'{"id": 1, "a": NaN}\n',
    "an id twice": b'{"id": 1}\n{"id": 2}\n{"id": 1}\n',
    "an id that is null": b'{"id": 1}\n{"id": null}\n',
    "an id that is true": b'{"id": true}\n{"id": 1}\n',
    "an id that is a fraction": b'{"id": 1}\n{"id": 1.5}\n',
    "an id that is a fraction in writing": b'{"id": 1}\n{"id": 2.0}\n',
    "an id that is too large": b'{"id": 1}\n{"id": 9223372036854775808}\n',
    "an id that is large": b'{"id": -9223372036854775808}\n{"id": 9223372036854775807}\n',
    "an id that is empty": b'{"id": 1}\n{"id": ""}\n',
    "an integer beyond 64 bits": b'{"id": 1, "a": 9223372036854775807}\n{"id": 2, "a": [{"b": -9223372036854775809}]}\n',
    "an integer beyond 64 bits in a text": b'{"id": 1, "a": "\\\\\\"9223372036854775808"}\n',
    "a number beyond a float": b'{"id": 1, "a": 1e308}\n{"id": 2, "a": 1E309}\n',
    "a member twice": b'{"id": 1, "a": {"b": 1}, "b": [{"b": 1}, {"b": 2}]}\n{"id": 2, "a": {"b": 1, "\\u0062": 2}}\n',
    "half of a pair": b'{"id": 1, "a": "\\ud83d\\ude00"}\n{"id": 2, "a": "\\ud83d"}\n',
}
"""Files of NDJSON, by what is odd about them."""


@pytest.mark.long
def test_lines_that_are_no_records_are_told_before_they_are_sent(page, server):
    page.goto(f"{server.url}/console/import")
    looked = page.evaluate(LOOK, ["odd.ndjson", [text.hex() for text in LINES.values()]])
    with server.client() as client:
        for (odd, text), seen in zip(LINES.items(), looked, strict=True):
            client.delete("/api/v1/tables/odd")
            answer = client.post("/api/v1/data/odd", content=text, headers={"content-type": "application/x-ndjson"})
            first = [] if answer.is_success else [answer.json()["errors"][0]["line"]]
            assert [each["line"] for each in seen["wrong"][:1]] == first, odd
            if answer.is_success:
                assert json.loads(seen["records"]) == answer.json(), odd


ARRAYS = {
    "an id twice": b'[\n  {"name": "x",\n   "id": 1},\n\n  {\n    "name": "y",\n    "id": 1}\n]',
    "an id that is none": b'[{"id": 1},\n {"id":\n "a/b"}]',
    "no record": b'[{"id": 1},\n\n5]',
    "an integer beyond 64 bits": b'[{"id": 1},\n{"id": 2,\n"a": [1,\n9223372036854775808]}]',
    "a member twice": b'[{"id": 1,\n"a": "}{",\n"a": 2}]',
    "nothing": b"[\n]",
    "a record alone": b'{"id": 1, "a":\n9223372036854775808}',
    "nothing wrong": b' [ {"id": 1, "a": [[]], "b": {}} ] ',
}
"""Files of JSON, by what is odd about them."""


@pytest.mark.long
def test_records_in_an_array_are_told_of_by_the_line_on_which_they_are_wrong(page, server):
    page.goto(f"{server.url}/console/import")
    looked = page.evaluate(LOOK, ["odd.json", [text.hex() for text in ARRAYS.values()]])
    with server.client() as client:
        for (odd, text), seen in zip(ARRAYS.items(), looked, strict=True):
            client.delete("/api/v1/tables/odd")
            answer = client.post("/api/v1/data/odd", content=text, headers={"content-type": "application/json"})
            first = [] if answer.is_success else [answer.json()["errors"][0][name] for name in ("line", "detail")]
            assert [each[name] for each in seen["wrong"][:1] for name in ("line", "told")] == first, odd
            if answer.is_success:
                assert json.loads(seen["records"]) == answer.json(), odd


def test_what_is_wrong_with_a_file_is_told_by_line_before_it_can_be_sent(page, give):
    give("rats.csv", "id,name\n1,Rex\n2\n3,Tom,x\n")
    told = page.get_by_role("status", name="What is not as chosen")
    expect(told).to_contain_text("Line 3: The row has 1 cells, the header 2.")
    expect(told).to_contain_text("Line 4: The row has 3 cells, the header 2.")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("File to import").set_input_files({"name": "rats.csv", "mimeType": "text/csv", "buffer": b"id,a,a\n1,2,3\n"})  # fmt: skip
    expect(told).to_contain_text("Line 1: The header names 'a' twice.")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("File to import").set_input_files({"name": "rats.csv", "mimeType": "text/csv", "buffer": b"id,a\n1,2\n1,3\n"})  # fmt: skip
    expect(told).to_contain_text("Line 3: This id came before.")
    page.get_by_label("A record with the same id").select_option("replace it")
    expect(told).to_have_count(0)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()


@pytest.mark.long
def test_columns_are_of_the_types_that_the_table_has(page, server, give):
    kinds = {"zip": {"type": "string"}, "n": {"type": ["integer", "null"]}, "tags": {"type": "array"}}
    with server.client() as client:
        client.put("/api/v1/tables/towns", json={"schema": {"type": "object", "properties": kinds}}).raise_for_status()
    give("towns.csv", 'id,zip,n,tags,more\n1,80331,5,"[1, 2]",7\n')
    preview = page.get_by_role("region", name="Preview")
    types = {name: page.get_by_label(f"Type of {name}").input_value() for name in ("zip", "n", "tags", "more")}
    assert types == {"zip": "text", "n": "number", "tags": "json", "more": "number"}
    expect(preview.locator("tbody .v-text")).to_have_text(["80331"])
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported 1 record from towns.csv")).to_be_visible()
    with server.client() as client:
        assert client.get("/api/v1/data/towns").json()["data"] == [
            {"id": 1, "zip": "80331", "n": 5, "tags": [1, 2], "more": 7}
        ]


@pytest.mark.long
def test_how_far_an_import_is_shows_while_it_is_sent(page, server, give):
    give("mice.ndjson", LONG)
    let = slowly(page)
    page.get_by_role("button", name="Import", exact=True).click()
    progress = page.get_by_role("progressbar", name="Sending")
    expect(progress).to_be_visible()
    page.wait_for_function("() => document.querySelector('progress').position > 0")
    assert progress.evaluate("bar => bar.position") < 1
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    let(-1)
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


@pytest.fixture
def fail(server):
    """Has the next write done and its answer lost, in some way."""

    def fail(**how):
        rule = {"method": "POST", "path": "/api/v1/data/*", "after_commit": True, "count": 1} | how
        with server.client() as client:
            client.put("/api/v1/faults", json={"rules": [rule]}).raise_for_status()

    yield fail
    with server.client() as client:
        client.delete("/api/v1/faults")


def all_of(server, table):
    with server.client() as client:
        return client.get(f"/api/v1/dump/{table}").json()


FILES = {
    "lost.csv": "name,n\nAnn,1\nBob,2\n",
    "lost.ndjson": '{"name": "Ann", "n": 1}\n\n{"name": "Bob", "n": 2}\n',
    "lost.json": '[{"name": "Ann", "n": 1},\n {"name": "Bob", "n": 2}]',
    "lost-ids.csv": "id,name,n\n1,Ann,1\n2,Bob,2\n",
    "half.csv": "name,id,n\nAnn,,1\nBob,7,2\n",
}
"""Files of two records; most have no ids."""

LOST = {"a connection that breaks": {"drop": True}, "a proxy that waits no longer": {"status": 504}, "a server that is away": {"status": 503}}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "how"),
    [
        pytest.param(*case, marks=pytest.mark.long if at else ())
        for at, case in enumerate(itertools.product(FILES, LOST))
    ],
)
def test_a_file_whose_answer_is_lost_is_stored_once_and_told_to_be(page, server, give, fail, file, how):
    with server.client() as client:
        client.delete(f"/api/v1/tables/{file.split('.')[0]}")
    give(file, FILES[file])
    fail(**LOST[how])
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".toasts")).to_contain_text(re.compile(f"Imported .*{file}"))
    expect(page.get_by_role("alert")).to_have_count(0)
    stored = sorted(all_of(server, file.split(".")[0]), key=lambda record: record["n"])
    assert [(record["name"], record["n"]) for record in stored] == [("Ann", 1), ("Bob", 2)]


@pytest.mark.long
def test_a_part_of_a_database_without_ids_is_stored_once_too(page, server, give, fail):
    give("db.json", '{"alone": {"name": "Ann"}, "some": [{"name": "Bob"}, {"id": 1}], "none": []}')
    fail(path="/api/v1/load", drop=True)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("from db.json")).to_be_visible()
    assert [len(all_of(server, table)) for table in ("alone", "some", "none")] == [1, 2, 0]


def test_a_file_of_which_nobody_says_whether_it_is_stored_may_be_sent_again(page, server, give, fail):
    give("tried.csv", "name\nAnn\n")
    fail(status=504, after_commit=False)
    page.get_by_role("button", name="Import", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("None of it is stored so far. Import it again: what is sent twice is stored once.")
    expect(alert).not_to_contain_text("Nothing was stored")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported 1 record from tried.csv")).to_be_visible()
    assert len(all_of(server, "tried")) == 1


@pytest.mark.long
def test_records_that_the_server_alone_can_name_are_not_said_to_be_safe_to_send_again(page, server, give, fail):
    with server.client() as client:
        client.put(
            "/api/v1/tables/owned", json={"schema": {"properties": {"id": {"type": "string"}}}}
        ).raise_for_status()
    give("owned.csv", "name\nAnn\n")
    fail(status=504)
    page.get_by_role("button", name="Import", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Whether it was stored is not known. Look before you import it again")
    expect(alert).not_to_contain_text("Nothing was stored")


@pytest.mark.long
def test_a_server_that_cannot_be_asked_is_not_said_to_have_stored_nothing(page, give):
    give("gone.csv", "name\nAnn\n")
    for path in ("data/gone?*", "tables"):
        page.route(f"**/api/v1/{path}", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.get_by_role("button", name="Import", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(
        "Whether it was stored is not known. Import it again: what is sent twice is stored once."
    )
    expect(alert).not_to_contain_text("Nothing was stored")


@pytest.mark.long
def test_how_many_records_were_new_is_told(page, server, give):
    put(server, "parts", {"id": 1, "n": 1}, {"id": 2, "n": 2})
    for choice, told in (
        ("ignore", "0 new, 2 left as they were"),
        ("replace", "0 new, 2 replaced"),
        ("merge", "1 new, 2 merged"),
    ):
        give("parts.csv", "id,n\n1,5\n2,5\n" + ("3,5\n" if choice == "merge" else ""))
        page.get_by_label("A record with the same id").select_option(choice)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_text(f"from parts.csv: {told}")).to_be_visible()


def slowly(page, speed=50_000):
    """Let the page send so many bytes a second; what is returned sets it anew."""
    line = page.context.new_cdp_session(page)

    def let(speed):
        how = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": speed}
        line.send("Network.emulateNetworkConditions", how)

    let(speed)
    return let


LONG = "".join(f'{{"id": {number}, "name": "{"x" * 1000}"}}\n' for number in range(1000))


@pytest.mark.long
def test_an_import_is_stopped_and_says_that_nothing_is_stored(page, server, give):
    give("stopped.ndjson", LONG)
    slowly(page)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_function("() => document.querySelector('progress')?.position > 0")
    page.get_by_role("main").get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_have_text("Stopped. Nothing was stored.")
    expect(page.get_by_text("Importing")).to_have_count(0)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    with server.client() as client:
        assert client.get("/api/v1/data/stopped").status_code == 404


@pytest.mark.long
def test_an_import_goes_on_in_sight_while_something_else_is_looked_at(page, server, give):
    give("gone-on.ndjson", LONG)
    slowly(page, 300_000)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_text(re.compile(r"Importing gone-on.ndjson: \d+% sent so far"))).to_be_visible()
    page.get_by_role("link", name="Import, export").click()
    expect(page.get_by_role("progressbar", name="Sending")).to_be_visible()
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_text("Imported 1,000 records from gone-on.ndjson")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/console/changes")


@pytest.mark.long
def test_what_went_wrong_with_an_import_is_told_wherever_one_is_and_shown(page, server, give):
    put(server, "refused", {"id": 5})
    give("refused.ndjson", LONG)
    slowly(page, 300_000)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_text("refused.ndjson was not imported")).to_be_visible()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was stored.")
    expect(page.get_by_role("alert")).to_be_in_viewport()


@pytest.mark.long
def test_progress_and_faults_are_in_sight_beside_the_button(page, server, give):
    page.set_viewport_size({"width": 1280, "height": 800})
    put(server, "wide", {"id": 5})
    give("wide.csv", "id,name\n" + "".join(f"{number},x\n" for number in range(50)))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.long
def test_a_file_of_many_tables_is_loaded_at_once(page, server, give):
    give("db.json", '{"hens": [{"id": 1}], "geese": [{"id": 12345678901234567}, {"id": 2}]}')
    expect(page.get_by_role("list", name="Tables in the file")).to_contain_text("geese")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Imported 3 records")).to_be_visible()
    expect(page.get_by_role("region", name="List of tables")).to_contain_text("geese")


PARTS = """{
  "$schema": "./db.schema.json",
  "hens": [{"id": 1}],
  "my hens": [],
  "profile": {"name": "typicode"},
  "swans": [{"id": 1}, {"id": 1}],
  "home": {"id": "x",
    "n": 9223372036854775808},
  "ducks": [{"id": 1}, 5]
}"""


@pytest.mark.long
def test_each_part_of_a_database_is_a_table_or_left_out(page, server, give):
    give("db.json", PARTS)
    parts = page.get_by_role("list", name="Tables in the file").get_by_role("listitem")
    expect(parts.filter(has_text="$schema")).to_contain_text(
        "is left out: it is neither an array of records nor an object"
    )
    expect(parts.filter(has_text="my hens")).to_contain_text("is left out: no table can be called so")
    expect(parts.filter(has_text="profile")).to_contain_text("one record, which gets an id")
    told = page.get_by_role("status", name="What is not as chosen")
    expect(told).to_contain_text("Line 6: This id came before.")
    expect(told).to_contain_text("Line 8: An integer does not fit into 64 bits; send it as text.")
    expect(told).to_contain_text("Line 9: A record is a JSON object.")
    button = page.get_by_role("button", name="Import", exact=True)
    for name in ("swans", "home", "ducks"):
        expect(button).to_be_disabled()
        page.get_by_label(f"What becomes of {name}").select_option("leave it out")
    expect(page.get_by_label("What becomes of profile")).to_contain_text("as a table with one record")
    button.click()
    expect(page.get_by_text("Imported 2 records from db.json")).to_be_visible()
    with server.client() as client:
        [profile] = client.get("/api/v1/data/profile").json()["data"]
        assert profile.keys() == {"id", "name"}
        assert client.get("/api/v1/data/hens").json()["data"] == [{"id": 1}]
        assert {client.get(f"/api/v1/data/{name}").status_code for name in ("swans", "home", "ducks")} == {404}


@pytest.mark.long
def test_what_the_server_refuses_of_a_part_is_told_with_the_line_of_the_file(page, server, give):
    with server.client() as client:
        client.put("/api/v1/tables/eggs", json={"schema": {"properties": {"n": {"type": "number"}}}}).raise_for_status()
    give("db.json", '{"left": [\n{"id": 1}\n],\n "one": {"a":\n1},\n\n "eggs": [\n{"id": 1},\n{"id": 2, "n": "x"}]}')
    page.get_by_label("What becomes of left").select_option("leave it out")
    page.get_by_role("button", name="Import", exact=True).click()
    faults = page.get_by_role("region", name="Faults by line")
    expect(faults.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text("9")


@pytest.mark.long
def test_an_object_is_one_record_or_a_database_as_somebody_says(page, server, give):
    give("lone.json", '{"name": "Ann", "address": {"city": "Lyon"}}')
    expect(page.get_by_label("The file is")).to_have_value("record")
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Lyon")
    page.get_by_label("The file is").select_option("a database, each member a table")
    expect(page.get_by_role("list", name="Tables in the file")).to_contain_text("address")
    page.get_by_label("The file is").select_option("one record")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported 1 record from lone.json")).to_be_visible()
    with server.client() as client:
        [record] = client.get("/api/v1/data/lone").json()["data"]
    assert record.pop("id")
    assert record == {"name": "Ann", "address": {"city": "Lyon"}}


@pytest.mark.long
def test_the_preview_tells_what_is_not_as_it_was_chosen(page, give):
    told = page.get_by_role("status", name="What is not as chosen")
    give("mice.ndjson", '{"id": 1}\n\n{"id": 2\n{"id": 3}\n')
    expect(told).to_contain_text("Line 3: no JSON.")
    give("rats.csv", "id,zip\n1,01234\n2,5\n")
    expect(told).to_have_count(0)
    page.get_by_label("Type of zip").select_option("number")
    expect(told).to_contain_text("zip: 01234 on line 2 is no JSON number and stays a text.")


@pytest.mark.long
def test_the_preview_tells_which_fields_a_definition_asks_for_and_which_it_does_not_know(page, server, give):
    schema = {"properties": {"name": {}, "zip": {}}, "required": ["name", "zip"], "additionalProperties": False}
    with server.client() as client:
        client.put("/api/v1/tables/strict", json={"schema": schema}).raise_for_status()
    told = page.get_by_role("status", name="What is not as chosen")
    for name, text in (
        ("strict.csv", "id,name,colour\n1,Ann,\n2,Bob,red\n3,Cy,blue\n"),
        ("strict.json", '[{"name": 1},\n{"name": 1,\n"colour": 2},\n{"name": 3, "colour": 4}]'),
    ):
        give(name, text)
        line = 2 if name.endswith("csv") else 1
        expect(told).to_contain_text(f"Line {line} and 2 records behind it: the definition of strict asks for zip.")
        expect(told).to_contain_text("Line 3 and 1 record behind it: the definition of strict has no field colour, and takes no others.")  # fmt: skip
        expect(told).not_to_contain_text("name")
    give("strict.csv", "id,name,zip,colour\n1,Ann,5,red\n")
    page.get_by_label("Type of colour").select_option("leave it out")
    expect(told).to_be_hidden()
    page.get_by_label("Type of zip").select_option("leave it out")
    expect(told).to_contain_text("asks for zip.")
    page.get_by_role("textbox", name="Table").fill("free")
    expect(told).to_be_hidden()


@pytest.mark.long
def test_the_preview_tells_which_values_of_a_unique_field_come_twice_in_the_file(page, server, give):
    with server.client() as client:
        client.put("/api/v1/tables/sole", json={"unique": ["code", "at.zip"]}).raise_for_status()
    told = page.get_by_role("status", name="What is not as chosen")
    twice = "code is unique in sole, and a record before has the same value."
    for name, text in (
        ("sole.csv", "id,code\n1,a\n2,\n3,\n4,a\n"),
        ("sole.ndjson", '{"code": 1}\n{"code": null}\n{"code": null}\n\n{"code": "1"}\n'),
        ("sole.json", '[{"code": true}, {"code": "true"}, {"code": [1]},\n\n{"code": [1]},\n\n{"code":true}]'),
        ("db.json", '{"other": [{"code": 1}, {"code": 1}],\n\n"sole": [{"code": 1.0},\n\n{"code": 1}]}'),
    ):
        give(name, text)
        expect(told).to_have_text(f"Line 5: {twice}")
    give("sole.json", '[{"at": {"zip": 1}},\n {"at": {\n"zip": 1}}]')
    expect(told).to_have_text("Line 2: at.zip is unique in sole, and a record before has the same value.")
    page.get_by_role("textbox", name="Table").fill("free")
    expect(told).to_be_hidden()


@pytest.mark.long
def test_a_file_that_is_read_shows_that_it_is(page, give):
    page.add_init_script("""
        const text = Blob.prototype.text;
        Blob.prototype.text = async function () {
          await new Promise((done) => { window.let = done; });
          return text.call(this);
        };""")
    give("slow.json", '[{"id": 1}]')
    expect(page.get_by_role("progressbar", name="Reading slow.json")).to_be_visible()
    expect(page.get_by_text("Drop a file here")).to_have_count(0)


@pytest.mark.long
def test_a_column_that_a_few_cells_make_one_of_text_says_which(page, give):
    lines = [f"{number},{number}" for number in range(60)]
    give("nearly.csv", "\n".join(["id,n", *lines, "60,abc", ""]))
    told = page.get_by_role("status", name="What is not as chosen")
    expect(told).to_have_text("n: it is text, as abc on line 62 is no JSON number; most others are.")


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


@pytest.fixture
def copied(page, context, server):
    """Opens a view, and returns what is copied of it."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied(view, *names):
        page.goto(f"{server.url}/console/tables/{view}")
        expect(rows(page).first).to_be_visible()
        for name in names:
            page.evaluate("navigator.clipboard.writeText('')")
            page.get_by_role("button", name="Copy", exact=True).click()
            page.get_by_role("menuitem", name=name).click()
            page.wait_for_function("async () => await navigator.clipboard.readText() !== ''")
            yield page.evaluate("navigator.clipboard.readText()")

    return copied


def python(program):
    """Return the records that a program prints, a line each."""
    counted = program.replace("print(record)", "print(__import__('json').dumps(record))")
    done = subprocess.run([sys.executable, "-c", counted], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, (program, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


LISTS = [
    "users?age:gte=70&full_name:icontains=a&sort=-age,full_name&select=full_name,age",
    "shops?location.lat:gt=47&address.country:in=CH,FR&select=address.city,name",
    "shops?tags:contains=stoneware&opening_hours.0.day:ne=mon&sort=name",
    "mixed?v=5&sort=-id",
    "mixed?v:ne=5&v:gt=1",
    "mixed?v:in=5,true,x&w:null=true&select=v",
    "mixed?v:nin=5,x&w:exists=false&select=id",
    r"mixed?select=a\,b,a\.b,\-c&sort=\-c,-id&a\.b=2",
    'mixed?where={"or":[{"v":{"gt":4,"lt":6}},{"not":{"w":"y"}}],"id":{"in":[1,2,3,4]}}&v:exists=true',
]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("view", LISTS)
def test_what_is_copied_of_a_list_finds_what_the_list_shows(page, server, copied, view):
    put(
        server,
        "mixed",
        *({"id": at, "v": v, "a,b": at, "a.b": at % 3, "-c": at % 2} for at, v in enumerate([5, "5", True, "true", "x", 7, None])),
        *({"id": 7 + at, "w": w} for at, w in enumerate(["y", None])),
    )  # fmt: skip
    with server.client() as client:
        found = client.get(f"/api/v1/data/{view}").json()["data"]
    assert found
    command, program, script, shown = copied(view, "as curl", "for the Python client", "for JavaScript", "as JSON")
    assert json.loads(subprocess.check_output(["sh", "-c", f"{command} -s"]))["data"] == found
    assert python(program) == found
    assert page.evaluate(f"async () => {{ {script} return data; }}") == found
    assert json.loads(shown) == found


@pytest.mark.long
def test_what_is_copied_asks_the_branch_that_is_seen(server, page, copied):
    with server.client() as client:
        client.put("/api/v1/branches/copied", json={}).raise_for_status()
        client.post("/b/copied/api/v1/data/pets", json={"id": "here"}).raise_for_status()
    for program in copied("../../b/copied/console/tables/pets", "for the Python client"):
        assert python(program) == [{"id": "here"}]


@pytest.mark.long
def test_what_is_copied_names_the_key_that_is_needed(another):
    page, server = another("serve", "--api-key", "s3cret")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with server.client(headers={"authorization": "Bearer s3cret"}) as client:
        client.post("/api/v1/data/pets", json={"id": 1}).raise_for_status()
    page.goto(f"{server.url}/console/tables/pets")
    page.get_by_label("Key").fill("s3cret")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="for the Python client").click()
    program = page.evaluate("navigator.clipboard.readText()")
    assert "s3cret" not in program
    assert python("import os\nos.environ['RAMEKIN_KEY'] = 's3cret'\n" + program) == [{"id": 1}]
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="for JavaScript").click()
    script = page.evaluate("navigator.clipboard.readText()").replace("...", "s3cret")
    assert page.evaluate(f"async () => {{ {script} return data; }}") == [{"id": 1}]


@pytest.mark.long
def test_a_text_is_copied_where_the_browser_gives_no_clipboard(page, server):
    page.add_init_script(
        "delete Navigator.prototype.clipboard"
    )  # as at any address that is neither https nor this host
    page.goto(f"{server.url}/console/tables/users")
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="as curl").click()
    expect(page.get_by_text("Copied a command")).to_be_visible()
    page.get_by_role("searchbox", name="Find a table").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_role("searchbox", name="Find a table")).to_have_value(f"curl '{server.url}/api/v1/data/users'")
    page.evaluate("document.execCommand = () => false")
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("menuitem", name="as curl").click()
    expect(page.get_by_text("The browser does not let this page copy.")).to_be_visible()


@pytest.mark.long
def test_what_is_copied_and_saved_as_csv_has_the_names_of_fields(page, server, copied):
    put(server, "named", {"id": 1, "a.b": 1, "-c": 2, "d,e": 3, "": 4, "large": 9007199254740995})
    header = 'id,a.b,-c,"d,e","",large'
    text, script = copied("named", "as CSV", "for JavaScript")
    assert text.splitlines()[0] == header
    assert "beyond 2^53" in script
    page.goto(f"{server.url}/console/tables/named?select=a\\.b,\\-c")
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="as CSV", exact=True).click()
    assert saved.value.path().read_text().splitlines() == ["a.b,-c", "1,2"]
    [script] = copied("users", "for JavaScript")
    assert "2^53" not in script
