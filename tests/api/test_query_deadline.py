"""A request that takes more work than the server gives to one is given up: 503, and nothing was applied."""

import asyncio
from itertools import count

import pytest

from ramekin import Database, Limits
from ramekin.api.app import create_app
from ramekin.api.http.headers import CSV
from ramekin.api.json_server.door import Door
from ramekin.api.json_server.older import Older
from ramekin.engine import work
from ramekin.engine.embedded import Embedded
from ramekin.engine.work import Work
from ramekin.errors import Deadline
from ramekin.schema.definition import Definition
from ramekin.storage.indexed import Indexed
from tests.inside import InsideClient
from tests.pipe import WAYS, Service
from tests.problems import assert_problem
from tests.wire import request

RECORDS = 3000

pytestmark = pytest.mark.anyio
REQUESTS = {
    "list": ("GET", "/api/v1/data/t?n:contains=x", None),
    "order": ("GET", "/api/v1/data/t?sort=k,-n", None),
    "count": ("GET", "/api/v1/data/t?s:endswith=7&count=true&limit=0", None),
    "absent field": ("GET", "/api/v1/data/t?none=1", None),
    "join": ("GET", "/api/v1/join/t/t/k=k?as=a,b&sort=b.n&limit=1", None),
    "bare key": ("GET", "/api/v1/join/t/t/nothing?as=a,b", None),
    "groups": ("POST", "/api/v1/query/t", {"group_by": ["n"]}),
    "patch": ("PATCH", "/api/v1/data/t?all=true", {"k": 0}),
    "deletion": ("DELETE", "/api/v1/data/t?all=true", None),
    "bulk": ("POST", "/api/v1/data/u", [{"id": i} for i in range(RECORDS)]),
    "load": ("POST", "/api/v1/load", {"u": [{"id": i} for i in range(RECORDS)]}),
    "batch": (
        "POST",
        "/api/v1/batch",
        {"operations": [{"op": "delete", "table": "t", "id": i} for i in range(RECORDS)]},
    ),
    "dump": ("GET", "/api/v1/dump/t", None),
    "definition": ("PUT", "/api/v1/tables/t", {"schema": {"required": ["k"]}}),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


def filled():
    """Return an engine with a table, of which no index is built yet."""
    engine = Embedded()

    async def fill():
        database = await Database(engine=engine).__aenter__()  # and never closed: another one serves what it holds
        await database.load(("t", {"id": i, "k": i % 10, "n": i, "s": f"s{i}"}) for i in range(RECORDS))

    asyncio.run(fill())
    return engine


@pytest.fixture(scope="module")
def engine():
    return filled()


def serve(engine, seconds):
    return InsideClient(create_app(Database(engine=engine, limits=Limits(query_s=seconds)), has_docs=False))


@pytest.fixture(scope="module")
def hurried(engine):
    with serve(engine, 0.0) as client:
        yield client


def send(client, name):
    method, path, body = REQUESTS[name]
    return client.request(method, path, json=body)


@pytest.mark.parametrize("name", REQUESTS)
def test_what_takes_too_long_is_given_up_and_nothing_is_applied(engine, hurried, name, monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    before = engine.tables.catalog.revision
    answer = send(hurried, name)
    assert_problem(answer, 503, "deadline")
    assert answer.headers["retry-after"] == "1"
    assert engine.tables.catalog.revision == before


@pytest.mark.parametrize("media", ["application/x-ndjson", "text/csv"])
def test_a_dump_in_other_formats_is_given_up_too(hurried, media, monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    assert_problem(hurried.get("/api/v1/dump/t", headers={"accept": media}), 503, "deadline")


BLANKS = {
    "lines of CSV": ("/api/v1/data/u", "text/csv", b"id\n" + b"\n" * 200_000),
    "lines of NDJSON": ("/api/v1/data/u", "application/x-ndjson", b"\n" * 200_000),
    "an array": ("/api/v1/data/u", "application/json", b"[" + b" " * 200_000 + b"]"),
    "in front of an array": ("/api/v1/data/u", "application/json", b" " * 300_000 + b"[]"),
    "a load": ("/api/v1/load", "application/json", b'{"u":[' + b"\n" * 200_000 + b"]}"),
    "a batch": ("/api/v1/batch", "application/json", b'{"operations":[' + b"\n" * 200_000 + b"]}"),
}


@pytest.mark.parametrize("name", BLANKS)
def test_what_holds_nothing_but_blanks_is_given_up_too(hurried, name, monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    path, media, text = BLANKS[name]
    assert_problem(hurried.post(path, content=text, headers={"content-type": media}), 503, "deadline")


@pytest.mark.parametrize("way", WAYS)
def test_a_dump_that_has_begun_is_cut_and_the_log_tells_why(way, monkeypatch, caplog):
    service = Service(way)
    records = [("t", {"id": i, "s": "x" * 1000}) for i in range(1000)]
    service.run(service.database.load(records))
    pipe, rest, left = service.connect(), Work.rest, [4]

    async def rest_until_it_is_late(self):
        left[0] -= 1
        if left[0] < 0:
            raise Deadline("late")
        await rest(self)

    with monkeypatch.context() as patch:
        patch.setattr(Work, "rest", rest_until_it_is_late)
        pipe.send([request("GET", "/api/v1/dump/t")])
    assert pipe.written.startswith(b"HTTP/1.1 200 ")
    assert pipe.is_ended
    assert not pipe.written.endswith(b"0\r\n\r\n"), "nobody may take it for whole"
    [line] = [line for line in caplog.records if line.msg == "answer broken off"]
    assert line.code == "deadline"
    service.close()


def test_with_time_enough_it_is_answered():
    with serve(filled(), 30) as client:
        assert [send(client, name).status_code for name in ("list", "order", "groups", "bulk")] == [200, 200, 200, 201]


@pytest.mark.parametrize(("name", "writes"), [("bulk", "insert"), ("batch", "write")])
def test_what_was_applied_is_answered_however_long_that_takes(name, writes, monkeypatch):
    write = getattr(Database, writes)

    async def write_and_be_late(*arguments, **words):
        done = await write(*arguments, **words)
        for watch in ("stopwatch_s", "processor_s"):
            monkeypatch.setattr(work, watch, count(10**6, 100).__next__)
        return done

    with serve(filled(), 30) as client:
        monkeypatch.setattr(Database, writes, write_and_be_late)
        assert send(client, name).is_success


STREAMS = {
    "list": "/api/v1/data/t?limit=1000",
    "list, CSV": "/api/v1/data/t?limit=1000&sort=text",
    "join": "/api/v1/join/t/t/id=id?as=a,b&limit=1000",
    "dump": "/api/v1/dump/t",
    "all": "/api/v1/dump",
    "difference": "/api/v1/diff",
    "json-server's list": "/t",
    "json-server's file": "/db",
}


@pytest.mark.parametrize("name", STREAMS)
def test_who_reads_an_answer_may_be_as_slow_as_it_takes(name, monkeypatch):
    now, limits = 0.0, Limits(query_s=30)
    for watch in ("stopwatch_s", "processor_s"):
        monkeypatch.setattr(work, watch, lambda: now)
    database = Database(limits=limits)
    app = create_app(database, is_dev=True, json_server=Door(Older(), ()))

    async def read_slowly(scope, receive, send):
        async def wait_and_send(message):
            nonlocal now
            now += 100
            await send(message)

        await app(scope, receive, wait_and_send)

    with InsideClient(read_slowly) as client:
        client.post("/api/v1/checkpoint")
        for table in "tu":
            client.run(database.load((table, {"id": str(i), "text": "x" * 2000}) for i in range(500)))
        answer = client.get(STREAMS[name], headers={"accept": CSV if "CSV" in name else "*/*"})
        assert answer.status_code == 200
        assert len(answer.content) > 500 * 2000


async def test_who_waits_for_an_index_is_told_in_time_and_the_index_is_built():
    is_built = asyncio.Event()
    building = asyncio.create_task(is_built.wait())
    with pytest.raises(Deadline):
        await Work(0.01).wait_for(building)
    is_built.set()
    assert await Work(5).wait_for(building)


async def test_what_is_begun_is_done_to_its_end(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    late = Work(0.0)
    late.commit()
    for _ in range(3):
        await late.rest()


async def test_what_others_do_in_between_does_not_count(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    now = 0.0
    for watch in ("stopwatch_s", "processor_s"):
        monkeypatch.setattr(work, watch, lambda: now)

    async def others():
        nonlocal now
        now += 100

    short = Work(1.0)
    await short.begin()
    for _ in range(4):
        task = asyncio.create_task(others())
        now += 0.2
        await short.rest()
        await task
    now += 0.3
    with pytest.raises(Deadline):
        await short.rest()


async def test_what_others_take_of_the_machine_does_not_count(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    worked = 0.0
    monkeypatch.setattr(work, "processor_s", lambda: worked)
    short = Work(1.0)
    await short.begin()
    await short.rest()
    monkeypatch.setattr(work, "stopwatch_s", count(10**9, step=10).__next__)  # by the clock it is late at once
    for _ in range(10):
        await short.rest()
    worked += 1.1
    with pytest.raises(Deadline):
        await short.rest()


async def test_the_wait_for_what_others_send_does_not_count(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    now = 0.0
    for watch in ("stopwatch_s", "processor_s"):
        monkeypatch.setattr(work, watch, lambda: now)

    async def arriving():
        nonlocal now
        for piece in b"abc":
            now += 100
            yield piece

    short, pieces = Work(1.0), []
    await short.begin()
    async for piece in short.fed(arriving()):
        pieces.append(piece)
        now += 0.3
        await short.rest()
    assert bytes(pieces) == b"abc"
    now += 0.2
    with pytest.raises(Deadline):
        await short.rest()


async def test_the_wait_for_whoever_takes_what_is_made_does_not_count(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    now = 0.0
    for watch in ("stopwatch_s", "processor_s"):
        monkeypatch.setattr(work, watch, lambda: now)
    short = Work(1.0)
    await short.begin()

    async def made():
        nonlocal now
        while True:
            now += 0.3
            await short.rest()
            await short.idle(asyncio.sleep(0))
            yield now

    pieces = short.taken(made())
    for _ in range(3):
        await anext(pieces)
        now += 100
    with pytest.raises(Deadline):
        await anext(pieces)


@pytest.fixture(params=["in memory", "with a journal"])
def database(request, tmp_path):
    limits = Limits(record_s=0.02)
    return (
        Database(limits=limits)
        if request.param == "in memory"
        else Database(directory=tmp_path / "data", limits=limits)
    )


async def test_a_single_record_waits_for_a_large_step_no_longer_than_it_may(database):
    async with database:
        await database.insert("t", [{"id": 1, "k": 1}])
        engine = database.engine
        await engine._alone.acquire()
        engine._is_held = True
        for change in (database.patch("t", 1, {"k": 2}), database.insert("t", {"id": 2}), database.delete("t", 1)):
            with pytest.raises(Deadline):
                await change
        engine._is_held = False
        engine._alone.release()
        assert await database.get("t", 1) == b'{"id":1,"k":1}'
        assert (await database.patch("t", 1, {"k": 2})).body == b'{"id":1,"k":2}'


async def test_a_single_record_waits_for_an_index_no_longer_than_it_may(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    held, build = [True], Indexed.build_index

    def build_later(table, field, *, is_sorted):
        while held:
            yield
        yield from build(table, field, is_sorted=is_sorted)

    async with Database(limits=Limits(record_s=0.05)) as database:
        await database.load(("t", {"id": i, "u": i}) for i in range(10))
        await database.define("t", Definition(unique=("u",)))
        table = database.engine.tables.catalog.table("t")
        [field] = table.unique_fields
        table.drop_index(field)
        monkeypatch.setattr(Indexed, "build_index", build_later)
        with pytest.raises(Deadline):
            await database.insert("t", {"id": "new", "u": "new"})
        held.clear()
        while field not in table.indexes:  # the build goes on
            await asyncio.sleep(0)
        assert (await database.insert("t", {"id": "new", "u": "new"}))[0].effect == "created"


async def test_a_part_of_a_single_record_is_looked_for_no_longer_than_it_may(monkeypatch):
    monkeypatch.setattr(work, "TURN_S", 0.0)
    async with Database(limits=Limits(record_s=0.001)) as database:
        await database.load(("t", {"id": i}) for i in range(RECORDS))
        with pytest.raises(Deadline):
            await database.missing("t", [("none",)], is_strict=False)


def test_a_list_of_tables_that_takes_too_much_work_is_told_as_it_is_declared():
    database = Database(limits=Limits(query_s=10))
    with InsideClient(create_app(database)) as api:
        tables = {f"t{number}": [{"id": 1}] for number in range(1000)}
        assert api.post("/api/v1/load", json=tables).status_code == 200
        object.__setattr__(database.limits, "query_s", 1e-6)
        assert_problem(api.get("/api/v1/tables"), 503, "deadline")
        declared = api.get("/openapi.json").json()["paths"]["/api/v1/tables"]["get"]["responses"]
    assert "503" in declared
