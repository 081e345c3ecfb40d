"""Servers and nodes are killed while clients speak HTTP: the small size of what `make torture` does a hundred times."""

import pytest

from tests.cluster import served
from tests.cluster.nodes import running
from tests.cluster.recorder import IN_TIME_S
from tests.cluster.served import kill_one, play

pytestmark = pytest.mark.anyio


@pytest.mark.long
async def test_servers_that_are_killed_lose_nothing_that_they_answered():
    with running(replicas=1) as nodes, served.serving(nodes, 2) as (servers, _):
        for number, server in enumerate(servers):
            told = await play(servers, nodes, "killed", number, lambda server=server: kill_one(server))
            assert told.longest_s < IN_TIME_S
