"""Files that are served beside tables: those of ``./public``, and of directories that are named.

A file is looked for where no table and no object has the first name of the path, and none of our own addresses begins
with it; so a table is found without a look at the disk. Below ``/static`` only those of the documentation are ours.
Names that begin with a dot, and links that lead out of the directory, are not served. See ``door.py`` for what is
answered where there is no file.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ramekin.api.http.problems import problem_answer
from ramekin.api.json_server.addresses import OURS
from ramekin.api.json_server.objects import TABLE
from ramekin.errors import Forbidden, RangeNotSatisfiable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ramekin.api.context import Context

NOT_UNDERSTOOD, NOT_THERE = 400, 416
"""What Starlette answers where `Range` is none, or of no bytes, and where the file has no such part."""

KNOWN = ".well-known"
"""The one name with a dot that others may ask for (RFC 8615)."""


class StaticFirst:
    """Answers with a file where there is one; all else goes on to the routes."""

    def __init__(self, inner: ASGIApp, *, context: Context, directories: Sequence[Path]) -> None:
        self._inner, self._context = inner, context
        self._directories = [StaticFiles(directory=each, html=True) for each in directories]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and self._may_be_file(scope):
            answer = await self._find(scope)
        if answer is None:
            await self._inner(scope, receive, send)
            return
        scope["endpoint"] = StaticFirst.static_file
        try:
            scope["ramekin.grant"].check("read")
        except Forbidden as error:
            await problem_answer(error, scope["ramekin.request_id"])(scope, receive, send)
            return
        await _send_file(answer, scope, receive, send)

    @staticmethod
    def static_file() -> None:
        """Stand for all files, where requests are counted by what they asked for."""

    def _may_be_file(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        names = path.split("/")[1:]
        if any(name.startswith(".") and name != KNOWN for name in names) or "\0" in path or "\\" in path:
            return False
        engine = self._context.database.engine
        tables = engine.tables
        if names[0] == "static":
            return path not in scope["app"].state.open_pages
        if names[0] in OURS or names[0] in tables:
            return False
        return TABLE not in tables or tables.get(TABLE, names[0]) is None

    async def _find(self, scope: Scope) -> Response | None:
        for files in self._directories:
            for path in _paths(files.get_path(scope)):
                with suppress(HTTPException, OSError):
                    answer = await files.get_response(path, scope)
                    if answer.status_code != 404:
                        return answer
        return None


async def _send_file(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a file, or a part of it; a `Range` that cannot be understood counts for nothing (RFC 9110, section 14.2)."""

    async def checked(message: Message) -> None:
        if message.get("status") in (NOT_UNDERSTOOD, NOT_THERE):
            raise _NoPart(message)
        await send(message)

    try:
        await answer(scope, receive, checked)
    except _NoPart as refused:
        if refused.message["status"] == NOT_UNDERSTOOD:
            headers = [header for header in scope["headers"] if header[0] != b"range"]
            await answer({**scope, "headers": headers}, receive, send)
            return
        length = {"content-range": Headers(raw=refused.message["headers"])["content-range"]}
        error = RangeNotSatisfiable("The file ends before the part that 'Range' asks for.")
        await problem_answer(error, scope["ramekin.request_id"], length)(scope, receive, send)


class _NoPart(Exception):
    """There is no such part of a file."""

    def __init__(self, message: Message) -> None:
        """Take the answer's head, of which nothing is sent."""
        super().__init__()
        self.message = message


def _paths(path: str) -> Iterator[str]:
    """Yield where a file may be: ``about`` is that of ``about.html`` too."""
    yield path
    if "." not in path.rpartition("/")[2] and path not in ("", "."):
        yield f"{path}.html"
