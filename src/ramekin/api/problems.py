"""Errors as problem documents (RFC 9457), and the pages that explain them.

Here stands the one table from errors to status codes. A problem holds our own sentences only, and at most 2 KiB.
See ``ramekin/errors.py`` for the errors themselves.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from ramekin import codec, errors
from ramekin.api import descriptions
from ramekin.api.headers import JSON, accepted
from ramekin.api.requests import read_parameters, request_id
from ramekin.api.routes import add_route

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS: dict[type[errors.RamekinError], int] = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.BodyTooLarge: 413,
    errors.AddressTooLong: 414,
    errors.UnsupportedMediaType: 415,
    errors.Unprocessable: 422,
    errors.PreconditionRequired: 428,
    errors.RateLimited: 429,
    errors.HeadTooLarge: 431,
    errors.InternalError: 500,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
    errors.MemoryLimit: 507,
}

MEDIA_TYPE = "application/problem+json"
MAX_BYTES = 2048
_MAX_DETAIL = 900
HTML = "text/html"
_NEGOTIATED = {"vary": "Accept"}


def status_of(error: type[errors.RamekinError]) -> int:
    """Return the status of an error: that of the nearest class above it in the table."""
    return next((STATUS[kind] for kind in error.__mro__ if kind in STATUS), 500)


def problem(error: errors.RamekinError, request: str) -> dict[str, Any]:
    """Return an error as a problem document, of at most 2 KiB."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": status_of(type(error)),
        "code": error.code,
        "detail": error.message[:_MAX_DETAIL],
        "instance": request,
    }
    if error.index is not None:
        document["index"] = error.index
    faults = [_entry(fault) for fault in error.faults]
    while faults:
        whole = {**document, "errors": faults}
        if len(codec.dump(whole)) <= MAX_BYTES:
            return whole
        faults.pop()
    return document


def _entry(fault: errors.Fault) -> dict[str, Any]:
    entry: dict[str, Any] = {"pointer": fault.pointer[:300], "detail": fault.detail[:200]}
    return entry | {"line": fault.line} if fault.line else entry


def problem_response(error: errors.RamekinError, request: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response that tells a client of an error."""
    document = problem(error, request)
    extra = dict(headers or {})
    if isinstance(error, errors.BodyTooLarge):
        extra["connection"] = "close"  # the rest of the body is not read
    if isinstance(error, errors.Unauthorized):
        extra["www-authenticate"] = "Bearer"
    if isinstance(error, errors.Unavailable):
        extra.setdefault("retry-after", "1")
    return Response(codec.dump(document), document["status"], extra, MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Answer every error of ours with its problem, and serve the pages that explain the codes."""
    known = {error.code: error for error in errors.all_errors()}

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.RamekinError), "registered for these only"
        return problem_response(error, request_id(request.scope))

    async def list_problems(request: Request) -> Response:
        """List every error code with its status and title."""
        read_parameters(request)
        return _page(request, [_explain(error) for error in known.values()])

    async def explain_problem(code: str, request: Request) -> Response:
        """Say what an error code means and what to do about it."""
        read_parameters(request)
        if code not in known:
            hint = errors.did_you_mean(code, known)
            raise errors.UnknownProblem(f"There is no error code '{errors.shorten(code)}'.{hint}")
        return _page(request, _explain(known[code]))

    app.add_exception_handler(errors.RamekinError, handle)
    add_route(app, "GET", "/problems", list_problems, **descriptions.PROBLEM_KINDS["list_problems"])
    add_route(app, "GET", "/problems/{code}", explain_problem, **descriptions.PROBLEM_KINDS["explain_problem"])


def _explain(error: type[errors.RamekinError]) -> dict[str, Any]:
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": status_of(error),
        "code": error.code,
        "meaning": " ".join((error.__doc__ or "").split()),
        "remedy": error.remedy,
    }


def _page(request: Request, content: dict[str, Any] | list[dict[str, Any]]) -> Response:
    """Return HTML for browsers, JSON for everybody else."""
    if _wants_json(request):
        return Response(codec.dump(content), headers=_NEGOTIATED, media_type=JSON)
    items = content if isinstance(content, list) else [content]
    parts = "".join(
        f"<h2><a href='{item['type']}'>{escape(item['code'])}</a> · {item['status']}</h2>"
        f"<p><b>{escape(item['title'])}.</b> {escape(item['meaning'])}</p><p>{escape(item['remedy'])}</p>"
        for item in items
    )
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}"
    html = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Problems</title><style>{style}</style>{parts}"
    return Response(html, headers=_NEGOTIATED, media_type="text/html; charset=utf-8")


def _wants_json(request: Request) -> bool:
    try:
        return accepted(request, (JSON, HTML)) == JSON
    except errors.NotAcceptable:
        return True
