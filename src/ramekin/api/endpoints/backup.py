"""Backups over HTTP: every table as it is at one moment, as a file that a server can start from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ramekin.api.declared.answers import answer, content
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.http.answer import Reply, Stream
from ramekin.api.routes import API
from ramekin.engine.backups import remove
from ramekin.limits import MIB

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

SQLITE = "application/vnd.sqlite3"


@endpoint(
    "POST",
    f"{API}/backup",
    role="admin",
    is_whole=True,
    tag="tables",
    answers={
        200: answer("A SQLite file that `serve --data-dir` can start from.", has=["Content-Disposition"])
        | {"content": content({"type": "string", "format": "binary"}, media=SQLITE)}
    },
    problems=(400, 503, 507),
)
async def backup(session: Session, asked: Asked[None]) -> Reply:
    """Return every table as it is at one moment, as a SQLite file."""
    path = await session.database.backup()
    headers = {"content-disposition": 'attachment; filename="tables.db"'}
    return await Stream(_chunks(path), None, SQLITE, headers).prime()


async def _chunks(path: Path) -> AsyncGenerator[bytes, None]:
    """Yield a file's bytes, and remove it when they are read or nobody reads on."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, MIB):
            yield chunk
    finally:
        file.close()
        remove(path)


ENDPOINTS: Endpoints = (backup,)
