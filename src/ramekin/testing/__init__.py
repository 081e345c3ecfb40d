"""What tests may use: of programs that use Ramekin, and of engines. Nothing else here imports it.

`Server` is a server in a thread, of which each test takes a branch; ``plugin.py`` gives it to pytest as fixtures.
`SetClock` is a clock that a test sets. ``engines/`` is the suite that every engine passes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ramekin.storage.collector import at_rest

if TYPE_CHECKING:
    from ramekin.testing.clock import SetClock
    from ramekin.testing.diff import Diff
    from ramekin.testing.server import Branch, Server, Unready

__all__ = ["Branch", "Diff", "Server", "SetClock", "Unready"]

_HOMES = {"Branch": "server", "Diff": "diff", "Server": "server", "SetClock": "clock", "Unready": "server"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ramekin.testing' has no attribute '{name}'")
    with at_rest():
        value = globals()[name] = getattr(import_module(f"ramekin.testing.{_HOMES[name]}"), name)
    return value
