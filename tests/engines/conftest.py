"""The engines that pass the contract suite; a new one is a new line here."""

from __future__ import annotations

import pytest

from ramekin.engine.embedded import EmbeddedEngine

ENGINES = {"embedded": EmbeddedEngine}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(params=ENGINES)
async def engine(request):
    engine = ENGINES[request.param]()
    await engine.open()
    yield engine
    await engine.close()
