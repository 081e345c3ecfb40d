"""The parameters of an address, read strictly: each by its name, of the type that is declared for it.

Nothing that a client sends is ignored: what a route does not know is an error that names the nearest right word.
Knows nothing of what is done with it; see ``query/url.py`` for conditions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from ramekin.errors import (
    Fault,
    InvalidParameter,
    MalformedPath,
    UnknownParameter,
    did_you_mean,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MAX_PARAMETERS = 100
"""Parameters of an address, besides the cursor, so that the next page of every query can be asked for."""

WORDS_OF = {
    "lists": ("sort", "select", "limit", "cursor", "offset", "count", "where", "explain"),
    "joins": ("type", "shape", "as"),
    "changes by condition": ("all", "max_affected"),
    "what has happened": ("table", "since"),
    "writes": ("ttl",),
    "PUT": ("upsert", "replace"),
    "bulks": ("on_conflict", "csv_types", "delimiter"),
    "loads": ("mode",),
}
"""What takes which words."""

T = TypeVar("T", bound=str)

_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")


def meant(words: Collection[str] = ()) -> dict[str, str]:
    """Return all words that there are, as `did_you_mean` takes them, for a route that takes some of them."""
    known = {word: whose for whose, several in WORDS_OF.items() for word in several}
    return known | dict.fromkeys(words, "")


def read_parameters(query: bytes, schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters of a route that takes no conditions, by name.

    Args:
        schemas: the JSON Schema of each that it takes: text, one of some texts, a boolean or a whole number.

    Raises:
        UnknownParameter: one that the route does not take.
        InvalidParameter: one stands twice, is not as its schema says, or there are too many.
        MalformedPath: the query is not UTF-8.
    """
    found, others = split_query(query, schemas)
    for name, _ in others:
        taken = f"This route takes {', '.join(sorted(schemas))}." if schemas else "This route takes none."
        hint = f"{did_you_mean(name, (), meant(schemas))} {taken}".lstrip()
        raise UnknownParameter(f"Unknown parameter '{shorten(name)}'.", hint=hint).within(name)
    return {name: _read(found, name, schemas[name]) for name in found}


def _read(found: dict[str, str], name: str, schema: Mapping[str, Any]) -> Any:
    """Return a parameter that is there, as its schema says. Raises InvalidParameter."""
    if "enum" in schema:
        return choice(found, name, schema["enum"])
    if schema["type"] == "boolean":
        return flag(found, name)
    return integer(found, name) if schema["type"] == "integer" else found[name]


def split_query(query: bytes, words: Collection[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the reserved words of a query by name, and all other parameters in order: its conditions.

    Raises:
        InvalidParameter: a word stands twice, or there are too many parameters.
        MalformedPath: the query is not UTF-8.
    """
    if not query:
        return {}, []
    try:
        most = MAX_PARAMETERS + 1
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except UnicodeError:
        raise not_utf8() from None
    except ValueError:
        raise _too_many() from None
    found: dict[str, str] = {}
    others = []
    for name, value in pairs:
        if name not in words:
            others.append((name, value))
        elif name in found:
            raise InvalidParameter(f"The parameter '{name}' stands twice.").within(name)
        else:
            found[name] = value
    if len(pairs) > MAX_PARAMETERS and "cursor" not in found:
        raise _too_many()
    return found, others


def not_utf8() -> MalformedPath:
    """Return the error of a query that is no text."""
    said = "The query is not UTF-8 once its percent signs are decoded."
    return MalformedPath(said, faults=[Fault("", said, part="query")])


def _too_many() -> InvalidParameter:
    return InvalidParameter(f"There are more than {MAX_PARAMETERS} parameters.")


def integer(parameters: dict[str, str], name: str) -> int:
    """Return a parameter that is there, a whole number of 0 or more. Raises InvalidParameter."""
    if not _INTEGER.fullmatch(parameters[name]):
        raise InvalidParameter(f"'{name}' is a whole number of 0 or more.").within(name)
    return int(parameters[name])


def flag(parameters: dict[str, str], name: str) -> bool:
    """Return a parameter that is true or false; false if it is absent. Raises InvalidParameter."""
    return choice(parameters, name, ("false", "true")) == "true"


def choice(parameters: dict[str, str], name: str, values: Sequence[T]) -> T:
    """Return a parameter that is one of some words; the first of them if it is absent. Raises InvalidParameter."""
    if name not in parameters:
        return values[0]
    text = parameters[name]
    for value in values:
        if value == text:
            return value
    known = ", ".join(value if value.isalnum() else f"'{value}'" for value in values)
    raise InvalidParameter(f"'{name}' is one of {known}.", hint=did_you_mean(text, values)).within(name)
