"""The schemas of typed tables as components of the OpenAPI document: five of each model.

A record as it is stored (`User`), as it is sent (`UserInput`), in part, as `select` leaves it (`UserPart`), as a merge
patch (`UserPatch`), and a page (`UserPage`). Pydantic makes the first two, the others are made of them. All models are
given to it at once, so that classes of one name get names of their own and those that lead back to themselves stay
whole. Knows no endpoints.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, get_args

from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue, JsonSchemaWarningKind, models_json_schema
from pydantic_core import PydanticSerializationError, core_schema, to_jsonable_python

from ramekin.api.declared.parameters import ID_NUMBER, ID_TEXT
from ramekin.api.declared.shapes import ID, page, reference
from ramekin.schema.models import ModelSchema, SentSchema
from ramekin.schema.references import LISTS, MAPS, SINGLE
from ramekin.values import codec
from ramekin.values.ids import INT64_MAX, INT64_MIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Schema = dict[str, Any]
    Rewrite = Callable[[Any], Any]

_OF_WHOLES = (
    *("required", "minProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "discriminator"),
    *("minItems", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"),
    *("not", "if", "then", "else", "default", "example", "examples"),
)
"""What is said of a whole object or array, and may not hold for a part of it."""


@dataclass(frozen=True, slots=True)
class ModelNames:
    """What the components of one model are called."""

    stored: str
    sent: str
    part: str
    patch: str
    page: str


class ModelComponents:
    """The components of all typed tables.

    `schemas` has them by name, `names` says which are a table's. No two names are alike, whatever the classes are
    called and whatever names are `taken`: programs that make classes of them do not mind hyphens and capitals.
    """

    def __init__(self, models: Mapping[str, ModelSchema], taken: Iterable[str]) -> None:
        self.schemas: dict[str, Schema] = {}
        self.names: dict[str, ModelNames] = {}
        self._taken = {_alike(name) for name in taken}
        stored_roots, stored = _made_by_pydantic(models, "serialization")
        sent_roots, sent = _made_by_pydantic(models, "validation")
        for table, schema in models.items():
            _give_id(stored[stored_roots[table]], is_needed=True)
            _give_id(sent[sent_roots[table]], is_needed=None if not schema.takes_uuid else False)
            _give_examples(stored[stored_roots[table]], schema)
        whole = self._add(stored, _same, "")
        needed = self._add(sent, _without_default, "Input")
        part = self._add(stored, _part, "Part")
        patch = self._add(sent, lambda schema: _patch(schema, needed), "Patch")
        for table in models:
            mine, theirs = stored_roots[table], sent_roots[table]
            self._keep_required(patch[theirs], needed[theirs])
            name = self._free(f"{whole[mine]}Page")
            self.schemas[name] = page({"anyOf": [reference(whole[mine]), reference(part[mine])]})
            self.names[table] = ModelNames(whole[mine], needed[theirs], part[mine], patch[theirs], name)

    def _add(self, parts: Mapping[str, Schema], change: Rewrite, suffix: str) -> dict[str, str]:
        """Add what becomes of each schema; return their new names. What has been added already stands for its like."""
        changed = {name: change(schema) for name, schema in parts.items()}
        names = {
            name: name if self.schemas.get(name) == {**schema, "title": name} and not _refers(schema) else ""
            for name, schema in changed.items()
        }
        names = {name: known or self._free(f"{name}{suffix}") for name, known in names.items()}
        for name, schema in changed.items():
            self.schemas[names[name]] = {**_renamed(schema, names), "title": names[name]}
        return names

    def _keep_required(self, patch: str, sent: str) -> None:
        """Take null, which removes a member, from those members of a patch that a record must have."""
        members, required = self.schemas[patch].get("properties", {}), self.schemas[sent].get("required", ())
        for name in members.keys() & set(required) - {"id"}:
            member = _not_null(members[name]) if isinstance(members[name], dict) else {}
            members[name] = member | ({"not": {"type": "null"}} if self._takes_null(member) else {})

    def _takes_null(self, schema: Any) -> bool:
        """Say whether null satisfies a schema, as far as it can be told."""
        if not isinstance(schema, dict) or not schema.keys() & {"$ref", "anyOf", "enum", "type", "const", "oneOf"}:
            return True
        if "$ref" in schema:
            return self._takes_null(self.schemas.get(schema["$ref"].rpartition("/")[2], {"type": "object"}))
        if "anyOf" in schema:
            return any(map(self._takes_null, schema["anyOf"]))
        return None in schema["enum"] if "enum" in schema else "null" in schema.get("type", ())

    def _free(self, name: str) -> str:
        """Return a name that is like no other component's: this one, or one with a number behind it."""
        found, number = name, 1
        while _alike(found) in self._taken:
            number += 1
            found = f"{name}{number}"
        self._taken.add(_alike(found))
        return found


class _ModelSchemas(SentSchema):
    """The schemas of what is sent and stored, with what is true of typed tables.

    Members that a class does not name are refused unless it says something of them; computed fields are not stored.
    Titles that Pydantic makes of fields' names are left out: they say nothing.
    """

    ignored_warning_kinds: set[JsonSchemaWarningKind] = set(get_args(JsonSchemaWarningKind))  # noqa: RUF012  # as there

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # part of the contract
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _closed(super().model_schema(schema), schema)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _closed(super().dataclass_schema(schema), schema)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(_stored_fields(schema)), schema)

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        return super().model_fields_schema(_stored_fields(schema))

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        return super().dataclass_args_schema(_stored_fields(schema))

    def encode_default(self, dft: Any) -> Any:
        """Return a default in JSON; none without a zone, which `date-time` and `time` do not allow."""
        if isinstance(dft, (datetime, time)) and dft.tzinfo is None:
            raise PydanticSerializationError("a moment without a zone")
        return super().encode_default(dft)


def _stored_fields(schema: Any) -> Any:
    return {**schema, "computed_fields": []}


def _closed(found: JsonSchemaValue, schema: Any) -> JsonSchemaValue:
    """Return a class's schema with what becomes of members that it does not name."""
    says_nothing = (
        "extra_fields_behavior" not in schema.get("config", {}) and schema.get("extra_behavior", "ignore") == "ignore"
    )
    if says_nothing and not schema.get("root_model") and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _made_by_pydantic(models: Mapping[str, ModelSchema], mode: JsonSchemaMode) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the name of each table's schema, and all schemas by name; they refer to each other by bare names."""
    classes = [(schema.model, mode) for schema in models.values()]
    roots, found = models_json_schema(classes, ref_template="{model}", schema_generator=_ModelSchemas)
    schemas = {name: _plain(to_jsonable_python(part, fallback=str)) for name, part in found.get("$defs", {}).items()}
    return {table: roots[schema.model, mode]["$ref"] for table, schema in models.items()}, schemas


def _plain(value: Any) -> Any:
    """Return JSON that can be printed: a default may be infinite, a bound wider than 64 bits."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if not _is_endless(inner)}
    if isinstance(value, list):
        return [_plain(inner) for inner in value if not _is_endless(inner)]
    return float(value) if type(value) is int and not INT64_MIN <= value <= INT64_MAX else value


def _is_endless(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _give_id(schema: Schema, *, is_needed: bool | None) -> None:
    """Put the id first, which every record has; `is_needed` says whether it must be there, None leaves that."""
    properties = schema.get("properties", {})
    schema["properties"] = {"id": {}, **properties} | {"id": _proper_id(properties.get("id", ID))}
    if is_needed is None:
        return
    required = [name for name in schema.pop("required", []) if name != "id"]
    if found := ["id", *required] if is_needed else required:
        schema["required"] = found


def _proper_id(schema: Schema) -> Schema:
    """Return the schema of a model's id with what holds for every id, where the model leaves it open."""
    if schema.get("type") == "string" and not schema.keys() & {"pattern", "format", "enum", "const"}:
        return schema | ID_TEXT
    return ID_NUMBER | schema if schema.get("type") == "integer" and not schema.keys() & {"enum", "const"} else schema


def _give_examples(stored: Schema, schema: ModelSchema) -> None:
    """Put the model's examples in as they would be stored, those left out that could not be."""
    examples = []
    for example in stored.pop("examples", []):
        try:
            examples.append(codec.parse(schema.validate(example)))
        except Exception:  # noqa: S112  # a model's own code may raise anything
            continue
    if examples:
        stored["examples"] = examples


def _inside(schema: Any, change: Rewrite) -> Any:
    """Return a schema in which those that stand directly in it are changed; what looks like one in data stays."""
    if not isinstance(schema, dict):
        return schema
    copy = dict(schema)
    for key in MAPS:
        if isinstance(schema.get(key), dict):
            copy[key] = {name: change(child) for name, child in schema[key].items()}
    for key in LISTS:
        if isinstance(schema.get(key), list):
            copy[key] = [change(child) for child in schema[key]]
    for key in SINGLE:
        if isinstance(schema.get(key), dict):
            copy[key] = change(schema[key])
    return copy


def _same(schema: Any) -> Any:
    return schema


def _without_default(schema: Any) -> Any:
    """Return a schema of what is sent. Its defaults are words: clients' types would ask for members that have one."""
    copy = _inside(schema, _without_default)
    if isinstance(copy, dict) and "default" in copy:
        default = copy.pop("default")
        told = f"Without it: `{codec.dump(default).decode()[:100]}`."
        copy["description"] = f"{copy['description']} {told}" if "description" in copy else told
    return copy


def _part(schema: Any) -> Any:
    """Return the schema of what `select` may leave of a value: any member may lack, any element too."""
    return _of_part(_inside(schema, _part))


def _of_part(copy: Any) -> Any:
    if not isinstance(copy, dict):
        return copy
    copy = {key: value for key, value in copy.items() if key not in _OF_WHOLES}
    if "oneOf" in copy:  # a part may fit several
        copy["anyOf"] = [*copy.get("anyOf", []), *copy.pop("oneOf")]
    if "prefixItems" in copy:  # the elements that are left move up
        others = copy.get("items", True)
        copy["items"] = {"anyOf": [*copy.pop("prefixItems"), *([] if others is False else [others])]}
    return copy


def _patch(schema: Any, sent: Mapping[str, str]) -> Any:
    """Return the schema of a merge patch: members may lack or be null, arrays and texts are replaced as a whole."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "array" or "items" in schema or "contentSchema" in schema:
        return _renamed(_without_default({key: value for key, value in schema.items() if key != "default"}), sent)
    copy = _of_part(_inside(schema, lambda child: _patch(child, sent)))
    for key in ("properties", "patternProperties"):
        if key in copy:
            copy[key] = {name: child if name == "id" else _or_null(child) for name, child in copy[key].items()}
    if isinstance(copy.get("additionalProperties"), dict):
        copy["additionalProperties"] = _or_null(copy["additionalProperties"])
    return copy


def _or_null(schema: Any) -> Any:
    """Return a schema that null satisfies too."""
    if not isinstance(schema, dict) or not schema or {"type": "null"} in schema.get("anyOf", ()):
        return schema
    words = {key: schema[key] for key in ("description", "deprecated") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in words}
    return words | {"anyOf": [rest, {"type": "null"}]}


def _not_null(schema: Schema) -> Schema:
    """Return a schema without the null that `_or_null` put beside it."""
    rest = [part for part in schema.get("anyOf", ()) if part != {"type": "null"}]
    if not rest:
        return schema
    words = {key: value for key, value in schema.items() if key != "anyOf"}
    return words | (rest[0] if len(rest) == 1 and isinstance(rest[0], dict) else {"anyOf": rest})


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """Return a schema whose references lead to components; those that do so already stay."""
    copy = _inside(schema, lambda child: _renamed(child, names))
    if not isinstance(copy, dict):
        return copy
    if copy.get("$ref") in names:
        copy["$ref"] = reference(names[copy["$ref"]])["$ref"]
    if isinstance(found := copy.get("discriminator"), dict) and "mapping" in found:
        mapping = {value: reference(names[name])["$ref"] for value, name in found["mapping"].items() if name in names}
        copy["discriminator"] = {**found, "mapping": mapping}
    return copy


def _refers(schema: Any) -> bool:
    """Say whether a schema refers to others."""
    found: list[bool] = []

    def look(child: Any) -> Any:
        found.append(isinstance(child, dict) and "$ref" in child)
        return _inside(child, look)

    look(schema)
    return any(found)


def _alike(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
