"""Files as tables: what each kind of file may hold, what is refused and where, and that every door reads one CSV alike."""

import json
import os
import re
import subprocess
import sys

import pytest

from ramekin.cli import main as command_line
from ramekin.cli.files import FileFault, FileRecords, from_bytes, naming_faults, open_file
from ramekin.formats.record_text import CsvForm
from ramekin.schema.columns import UNTYPED
from tests.conftest import MODELS, Server


def read(name, text, limit=10_000):
    """Return the tables of one file, as a load would have them."""
    tables = {}
    files = FileRecords([from_bytes(name, text if isinstance(text, bytes) else text.encode())], limit)
    with naming_faults(files):
        for table, record in files:
            rows = tables.setdefault(table, [])
            if record is not None:
                rows.append(record)
    return tables


ONE, TWO = {"id": 1}, {"id": 2}


@pytest.mark.parametrize(
    ("name", "text", "tables"),
    [
        ("users.json", '[{"id":1},{"id":2}]', {"users": [ONE, TWO]}),
        ("users.JSON", '\n \n[\n{"id":1}\r\n]\n', {"users": [ONE]}),
        ("users.json", '{"a":[{"id":1}],"b":[]}', {"a": [ONE], "b": []}),
        ("users.json", "[]", {"users": []}),
        ("db.json", "{}", {}),
        ("a.ndjson", '{"id":1}\n\n  \r\n{"id":2}\r\n', {"a": [ONE, TWO]}),
        ("a.jsonl", '{"id":1}\n{"id":2}', {"a": [ONE, TWO]}),
        ("a.ndjson", "", {"a": []}),
        ("a.ndjson", "\n\r\n", {"a": []}),
        ("a.csv", "id\n1\n2\n", {"a": [ONE, TWO]}),
        ("a.csv", "\ufeffid\r\n1\r\n2", {"a": [ONE, TWO]}),
        ("a.csv", "", {"a": []}),
        ("a.csv", "id\n", {"a": []}),
        ("a.csv", 'id\n1\n"2"\n', {"a": [ONE, TWO]}),
    ],
)
def test_a_file_becomes_tables(name, text, tables):
    assert read(name, text) == tables


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("db.json", "", "db.json:1: The text is empty; an object of arrays was expected"),
        ("db.json", " \n ", "db.json:2: The text is empty"),
        ("db.json", "\ufeff{}", "db.json:1: The text begins with a byte order mark"),
        ("db.json", "{}".encode("utf-16"), "db.json:1: The text begins with a byte order mark"),
        ("users.json", "\ufeff[]", "users.json:1: The text begins with a byte order mark"),
        (
            "db.json",
            '{"posts":[],\n"profile":{"name":"x"}}',
            "db.json:2: The member 'profile' is not an array of records",
        ),
        ("db.json", '{"$schema":"x","posts":[]}', "db.json:1: The member '$schema' is not an array of records"),
        ("db.json", '{"id":1}\n{"id":2}\n', "db.json:1: The member 'id' is not an array of records"),
        ("db.json", '{"posts":null}', "The member 'posts' is not an array of records"),
        ("db.json", '{"posts":[]}{}', "its end was expected (line 1, column 13)"),
        ("users.json", "[]\n[]", "users.json:2: The text is not valid JSON: its end was expected"),
        ("a.ndjson", '{"id":1}\n\nnull\n', "a.ndjson:3: A record is a JSON object (line 3). /a/1: null is none."),
        ("a.json", '[{"id":1},\nnull]', "a.json:2: A record is a JSON object (line 2)."),
        ("1a.json", "[]", "1a.json: A table's name"),
        ("a b.csv", "id\n1\n", "a b.csv: A table's name"),
        ("a.ndjson", "\ufeff{}", "a.ndjson:1: The text begins with a byte order mark"),
        ("a.csv", "id\n1\n".encode("utf-16"), "a.csv:1: The text is UTF-16"),
        ("a.csv", "id\n1\n".encode("utf-16-le"), "a.csv:1: The text is UTF-16"),
        ("a.csv", "id,n\0\n1,2\n", "a.csv:1: The header holds a NUL character"),
        (
            "a.csv",
            "id;n\n1;2\n",
            "a.csv:1: The header has semicolons where commas are expected: say ';' as the delimiter",
        ),
        ("a.csv", "id,n", "a.csv:1: The text has no line end"),
        ("a.csv", 'id,n\n1,"x\ny"\n2\n', "a.csv:4: The row has 1 cells"),
        ("a.csv", 'id,n\n1,"x\n2,y\n', "a.csv:2: The quotes that open here are never closed"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(name, text, said):
    with pytest.raises(FileFault) as refused:
        read(name, text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.json", "none.json: no such file or directory"),
        ("folder", "folder: is a directory"),
        ("folder.json", "folder.json: is a directory"),
        ("a.json.gz", "a.json.gz: is packed; unpack it first"),
        ("a.xlsx", "a.xlsx: the name must end in .json, .ndjson, .jsonl, .csv, .tsv"),
        ("a", "a: the name must end in"),
    ],
)
def test_what_is_no_file_of_tables_is_refused_before_anything_is_read(tmp_path, name, said):
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    elif name != "none.json":
        path.write_bytes(b"")
    with pytest.raises(FileFault) as refused:
        open_file(path, CsvForm())
    assert str(refused.value).startswith(said)


def test_a_file_that_goes_away_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n")
    source = open_file(path, CsvForm())
    path.unlink()
    with pytest.raises(FileFault, match="no such file"):
        list(FileRecords([source], 1000))


def test_a_tsv_file_has_tabs_whatever_is_said_of_csv(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\tn\n1\t2;3\n")
    assert list(FileRecords([open_file(path, CsvForm(";"))], 1000)) == [("a", None), ("a", {"id": 1, "n": "2;3"})]


def test_progress_counts_each_byte_once_although_csv_is_read_twice():
    text = b"id,n\n" + b"1,x\n" * 1000
    told = []
    chunks = [text[i : i + 100] for i in range(0, len(text), 100)]
    source = from_bytes("a.csv", text)
    source.read = lambda: iter(chunks)
    assert len(list(FileRecords([source], 1000, lambda _: UNTYPED, told.append))) == 1001
    assert sum(told) == len(text)


def test_a_table_of_two_files_that_stand_apart_is_refused_by_both_doors(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "db.json").write_text('{"b": [], "a": []}')
    with Running("serve") as server:
        for command in (["serve", "--port", "0"], ["load", "--url", server.url]):
            done = ramekin(*command, tmp_path / "a.csv", tmp_path / "db.json")
            assert done.returncode == 2
            assert "db.json" in done.stderr
            assert "The table 'a' is in two files, and others between" in done.stderr


class Running(Server):
    """A server that ends with its block."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.stop() == 0


def ramekin(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "ramekin", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, env={**os.environ}
    )  # fmt: skip


GADGETS = 'id,Label,parts,kind,made,price\n1,007,"[{""code"":""a"",""weight"":2}]",big,2026-01-02,1.10\n2,x,,,,\n'
TABLES = {
    "plain": "id,n,f,b,mixed,zip\n1,1,1e2,true,1,0150\n2,-2,,false,x,75001\n",
    "ids": "id,n\n1.0,1\n1.1,2\n",
    "large": "id,n\n1,99999999999999999999\n2,5\n",
    "infinite": "id,n\n1,1e400\n2,5\n",
    "quoted": '\ufeffid,t\r\n1,"a ""b""\r\n, c"\r\n\r\n2,"5"\r\n',
    "empty": "",
    "header": "id,n\n",
    "odd": 'id,"",a.b\n1, 5,x\n2,+1,\n',
    "gadgets": GADGETS,
    "notes": "text,n\n5,5\n6,\n",
}


@pytest.mark.parametrize("options", [[], ["--csv-types", "text"], ["--delimiter", ";"]], ids=str)
def test_every_door_reads_one_csv_file_into_the_same_records(tmp_path, options):
    """`serve FILE`, `load` and a bulk over HTTP, on untyped tables and on those of models."""
    files = []
    for table, text in TABLES.items():
        file = tmp_path / f"{table}.csv"
        file.write_bytes((text.replace(",", ";") if ";" in options and table != "gadgets" else text).encode())
        if not (";" in options and table == "gadgets"):
            files.append(file)
    words = {
        name.removeprefix("--").replace("-", "_"): value
        for name, value in zip(options[::2], options[1::2], strict=True)
    }
    with (
        Running("serve", "--models", MODELS, *options, *map(str, files)) as served,
        Running("serve", "--models", MODELS) as other,
    ):
        first = dump(served)
        assert ramekin("load", *options, "--url", other.url, *files).returncode == 0
        assert dump(other) == first
        with other.client() as client:
            for file in files:
                client.delete(f"/api/v1/tables/{file.stem}")
                answer = client.post(
                    f"/api/v1/data/{file.stem}", params=words, content=file.read_bytes(), headers={"content-type": "text/csv"}
                )  # fmt: skip
                assert answer.status_code in (200, 201), (file.stem, answer.text)
                if file.stem == "notes":  # whose ids are made anew each time
                    assert [{**record, "id": 0} for record in answer.json()] == [
                        {**record, "id": 0} for record in first["notes"]
                    ]
                else:
                    assert sorted(map(repr, answer.json())) == sorted(map(repr, first.get(file.stem, []))), file.stem


def dump(server):
    with server.client() as client:
        tables = client.get("/api/v1/dump").json()
    return {name: [{**r, "id": 0} for r in records] if name == "notes" else records for name, records in tables.items()}


def test_load_reads_csv_as_the_servers_schema_says(tmp_path):
    (tmp_path / "typed.csv").write_text('id,code,rank\n01,5,1\n1,"5",2\n')
    schema = {
        "properties": {"id": {"type": "string"}, "code": {"type": ["integer", "string"]}, "rank": {"enum": [1, 2]}}
    }
    with Running("serve") as server, server.client() as client:
        assert client.put("/api/v1/tables/typed", json={"schema": schema}).status_code == 201
        done = ramekin("load", tmp_path / "typed.csv", "--url", server.url)
        assert (done.returncode, done.stdout) == (0, "typed: 2\n"), done.stderr
        assert client.get("/api/v1/dump/typed").json() == [
            {"id": "01", "code": 5, "rank": 1},
            {"id": "1", "code": "5", "rank": 2},
        ]
        text = client.get("/api/v1/dump/typed", headers={"accept": "text/csv"}).text
        (tmp_path / "typed.csv").write_bytes(text.encode())
        assert ramekin("load", "--mode", "replace", tmp_path / "typed.csv", "--url", server.url).returncode == 0
        assert client.get("/api/v1/dump/typed").json() == json.loads(
            '[{"id":"01","code":5,"rank":1},{"id":"1","code":"5","rank":2}]'
        )


BY_BOTH_DOORS = [
    ("people.csv", 'id,name\na,"A\nB"\nb,x\n"b/",y\n', "people.csv:5: An id is text"),
    ("people.csv", 'id,name\na,"A\nB"\nb,x\na,y\n', "people.csv:5: An id stands twice"),
    ("gadgets.csv", 'id,Label\n1,"A\nB"\n2,x\nx,y\n', "gadgets.csv:5: ", "/gadgets/2/id: An integer is expected."),
    ("gadgets.ndjson", '{"id":1,"Label":"x"}\n\n{"id":2}\n', "gadgets.ndjson:3: ", "/gadgets/1/Label: This member is required."),
    ("gadgets.json", '[\n{"id":1,"Label":"x"},\n{"id":2,\n"Label":5}]', "gadgets.json:4: ", "/gadgets/1/Label: Text is expected."),
    ("db.json", '{"notes":[],\n"gadgets":[{"id":1,"Label":"x"},\n{"id":2}]}', "db.json:3: ", "/gadgets/1/Label: This member is required."),
    ("gadgets.json", '[{"id":1,"Label":"x"},\n{"id":99999999999999999999}]', "gadgets.json:2: An integer does not fit into 64 bits"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "said", "fault"), [(*case, "")[:4] for case in BY_BOTH_DOORS])
def test_both_doors_name_the_file_and_the_line_of_what_the_server_refuses(tmp_path, running, name, text, said, fault):
    (tmp_path / name).write_text(text)
    for command in (["serve", "--port", "0", "--models", MODELS], ["load", "--url", running.url]):
        done = ramekin(*command, tmp_path / name)
        assert done.returncode == 2
        [line] = done.stderr.splitlines()
        assert said.rstrip() in line
        assert fault in line
        assert done.stderr.count("(line") <= 1


@pytest.fixture(scope="module")
def running():
    with Running("serve", "--models", MODELS) as server:
        yield server


def test_a_value_that_must_be_unique_is_told_with_its_file_and_line(tmp_path, running):
    (tmp_path / "a.csv").write_text('id,email\n1,"a\nb"\n2,c\n3,d\n')
    with running.client() as client:
        client.put("/api/v1/tables/a", json={"unique": ["email"]})
        client.post("/api/v1/data/a", json={"id": 9, "email": "c"})
    done = ramekin("load", tmp_path / "a.csv", "--url", running.url)
    assert done.returncode == 2
    assert "a.csv:4: In the table 'a' the field 'email' is unique" in done.stderr


@pytest.mark.long
def test_a_load_that_was_not_answered_is_sent_again_from_its_beginning(tmp_path):
    files = [tmp_path / "a.csv", tmp_path / "b.ndjson"]
    files[0].write_text("id,n\n" + "".join(f"{i},1\n" for i in range(50_000)))
    files[1].write_text('{"id":1}\n')
    faults = [{"status": 503}, {"drop": True}, {"drop": True, "after_commit": True}]
    rules = [{"path": "/api/v1/load", "count": 1} | fault for fault in faults]
    with Running("serve", "--dev") as server, server.client() as client:
        client.put("/api/v1/faults", json={"rules": rules}).raise_for_status()
        done = ramekin("load", *files, "--url", server.url)
        assert (done.returncode, done.stdout) == (0, "a: 50,000\nb: 1\n"), done.stderr
        assert client.get("/api/v1/dump/a").text.count('"n":1') == 50_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load", "a b.json"], "refused (invalid-table-name): A table's name is"),
        (["load", "a b.json"], "or '_'. /a b\n"),
        (["load", "ids.json"], "refused (invalid-id): ids.json:1: An id is text"),
        (["load", "good.json", "--ttl", "soon"], "--ttl: the server refused (invalid-parameter): 'ttl' is"),
        (["changes", "--since", "x"], "--since: the server refused"),
        (["changes", "t", "--since", "x", "--where", "x"], "--where: the server refused (invalid-where): 'where' is"),
        (["load", "line.csv"], "line.csv:1: The text has no line end, with which every row ends (line 1).\n"),
    ],
)
def test_a_refusal_speaks_of_flags_and_files_and_says_it_once(arguments, words, tmp_path, running, monkeypatch, capfd):
    (tmp_path / "a b.json").write_text('{"a b": [{"id": 1}]}')
    (tmp_path / "ids.json").write_text('{"t": [{"id": 1}, {"id": null}]}')
    (tmp_path / "good.json").write_text('{"t": [{"id": 1}]}')
    (tmp_path / "line.csv").write_text("id,n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ramekin", *arguments, "--url", running.url])
    with pytest.raises(SystemExit):
        command_line.run()
    said = capfd.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not re.search(r"curl|(An id is text.*){2}", said)
