"""Reading settings for the command line, strictly: what is unknown or unreadable is one line that says so.

A flag wins over a variable ``RAMEKIN_*``, a variable over the default. A variable that is empty or blank counts as not
set, since that is how compose and Kubernetes pass what was not given; an empty flag is refused, and so is an empty key,
which would leave the server open. Spaces around a value mean nothing.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from ramekin.access.keys import Keys, read_keys, secret_in, split_keys
from ramekin.errors import did_you_mean, shorten
from ramekin.settings import JSON_SERVER, SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from dataclasses import Field

PREFIX = "RAMEKIN_"
MIN_KEY_LENGTH = 3
MAX_DIGITS = 20

_LISTS = [name for name, field in SETTINGS.items() if get_origin(field.type) is tuple]

_SERVICE_LINK = re.compile(r"RAMEKIN\w*?_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
_LINK_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+")


URL = f"{PREFIX}URL"
"""The variable in which commands and programs are told which server to ask; a server pays no heed to it."""


class Refused(Exception):
    """The command cannot be carried out; the text is one line for the terminal."""


@contextmanager
def refusing(what: str, faults: type[Exception] | tuple[type[Exception], ...] = ValueError) -> Iterator[None]:
    """Refuse what some errors say of a setting, or a place, with its name before it. Raises Refused."""
    try:
        yield
    except faults as fault:
        raise Refused(f"{what}: {fault}") from None


def read_settings(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings: flags first, then the environment, then the defaults.

    Raises:
        Refused: a variable ``RAMEKIN_*`` is unknown, or a value cannot be read.
    """
    links = service_links(environment)
    known = [*(PREFIX + name.upper() for name in SETTINGS), URL]
    values, sources = dict[str, Any](), dict[str, str]()
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in links or name == URL:
            continue
        if name not in known:
            raise Refused(f"the environment variable {name} is not a setting. {did_you_mean(name, known)}".rstrip())
        field = name.removeprefix(PREFIX).lower()
        if text.strip() or field == "api_key":
            sources[field] = name
            values[field] = _list(field, _split(field, text, name), name) if field in _LISTS else text.strip()
    for field, value in given.items():
        flag = sources[field] = f"--{field.replace('_', '-')}"
        is_several = field in _LISTS and not isinstance(value, str)
        values[field] = _list(field, value, flag) if is_several else _flag(value, flag)
    _check_together(sources)
    settings = Settings(**{name: _read(name, value, sources[name]) for name, value in values.items()})
    if settings.workers > 1 and settings.engine is None:
        told = "one process owns the tables, which --engine lets several share"
        raise Refused(f"{sources['workers']} {settings.workers}: {told}")
    if settings.seed is not None and not settings.dev:
        raise Refused(f"{sources['seed']} has ids repeat, which is for tests: give --dev too")
    if settings.workers > 1 and settings.dev:
        raise Refused(f"{sources['dev']}: branches, faults and the clock are those of one process: give --workers 1")
    return settings


def refuse_delay(settings: Settings) -> None:
    """Refuse to hold up the requests of a server that is not for tests. Raises Refused."""
    if settings.delay is not None and not settings.dev:
        raise Refused("--delay (RAMEKIN_DELAY) holds every request up, which is for tests: give --dev too")


_OF_ENGINE = {"engine_password": "what lets us in", "database": "which database is kept", "ack": "who has a write"}
_OF_ENGINE |= {"reads": "what is found"}


def _check_together(sources: Mapping[str, str]) -> None:
    """Refuse settings that mean nothing alone, or not beside another. Raises Refused."""
    if "fsync" in sources and "data_dir" not in sources:
        raise Refused(f"{sources['fsync']} says when to sync to a disk: give --data-dir too")
    if "engine" in sources and "data_dir" in sources:
        engine, data_dir = sources["engine"], sources["data_dir"]
        raise Refused(f"{engine} has nodes keep the tables, {data_dir} this machine's disk: give one of them")
    for name, told in _OF_ENGINE.items():
        if name in sources and "engine" not in sources:
            raise Refused(f"{sources[name]} says {told}: give --engine too")


def _read(name: str, value: Any, source: str) -> Any:
    """Return the value of a setting in its type. Raises Refused."""
    setting = SETTINGS[name]
    if setting.type in (int, int | None):
        if value.isascii() and value.isdecimal() and len(value) < MAX_DIGITS:
            number = int(value)
            if setting.metadata["ge"] <= number <= setting.metadata["le"]:
                return number
    else:
        with suppress(ValidationError):
            return TypeAdapter[Any](cast("Any", setting.type)).validate_python(value)
    raise Refused(f"{source}: '{shorten(str(value))}' is not {_expected(setting)}")


def json_server_defaults(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the settings that are json-server's own where no variable says otherwise."""
    return {
        name: value for name, value in JSON_SERVER.items() if not environment.get(f"{PREFIX}{name.upper()}", "").strip()
    }


def service_links(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the variables that Kubernetes sets for a Service whose name begins with ``ramekin``; they are no settings.

    Source: "Discovering services" in the documentation of Kubernetes, the older shapes from Docker's links.
    """
    return [
        name
        for name, value in environment.items()
        if _SERVICE_LINK.fullmatch(name)
        or (name.startswith("RAMEKIN") and name.endswith("_PORT") and _LINK_ADDRESS.fullmatch(value))
    ]


def _flag(value: Any, flag: str) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return " ".join(_flag(each, flag) for each in value)
    if not (text := str(value).strip()):
        raise Refused(f"{flag} is empty; give it a value or leave it out")
    return text


def _list(field: str, texts: list[str] | tuple[str, ...], source: str) -> tuple[str, ...]:
    """Return the values of a setting that takes several.

    An empty key means that a variable was not set, and would let everybody in. A key that no request can send would let
    nobody in.
    """
    stripped = tuple(text.strip() for text in texts)
    what = "a key" if field == "api_key" else "a value"
    if not all(stripped):
        raise Refused(f"{source}: {what} is empty; give it a value or leave it out")
    if field == "api_key":
        _check_keys(stripped, source)
    return stripped


def _split(field: str, text: str, source: str) -> list[str]:
    with refusing(source):
        return split_keys(text) if field == "api_key" else text.split(",")


def _check_keys(texts: tuple[str, ...], source: str) -> None:
    """Refuse keys that cannot be read, that no request can send, or that are guessed at once. Raises Refused."""
    with refusing(source):
        Keys(read_keys(texts))
        if any(len(secret_in(text)) < MIN_KEY_LENGTH for text in texts):
            raise ValueError(f"a key of fewer than {MIN_KEY_LENGTH} characters is guessed at once; take a longer one")


def _expected(setting: Field[Any]) -> str:
    """Return in words what a setting takes."""
    if get_origin(setting.type) is Literal:
        return f"one of {', '.join(get_args(setting.type))}"
    if setting.type is bool:
        return "true or false"
    least, most = setting.metadata["ge"], setting.metadata["le"]
    return f"a whole number from {least} to {most}"
