"""How tests look at an error: the status, the code, and what every error has in common."""

from __future__ import annotations

from typing import Any


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, whole and small, and return it."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) <= 2048
    problem = answer.json()
    assert problem["code"] == code, problem
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.headers["x-request-id"]
    return problem
