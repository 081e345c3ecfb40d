"""How a directory is opened: files that are loaded first, and models put over tables, taken away and put back."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from datetime import datetime  # Pydantic reads it
from decimal import Decimal  # likewise

import httpx2
import pytest
from pydantic import BaseModel, Field, field_validator

from ramekin import Database
from ramekin.database.changing import ChangeRequest
from ramekin.database.finding import FindRequest
from ramekin.database.operations import Operation
from ramekin.durability.store import Store
from ramekin.engine.embedded import Embedded
from ramekin.engine.journaled import Journaled
from ramekin.errors import DefinitionBroken, InvalidRecord, ModelMissing, NotUnique, PreconditionRequired
from ramekin.query.url import parse_conditions
from ramekin.query.where import parse_where
from ramekin.schema.definition import Definition, IndexDefinition
from ramekin.schema.fields import NO_SCHEMA
from tests.ports import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Pet(BaseModel):
    """Holds what JSON Schema cannot say: no name in small letters."""

    id: int
    name: str = "Rex"
    born: datetime | None = None
    price: Decimal | None = None

    @field_validator("name")
    @classmethod
    def check(cls, name):
        if name.islower():
            raise ValueError("small letters")
        return name


class Cat(Pet):
    """The same in JSON's words, but for its title."""


class Wild(BaseModel):
    """Bounds that no JSON number here holds."""

    id: int
    weight: float = Field(le=10**30)


@asynccontextmanager
async def opened(folder, models=None, fsync="no"):
    store = Store(folder / "data", fsync)
    store.lock()
    async with Database(models, engine=Journaled(store)) as database:
        yield database


def create(**record):
    return Operation("create", "pets", record=record)


async def found(database, **conditions):
    where = parse_conditions(list(conditions.items()), database.fields("pets"))
    page = await database.find(FindRequest("pets", where))
    return [json.loads(body)["id"] for body in page.rows]


DEFINED = Definition(
    {"properties": {"name": {"type": "string"}}},
    unique=("born",),
    indexes=(IndexDefinition("name", "sorted"),),
    require_if_match=True,
)


async def test_what_was_defined_of_a_table_holds_on_under_a_model_and_is_told(tmp_path, caplog):
    async with opened(tmp_path) as database:
        await database.define("pets", DEFINED)
        await database.apply(create(id=1, name="Rex", born="2026-01-01T00:00:00Z"))
    for _ in range(2):
        async with opened(tmp_path, {"pets": Pet}) as database:
            info = await database.table("pets")
            assert "pets" in database.models
            assert info.stats.definition.unique == ("born",)
            assert [(i.field, i.kind, i.is_pinned) for i in info.indexes] == [
                ("born", "hash", True),
                ("name", "sorted", True),
            ]
            with pytest.raises(PreconditionRequired):
                await database.apply(Operation("delete", "pets", "1"))
            with pytest.raises(NotUnique):
                await database.apply(create(id=2, born="2026-01-01T01:00:00+01:00"))
            with pytest.raises(InvalidRecord):
                await database.apply(create(id=3, name="small"))
            await database.drop("pets")
            await database.apply(create(id=1, name="Rex", born="2026-01-01T00:00:00Z"))
            assert (await database.table("pets")).stats.definition.require_if_match
    [told] = [record.getMessage() for record in caplog.records if "typed by the model" in record.getMessage()]
    for said in ("Pet", "born, name, If-Match hold on", "JSON Schema gives way"):
        assert said in told


async def test_a_start_whose_model_makes_unique_values_equal_names_the_records(tmp_path):
    async with opened(tmp_path) as database:
        await database.define("pets", Definition(unique=("born",)))
        await database.apply(create(id=1, born="2026-01-01T00:00:00Z"))
        await database.apply(create(id=2, born="2026-01-01T01:00:00+01:00"))
    with pytest.raises(DefinitionBroken) as refused:
        async with opened(tmp_path, {"pets": Pet}):
            pass
    [fault] = refused.value.faults
    assert (fault.pointer, fault.detail) == (
        "/2/born",
        "The record '1' has this value too, and it is to be unique.",
    )


async def test_without_its_model_a_table_is_read_and_not_written(tmp_path):
    async with opened(tmp_path, {"pets": Pet}) as database:
        await database.apply(create(id=1, born="2026-01-01T01:00:00+01:00", price="1.50"))
        await database.apply(create(id=2, born="2026-01-02T00:00:00Z"))
    async with opened(tmp_path) as database:
        assert json.loads(await database.get("pets", "1"))["price"] == "1.50"
        assert await found(database, price="1.5") == [1]
        assert await found(database, **{"born:lt": "2026-01-01T00:00:01Z"}) == [1]
        everything = parse_where({"id": 1}, NO_SCHEMA)
        writes = [
            lambda: database.apply(create(id=3, name="Tom")),
            lambda: database.apply(Operation("patch", "pets", "1", {"name": "Tom"})),
            lambda: database.apply(Operation("upsert", "pets", "9", {"name": "Tom"})),
            lambda: database.insert("pets", [{"id": 3}]),
            lambda: database.write([Operation("replace", "pets", "1", {"name": "Tom"})]),
            lambda: database.load([("pets", {"id": 3})]),
            lambda: database.change(ChangeRequest("pets", everything, {"name": "Tom"})),
        ]
        before = await database.table("pets")
        for write in writes:
            with pytest.raises(ModelMissing, match="was not started with"):
                await write()
        assert await database.table("pets") == before
        await database.apply(Operation("delete", "pets", "2"))
    async with opened(tmp_path, {"pets": Pet}) as database:
        await database.apply(create(id=3, name="Tom"))
        assert (await database.table("pets")).stats.records == 2


async def test_a_definition_sets_a_table_free_of_a_model_that_is_not_here(tmp_path):
    async with opened(tmp_path, {"pets": Pet}) as database:
        await database.apply(create(id=1))
    async with opened(tmp_path) as database:
        await database.define("pets", Definition())
        await database.apply(create(id=2, name="small", anything=True))
    with pytest.raises(DefinitionBroken) as met:
        async with opened(tmp_path, {"pets": Pet}):
            pass
    assert {fault.pointer for fault in met.value.faults} == {"/2/name", "/2/anything"}
    async with opened(tmp_path) as database:
        await database.apply(Operation("delete", "pets", "2"))
    async with opened(tmp_path, {"pets": Pet}) as database:
        assert (await database.table("pets")).stats.records == 1


async def test_a_drop_sets_it_free_too(tmp_path):
    async with opened(tmp_path, {"pets": Pet}) as database:
        await database.apply(create(id=1))
    async with opened(tmp_path) as database:
        await database.drop("pets")
        await database.apply(create(id="free"))


async def test_a_model_whose_schema_no_file_could_hold_is_missed_all_the_same(tmp_path):
    async with opened(tmp_path, {"pets": Wild}) as database:
        await database.apply(create(id=1, weight=2.0))
    async with opened(tmp_path) as database:
        assert await found(database, weight="2") == [1]
        with pytest.raises(ModelMissing):
            await database.apply(create(id=2, weight=3.0))
    async with opened(tmp_path, {"pets": Wild}) as database:
        await database.apply(create(id=2, weight=3.0))


async def test_two_databases_with_different_models_do_not_write_into_one_table():
    engine = Embedded()
    async with Database({"pets": Pet}, engine=engine) as one:
        await one.apply(create(id=1))
        other = Database(engine=engine)
        with pytest.raises(ModelMissing):
            await other.apply(create(id=2))
        async with Database({"pets": Wild}, engine=Embedded()):
            pass
        with pytest.raises(DefinitionBroken):
            async with Database({"pets": Wild}, engine=engine):
                pass


def load_module(path):
    spec = importlib.util.spec_from_file_location("kennel", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["kennel"] = module
    spec.loader.exec_module(module)
    return module


KENNEL = """
from pydantic import BaseModel, field_validator
class Dog(BaseModel):
    id: int
    name: str
    @field_validator("name")
    @classmethod
    def check(cls, name):
        if len(name) > {most}:
            raise ValueError("too long")
        return name
"""


async def test_records_are_looked_at_again_when_the_code_of_a_model_has_changed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kennel", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # by which a change within one second would not be seen
    path = tmp_path / "kennel.py"

    def start(most):
        path.write_text(KENNEL.format(most=most))
        return opened(tmp_path, {"dogs": load_module(path).Dog})

    async with start(5) as database:
        await database.insert("dogs", [{"id": i, "name": "Rex"} for i in range(300)])
        known = database.engine.tables.definitions["dogs"]
    async with start(5) as database:
        assert database.engine.tables.definitions["dogs"] == known, "nothing was defined, so nothing was looked at"
    async with start(4) as database:
        assert database.engine.tables.definitions["dogs"].model != known.model
        assert database.engine.tables.definitions["dogs"].schema == known.schema
    with pytest.raises(DefinitionBroken):
        async with start(2):
            pass
    async with start(4) as database:
        assert (await database.table("dogs")).stats.records == 300


def test_nobody_writes_before_a_file_is_in(tmp_path):
    """Every create that is answered with 201 is there afterwards, and none is before the server says that it is ready."""
    records = 60_000
    (tmp_path / "t.json").write_text(json.dumps([{"id": i, "name": f"n{i}"} for i in range(records)]))
    port = free_port()
    command = [sys.executable, "-m", "ramekin", "serve", "--data-dir", str(tmp_path / "data"), "--port", str(port)]
    process = subprocess.Popen([*command, str(tmp_path / "t.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen, made = [], []
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=10) as client:
        end = time.monotonic() + 60
        while "ok" not in seen:
            assert time.monotonic() < end
            with suppress(httpx2.TransportError):
                answer = client.post("/api/v1/data/t", json={"id": f"early-{len(seen)}"})
                seen.append(client.get("/health/ready").json()["status"])
                assert answer.status_code == 201 or answer.json()["code"] == "starting"
                for path in ("/health", "/health/live", "/docs", "/problems/starting"):
                    assert client.get(path, headers={"accept": "text/html"}).status_code in (200, 503)
                assert client.get("/api/v1/nothing").status_code == 404
                if answer.status_code == 201:
                    made.append(answer.json()["id"])
                    assert client.get("/api/v1/tables/t").json()["records"] >= records
        assert seen[0] == "starting"
        assert len(client.get("/api/v1/dump/t").json()) == records + len(made)
        for record_id in made:
            assert client.get(f"/api/v1/data/t/{record_id}").status_code == 200
    process.terminate()
    process.communicate(timeout=30)


def test_a_file_that_is_refused_leaves_the_directory_as_it_was(tmp_path):
    (tmp_path / "t.json").write_text('[{"id": 1}, {"id": 2, }]')
    command = [sys.executable, "-m", "ramekin", "serve", "--data-dir", str(tmp_path / "data"), "--port", "0"]
    done = subprocess.run([*command, str(tmp_path / "t.json")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "t.json" in done.stderr
