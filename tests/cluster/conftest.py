"""Nodes that tests share: each takes a name of its own for what it stores, so one server does for all."""

import pytest

from tests.cluster.nodes import running


@pytest.fixture
def anyio_backend():
    return ("asyncio", {"use_uvloop": True})  # as servers do; the contract's suite runs on asyncio's own loop


@pytest.fixture(scope="module")
def node():
    """A node alone."""
    with running() as [node]:
        yield node
