"""Which classes of a module become tables, and what the tables are called.

Knows nothing of records; see ``models.py`` for what a model means for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, RootModel

from ramekin.fitness import complete
from ramekin.values import MISSING

if TYPE_CHECKING:
    from types import ModuleType


def tables_in(module: ModuleType) -> dict[str, type[BaseModel]]:
    """Return the tables that a module's models describe, by name.

    Every Pydantic model in the module that is no part of another becomes a table: ``User`` -> ``users``,
    ``OrderItem`` -> ``order_items``, ``Category`` -> ``categories``. A class attribute ``__table__`` names the table
    otherwise; ``__table__ = None`` leaves the model out.

    Raises:
        ValueError: two models share a table's name.
    """
    models = list(dict.fromkeys(value for value in vars(module).values() if _is_model(value)))
    for model in models:
        complete(model)
    parts = {part for model in models for part in _parts(model.__pydantic_core_schema__) if part is not model}
    tables: dict[str, type[BaseModel]] = {}
    for model in models:
        name = model.__dict__.get("__table__", MISSING)
        if name is None or (name is MISSING and model in parts):
            continue
        table = table_name(model.__name__) if name is MISSING else str(name)
        if table in tables:
            raise ValueError(f"{tables[table].__name__} and {model.__name__} both name the table '{table}'")
        tables[table] = model
    return tables


def _is_model(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, BaseModel)
        and not issubclass(value, RootModel)  # not an object with members
        and not value.__module__.startswith("pydantic")
        and bool(value.model_fields)
    )


def _parts(schema: Any) -> set[type]:
    """Return the classes of all models in a core schema, its own included."""
    if isinstance(schema, dict):
        found = set().union(*(_parts(part) for part in schema.values()))
        return found | {schema["cls"]} if schema.get("type") == "model" else found
    if isinstance(schema, (list, tuple)):
        return set().union(*(_parts(part) for part in schema))
    return set()


def table_name(model_name: str) -> str:
    """Return the plural in snake case: ``OrderItem`` -> ``order_items``, ``Category`` -> ``categories``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model_name).lower()
    if re.search(r"[^aeiou]y$", snake):
        return snake[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", snake):
        return snake + "es"
    return snake + "s"
