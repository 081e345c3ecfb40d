"""Reading settings for the command line, strictly: what is unknown or unreadable is one line that says so."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ramekin.errors import did_you_mean
from ramekin.models import tables_in
from ramekin.settings import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel

PREFIX = "RAMEKIN_"


class Refused(Exception):
    """The command cannot be carried out; the text is one line for the terminal."""


def read_settings(given: dict[str, Any]) -> Settings:
    """Return the settings: flags first, then the environment, then the defaults.

    Raises:
        Refused: a variable ``RAMEKIN_*`` is unknown, or a value cannot be read.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            raise Refused(f"the environment variable {name} is no setting.{did_you_mean(name, known)}")
    if "api_key" not in given and (text := os.environ.get(f"{PREFIX}API_KEY")):
        given = given | {"api_key": tuple(key.strip() for key in text.split(",") if key.strip())}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refused(
            f"the setting {'.'.join(map(str, first['loc']))} cannot be read: {first['msg'].lower()}"
        ) from None


def read_models(module_name: str | None) -> dict[str, type[BaseModel]]:
    """Return the tables that a module of models describes; none without a module.

    Raises:
        Refused: there is no such module, it fails, or two models name one table.
    """
    if module_name is None:
        return {}
    if "" not in sys.path:
        sys.path.insert(0, "")  # modules in the folder where the command is run
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise Refused(f"--models: there is no module '{error.name}' here") from None
    except Exception as error:
        raise Refused(f"--models: importing '{module_name}' failed: {type(error).__name__}: {error}") from None
    try:
        tables = tables_in(module)
    except ValueError as error:
        raise Refused(f"--models: {error}") from None
    if not tables:
        raise Refused(f"--models: the module '{module_name}' has no Pydantic model")
    return tables
