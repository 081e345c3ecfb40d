"""Faults on purpose over HTTP: the rules are set, told and removed. Served only under `--dev`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ramekin.api.declared.answers import answer, request_body
from ramekin.api.declared.endpoint import Endpoints, dev_endpoint
from ramekin.api.declared.parameters import TABLE_NAME
from ramekin.api.declared.shapes import array, record, whole
from ramekin.api.edge.faults import MAX_DELAY_MS, MAX_PATH, MAX_RULES, METHODS, PATH, Faults
from ramekin.api.http.answer import Reply, bodiless, json_answer
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

_TRUTH = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 10**9}
_DELAY = {"type": "integer", "minimum": 0, "maximum": MAX_DELAY_MS}

_RULE = record(
    {
        "method": {"type": "string", "enum": list(METHODS)},
        "path": {"type": "string", "minLength": 1, "maxLength": MAX_PATH}
        | {"description": "The path as it is sent; `*` stands for anything."},
        "table": TABLE_NAME | {"description": "A table that the path names."},
        "delay_ms": _DELAY | {"description": "How long the request is held up."},
        "jitter_ms": _DELAY | {"description": "Up to how much longer, by chance."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599} | {"description": "Fail it with this status."},
        "drop": _TRUTH | {"description": "Close the connection without an answer."},
        "after_commit": _TRUTH | {"description": "Apply the request first, then fail it."},
        "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1} | {"description": "Which part of them."},
        "every": _COUNT | {"description": "Only each so-manyth of them."},
        "count": _COUNT | {"description": "Only so many of them."},
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1} | {"description": "Makes chance repeat."},
    }
)
_RULES = whole({"rules": array(_RULE) | {"maxItems": MAX_RULES}})
_EXAMPLE = {"rules": [{"method": "POST", "table": "orders", "status": 503, "every": 3, "after_commit": True}]}


@dev_endpoint(
    "GET", PATH, is_of_process=True, answers={200: answer("The rules.", _RULES, _EXAMPLE)}, problems=(400, 406)
)
def get_faults(session: Session, asked: Asked[None]) -> Reply:
    """Return the rules for faults on purpose, as they were sent."""
    return json_answer({"rules": _faults(session).sent})


@dev_endpoint(
    "PUT",
    PATH,
    is_of_process=True,
    answers={200: answer("The rules.", _RULES, _EXAMPLE)},
    problems=(400, 406, 408, 413, 415, 422, 503),
    body=request_body(_RULES, _EXAMPLE),
)
def put_faults(session: Session, asked: Asked[None]) -> Reply:
    """Delay, refuse or drop requests on purpose: the first rule that fits a request, and is due, strikes it."""
    faults = _faults(session)
    faults.set(codec.parse(asked.body))
    return json_answer({"rules": faults.sent})


@dev_endpoint(
    "DELETE", PATH, is_of_process=True, answers={204: answer("There are no rules any more.")}, problems=(400,)
)
def delete_faults(session: Session, asked: Asked[None]) -> Reply:
    """Remove all rules: nothing fails on purpose any more."""
    _faults(session).set({"rules": []})
    return bodiless(204)


def _faults(session: Session) -> Faults:
    faults = session.server.faults
    assert faults is not None, "these endpoints are served only where faults may be asked for"
    return faults


ENDPOINTS: Endpoints = (get_faults, put_faults, delete_faults)
