"""Every engine of this process keeps the contract: the suite that is shipped, run for each."""

from __future__ import annotations

import pytest

from ramekin.testing.engines import EngineSuite
from tests.engines.conftest import ENGINES


class TestEveryEngine(EngineSuite):
    @pytest.fixture(params=ENGINES)
    def make(self, request, tmp_path):
        return lambda: ENGINES[request.param](tmp_path)
