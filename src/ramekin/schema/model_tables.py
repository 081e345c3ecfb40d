"""Which classes of a module become tables, and what the tables are called.

Knows nothing of records; see ``models.py`` for what a model means for them, and ``cli/modules.py`` for how modules are
named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import BaseModel, RootModel

from ramekin.errors import InvalidTableName
from ramekin.schema.definition import check_table_name
from ramekin.schema.fitness import UnfitModel, complete, parts_of
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

Named = tuple[str, type[BaseModel]]
"""A class and the name under which a module knows it."""


def tables_in(*modules: ModuleType) -> dict[str, type[BaseModel]]:
    """Return the tables that the models defined in modules describe, by name. Raises ValueError as `tables_of`."""
    return tables_of([found for module in modules for found in models_in(module)])


def tables_of(defined: Iterable[Named], named: Iterable[Named] = ()) -> dict[str, type[BaseModel]]:
    """Return the tables that models describe, by name.

    Of those defined, each that is no part and no base of another and no open generic becomes a table: ``User`` ->
    ``users``, ``OrderItem`` -> ``order_items``. A class attribute ``__table__`` names the table otherwise, and None
    leaves the model out. Those that are named for themselves always become tables.

    Raises:
        ValueError: two models share a table's name, a name cannot be, or (UnfitModel) a model cannot.
    """
    chosen = {model: name for name, model in named}
    models = {model: name for name, model in defined}
    inner = _parts(models) | {base for model in models for base in model.__mro__[1:]}
    for model, name in models.items():
        own = model.__dict__.get("__table__", MISSING)
        is_left_out = own is None or (own is MISSING and (model in inner or not _is_record(model)))
        if not is_left_out:
            chosen.setdefault(model, name)
    tables: dict[str, type[BaseModel]] = {}
    for model, name in chosen.items():
        table = _table_of(model, name)
        if table in tables:
            first, second = (f"{each.__module__}.{each.__name__}" for each in (tables[table], model))
            raise ValueError(f"{first} and {second} both name the table '{table}'; give one of them a __table__")
        tables[table] = model
    return tables


def models_in(module: ModuleType) -> list[Named]:
    """Return the models that a module defines, and does not only import, in the order of their definition."""
    found = {
        value: name  # of two names the last: ``Users = Page[User]`` is known as ``Page[User]`` before
        for name, value in vars(module).items()
        if is_model(value) and value.__module__ == module.__name__ and name.isidentifier()
    }
    return [(name, model) for model, name in found.items()]


def is_model(value: object) -> TypeGuard[type[BaseModel]]:
    """Say whether a value is a class of a model of the user's own."""
    return isinstance(value, type) and issubclass(value, BaseModel) and not value.__module__.startswith("pydantic.")


def _is_record(model: type[BaseModel]) -> bool:
    """Say whether a model is an object with members, all of whose types are known."""
    is_open = bool(model.__pydantic_generic_metadata__["parameters"])
    has_members = bool(model.model_fields) or model.model_config.get("extra") == "allow"
    return has_members and not is_open and not issubclass(model, RootModel)


def _parts(models: Iterable[type[BaseModel]]) -> set[type]:
    """Return the classes that stand inside others. Raises UnfitModel where one names what is not defined."""
    found: set[type] = set()
    for model in models:
        try:
            complete(model)
        except UnfitModel:
            if model.__dict__.get("__table__", MISSING) is None:
                continue
            raise
        schema: Any = model.__pydantic_core_schema__
        found |= {node["cls"] for node, _ in parts_of(schema) if node["type"] == "model"} - {model}
    return found


def _table_of(model: type[BaseModel], name: str) -> str:
    own = model.__dict__.get("__table__")
    is_alias = bool(model.__pydantic_generic_metadata__["args"])  # a class of this kind is called ``Page[User]``
    table = table_name(name if is_alias else model.__name__) if own is None else own
    try:
        check_table_name(table if isinstance(table, str) else "")
    except InvalidTableName:
        raise ValueError(
            f'{model.__name__} would be the table {table!r}, which is not a table\'s name; give it __table__ = "..."'
        ) from None
    return str(table)


def table_name(model_name: str) -> str:
    """Return the plural in snake case: ``OrderItem`` -> ``order_items``, ``Category`` -> ``categories``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model_name).lower()
    if re.search(r"[^aeiou]y$", snake):
        return snake[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", snake):
        return snake + "es"
    return snake + "s"
