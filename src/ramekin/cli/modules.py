"""Modules of models as the command line names them: ``shop.models``, or ``shop.models:User,Order`` for some of them.

What cannot be imported is one line that says what it is: a file's name, a module that is not there, another that it
imports and is not there, or code that fails, with file and line. Knows no settings; see ``model_tables.py`` for which
models become tables.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from ramekin.errors import did_you_mean
from ramekin.errors.stacks import in_one_line
from ramekin.schema.model_tables import is_model, models_in, tables_of

if TYPE_CHECKING:
    from types import ModuleType

    from pydantic import BaseModel


class NoModels(Exception):
    """Modules that name no models; the text says why, in one line."""


def read_models(modules: str | None) -> dict[str, type[BaseModel]]:
    """Return the tables that modules of models describe; none without a module.

    Args:
        modules: with spaces between, each with or without names.

    Raises:
        NoModels: there is no such module or model, it fails, or two models name one table.
    """
    if modules is None:
        return {}
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules in the folder where the command is run
    defined: list[tuple[str, type[BaseModel]]] = []
    named: list[tuple[str, type[BaseModel]]] = []
    for module_name, names in _parse(modules):
        module = _import(module_name)
        if names:
            named += [(name, _model(module, name)) for name in names]
        elif found := models_in(module):
            defined += found
        else:
            raise NoModels(f"the module '{module_name}' defines no Pydantic model{_imported(module)}")
    try:
        tables = tables_of(defined, named)
    except ValueError as error:
        raise NoModels(f"{error}") from None
    if not tables:
        raise NoModels(f"every model in {modules} is a part or a base of another; name some: module:User,Order")
    return tables


def _parse(modules: str) -> list[tuple[str, list[str]]]:
    """Return each module that is named, and the models that are named in it."""
    found: list[tuple[str, list[str]]] = []
    for word in modules.split():
        module, colon, listed = word.partition(":")
        if re.search(r"[/\\]|\.py$", module):
            dotted = re.sub(r"[/\\]+", ".", re.sub(r"\.py$", "", module)).strip(".")
            raise NoModels(f"'{module}' is a file; name the module as Python imports it: {dotted}")
        names = listed.split(",")
        if colon and not all(name.isidentifier() for name in names):
            raise NoModels(
                f"'{word}' names no models; write {module}:User,Order, and further modules apart: "
                f"--models {module}:User --models other.models"
            )
        if not all(each and not each.startswith(".") for each in module.split(",")):
            raise NoModels(f"'{word}' is not a module's name; write it as Python imports it, such as shop.models")
        found += [(module, names)] if colon else [(name, []) for name in module.split(",")]
    return found


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise NoModels(
                f"'{name}' imports '{missing}'{_place(error)}, which is neither in this folder nor installed"
            ) from None
        within = missing.rpartition(".")[0]
        where = f"in '{within}'" if within else "in this folder or among the installed packages"
        raise NoModels(f"there is no module '{missing}' {where}; write it as Python imports it") from None
    except (Exception, SystemExit) as error:
        raise NoModels(f"importing '{name}' failed{_place(error)}: {in_one_line(error)}") from None


def _place(error: BaseException) -> str:
    """Return where in the user's own files an import failed, with a space before it."""
    if isinstance(error, SyntaxError):
        return f" at line {error.lineno}"
    frames = [
        f for f in extract_tb(error.__traceback__) if not re.search(r"site-packages|<frozen|importlib", f.filename)
    ]
    ours = [frame for frame in frames if frame.filename != __file__]
    return f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""


def _model(module: ModuleType, name: str) -> type[BaseModel]:
    known = [known for known, value in vars(module).items() if is_model(value)]
    if name not in known:
        what = (
            f"'{name}' in '{module.__name__}' is not a Pydantic model"
            if hasattr(module, name)
            else (f"'{module.__name__}' has no model '{name}'")
        )
        raise NoModels(f"{what}. {did_you_mean(name, known)}".rstrip())
    return vars(module)[name]  # type: ignore[no-any-return]  # known to be a model


def _imported(module: ModuleType) -> str:
    """Return a hint, with a sign before it, that names the models which a module only imports."""
    names = [name for name, value in vars(module).items() if is_model(value) and name.isidentifier()]
    return f"; name those that it imports: {module.__name__}:{','.join(names[:5])}" if names else ""
