"""Over HTTP: at the limit of memory growth is refused as a problem, and everything else goes on."""

import subprocess
import sys
import time

import pytest

from ramekin.api.app import create_app
from ramekin.api.edge import flight, weights
from ramekin.engine.embedded import Embedded
from ramekin.values import codec
from tests.api.test_metrics import figure
from tests.conftest import Server, start_database
from tests.inside import InsideClient
from tests.problems import assert_problem

LIMIT = 300_000
DATA = "/api/v1/data/t"
TEXT = "x" * 900


def serve(engine):
    return InsideClient(create_app(start_database(engine=engine)), raise_server_exceptions=False)


@pytest.fixture
def small():
    """A service whose tables may take little."""
    with serve(Embedded(memory_limit_bytes=LIMIT)) as client:
        yield client


@pytest.fixture
def full(small):
    """The same with no room for one more record of 900 bytes."""
    numbers = iter(range(1000))
    while (answer := small.post(DATA, json={"id": next(numbers), "n": 1, "x": TEXT})).status_code == 201:
        pass
    assert_problem(answer, 507, "memory-limit")
    return small


def state(api):
    answer = api.get("/api/v1/dump")
    assert answer.status_code == 200
    return answer.content


RECORDS = [{"id": 2000 + i, "x": TEXT} for i in range(400)]


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", DATA, {"json": {"x": TEXT}}),
        ("PUT", f"{DATA}/5000?upsert=true", {"json": {"x": TEXT}}),
        ("PUT", f"{DATA}/1", {"json": {"x": TEXT * 3}}),
        ("PATCH", f"{DATA}/1", {"json": {"y": TEXT * 3}}),
        ("POST", DATA, {"json": RECORDS}),
        ("POST", "/api/v1/data/new", {"json": RECORDS}),
        ("PATCH", f"{DATA}?n=1", {"json": {"y": TEXT}}),
        ("POST", "/api/v1/load", {"json": {"other": RECORDS, "t": []}}),
        ("POST", "/api/v1/load?mode=replace", {"json": {"other": RECORDS}}),
        ("PUT", "/api/v1/tables/t", {"json": {"indexes": [{"field": "x", "kind": "sorted"}]}}),
        ("PUT", "/api/v1/tables/other", {"json": {"schema": {"type": "object"}}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_grows_is_refused_and_changes_nothing(full, method, path, options):
    if path.startswith("/api/v1/tables"):  # no room for the smallest thing either
        while full.post(DATA, json={}).status_code == 201:
            pass
    before = state(full)
    assert_problem(full.request(method, path, **options), 507, "memory-limit")
    assert state(full) == before
    assert figure(full, "ramekin_memory_bytes") <= LIMIT * 9 / 8  # with an index that a condition made
    assert full.get("/api/v1/tables/t").json()["unique"] == []


@pytest.mark.parametrize("query", ["n=1", "x:contains=x", "all=true"])
def test_a_deletion_makes_room_however_many_records_it_means(monkeypatch, query):
    """To delete half of a full table was refused where the server would have held more for it than it may."""
    monkeypatch.setattr(weights, "CHANGE_BYTES", 100_000)
    monkeypatch.setattr(flight, "FLOOR_BYTES", 100_000)
    monkeypatch.setattr(flight, "ALONE_BYTES", 100_000)
    with serve(Embedded(memory_limit_bytes=LIMIT)) as client:
        while client.post(DATA, json={"n": 1, "x": TEXT}).status_code == 201:
            pass
        assert_problem(client.patch(f"{DATA}?{query}", json={"n": 2}), 507, "memory-limit")
        answer = client.delete(f"{DATA}?{query}")
        assert answer.status_code == 200
        assert answer.json()["changed"] > 100
        assert client.post(DATA, json={"n": 1, "x": TEXT}).status_code == 201


def test_deletes_and_changes_that_do_not_grow_go_on(full):
    assert full.get(f"{DATA}/1").status_code == 200
    assert full.put(f"{DATA}/1", json={"n": 1, "x": TEXT[:-1]}).status_code == 200
    assert full.patch(f"{DATA}/2", json={"x": TEXT[:-9]}).status_code == 200
    assert full.patch(f"{DATA}?id:lt=5", json={"x": None}).status_code == 200
    assert full.delete(f"{DATA}/1").status_code == 204
    assert full.delete(f"{DATA}?n=1").status_code == 200
    assert full.post(DATA, json={"x": TEXT}).status_code == 201
    assert full.delete("/api/v1/tables/t").status_code == 204


def test_a_batch_that_frees_what_it_takes_is_done_and_one_that_does_not_leaves_everything(full):
    def batch(*operations):
        return full.post(
            "/api/v1/batch", json={"operations": [{"table": "t", **operation} for operation in operations]}
        )

    before = state(full)
    create = {"op": "create", "record": {"x": TEXT}}
    delete = {"op": "delete", "id": 1}
    assert_problem(batch(delete, create, create, create), 507, "memory-limit")
    assert state(full) == before
    assert batch(delete, create).status_code == 200


def test_a_refused_definition_holds_for_no_later_write(full):
    demands = {"schema": {"type": "object", "required": ["n"]}, "unique": ["u"], "require_if_match": True}
    assert_problem(full.put("/api/v1/tables/t", json=demands), 507, "memory-limit")
    assert full.get("/api/v1/tables/t").json()["schema"] is None
    assert full.put(f"{DATA}/1", json={"m": 1}).status_code == 200


def test_reads_go_on_where_there_is_no_room_for_their_index_and_what_needs_one_is_refused():
    with serve(Embedded(memory_limit_bytes=25_000)) as api:
        assert api.post(DATA, json=[{"id": i, "a": f"a{i}"} for i in range(40)]).status_code == 201
        assert api.post("/api/v1/data/u", json=[{"id": i, "a": f"a{i}"} for i in range(25)]).status_code == 201
        while api.post(DATA, json={}).status_code == 201:
            pass
        many = [{"a": f"{i}" * 60} for i in range(3)]
        assert len(api.get(f"{DATA}?limit=5").json()["data"]) == 5
        assert [row["id"] for row in api.get(f"{DATA}?a=a7").json()["data"]] == [7]
        assert_problem(api.post(DATA, json=many), 507, "memory-limit")
        for path in (f"{DATA}?sort=a&limit=2", "/api/v1/join/t/u/id=a"):
            assert_problem(api.get(path), 507, "memory-limit")


def test_memory_and_its_limit_are_told(full):
    assert 0 < figure(full, "ramekin_memory_bytes") <= LIMIT
    assert figure(full, "ramekin_memory_limit_bytes") == LIMIT
    health = full.get("/health").json()
    assert (health["memory_bytes"], health["memory_limit_bytes"]) == (figure(full, "ramekin_memory_bytes"), LIMIT)


def test_without_a_limit_nothing_is_refused(local):
    assert figure(local, "ramekin_memory_limit_bytes") == float("inf")
    assert local.get("/health").json()["memory_limit_bytes"] is None


def test_a_model_table_is_emptied_also_beyond_the_limit():
    with serve(Embedded(memory_limit_bytes=5000)) as api:
        (name, *_) = [table["name"] for table in api.get("/api/v1/tables").json()["tables"]]
        assert api.delete(f"/api/v1/tables/{name}").status_code == 204
        assert name in {table["name"] for table in api.get("/api/v1/tables").json()["tables"]}


def test_a_server_with_a_data_directory_refuses_before_it_commits_and_serves_what_is_there(tmp_path):
    def start(limit):
        return Server("serve", "--data-dir", str(tmp_path / "data"), "--memory-limit", limit)

    server = start("300KB")
    with server.client() as api:
        count = 0
        while (answer := api.post(DATA, json={"x": TEXT})).status_code == 201:
            count += 1
        assert count > 200
        assert_problem(answer, 507, "memory-limit")
        assert_problem(api.post(DATA, json=RECORDS), 507, "memory-limit")
        assert_problem(api.post("/api/v1/load", json={"u": RECORDS}), 507, "memory-limit")
    assert server.stop() == 0
    server = start("200KB")
    with server.client() as api:
        while api.get("/health/ready").status_code != 200:
            time.sleep(0.05)
        assert api.get(f"{DATA}?limit=0&count=true").json()["total"] == count
        assert_problem(api.post(DATA, json={"x": TEXT}), 507, "memory-limit")
        assert api.delete(f"{DATA}?all=true").status_code == 200
        assert api.post(DATA, json={"x": TEXT}).status_code == 201
    assert server.stop() == 0


def test_files_that_do_not_fit_stop_the_start_in_one_line(tmp_path):
    (tmp_path / "t.json").write_text(codec.dump(RECORDS).decode())
    command = [sys.executable, "-m", "ramekin", "serve", str(tmp_path / "t.json"), "--port", "0"]
    done = subprocess.run(
        [*command, "--memory-limit", "100KB"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "no room" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_changes_by_condition_count_until_they_are_applied():
    with serve(Embedded(memory_limit_bytes=30_000_000)) as api:
        for start in range(0, 500, 10):
            records = [{"id": i, "x": "x" * 55_000} for i in range(start, start + 10)]
            assert api.post(DATA, json=records).status_code == 201
        other = {"x": "y" * 55_000}
        assert api.patch(DATA + "?id:lt=200", json=other).json() == {"matched": 200, "changed": 200}
        assert_problem(api.patch(DATA + "?all=true", json={"x": "z" * 55_000}), 507, "memory-limit")
        assert api.get(DATA + "/7").json()["x"] == "y" * 55_000
        assert api.delete(DATA + "?all=true").json() == {"matched": 500, "changed": 500}
        assert api.app.state.context.flight.taken_bytes == 0


def test_groups_are_held_as_room_by_how_many_there_are_and_by_their_figures():
    records = [{"id": n, "g": n, "few": n % 10, "v": n + 0.5} for n in range(2000)]
    aggregate = {f"sum{i}": "sum:v" for i in range(98)}
    with serve(Embedded(memory_limit_bytes=30 << 20)) as api:
        assert api.post("/api/v1/data/t", json=records).status_code == 201
        asked = {"group_by": ["few"], "aggregate": aggregate}
        assert len(api.post("/api/v1/query/t", json=asked).json()["data"]) == 10
        assert_problem(api.post("/api/v1/query/t", json=asked | {"group_by": ["g"]}), 507, "memory-limit")
        assert len(api.post("/api/v1/query/t", json={"group_by": ["g"], "limit": 5}).json()["data"]) == 5
        assert figure(api, "ramekin_in_flight_bytes") == 0


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (("/api/v1/data/t?limit=20", "application/json"), 10_000_000),
        (("/api/v1/data/t?limit=20", "text/csv"), 10_000_000),
        (("/api/v1/data/t?limit=20&select=text", "text/csv"), 10_000_000),
        (("/api/v1/join/t/t/k?limit=40&as=a,b", "text/csv"), 40_000_000),
        (("/api/v1/join/t/t/k?limit=2&as=a,b&shape=tree", "application/json"), 20_000_000),
        (("/api/v1/join/t/t/k?limit=2&as=a,b&shape=tree", "text/csv"), 20_000_000),
    ],
)
def test_a_page_of_large_records_is_sent_in_pieces_whatever_is_asked_for(large, asked, size):
    path, media = asked
    answer = large.get(path, headers={"accept": media})
    assert len(answer.content) > size
    assert answer.text.count("x" * 500_000) >= size // 510_000


@pytest.fixture(scope="module")
def large():
    """A client of a server that lets connections hold 8 MiB, with 20 records of 500 KB."""
    server = Server("serve", "--memory-limit", "32MiB")
    with server.client() as client:
        for n in range(20):
            assert client.post("/api/v1/data/t", json={"id": n, "k": 1, "text": "x" * 500_000}).status_code == 201
        yield client
    assert server.stop() == 0
