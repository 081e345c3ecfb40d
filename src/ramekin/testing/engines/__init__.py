"""The suite that every engine passes: whoever writes one says how it is made, and has all tests of the contract.

    from ramekin.testing.engines import EngineSuite

    class TestMine(EngineSuite):
        @pytest.fixture
        def make(self, tmp_path):
            return lambda: MyEngine(tmp_path / "data")

`make` is called again for the engine that comes after one that was closed: it finds what was kept. Nothing is skipped:
what differs between engines stands in their `Guarantees`, and each test says what it means for it. See
``engine/base.py`` for the promises; the files of this folder for the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

for _part in ("happening", "reading", "building", "living", "leaving"):
    pytest.register_assert_rewrite(f"{__name__}.{_part}")  # before their import: failures tell values

# ruff: noqa: E402
from ramekin.testing.engines.building import Building
from ramekin.testing.engines.happening import Happening
from ramekin.testing.engines.leaving import Leaving
from ramekin.testing.engines.living import Living
from ramekin.testing.engines.reading import Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ramekin.engine.base import Engine

__all__ = ["EngineSuite"]


@pytest.mark.anyio
class EngineSuite(Living, Happening, Reading, Building, Leaving):
    """All that an engine promises. A class of tests that inherits it has the fixture `make`."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Say which event loop the tests run in."""
        return "asyncio"

    @pytest.fixture
    async def engine(self, make: Callable[[], Engine]) -> AsyncIterator[Engine]:
        """Give an engine that is open and empty."""
        engine = make()
        await engine.open()
        yield engine
        await engine.close()
