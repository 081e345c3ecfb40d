"""The options of commands that start a server, made of its settings: each is said once, in ``settings.py``.

Knows no commands; see ``main.py``.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ramekin.limits import MIB
from ramekin.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from dataclasses import Field

    Command = Callable[..., None]


def with_options(names: Iterable[str] = SETTINGS, own: Mapping[str, Any] | None = None) -> Callable[[Command], Command]:
    """Return what gives a command, as ``**given``, an option for each of some settings; None where one is left out.

    The command's own arguments and options stand before them; `own` are the defaults that it has in place of others.
    """
    defaults = {name: setting.default for name, setting in SETTINGS.items()} | dict(own or {})

    def dress(command: Command) -> Command:
        hints = get_type_hints(command, include_extras=True)
        own = [_parameter(name, hint) for name, hint in hints.items() if name not in ("given", "return")]
        command.__signature__ = Signature([*own, *(_option(SETTINGS[name], defaults[name]) for name in names)])  # type: ignore[attr-defined]  # as inspect reads it
        return command

    return dress


def _option(setting: Field[Any], default: Any) -> Parameter:
    flag = f"--{setting.name.replace('_', '-')}"
    told = f"{setting.metadata['told']}{'' if default in (None, ()) else f'  [default: {_shown(default)}]'}"
    cls: Any = str
    if setting.type is bool:
        cls, flag = bool, f"{flag}/--no-{setting.name.replace('_', '-')}"
    elif setting.type == Path | None:
        cls = Path
    elif setting.type == tuple[str, ...] or setting.name == "models":
        cls, told = list[str], f"{told.removesuffix('.')}; can be repeated."
    metavar = "N" if setting.type in (int, int | None) else None
    option = typer.Option(flag, help=told, metavar=metavar, show_default=False)
    return _parameter(setting.name, Annotated[cls | None, option])


def _parameter(name: str, annotation: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _shown(default: object) -> str:
    if isinstance(default, list):
        return " ".join(default)
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, int) and default >= MIB:
        return f"{default // MIB} MiB" if default < 1024 * MIB else f"{default // (1024 * MIB)} GiB"
    return str(default)
