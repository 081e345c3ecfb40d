"""Both clients: what cannot be is refused where it is given, in words that say what can."""

import httpx2
import pytest

from ramekin import errors
from ramekin.client import AsyncClient, Batch, Client
from tests.client.twins import open_clients

NOWHERE = "http://127.0.0.1:9"
HALF = "\ud800"


@pytest.fixture(params=["sync", "async"])
def client(request):
    yield from open_clients(request.param, NOWHERE, attempts=1)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("url", None, TypeError),
        ("url", [None], TypeError),
        ("url", b"http://127.0.0.1", TypeError),
        ("url", f"{NOWHERE}?x=1", ValueError),
        ("url", [NOWHERE, f"{NOWHERE}#x"], ValueError),
        ("attempts", 0, ValueError),
        ("attempts", "3", TypeError),
        ("attempts", True, TypeError),
        ("timeout_s", 0, ValueError),
        ("timeout_s", -1, ValueError),
        ("timeout_s", float("nan"), ValueError),
        ("timeout_s", float("inf"), ValueError),
        ("timeout_s", None, TypeError),
        ("key", "\u00fc", ValueError),
        ("key", "a\nb", ValueError),
        ("key", "", ValueError),
        ("key", 5, TypeError),
        ("http", 5, TypeError),
    ],
)
def test_a_client_is_made_with_what_can_be(kind, name, value, refusal):
    told = "address of a server|http://127" if name == "url" else f"^'{name}' is "
    with pytest.raises(refusal, match=told):
        kind(**{"url": NOWHERE, name: value})


def test_a_client_is_not_given_what_sends_for_its_twin():
    with httpx2.Client() as http, pytest.raises(TypeError, match=r"httpx2\.AsyncClient"):
        AsyncClient(NOWHERE, http=http)


@pytest.mark.parametrize(
    ("told", "ask"),
    [
        ("Operations are a Batch", lambda client, _: client.batch([{"op": "create"}])),
        ("Tables are a dictionary", lambda client, _: client.load([{"id": 1}])),
        ("Records are what can be gone through", lambda client, _: client.load({"t": "abc"})),
        ("Records are what can be gone through", lambda _, table: table.insert(None)),
        ("Records are what can be gone through", lambda _, table: table.insert("abc")),
        ("table's name is text", lambda client, _: client.table(5)),
        ("'limit' is a whole number", lambda _, table: table.find(limit="5").all()),
        ("'sort' is text", lambda _, table: table.find(sort=5).all()),
        ("'sort' is text", lambda _, table: table.find(sort=[5]).all()),
        ("'group_by' is text", lambda _, table: table.query(group_by=5).all()),
        ("'names' are two", lambda _, table: table.join(table, "a", names=("b",)).all()),
    ],
)
def test_an_argument_of_another_kind_is_told_by_its_name(client, told, ask):
    with pytest.raises(errors.InvalidParameter, match=told):
        ask(client, client.table("t"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, _: client.batch(Batch().create(HALF, {})),
        lambda client, _: client.changes(HALF),
        lambda _, table: table.create({"a": HALF}),
        lambda _, table: table.create({"a": [{HALF: 1}]}),
        lambda _, table: table.create({}, ttl=HALF),
        lambda _, table: table.get(HALF),
        lambda _, table: table.find(sort=HALF).all(),
        lambda _, table: table.join(table, "a", sort=HALF).all(),
    ],
)
def test_a_text_that_utf_8_has_not_is_told_as_that(client, ask):
    with pytest.raises(errors.RamekinError) as raised:
        ask(client, client.table("t"))
    assert "surrogates" in " ".join([raised.value.message, *(fault.detail for fault in raised.value.faults)])
