"""Ramekin: an in-memory database served over REST.

From Python, `Database` is the database itself, without HTTP. Loads no web framework; that is ``ramekin.api``. Names are
imported when they are first used, so that ``ramekin --version`` and ``ramekin health`` need not wait for a database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ramekin.database.database import Database
    from ramekin.errors import RamekinError
    from ramekin.limits import Limits
    from ramekin.version import __version__

__all__ = ["Database", "Limits", "RamekinError", "__version__"]

_HOMES = {"Database": "database.database", "Limits": "limits", "RamekinError": "errors", "__version__": "version"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ramekin' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"ramekin.{_HOMES[name]}"), name)
    return value
