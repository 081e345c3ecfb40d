"""Every error answered with its problem document, and the pages that explain the codes."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import FastAPI, Request, Response

from ramekin import errors
from ramekin.api.declared import descriptions
from ramekin.api.http.headers import JSON, accepted
from ramekin.api.http.problems import problem_response, status_of
from ramekin.api.http.requests import read_parameters, request_id
from ramekin.api.routes import add_route, address
from ramekin.values import codec

HTML = "text/html"
_NEGOTIATED = {"vary": "Accept"}


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
    add_route(
        app, "GET", "/problems", list_problems, opens=["/problems"], **descriptions.PROBLEM_KINDS["list_problems"]
    )
    pages = [f"/problems/{code}" for code in known]
    told = descriptions.PROBLEM_KINDS["explain_problem"]
    add_route(app, "GET", "/problems/{code}", explain_problem, opens=pages, **told)


def _explain(error: type[errors.RamekinError]) -> dict[str, Any]:
    return {
        "type": address(f"/problems/{error.code}"),
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
