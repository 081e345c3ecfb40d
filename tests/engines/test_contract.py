"""Every engine of this process keeps the contract: the suite that is shipped, run for each. It finds one that lies."""

from __future__ import annotations

import pytest

from ramekin.engine.base import Guarantees
from ramekin.engine.embedded import Embedded
from ramekin.testing.engines import EngineSuite
from tests.engines.conftest import ENGINES


class TestEveryEngine(EngineSuite):
    @pytest.fixture(params=ENGINES)
    def make(self, request, tmp_path):
        return lambda: ENGINES[request.param](tmp_path)


class Lies(Embedded):
    """Says that it keeps what happens, and does not store what it says it will."""

    guarantees = Guarantees("lies", is_durable=True)

    def store_at_once(self, change): ...


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("promise", "given"),
    [
        (EngineSuite().test_what_happened_outlives_the_engine_if_it_says_so, Lies),
        (EngineSuite().test_what_is_written_at_once_is_there_or_nothing_was_done, Lies()),
    ],
)
async def test_an_engine_that_breaks_a_promise_is_found(promise, given):
    with pytest.raises(AssertionError):
        await promise(given)
