"""Fitness of a model as a table: what it stores, it must take back unchanged.

A record is stored as the model prints it, and the model reads it again at every change, load and start. A model that
could never read its own records is refused in one line, before any record comes.

Knows nothing of records; see ``round_trip.py`` for models that must be checked with every record, and ``defaults.py``
for values that a model makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, create_model
from pydantic.errors import PydanticUndefinedAnnotation

from ramekin.errors.stacks import in_one_line
from ramekin.schema.declarations import names_in, type_in
from ramekin.schema.strict import Node, fields_of, inside, names_taken
from ramekin.values.paths import ID_PATH, split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic.json_schema import JsonSchemaMode


class UnfitModel(ValueError):
    """A model that can be no table; the text is one line: class, field, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a model a part of its core schema stands: the class and its field; what the class says of all fields."""

    owner: str = ""
    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    is_printed: bool = False  # by a serializer of its own further out
    is_prepared: bool = False  # by a validator of the model's own that sees the value before

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}" if self.name else self.owner


_NO_JSON = {
    "callable": "a function",
    "is-instance": "an object of a Python class",
    "is-subclass": "a class",
    "arguments": "the arguments of a function",
    "arguments-v3": "the arguments of a function",
    "call": "the call of a function",
    "invalid": "no value",
}
"""Types of core schemas that no JSON value satisfies."""


def parts_of(node: Node, location: Location | None = None) -> Iterator[tuple[Node, Location]]:
    """Yield every part of a core schema with its location, outer ones first."""
    location = location or Location()
    if "cls" in node and node["type"] in ("model", "dataclass", "typed-dict", "named-tuple"):
        location = replace(location, owner=node["cls"].__name__, name="", config=node.get("config", {}))
    yield node, location
    if node.get("serialization", {}).get("type", "").startswith(("function", "to-string", "format")):
        location = replace(location, is_printed=True)
    if node["type"] in ("function-before", "function-wrap", "function-plain"):
        location = replace(location, is_prepared=True)
    fields = dict(fields_of(node))
    for name, part in fields.items():
        yield from parts_of(part, replace(location, name=name))
    for part in inside({key: value for key, value in node.items() if key != "fields" or not fields}):
        yield from parts_of(part, location)


def complete(model: type[BaseModel]) -> None:
    """Build what a model has put off, such as fields of classes that come later. Raises UnfitModel."""
    try:
        model.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        named = [name for name, annotation in _annotations(model).items() if str(error.name) in str(annotation)]
        where = f"{model.__name__}.{named[0]}" if named else model.__name__
        raise UnfitModel(
            f"{where}: '{error.name}' is not defined; define it in the module, or import it there"
        ) from None
    except Exception as error:  # whatever the annotations do
        fields = {name: (annotation, ...) for name, annotation in _annotations(model).items()}
        where = culprit(model, fields, lambda part: part.model_rebuild())
        raise UnfitModel(f"{where}: it cannot be built: {in_one_line(error)}") from None


def _annotations(model: type[BaseModel]) -> dict[str, Any]:
    """Return what stands behind the names of a class and of those it comes from."""
    found: dict[str, Any] = {}
    for cls in model.__mro__:
        found = vars(cls).get("__annotations__", {}) | found
    return found


def culprit(model: type[BaseModel], fields: Mapping[str, Any], attempt: Callable[[type[BaseModel]], object]) -> str:
    """Return the class and the first of its fields with which alone an attempt fails too; only the class, if none."""
    for name, declared in fields.items():
        try:
            attempt(only(model, **{name: declared}))
        except Exception:  # whatever the field's own code raises
            return f"{model.__name__}.{name}"
    return model.__name__


def only(model: type[BaseModel], **fields: Any) -> type[BaseModel]:
    """Return a class with some fields, set as a model is but for its additions to the JSON Schema."""
    config = model.model_config.copy()
    config.pop("json_schema_extra", None)
    return create_model(model.__name__, __config__=config, __module__=model.__module__, **fields)


def declared_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a model as a class is made of them."""
    return {name: (info.annotation, info) for name, info in model.model_fields.items()}


def without_schema(model: type[BaseModel], error: Exception) -> UnfitModel:
    """Return the error of a model of which Pydantic can make no JSON Schema."""
    modes: tuple[JsonSchemaMode, ...] = ("validation", "serialization")
    where = culprit(model, declared_fields(model), lambda part: [part.model_json_schema(mode=mode) for mode in modes])
    if isinstance(error, KeyError):  # what Pydantic raises over references that it did not make
        return UnfitModel(f"{where}: Pydantic cannot follow the '$ref' {error} in its JSON Schema; leave it out")
    return UnfitModel(f"{where}: its type has no JSON Schema; use another, or give it __get_pydantic_json_schema__")


def check_fitness(model: type[BaseModel], taken: dict[str, Any], stored: dict[str, Any]) -> None:
    """Refuse a model that cannot take back what it would store, or whose records could have no id.

    Args:
        taken, stored: the JSON Schemas of what it reads and of what it prints.

    Raises:
        UnfitModel: the first reason found.
    """
    schema: Any = model.__pydantic_core_schema__
    for node, location in parts_of(schema):
        if not location.is_prepared:
            _check_names(node, location)
    _check_shapes(model, taken, stored)
    _check_id(model, schema, stored)


def check_types(model: type[BaseModel]) -> None:
    """Refuse models that are no object with fields, and types that can stand in no record. Raises UnfitModel."""
    if model.__pydantic_root_model__:
        raise UnfitModel(f"{model.__name__}: a RootModel is not an object with fields; put its value into a field")
    if model.__pydantic_generic_metadata__["parameters"]:
        raise UnfitModel(
            f"{model.__name__}: it is generic, and some of its types are open; name one with types, such as "
            f"Users = {model.__name__}[User]"
        )
    schema: Any = model.__pydantic_core_schema__
    for node, location in parts_of(schema):
        if (why := _unusable(node, location)) is not None:
            raise UnfitModel(f"{location}: {why}")


def _unusable(node: Node, location: Location) -> str | None:
    """Return why a type can stand in no record, and what to do; None where it can."""
    node_type = node["type"]
    function = node.get("function", {}).get("function") if isinstance(node.get("function"), dict) else None
    printer = node.get("serialization", {}).get("function")
    if node_type in _NO_JSON:
        return (
            f"{_NO_JSON[node_type]} never comes as JSON; make it a private attribute (_name), or give it another type"
        )
    if getattr(printer, "__name__", "").startswith("_serialize_secret") and not location.is_printed:
        return "a secret is printed as asterisks, so its value would be lost; add a serializer that prints the value"
    if getattr(function, "__qualname__", "") == "import_string":
        return "ImportString lets whoever sends a record import modules of the server; use str"
    if node.get("now_op") == "future":
        return "what lies in the future today will not when the record is changed; use the type without 'Future'"
    if node.get("custom_init"):
        return "it has an __init__ of its own, which bypasses strict validation; use model_validator or model_post_init"
    if (
        node_type == "bytes"
        and not location.is_printed
        and coding(location.config, "ser") != coding(location.config, "val")
    ):
        return (
            "bytes are printed in another coding than they are read; set ser_json_bytes and val_json_bytes to the same"
        )
    return None


def coding(config: dict[str, Any], direction: str) -> str:
    """Return how bytes are written as text, by what a class says: "val" is how they are read, "ser" how printed."""
    return str(config.get(f"{direction}_json_bytes", "utf8"))


def _check_names(node: Node, location: Location) -> None:
    """Refuse fields that are not read from the member as which they are printed, and two of one name."""
    seen: dict[str, str] = {}
    for name, part in fields_of(node):
        where = f"{location.owner}.{name}"
        is_required = part.get("required", part["schema"]["type"] != "default")
        if part.get("serialization_exclude") or part.get("init_only"):
            if is_required:
                raise UnfitModel(
                    f"{where}: it is required but not stored (exclude, or InitVar); give it a default, or store it"
                )
            continue
        stored = part.get("serialization_alias", name)
        taken = names_taken(name, part, location.config)
        if stored not in taken or part.get("init") is False:
            read = f"read as '{taken[0]}'" if taken else "read from no member of its own"
            raise UnfitModel(
                f"{where}: it is stored as '{stored}' but {read}, so no record could be changed; use one alias for both"
            )
        if stored in seen:
            raise UnfitModel(f"{where}: it is stored as '{stored}', and so is '{seen[stored]}'; give each its own name")
        seen[stored] = name


def _check_shapes(model: type[BaseModel], taken: dict[str, Any], stored: dict[str, Any]) -> None:
    """Refuse serializers after which a value has no type that its field reads. Raises UnfitModel."""
    schema: Any = model.__pydantic_core_schema__
    prepared: set[str] = set()  # members that may be read from what their types do not take
    for node, location in parts_of(schema):
        if location.is_prepared and not location.name:
            return
        for name, part in fields_of(node):
            if any(inner.is_prepared for _, inner in parts_of(part)):
                prepared |= {name, part.get("serialization_alias", name)}
    for name in ("", *names_in(stored)):
        path = split_path(name) if name else ()
        if prepared & set(path):
            continue
        read, printed = type_in(taken, path, is_closed=True), type_in(stored, path, is_closed=True)
        if read and printed and read.kinds and printed.kinds and not read.kinds & printed.kinds:
            where = f"{model.__name__}.{name}" if name else model.__name__
            raise UnfitModel(
                f"{where}: it is printed as {_told(printed.kinds)} but read as {_told(read.kinds)}, so no record could "
                "be changed; let serializers (and ser_json_...) print what the field reads"
            )


def _told(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds))


def _check_id(model: type[BaseModel], schema: Node, stored: dict[str, Any]) -> None:
    """Refuse a field `id` that no id could come from. Raises UnfitModel."""
    where = f"{model.__name__}.id"
    if "id" in model.model_computed_fields:
        raise UnfitModel(f"{where}: computed fields are not stored; make it a field with a default_factory")
    names = {
        part.get("serialization_alias", name): (name, part)
        for node, location in parts_of(schema)
        if node["type"] == "model-fields" and location.owner == model.__name__
        for name, part in fields_of(node)
    }
    if "id" in model.model_fields and names.get("id", ("",))[0] != "id":
        raise UnfitModel(f"{where}: it is stored under an alias, but every record has an 'id'; give it no alias")
    if "id" not in names:
        return
    name, part = names["id"]
    if part.get("serialization_exclude"):
        raise UnfitModel(f"{model.__name__}.{name}: every record has an 'id', so it cannot be excluded")
    leaves = {node["type"] for node, _ in parts_of(part) if not any(True for _ in inside(node))} - {"none"}
    found = type_in(stored, ID_PATH, is_closed=True)
    kinds = frozenset() if found is None else found.kinds - {"null"}
    if (kinds and not kinds & {"text", "number"}) or leaves == {"float"}:
        raise UnfitModel(f"{model.__name__}.{name}: an id is text or an integer; declare it as str, int or UUID")
    form = stored.get("properties", {}).get("id", {}).get("format", "")
    if leaves <= {"url", "multi-host-url"} or form.endswith(("network", "interface")):
        raise UnfitModel(f"{model.__name__}.{name}: its values hold a '/', which no id may; declare it as str or UUID")
