"""Both clients against a real server: every method, and what is refused."""

import asyncio
import dataclasses
import datetime as dt
import gc
import math
import os
import re
import sqlite3
import uuid
import warnings
from contextlib import suppress
from decimal import Decimal

import pytest
from pydantic import BaseModel, computed_field
from pydantic import Field as Member

from ramekin import errors
from ramekin.client import AsyncClient, Batch, Changed, Client, Field
from ramekin.client.replies import ClientClosed, NoAnswer, NotAsTyped
from tests.client.twins import open_clients
from tests.conftest import Server


class Pet(BaseModel):
    id: int
    name: str
    owner: int | None = Member(None, alias="ownerId")
    born: dt.date | None = None


@dataclasses.dataclass
class Person:
    id: int | str
    name: str


@pytest.fixture(scope="module")
def server():
    server = Server("serve")
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["sync", "async"])
def client(server, request):
    for client in open_clients(request.param, server.url):
        for table in client.tables():  # with what was said of it
            client.table(table["name"]).drop()
        yield client


@pytest.fixture
def pets(client):
    return client.table("pets", Pet)


@pytest.fixture
def people(client):
    return client.table("people", Person)


def pet(id, name="Rex", **members):
    return Pet.model_validate({"id": id, "name": name, **members})


def test_a_record_lives_and_ends(pets):
    assert pets.create(pet(1, born=dt.date(2020, 2, 29))) == pet(1, born=dt.date(2020, 2, 29))
    assert pets.get(1) == pet(1, born=dt.date(2020, 2, 29))
    assert pets.put(1, pet(1, "Max")) == pet(1, "Max")
    assert pets.patch(1, {"ownerId": 7}) == pet(1, "Max", ownerId=7)
    assert pets.put(2, pet(2), upsert=True) == pet(2)
    assert pets.delete(1) is None
    with pytest.raises(errors.RecordNotFound) as raised:
        pets.get(1)
    assert raised.value.__notes__[0].startswith("status 404, request ")


def test_records_without_a_model_are_dictionaries(client):
    table = client.table("odd names")
    with pytest.raises(errors.InvalidTableName):
        table.create({"a": 1})
    table = client.table("plain")
    made = table.create(
        {"a": [1, {"b": None}], "when": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "price": Decimal("1.50")}
    )
    assert uuid.UUID(made["id"])
    assert table.get(made["id"]) == {
        "id": made["id"],
        "a": [1, {"b": None}],
        "when": "2026-01-01T00:00:00Z",
        "price": "1.50",
    }


def test_any_id_is_found_again(client):
    table = client.table("ids")
    for id in ("a b", "ü?&=#", "%2e", "..%2f", 0, -5, str(uuid.UUID(int=3))):
        assert table.get(table.create({"id": id})["id"]) == {"id": id}


def test_what_json_has_not_is_refused_and_not_changed(client):
    with pytest.raises(errors.InvalidRecord) as raised:
        client.table("odd").create({"a": [1, float("nan")]})
    assert raised.value.faults == (errors.Fault("/a/1", "JSON has no NaN and no Infinity: send null."),)
    assert client.table("odd").create({"a": "NaN"})["a"] == "NaN"


def test_a_tag_keeps_changes_apart(pets):
    pets.create(pet(1))
    found, tag = pets.tagged(1)
    assert found == pet(1)
    assert pets.patch(1, {"name": "Max"}, if_match=tag) == pet(1, "Max")
    for refused in (
        lambda: pets.put(1, pet(1), if_match=tag),
        lambda: pets.patch(1, {"name": "Rex"}, if_match=tag),
        lambda: pets.delete(1, if_match=tag),
    ):
        with pytest.raises(errors.PreconditionFailed):
            refused()


def test_many_records_go_in_in_parts(pets, monkeypatch):
    monkeypatch.setattr("ramekin.client.calls.BULK_BYTES", 1000)
    told = []
    assert pets.insert((pet(i, f"line\u2028{i}") for i in range(100)), progress=told.append) == 100
    assert told[-1] == 100
    assert len(told) > 2
    assert sorted(pets.all(), key=lambda found: found.id) == [pet(i, f"line\u2028{i}") for i in range(100)]
    with pytest.raises(errors.Conflict):
        pets.insert([pet(200), pet(5)])
    assert pets.insert([pet(5, "new"), pet(201)], on_conflict="replace") == 2
    assert pets.get(5).name == "new"
    assert pets.insert([]) == 0
    assert pets.insert(pet(202)) == pets.insert({"id": 203, "name": "Rex"}) == 1


def test_pages_are_followed(pets, monkeypatch):
    monkeypatch.setattr("ramekin.client.calls.PAGE_RECORDS", 10)
    pets.insert(pet(i, "ab"[i % 2]) for i in range(55))
    assert [found.id for found in pets.find()] == list(range(55))
    assert [found.id for found in pets.find(Field("name") == "a", sort="-id", limit=12)] == list(range(54, 30, -2))
    assert [len(page.data) for page in pets.find().pages()] == [10] * 5 + [5]
    assert [len(page.data) for page in pets.find(limit=12).pages()] == [10, 2]
    assert [page.next for page in pets.find(limit=5).pages()] == [None]
    assert pets.find(limit=0).all() == []
    assert pets.find(sort=["-name", "id"]).first().id == 1
    assert pets.find(Field("name") == "c").first() is None


def test_members_are_chosen_of_records_that_are_found(pets):
    pets.insert(pet(i, "ab"[i % 2]) for i in range(5))
    chosen = pets.where(Field("id") >= 2).select("name", "id")
    assert chosen.find(sort="-id").all() == [{"name": "ab"[i % 2], "id": i} for i in (4, 3, 2)]
    assert (chosen.first(), chosen.count()) == ({"name": "a", "id": 2}, 3)
    with pytest.raises(errors.UnknownField):
        pets.where().select("nmae").first()


@pytest.mark.parametrize("wrong", [Field("id"), {"id": {"gte": 5}}, "id>5", True])
def test_what_is_no_condition_is_refused(pets, wrong):
    for ask in (lambda: pets.count(wrong), lambda: pets.find(wrong).all(), lambda: pets.where(wrong).delete()):
        with pytest.raises(errors.InvalidParameter, match="A condition is a field compared"):
            ask()


def test_conditions_choose_count_change_and_remove(pets):
    pets.insert(pet(i, "ab"[i % 2]) for i in range(10))
    chosen = pets.where((Field("id") >= 4) & ~(Field("name") == "a"))
    assert [found.id for found in chosen] == [5, 7, 9]
    assert (chosen.count(), pets.count(), pets.count(Field("id").is_in([1, 2, 99]))) == (3, 10, 2)
    assert chosen.first(sort="-id").id == 9
    with pytest.raises(errors.TooManyAffected):
        chosen.patch({"name": "c"}, max_affected=2)
    assert chosen.patch({"name": "c"}) == Changed(matched=3, changed=3)
    assert pets.where(Field("name") == "c", Field("id") < 8).delete() == Changed(matched=2, changed=2)
    for change in (pets.where().delete, lambda: pets.where().patch({"name": "d"})):
        with pytest.raises(errors.ConditionRequired):
            change()
    assert pets.where().patch({"name": "d"}, all=True) == Changed(matched=8, changed=8)
    assert pets.where().delete(all=True) == Changed(matched=8, changed=8)


@pytest.mark.parametrize("number", [1e20, 1e300, 2.0**63, -(2.0**64)])
def test_a_number_beyond_64_bits_is_found(client, number):
    numbers = client.table("numbers")
    numbers.insert([{"id": 1, "v": number}, {"id": 2, "v": 1}])
    for found in (Field("v") == number, Field("v").is_in([number]), (Field("v") >= number) & (Field("v") <= number)):
        assert [record["id"] for record in numbers.find(found)] == [1]


def test_a_field_that_is_not_there_is_told(pets):
    pets.create(pet(1))
    with pytest.raises(errors.UnknownField, match="Did you mean 'name'"):
        pets.find(Field("nmae") == "Rex").all()


def test_pairs_have_both_types(pets, people):
    people.insert([Person(1, "Ada"), Person(2, "Grace")])
    pets.insert([pet(1, ownerId=1), pet(2, "Max", ownerId=1), pet(3, "Tom")])
    ada = Person(1, "Ada")
    pairs = people.join(pets, "id=ownerId")
    assert list(pairs) == [(ada, pet(1, ownerId=1)), (ada, pet(2, "Max", ownerId=1))]
    assert list(people.join(pets, "id=ownerId", Field("pets.name") == "Max")) == [(ada, pet(2, "Max", ownerId=1))]
    assert people.join(pets, "id=ownerId", type="left", sort="-people.id").first() == (Person(2, "Grace"), None)
    assert people.join(pets, "id=ownerId", type="right", sort="-pets.id").first() == (None, pet(3, "Tom"))
    assert list(people.join(people, "id", names=("a", "b"), limit=1)) == [(ada, ada)]


def test_groups_have_figures(pets):
    pets.insert(pet(i, "ab"[i % 2]) for i in range(9))
    groups = pets.query(Field("id") > 0, group_by="name", aggregate={"n": "count", "sum": "sum:id"})
    assert list(groups) == [{"name": "a", "n": 4, "sum": 20}, {"name": "b", "n": 4, "sum": 16}]


def test_a_batch_is_all_or_nothing(client, pets):
    batch = Batch().create("pets", pet(1)).upsert("people", 1, {"name": "Ada"}).patch("pets", 1, {"name": "Max"})
    assert [(result.status, result.id) for result in client.batch(batch)] == [(201, 1), (201, "1"), (200, 1)]
    with pytest.raises(errors.RecordNotFound) as raised:
        client.batch(Batch().replace("pets", 1, pet(1, "Tom")).delete("pets", 9))
    assert raised.value.index == 1
    assert pets.get(1).name == "Max"


def test_tables_are_defined_described_and_dropped(client, pets):
    assert pets.define({"unique": ["name"]})["unique"] == ["name"]
    pets.create(pet(1))
    with pytest.raises(errors.NotUnique):
        pets.create(pet(2))
    assert pets.describe()["records"] == 1
    assert [table["name"] for table in client.tables()] == ["pets"]
    assert pets.drop() is None
    with pytest.raises(errors.UnknownTable):
        pets.describe()


def test_whole_databases_go_in_and_out(client, tmp_path):
    assert client.load({"pets": [pet(1), {"id": 2, "name": "Tom"}], "empty": []}) == {"pets": 2, "empty": 0}
    assert list(client.dump()) == ["pets", "empty"]
    client.backup(tmp_path / "all.db")
    with sqlite3.connect(tmp_path / "all.db") as file:
        assert file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    file.close()
    with pytest.raises(FileExistsError):
        client.backup(tmp_path / "all.db")
    assert client.health()["records"] == 2


def test_what_does_not_fit_the_model_is_told(client, pets):
    client.table("pets").create({"id": 1, "name": 5})
    with pytest.raises(NotAsTyped, match=r"does not fit Pet: one fault in the record '1'\.") as raised:
        pets.get(1)
    assert raised.value.__cause__ is not None
    assert [fault.pointer for fault in raised.value.faults] == ["/name"]
    assert not isinstance(raised.value, NoAnswer), "a server has answered, and nothing is to be sent again"
    with pytest.raises(NotAsTyped, match=r"one fault, the first in the record '1'\.") as raised:
        list(pets.find())
    assert [fault.pointer for fault in raised.value.faults] == ["/data/0/name"]


class Inner(BaseModel):
    need: str
    more: int = 0


class Note(BaseModel):
    id: int
    text: str | None = None
    stars: float = 0.0
    parts: list[Inner] = []
    inner: Inner | None = None


class NoteUpdate(BaseModel):
    text: str | None = None
    stars: float | None = None
    parts: list[Inner] = []
    inner: Inner | None = None


class Money(BaseModel):
    cents: int

    @computed_field
    def euros(self) -> float:
        return self.cents / 100


def test_what_an_instance_inside_of_a_dictionary_computes_is_not_sent(client):
    table = client.table("bills")
    bill = {"id": 1, "sum": Money(cents=5), "lines": [Money(cents=2)]}
    table.create(bill)
    table.patch(1, {"more": Money(cents=3)})
    client.batch(Batch().upsert("bills", 2, bill | {"id": 2}))
    client.load({"bills": [bill | {"id": 3}]})
    stored = {"sum": {"cents": 5}, "lines": [{"cents": 2}]}
    assert list(table.all()) == [
        {"id": 1} | stored | {"more": {"cents": 3}},
        {"id": 2} | stored,
        {"id": 3} | stored,
    ]


def test_who_follows_goes_on_behind_a_change_that_does_not_fit(server):
    with Client(server.url) as client:
        pets = client.table("followed", Pet)
        pets.create(pet(9))
        following = pets.changes()
        client.table("followed").insert([pet(1), {"id": 2, "name": 5}, pet(3)])
        client.table("followed").insert([{"id": 4, "name": 5}, pet(5)])
        told, changes = [], iter(following)
        while len(told) < 5:
            try:
                told.append(next(changes).id)
            except NotAsTyped as error:
                told.append((str(error)[-18:], error.faults[0].pointer))
                changes = iter(following)
        assert told == [1, ("in the record '2'.", "/record/name"), 3, ("in the record '4'.", "/record/name"), 5]


class Nameless(BaseModel):
    name: str


class Closed(Nameless, extra="forbid"):
    pass


@pytest.mark.parametrize("type_", [Nameless, Closed])
def test_a_model_without_an_id_has_it_beside(client, type_):
    table = client.table("nameless", type_)
    assert table.create({"id": "a", "name": "x"}) == type_(name="x")
    assert table.put("b", {"id": "b", "name": "y"}, upsert=True) == type_(name="y")
    assert table.patch("b", {"id": "b", "name": "z"}) == type_(name="z")
    table.insert([{"id": "a", "name": "w"}], on_conflict="merge")
    assert list(table.all()) == [type_(name="w"), type_(name="z")]
    with pytest.raises(errors.InvalidRecord):
        table.create({"id": "c", "name": "x", "more": 1})


PARTS = {
    "patch": lambda client, table, changes: table.patch(1, changes),
    "patch by condition": lambda client, table, changes: table.where(Field("id") == 1).patch(changes),
    "merge": lambda client, table, changes: table.insert([changes], on_conflict="merge"),
    "batch": lambda client, table, changes: client.batch(Batch().patch("notes", 1, changes)),
}


@pytest.mark.parametrize("way", PARTS)
@pytest.mark.parametrize("type_", [dict, Note])
def test_changes_as_an_instance_are_the_members_that_were_set(client, way, type_):
    table = client.table("notes", type_)
    stands = {"id": 1, "text": "a", "stars": 2.5, "parts": [], "inner": {"need": "x", "more": 5}}
    table.put(1, stands, upsert=True)
    if way != "merge":
        PARTS[way](client, table, NoteUpdate(stars=9.0))
        assert client.table("notes").get(1) == stands | {"stars": 9.0}
        PARTS[way](client, table, NoteUpdate(text=None))
        assert client.table("notes").get(1) == {name: v for name, v in stands.items() if name != "text"} | {
            "stars": 9.0
        }
    table.put(1, stands)
    inside = {"inner": Inner(need="y"), "parts": [Inner(need="p")]}
    PARTS[way](client, table, Note(id=1, **inside) if way == "merge" else NoteUpdate(**inside))
    after = {"inner": {"need": "y", "more": 5}, "parts": [{"need": "p", "more": 0}]}
    assert client.table("notes").get(1) == stands | after


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_server_that_is_away_gives_way_to_the_next(server, kind):
    for client in open_clients(kind, ["http://127.0.0.1:9", server.url]):
        assert client.health()["status"] == "ok"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_no_server_is_told(kind):
    for client in open_clients(kind, "http://127.0.0.1:9", attempts=2):
        with pytest.raises(NoAnswer, match=r"No answer from http://127.0.0.1:9"):
            client.table("pets").get(1)


def test_what_the_library_says_of_a_failure_ends_with_one_full_stop():
    from httpx2 import ConnectError, RemoteProtocolError

    from ramekin.client.transport import lost

    for error in (RemoteProtocolError("Server disconnected."), ConnectError("Connection refused")):
        assert re.search(r"\w\.$", lost("http://h", error).reason)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_key_is_shown(kind):
    server = Server("serve", "--api-key", "a-key-of-32-characters-or-so-1234")
    try:
        for client in open_clients(kind, server.url, key="a-key-of-32-characters-or-so-1234"):
            assert client.table("t").create({"id": 1}) == {"id": 1}
        for client in open_clients(kind, server.url):
            with pytest.raises(errors.Unauthorized):
                client.table("t").get(1)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "url", ["localhost:8000", [], "ftp://host", f"http://{'a' * 70}.example", "http://a?x=1", "http://"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="http://127"):
        next(open_clients("sync", url))


def test_every_write_may_say_how_long_its_records_live(client, people):
    def expiring():
        return [table["expiring"] for table in client.tables() if table["name"] == "people"]

    people.create({"id": 1, "name": "Ada"}, ttl=600)
    people.insert([{"id": 2, "name": "Grace"}, {"id": 3, "name": "Kay"}], ttl=600)
    client.batch(Batch().create("people", {"id": 4, "name": "Alan"}, ttl=600))
    assert expiring() == [4]
    people.put(1, {"name": "Ada"}, ttl="none")
    people.patch(2, {"name": "Grace H."}, ttl="none")
    client.batch(Batch().patch("people", 3, {"name": "K"}, ttl="none").upsert("people", 4, {"name": "A"}))
    assert expiring() == [0]


@pytest.mark.parametrize("id", [".", ".."])
def test_an_id_that_paths_take_for_a_way_leads_nowhere(client, people, id):
    people.create({"id": 1, "name": "Ada"})
    for ask in (people.get, people.tagged, people.delete, lambda it: people.put(it, {"name": "x"}), lambda it: people.patch(it, {"name": "x"})):  # fmt: skip
        with pytest.raises(errors.NotFound):
            ask(id)
    with pytest.raises(errors.InvalidId):
        people.put(id, {"name": "x"}, upsert=True)
    with pytest.raises(errors.NotFound):
        client.table(id).describe()
    assert list(people.all()) == [Person(1, "Ada")]


@pytest.mark.parametrize("id", [None, True, 1.5, b"1", [1], {"id": 1}])
def test_what_can_be_no_id_is_not_sent(client, people, id):
    for ask in (people.get, people.delete, lambda it: people.put(it, {"name": "x"}, upsert=True)):
        with pytest.raises(errors.InvalidId, match=type(id).__name__):
            ask(id)
    with pytest.raises(errors.InvalidId):
        Batch().delete("people", [1])
    with pytest.raises(errors.InvalidId):
        people.get("\ud800")


def test_an_empty_tag_is_no_tag(people):
    people.create({"id": 1, "name": "Ada"})
    for ask in (lambda: people.patch(1, {"name": "x"}, if_match=""), lambda: people.delete(1, if_match="")):
        with pytest.raises(errors.InvalidHeader):
            ask()
    for tag in ("x\r\nX-Evil: 1", "\u20ac", "\x00"):
        with pytest.raises(errors.InvalidHeader):
            people.delete(1, if_match=tag)
    assert people.get(1) == Person(1, "Ada")


class Priced(BaseModel):
    id: int
    net: float

    @computed_field
    def gross(self) -> float:
        return self.net * 1.2


class Strict(Priced, extra="forbid"):
    pass


def test_what_a_model_computes_is_not_sent(client):
    table = client.table("priced", Strict)
    table.define({"schema": {"type": "object", "properties": {"id": {}, "net": {}}, "additionalProperties": False}})
    one = [Strict(id=number, net=10) for number in range(7)]
    assert table.create(one[0]) == one[0]
    assert table.put(0, one[0]) == one[0]
    assert table.insert([one[1], one[2]]) == 2
    assert [result.status for result in client.batch(Batch().create("priced", one[3]).upsert("priced", 4, one[4]))] == [201, 201]  # fmt: skip
    client.load({"priced": [one[5], one[6]]})
    assert list(table.all()) == one


def test_a_number_that_json_has_not_is_refused_in_a_model_too(client):
    for table in (client.table("priced"), client.table("priced", Priced)):
        with pytest.raises(errors.InvalidRecord) as raised:
            table.create(Priced(id=1, net=math.nan))
        assert raised.value.faults[0].pointer == "/net"


def test_every_way_to_a_typed_table_tells_what_does_not_fit(client, pets):
    position = client.changes().position
    client.table("pets").create({"id": 1, "name": [1]})
    for read in (lambda: pets.get(1), lambda: list(pets.all()), lambda: list(pets.find()), lambda: next(iter(pets.changes(since=position)))):  # fmt: skip
        with pytest.raises(NotAsTyped, match="Pet"):
            read()


def test_another_table_is_given_as_a_table(pets):
    with pytest.raises(TypeError, match=r"client\.table"):
        list(pets.join("people", "owner"))


def test_a_wrong_record_is_told_by_its_place_among_all(people, monkeypatch):
    monkeypatch.setattr("ramekin.client.calls.BULK_BYTES", 100)
    people.create({"id": 17, "name": "Ada"})
    with pytest.raises(errors.RecordExists) as raised:
        people.insert({"id": id, "name": "x" * 20} for id in range(30))
    assert raised.value.index == 17
    assert [fault.pointer.split("/")[1] for fault in raised.value.faults] in ([], ["17"])
    stored = people.count() - 1
    assert 0 < stored < 17
    assert any(note.startswith(f"{stored} records before") for note in raised.value.__notes__)


def ending(records, error):
    """Yield records, and end in an error."""
    yield from records
    raise error


@pytest.mark.parametrize(
    "wrong", [{"name": object()}, None, KeyboardInterrupt, OSError], ids=lambda wrong: type(wrong).__name__
)
def test_whatever_ends_many_records_early_has_a_note_of_how_many_are_stored(people, monkeypatch, wrong):
    monkeypatch.setattr("ramekin.client.calls.BULK_BYTES", 100)
    records = [{"id": id, "name": "x" * 20} for id in range(30)]
    is_record = wrong is None or isinstance(wrong, dict)
    with pytest.raises(errors.RamekinError if is_record else wrong) as raised:
        people.insert([*records, wrong] if is_record else ending(records, wrong))
    stored = people.count()
    assert 20 < stored < 30
    assert any(note.startswith(f"{stored} records before") for note in raised.value.__notes__)
    if is_record:
        assert raised.value.index == 30
        assert {fault.pointer.split("/")[1] for fault in raised.value.faults} <= {"30"}


def test_nothing_is_noted_where_nothing_is_stored(people):
    with pytest.raises(OSError) as raised:
        people.insert(ending([{"id": 1, "name": "Ada"}], OSError))
    assert not hasattr(raised.value, "__notes__")


def test_a_backup_is_written_to_a_path_as_text_too(client, tmp_path):
    client.backup(str(tmp_path / "all.db"))
    assert sqlite3.connect(tmp_path / "all.db").execute("pragma integrity_check").fetchone() == ("ok",)


def rows_of(client, table, number):
    """Return how many of 200 records are those that were asked for."""
    names = [f"{number}-{i % 7}" for i in range(200)]
    return sum(table.get(name).name == name for name in names)


def test_processes_that_a_fork_makes_have_connections_of_their_own(client, people):
    people.insert(Person(f"{number}-{i}", f"{number}-{i}") for number in range(4) for i in range(7))
    people.get("0-0")  # so there is a connection
    children = []
    for number in (1, 2, 3):
        child = os.fork()
        if not child:
            with suppress(BaseException):
                os._exit(0 if rows_of(client, people, number) == 200 else 1)
            os._exit(2)
        children.append(child)
    assert rows_of(client, people, 0) == 200
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]


def test_a_client_goes_on_in_the_next_event_loop(server):
    client = AsyncClient(server.url)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # nobody can close what an ended loop had
        assert [asyncio.run(client.table("loops").insert({"id": id})) for id in range(3)] == [1, 1, 1]
        del client
        gc.collect()


def test_a_client_that_was_closed_is_closed_in_the_next_event_loop_too(server):
    client = AsyncClient(server.url)

    async def use():
        async with client:
            return await client.health()

    assert asyncio.run(use())["status"] == "ok"
    for call in (use, client.health):
        with pytest.raises(ClientClosed):
            asyncio.run(call())


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_server_with_short_pages_is_read_page_by_page(kind):
    server = Server("serve", "--max-page-rows", "50")
    for client in open_clients(kind, server.url):
        people, other = client.table("people"), client.table("other")
        people.insert({"id": id, "n": id % 60} for id in range(120))
        other.insert({"id": id, "people_id": id} for id in range(120))
        assert [each["id"] for each in people.find()] == [*range(120)]
        assert [each["id"] for each in people.find(limit=80)] == [*range(80)]
        assert len(people.query(group_by="n", aggregate={"count": "count"}).all()) == 60
        assert len(people.join(other, "id=people_id").all()) == 120
        assert people.count() == 120
    assert server.stop() == 0
