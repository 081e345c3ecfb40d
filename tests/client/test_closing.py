"""Both clients are closed while somebody waits: whoever follows is at the end, all others are told in our words."""

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import httpx2
import pytest

from ramekin import errors
from ramekin.client import AsyncClient, Client
from ramekin.client.replies import ClientClosed
from ramekin.client.sockets import Sockets
from tests.conftest import Server

SOON_S = 10
"""More than any of this takes, and less than the 15 s after which a quiet server says that it is there."""


@pytest.fixture(scope="module")
def server():
    server = Server("serve")
    with Client(server.url) as client:
        client.table("t").insert({"id": id, "x": "x" * 10_000} for id in range(200))
    yield server
    assert server.stop() == 0


class Blocked:
    """A client that blocks, used by a thread."""

    def __init__(self, url):
        self.client, self.waits, self.came = Client(url), threading.Event(), []
        self.is_closed = threading.Event()

    def until(self, wait):
        return wait()

    def start(self, name):
        self.thread = threading.Thread(target=lambda: self.came.append(self.use(name)), daemon=True)
        self.thread.start()
        assert self.waits.wait(SOON_S)

    def use(self, name):
        table = self.client.table("t")
        try:
            if name == "follow":
                changes = table.changes()
                self.waits.set()
                return list(changes)
            if name == "stream":
                for _ in table.all():
                    self.waits.set()
                    self.is_closed.wait(SOON_S)
                return "all"
            self.waits.set()
            return table.get(1)
        except Exception as error:
            return error

    def close(self):
        self.client.close()
        self.is_closed.set()
        self.thread.join(SOON_S)
        return self.came


class Awaiting:
    """The other client, used by a task."""

    def __init__(self, url):
        self.loop = asyncio.new_event_loop()
        self.client, self.waits, self.is_closed = AsyncClient(url), asyncio.Event(), asyncio.Event()

    def until(self, wait):
        return self.loop.run_until_complete(asyncio.to_thread(wait))

    def start(self, name):
        self.task = self.loop.create_task(self.use(name))
        self.loop.run_until_complete(asyncio.wait_for(self.waits.wait(), SOON_S))

    async def use(self, name):
        table = self.client.table("t")
        try:
            if name == "follow":
                changes = await table.changes()
                self.waits.set()
                return [change async for change in changes]
            if name == "stream":
                async for _ in table.all():
                    self.waits.set()
                    await self.is_closed.wait()
                return "all"
            self.waits.set()
            return await table.get(1)
        except Exception as error:
            return error

    def close(self):
        async def close():
            await self.client.close()
            self.is_closed.set()
            await asyncio.wait([self.task], timeout=SOON_S)

        self.loop.run_until_complete(close())
        self.loop.close()
        return [self.task.result()] if self.task.done() else []


@pytest.fixture(params=[Blocked, Awaiting], ids=["sync", "async"])
def kind(request):
    return request.param


def test_whoever_follows_is_at_the_end(kind, server):
    user = kind(server.url)
    user.start("follow")
    assert user.close() == [[]]


def test_whoever_reads_a_stream_is_told(kind, server):
    user = kind(server.url)
    user.start("stream")
    [came] = user.close()
    assert (type(came), str(came)) == (ClientClosed, "The client was closed.")


OWN = [OSError("The disk is full."), errors.ChangesGone("Too much has happened."), httpx2.ReadError("Another's.")]
"""What may be raised by whoever uses what was read."""


@pytest.mark.parametrize("own", OWN, ids=lambda own: type(own).__name__)
@pytest.mark.parametrize("ask", ["all", "changes"])
def test_what_a_reader_raises_comes_through_when_its_client_was_closed(server, ask, own):
    client = Client(server.url)
    table = client.table("t")
    read = iter(table.changes() if ask == "changes" else table.all())
    table.patch(1, {"n": 1})
    next(read)
    client.close()
    with pytest.raises(type(own)) as came:
        read.throw(own)
    assert came.value is own


@pytest.mark.parametrize("own", OWN, ids=lambda own: type(own).__name__)
@pytest.mark.parametrize("ask", ["all", "changes"])
def test_what_a_coroutine_that_reads_raises_comes_through_when_its_client_was_closed(server, ask, own):
    async def use():
        client = AsyncClient(server.url)
        table = client.table("t")
        read = aiter(await table.changes() if ask == "changes" else table.all())
        await table.patch(1, {"n": 1})
        await anext(read)
        await client.close()
        await read.athrow(own)

    with pytest.raises(type(own)) as came:
        asyncio.run(use())
    assert came.value is own


def test_a_reader_by_tls_never_takes_ciphertext_for_an_answer():
    near, far = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secret = context.wrap_socket(near, server_hostname="localhost", do_handshake_on_connect=False)
    sockets, stream = Sockets(), SimpleNamespace(get_extra_info=lambda _: secret)
    with far, secret:
        sockets.trace("connection.start_tls.complete", {"return_value": stream})
        far.sendall(b"ciphertext")
        sockets.shut()
        assert secret.recv(100) == b""


def test_whoever_waits_for_an_answer_is_told(kind):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user = kind(f"http://127.0.0.1:{silent.getsockname()[1]}")
        user.start("get")
        near, _ = user.until(silent.accept)
        with near:
            assert user.until(lambda: near.recv(4))  # the request is there
            [came] = user.close()
    assert type(came) is ClientClosed


@contextmanager
def busy():
    """Give the address of a server that asks everybody to come back in half a minute."""
    answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n"

    def serve():
        with suppress(OSError):
            near, _ = listener.accept()
            with near:
                while near.recv(65536):
                    near.sendall(answer)
                    asked.set()

    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(SOON_S)


def test_whoever_waits_to_ask_again_is_told(kind):
    with busy() as (url, asked):
        user = kind(url)
        user.start("get")
        assert user.until(lambda: asked.wait(SOON_S))
        [came] = user.close()
    assert type(came) is ClientClosed


def test_a_closed_client_says_that_it_is(server):
    client = Client(server.url)
    changes = client.table("t").changes()
    client.close()
    client.close()
    for ask in (client.health, lambda: client.table("t").all().__next__(), client.table("t").changes):
        with pytest.raises(errors.Unavailable, match="The client was closed"):
            ask()
    assert list(changes) == []


def test_connections_that_were_given_are_closed_by_whom_they_are(server):
    with httpx2.Client(trust_env=False, verify=False, timeout=30) as http:
        client = Client(server.url, http=http)
        client.close()
        assert client.health()["status"] == "ok"
    with pytest.raises(ClientClosed):
        client.health()


@pytest.mark.anyio
async def test_a_wait_is_one_of_the_event_loop_that_there_is_trios_too(monkeypatch):
    waited = []

    async def wait(seconds):
        waited.append(seconds)
        await client.close()

    monkeypatch.setattr("anyio.sleep", wait)
    with busy() as (url, _):
        client = AsyncClient(url)
        with pytest.raises(ClientClosed):
            await client.table("t").get(1)
    assert len(waited) == 1
