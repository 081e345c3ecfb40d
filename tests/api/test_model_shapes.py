"""Whatever the shape of a model: it is served whole, or it is refused in one line."""

import asyncio
import json
from contextlib import contextmanager

import pytest
from pydantic import create_model

from ramekin import Database
from ramekin.api.app import create_app
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled
from ramekin.schema.fitness import UnfitModel
from tests.data.model_shapes import NEVER, REFUSED, SHAPES
from tests.each import first
from tests.inside import InsideClient
from tests.problems import assert_problem

TABLE, DUMP, LOAD = "/api/v1/data/things", "/api/v1/dump/things", "/api/v1/load"


def name(value):
    return getattr(value, "__name__", "")


@contextmanager
def client_of(model, engine=None):
    database = Database({"things": model}, engine=engine)
    with asyncio.Runner() as runner:
        runner.run(database.__aenter__())
        with InsideClient(create_app(database), raise_server_exceptions=False) as client:
            yield client
        runner.run(database.__aexit__())


def create(client, record):
    answer = client.post(TABLE, json=record)
    assert answer.status_code == 201, answer.text
    return f"{TABLE}/{answer.json()['id']}", answer.json()


def name_of(shape):
    return shape[0].__name__


@pytest.fixture(scope="module", params=SHAPES, ids=name_of)
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def application(shape):
    with client_of(shape[0]) as client:
        yield client


@pytest.fixture
def client(application):
    yield application
    assert application.delete("/api/v1/tables/things").status_code == 204


def test_a_record_is_read_patched_and_put_as_it_is_stored(shape, client):
    _, cases = shape
    for record, patch in cases:
        address, stored = create(client, record)
        assert client.get(address).json() == stored
        assert client.patch(address, json={}).json() == stored
        answer = client.patch(address, json=patch)
        assert answer.status_code == 200, answer.text
        patched = answer.json()
        assert client.put(address, json=patched).content == answer.content


def test_a_dump_is_loaded_as_the_same(shape, client):
    _, cases = shape
    for record, _ in cases:
        create(client, record)
    dump, lines = client.get(DUMP), client.get(DUMP, headers={"accept": "application/x-ndjson"})
    answer = client.post(f"{LOAD}?mode=replace", json={"things": dump.json()})
    assert answer.status_code == 200, answer.text
    assert client.get(DUMP).content == dump.content
    answer = client.post(
        f"{TABLE}?on_conflict=replace", content=lines.content, headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text
    assert client.get(DUMP).content == dump.content


def test_every_field_can_be_asked_for_by_its_stored_value(shape, client):
    _, cases = shape
    for record, _ in cases:
        address, stored = create(client, record)
        for member, value in stored.items():
            path = member.replace(".", "\\.")
            if isinstance(value, (str, int, float)):
                answer = client.get(
                    TABLE, params={f"{path}:eq": value if isinstance(value, str) else json.dumps(value)}
                )
                assert stored in answer.json()["data"], (member, answer.text)
            elif value is None:
                assert stored in client.get(TABLE, params={f"{path}:null": "true"}).json()["data"]
        assert client.delete(address).status_code == 204


@pytest.mark.parametrize("shape", first(8, SHAPES), ids=name_of)
def test_a_data_directory_starts_again_also_when_the_model_is_described_anew(shape, tmp_path):
    model, cases = shape

    def start(kind):
        store = Store(tmp_path / "data", "no")
        store.lock()
        return client_of(kind, Journaled(store))

    with start(model) as client:
        for record, patch in cases:
            address, _ = create(client, record)
            client.patch(address, json=patch)
        dump = client.get(DUMP).json()
    described = type(model.__name__, (model,), {"__doc__": "Described anew.", "__module__": model.__module__})
    for kind in (model, described):
        with start(kind) as client:
            assert client.get(DUMP).json() == dump


def test_an_id_over_which_its_own_type_fails_is_nobodys_id():
    model = next(model for model, _ in NEVER if model.__name__ == "FailingId")
    with client_of(model) as client:
        assert_problem(client.get(f"{TABLE}/x"), 404, "record-not-found")
        assert_problem(client.put(f"{TABLE}/x?upsert=true", json={}), 422, "invalid-record")
        assert_problem(client.delete(f"{TABLE}/x"), 404, "record-not-found")


def test_a_model_whose_id_may_be_null_asks_for_one():
    with client_of(create_model("Thing", id=(int | None, None))) as client:
        problem = assert_problem(client.post(TABLE, json={}), 422, "invalid-record")
        assert problem["errors"] == [{"pointer": "/id", "detail": "This member is required: the model makes no id."}]
        assert_problem(client.post(TABLE, json={"id": None}), 422, "invalid-id")
        assert client.put(f"{TABLE}/5?upsert=true", json={}).json() == {"id": 5}


@pytest.mark.parametrize(("model", "words"), REFUSED, ids=name)
def test_a_model_that_cannot_be_a_table_is_refused_in_one_line(model, words):
    with pytest.raises(UnfitModel) as refused:
        Database({"things": model})
    line = str(refused.value)
    assert "\n" not in line
    assert len(line) < 250
    assert all(word in line for word in words), line


@pytest.mark.parametrize(("model", "cases"), NEVER, ids=name)
def test_a_record_that_its_model_would_not_take_back_is_refused(model, cases):
    with client_of(model) as client:
        for record, pointer in cases:
            problem = assert_problem(client.post(TABLE, json=record), 422, "invalid-record")
            assert problem.get("errors", [{"pointer": ""}])[0]["pointer"] == pointer
        assert client.get(TABLE).json()["data"] == []


def test_csv_comes_back_as_the_same(shape, client):
    model, cases = shape
    if model.__name__ in ("Loose", "Open"):
        return  # arrays and objects where nothing is declared come back as text
    for record, _ in cases:
        create(client, record)
    dump, text = client.get(DUMP).content, client.get(DUMP, headers={"accept": "text/csv"}).content
    answer = client.post(f"{TABLE}?on_conflict=replace", content=text, headers={"content-type": "text/csv"})
    assert answer.status_code == 200, answer.text
    assert client.get(DUMP).content == dump
