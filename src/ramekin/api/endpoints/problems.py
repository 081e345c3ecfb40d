"""The pages that explain the codes of errors."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ramekin import errors
from ramekin.api.declared.answers import answer, content
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.shapes import array, reference
from ramekin.api.http.answer import Reply, body_answer
from ramekin.api.http.headers import JSON
from ramekin.api.http.problems import status_of
from ramekin.api.routes import address
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

HTML = "text/html"
_KNOWN = {error.code: error for error in errors.all_errors()}


def _pages(description: str, schema: Any) -> dict[int, Any]:
    found = answer(description, schema, has=["Vary"])
    return {200: found | {"content": found["content"] | content({"type": "string"}, media=HTML)}}


@endpoint(
    "GET",
    "/problems",
    role=None,
    tag="service",
    answers=_pages("All error codes.", array(reference("ProblemKind"))),
    problems=(400,),
    opens=("/problems",),
)
def list_problems(session: Session, asked: Asked[None]) -> Reply:
    """List every error code with its status and title."""
    return _page(asked, [_explain(error) for error in _KNOWN.values()])


@endpoint(
    "GET",
    "/problems/{code}",
    path_example={"code": "record-not-found"},
    role=None,
    tag="service",
    answers=_pages("What it means.", reference("ProblemKind")),
    problems=(400, 404),
    opens=tuple(f"/problems/{code}" for code in _KNOWN),
)
def explain_problem(session: Session, asked: Asked[None]) -> Reply:
    """Say what an error code means and what to do about it."""
    [code] = asked.parts
    if code not in _KNOWN:
        hint = errors.did_you_mean(code, _KNOWN)
        raise errors.UnknownProblem(f"There is no error code '{errors.shorten(code)}'.", hint=hint)
    return _page(asked, _explain(_KNOWN[code]))


def _explain(error: type[errors.RamekinError]) -> dict[str, Any]:
    return {
        "type": address(f"/problems/{error.code}"),
        "title": error.title,
        "status": status_of(error),
        "code": error.code,
        "meaning": " ".join((error.__doc__ or "").split()),
        "remedy": error.remedy,
    }


def _page(asked: Asked[None], told: dict[str, Any] | list[dict[str, Any]]) -> Reply:
    """Return HTML for browsers, JSON for everybody else."""
    headers = {"vary": "Accept"}
    if asked.wishes.accepts == JSON:
        return body_answer(codec.dump(told), headers=headers)
    items = told if isinstance(told, list) else [told]
    parts = "".join(
        f"<h2><a href='{item['type']}'>{escape(item['code'])}</a> · {item['status']}</h2>"
        f"<p><b>{escape(item['title'])}.</b> {escape(item['meaning'])}</p><p>{escape(item['remedy'])}</p>"
        for item in items
    )
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}"
    html = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Problems</title><style>{style}</style>{parts}"
    return body_answer(html.encode(), headers=headers, media=HTML)


ENDPOINTS: Endpoints = (list_problems, explain_problem)
