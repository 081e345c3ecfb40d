"""Both clients follow what happens, through every break of the connection."""

import re
import socket
import threading
from contextlib import contextmanager, suppress
from itertools import islice

import pytest
from pydantic import BaseModel

from ramekin import errors
from ramekin.client import Client, Field
from ramekin.client.following import Following
from tests.client.twins import open_clients
from tests.conftest import Server


class Pet(BaseModel):
    id: int
    age: int = 0


@pytest.fixture(scope="module")
def server():
    server = Server("serve")
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["sync", "async"])
def kind(request):
    return request.param


@pytest.fixture
def writer(server):
    with Client(server.url) as client:
        client.load({"pets": [], "homes": []}, is_replacing=True)
        yield client


@pytest.fixture
def client(server, kind, writer):
    yield from open_clients(kind, server.url)


def first(client, changes, count):
    """Return so many changes, and leave the stream."""
    if not hasattr(changes, "inner"):
        return list(islice(iter(changes), count))

    async def some():
        found = []
        async for change in changes.inner:
            found.append(change)
            if len(found) == count:
                break
        return found

    return changes.wait(some())


def test_changes_come_typed_and_go_on_where_they_were_left(client, writer):
    changes = client.table("pets", Pet).changes()
    pets = writer.table("pets", Pet)
    pets.create(Pet(id=1))
    pets.patch(1, {"age": 3})
    writer.table("homes").create({"id": 1})
    pets.delete(1)
    found = first(client, changes, 2)
    assert [(each.op, each.record) for each in found] == [("create", Pet(id=1)), ("replace", Pet(id=1, age=3))]
    assert changes.position == found[-1].position
    [last] = first(client, changes, 1)
    assert (last.op, last.id, last.record, last.table) == ("delete", 1, None, "pets")


def test_changes_of_all_tables_have_dictionaries_and_whole_steps(client, writer):
    changes = client.changes()
    writer.table("homes").create({"id": "h"})
    writer.table("homes").drop()
    found = first(client, changes, 2)
    assert [(each.op, each.table, each.id, each.record) for each in found] == [
        ("create", "homes", "h", {"id": "h"}),
        ("drop", "homes", None, None),
    ]


def test_conditions_choose(client, writer):
    begin = client.changes().position
    pets = writer.table("pets", Pet)
    pets.insert(Pet(id=i, age=i) for i in range(5))
    changes = client.table("pets", Pet).changes(Field("age") >= 3, since=begin)
    assert [each.id for each in first(client, changes, 2)] == [3, 4]
    several = client.changes("pets", "homes", since=begin)
    assert len(first(client, several, 5)) == 5


def test_what_cannot_be_is_refused(client):
    with pytest.raises(errors.UnknownTable):
        client.table("nobody").changes()
    with pytest.raises(errors.ChangesGone):
        first(client, client.changes(since="abc-1"), 1)


EVENT = b'event: change\ndata: {"position":"a-%d","at":"2026-01-01T00:00:00Z","table":"t","op":"create","id":%d,"record":{"id":%d}}\n'


def event(number, key, *, is_last):
    return EVENT % (number, key, key) + (b"id: a-%d\n\n" % number if is_last else b"\n")


def test_a_step_that_was_cut_off_is_given_once():
    following = Following("/changes", [], dict, {}, "a-0")
    step = [event(1, key, is_last=key == 5) for key in range(6)]
    found = []
    for pieces in (step[:4], step[:2], step[:5], [*step, event(2, 6, is_last=True)]):
        assert following.stream().path == "/changes?since=a-0"
        for piece in pieces:
            found += [change.id for change in following.take(piece)]
    assert found == [*range(7)]
    assert following.position == "a-2"


def test_text_may_be_cut_anywhere():
    text = b":\nid: a-0\n\n" + b"".join(event(i, i, is_last=True) for i in range(1, 4)) + b"event: lost\ndata: {}\n\n"
    for size in range(1, 60):
        following = Following("/changes", [], dict, {}, None)
        found = []
        for start in range(0, len(text), size):
            found += following.take(text[start : start + size])
        assert [change.id for change in found] == [1, 2, 3]
        assert following.position == "a-3"


def test_a_connection_that_breaks_is_made_again(server, writer, kind):
    pets = writer.table("pets", Pet)
    with cutting(server.url) as url:
        for client in open_clients(kind, url):
            changes = client.table("pets", Pet).changes()
            for key in range(20):
                pets.put(key, Pet(id=key, age=key), upsert=True)
            assert [change.id for change in first(client, changes, 20)] == [*range(20)]


@contextmanager
def cutting(url):
    """Give the address of a proxy that ends each connection after some 900 bytes of its answer, or a silence."""
    host, _, port = url.removeprefix("http://").partition(":")

    def serve(listener):
        while True:
            near, _ = listener.accept()
            with near, suppress(OSError):
                if not (asked := near.recv(65536)):
                    return
                with socket.create_connection((host, int(port)), timeout=0.3) as far:
                    far.sendall(re.sub(rb"(?i)connection: keep-alive", b"Connection: close", asked))
                    passed = 0
                    while passed < 900 and (data := far.recv(900 - passed)):
                        near.sendall(data)
                        passed += len(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        socket.create_connection(listener.getsockname()).close()
        thread.join()
