"""Branches over HTTP: they are made, told of and dropped. Served only under `--dev`.

What is done on a branch goes to the same endpoints as everywhere, below `/b/{branch}`; see ``wire/`` for who takes that
off, and ``database/branches.py`` for what a branch is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ramekin.api.declared.answers import answer, optional_body
from ramekin.api.declared.endpoint import Endpoints, dev_endpoint
from ramekin.api.declared.parameters import TABLE_NAME, flag
from ramekin.api.declared.shapes import array, record, whole
from ramekin.api.http.answer import Reply, bodiless, json_answer
from ramekin.api.routes import API, address
from ramekin.clock import as_text
from ramekin.database.branches import MAIN, Branch, Branches, check_branch_name
from ramekin.errors import InvalidBranch, at, check_members
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

MAX_TTL_S = 366 * 24 * 60 * 60
MEMBERS = ("from", "ttl_s")

_ONE = f"{API}/branches/{{branch}}"
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "integer"}
_NAME = {"type": "string"}

BRANCH = whole(
    {
        "name": _NAME,
        "from": {"type": ["string", "null"], "description": "What it was made from; null for `main`."},
        "created_at": _TIME,
        "expires_at": _TIME | {"type": ["string", "null"], "description": "When it goes by itself."},
        "tables": _COUNT,
        "records": _COUNT,
        "own_bytes": _COUNT | {"description": "Memory that it takes beside what it shares with others."},
    }
)
_EXAMPLE = {
    "name": "checkout",
    "from": "main",
    "created_at": "2026-11-27T09:00:00.000Z",
    "expires_at": "2026-11-27T09:10:00.000Z",
    "tables": 2,
    "records": 600,
    "own_bytes": 0,
}


@dev_endpoint(
    "GET",
    f"{API}/branches",
    answers={200: answer("All branches, `main` first.", whole({"branches": array(BRANCH)}))},
    problems=(400, 406),
)
def list_branches(session: Session, asked: Asked[None]) -> Reply:
    """Return all branches; `main`, which is the database itself, is the first."""
    return json_answer({"branches": [describe(branch) for branch in _branches(session).all()]})


@dev_endpoint(
    "GET",
    _ONE,
    path_example={"branch": "main"},
    answers={200: answer("The branch.", BRANCH, _EXAMPLE)},
    problems=(400, 404, 406),
)
def get_branch(session: Session, asked: Asked[None]) -> Reply:
    """Return what is told of a branch."""
    return json_answer(describe(_branches(session).get(*asked.parts)))


@dev_endpoint(
    "PUT",
    _ONE,
    path_example={"branch": "draft"},
    answers={
        201: answer("The new branch.", BRANCH, _EXAMPLE, ["Location"]),
        200: answer("The branch, made anew.", BRANCH, _EXAMPLE),
    },
    problems=(400, 404, 406, 408, 409, 413, 415, 422, 503, 507),
    parameters=[flag("replace", "Make it anew where it is there, from its source as that is now.")],
    body=optional_body(
        record(
            {
                "from": TABLE_NAME | {"description": "The branch that it is made from; `main` if it is not said."},
                "ttl_s": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_TTL_S}
                | {"description": "Seconds after which it is gone; without, it stays until the server stops."},
            }
        ),
        {"from": "main", "ttl_s": 600},
    ),
)
def put_branch(session: Session, asked: Asked[None]) -> Reply:
    """Make a branch: all tables as they are now, to be changed by itself. That takes no time, whatever they hold."""
    [name] = asked.parts
    check_branch_name(name)
    source, ttl_s = _read(asked.body)
    is_replacing = asked.words.get("replace", False)
    with at("from"):
        _branches(session).get(source)
    branch, is_new = _branches(session).make(name, source, ttl_s, is_replacing=is_replacing)
    location = {"location": address(f"{API}/branches/{quote(name)}")} if is_new else {}
    return json_answer(describe(branch), 201 if is_new else 200, location)


@dev_endpoint(
    "DELETE", _ONE, path_example={"branch": "draft"}, answers={204: answer("Dropped.")}, problems=(400, 404, 409)
)
def drop_branch(session: Session, asked: Asked[None]) -> Reply:
    """Drop a branch with all that was written to it.

    The example is the branch that the example of PUT makes.
    """
    _branches(session).drop(*asked.parts)
    return bodiless(204)


def _branches(session: Session) -> Branches:
    branches = session.server.branches
    assert branches is not None, "these endpoints are served only where there are branches"
    return branches


def _read(body: bytes) -> tuple[str, float | None]:
    """Return what a new branch is made from, and how many seconds it stays. Raises InvalidBranch."""
    value = codec.parse(body) if body else {}
    if not isinstance(value, dict):
        raise InvalidBranch('What is said of a branch is an object, such as {"from": "main", "ttl_s": 600}.').within()
    check_members(value, MEMBERS, InvalidBranch, "A branch")
    source, ttl_s = value.get("from", MAIN), value.get("ttl_s")
    if not isinstance(source, str):
        raise InvalidBranch("'from' is the name of a branch.").within("from")
    with at("from"):
        check_branch_name(source)
    if ttl_s is not None and not (type(ttl_s) in (int, float) and 0 < ttl_s <= MAX_TTL_S):
        raise InvalidBranch(f"'ttl_s' is a number of seconds above 0, at most {MAX_TTL_S}.").within("ttl_s")
    return source, ttl_s


def describe(branch: Branch) -> dict[str, Any]:
    """Return a branch as the API shows it."""
    database, expires_ms = branch.database, branch.expires_ms
    tables = database.engine.tables
    totals = tables.totals()
    return {
        "name": branch.name,
        "from": None if branch.name == MAIN else branch.source,
        "created_at": as_text(branch.created_ms),
        "expires_at": None if expires_ms is None else as_text(expires_ms),
        "tables": totals.tables,
        "records": totals.records,
        "own_bytes": tables.memory().own_bytes,
    }


ENDPOINTS: Endpoints = (list_branches, get_branch, put_branch, drop_branch)
