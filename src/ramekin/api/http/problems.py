"""Errors as problem documents (RFC 9457).

Here stands the one table from errors to status codes. A problem holds our own sentences only, and at most 2 KiB.
See ``errors/`` for the errors themselves, and ``endpoints/problems.py`` for the pages that explain them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ramekin import errors
from ramekin.api.http.answer import Answer, body_answer
from ramekin.api.routes import page_address
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Mapping


STATUS: dict[type[errors.RamekinError], int] = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
    errors.BodyTooSlow: 408,
    errors.HeadTooSlow: 408,
    errors.Conflict: 409,
    errors.ChangesGone: 410,
    errors.PreconditionFailed: 412,
    errors.BodyTooLarge: 413,
    errors.AddressTooLong: 414,
    errors.UnsupportedMediaType: 415,
    errors.RangeNotSatisfiable: 416,
    errors.Unprocessable: 422,
    errors.PreconditionRequired: 428,
    errors.RateLimited: 429,
    errors.HeadTooLarge: 431,
    errors.InternalError: 500,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    errors.MemoryLimit: 507,
    errors.TooManyTables: 507,
    errors.TooManyBranches: 507,
    errors.OnPurpose: 503,
}

TOLD: Counter[str] = Counter()
"""How often this process has told of each error, by its code."""

MEDIA_TYPE = "application/problem+json"
MAX_BYTES = 2048
_MAX_DETAIL = 900


def status_of(error: type[errors.RamekinError]) -> int:
    """Return the status of an error: that of the nearest class above it in the table."""
    for cls in error.__mro__:
        if cls in STATUS:
            return STATUS[cls]
    return 500


def problem(error: errors.RamekinError, request: str) -> dict[str, Any]:
    """Return an error as a problem document, of at most 2 KiB."""
    document: dict[str, Any] = {
        "type": page_address(f"/problems/{error.code}"),
        "title": error.title,
        "status": status_of(type(error)),
        "code": error.code,
        "detail": error.message[:_MAX_DETAIL],
        "instance": request,
    }
    if error.index is not None:
        document["index"] = error.index
    faults = [_entry(fault) for fault in (error.placed() if error.place else error).faults]
    while faults:
        whole = {**document, "errors": faults}
        if len(codec.dump(whole)) <= MAX_BYTES:
            return whole
        faults.pop()
    return document


def _entry(fault: errors.Fault) -> dict[str, Any]:
    entry: dict[str, Any] = {"in": fault.part} if fault.part else {}
    entry |= {"pointer": fault.pointer[:300], "detail": fault.detail[:200]}
    return entry | {"line": fault.line} if fault.line else entry


def on_purpose(status: int, rule: int, request: str) -> Answer:
    """Return the answer of a request that fails on purpose, with any status."""
    document = problem(errors.OnPurpose(f"Rule {rule} of `GET /api/v1/faults` has this request fail."), request)
    headers = {"retry-after": "1"} if status in (429, 503) else {}
    return body_answer(codec.dump(document | {"status": status}), status, headers, MEDIA_TYPE)


def problem_answer(error: errors.RamekinError, request: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer that tells a client of an error."""
    TOLD[error.code] += 1
    document = problem(error, request)
    extra = dict(headers or {})
    if isinstance(error, errors.BodyTooLarge | errors.Unauthorized):
        extra["connection"] = "close"  # the rest of a body is not read; whoever guesses keys connects for each
    if isinstance(error, errors.Unauthorized):
        extra["www-authenticate"] = "Bearer"
    if isinstance(error, errors.Unavailable):
        extra.setdefault("retry-after", "1")
    return body_answer(codec.dump(document), document["status"], extra, MEDIA_TYPE)
