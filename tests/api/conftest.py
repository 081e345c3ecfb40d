"""What tests of connections share: time that is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ramekin.api.wire import channel, connection, deadlines

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipe import Pipe


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pipe, float], None]:
    """Let time go by for connections, which stands still meanwhile, and have one looked at as the sweep does."""
    now_s = deadlines.stopwatch_s()
    for module in (channel, connection, deadlines):
        monkeypatch.setattr(module, "stopwatch_s", lambda: now_s)

    def pass_time(pipe: Pipe, seconds: float) -> None:
        nonlocal now_s
        now_s += seconds
        if pipe._protocol.due_s <= now_s:
            pipe._protocol.expire(now_s)

    return pass_time
