"""Answers as the OpenAPI document has them: their bodies, and the headers that go with each.

Knows nothing of how requests are answered; see ``endpoints/`` for which endpoint gives which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.api.http.headers import CSV, JSON, NDJSON

if TYPE_CHECKING:
    from collections.abc import Sequence

READ = (400, 404, 406, 503, 507)
"""The problems of reading what may not be there, and may take much to find."""

WRITE = (400, 406, 408, 409, 413, 415, 422, 503, 507)
"""The problems of writing what may be new."""

CHANGE = (400, 404, 406, 408, 409, 412, 413, 415, 422, 428, 503, 507)
"""The problems of changing what has to be there."""

PROBLEM_MEDIA = "application/problem+json"
FAULT_MARK = "X-Ramekin-Fault"
GRANT = "X-Ramekin-Grant"
HEADERS: dict[str, Any] = {
    "ETag": ("The tag of what is answered, in double quotes: for `If-Match` and `If-None-Match`.", {"type": "string"}),
    "Location": ("Path of what was created.", {"type": "string", "format": "uri-reference"}),
    "Expires": ("When the record is gone, if it is not to stay.", {"type": "string"}),
    "Link": ('Path of the next page: `<path>; rel="next"`.', {"type": "string"}),
    "X-Total-Count": ("Rows in all, with `count=true`, where the rows stand alone.", {"type": "integer"}),
    "X-Warnings": ("Warnings as a JSON array, where the rows or a record stand alone.", {"type": "string"}),
    "X-Request-Id": ("The request's id: the client's own, or a new one.", {"type": "string"}),
    "Preference-Applied": ("Which preference was followed.", {"type": "string"}),
    "Retry-After": ("Seconds after which to try again.", {"type": "integer"}),
    "WWW-Authenticate": ("Which kind of key is asked for.", {"type": "string", "const": "Bearer"}),
    "RateLimit": ("What is left of the limit: RFC draft `ratelimit-headers`.", {"type": "string"}),
    "RateLimit-Policy": ("The limit of requests.", {"type": "string"}),
    "Content-Disposition": ("A name for the file.", {"type": "string"}),
    FAULT_MARK: ("The number of the rule that this was done by, on purpose.", {"type": "integer"}),
    GRANT: ("What the key may do: its name, `role`, and `tables` if it does not reach all.", {"type": "string"}),
    "Vary": ("Which request headers decide the answer.", {"type": "string"}),
}
"""All headers of answers that say something of them."""

PROBLEM_TITLES = {
    400: ("BadRequest", "It cannot be understood."),
    401: ("Unauthorized", "There is no key, or a wrong or expired one."),
    403: (
        "Forbidden",
        "The key lacks the role or a table; a page of another origin sent it, or it is for another host.",
    ),
    404: ("NotFound", "There is no such table or record."),
    406: ("NotAcceptable", "None of the media types in `Accept` can be produced."),
    408: ("RequestTimeout", "The body stopped on its way, or comes too slowly; nothing was applied."),
    409: ("Conflict", "It contradicts data that is there."),
    410: ("Gone", "What has happened since then is not known any more."),
    412: ("PreconditionFailed", "`If-Match` or `If-None-Match` does not hold."),
    413: ("ContentTooLarge", "The body, or one record in it, is over the limit."),
    415: ("UnsupportedMediaType", "The body has no `Content-Type`, or one that is not read here."),
    422: ("Unprocessable", "It was understood, but breaks the model or a rule."),
    428: ("PreconditionRequired", "The table asks for `If-Match`."),
    429: ("TooManyRequests", "The limit of requests is reached."),
    503: ("Unavailable", "The server cannot answer now; nothing was applied."),
    507: ("InsufficientStorage", "Memory or disk is full; nothing was applied."),
}
"""The name of each problem's response, and when it comes."""

_PROBLEM_HEADERS = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}


_UNCHANGED = ("ETag", "Expires", "Vary")
"""What 304 says of the answer that it stands for, where that says it."""


def headers(names: Sequence[str]) -> dict[str, Any]:
    """Return headers of an answer, as references."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def content(schema: Any, example: Any = None, media: str = JSON) -> dict[str, Any]:
    """Return a body in one media type."""
    return {media: {"schema": schema} | ({} if example is None else {"example": example})}


def answer(description: str, schema: Any = None, example: Any = None, has: Sequence[str] = ()) -> dict[str, Any]:
    """Return an answer, with a body in JSON if it has one, and the names of its headers."""
    told = {"description": description} | ({"headers": headers(has)} if has else {})
    return told | ({} if schema is None else {"content": content(schema, example)})


def tabular(description: str, schema: Any, example: Any = None, has: Sequence[str] = ()) -> dict[str, Any]:
    """Return an answer that also comes as NDJSON and CSV."""
    found = answer(description, schema, example, has)
    found["content"] |= content({"type": "string"}, media=NDJSON) | content({"type": "string"}, media=CSV)
    return found


def unless_known(found: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the answers to a reader who may know already what it asks for: an answer with a tag, or 304."""
    return {200: found, 304: answer("Not modified.", has=[name for name in _UNCHANGED if name in found["headers"]])}


def request_body(schema: Any, example: Any, *media: str) -> dict[str, Any]:
    """Return a request's body, which has to be there."""
    found: dict[str, Any] = {}
    for each in media or (JSON,):
        found |= content(schema, example, each)
    return {"required": True, "content": found}


def optional_body(schema: Any, example: Any) -> dict[str, Any]:
    """Return a request's body in JSON, which may be left out."""
    return {"required": False, "content": content(schema, example)}


def problem_responses(counted: Sequence[str]) -> dict[str, Any]:
    """Return the responses that tell of problems, by their names; `counted` are the headers of a limit of requests."""
    return {
        name: _problem(told, [*_PROBLEM_HEADERS.get(status, ()), *counted])
        for status, (name, told) in PROBLEM_TITLES.items()
    }


def any_problem() -> dict[str, Any]:
    """Return the response for what goes wrong otherwise."""
    return _problem("A fault of the server's own (500), or a request that is no proper HTTP.", ())


def _problem(description: str, has: Sequence[str]) -> dict[str, Any]:
    return {
        "description": f"Refused: {description[0].lower()}{description[1:]}",
        "headers": headers([*has, "X-Request-Id"]),
        "content": {PROBLEM_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
