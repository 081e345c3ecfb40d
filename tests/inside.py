"""A client of an application in this process and this thread: each request runs the event loop until it is answered.

It takes the place of Starlette's `TestClient`, which runs the loop in a thread and asks it eight times a request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

import httpx2

if TYPE_CHECKING:
    from collections.abc import Coroutine


class InsideClient(httpx2.Client):
    """Asks an application; in a `with`, the application is started first and ended last.

    What the application does besides, when it has answered, goes on with the next request.
    """

    def __init__(
        self,
        app: Any,
        base_url: str = "http://testserver",
        *,
        raise_server_exceptions: bool = True,
        root_path: str = "",
        **options: Any,
    ) -> None:
        self.app, self.loop = app, asyncio.new_event_loop()
        self.app_state: dict[str, Any] = {}
        self._lifespan: asyncio.Task[None] | None = None
        transport = _Inside(self, raise_server_exceptions=raise_server_exceptions, root_path=root_path)
        words = {"follow_redirects": True, "headers": {}, **options}
        words["headers"] = {"user-agent": "testclient", **words["headers"]}
        super().__init__(transport=transport, base_url=base_url, **words)

    def run(self, awaitable: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(awaitable)

    def __enter__(self) -> Self:
        self.run(self._start())
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        try:
            self.run(self._end())
        finally:
            self.loop.close()

    def __del__(self) -> None:
        self.loop.close()

    async def _start(self) -> None:
        self._told: asyncio.Queue[str] = asyncio.Queue()
        self._said: asyncio.Queue[str] = asyncio.Queue()

        async def receive() -> dict[str, Any]:
            return {"type": await self._told.get()}

        async def send(message: dict[str, Any]) -> None:
            self._said.put_nowait(message["type"])

        scope = {"type": "lifespan", "state": self.app_state}
        self._lifespan = asyncio.ensure_future(self.app(scope, receive, send))
        await self._tell("lifespan.startup")

    async def _end(self) -> None:
        await self._tell("lifespan.shutdown")
        await self._lifespan
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await self.loop.shutdown_default_executor()

    async def _tell(self, word: str) -> None:
        self._told.put_nowait(word)
        said = asyncio.ensure_future(self._said.get())
        await asyncio.wait([said, self._lifespan], return_when=asyncio.FIRST_COMPLETED)
        if not said.done():
            said.cancel()
            await self._lifespan  # raises what ended it
        elif said.result() != f"{word}.complete":
            raise AssertionError(said.result())


class _Inside(httpx2.BaseTransport):
    def __init__(self, client: InsideClient, *, raise_server_exceptions: bool, root_path: str) -> None:
        self._client, self._raises, self._root_path = client, raise_server_exceptions, root_path

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.run(self._answer(request, request.read()))

    async def _answer(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        begun: dict[str, Any] = {}
        pieces: list[bytes] = []
        is_read, is_answered = False, asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal is_read
            if not is_read:
                is_read = True
                return {"type": "http.request", "body": body, "more_body": False}
            await is_answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                begun.update(message)
            elif message["type"] == "http.response.body":
                if request.method != "HEAD":
                    pieces.append(message.get("body", b""))
                if not message.get("more_body", False):
                    is_answered.set()

        try:
            await self._client.app(self._scope(request), receive, send)
        except Exception:
            if self._raises:
                raise
        return httpx2.Response(begun.get("status", 500), headers=begun.get("headers"), content=b"".join(pieces))

    def _scope(self, request: httpx2.Request) -> dict[str, Any]:
        url = request.url
        raw_path, _, query = url.raw_path.partition(b"?")
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": raw_path,
            "root_path": self._root_path,
            "scheme": url.scheme,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("testclient", 50000),
            "server": (url.host, port),
            "extensions": {"http.response.debug": {}},
            "state": self._client.app_state.copy(),
        }
