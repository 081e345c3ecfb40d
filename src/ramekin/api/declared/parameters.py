"""Parameters in the query and in headers, as the OpenAPI document has them.

What they mean when they are left out is said in words: generated clients send a `default`, and what is sent counts
(`offset=0` does not go with a cursor). Examples stand in schemas: Swagger UI sends any other by itself. Knows nothing
of how they are read; see ``http/query_string.py`` and ``http/headers.py`` for that, ``endpoints/`` for who takes which.
"""

from __future__ import annotations

from typing import Any

from ramekin.query.predicate import OPERATORS
from ramekin.schema import definition
from ramekin.values.ids import INT64_MAX, INT64_MIN

_TAG = r'(W/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*"'
TAGS = rf"^(\s*\*\s*|[\s,]*{_TAG}(\s*,[\s,]*{_TAG})*[\s,]*)$"
"""Which texts are entity tags, or stand for any."""

_ESCAPED = r"\\([\s\S]|$)"
JOIN_KEY = rf"^([^=\\]|{_ESCAPED})+(=([^=\\]|{_ESCAPED})+)?$"
"""Which texts are a field of two tables, or one of each: an equals sign in a name has a backslash before it."""

TABLE_NAME = {"type": "string", "pattern": f"^{definition.TABLE_NAME}$"}
ID_TEXT = {"type": "string", "pattern": r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f/]{1,255}$"}
ID_NUMBER = {"type": "integer", "minimum": INT64_MIN, "maximum": INT64_MAX}
PATH: dict[str, dict[str, Any]] = {
    "id": {"description": "The record's id: its text.", "schema": {"anyOf": [ID_TEXT, ID_NUMBER]}},
    **{name: {"description": "The table's name.", "schema": TABLE_NAME} for name in ("table", "table1", "table2")},
    "key": {"schema": {"type": "string", "pattern": JOIN_KEY}},
    "branch": {"description": "The branch's name; `main` is the database itself.", "schema": TABLE_NAME},
    "code": {"schema": {"type": "string"}},
}
"""What is said of what stands in a path. A list of types Swagger UI takes for an array."""

_LETTER = r"[^,\\]"
_NAME = rf"({_LETTER}|{_ESCAPED})+"
_SORTED = rf"-*([^-,\\]|{_ESCAPED})({_LETTER}|{_ESCAPED})*"
NAMES, SORTED_NAMES = rf"^{_NAME}(,{_NAME})*$", rf"^{_SORTED}(,{_SORTED})*$"
"""Which texts are names with commas between: a comma in a name has a backslash before it."""


def query_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter in the query."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def header_parameter(name: str, description: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    """Return a parameter in a header."""
    told = {"required": False, "description": description, "schema": schema | {"examples": [example]}}
    return {"name": name, "in": "header"} | told


def word(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """Return a parameter that is text."""
    return query_parameter(name, description, {"type": "string", **schema})


def flag(name: str, description: str) -> dict[str, Any]:
    """Return a parameter that is true or false, and false when it is left out."""
    return query_parameter(name, description, {"type": "boolean"})


def whole(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """Return a parameter that is a whole number."""
    return query_parameter(name, description, {"type": "integer", "minimum": 0, **schema})


def _tags(name: str, description: str) -> dict[str, Any]:
    told = f"{description} Entity tags in double quotes, as `ETag` has them, with commas between."
    return header_parameter(name, told, {"type": "string", "pattern": TAGS}, '"0f3a5c7e9b1d"')


IF_MATCH = _tags("If-Match", "Only if the record's tag is one of these, or, with `*`, if it exists; else 412.")
IF_NONE_MATCH = _tags("If-None-Match", "Answer 304 if the tag is still one of these.")
IF_ABSENT = _tags("If-None-Match", "Only if the record's tag is none of these, or, with `*`, if it is absent.")
MINIMAL = header_parameter(
    "Prefer", "`return=minimal`: answer with a count instead of records.", {"type": "string"}, "return=minimal"
)
STRICT = header_parameter(
    "Prefer", "`handling=strict`: what would be a warning is a 400.", {"type": "string"}, "handling=strict"
)

SELECT = word(
    "select",
    "Fields to return, with commas between: `id,address.city`. The record then has these alone.",
    pattern=NAMES,
)
TTL = word(
    "ttl",
    "Seconds after which what is written is gone; `none`: never. Without it the table's `expire_after_s` counts, and a "
    "patch leaves what the record had.",
    pattern="^([1-9][0-9]{0,9}|none)$",
)
CURSOR = word("cursor", "Where the page begins: from the `next` of the page before.", minLength=1)
WHERE = word(
    "where",
    'A query in JSON, besides the conditions: `{"or": [{"age": {"gte": 18}}, {"vip": true}]}`.',
    # No `contentMediaType`: Swagger UI would ask for a file.
    contentSchema={"$ref": "#/components/schemas/Where"},
)
LIMIT = whole("limit", "Rows of the page.")  # what it is without, and at the most, the running server adds
CONDITIONS = {
    "name": "conditions",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Conditions `field[:operator]=value`, all of which hold; `address.city` goes into an object. "
    'On the documentation page: `{"age:gte": "18", "address.city": "Paris"}`. '
    "Operators: eq (default), ne, gt, gte, lt, lte, in, nin, contains, icontains, startswith, endswith, null, exists. "
    "A field that is called like another parameter is written with its operator: `limit:eq=5`. "
    "An address has at most 100 parameters.",
    "schema": {
        "type": "object",
        "propertyNames": {"pattern": rf"^([^:]*|[\s\S]*:({'|'.join(OPERATORS)}))$"},
        "patternProperties": {":(null|exists)$": {"type": "string", "enum": ["true", "false"]}},
        "additionalProperties": {"type": "string"},
    },
    "example": {},  # or Swagger UI invents some
}

LIST = [
    WHERE,
    word("sort", "Fields with commas between, `-` in front for descending: `-total,name`.", pattern=SORTED_NAMES),
    SELECT,
    LIMIT,
    CURSOR,
    whole("offset", "Rows to pass over; not together with `cursor`."),
    flag("count", "Add `total`."),
    flag("explain", "Add how the answer was found."),
    STRICT,
    IF_NONE_MATCH,
]
"""What every list takes besides its conditions."""

MANY = [
    CONDITIONS,
    WHERE,
    flag("all", "Every record, instead of conditions."),
    whole("max_affected", "Do nothing (409) if more records would change."),
]
"""What changes by condition take."""
