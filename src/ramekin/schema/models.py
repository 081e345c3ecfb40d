"""Pydantic models as schemas of tables: strict validation of records, ids by the model's type, and JSON Schema.

Knows nothing of tables' contents or of HTTP; see ``model_tables.py`` for which classes become tables, ``fitness.py``
for those that cannot, and ``schema/record_schema.py`` for what every schema promises.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import Flag
from functools import cached_property, lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PydanticUserError, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit, PydanticUndefined, SchemaSerializer, SchemaValidator, core_schema

from ramekin.errors import (
    DuplicateMember,
    Fault,
    IntegerOutOfRange,
    InvalidDefinition,
    InvalidRecord,
    MalformedJson,
    RamekinError,
    TooDeep,
    did_you_mean,
    listing,
)
from ramekin.errors.stacks import in_one_line
from ramekin.schema.bounds import bounds_of
from ramekin.schema.columns import Columns
from ramekin.schema.declarations import members_at, names_in, type_in
from ramekin.schema.defaults import following, with_own_defaults
from ramekin.schema.faults import UNKNOWN, fault_of
from ramekin.schema.fields import ANYTHING, FieldType
from ramekin.schema.fitness import (
    UnfitModel,
    check_fitness,
    check_types,
    complete,
    culprit,
    declared_fields,
    only,
    without_schema,
)
from ramekin.schema.record_schema import MAX_FAULTS, beside_known, difference, invalid_record
from ramekin.schema.renames import Renames
from ramekin.schema.round_trip import may_change
from ramekin.schema.strict import SPELLINGS, Node, ending_early, inside, mapped, strict, without_aliases
from ramekin.values import codec
from ramekin.values.comparison import MISSING, order_key
from ramekin.values.ids import A_UUID, SYSTEM_IDS, IdSource, looks_like_integer
from ramekin.values.paths import ID_PATH, LONG_BYTES, FieldPath, print_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic.fields import FieldInfo
    from pydantic_core.core_schema import ComputedField, DecimalSchema, EnumSchema, JsonSchema


_log = logging.getLogger("ramekin")

MAX_TOLD = 1000
"""Faults of a record of which the first are told: Pydantic makes them all or none, 1 µs each."""


class ModelSchema:
    """What the records of one table must be, by a Pydantic model.

    1. Validation is strict: text is no integer, ISO 8601 text a datetime (``schema/strict.py``).
    2. A member that the model does not name is refused, unless the model itself says what to do with it (``extra``).
    3. What is stored is the model's own JSON, by alias, computed fields left out: it validates again unchanged.
    4. A model without an ``id`` keeps it outside: every record has one.
    """

    stored_names: Callable[[Any], Any] | None
    _read: Callable[[bytes], Any]

    def __init__(self, model: type[BaseModel], ids: IdSource = SYSTEM_IDS) -> None:
        """Read a model.

        Args:
            ids: what `uuid7`, and `now` by its clock, return to the defaults of the model.

        Raises:
            UnfitModel: it can be no table; the text says why, in one line.
        """
        if not isinstance(model, type) or not issubclass(model, BaseModel):
            raise UnfitModel("A table's model is a class made from Pydantic's BaseModel, which this is not.")
        self.model, self._ids = model, ids
        self.title = model.__name__
        try:
            self.bounds = bounds_of(model)
        except InvalidDefinition as error:
            raise UnfitModel(f"{self.title}: {error}") from None
        try:
            self._prepare(model)
            if ids is not SYSTEM_IDS:
                self._read = following(ids, self._read)
        except UnfitModel:
            raise
        except Exception as error:  # code of its own for types, schemas or defaults
            where = culprit(model, declared_fields(model), ModelSchema.__new__(ModelSchema)._prepare)
            raise UnfitModel(f"{where}: it cannot be read: {in_one_line(error)}") from error

    def _prepare(self, model: type[BaseModel]) -> None:
        complete(model)
        check_types(model)
        core: Any = model.__pydantic_core_schema__
        self.json_schema, self._stored = _schemas_of(model)
        self.columns = Columns(self.json_schema, fills_defaults=True)
        check_fitness(model, self.json_schema, self._stored)
        readable = with_own_defaults(core)
        self._may_change = may_change(readable)
        # Without the argument, nested models are validated by the validators made with their classes, which ignore
        # unknown members. It is pydantic-core's own for the case of a changed schema.
        self._core = strict(readable)
        self._read = SchemaValidator(self._core, _use_prebuilt=False).validate_json
        self._print = _printer(model, core)
        renames = Renames(core)
        self.stored_names = renames if renames.are_any else None
        self.type_of = lru_cache(maxsize=1024)(self._type_of)
        fields = {f.serialization_alias or name: f for name, f in model.model_fields.items() if not f.exclude}
        self.fields = tuple(fields) if "id" in fields else ("id", *fields)
        id_field = fields.get("id")
        self._has_id = id_field is not None
        self.takes_uuid = id_field is None or (
            id_field.get_default() in (None, PydanticUndefined) and _IdType(model, id_field).takes_uuid
        )
        """Whether a record without an id is given a UUID: its model makes none, and would take it."""
        self._id_type: _IdType | None = None
        is_rewritten = any(word.startswith("str_") for word in model.model_config)
        if id_field is not None and (id_field.annotation is not str or id_field.metadata or is_rewritten):
            self._id_type = _IdType(model, id_field)

    @property
    def stored_schema(self) -> dict[str, Any]:
        """The JSON Schema of what is stored."""
        return self._stored

    @cached_property
    def _read_long(self) -> Callable[[bytes], Any]:
        """Reads as `_read`, but of many faults in one place tells the first alone: to make all took 0.3 s for 1 MiB."""
        read = SchemaValidator(ending_early(self._core), _use_prebuilt=False).validate_json
        return read if self._ids is SYSTEM_IDS else following(self._ids, read)

    def validate(self, record: dict[str, Any], printed: bytes | None = None) -> bytes:
        """Return the body to store for a record.

        Args:
            printed: how `codec.dump` prints the record, where that is known.

        Raises:
            InvalidRecord: with a fault for each thing wrong, as JSON pointers into the record.

        Cost: O(length), about 2 µs for a 166-byte record; twice that where the model may make another value of what it
        made once.
        """
        members = record if self._has_id else {name: v for name, v in record.items() if name != "id"}
        text = printed if printed is not None and members is record else codec.encode(members)
        read = self._read_long if text[LONG_BYTES:] else self._read
        try:
            body = self._print(read(text), by_alias=True, round_trip=True, warnings=False)
            if self._may_change:
                body = self._settled(body)
        except ValidationError as error:
            raise self._invalid(error, members) from None
        except RamekinError:
            raise
        except Exception as error:  # whatever the model's own code raises
            raise self._failed(error) from None
        if not self._has_id and "id" in record:
            body = b'{"id":%b%b%b' % (codec.dump(record["id"]), b"," if len(body) > 2 else b"", body[1:])
        return body

    def _settled(self, body: bytes) -> bytes:
        """Return what the model makes of a record, once it makes the same of that again. Raises InvalidRecord.

        It is read twice at the most: Pydantic shows no default to a validator, which may write it otherwise.
        """
        faults: Sequence[Fault] = ()
        for _ in range(2):
            made = self._made(body)
            try:
                again = self._print(self._read(body), by_alias=True, round_trip=True, warnings=False)
            except ValidationError as error:
                faults = self._invalid(error, made).faults
                break
            if again == body:
                return body
            faults = [Fault(difference(made, codec.parse(again)), "Read again, it becomes another value each time.")]
            body = again
        raise InvalidRecord(
            f"The model {self.title} would not take back what it makes of the record, which is not stored.",
            faults=faults,
        )

    def _made(self, body: bytes) -> dict[str, Any]:
        """Return the record that the model made. Raises InvalidRecord where it cannot be stored."""
        try:
            made = codec.parse(body)
        except RamekinError as error:
            what = next((said for cls, said in _UNSTORABLE.items() if isinstance(error, cls)), "no JSON")
            raise InvalidRecord(f"The model {self.title} makes {what} of the record, which cannot be stored.") from None
        if not isinstance(made, dict) or ("id" in made and not self._has_id):
            raise InvalidRecord(
                f"The model {self.title} makes no record of this one: an object, with the id it was sent."
            )
        return made

    def _failed(self, error: Exception) -> InvalidRecord:
        """Return the error of a record for which the model's own code fails; the operator's log says where."""
        frames = extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        _log.warning("the model %s failed: %s at %s", self.title, type(error).__name__, place)
        return InvalidRecord(f"The model {self.title} failed over the record; the server's log says where.")

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
            return self._id_type.written(value)
        except Exception:  # whatever the code of the id's own type raises
            return MISSING

    def field_names(self) -> Sequence[str]:
        return list(dict.fromkeys(("id", *names_in(self._stored))))

    def hint(self, path: FieldPath) -> str:
        names = self.field_names()
        return did_you_mean(print_path(path), names) or listing(names)

    def _type_of(self, path: FieldPath) -> FieldType | None:
        found = type_in(self._stored, path, is_closed=True)
        if path == ID_PATH and not self._has_id:
            return ANYTHING
        return None if found is None else replace(found, is_canonical=True)

    def _invalid(self, error: ValidationError, record: dict[str, Any]) -> InvalidRecord:
        count, title = error.error_count(), f"the model {self.title}"
        if count > MAX_TOLD:
            told = [Fault("", "It has too many faults to say which.")]
            return InvalidRecord(f"The record does not satisfy {title}: {count} faults.", faults=told)
        details = error.errors(include_url=False, include_input=False)
        faults = []
        for detail in details[:MAX_FAULTS]:
            fault = fault_of(detail, record)
            if detail["type"] in UNKNOWN:
                names = members_at(self.json_schema, fault.steps[:-1])
                fault = beside_known(fault, fault.steps[-1:], names)
            faults.append(fault)
        return invalid_record(title, faults, count)


def _schemas_of(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON Schemas of what may be sent and of what is stored. Raises UnfitModel where there are none."""
    try:
        return (
            model.model_json_schema(by_alias=True, schema_generator=SentSchema),
            model.model_json_schema(by_alias=True, mode="serialization", schema_generator=_StoredSchema),
        )
    except PydanticUserError as error:
        raise without_schema(model, error) from None
    except KeyError as error:
        if Path(extract_tb(error.__traceback__)[-1].filename).name != "json_schema.py":
            raise  # by the model's own code, not by Pydantic
        raise without_schema(model, error) from None


def _printer(model: type[BaseModel], core: Node) -> Callable[..., bytes]:
    """Return the function that prints what a model read: the model's own, but that sets come out in order."""
    ordered = _with_sets_in_order(core)
    if ordered is core:
        return model.__pydantic_serializer__.to_json
    return SchemaSerializer(ordered, _use_prebuilt=False).to_json


def _with_sets_in_order(node: Node) -> Node:
    """Return a core schema that prints sets by value: Python's own order differs from one process to the next."""
    changed = mapped(node, lambda _, part: _with_sets_in_order(part))
    if node["type"] in ("set", "frozenset") and "serialization" not in node:
        in_order = core_schema.wrap_serializer_function_ser_schema(_in_order, when_used="json")
        return changed | {"serialization": in_order}
    is_changed = any(new is not old for new, old in zip(inside(changed), inside(node), strict=True))
    return changed if is_changed else node


def _in_order(value: Any, handler: Callable[[Any], list[Any]]) -> list[Any]:
    return sorted(handler(value), key=lambda item: order_key(item) or (-1, 0))


_UNSTORABLE = {
    DuplicateMember: "two members of one name",
    TooDeep: f"more than {codec.MAX_DEPTH} levels",
    IntegerOutOfRange: "an integer that does not fit into 64 bits",
    MalformedJson: "a number that is not finite",
}
"""What a model may make that JSON here cannot hold, by the error of whoever reads it."""


class SentSchema(GenerateJsonSchema):
    """The schema of what may be sent: Pydantic's, with the form of decimals as text, and flags of any values."""

    def enum_schema(self, schema: EnumSchema) -> JsonSchemaValue:
        found = super().enum_schema({**schema, "members": without_aliases(schema["members"])})
        return {name: part for name, part in found.items() if name != "enum" or not issubclass(schema["cls"], Flag)}

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        found = super().decimal_schema(schema)
        for part in found.get("anyOf", [found]):
            if part.get("type") == "string":
                part |= {"format": "decimal", "pattern": f"^{SPELLINGS['decimal'][0]}$"}
        return found


class _StoredSchema(SentSchema):
    """The schema of what is stored: what may be sent, without computed fields."""

    def computed_field_schema(self, schema: ComputedField) -> JsonSchemaValue:  # noqa: ARG002  # Pydantic's own
        raise PydanticOmit

    def json_schema(self, schema: JsonSchema) -> JsonSchemaValue:  # noqa: ARG002  # Pydantic's own
        return {"type": "string", "contentMediaType": "application/json"}  # the text that it was sent as


class _IdType:
    """The type of a model's ids with its constraints and the model's settings, read strictly as the whole record is."""

    def __init__(self, model: type[BaseModel], field: FieldInfo) -> None:
        part = only(model, id=(field.annotation, field))
        core: Any = part.__pydantic_core_schema__
        self._read = SchemaValidator(strict(core), _use_prebuilt=False).validate_json
        self._print = part.__pydantic_serializer__.to_json
        self.takes_uuid = field.default_factory is None and self._takes(A_UUID)

    def written(self, value: object) -> object:
        """Return an id as the model writes it. Raises ValueError or RamekinError where the type refuses it."""
        return codec.parse(self._print(self._read(codec.dump({"id": value})), by_alias=True, round_trip=True))["id"]

    def _takes(self, value: object) -> bool:
        try:
            self._read(codec.dump({"id": value}))
        except Exception:  # as above
            return False
        return True
