"""What the OpenAPI document says of each endpoint: parameters that are read strictly, bodies, answers, examples.

FastAPI makes the document from its routes; here stand the words that the routes cannot know. Knows nothing of how
requests are answered; see ``openapi.py`` for how the document is put together.
"""

from __future__ import annotations

from typing import Any

from ramekin.api.headers import CSV, JSON, MERGE_PATCH, NDJSON

RECORD = {"$ref": "#/components/schemas/Record"}
MERGE_PATCH_SCHEMA = {"type": "object", "description": "Members to change; null removes one (RFC 7396)."}
_USER = {"id": "ada", "name": "Ada", "address": {"city": "Paris"}}


def query_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter in the query."""
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
_LIMIT = query_parameter(
    "limit", "Rows of the page.", {"type": "integer", "minimum": 0, "default": 100, "maximum": 10_000}
)
_EXPLAIN = query_parameter("explain", "Add how the answer was found.", {"type": "boolean", "default": False})
_CONDITIONS = {
    "name": "conditions",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Conditions `field[:operator]=value`, all of which hold; `address.city` goes into an object. "
    "Operators: eq (default), ne, gt, gte, lt, lte, in, nin, contains, icontains, startswith, endswith, null, exists.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    "example": {"age:gte": "18", "address.city": "Paris"},
}
_WHERE = query_parameter(
    "where",
    'A query in JSON, besides the conditions: `{"or": [{"age": {"gte": 18}}, {"vip": true}]}`.',
    {"type": "string"},
)
_SORT = query_parameter(
    "sort", "Fields with commas between, `-` in front for descending: `-total,name`.", {"type": "string"}
)
_SELECT = query_parameter("select", "Fields to return, with commas between: `id,address.city`.", {"type": "string"})
_STRICT = _header("Prefer", "`handling=strict`: a field that no record has is an error, not a warning.")
_CURSOR = query_parameter("cursor", "Where the page begins: from the `next` of the page before.", {"type": "string"})
_PAGE = [
    _WHERE,
    _SORT,
    _SELECT,
    _LIMIT,
    _CURSOR,
    query_parameter(
        "offset", "Rows to pass over; not together with `cursor`.", {"type": "integer", "minimum": 0, "default": 0}
    ),
    query_parameter("count", "Add `total`.", {"type": "boolean", "default": False}),
    _EXPLAIN,
    _STRICT,
]
_MANY = [
    _CONDITIONS,
    _WHERE,
    query_parameter("all", "Every record, instead of conditions.", {"type": "boolean", "default": False}),
    query_parameter(
        "max_affected", "Do nothing (409) if more records would change.", {"type": "integer", "minimum": 0}
    ),
]
_ON_CONFLICT = query_parameter(
    "on_conflict",
    "What to do where a record with the id exists.",
    {"type": "string", "enum": ["error", "ignore", "replace", "merge"], "default": "error"},
)
_CSV_TYPES = query_parameter(
    "csv_types", "`text`: every cell of a CSV body is text.", {"type": "string", "enum": ["auto", "text"]}
)
_DELIMITER = query_parameter(
    "delimiter", "What stands between the cells of a CSV body.", {"type": "string", "enum": [",", ";", "tab", "|"]}
)
_LIST = {
    "type": "object",
    "required": ["data", "next"],
    "properties": {
        "data": {"type": "array", "items": RECORD},
        "next": {"type": ["string", "null"], "description": "Path of the next page."},
        "total": {"type": "integer"},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "explain": {
            "type": "object",
            "properties": {
                "access": {"type": "string", "enum": ["id", "index", "scan"]},
                "index": {"type": ["string", "null"]},
                "rows_examined": {"type": "integer"},
                "rows_returned": {"type": "integer"},
                "microseconds": {"type": "integer"},
            },
        },
    },
}
_COUNTS = {
    "type": "object",
    "required": ["matched", "changed"],
    "properties": {"matched": {"type": "integer"}, "changed": {"type": "integer"}},
}
_LIST_EXAMPLE = {"data": [_USER], "next": None}
_TABLE = {"$ref": "#/components/schemas/Table"}
_DEFINITION_EXAMPLE = {
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "email": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"],
    },
    "unique": ["email"],
    "indexes": [{"field": "age", "kind": "sorted"}],
    "require_if_match": False,
}
_HEALTH_EXAMPLE = {"status": "ok", "version": "0.1.0", "engine": "embedded"}

RECORDS = {
    "create_record": _doc(
        "records",
        {201: _answer("Created: the record, or the records in order.", RECORD, _USER), 200: _answer("None was new.")},
        parameters=[_ON_CONFLICT, _CSV_TYPES, _DELIMITER, _header("Prefer", "`return=minimal`: answer with a count.")],
        requestBody={
            "required": True,
            "content": _content({"oneOf": [RECORD, {"type": "array", "items": RECORD}]}, _USER)
            | _content({"type": "string"}, '{"id":"ada"}\n{"id":"grace"}\n', NDJSON)
            | _content({"type": "string"}, "id,name\nada,Ada\n", CSV),
        },
    )
    | {"status_code": 201},
    "list_records": _doc(
        "records",
        {200: _tabular("A page; in id order without `sort`.", _LIST, _LIST_EXAMPLE), 304: _answer("Not modified.")},
        parameters=[_CONDITIONS, *_PAGE],
    ),
    "patch_records": _doc(
        "records",
        {200: _answer("How many were meant, and how many are changed.", _COUNTS, {"matched": 2, "changed": 1})},
        parameters=_MANY,
        requestBody=_body(MERGE_PATCH_SCHEMA, {"address": {"city": "Paris"}}, MERGE_PATCH, JSON),
    ),
    "delete_records": _doc(
        "records",
        {200: _answer("How many were meant and deleted.", _COUNTS, {"matched": 2, "changed": 2})},
        parameters=_MANY,
    ),
    "get_record": _doc(
        "records",
        {200: _answer("The record.", RECORD, _USER), 304: _answer("Not modified.")},
        parameters=[_SELECT, _IF_NONE_MATCH],
    ),
    "put_record": _doc(
        "records",
        {200: _answer("Replaced: the new record.", RECORD, _USER), 201: _answer("Created.", RECORD, _USER)},
        parameters=[
            query_parameter("upsert", "Create the record if it is absent.", {"type": "boolean", "default": False}),
            _IF_MATCH,
            _header("If-None-Match", "`*`: only if the record is absent; else 412."),
        ],
        requestBody=_body(RECORD, _USER),
    ),
    "patch_record": _doc(
        "records",
        {200: _answer("The record as it is now.", RECORD, _USER)},
        parameters=[_IF_MATCH],
        requestBody=_body(MERGE_PATCH_SCHEMA, {"name": "Ada L.", "address": {"zip": None}}, MERGE_PATCH, JSON),
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
        query_parameter(
            "type",
            "Which records without a match are in.",
            {"type": "string", "enum": ["inner", "left", "right", "full"]},
        ),
        query_parameter("as", "What the two sides are called: `employee,manager`.", {"type": "string"}),
        query_parameter(
            "shape",
            "`tree`: records of the first table, each with its matches inside.",
            {"type": "string", "enum": ["pairs", "tree"], "default": "pairs"},
        ),
        _CONDITIONS | {"example": {"users.age:gte": "18", "orders.status": "paid"}},
        *_PAGE,
    ],
)

QUERY = _doc(
    "records",
    {200: _tabular("A page of records, or of groups.", _LIST, {"data": [{"city": "Paris", "n": 3}], "next": None})},
    parameters=[
        _CURSOR,
        _STRICT,
    ],
    requestBody=_body(
        {"$ref": "#/components/schemas/Query"},
        {
            "where": {"age": {"gte": 18}, "or": [{"address.city": "Paris"}, {"address.city": "Lyon"}]},
            "group_by": ["address.city"],
            "aggregate": {"n": "count", "oldest": "max:age"},
            "sort": "-n",
        },
    ),
)

_DATABASE = {"type": "object", "additionalProperties": {"type": "array", "items": RECORD}}
_DATABASE_EXAMPLE = {"users": [_USER], "orders": [{"id": "o1", "user_id": "ada"}]}

DUMP = {
    "dump_table": _doc("whole tables", {200: _tabular("All records.", {"type": "array", "items": RECORD}, [_USER])}),
    "dump_database": _doc("whole tables", {200: _answer("All tables.", _DATABASE, _DATABASE_EXAMPLE)}),
    "load_database": _doc(
        "whole tables",
        {200: _answer("Loaded.", {"type": "object"}, {"loaded": {"users": 1, "orders": 1}})},
        parameters=[
            query_parameter(
                "mode",
                "`replace`: no other record stays; definitions do.",
                {"type": "string", "enum": ["merge", "replace"]},
            ),
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

BACKUP = _doc(
    "tables",
    {
        200: {
            "description": "A SQLite file that `serve --data-dir` can start from.",
            "content": {"application/vnd.sqlite3": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)

TABLES = {
    "list_tables": _doc(
        "tables",
        {200: _answer("All tables.", {"type": "object", "properties": {"tables": {"type": "array", "items": _TABLE}}})},
    ),
    "get_table": _doc("tables", {200: _answer("The table.", _TABLE)}),
    "put_table": _doc(
        "tables",
        {200: _answer("The table, with its new definition.", _TABLE), 201: _answer("The new table.", _TABLE)},
        requestBody=_body({"$ref": "#/components/schemas/Definition"}, _DEFINITION_EXAMPLE),
    ),
    "drop_table": _doc("tables", {204: _answer("Dropped.")}),
}

METRICS = _doc("service", {200: {"description": "Figures in Prometheus's text format.", "content": {"text/plain": {}}}})

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
                    "properties": {
                        "pointer": {"type": "string"},
                        "detail": {"type": "string"},
                        "line": {"type": "integer"},
                    },
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
            "schema": {"type": ["object", "null"], "description": "JSON Schema of its records."},
            "unique": {"type": "array", "items": {"type": "string"}},
            "indexes": {"type": "array", "items": {"type": "object"}},
            "require_if_match": {"type": "boolean"},
        },
    },
    "Definition": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "schema": {"type": ["object", "null"], "description": "JSON Schema (draft 2020-12) of every record."},
            "unique": {"type": "array", "items": {"type": "string"}},
            "indexes": {
                "type": "array",
                "description": "Indexes that stay. Others build themselves and go when nothing uses them.",
                "items": {
                    "type": "object",
                    "required": ["field"],
                    "additionalProperties": False,
                    "properties": {"field": {"type": "string"}, "kind": {"type": "string", "enum": ["hash", "sorted"]}},
                },
            },
            "require_if_match": {"type": "boolean", "description": "Changes of a record must send `If-Match`."},
        },
    },
    "Query": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "where": {"type": "object", "description": "Fields with conditions, and `and`, `or`, `not`."},
            "sort": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "select": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "limit": {"type": "integer", "minimum": 0, "maximum": 10_000},
            "cursor": {"type": "string"},
            "offset": {"type": "integer", "minimum": 0},
            "count": {"type": "boolean"},
            "explain": {"type": "boolean"},
            "group_by": {"type": "array", "items": {"type": "string"}},
            "aggregate": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Names with `count`, `sum:field`, `avg:field`, `min:field` or `max:field`.",
            },
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
