"""What OpenAPI says of each endpoint, and the schemas of typed tables.

FastAPI makes the document from its routes and their ``descriptions.py``; for every table with a model this module adds
the table's own paths, with its own schema and conditions. Knows nothing of how requests are answered.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from ramekin.api.descriptions import MERGE_PATCH_SCHEMA, RECORD, SCHEMAS, query_parameter
from ramekin.api.routes import API
from ramekin.paths import split_path
from ramekin.query.operand import operators_for
from ramekin.query.predicate import TEXT_OPERATORS
from ramekin.readings import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI

    from ramekin.fields import FieldType
    from ramekin.models import ModelSchema
    from ramekin.schema import RecordSchema

DESCRIPTION = """An in-memory database served over REST.

Records are JSON objects with an `id`, kept in tables. Every error is a problem document (RFC 9457) whose `code` is
explained at `/problems/{code}`. Nothing is ignored in silence. In lists and joins every parameter that is no word of
theirs is a condition; a field that no record has is told in `warnings`, or 400 where the table's schema has no such
field. Elsewhere an unknown parameter is 400.
"""

TAGS = [
    {"name": "records", "description": "One record, or many of one table."},
    {"name": "joins", "description": "Pairs of records from two tables."},
    {"name": "whole tables", "description": "Dumps, loads and batches."},
    {"name": "tables", "description": "Which tables there are."},
    {"name": "service", "description": "Health, and what errors mean."},
]

_PROBLEM = {
    "description": "Refused: a problem document says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def install(app: FastAPI, schemas: Mapping[str, ModelSchema], *, has_keys: bool) -> None:
    """Give the app a document that knows our errors and the typed tables. Made once, when it is first asked for."""
    made: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not made:
            made.append(_make(app, schemas, has_keys=has_keys))
        return made[0]

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _make(app: FastAPI, schemas: Mapping[str, ModelSchema], *, has_keys: bool) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=[*TAGS]
    )
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # FastAPI's own validation error, which is never sent
            operation["responses"]["default"] = _PROBLEM
    document["components"] = {"schemas": deepcopy(SCHEMAS)}
    for place, (table, schema) in enumerate(schemas.items()):
        document["tags"].insert(place, {"name": table, "description": f"Records of the model {schema.title}."})
        _add_typed_table(document, table, schema)
    if has_keys:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _add_typed_table(document: dict[str, Any], table: str, schema: ModelSchema) -> None:
    """Add a table's own paths, made from the general ones: the table's name filled in, the record its own schema."""
    name = schema.title
    own = schema.model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= own.pop("$defs", {})
    document["components"]["schemas"][name] = own
    examples = own.get("examples", [])
    for general in (f"{API}/data/{{table}}", f"{API}/data/{{table}}/{{id}}"):
        path = deepcopy(document["paths"][general])
        for operation in path.values():
            operation["tags"] = [table]
            operation["operationId"] = f"{operation['operationId']}_in_{table}"
            operation["parameters"] = _own_parameters(operation["parameters"], schema)
            _use_schema(operation, name, examples)
        document["paths"][general.replace("{table}", table)] = path


def _own_parameters(parameters: list[dict[str, Any]], schema: RecordSchema) -> list[dict[str, Any]]:
    """Return an endpoint's parameters with the table's name left out and its own conditions put in."""
    own: list[dict[str, Any]] = []
    for parameter in parameters:
        if parameter["name"] == "conditions":
            own += _conditions_of(schema)
        elif parameter["name"] != "table":
            own.append(parameter)
    return own


def _conditions_of(schema: RecordSchema) -> list[dict[str, Any]]:
    """Return a parameter for every field of a schema with every operator that makes sense for it."""
    found = []
    for name in schema.field_names():
        path = split_path(name)
        field = schema.type_of(path)
        if len(path) > 2 or field is None or not field.kinds - {"object", "null"}:
            continue
        for operator in operators_for(field):
            title = name if operator == "eq" else f"{name}:{operator}"
            found.append(query_parameter(title, f"{_SAID[operator]}.", _value_schema(field, operator)))
    return found


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


def _value_schema(field: FieldType, operator: str) -> dict[str, Any]:
    """Return the JSON Schema of a condition's value."""
    if operator in ("null", "exists"):
        return {"type": "boolean"}
    if operator in ("in", "nin", *TEXT_OPERATORS, "contains"):
        return {"type": "string"}
    kinds = field.kinds - {"null", "array", "object"}
    if field.reading == "decimal" or kinds == {"number"}:
        return {"type": "integer" if field.is_integer and operator in ("eq", "ne") else "number"}
    if kinds == {"text"} and (form := next((name for name in FORMATS if FORMATS[name] == field.reading), None)):
        return {"type": "string", "format": form}
    return {"type": "boolean"} if kinds == {"boolean"} else {"type": "string"}


def _use_schema(node: Any, name: str, examples: list[Any]) -> None:
    """Replace the general record's schema by a model's, and the general examples by the model's own."""
    if isinstance(node, dict):
        if node.get("$ref") == RECORD["$ref"]:
            node["$ref"] = f"#/components/schemas/{name}"
        if "example" in node and "schema" in node and node["schema"].get("type") != "string":
            node.pop("example")
            if node["schema"] == MERGE_PATCH_SCHEMA:
                node["example"] = _example_patch(examples)
            elif examples and "$ref" in node["schema"]:
                node["example"] = examples[0]
        for part in node.values():
            _use_schema(part, name, examples)
    elif isinstance(node, list):
        for part in node:
            _use_schema(part, name, examples)


def _example_patch(examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a merge patch of one member of a model's example; without one, a patch that changes nothing."""
    members = examples[0] if examples else {}
    return dict([(name, value) for name, value in members.items() if name != "id"][:1])
