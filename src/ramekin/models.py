"""Pydantic models as tables: strict validation of records, ids by the model's type, and the model's JSON Schema.

`tables_in` finds the models of a module and names their tables. Knows nothing of tables' contents or of HTTP; see
``schema.py`` for what every schema promises.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticUndefined, SchemaValidator

from ramekin import codec
from ramekin.columns import Columns
from ramekin.errors import Fault, InvalidRecord, RamekinError, did_you_mean, listing, shorten
from ramekin.fields import ANYTHING, FieldType, names_in, type_in
from ramekin.ids import looks_like_integer, uuid7
from ramekin.paths import print_path
from ramekin.schema import MAX_FAULTS, invalid_record
from ramekin.strict_schema import strict
from ramekin.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails
    from pydantic_core.core_schema import DecimalSchema

    from ramekin.paths import FieldPath


class ModelSchema:
    """What the records of one table must be, by a Pydantic model.

    1. Validation is strict: text is no integer, ISO 8601 text a datetime (``strict_schema.py``).
    2. A member that the model does not name is refused, unless the model itself says what to do with it (``extra``).
    3. What is stored is the model's own JSON, by alias, computed fields left out: it validates again unchanged.
    4. A model without an ``id`` keeps it outside: every record has one.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        model.model_rebuild()
        self.model = model
        self._validator = SchemaValidator(
            strict(model.__pydantic_core_schema__),  # type: ignore[arg-type]
            # Without this, nested models are validated by the validators made with their classes, which ignore
            # unknown members. The argument is pydantic-core's own for the case of a changed schema.
            _use_prebuilt=False,
        )
        self.title = model.__name__
        self.json_schema = model.model_json_schema(by_alias=True)
        self.columns = Columns(self.json_schema, fills_defaults=True)
        self._stored = model.model_json_schema(by_alias=True, mode="serialization", schema_generator=_StoredSchema)
        self.type_of = lru_cache(maxsize=1024)(self._type_of)
        fields = {field.serialization_alias or name: field for name, field in model.model_fields.items()}
        self.fields = tuple(fields) if "id" in fields else ("id", *fields)
        id_field = fields.get("id")
        self._has_id = id_field is not None
        self.takes_uuid = id_field is None or (
            id_field.get_default() in (None, PydanticUndefined) and _takes_uuid(id_field)
        )
        """Whether a record without an id is given a UUID: its model makes none, and would take it."""
        self._id_type: TypeAdapter[Any] | None = None
        if id_field is not None and (id_field.annotation is not str or id_field.metadata):
            self._id_type = TypeAdapter(_annotated(id_field))

    def validate(self, record: dict[str, Any]) -> bytes:
        """Return the body to store for a record.

        Raises:
            InvalidRecord: with a fault for each thing wrong, as JSON pointers into the record.

        Cost: O(length), about 2 µs for a 166-byte record.
        """
        members = record if self._has_id else {name: v for name, v in record.items() if name != "id"}
        try:
            instance = self._validator.validate_json(codec.dump(members))
        except ValidationError as error:
            raise self._invalid(error, members) from None
        body = self.model.__pydantic_serializer__.to_json(instance, by_alias=True, round_trip=True)
        if not self._has_id and "id" in record:
            body = b'{"id":%b%b%b' % (codec.dump(record["id"]), b"," if len(body) > 2 else b"", body[1:])
        return body

    def stored_id(self, value: object) -> object:
        written = self._written(value)
        return value if written is MISSING else written

    def read_id(self, text: str) -> object:
        for value in (text, int(text)) if looks_like_integer(text) else (text,):
            if (written := self._written(value)) is not MISSING:
                return written
        return text  # which the record's own check refuses

    def _written(self, value: object) -> object:
        """Return an id as the model writes it, MISSING where the id's type refuses it."""
        if self._id_type is None:
            return value
        try:
            found = self._id_type.validate_json(codec.dump(value), strict=True)
            return codec.parse(self._id_type.dump_json(found))
        except (ValueError, RamekinError):
            return MISSING

    def field_names(self) -> Sequence[str]:
        return list(dict.fromkeys(("id", *names_in(self._stored))))

    def hint(self, path: FieldPath) -> str:
        names = self.field_names()
        return did_you_mean(print_path(path), names) or f" {listing(names)}"

    def _type_of(self, path: FieldPath) -> FieldType | None:
        found = type_in(self._stored, path, is_closed=True)
        if path == ("id",) and not self._has_id:
            return ANYTHING
        return found

    def _invalid(self, error: ValidationError, record: dict[str, Any]) -> InvalidRecord:
        details = error.errors(include_url=False, include_input=False)
        faults = [Fault(_pointer(detail, record), _sentence(detail)) for detail in details[:MAX_FAULTS]]
        return invalid_record(f"the model {self.title}", faults, len(details))


class _StoredSchema(GenerateJsonSchema):
    """The schema of what is stored, which is Pydantic's but for decimals: they are texts, told by their format."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        return {**super().decimal_schema(schema), "format": "decimal"}


def _annotated(field: FieldInfo) -> Any:
    """Return a field's type with its constraints."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _takes_uuid(field: FieldInfo) -> bool:
    if field.default_factory is not None:
        return False
    try:
        TypeAdapter(_annotated(field)).validate_json(codec.dump(str(uuid7())), strict=True)
    except ValidationError:
        return False
    return True


def _pointer(detail: ErrorDetails, record: object) -> str:
    """Return the JSON pointer of a fault: Pydantic's location without the steps that are not in the document."""
    parts: list[str] = []
    value: Any = record
    for step in detail["loc"]:
        inner = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            inner = value[step]
        if inner is not MISSING:
            value = inner
        elif detail["type"] != "missing" or step != detail["loc"][-1]:
            continue  # the name of a union's branch, not a member
        parts.append(shorten(str(step)).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)


# Our own sentences: Pydantic's may quote what was sent. {name} is filled from what the model itself says.
_SENTENCES = {
    "missing": "This member is required.",
    "extra_forbidden": "The model has no member of this name.",
    "int_type": "An integer is expected.",
    "int_from_float": "An integer is expected.",
    "float_type": "A number is expected.",
    "bool_type": "true or false is expected.",
    "string_type": "Text is expected.",
    "list_type": "An array is expected.",
    "set_type": "An array is expected.",
    "tuple_type": "An array is expected.",
    "dict_type": "An object is expected.",
    "model_type": "An object is expected.",
    "model_attributes_type": "An object is expected.",
    "none_required": "null is expected.",
    "uuid_type": "A UUID as text is expected.",
    "uuid_parsing": "A UUID as text is expected.",
    "datetime_type": "A date and time in ISO 8601 is expected.",
    "datetime_parsing": "A date and time in ISO 8601 is expected.",
    "datetime_from_date_parsing": "A date and time in ISO 8601 is expected.",
    "date_type": "A date in ISO 8601 is expected.",
    "date_parsing": "A date in ISO 8601 is expected.",
    "date_from_datetime_parsing": "A date in ISO 8601 is expected.",
    "time_type": "A time in ISO 8601 is expected.",
    "time_parsing": "A time in ISO 8601 is expected.",
    "time_delta_type": "A duration in ISO 8601 is expected.",
    "members_alike": "Two members have one name, once names are read as the model declares them.",
    "decimal_type": "A decimal number is expected.",
    "decimal_parsing": "A decimal number is expected.",
    "timezone_aware": "A time zone is expected.",
    "timezone_naive": "No time zone is expected.",
    "greater_than": "A value greater than {gt} is expected.",
    "greater_than_equal": "A value of {ge} or more is expected.",
    "less_than": "A value less than {lt} is expected.",
    "less_than_equal": "A value of {le} or less is expected.",
    "multiple_of": "A multiple of {multiple_of} is expected.",
    "string_too_short": "At least {min_length} characters are expected.",
    "string_too_long": "At most {max_length} characters are expected.",
    "too_short": "At least {min_length} items are expected.",
    "too_long": "At most {max_length} items are expected.",
    "string_pattern_mismatch": "Text that matches the model's pattern is expected.",
    "literal_error": "One of {expected} is expected.",
    "enum": "One of {expected} is expected.",
    "finite_number": "A finite number is expected.",
    "value_error": "The value does not pass the model's own check.",
    "assertion_error": "The value does not pass the model's own check.",
}


def _sentence(detail: ErrorDetails) -> str:
    known = _SENTENCES.get(detail["type"])
    if known is None:
        return f"The value does not satisfy the model ({shorten(detail['type'])})."
    return shorten(known.format(**detail.get("ctx", {}))) if "{" in known else known


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
        model.model_rebuild()
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
