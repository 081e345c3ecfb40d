"""Nodes that tests share: each takes a name of its own for what it stores, so one server does for all."""

import pytest

from tests.cluster.nodes import running


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def node():
    """A node alone."""
    with running() as [node]:
        yield node
