"""The paths of typed tables in the OpenAPI document, made from the general ones.

A table's own paths have its name filled in, the schemas of its model, and a parameter for each condition that makes
sense. Two tables of which one refers to the other have a path for their join. Knows nothing of models; see
``model_schemas.py`` for their components.
"""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any

from ramekin.api.declared.parameters import ID_NUMBER, ID_TEXT, query_parameter
from ramekin.api.declared.shapes import (
    RECORD,
    RECORD_INPUT,
    RECORD_PAGE,
    RECORD_PART,
    RECORD_PATCH,
    join_page,
    record,
    reference,
)
from ramekin.api.endpoints import by_condition, joins, lists
from ramekin.api.http.headers import CSV, JSON
from ramekin.api.openapi.model_schemas import ModelComponents, ModelNames
from ramekin.api.routes import API
from ramekin.formats.csv_table import CsvTable
from ramekin.query.operand import compared, operators_for
from ramekin.query.predicate import TEXT_OPERATORS
from ramekin.schema.fields import FieldType
from ramekin.schema.model_tables import table_name
from ramekin.values import codec
from ramekin.values.comparison import TEXT
from ramekin.values.paths import split_path
from ramekin.values.readings import FORMATS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ramekin.schema.models import ModelSchema
    from ramekin.schema.record_schema import RecordSchema

_KEY = re.compile("(.+?)(?:_id|Id)")

CHANGES_MANY = ("patch", "delete")
"""The methods that take conditions and change what satisfies them, so a page fills in one."""

MAX_STEPS = 2
"""Steps of a field's path up to which its conditions are told one by one."""


def add_typed_tables(document: dict[str, Any], models: Mapping[str, ModelSchema]) -> None:
    """Add the paths and the components of all typed tables to a document that has the general ones."""
    general = list(document["paths"])
    components = ModelComponents(models, document["components"]["schemas"])
    document["components"]["schemas"] |= components.schemas
    ours = [tag["name"] for tag in document["tags"]]
    for place, (table, schema) in enumerate(models.items()):
        tag = table if table not in ours else f"{table} (table)"
        told = f"Records of the model {schema.title}."
        document["tags"].insert(place, {"name": tag, "description": told})
        own = _Typed(table, tag, schema, components.names[table], components.schemas)
        for path in (f"{API}/data/{{table}}", f"{API}/data/{{table}}/{{id}}"):
            operations = {method: own.operation(method, found) for method, found in document["paths"][path].items()}
            document["paths"][path.replace("{table}", table)] = operations
    related = list(dict.fromkeys(_related(models)))
    for left, right in related:
        join = joins.PATH.replace("{table1}", left).replace("{table2}", right)
        names = {table: components.names[table] for table in (left, right)}
        pairs = _typed_join(document["paths"][joins.PATH]["get"], names)
        _name_fields(pairs["parameters"], {table: flat_names(models[table]) for table in names})
        document["paths"][join] = {"get": pairs}
    general_paths = {path: document["paths"][path] for path in general}
    _name_places(general_paths, components, models, related)
    for table in [*models][:1]:
        for path in (f"{API}/data/{{table}}", f"{API}/data/{{table}}/{{id}}"):
            _give_bodies(document["paths"][path], document["paths"][path.replace("{table}", table)])


def _name_places(
    paths: dict[str, Any],
    components: ModelComponents,
    models: Mapping[str, ModelSchema],
    related: Sequence[tuple[str, str]],
) -> None:
    """Fill in what stands in a general path: a table, a record of it, two tables to join."""
    table, *_ = models or [None]
    if table is None:
        return
    records = components.schemas[components.names[table].stored].get("examples", [])
    known: dict[str, str | None] = {"table": table}
    if related:
        left, right = related[0]
        keys = [field for each in (left, right) for field in models[each].fields if _KEY.fullmatch(field)]
        known |= {"table1": left, "table2": right, "key": keys[0]}
    for operations in paths.values():
        for method, operation in operations.items():
            known["id"] = _example_id(records, method)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and (example := known.get(parameter["name"])) is not None:
                    parameter.setdefault("example", example)
                elif parameter["name"] == "conditions" and method in CHANGES_MANY and known["id"] is not None:
                    parameter["example"] = {"id": known["id"]}


def _give_bodies(general: dict[str, Any], own: Mapping[str, Any]) -> None:
    """Give a general path the bodies of the table that is filled in there; the id is the one of the path."""
    for method in {"put", "patch"} & general.keys():
        content = general[method]["requestBody"]["content"]
        for media, told in own[method]["requestBody"]["content"].items():
            if example := told.get("example"):
                content[media]["example"] = {name: value for name, value in example.items() if name != "id"}


def _example_id(examples: Sequence[Mapping[str, Any]], method: str) -> str | None:
    """Return the id that a page fills in, if there is one: of a record that may be there.

    To delete, it is one of which no other example speaks, where a model has three; else the one that the example of a
    new record makes, so that no click takes what nobody has made there.
    """
    spare = examples[1:-1] or examples[-1:]
    named: Mapping[str, Any] = next(iter(spare if method == "delete" else examples), {})
    return str(named["id"]) if "id" in named else None


def _related(models: Mapping[str, ModelSchema]) -> Iterator[tuple[str, str]]:
    """Yield each two tables of which one has a field for the other's id, such as ``user_id``, in both orders."""
    for table, schema in models.items():
        for field in schema.fields:
            if (found := _KEY.fullmatch(field)) is None:
                continue
            owner = table_name("".join(word[:1].upper() + word[1:] for word in found[1].split("_")))
            if owner in models and owner != table:
                yield from ((owner, table), (table, owner))


def _typed_join(general: dict[str, Any], names: Mapping[str, ModelNames]) -> dict[str, Any]:
    """Return the join of two tables, as pairs under their own names: `shape` and `as` are for the general path."""
    own = deepcopy(general)
    left, right = names
    own["operationId"] = f"{own['operationId']}_{left}_and_{right}"
    fixed = ("table1", "table2", "shape", "as")
    own["parameters"] = [parameter for parameter in own["parameters"] if parameter["name"] not in fixed]
    members = {
        table: {"anyOf": [reference(name.stored), reference(name.part), {"type": "null"}]}
        for table, name in names.items()
    }
    media = own["responses"]["200"]["content"][JSON]
    media["schema"] = join_page(record(members))
    media.pop("example")
    return own


def _name_fields(parameters: list[dict[str, Any]], fields: Mapping[str, Sequence[str]]) -> None:
    """Put the fields of both tables where a join's parameters name some, if they are all that can be named."""
    if not all(fields.values()):
        return
    known = [f"{table}.{name}" for table, names in fields.items() for name in names]
    for parameter in parameters:
        if parameter["name"] == "key":
            keys = list(filter(_KEY.fullmatch, chain(*fields.values())))
            parameter["schema"] = parameter["schema"] | {"examples": keys}
            parameter["example"] = keys[0]
        elif parameter["name"] == "sort":
            parameter["schema"] = _listed(known, is_signed=True)
        elif parameter["name"] == "select":
            parameter["schema"] = _listed([*fields, *known])


class _Typed:
    """What one typed table makes of general operations."""

    def __init__(
        self, table: str, tag: str, schema: ModelSchema, names: ModelNames, schemas: Mapping[str, Any]
    ) -> None:
        self._table, self._tag, self._schema = table, tag, schema
        self._stored = schemas[names.stored]
        self._examples = self._stored.get("examples", [])
        self._meant = {
            RECORD["$ref"]: reference(names.stored)["$ref"],
            RECORD_INPUT["$ref"]: reference(names.sent)["$ref"],
            RECORD_PART["$ref"]: reference(names.part)["$ref"],
            RECORD_PATCH["$ref"]: reference(names.patch)["$ref"],
            RECORD_PAGE["$ref"]: reference(names.page)["$ref"],
        }

    def operation(self, method: str, general: dict[str, Any]) -> dict[str, Any]:
        """Return a table's own operation."""
        own = deepcopy(general)
        own["tags"] = [self._tag]
        own["operationId"] = f"{own['operationId']}_in_{self._table}"
        words = lists.WORDS if method == "get" else by_condition.WORDS
        own["parameters"] = self._parameters(own["parameters"], words, method)
        for answer in own["responses"].values():
            self._fill(answer)
        if "requestBody" in own:
            self._fill(own["requestBody"], is_new=method == "post")
        return own

    def _parameters(
        self, parameters: list[dict[str, Any]], words: Collection[str], method: str
    ) -> list[dict[str, Any]]:
        """Return an endpoint's parameters with the table's name left out and its own conditions put in, last.

        There may be a hundred conditions, and a page that shows them first hides the few words of a list.
        """
        own: list[dict[str, Any]] = []
        conditions: list[dict[str, Any]] = []
        known = _example_id(self._examples, method)
        example = {} if known is None else {"example": known}
        for parameter in parameters:
            if parameter["name"] == "conditions":
                conditions = conditions_of(self._schema, words)
                for each in conditions:
                    if each["name"] == "id" and method in CHANGES_MANY:
                        each |= example  # without a condition every record would be meant
            elif parameter["name"] == "id":
                own.append(parameter | {"schema": self._id()} | example)
            elif parameter["name"] in ("sort", "select") and (names := flat_names(self._schema)):
                own.append(parameter | {"schema": _listed(names, is_signed=parameter["name"] == "sort")})
            elif parameter["name"] != "table":
                own.append(parameter)
        return own + conditions

    def _id(self) -> dict[str, Any]:
        own = self._stored["properties"]["id"]
        if "format" in own:
            return {"type": "string", "format": own["format"]}
        kinds = (self._schema.type_of(("id",)) or FieldType()).kinds
        known = [form for kind, form in (("text", ID_TEXT), ("number", ID_NUMBER)) if kind in kinds]
        return known[0] if len(known) == 1 else {"anyOf": [ID_TEXT, ID_NUMBER]}

    def _fill(self, node: dict[str, Any], *, is_new: bool = False) -> None:
        """Put the model's schemas and examples in place of the general ones.

        A model's first example is a record that may be there, its last one that may not.
        """
        examples = self._examples[-1:] if is_new else self._examples[:1]
        for media, told in node.get("content", {}).items():
            if told["schema"].get("type") == "string":
                if told.pop("example", None) and examples:
                    told["example"] = self._as_text(media, examples)
                continue
            is_patch = told["schema"].get("$ref") == RECORD_PATCH["$ref"]
            told["schema"] = self._own(told["schema"])
            if "example" in told:
                told |= self._example(told.pop("example"), examples, is_patch=is_patch)

    def _as_text(self, media: str, examples: Sequence[dict[str, Any]]) -> str:
        """Return records as a body of NDJSON or CSV."""
        if media != CSV:
            return "".join(f"{codec.dump(example).decode()}\n" for example in examples)
        names = list(dict.fromkeys(name for example in examples for name in example))
        table = CsvTable(names, self._schema.columns)
        return (table.header() + table.rows(examples)).decode().replace("\r\n", "\n")

    def _own(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: self._meant.get(value, value) if key == "$ref" else self._own(value) for key, value in node.items()
            }
        return [self._own(item) for item in node] if isinstance(node, list) else node

    def _example(
        self, general: dict[str, Any], examples: Sequence[dict[str, Any]], *, is_patch: bool
    ) -> dict[str, Any]:
        """Return the example that stands in place of a general one, or nothing."""
        if not examples:
            return {"example": {}} if is_patch else {}
        if "data" in general:
            return {"example": {"data": examples[:1], "next": None}}
        if set(general) == {"matched", "changed"}:
            return {"example": general}
        if is_patch:
            members = [(name, value) for name, value in examples[0].items() if name != "id"]
            return {"example": dict(members[:1])}
        return {"example": examples[0]}


def flat_names(schema: RecordSchema) -> list[str]:
    """Return the fields of a schema if they are all that can be named: each has a scalar, and there are no others."""
    names = schema.field_names()
    fields = [schema.type_of(split_path(name)) for name in names]
    is_flat = all(field and field.kinds and not field.kinds & {"array", "object"} for field in fields)
    return list(names) if is_flat and schema.type_of(("",)) is None else []


def _listed(names: Sequence[str], *, is_signed: bool = False) -> dict[str, Any]:
    """Return the schema of text with some of these names and commas between.

    An array of names would say it better, but clients that are generated send one as several parameters.
    """
    return {"type": "string", "pattern": _list_of(f"{'-?' * is_signed}({'|'.join(map(re.escape, names))})")}


def _list_of(item: str) -> str:
    return f"^{item}(,{item})*$"


def conditions_of(schema: RecordSchema, words: Collection[str]) -> list[dict[str, Any]]:
    """Return a parameter for every field of a schema with every operator that makes sense for it.

    Args:
        words: those that mean something else in this place; a field of that name is asked for with its operator.
    """
    found = []
    for name in schema.field_names():
        path = split_path(name)
        field = schema.type_of(path)
        if len(path) > MAX_STEPS or field is None or (field.kinds and not field.kinds - {"object", "null"}):
            continue
        needs_operator = name in words or ":" in name
        for operator in operators_for(field):
            kinds = compared(path, operator, schema).kinds
            if operator in _WITH_ANY_VALUE and kinds and not kinds - {"array", "object", "null"}:
                continue  # no text of an address is read as an array
            title = name if operator == "eq" and not needs_operator else f"{name}:{operator}"
            found.append(query_parameter(title, f"{_SAID[operator]}.", _value_schema(field, operator)))
    return found


_WITH_ANY_VALUE = ("eq", "ne", "in", "nin", "contains")

_SAID = {
    "eq": "Equal to the value",
    "ne": "Not equal to the value, or not there",
    "gt": "Greater than the value",
    "gte": "The value or greater",
    "lt": "Less than the value",
    "lte": "The value or less",
    "in": "One of the values, with commas between",
    "nin": "None of the values, with commas between",
    "contains": "Has this part, or this element",
    "icontains": "Has this part, upper and lower case alike",
    "startswith": "Begins with this text",
    "endswith": "Ends with this text",
    "null": "Null or missing (`true`), or not (`false`)",
    "exists": "There, even as null (`true`), or not (`false`)",
}


_LISTS = {
    "string": {"pattern": r"^(?!\[)"},
    "boolean": {"pattern": _list_of("(true|false)")},
    "integer": {"pattern": _list_of(r"-?(0|[1-9][0-9]{0,17})")},
    "number": {"pattern": _list_of(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")},
    "uuid": {"pattern": _list_of("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")},
}
"""Which texts are lists of values, by their form; a JSON array is one too."""


def _form(schema: Mapping[str, Any]) -> str:
    return "" if "enum" in schema else str(schema.get("format", schema["type"]))


def _value_schema(field: FieldType, operator: str) -> dict[str, Any]:
    """Return the JSON Schema of a condition's value."""
    if operator in ("null", "exists"):
        return {"type": "boolean"}
    if operator in ("in", "nin"):
        return {"type": "string"} | _LISTS.get(_form(_value_schema(field, "eq")), {"minLength": 1})
    if operator in (*TEXT_OPERATORS, "contains"):
        return {"type": "string"}
    kinds = field.kinds - {"null", "array", "object"}
    if operator in ("eq", "ne") and kinds == field.listed - {"null"} == {"text"}:
        return {"type": "string", "enum": sorted(value for kind, value in field.values if kind == TEXT)}
    if field.reading == "decimal" or kinds == {"number"}:
        is_whole = field.is_integer and field.reading != "decimal" and operator in ("eq", "ne")
        return {"type": "integer" if is_whole else "number"}
    if kinds == {"text"} and (form := next((name for name in FORMATS if FORMATS[name] == field.reading), None)):
        return {"type": "string", "format": form}
    return {"type": "boolean"} if kinds == {"boolean"} else {"type": "string"}
