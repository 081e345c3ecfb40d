"""Models that this server was not started with: what stands for one, and how a changed model is recognized.

Only the model itself knows which records it takes. So without it, records are read by the schema that it left in the
table's definition, and nothing is written. Knows no tables; see ``schemas.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic

from ramekin.errors import ModelMissing, RamekinError
from ramekin.schema.columns import UNTYPED
from ramekin.schema.declarations import names_in, type_in
from ramekin.schema.fields import ANYTHING, FieldType
from ramekin.values import codec
from ramekin.values.paths import ID_PATH, FieldPath
from ramekin.version import __version__

if TYPE_CHECKING:
    from ramekin.schema.models import ModelSchema

_KNOWN = {*sys.stdlib_module_names, "pydantic", "pydantic_core"}  # their versions are told


class MissingModel:
    """What is known of a missing model: the schema of what it stored, if it left one."""

    title = "a model that is not here"
    columns = UNTYPED
    stored_names: Callable[[Any], Any] | None = None
    takes_uuid = False

    def __init__(self, schema: dict[str, Any] | None) -> None:
        self.json_schema = schema or {}
        self.fields = tuple(dict.fromkeys(("id", *self.json_schema.get("properties", {})))) if schema else ()

    def validate(self, record: dict[str, Any], printed: bytes | None = None) -> bytes:  # noqa: ARG002  # part of the contract
        raise ModelMissing("The table is typed by a model that this server was not started with; nothing was stored.")

    def stored_id(self, value: object) -> object:
        return value

    def read_id(self, text: str) -> object:
        return text

    def type_of(self, path: FieldPath) -> FieldType | None:
        found = type_in(self.json_schema, path, is_closed=True)
        if path == ID_PATH and found is None:
            return ANYTHING
        return None if found is None else replace(found, is_canonical=True)

    def field_names(self) -> Sequence[str]:
        return list(dict.fromkeys(("id", *names_in(self.json_schema)))) if self.json_schema else ()

    def hint(self, path: FieldPath) -> str:  # noqa: ARG002  # part of the contract
        return ""


def schema_to_leave(model: ModelSchema) -> dict[str, Any] | None:
    """Return the schema by which records are read where the model is not; None if a file could not hold it."""
    schema = model.stored_schema
    try:
        return schema if codec.parse(codec.dump(schema)) == schema else None
    except RamekinError:
        return None  # a bound beyond 64 bits, or nested too deeply


def fingerprint(model: ModelSchema) -> str:
    """Return a digest of all that decides which records a model takes, as far as it can be seen.

    That is its JSON Schemas, the files of the code that it is made of, validators included, and the versions of
    Pydantic and of this package. What such code reads from elsewhere is not seen.
    """
    said = [codec.dump(model.json_schema), codec.dump(model.stored_schema)]
    said += [version.encode() for version in (pydantic.VERSION, __version__, sys.version)]
    modules = set(_modules_of(model.model.__pydantic_core_schema__, set()))
    for name in sorted(modules):
        file = getattr(sys.modules.get(name), "__file__", None)
        if name.partition(".")[0] not in _KNOWN and file is not None:
            with suppress(OSError):  # from a prompt, or out of an archive: it is not seen
                said.append(Path(file).read_bytes())
    return codec.digest(b"\0".join(said))


def _modules_of(part: Any, seen: set[int]) -> Iterator[str]:
    """Yield the modules of the classes and functions that a schema of pydantic-core names."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Mapping):
        for value in part.values():
            yield from _modules_of(value, seen)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _modules_of(value, seen)
    elif isinstance(part, partial):
        yield from _modules_of(part.func, seen)
    elif isinstance(part, type):
        yield from (base.__module__ for base in part.__mro__)
    elif callable(part):
        yield str(getattr(part, "__module__", None))
