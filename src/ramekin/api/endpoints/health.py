"""Health over HTTP: is the process alive, and does it take requests. Never limited, never asks for a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from ramekin.api.declared import descriptions
from ramekin.api.http.requests import read_parameters
from ramekin.api.http.responses import json_response
from ramekin.api.routes import add_route
from ramekin.version import __version__

if TYPE_CHECKING:
    from ramekin.api.context import Context


_NEVER_KEPT = {"cache-control": "no-store"}


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints of health."""

    async def health(request: Request) -> Response:
        """Say whether the server is ready, with its figures."""
        read_parameters(request)
        figures: dict[str, Any] = {}
        if await _status() != "starting":
            tables = await context.database.tables()
            memory = context.database.engine.memory()
            figures = {
                "tables": len(tables),
                "records": sum(info.stats.records for info in tables),
                "memory_bytes": memory.used_bytes,
                "memory_limit_bytes": memory.limit_bytes,
            }
        return await _answer(figures | {"uptime_seconds": round(context.uptime_s(), 3)})

    async def health_live(request: Request) -> Response:
        """Say that the process runs. Touches no table."""
        read_parameters(request)
        return json_response({"status": "ok", "version": __version__, "engine": _engine_name()}, headers=_NEVER_KEPT)

    async def health_ready(request: Request) -> Response:
        """Say whether the server takes requests."""
        read_parameters(request)
        return await _answer({})

    async def home(request: Request) -> Response:
        """Lead to the documentation."""
        return RedirectResponse("/docs", 307)

    def _engine_name() -> str:
        return context.database.engine.guarantees.name

    async def _status() -> str:
        is_starting = app.state.edge.is_starting
        return "starting" if is_starting else await context.database.engine.state()

    async def _answer(figures: dict[str, Any]) -> Response:
        status = "draining" if context.is_draining else await _status()
        is_ready = status == "ok"
        body = {"status": status, "version": __version__, "engine": _engine_name(), **figures}
        headers = _NEVER_KEPT if is_ready else {**_NEVER_KEPT, "retry-after": "1"}
        return json_response(body, 200 if is_ready else 503, headers)

    add_route(app, "GET", "/health", health, opens=["/health"], **descriptions.HEALTH)
    add_route(app, "GET", "/health/live", health_live, opens=["/health/live"], **descriptions.ALIVE)
    add_route(app, "GET", "/health/ready", health_ready, opens=["/health/ready"], **descriptions.HEALTH)
    if context.has_docs:
        add_route(app, "GET", "/", home, opens=["/"])
