"""A start on nodes that cannot keep a database is refused with one sentence, which holds no password."""

import asyncio
import json
import secrets
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.resources import files

import pytest

from ramekin import Database
from ramekin.changes import Change, Written
from ramekin.cluster import feed, memory_policy
from ramekin.cluster.address import Address, Login, Servers
from ramekin.cluster.admission import OF_HASHES, OF_LISTS, OF_NODES, OF_STREAMS
from ramekin.engine import link
from ramekin.engine.replicated import Replicated
from ramekin.errors import Unavailable
from ramekin.schema.definition import Definition
from ramekin.testing.engines.steps import body, define, drop, load, put
from tests.cluster.nodes import rule_for, running
from tests.cluster.processes import everything, is_well, soon

pytestmark = pytest.mark.anyio

SOURCE = files("ramekin.cluster") / "library.lua"


async def refusal(servers, database="main"):
    engine = Replicated(servers, database)
    with pytest.raises(Unavailable) as error:
        await engine.open()
    await engine.close()
    assert str(error.value).startswith("The cluster cannot be used: ")
    return str(error.value)


def servers_at(port, login=Login()):  # noqa: B008  # it is frozen
    return Servers((Address("127.0.0.1", port),), login)


@asynccontextmanager
async def someone(answer):
    """Give the port of one that answers each command as a function of its words says."""

    async def serve(reader, writer):
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2].decode())
            writer.write(answer(words))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def user(node):
    """Make a user by a command, and return what lets in as that one."""
    made = []

    def make(rule):
        words = rule.split()
        node.ask(*words)
        made.append(words[2])
        return servers_at(node.port, Login(words[2], words[4][1:]))

    yield make
    for name in made:
        node.ask("ACL", "DELUSER", name)


async def test_nobody_answers():
    said = await refusal(Servers((Address("127.0.0.1", 1), Address("127.0.0.1", 2))))
    assert "No node answers: 127.0.0.1:1: " in said
    assert "127.0.0.1:2: " in said
    assert "refused" in said.lower()


async def test_what_answers_is_no_node():
    async with someone(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "does not speak as Valkey and Redis do" in await refusal(servers_at(port))


async def test_a_server_is_too_old_for_functions():
    def answer(words):
        known = {"CLIENT": b"+OK\r\n", "ROLE": b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"}
        return known.get(words[0], f"-ERR unknown command '{words[0]}'\r\n".encode())

    async with someone(answer) as port:
        assert "too old: Redis 7.0 or Valkey 7.2, or newer, is needed" in await refusal(servers_at(port))


@pytest.mark.parametrize("login", [Login(None, "geheim"), Login("anna", "geheim")])
async def test_a_wrong_password(node, login):
    said = await refusal(servers_at(node.port, login))
    assert "the user or the password is wrong" in said
    assert "geheim" not in said
    assert "anna" not in said


async def test_a_password_is_needed():
    with running(requirepass="geheim") as [node]:
        assert "a password is needed" in await refusal(servers_at(node.port))
        said = await refusal(servers_at(node.port, Login(None, "falsch")))
        assert "the user or the password is wrong" in said


async def test_a_user_with_the_rights_that_the_manual_names_can_do_all_that_there_is(node, user):
    database = secrets.token_hex(8)
    node.ask("FUNCTION", "FLUSH")
    engine = Replicated(user(rule_for("ramekin", "geheim", database)), database)
    await engine.open()
    await define(engine, "users", Definition(unique=("name",)))
    await load(engine, {"users": {str(i): b'{"id":%d,"name":"%d"}' % (i, i) for i in range(3000)}})
    await put(engine, "users", body(3000, name="x"))
    await drop(engine, "users")
    await put(engine, "orders", body(1))
    new = Replicated(engine._link.servers, database)
    await new.open()
    assert everything(new) == everything(engine)
    await new.close()
    await engine.close()


@pytest.mark.parametrize("command", [*OF_HASHES, *OF_LISTS, *OF_STREAMS, *OF_NODES])
async def test_a_right_that_lacks_is_named(node, user, command):
    right = f" +{command.lower().replace(' ', '|')}"
    said = await refusal(user(rule_for("ramekin", "geheim", "main").replace(right, "", 1)))
    assert "rights are not enough" in said
    assert right.strip() in said or command == "ROLE"
    assert "geheim" not in said


async def test_keys_that_may_not_be_used_are_named(node, user):
    said = await refusal(user(rule_for("ramekin", "geheim", "other")))
    assert "access to keys lacking for keys '{ramekin:main}*'" in said


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
async def test_a_node_that_throws_records_away(node, policy):
    node.ask("CONFIG", "SET", "maxmemory-policy", policy)
    try:
        assert f"(maxmemory-policy {policy}): set noeviction" in await refusal(servers_at(node.port))
    finally:
        node.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_a_replica_that_would_throw_records_away():
    with running(replicas=1) as [primary, replica]:
        replica.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        said = await refusal(servers_at(primary.port))
        assert "a replica throws records away when its memory is short (maxmemory-policy allkeys-lru)" in said
        replica.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await _open(Replicated(servers_at(primary.port)))


async def test_a_policy_that_changes_later_is_told(monkeypatch):
    monkeypatch.setattr(memory_policy, "PAUSE_S", 0.01)
    with running(replicas=1) as [primary, replica]:
        engine = Replicated(servers_at(primary.port))
        await engine.open()
        for node, told in ((replica, "warnings"), (primary, "trouble")):
            for policy in ("allkeys-lru", "noeviction"):
                node.ask("CONFIG", "SET", "maxmemory-policy", policy)
                is_bad = policy != "noeviction"
                await soon(lambda told=told, is_bad=is_bad: bool(getattr(engine._link.stats(), told)) == is_bad)
                assert await engine.state() == ("failed" if is_bad and node is primary else "ok")
                if is_bad:
                    assert f"maxmemory-policy {policy}" in str(getattr(engine._link.stats(), told))
        await engine.close()


async def test_another_primary_that_throws_records_away_is_told_at_once(node, monkeypatch):
    monkeypatch.setattr(memory_policy, "LOOKS", 10_000)
    monkeypatch.setattr(memory_policy, "PAUSE_S", 0.01)
    engine = Replicated(servers_at(node.port), secrets.token_hex(8))
    await engine.open()
    node.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        node.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await soon(lambda: "the primary throws records away" in engine._link.stats().trouble)
    finally:
        node.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await engine.close()


async def test_what_a_policy_for_keys_with_a_time_to_live_may_take_is_no_record():
    """So such a policy is taken: nothing that anybody still needs has a time to live on nodes."""
    with running(maxmemory_policy="volatile-lru") as [node]:
        engine = Replicated(servers_at(node.port))
        await engine.open()
        await define(engine, "users", Definition(unique=("name",), max_records=2000))
        await load(engine, {"users": {str(i): b'{"id":%d,"name":"%d"}' % (i, i) for i in range(3000)}})
        await put(engine, "t", body(1))
        assert await engine.apply(Written([Change("t", "2", None, body(2), due=4102444800)])) is not None
        await drop(engine, "users")
        volatile = {key for key in node.ask("KEYS", "*") if node.ask("TTL", key) != -1}
        assert volatile
        assert all(b"}chunk:" in key or b"}trial:" in key for key in volatile)
        assert node.ask("LLEN", engine._link.keys.of("applying")) == 0
        await engine.close()


@pytest.mark.parametrize("name", ["head", "feed", "births", "marks", "applying", "records:t", "claims:t"])
async def test_a_key_that_holds_something_else_is_named_with_what_to_do(node, name):
    database = secrets.token_hex(8)
    engine = Replicated(servers_at(node.port), database)
    await _open(engine)
    key = engine._link.keys.of(name)
    node.ask("DEL", key)
    node.ask("SET", key, "something else")
    said = await refusal(servers_at(node.port), database)
    assert (
        f"the key {key} holds something that Ramekin has not written: delete it there, or take another --data" in said
    )
    assert node.ask("GET", key) == b"something else", "it is left as it was"


async def test_a_hash_of_somebody_else_is_no_database(node):
    database = secrets.token_hex(8)
    node.ask("HSET", f"{{ramekin:{database}}}head", "their", "field")
    said = await refusal(servers_at(node.port), database)
    assert f"the key {{ramekin:{database}}}head holds something that Ramekin has not written" in said


async def test_a_server_can_begin_beside_one_whose_nodes_were_emptied(node):
    database = secrets.token_hex(8)
    head = f"{{ramekin:{database}}}head"
    async with Database(engine=Replicated(servers_at(node.port), database)) as first:
        await first.insert("t", {"id": 1})
        node.ask("DEL", *node.ask("KEYS", f"{{ramekin:{database}}}*"))
        await soon(lambda: node.ask("EXISTS", head))
        async with Database(engine=Replicated(servers_at(node.port), database)) as other:
            await first.insert("t", {"id": 2})
            assert (await other.find("t")).records == [{"id": 2}]


@pytest.mark.parametrize(
    ("found", "what_to_do"),
    [
        ("1", "with the version that wrote it, `ramekin copy` its tables"),
        ("3", "take a newer one"),
        ("x", "take a newer"),
    ],
)
async def test_a_database_of_another_format(node, found, what_to_do):
    database = secrets.token_hex(8)
    node.ask("HSET", f"{{ramekin:{database}}}head", "format", found)
    said = await refusal(servers_at(node.port), database)
    assert f"the database '{database}' is kept in format {found}, and this version reads 2: {what_to_do}" in said
    assert node.ask("HGETALL", f"{{ramekin:{database}}}head") == [b"format", found.encode()], "it is left as it was"


async def test_functions_of_another_version_on_a_node_are_not_called_and_stay(node):
    code = "#!lua name=ramekin1\nredis.register_function('ramekin1_session', function() return 0 end)"
    node.ask("FUNCTION", "LOAD", "REPLACE", code)
    engine = Replicated(servers_at(node.port), secrets.token_hex(8))
    await _open(engine)
    loaded = [library[1].decode() for library in node.ask("FUNCTION", "LIST")]
    assert "ramekin1" in loaded
    assert f"ramekin_{sha256(SOURCE.read_bytes()).hexdigest()[:12]}" in loaded, "its name is made of its text"


@pytest.mark.parametrize(
    "words", [("a", "b"), ("k", "w", "n", b"\xff", "p", "", "t", "1"), ("k", "d", "n", "1", "p", "", "t", "x")]
)
async def test_an_entry_of_the_feed_that_is_none_is_told_until_it_is_gone(node, monkeypatch, words):
    monkeypatch.setattr(feed, "UNFIT_PAUSE_S", 0.01)
    monkeypatch.setattr(link, "SILENCE_S", 0.2)
    engine = Replicated(servers_at(node.port), secrets.token_hex(8), reads="local")
    await engine.open()
    await put(engine, "t", body(1))
    place = node.ask("XADD", engine._link.keys.of("feed"), "2-0", *words)
    await soon(lambda: engine._link.stats().trouble)
    assert "the entry 2-0, which Ramekin has not written" in engine._link.stats().trouble
    assert await engine.state() == "failed"
    node.ask("XDEL", engine._link.keys.of("feed"), place)
    await soon(lambda: not engine._link.stats().trouble)
    await soon(lambda: is_well(engine))
    await engine.close()


NO_RECORDS = [b"not json", b'{"id":"evil"', b"[1]", b'{"x":1}', b'{"id":"other"}', b'{"id":[1]}', b'12x{"id":"evil"}']


@pytest.mark.parametrize("cell", NO_RECORDS)
async def test_a_cell_that_is_no_record_is_named(node, cell):
    database = secrets.token_hex(8)
    engine = Replicated(servers_at(node.port), database)
    await _open(engine)
    records = engine._link.keys.records("t")
    node.ask("HSET", records, "evil", cell)
    said = await refusal(servers_at(node.port), database)
    assert f"the key {records} holds under 'evil' what is no record: HDEL it there" in said
    node.ask("HDEL", records, "evil")
    node.ask("HSET", records, b"\xff", b'{"id":1}')
    assert f"the key {records} holds under '\N{REPLACEMENT CHARACTER}'" in await refusal(
        servers_at(node.port), database
    )


@pytest.mark.parametrize(
    ("name", "field"), [("head", "rev"), ("births", "t"), ("births", b"\xff"), ("revisions", "t"), ("definitions", "t")]
)
async def test_a_key_that_holds_what_cannot_be_read_is_named(node, name, field):
    database = secrets.token_hex(8)
    engine = Replicated(servers_at(node.port), database)
    await _open(engine)
    key = engine._link.keys.of(name)
    node.ask("HSET", key, field, "what is this")
    said = await refusal(servers_at(node.port), database)
    assert key in said
    assert "holds something that Ramekin has not written" in said


async def test_a_server_that_cannot_read_everything_anew_says_why_until_it_can(node, monkeypatch):
    monkeypatch.setattr(feed, "UNFIT_PAUSE_S", 0.01)
    monkeypatch.setattr(link, "SILENCE_S", 0.2)
    engine = Replicated(servers_at(node.port), secrets.token_hex(8), reads="local")
    await engine.open()
    await put(engine, "t", body(1))
    keys = engine._link.keys
    node.ask("HSET", keys.records("t"), "evil", "not json")
    node.ask("HSET", keys.of("head"), "lineage", "another")
    await soon(lambda: "holds under 'evil' what is no record" in engine._link.stats().trouble)
    assert await engine.state() == "failed"
    node.ask("HDEL", keys.records("t"), "evil")
    await soon(lambda: not engine._link.stats().trouble)
    await put(engine, "t", body(2))
    await soon(lambda: is_well(engine))
    await engine.close()


async def test_what_nodes_keep_is_what_the_format_says(node):
    """Whoever changes this changes ``FORMAT`` too: servers of two versions may meet one database."""
    engine = Replicated(servers_at(node.port), secrets.token_hex(8))
    await engine.open()
    await put(engine, "t", body(1))
    await define(engine, "t", Definition())
    assert await engine.apply(Written([Change("t", "2", None, body(2), due=4102444800)])) is not None
    await engine.close()

    def kept(command, name, *words):
        return node.ask(command, engine._link.keys.of(name), *words)

    head = kept("HGETALL", "head")
    assert sorted(head[::2]) == [b"fed", b"format", b"lineage", b"name", b"nonce", b"rev"]
    name = head[head.index(b"name") + 1]
    entries = [entry for _, entry in kept("XRANGE", "feed", "-", "+")]
    assert [entry[:8:2] for entry in entries] == [[b"k", b"n", b"p", b"t"]] * 3
    written, defined, with_due = (entry[8:] for entry in entries)
    assert written == [b"", b"t", b"1", b'{"id":1}']
    assert (defined[0], sorted(json.loads(defined[1]))) == (b"h", ["chunks", "definition", "table"])
    assert with_due == [b"", b"t", b"2", b'4102444800{"id":2}']
    assert kept("HGETALL", "births") == [b"t", b"1:0 2"]
    assert kept("HGETALL", "revisions") == [b"t", b"3 " + name]
    assert kept("HGETALL", "records:t") == [b"1", b'{"id":1}', b"2", b'4102444800{"id":2}']


async def test_what_time_heals_is_waited_for(monkeypatch, node):
    node.ask("CONFIG", "SET", "min-replicas-to-write", "1")
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr(link, "HEALS_S", 0.3)
            assert "a node has fewer replicas than its min-replicas-to-write" in await refusal(servers_at(node.port))
        opening = asyncio.create_task(_open(Replicated(servers_at(node.port), secrets.token_hex(8))))
        await asyncio.sleep(0.1)
        assert not opening.done()
    finally:
        node.ask("CONFIG", "SET", "min-replicas-to-write", "0")
    await opening


async def _open(engine):
    await engine.open()
    await put(engine, "t", body(1))
    await engine.close()


@pytest.mark.parametrize(("replicas", "told"), [(0, "primary"), (1, "replicas")])
async def test_replicas_acknowledge_where_there_are_any(replicas, told):
    with running(replicas=replicas) as nodes:
        engine = Replicated(servers_at(nodes[0].port), acknowledged_by="auto")
        await engine.open()
        assert engine.guarantees.acknowledged_by == told
        await engine.close()
