"""The engines that pass the contract suite; a new one is a new line here."""

from __future__ import annotations

import pytest

from ramekin.durability.store import Store
from ramekin.engine.embedded import Embedded
from ramekin.engine.journaled import Journaled


def durable(folder, fsync="everysec"):
    """Return an engine with a journal in a folder."""
    store = Store(folder / "data", fsync)
    store.lock()
    return Journaled(store)


SYNCED = "durable, always synced"
"""The one that has the contract in `make test`; all other tests of engines in `make test-all`."""

ENGINES = {
    "embedded": lambda _: Embedded(),
    "durable": durable,
    SYNCED: lambda folder: durable(folder, "always"),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=[*[name for name in ENGINES if name != SYNCED], pytest.param(SYNCED, marks=pytest.mark.long)])
async def engine(request, tmp_path):
    engine = ENGINES[request.param](tmp_path)
    await engine.open()
    yield engine
    await engine.close()
