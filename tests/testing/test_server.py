"""`ramekin.testing.Server`: a server in a thread, and branches of it, with real clients."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import httpx2
import pytest
from pydantic import BaseModel

from ramekin.client import Client
from ramekin.errors import BranchExists, UnknownBranch
from ramekin.testing import Diff, Server, SetClock, Unready

USERS = [{"id": "max", "name": "Max"}, {"id": "eva", "name": "Eva"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    file = tmp_path_factory.mktemp("files") / "db.json"
    file.write_text(json.dumps({"users": USERS}))
    with Server(file) as server:
        yield server


def test_a_branch_begins_with_the_files(server):
    with server.branch() as branch, Client(branch.url) as client:
        assert sorted(record["id"] for record in client.table("users").all()) == ["eva", "max"]


def test_what_one_branch_writes_no_other_sees(server):
    with server.branch() as one, server.branch() as other:
        with Client(one.url) as client:
            client.table("users").delete("max")
        with Client(other.url) as client:
            assert client.table("users").count() == 2
        with Client(server.url) as client:
            assert client.table("users").count() == 2


def test_fifty_threads_have_a_branch_each(server):
    counts = {}

    def work(number):
        with server.branch() as branch, Client(branch.url) as client:
            client.table("users").insert([{"id": f"n{n}"} for n in range(number)])
            counts[number] = client.table("users").count()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {number: 2 + number for number in range(50)}


def test_diff_tells_what_became_of_records_and_reset_brings_them_back(server):
    with server.branch() as branch, Client(branch.url) as client:
        users = client.table("users")
        users.create({"id": "ada"})
        users.patch("max", {"name": "Maxi"})
        users.delete("eva")
        assert branch.diff() == {
            "users": {
                "created": [{"id": "ada"}],
                "replaced": [{"before": USERS[0], "after": {"id": "max", "name": "Maxi"}}],
                "deleted": [USERS[1]],
            }
        }
        branch.reset()
        assert branch.diff() == {}
        assert users.get("eva") == USERS[1]


def test_a_checkpoint_is_what_reset_returns_to(server):
    with server.branch() as branch, Client(branch.url) as client:
        client.table("users").delete("eva")
        branch.checkpoint()
        client.table("users").delete("max")
        branch.reset()
        assert [record["id"] for record in client.table("users").all()] == ["max"]


def test_a_branch_of_a_branch_begins_where_that_stands(server):
    with server.branch() as branch, Client(branch.url) as client:
        client.table("users").delete("eva")
        with branch.branch() as twig, Client(twig.url) as other:
            assert other.table("users").count() == 1


def test_a_dropped_branch_is_gone_and_may_be_dropped_again(server):
    branch = server.branch("gone")
    branch.drop()
    branch.drop()
    with pytest.raises(UnknownBranch):
        branch.diff()


def test_whoever_follows_a_branch_that_is_dropped_is_told_and_leaves_none(server):
    with server.branch() as branch, Client(branch.url) as client:
        changes = client.table("users").changes()
        branch.drop()
        with pytest.raises(UnknownBranch):
            list(changes)
        names = [each["name"] for each in httpx2.get(f"{server.url}/api/v1/branches").json()["branches"]]
        assert branch.name not in names


def test_two_branches_of_one_name_are_refused(server):
    with server.branch("twice"), pytest.raises(BranchExists):
        server.branch("twice")


def test_a_loop_of_the_test_is_no_obstacle(server):
    async def ask():
        with server.branch() as branch:
            async with httpx2.AsyncClient(timeout=30) as http:
                return (await http.get(f"{branch.url}/api/v1/data/users/max")).json()

    assert asyncio.run(ask()) == USERS[0]


def test_models_are_tables():
    class Tree(BaseModel):
        id: int
        height_m: float = 1.0

    with Server(models=[Tree]) as server, Client(server.url) as client:
        assert client.table("trees", Tree).create({"id": 1}) == Tree(id=1)


def test_a_clock_is_followed():
    clock = SetClock()
    with Server(clock=clock) as server:
        branch = f"{server.url}/api/v1/branches/short"
        assert httpx2.put(branch, json={"ttl_s": 60}).status_code == 201
        assert httpx2.get(branch).status_code == 200
        clock.advance(61)
        assert httpx2.get(branch).status_code == 404


@pytest.mark.parametrize(
    ("files", "models", "said"),
    [
        (["nowhere.json"], "", "files: nowhere.json: no such file"),
        (["broken.json"], "", "files: broken.json:1: "),
        ([], "nowhere.models", "models: there is no module 'nowhere'"),
    ],
)
def test_what_cannot_be_loaded_is_named(tmp_path, monkeypatch, files, models, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text('{"users": [{"id": 1,}]}')
    with pytest.raises(Unready) as caught:
        Server(*files, models=models).start()
    assert str(caught.value).startswith(said)


def test_a_taken_port_is_an_error_of_the_system(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match="cannot listen"):
        Server(port=port).start()


def test_stopped_it_answers_nobody_and_leaves_no_thread():
    server = Server().start()
    server.stop()
    server.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "ramekin" and not thread.is_alive()]
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{server.url}/health")
    with pytest.raises(RuntimeError, match="not started"):
        server.branch()


def test_records_in_place_of_files_are_told_what_takes_them():
    with pytest.raises(TypeError, match=r"each file is a path of its own: .* client\.load"):
        Server({"users": [{"id": 1}]})


def test_it_starts_once():
    before = {*threading.enumerate()}
    with Server().start() as server:
        assert server.start() is server
        assert [thread.name for thread in {*threading.enumerate()} - before] == ["ramekin"]
    assert {*threading.enumerate()} <= before


def test_a_diff_is_printed_for_people():
    diff = Diff(
        users={
            "created": [{"id": "ada"}],
            "replaced": [{"before": {"id": 1, "a": 1, "b": 2}, "after": {"id": 1, "a": 3, "c": None}}],
            "deleted": [{"id": 2}],
        }
    )
    assert str(diff) == (
        'users: 1 created, 1 replaced, 1 deleted\n  + {"id":"ada"}\n'
        '  ~ 1 a: 1 -> 3, b: 2 -> absent, c: absent -> null\n  - {"id":2}'
    )
    assert str(Diff()) == "nothing differs"


def test_it_begins_without_what_terminals_need():
    code = "import sys; from ramekin.testing import Server; print({'structlog', 'rich', 'typer', 'httpx2'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
