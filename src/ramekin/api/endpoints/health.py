"""Health over HTTP: is the process alive, and does it take requests. Never limited, never asks for a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.api.declared.answers import answer
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.shapes import reference
from ramekin.api.http.answer import Reply, bodiless, json_answer
from ramekin.api.routes import address
from ramekin.version import __version__

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.engine.base import Guarantees


_NEVER_KEPT = {"cache-control": "no-store"}

_EXAMPLE = {"status": "ok", "version": "0.1.0", "engine": "embedded"}
_ANSWERS = {
    200: answer("Ready.", reference("Health"), _EXAMPLE),
    503: answer("Not ready.", reference("Health"), has=["Retry-After"]),
}


@endpoint("GET", "/health", role=None, tag="service", answers=_ANSWERS, problems=(400,), opens=("/health",))
async def health(session: Session, asked: Asked[None]) -> Reply:
    """Say whether the server is ready; where no keys are asked for, with its statistics.

    Whoever has no key would watch tables grow. It asks for none to decide that: nobody counts what is shown here.
    """
    statistics: dict[str, Any] = {}
    if not session.server.has_keys and await session.server.status() != "starting":
        totals, memory = session.tables.totals(), session.database.memory()
        statistics = {
            "tables": totals.tables,
            "records": totals.records,
            "memory_bytes": memory.used_bytes,
            "memory_limit_bytes": memory.limit_bytes,
        }
    return await _answer(session, statistics | {"uptime_seconds": round(session.server.uptime_s(), 3)})


@endpoint(
    "GET",
    "/health/live",
    role=None,
    tag="service",
    answers={200: answer("The process runs.", reference("Health"), _EXAMPLE)},
    problems=(400,),
    opens=("/health/live",),
)
def health_live(session: Session, asked: Asked[None]) -> Reply:
    """Say that the process runs. Touches no table."""
    engine = session.engine_name
    return json_answer({"status": "ok", "version": __version__, "engine": engine}, headers=_NEVER_KEPT)


@endpoint("GET", "/health/ready", role=None, tag="service", answers=_ANSWERS, problems=(400,), opens=("/health/ready",))
async def health_ready(session: Session, asked: Asked[None]) -> Reply:
    """Say whether the server takes requests, and if not, why; and what its engine guarantees.

    Where other processes write the same tables, also how far behind this one is, and what they did to tables of models.
    """
    engine = session.database.engine
    told: dict[str, Any] = {"guarantees": _guarantees(engine.guarantees)}
    warnings = session.database.warnings()
    if (link := engine.tables.link_stats()) is not None:
        told |= {"behind_steps": link.behind_steps, "silent_seconds": round(link.silent_s, 3)}
        told |= {"reason": link.trouble} if link.trouble else {}
        warnings += link.warnings
    told |= {"warnings": warnings} if warnings else {}
    return await _answer(session, told)


def _guarantees(guarantees: Guarantees) -> dict[str, Any]:
    names = ("is_durable", "is_shared", "acknowledged_by", "reads")
    return {name: getattr(guarantees, name) for name in names}


@endpoint("GET", "/", role=None, opens=("/",))
def home(session: Session, asked: Asked[None]) -> Reply:
    """Lead to the documentation."""
    return bodiless(307, {"location": address("/docs"), "content-length": "0"})


async def _answer(session: Session, statistics: dict[str, Any]) -> Reply:
    status = await session.server.status()
    body = {"status": status, "version": __version__, "engine": session.engine_name, **statistics}
    headers = _NEVER_KEPT if status == "ok" else {**_NEVER_KEPT, "retry-after": "1"}
    return json_answer(body, 200 if status == "ok" else 503, headers)


ENDPOINTS: Endpoints = (health, health_live, health_ready)
