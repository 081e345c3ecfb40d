"""The engine on a cluster keeps the contract of all engines: the suite that is shipped, on a node alone and on six."""

import secrets

import pytest

from ramekin.engine.replicated import Replicated
from ramekin.testing.engines import EngineSuite
from tests.cluster.nodes import running
from tests.cluster.processes import servers_of


@pytest.fixture(scope="module", params=["one node", pytest.param("a cluster of six", marks=pytest.mark.long)])
def servers(request):
    size = (1, 0) if request.param == "one node" else (3, 1)
    with running(*size) as nodes:
        yield servers_of(nodes)


class TestReplicated(EngineSuite):
    @pytest.fixture
    def make(self, servers):
        name = secrets.token_hex(8)
        return lambda: Replicated(servers, name)
