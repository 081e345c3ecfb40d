"""Backups over HTTP: every table as it is at one moment, as a file that a server can start from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.http.preconditions import refuse_preconditions
from ramekin.api.http.requests import check_no_body, read_parameters
from ramekin.api.http.responses import Stream
from ramekin.api.routes import API, add_route
from ramekin.engine.backups import remove
from ramekin.limits import MIB

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ramekin.api.context import Context

SQLITE = "application/vnd.sqlite3"


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoint of backups."""

    async def backup(request: Request) -> Response:
        """Return every table as it is at one moment, as a SQLite file."""
        check_no_body(request)
        read_parameters(request)
        refuse_preconditions(request)
        path = await context.database.backup()
        headers = {"content-disposition": 'attachment; filename="tables.db"'}
        return await Stream(_chunks(path), SQLITE, headers).prime()

    add_route(app, "POST", f"{API}/backup", backup, **descriptions.BACKUP)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    """Yield a file's bytes, and remove it when they are read or nobody reads on."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, MIB):
            yield chunk
    finally:
        file.close()
        remove(path)
