"""Whoever follows a request through the code reads downwards: calls that go up the rooms are few, and named here.

The map says which files one meets on the way, in their order.
"""

import asyncio
import gc
import inspect
import json
import re
import sys
import threading
import tomllib
from contextlib import closing

import pytest

from ramekin import Database
from tests.house.test_house import ROOT
from tests.pipe import Service
from tests.wire import request

LAYERS = {
    contract["containers"][0]: [layer.split(" | ") for layer in contract["layers"]]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
}
WALKS = {
    name: re.findall(r"`([\w/]+)\.py`", files)
    for name, files in re.findall(r"^- \*\*([^*]+)\*\*: (.*)", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
}
WAITING = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
"""What may wait is carried on by others than whoever has called it."""

ENDPOINT, VIEW, COMMITTED = ("declared", "endpoints"), ("query", "engine"), ("durability", "engine")
"""Whoever calls up knows a contract alone: of an endpoint, of a view, of what stores a step that is committed."""


def is_above(one, other):
    """Say whether a module stands in a room above that of another one."""
    for room, layers in LAYERS.items():
        names = [each.removeprefix(f"{room}.").split(".")[0] for each in (one, other) if each.startswith(f"{room}.")]
        places = [next((i for i, layer in enumerate(layers) if name in layer), None) for name in names]
        if len(places) == 2 and None not in places and places[0] != places[1]:
            return places[0] < places[1]
    return False


def is_caller(module):
    """Say whether a module is one of ours, and not that which only looks at the arguments of others."""
    return module.startswith("ramekin.") and module != "ramekin.database.arguments"


def room(module):
    """Return what a room is called in short."""
    _, outer, *inner = module.split(".")
    return inner[0] if outer == "api" and inner else outer


def walked(work):
    """Return which rooms are called from below while something is done, and the files that are met, in their order."""
    found, met = set(), {}

    def look(frame, event, _):
        callee, caller = frame.f_globals.get("__name__", ""), frame.f_back
        if event != "call" or not callee.startswith("ramekin."):
            return
        met[callee.removeprefix("ramekin.").replace(".", "/")] = None
        if frame.f_code.co_flags & WAITING:
            return
        while caller is not None and not is_caller(caller.f_globals.get("__name__", "")):
            caller = caller.f_back
        if caller is not None and is_above(callee, caller.f_globals["__name__"]):
            found.add((room(caller.f_globals["__name__"]), room(callee)))

    gc.disable()  # which calls ours from wherever somebody is
    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        gc.enable()
    return found, list(met)


def in_order(some, every):
    """Return those of some that stand in another list behind the ones before them."""
    rest = iter(every)
    return [one for one in some if one in rest]


@pytest.fixture(scope="module")
def ask():
    """Send requests over a connection whose tables have some records; each is answered as it should be."""
    with closing(Service("below ASGI")) as service:
        pipe = service.connect()

        def send(method, path, record=None):
            pipe.send([request(method, path, None if record is None else json.dumps(record).encode())])
            assert pipe.answers()[-1] in ("200", "201")

        for i in range(3):
            send("POST", "/api/v1/data/guests", {"id": i, "age": i})
            send("POST", "/api/v1/data/visits", {"id": i, "guest_id": i})
        yield send


REQUESTS = {
    "A create": (("POST", "/api/v1/data/guests", {"age": 9}), {ENDPOINT}),
    "A list": (("GET", "/api/v1/data/guests?age:gte=1"), {ENDPOINT, VIEW}),
    "A join": (("GET", "/api/v1/join/guests/visits/id=guest_id?guests.age:gte=1"), {VIEW}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_read_downwards(ask, name):
    words, expected = REQUESTS[name]
    up, met = walked(lambda: ask(*words))
    assert up == expected
    assert in_order(WALKS[name], met) == WALKS[name]


@pytest.mark.parametrize(("fsync", "expected"), [("everysec", set()), ("always", {COMMITTED})])
def test_a_change_is_read_downwards_to_the_disk(tmp_path, fsync, expected):
    with asyncio.Runner() as runner:
        database = Database(directory=tmp_path / "data", fsync=fsync)
        runner.run(database.__aenter__())
        runner.run(database.insert("t", {"id": 1}))
        up, met = walked(lambda: runner.run(database.replace("t", 1, {"n": 1})))
        runner.run(database.__aexit__())
    assert up == expected
    files = WALKS["A change through the journal"]
    assert fsync != "always" or in_order(files, met) == files
