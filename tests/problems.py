"""How tests look at an error: the status, the code, and what every error has in common."""

from __future__ import annotations

from typing import Any

NOWHERE = {
    *("address-too-long", "body-too-large", "body-too-slow", "head-too-large", "head-too-slow", "malformed-request"),
    *("clock-stays", "forbidden", "model-missing", "no-checkpoint", "precondition-failed", "rate-limited"),
    *("method-not-allowed", "record-not-found", "unexpected-body", "unknown-route"),
}
"""Refusals that are about no member of what was sent, or about more than one; every other says which it is."""


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, whole and small, and return it."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) <= 2048
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.headers["x-request-id"]
    assert status >= 500 or code in NOWHERE or problem.get("errors"), problem
    return problem
