"""Ramekin: an in-memory database served over REST.

From Python, `Database` is the database itself, without HTTP: ``docs/python.md`` shows it. These names are all that a
program needs; `create_app`, which serves one, is in ``ramekin.api.app``, since nothing here loads a web framework.
Names are imported when they are first used, so that ``ramekin --version`` need not wait for a database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ramekin import errors
    from ramekin.clock import now
    from ramekin.database.database import Database
    from ramekin.database.operations import Operation, Outcome
    from ramekin.database.precondition import Precondition
    from ramekin.errors import RamekinError
    from ramekin.limits import Limits
    from ramekin.query.expressions import Field
    from ramekin.schema.definition import Definition
    from ramekin.schema.model_tables import tables_in
    from ramekin.values.ids import IdSource, uuid7
    from ramekin.version import __version__

__all__ = [
    "Database",
    "Definition",
    "Field",
    "IdSource",
    "Limits",
    "Operation",
    "Outcome",
    "Precondition",
    "RamekinError",
    "__version__",
    "errors",
    "now",
    "tables_in",
    "uuid7",
]

_HOMES = {
    "Precondition": "database.precondition",
    "Database": "database.database",
    "Definition": "schema.definition",
    "Field": "query.expressions",
    "IdSource": "values.ids",
    "Limits": "limits",
    "Operation": "database.operations",
    "Outcome": "database.operations",
    "RamekinError": "errors",
    "__version__": "version",
    "now": "clock",
    "tables_in": "schema.model_tables",
    "uuid7": "values.ids",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("ramekin.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'ramekin' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"ramekin.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
