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


ENGINES = {
    "embedded": lambda _: Embedded(),
    "durable": durable,
    "durable, always synced": lambda folder: durable(folder, "always"),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=ENGINES)
async def engine(request, tmp_path):
    engine = ENGINES[request.param](tmp_path)
    await engine.open()
    yield engine
    await engine.close()
