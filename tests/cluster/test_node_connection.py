"""One connection to a node: what is asked for comes back in order, or its end is told; and whom to ask."""

import asyncio
import shutil
import subprocess
from contextlib import asynccontextmanager, suppress

import pytest

from ramekin.cluster import node_connection
from ramekin.cluster.address import Address, Login, Servers
from ramekin.cluster.node_connection import Lost, NodeConnection, NodeRefused
from ramekin.cluster.slot import Slot, slot_of
from tests.cluster.nodes import running, until
from tests.programs import find_program

pytestmark = pytest.mark.anyio

NOBODY, PATIENCE_S = Login(), 30
"""Who shows nothing; and how long it may take to be let in on a busy machine, where a server waits for a second."""


def address_of(node):
    return Address("127.0.0.1", node.port)


@asynccontextmanager
async def connected(node, login=NOBODY):
    connection = await NodeConnection.open(address_of(node), login, "tests", PATIENCE_S)
    try:
        yield connection
    finally:
        connection.close()


class Answering(asyncio.Protocol):
    """One that is no node: it answers each packet behind the first with the same bytes, or with nothing."""

    def __init__(self, reply, packets):
        self.reply, self.packets = reply, packets

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, packet):
        self.packets.append(packet)
        if self.reply is not None:
            self.transport.write(self.reply if len(self.packets) > 1 else b"+OK\r\n")


@asynccontextmanager
async def answering(reply):
    """Give the address of one that answers so, and what it is sent."""
    packets = []
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Answering(reply, packets), "127.0.0.1", 0) as server:
        yield Address(*server.sockets[0].getsockname()), packets


async def test_replies_come_in_the_order_of_asking(node):
    async with connected(node) as connection:
        asked = [connection.send("ECHO", str(number)) for number in range(100)]
        assert await asyncio.gather(*asked) == [str(number).encode() for number in range(100)]
        assert await connection.call("CLIENT", "GETNAME") == b"tests"


async def test_what_is_asked_for_in_one_turn_leaves_in_one_packet():
    async with answering(b":1\r\n:2\r\n") as (address, packets):
        connection = await NodeConnection.open(address, Login(), "tests", PATIENCE_S)
        assert await asyncio.gather(connection.send("A"), connection.send("B")) == [1, 2]
        assert packets[1:] == [b"*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n"]
        connection.close()


async def test_a_refusal_is_of_its_command_alone(node):
    async with connected(node) as connection:
        refused, done = connection.send("GET"), connection.send("ECHO", "x")
        with pytest.raises(NodeRefused) as error:
            await refused
        assert error.value.code == "ERR"
        assert await done == b"x"


async def test_a_node_that_ends_or_stays_silent_is_told_to_all_who_wait(node):
    async with connected(node) as connection:
        waiting = [connection.send("BLPOP", f"none{number}", 0) for number in range(3)]
        node.ask("CLIENT", "KILL", "TYPE", "normal")
        told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
        assert [type(each) for each in told] == [Lost] * 3
        with pytest.raises(Lost):
            await connection.send("PING")
    async with connected(node) as connection:
        with pytest.raises(Lost):
            await connection.call("BLPOP", "none", 0, within_s=0.05)
        assert not connection.is_open


async def test_whoever_leaves_takes_no_others_reply(node):
    async with connected(node) as connection:
        gone, there = connection.send("ECHO", "a"), connection.send("ECHO", "b")
        gone.cancel()
        assert await there == b"b"


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$-7\r\n", b":1\r\n:2\r\n:3\r\n"], ids=str)
async def test_what_no_node_says_ends_the_connection(reply):
    async with answering(reply) as (address, _):
        connection = await NodeConnection.open(address, Login(), "tests", PATIENCE_S)
        with suppress(Lost):  # a reply that nobody asked for comes behind those that somebody did
            await connection.call("PING")
        assert not connection.is_open


async def test_a_reply_has_a_limit(monkeypatch):
    monkeypatch.setattr(node_connection, "MAX_REPLY_BYTES", 1000)
    async with answering(b"$100000\r\n" + b"x" * 2000) as (address, _):
        connection = await NodeConnection.open(address, Login(), "tests", PATIENCE_S)
        with pytest.raises(Lost, match="too long"):
            await connection.call("PING")


async def test_nobody_there_is_told_in_time():
    with pytest.raises(Lost):
        await NodeConnection.open(Address("127.0.0.1", 1), Login(), "tests")

    async with answering(None) as (address, _):
        with pytest.raises(Lost, match="in time"):
            await NodeConnection.open(address, Login(), "tests", within_s=0.05)


async def test_a_user_with_a_password_is_let_in_and_no_other(node):
    node.ask("ACL", "SETUSER", "anna", "on", ">geheim", "+@all", "~*")
    async with connected(node, Login("anna", "geheim")) as connection:
        assert await connection.call("ACL", "WHOAMI") == b"anna"
    with pytest.raises(NodeRefused) as refused:
        await NodeConnection.open(address_of(node), Login("anna", "falsch"), "tests", PATIENCE_S)
    assert refused.value.code == "WRONGPASS"
    assert "falsch" not in str(refused.value)


async def test_a_password_alone_is_of_the_default_user():
    with running(requirepass="geheim") as [node]:
        async with connected(node, Login(None, "geheim")) as connection:
            assert await connection.call("ACL", "WHOAMI") == b"default"
        with pytest.raises(NodeRefused) as refused:
            await NodeConnection.open(address_of(node), Login(), "tests", PATIENCE_S)
        assert refused.value.code == "NOAUTH"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    command = [
        find_program("openssl", "openssl"),
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]
    command += ["-nodes", "-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    command += ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


async def test_an_encrypted_connection_is_made_to_a_node_that_is_trusted(certificate, tmp_path):
    options = {
        "tls_port": "0",
        "tls_cert_file": str(certificate / "certificate.pem"),
        "tls_key_file": str(certificate / "key.pem"),
        "tls_ca_cert_file": str(certificate / "certificate.pem"),
        "tls_auth_clients": "no",
    }
    with running(**options) as [node]:
        node.ask("CONFIG", "SET", "tls-port", node.port + 10_000)
        address = Address("127.0.0.1", node.port + 10_000)
        shutil.copy(certificate / "certificate.pem", tmp_path / "ca.pem")
        servers = Servers.parse(f"valkeys://{address}?ca={tmp_path / 'ca.pem'}")
        connection = await NodeConnection.open(address, servers.login, "tests", PATIENCE_S)
        assert await connection.call("ECHO", "x") == b"x"
        connection.close()
        with pytest.raises(Lost, match="certificate"):
            await NodeConnection.open(address, Login(is_encrypted=True), "tests", PATIENCE_S)


# Whom to ask


async def primary_of(servers, tag="{x}"):
    connection = await Slot(servers, slot_of(tag)).connect("tests")
    role = (await connection.call("ROLE"))[0]
    port = int((await connection.call("CONFIG", "GET", "port"))[1])
    connection.close()
    return role, port


def servers_at(*nodes):
    return Servers(tuple(map(address_of, nodes)))


async def test_a_node_alone_has_every_slot(node):
    assert await primary_of(servers_at(node)) == (b"master", node.port)


async def test_a_replica_says_who_its_primary_is():
    with running(replicas=1) as [primary, replica]:
        assert await primary_of(servers_at(replica)) == (b"master", primary.port)


async def test_the_slot_of_a_tag_is_the_one_that_nodes_take(node):
    with running(primaries=3) as nodes:
        for tag in ("a", "ramekin:main", "é"):
            assert slot_of(tag) == nodes[0].ask("CLUSTER", "KEYSLOT", f"{{{tag}}}head")
        owners = {(await primary_of(servers_at(nodes[0]), f"tag{number}"))[1] for number in range(20)}
        assert owners == {node.port for node in nodes}


async def told_in_time(slot):
    """Return a connection to a slot's primary as soon as the nodes have told each other who that is."""
    for _ in range(200):
        with suppress(Lost):
            return await slot.connect("tests")
        await asyncio.sleep(0.05)
    raise AssertionError("the slot has no primary")


async def test_a_slot_follows_its_primary_when_that_fails():
    with running(primaries=3, replicas=1) as nodes:
        number = slot_of("ramekin:main")
        slot = Slot(servers_at(nodes[5]), number)
        (await slot.connect("tests")).close()
        [owner] = [node for node in nodes[:3] if node.port == slot._owner.port]
        owner.kill()
        replica = nodes[nodes.index(owner) + 3]
        until(lambda: replica.ask("ROLE")[0] == b"master")
        connection = await told_in_time(slot)
        assert await connection.call("SET", "{ramekin:main}a", "1") == b"OK"
        connection.close()


@asynccontextmanager
async def naming(*primaries):
    """Give the address of a node of a cluster that takes one after another for the primary, each time it is asked."""
    told = list(primaries)

    async def speak(reader, writer):
        with suppress(ConnectionError):
            while (text := await reader.read(1000)) and not writer.is_closing():
                if b"SLOTS" in text:
                    address = told.pop(0) if len(told) > 1 else told[0]
                    host, port = b"$%d\r\n%s" % (len(address.host), address.host.encode()), b":%d" % address.port
                    writer.write(b"\r\n".join([b"*1", b"*3", b":0", b":16383", b"*2", host, port, b""]))
                else:
                    writer.write(b"+OK\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield Address(*server.sockets[0].getsockname())


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_node_that_hangs_is_not_waited_for_where_another_is_the_primary(monkeypatch, node, is_named):
    monkeypatch.setattr("ramekin.cluster.slot.PROBE_S", 1e6)
    new = address_of(node)
    async with answering(None) as (silent, _), naming(*[silent] * 3 * is_named, new) as told:
        slot = Slot(Servers((told, told) if is_named else (silent, told)), 7)
        connection = await asyncio.wait_for(slot.connect("tests"), 20)
        assert await connection.call("ECHO", "x") == b"x"
        connection.close()
        assert slot._owner == new
        before = len(asyncio.all_tasks())
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) <= before


async def test_where_no_node_answers_or_lets_us_in_that_is_told(node):
    with pytest.raises(Lost):
        await Slot(Servers((Address("127.0.0.1", 1),)), 0).connect("tests")
    with pytest.raises(NodeRefused):
        await Slot(Servers((address_of(node), Address("127.0.0.1", 1)), Login("nobody", "x")), 0).connect("tests")
