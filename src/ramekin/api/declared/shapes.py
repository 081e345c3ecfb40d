"""The schemas of what is sent and answered, as components of the OpenAPI document.

Those of typed tables are made from their models; see ``model_schemas.py``. Knows no endpoints.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ramekin.api.declared.parameters import ID_NUMBER, ID_TEXT, NAMES, SORTED_NAMES, TABLE_NAME, TAGS
from ramekin.database.defining import MAX_NAMED
from ramekin.database.lifetimes import NEVER
from ramekin.database.operations import OPS
from ramekin.query.aggregate import FUNCTIONS
from ramekin.query.join import JOIN_TYPES
from ramekin.query.operand import MAX_LISTED
from ramekin.query.predicate import OPERATORS, ORDERINGS, TEXT_OPERATORS
from ramekin.schema.bounds import MAX_LIFETIME_S, MOST, SIZE

USER = {"id": "ada", "name": "Ada", "address": {"city": "Paris"}}
"""The record of examples."""

ID: dict[str, Any] = {**ID_TEXT, **ID_NUMBER, "type": ["string", "integer"]}
ANY_OBJECT = {"type": "object", "additionalProperties": True}
TEXTS = {"type": "array", "items": {"type": "string"}}


def reference(name: str) -> dict[str, Any]:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Any) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def record(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    """Return the schema of an object with these members and no others."""
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return found | ({"required": list(required)} if required else {})


def whole(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the schema of an object that has each of these members and no others."""
    return record(properties, *properties, **more)


RECORD, RECORD_INPUT = reference("Record"), reference("RecordInput")
RECORD_PART, RECORD_PATCH = reference("RecordPart"), reference("RecordPatch")
RECORD_PAGE = reference("RecordPage")
SELECTED = {"anyOf": [RECORD, RECORD_PART]}
"""A record, or with `select` a part of it."""


def page(items: Any) -> dict[str, Any]:
    """Return the schema of a page of rows."""
    return record(
        {
            "data": array(items),
            "next": {"type": ["string", "null"], "description": "Path of the next page."},
            "total": {"type": "integer", "description": "Rows in all, with `count=true`."},
            "warnings": TEXTS | {"description": "What may not be as it was meant."},
            "explain": reference("Explanation"),
        },
        *("data", "next"),
    )


def join_page(rows: Any) -> dict[str, Any]:
    """Return the schema of a page of a join."""
    found = page(rows)
    found["properties"]["join"] = whole(
        {
            "on": {"type": ["string", "null"], "description": "What was compared: `users.id = orders.user_id`."},
            "type": {"type": "string", "enum": list(JOIN_TYPES)},
        }
    )
    return found | {"required": ["data", "next", "join"]}


_EXPLANATION = whole(
    {
        "access": {"type": "string", "enum": ["id", "index", "scan"]},
        "index": {"type": ["string", "null"], "description": "The field whose index was used."},
        "rows_examined": {"type": "integer"},
        "rows_returned": {"type": "integer"},
        "microseconds": {"type": "integer"},
    },
    description="How an answer was found.",
)

_PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "Address of a page about this kind of error."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs, and stable."},
        "detail": {"type": "string", "description": "What was wrong."},
        "instance": {"type": "string", "description": "The request's id."},
        "index": {"type": "integer", "description": "Which record of a bulk or operation of a batch failed."},
        "errors": array(
            {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "in": {
                        "enum": ["path", "query", "header", "records"],
                        "description": "The part of the request; its body if it is not said. Of `records` that are "
                        "there a pointer begins with the id.",
                    },
                    "pointer": {"type": "string", "description": "A JSON pointer into this part, by names."},
                    "detail": {"type": "string"},
                    "line": {"type": "integer", "description": "Where in the text it is."},
                },
            }
        ),
    },
}

_PROBLEM_KIND = whole(
    {
        **{name: {"type": "string"} for name in ("type", "title", "code", "meaning", "remedy")},
        "status": {"type": "integer"},
    },
    description="What an error code means.",
)

_INDEX_KIND = {"type": "string", "enum": ["hash", "sorted"]}
_JSON_SCHEMA = {"type": ["object", "null"], "additionalProperties": True}

_COUNT = {"type": ["integer", "null"]}

_TABLE_MEMBERS = {
    "name": {"type": "string"},
    "records": {"type": "integer"},
    "bytes": {"type": "integer", "description": "Bytes of the records' JSON."},
    "revision": {"type": "integer", "description": "Grows with every write."},
    "schema": _JSON_SCHEMA | {"description": "JSON Schema of its records."},
    "model": {"type": ["string", "null"], "description": "Name of the model that defines it, so that no `PUT` can."},
    "unique": TEXTS,
    "indexes": array(
        whole(
            {
                "field": {"type": "string"},
                "kind": _INDEX_KIND,
                "pinned": {"type": "boolean"},
                "bytes": {"type": "integer"},
            }
        )
    ),
    "require_if_match": {"type": "boolean"},
    "expire_after_s": {
        "type": ["integer", "null"],
        "description": "Seconds after its write in which a record goes.",
    },
    "expiring": {"type": "integer", "description": "Records that have a due time."},
    "max_records": _COUNT | {"description": "Records of a cache at the most: others give way to new ones."},
    "max_bytes": _COUNT | {"description": "Bytes of its records' JSON at the most."},
    "evicted": _COUNT | {"description": "Records that gave way; null where it is no cache."},
    "hits": _COUNT | {"description": "Reads of single records since the start that found one."},
    "misses": _COUNT | {"description": "Those that found none."},
}
_TABLE = {"type": "object", "required": [*_TABLE_MEMBERS], "properties": _TABLE_MEMBERS}

_DEFINITION = record(
    {
        "schema": _JSON_SCHEMA | {"description": "JSON Schema (draft 2020-12) of every record."},
        "unique": array({"type": "string", "minLength": 1})
        | {"uniqueItems": True, "maxItems": MAX_NAMED, "description": "Fields in which no two records have one value."},
        "indexes": array(record({"field": {"type": "string", "minLength": 1}, "kind": _INDEX_KIND}, "field"))
        | {
            "maxItems": MAX_NAMED,
            "description": "Indexes that stay. Others build themselves and go when nothing uses them.",
        },
        "require_if_match": {"type": "boolean", "description": "Changes of a record must send `If-Match`."},
        "expire_after_s": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_LIFETIME_S}
        | {"description": "A record is gone so many seconds after its last write, unless that says `ttl`."},
        "max_records": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST}
        | {"description": "The table is a cache: over so many records, those not read or written for long give way."},
        "max_bytes": {
            "oneOf": [
                {"type": ["integer", "null"], "minimum": 1, "maximum": MOST},
                {"type": "string", "pattern": SIZE},
            ],
            "description": "The same for bytes of the records' JSON; a text may have a unit: `64MiB`.",
        },
    }
)


def _names(text: str, **each: Any) -> dict[str, Any]:
    """Return the schema of names: as one text, of this pattern, or as an array."""
    return {"oneOf": [{"type": "string", "pattern": text}, array({"type": "string", **each})]}


_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_ANYTHING = {"type": [*_SCALAR["type"], "array", "object"], "items": {}, "additionalProperties": True}
_ORDERED, _LISTED = {"type": ["string", "number"]}, {"type": "array", "items": {}, "maxItems": MAX_LISTED}
_TEXT, _TRUTH = {"type": "string"}, {"type": "boolean"}
_OPERANDS = {
    **dict.fromkeys(OPERATORS, _ANYTHING),
    **dict.fromkeys(ORDERINGS, _ORDERED),
    **dict.fromkeys(("in", "nin"), _LISTED),
    **dict.fromkeys(TEXT_OPERATORS, _TEXT),
    **dict.fromkeys(("null", "exists"), _TRUTH),
}
_COMPARED = [_SCALAR, {"type": "array", "items": {}}, reference("Operators")]
_JOINED = [array(reference("Where")), _SCALAR, reference("Operators")]
_NEGATED = reference("Where") | {"not": {"minProperties": 1, "propertyNames": {"enum": list(OPERATORS)}}}
_WHERE = {
    "type": "object",
    "description": "Fields, each with a value or with operators. `and`, `or` and `not` join, and are fields elsewhere.",
    "properties": {"and": {"anyOf": _JOINED}, "or": {"anyOf": _JOINED}, "not": {"anyOf": [_NEGATED, *_COMPARED]}},
    "additionalProperties": {"anyOf": _COMPARED},
}

_QUERY = record(
    {
        "where": reference("Where"),
        "sort": _names(SORTED_NAMES, pattern="[^-]"),
        "select": _names(NAMES, minLength=1),
        "limit": {"type": "integer", "minimum": 0},  # the running server's maximum is added
        "cursor": {"type": "string", "minLength": 1},
        "offset": {"type": "integer", "minimum": 0, "description": "Not together with `cursor`."},
        "count": {"type": "boolean"},
        "explain": {"type": "boolean"},
        "group_by": TEXTS | {"description": "Not together with `select`."},
        "aggregate": {
            "type": "object",
            "additionalProperties": {"type": "string", "pattern": f"^({'|'.join(FUNCTIONS)})"},
            "description": "Names with `count`, `sum:field`, `avg:field`, `min:field` or `max:field`.",
        },
    },
    dependentSchemas={name: {"properties": {"select": False}} for name in ("group_by", "aggregate")},
)


def _op(*ops: str) -> dict[str, Any]:
    """Return the schema of these operations."""
    return {"properties": {"op": {"enum": list(ops)}}}


_OPERATION = record(
    {
        "op": {"type": "string", "enum": list(OPS)},
        "table": TABLE_NAME,
        "id": ID,
        "record": ANY_OBJECT
        | {"description": "Every operation but `delete` has one; of `patch` a merge patch.", "properties": {"id": ID}},
        "if_match": {"type": "string", "pattern": TAGS, "description": "As the header `If-Match`."},
        "ttl": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_LIFETIME_S}, {"const": NEVER}],
            "description": "Seconds after which the record is gone.",
        },
    },
    *("op", "table"),
    allOf=[
        {
            "if": _op("delete"),
            "then": {"properties": {"record": False, "ttl": False}},
            "else": {"required": ["record"]},
        },
        {"if": _op("create"), "then": {"properties": {"if_match": False}}},
        {"if": _op("replace", "patch", "delete"), "then": {"required": ["id"]}},
        {
            "if": _op("upsert"),
            "then": {"anyOf": [{"required": ["id"]}, {"properties": {"record": {"required": ["id"]}}}]},
        },
    ],
)

_RESULT = whole(
    {
        "status": {"type": "integer", "enum": [200, 201, 204]},
        "id": ID,
        "etag": {"type": ["string", "null"]},
        "record": {"anyOf": [RECORD, {"type": "null"}]},
    }
)

_HEALTH = record(
    {
        "status": {"type": "string", "description": "`ok`, `starting`, `draining`, or what the engine suffers from."},
        "version": {"type": "string"},
        "engine": {"type": "string"},
        "tables": {"type": "integer"},
        "records": {"type": "integer"},
        "memory_bytes": {"type": "integer"},
        "memory_limit_bytes": {"type": ["integer", "null"]},
        "uptime_seconds": {"type": "number"},
        "guarantees": whole(
            {
                "is_durable": {"type": "boolean", "description": "What is written outlives the process."},
                "is_shared": {"type": "boolean", "description": "Other processes write the same tables."},
                "acknowledged_by": {
                    "enum": ["process", "system", "disk", "primary", "replicas"],
                    "description": "Who has a write when it is answered.",
                },
                "reads": {
                    "enum": ["fresh", "local"],
                    "description": "Whether a request finds what any process has answered, or what has come here.",
                },
            }
        ),
        "behind_steps": {"type": "integer", "description": "Writes of others that have not come here yet."},
        "silent_seconds": {"type": "number", "description": "Seconds since the nodes were heard."},
        "reason": {"type": "string", "description": "What is in the way."},
        "warnings": {"type": "array", "items": {"type": "string"}, "description": "What is amiss, or soon may be."},
    },
    *("status", "version", "engine"),
)

_HAPPENED = {
    "position": {"type": "string", "description": "Where to go on behind it; the same for all that was done together."},
    "at": {"type": "string", "format": "date-time"},
    "table": TABLE_NAME,
}
_CHANGE = {
    "description": "What happened to a record, or to a whole table.",
    "oneOf": [
        whole(
            {
                **_HAPPENED,
                "op": {"type": "string", "enum": ["create", "replace", "delete", "expire", "evict"]},
                "id": ID,
                "record": {"anyOf": [RECORD, {"type": "null"}], "description": "What stands after it."},
            }
        ),
        whole({**_HAPPENED, "op": {"type": "string", "enum": ["load", "define", "drop"]}}),
    ],
}

_SCHEMAS: dict[str, Any] = {
    "Record": ANY_OBJECT | {"description": "A record as it is stored.", "properties": {"id": ID}, "required": ["id"]},
    "RecordInput": ANY_OBJECT
    | {"description": "A record to store. Without an `id` it gets a UUID.", "properties": {"id": ID}, "example": USER},
    "RecordPart": ANY_OBJECT | {"description": "The fields of a record that `select` names.", "properties": {"id": ID}},
    "RecordPatch": ANY_OBJECT | {"description": "Members to change; null removes one (RFC 7396)."},
    "RecordPage": page(SELECTED),
    "Row": ANY_OBJECT | {"description": "A record, a part of it, or a group with its figures."},
    "RowPage": page(reference("Row")),
    "Pair": {
        "type": "object",
        "description": "A member for each table: its record, null where it has none.",
        "additionalProperties": {"anyOf": [*SELECTED["anyOf"], {"type": "null"}]},
    },
    "Tree": ANY_OBJECT | {"description": "With `shape=tree`: a record, with its matches in a member of their own."},
    "JoinPage": join_page({"anyOf": [reference("Pair"), reference("Tree")]}),
    "Explanation": _EXPLANATION,
    "Count": whole({"count": {"type": "integer"}}, description="How many records are stored."),
    "Changes": whole(
        {"matched": {"type": "integer"}, "changed": {"type": "integer"}},
        description="How many records were meant, and how many are changed.",
    ),
    "Dump": {"type": "object", "additionalProperties": array(RECORD), "description": "All tables, by name."},
    "Load": {"type": "object", "propertyNames": TABLE_NAME, "additionalProperties": array(RECORD_INPUT)}
    | {"description": "Tables, by name."},
    "Loaded": whole({"loaded": {"type": "object", "additionalProperties": {"type": "integer"}}}),
    "Operation": _OPERATION,
    "Batch": whole({"operations": array(reference("Operation"))}),
    "Result": _RESULT,
    "BatchResults": whole({"results": array(reference("Result"))}),
    "Table": _TABLE,
    "Tables": whole({"tables": array(reference("Table"))}),
    "Change": _CHANGE,
    "ChangesPage": record(
        {
            "data": array(reference("Change")),
            "next": {"type": "string", "description": "Path of what comes behind it, now or later."},
            "latest": {"type": "string", "description": "The position of the last step that has happened."},
            "warnings": TEXTS | {"description": "What may not be as it was meant."},
        },
        *("data", "next", "latest"),
    ),
    "Definition": _DEFINITION,
    "Query": _QUERY,
    "Where": _WHERE,
    "Operators": record(_OPERANDS, minProperties=1, description="Operators with what they compare with; all hold."),
    "Problem": _PROBLEM,
    "ProblemKind": _PROBLEM_KIND,
    "Health": _HEALTH,
}


def schemas() -> dict[str, Any]:
    """Return all components of our own, by name; the caller may change them."""
    return deepcopy(_SCHEMAS)
