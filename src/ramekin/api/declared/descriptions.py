"""What the OpenAPI document says of each endpoint: parameters that are read strictly, bodies, answers, problems.

FastAPI makes the document from its routes; here stand the words that the routes cannot know. Knows nothing of how
requests are answered; see ``openapi/document.py`` for how the document is put together.
"""

from __future__ import annotations

from typing import Any

from ramekin.api.declared.answers import answer, body, content, tabular
from ramekin.api.declared.parameters import (
    CONDITIONS,
    CURSOR,
    IF_ABSENT,
    IF_MATCH,
    IF_NONE_MATCH,
    LIST,
    MANY,
    MINIMAL,
    SELECT,
    STRICT,
    flag,
    word,
)
from ramekin.api.declared.shapes import (
    RECORD,
    RECORD_INPUT,
    RECORD_PAGE,
    RECORD_PATCH,
    SELECTED,
    USER,
    array,
    reference,
)
from ramekin.api.http.headers import CSV, JSON, MERGE_PATCH, NDJSON
from ramekin.api.routes import Document
from ramekin.database.join_request import SHAPES
from ramekin.database.operations import CONFLICT_RULES
from ramekin.formats.delimited import DELIMITERS
from ramekin.query.join import JOIN_TYPES

READ = (400, 404, 406)
"""The problems of reading what may not be there."""

WRITE = (400, 406, 408, 409, 413, 415, 422, 503, 507)
"""The problems of writing what may be new."""

CHANGE = (400, 404, 406, 408, 409, 412, 413, 415, 422, 428, 503, 507)
"""The problems of changing what has to be there."""


def _doc(tag: str, answers: dict[int, Any], problems: tuple[int, ...], **more: Any) -> dict[str, Any]:
    """Return what `add_route` is told of an endpoint."""
    return {"tags": [tag], "document": Document(answers, problems, **more)}


_NOT_MODIFIED = answer("Not modified.", has=["ETag"])
_LIST_NOT_MODIFIED = answer("Not modified.", has=["ETag", "Vary"])
_LIST_HEADERS = ["ETag", "Vary", "Link", "X-Total-Count", "X-Warnings"]
_DEFINITION = {
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "email": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"],
    },
    "unique": ["email"],
    "indexes": [{"field": "age", "kind": "sorted"}],
    "require_if_match": False,
}
_HEALTH = {"status": "ok", "version": "0.1.0", "engine": "embedded"}

RECORDS = {
    "create_record": _doc(
        "records",
        {
            201: answer(
                "Created: the record, or the records in order, or with `return=minimal` their number.",
                {"oneOf": [RECORD, array(RECORD), reference("Count")]},
                USER,
                ["ETag", "Location", "Preference-Applied"],
            ),
            200: answer(
                "None was new: what is stored, as above.",
                {"oneOf": [RECORD, array(RECORD), reference("Count")]},
                has=["ETag", "Preference-Applied"],
            ),
        },
        (*WRITE, 428),
        parameters=[
            word(
                "on_conflict",
                "What to do where a record with the id exists; `error` if it is not said.",
                enum=list(CONFLICT_RULES),
            ),
            word("csv_types", "`text`: every cell of a CSV body is text. For CSV alone.", enum=["auto", "text"]),
            word("delimiter", "What stands between the cells of a CSV body. For CSV alone.", enum=list(DELIMITERS)),
            MINIMAL,
        ],
        request_body={
            "required": True,
            "content": content({"oneOf": [RECORD_INPUT, array(RECORD_INPUT)]}, USER)
            | content({"type": "string"}, '{"id":"ada"}\n{"id":"grace"}\n', NDJSON)
            | content({"type": "string"}, "id,name\nada,Ada\n", CSV),
        },
    ),
    "list_records": _doc(
        "records",
        {
            200: tabular(
                "A page; in id order without `sort`.", RECORD_PAGE, {"data": [USER], "next": None}, _LIST_HEADERS
            ),
            304: _LIST_NOT_MODIFIED,
        },
        (*READ, 422),
        parameters=[CONDITIONS, *LIST],
    ),
    "patch_records": _doc(
        "records",
        {
            200: answer(
                "How many were meant, and how many are changed.", reference("Changes"), {"matched": 2, "changed": 1}
            )
        },
        tuple(status for status in CHANGE if status != 412),
        parameters=MANY,
        request_body=body(RECORD_PATCH, {"address": {"city": "Paris"}}, MERGE_PATCH, JSON),
    ),
    "delete_records": _doc(
        "records",
        {200: answer("How many were meant and deleted.", reference("Changes"), {"matched": 2, "changed": 2})},
        (*READ, 409, 415, 428, 503),
        parameters=MANY,
    ),
    "get_record": _doc(
        "records",
        {
            200: answer("The record, or with `select` a part of it.", SELECTED, USER, ["ETag", "Vary", "X-Warnings"]),
            304: _LIST_NOT_MODIFIED,
        },
        (*READ, 412),
        parameters=[SELECT, IF_MATCH, IF_NONE_MATCH, STRICT],
    ),
    "put_record": _doc(
        "records",
        {
            200: answer("Replaced: the new record.", RECORD, USER, ["ETag"]),
            201: answer("Created.", RECORD, USER, ["ETag", "Location"]),
        },
        CHANGE,
        parameters=[flag("upsert", "Create the record if it is absent."), IF_MATCH, IF_ABSENT],
        request_body=body(RECORD_INPUT, USER),
    ),
    "patch_record": _doc(
        "records",
        {200: answer("The record as it is now.", RECORD, USER, ["ETag"])},
        CHANGE,
        parameters=[IF_MATCH, IF_ABSENT],
        request_body=body(RECORD_PATCH, {"name": "Ada L.", "address": {"zip": None}}, MERGE_PATCH, JSON),
    ),
    "delete_record": _doc(
        "records", {204: answer("Deleted.")}, (400, 404, 412, 415, 428, 503), parameters=[IF_MATCH, IF_ABSENT]
    ),
}

JOIN = _doc(
    "joins",
    {
        200: tabular(
            "Pairs: an object per pair with a member per table. Or, with `shape=tree`, records with their matches.",
            reference("JoinPage"),
            {
                "data": [{"users": {"id": "ada"}, "orders": {"id": "o1", "user_id": "ada"}}],
                "next": None,
                "join": {"on": "users.id = orders.user_id", "type": "inner"},
            },
            _LIST_HEADERS,
        ),
        304: _LIST_NOT_MODIFIED,
    },
    (*READ, 422),
    parameters=[
        word("type", "Which records without a match are in; none if it is not said.", enum=list(JOIN_TYPES)),
        word("as", "What the two sides are called: `employee,manager`."),
        word(
            "shape",
            "`tree`: records of the first table, each with its matches inside; `pairs` if it is not said.",
            enum=list(SHAPES),
        ),
        CONDITIONS | {"example": {"users.age:gte": "18", "orders.status": "paid"}},
        *LIST,
    ],
)

QUERY = _doc(
    "records",
    {
        200: tabular(
            "A page of records, or of groups.",
            reference("RowPage"),
            {"data": [{"city": "Paris", "n": 3}], "next": None},
            ["Vary", "Link", "X-Total-Count", "X-Warnings"],
        )
    },
    (*READ, 408, 413, 415, 422),
    parameters=[CURSOR, STRICT],
    request_body=body(
        reference("Query"),
        {
            "where": {"age": {"gte": 18}, "or": [{"address.city": "Paris"}, {"address.city": "Lyon"}]},
            "group_by": ["address.city"],
            "aggregate": {"n": "count", "oldest": "max:age"},
            "sort": "-n",
        },
    ),
)

_DATABASE = {"pets": [{"id": "rex", "name": "Rex"}], "homes": [{"id": "h1", "pet_id": "rex"}]}

DUMP = {
    "dump_table": _doc(
        "whole tables",
        {200: tabular("All records.", array(RECORD), [USER], ["ETag", "Vary"]), 304: _LIST_NOT_MODIFIED},
        READ,
        parameters=[IF_NONE_MATCH],
    ),
    "dump_database": _doc(
        "whole tables",
        {200: answer("All tables.", reference("Dump"), _DATABASE, ["ETag"]), 304: _NOT_MODIFIED},
        (400, 406),
        parameters=[IF_NONE_MATCH],
    ),
    "load_database": _doc(
        "whole tables",
        {200: answer("Loaded.", reference("Loaded"), {"loaded": {"pets": 1, "homes": 1}})},
        WRITE,
        parameters=[
            word(
                "mode",
                "`replace`: no other record stays; definitions do. `merge` if it is not said.",
                enum=["merge", "replace"],
            )
        ],
        request_body=body(reference("Load"), _DATABASE),
    ),
}

BATCH = _doc(
    "whole tables",
    {
        200: answer(
            "All were applied.",
            reference("BatchResults"),
            {"results": [{"status": 201, "id": "rex", "etag": '"0f3a"', "record": {"id": "rex", "name": "Rex"}}]},
        )
    },
    CHANGE,
    request_body=body(
        reference("Batch"),
        {
            "operations": [
                {"op": "create", "table": "pets", "record": {"id": "rex", "name": "Rex"}},
                {"op": "patch", "table": "pets", "id": "rex", "record": {"age": 3}},
                {"op": "upsert", "table": "homes", "id": "h1", "record": {"pet_id": "rex"}},
            ]
        },
    ),
)

BACKUP = _doc(
    "tables",
    {
        200: answer("A SQLite file that `serve --data-dir` can start from.", has=["Content-Disposition"])
        | {"content": content({"type": "string", "format": "binary"}, media="application/vnd.sqlite3")}
    },
    (400, 415, 503, 507),
)

TABLES = {
    "list_tables": _doc(
        "tables",
        {200: answer("All tables.", reference("Tables"), has=["ETag"]), 304: _NOT_MODIFIED},
        (400, 406),
        parameters=[IF_NONE_MATCH],
    ),
    "get_table": _doc(
        "tables",
        {200: answer("The table.", reference("Table"), has=["ETag"]), 304: _NOT_MODIFIED},
        READ,
        parameters=[IF_NONE_MATCH],
    ),
    "put_table": _doc(
        "tables",
        {
            200: answer("The table, with its new definition.", reference("Table")),
            201: answer("The new table.", reference("Table"), has=["Location"]),
        },
        WRITE,
        request_body=body(reference("Definition"), _DEFINITION),
    ),
    "drop_table": _doc("tables", {204: answer("Dropped.")}, (400, 404, 415, 503)),
}

METRICS = _doc(
    "service",
    {
        200: {
            "description": "Figures in Prometheus's text format.",
            "content": content({"type": "string"}, media="text/plain"),
        }
    },
    (400,),
)

HEALTH = _doc(
    "service",
    {
        200: answer("Ready.", reference("Health"), _HEALTH),
        503: answer("Not ready.", reference("Health"), has=["Retry-After"]),
    },
    (400,),
)
ALIVE = _doc("service", {200: answer("The process runs.", reference("Health"), _HEALTH)}, (400,))

_HTML = content({"type": "string"}, media="text/html")


def _page(description: str, schema: Any) -> dict[int, Any]:
    found = answer(description, schema, has=["Vary"])
    return {200: found | {"content": found["content"] | _HTML}}


PROBLEM_KINDS = {
    "list_problems": _doc("service", _page("All error codes.", array(reference("ProblemKind"))), (400,)),
    "explain_problem": _doc("service", _page("What it means.", reference("ProblemKind")), (400, 404)),
}
