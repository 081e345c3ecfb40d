"""What OpenAPI says of each endpoint, and the schemas of typed tables.

FastAPI makes the document from its routes; this module holds the words that the routes cannot know (parameters that
are read strictly from the query, bodies, examples) and adds, for every table with a model, its own paths with its own
schema. Knows nothing of how requests are answered.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from ramekin.api.requests import CSV, JSON, MERGE_PATCH, NDJSON
from ramekin.api.routes import API

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from ramekin.schema import RecordSchema

DESCRIPTION = """An in-memory database served over REST.

Records are JSON objects with an `id`, kept in tables. Every error is a problem document (RFC 9457) whose `code` is
explained at `/problems/{code}`. Nothing is ignored in silence: an unknown parameter is a 400.
"""

TAGS = [
    {"name": "records", "description": "One record, or many of one table."},
    {"name": "joins", "description": "Pairs of records from two tables."},
    {"name": "whole tables", "description": "Dumps, loads and batches."},
    {"name": "tables", "description": "Which tables there are."},
    {"name": "service", "description": "Health, and what errors mean."},
]

_RECORD = {"$ref": "#/components/schemas/Record"}
_USER = {"id": "ada", "name": "Ada", "address": {"city": "Paris"}}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


def _content(schema: Any, example: Any = None, media: str = JSON) -> dict[str, Any]:
    return {media: {"schema": schema} | ({} if example is None else {"example": example})}


def _answer(description: str, schema: Any = None, example: Any = None) -> dict[str, Any]:
    return {"description": description} | ({} if schema is None else {"content": _content(schema, example)})


def _tabular(description: str, schema: Any, example: Any = None) -> dict[str, Any]:
    """Return an answer that also comes as NDJSON and CSV."""
    content = _content(schema, example)
    return {
        "description": description,
        "content": content | _content({"type": "string"}, media=NDJSON) | _content({"type": "string"}, media=CSV),
    }


def _body(schema: Any, example: Any, *media: str) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for kind in media or (JSON,):
        content |= _content(schema, example, kind)
    return {"required": True, "content": content}


def _doc(tag: str, answers: dict[int | str, Any], **extra: Any) -> dict[str, Any]:
    return {"tags": [tag], "responses": answers, "status_code": min(int(s) for s in answers), "openapi_extra": extra}


_IF_MATCH = _header("If-Match", "Do it only if the record's tag is this one (or `*`: if it exists); else 412.")
_IF_NONE_MATCH = _header("If-None-Match", "Answer 304 if the tag is still this one.")
_LIMIT = _query("limit", "Rows of the page.", {"type": "integer", "minimum": 0, "default": 100, "maximum": 10_000})
_PAGE = [
    _LIMIT,
    _query("cursor", "Where the page begins: from the `next` of the page before.", {"type": "string"}),
    _query("offset", "Rows to pass over; not together with `cursor`.", {"type": "integer", "minimum": 0, "default": 0}),
    _query("count", "Add `total`.", {"type": "boolean", "default": False}),
]
_ON_CONFLICT = _query(
    "on_conflict",
    "What to do where a record with the id exists.",
    {"type": "string", "enum": ["error", "ignore", "replace", "merge"], "default": "error"},
)
_CSV_TYPES = _query(
    "csv_types", "`text`: every cell of a CSV body is text.", {"type": "string", "enum": ["auto", "text"]}
)
_LIST = {
    "type": "object",
    "required": ["data", "next"],
    "properties": {
        "data": {"type": "array", "items": _RECORD},
        "next": {"type": ["string", "null"], "description": "Path of the next page."},
        "total": {"type": "integer"},
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
}
_LIST_EXAMPLE = {"data": [_USER], "next": None}
_TABLE = {"$ref": "#/components/schemas/Table"}
_HEALTH_EXAMPLE = {"status": "ok", "version": "0.1.0", "engine": "embedded"}

RECORDS = {
    "create_record": _doc(
        "records",
        {201: _answer("Created: the record, or the records in order.", _RECORD, _USER), 200: _answer("None was new.")},
        parameters=[_ON_CONFLICT, _CSV_TYPES, _header("Prefer", "`return=minimal`: answer with a count.")],
        requestBody={
            "required": True,
            "content": _content({"oneOf": [_RECORD, {"type": "array", "items": _RECORD}]}, _USER)
            | _content({"type": "string"}, '{"id":"ada"}\n{"id":"grace"}\n', NDJSON)
            | _content({"type": "string"}, "id,name\nada,Ada\n", CSV),
        },
    )
    | {"status_code": 201},
    "list_records": _doc("records", {200: _tabular("A page, in id order.", _LIST, _LIST_EXAMPLE)}, parameters=_PAGE),
    "get_record": _doc(
        "records",
        {200: _answer("The record.", _RECORD, _USER), 304: _answer("Not modified.")},
        parameters=[
            _query("select", "Fields to return, with commas between: `id,address.city`.", {"type": "string"}),
            _IF_NONE_MATCH,
        ],
    ),
    "put_record": _doc(
        "records",
        {200: _answer("Replaced: the new record.", _RECORD, _USER), 201: _answer("Created.", _RECORD, _USER)},
        parameters=[
            _query("upsert", "Create the record if it is absent.", {"type": "boolean", "default": False}),
            _IF_MATCH,
            _header("If-None-Match", "`*`: only if the record is absent; else 412."),
        ],
        requestBody=_body(_RECORD, _USER),
    ),
    "patch_record": _doc(
        "records",
        {200: _answer("The record as it is now.", _RECORD, _USER)},
        parameters=[_IF_MATCH],
        requestBody=_body({"type": "object"}, {"name": "Ada L.", "address": {"zip": None}}, MERGE_PATCH, JSON),
    ),
    "delete_record": _doc("records", {204: _answer("Deleted.")}, parameters=[_IF_MATCH]),
}

JOIN = _doc(
    "joins",
    {
        200: _tabular(
            "Pairs: an object per pair with a member per table.",
            {"type": "object", "required": ["data", "next", "join"]},
            {
                "data": [{"users": {"id": "ada"}, "orders": {"id": "o1", "user_id": "ada"}}],
                "next": None,
                "join": {"on": "users.id = orders.user_id", "type": "inner"},
            },
        )
    },
    parameters=[
        _query(
            "type",
            "Which records without a match are in.",
            {"type": "string", "enum": ["inner", "left", "right", "full"]},
        ),
        _query("as", "What the two sides are called: `employee,manager`.", {"type": "string"}),
        *_PAGE,
    ],
)

_DATABASE = {"type": "object", "additionalProperties": {"type": "array", "items": _RECORD}}
_DATABASE_EXAMPLE = {"users": [_USER], "orders": [{"id": "o1", "user_id": "ada"}]}

DUMP = {
    "dump_table": _doc("whole tables", {200: _tabular("All records.", {"type": "array", "items": _RECORD}, [_USER])}),
    "dump_database": _doc("whole tables", {200: _answer("All tables.", _DATABASE, _DATABASE_EXAMPLE)}),
    "load_database": _doc(
        "whole tables",
        {200: _answer("Loaded.", {"type": "object"}, {"loaded": {"users": 1, "orders": 1}})},
        parameters=[
            _query("mode", "`replace`: nothing else stays.", {"type": "string", "enum": ["merge", "replace"]}),
        ],
        requestBody=_body(_DATABASE, _DATABASE_EXAMPLE),
    ),
}

BATCH = _doc(
    "whole tables",
    {
        200: _answer(
            "All were applied.",
            {"type": "object"},
            {"results": [{"status": 201, "id": "ada", "etag": '"0f3a"', "record": _USER}]},
        )
    },
    requestBody=_body(
        {"$ref": "#/components/schemas/Batch"},
        {
            "operations": [
                {"op": "create", "table": "users", "record": {"id": "grace", "name": "Grace"}},
                {"op": "patch", "table": "users", "id": "ada", "record": {"name": "Ada L."}},
                {"op": "delete", "table": "orders", "id": "o1"},
            ]
        },
    ),
)

TABLES = {
    "list_tables": _doc(
        "tables",
        {200: _answer("All tables.", {"type": "object", "properties": {"tables": {"type": "array", "items": _TABLE}}})},
    ),
    "get_table": _doc("tables", {200: _answer("The table.", _TABLE)}),
    "drop_table": _doc("tables", {204: _answer("Dropped.")}),
}

HEALTH = _doc(
    "service",
    {200: _answer("Ready.", {"type": "object"}, _HEALTH_EXAMPLE), 503: _answer("Not ready.", {"type": "object"})},
)

SCHEMAS: dict[str, Any] = {
    "Record": {
        "type": "object",
        "description": "A JSON object. Without an `id` it gets a UUID.",
        "properties": {"id": {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 255}, {"type": "integer"}]}},
        "additionalProperties": True,
        "example": _USER,
    },
    "Problem": {
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "description": "Address of a page about this kind of error."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "description": "The request's id."},
            "index": {"type": "integer", "description": "Which record of a bulk or operation of a batch failed."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                },
            },
        },
    },
    "Table": {
        "type": "object",
        "required": ["name", "records", "bytes", "revision", "schema", "unique", "indexes", "require_if_match"],
        "properties": {
            "name": {"type": "string"},
            "records": {"type": "integer"},
            "bytes": {"type": "integer", "description": "Bytes of the records' JSON."},
            "revision": {"type": "integer"},
            "schema": {"type": ["object", "null"], "description": "JSON Schema of the table's model."},
            "unique": {"type": "array", "items": {"type": "string"}},
            "indexes": {"type": "array", "items": {"type": "object"}},
            "require_if_match": {"type": "boolean"},
        },
    },
    "Batch": {
        "type": "object",
        "required": ["operations"],
        "additionalProperties": False,
        "properties": {
            "operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["op", "table"],
                    "additionalProperties": False,
                    "properties": {
                        "op": {"type": "string", "enum": ["create", "upsert", "replace", "patch", "delete"]},
                        "table": {"type": "string"},
                        "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                        "record": {"type": "object"},
                        "if_match": {"type": "string"},
                    },
                },
            }
        },
    },
}

_PROBLEM = {
    "description": "Refused: a problem document says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def install(app: FastAPI, schemas: Mapping[str, RecordSchema], *, has_keys: bool) -> None:
    """Give the app a document that knows our errors and the typed tables. Made once, when it is first asked for."""
    made: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not made:
            made.append(_make(app, schemas, has_keys=has_keys))
        return made[0]

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _make(app: FastAPI, schemas: Mapping[str, RecordSchema], *, has_keys: bool) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=[*TAGS]
    )
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # FastAPI's own validation error, which is never sent
            operation["responses"]["default"] = _PROBLEM
    document["components"] = {"schemas": deepcopy(SCHEMAS)}
    for place, (table, schema) in enumerate(schemas.items()):
        document["tags"].insert(place, {"name": table, "description": f"Records of the model {schema.model.__name__}."})
        _add_typed_table(document, table, schema)
    if has_keys:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _add_typed_table(document: dict[str, Any], table: str, schema: RecordSchema) -> None:
    """Add a table's own paths, made from the general ones: the table's name filled in, the record its own schema."""
    name = schema.model.__name__
    own = schema.model.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= own.pop("$defs", {})
    document["components"]["schemas"][name] = own
    examples = own.get("examples", [])
    for general in (f"{API}/data/{{table}}", f"{API}/data/{{table}}/{{id}}"):
        path = deepcopy(document["paths"][general])
        for operation in path.values():
            operation["tags"] = [table]
            operation["operationId"] = f"{operation['operationId']}_in_{table}"
            operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "table"]
            _use_schema(operation, name, examples)
        document["paths"][general.replace("{table}", table)] = path


def _use_schema(node: Any, name: str, examples: list[Any]) -> None:
    """Replace the general record's schema by a model's, and the general examples by the model's own."""
    if isinstance(node, dict):
        if node.get("$ref") == _RECORD["$ref"]:
            node["$ref"] = f"#/components/schemas/{name}"
        if "example" in node and "schema" in node and node["schema"].get("type") != "string":
            node.pop("example")
            if examples and "$ref" in node["schema"]:
                node["example"] = examples[0]
        for part in node.values():
            _use_schema(part, name, examples)
    elif isinstance(node, list):
        for part in node:
            _use_schema(part, name, examples)
