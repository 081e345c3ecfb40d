"""The client for `asyncio` and Trio. ``sync.py`` is its twin; what both send is in ``calls.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar, overload

import httpx2

from ramekin.client import calls
from ramekin.client.batch import Batch, Result, Ttl
from ramekin.client.calls import Changed, Names, Paging, Row, TableCalls
from ramekin.client.exchange import Call, Lost, exchange
from ramekin.client.following import AGAIN_S, Change, Following
from ramekin.client.options import attempts_of, key_of, servers_of, timeout_of
from ramekin.client.parts import Parts
from ramekin.client.replies import ClientClosed, EndedEarly, Page, Reply, as_typed
from ramekin.client.transport import Connections, Lines, lost, reply_of, request_of
from ramekin.query.predicate import Predicate

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")


class AsyncClient:
    """A server, or several that share their tables. For one event loop.

    Args:
        url: the server's address, or those of several: one that cannot be reached gives way to the next.
        key: shown with each request, where the server asks for one.
        timeout_s: how long an answer may take to begin, and each piece of it to come.
        attempts: how often a call is sent at the most; see ``exchange.py`` for which are sent again.
        http: an `httpx2.AsyncClient` of one's own, for proxies, certificates or another transport; it is not closed.

    Raises (each method):
        RamekinError: what the server refused, as the class of ``ramekin.errors`` that its code has.
        NoAnswer: no server answered, or what answered is not Ramekin.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        key: str | None = None,
        timeout_s: float = 30.0,
        attempts: int = 4,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._servers, self._key, self._attempts = servers_of(url), key_of(key), attempts_of(attempts)
        self._connections = Connections(http, httpx2.AsyncClient, self._servers, timeout_of(timeout_s))
        self._server = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Calls under way raise ClientClosed; whoever follows what happens is at the end."""
        if (http := self._connections.end()) is not None:
            await http.aclose()

    @overload
    def table(self, name: str) -> AsyncTable[Row]: ...
    @overload
    def table(self, name: str, model: type[R]) -> AsyncTable[R]: ...
    def table(self, name: str, model: Any = Row) -> AsyncTable[Any]:
        """Return a table; `model` is the type of its records: a Pydantic model, a dataclass or a `TypedDict`."""
        return AsyncTable(self, TableCalls(name, model))

    async def batch(self, operations: Batch) -> list[Result]:
        """Apply operations over any tables, all or nothing."""
        return await self.send(calls.batch(operations))

    async def load(self, tables: Mapping[str, Iterable[Any]], *, is_replacing: bool = False) -> dict[str, int]:
        """Store whole tables, all or nothing, and return how many records each got. Others go if it is replacing."""
        return await self.send(calls.load(tables, is_replacing))

    async def dump(self) -> dict[str, list[Row]]:
        """Return every record of every table, at one point in time."""
        return await self.send(calls.dump())

    async def backup(self, file: str | PathLike[str]) -> None:
        """Write a backup to a new file. Raises FileExistsError."""
        with Path(file).open("xb") as target:
            async with self.stream(calls.backup()) as response:
                async for chunk in response.aiter_bytes():
                    target.write(chunk)

    async def changes(self, *tables: str, since: str | None = None) -> AsyncChanges[Row]:
        """Return what happens to tables, all of them where none is named: from now on, or from a position.

        Raises (also when it is iterated over):
            ChangesGone: too much has happened since.
        """
        return await self.follow(calls.changes(tables, since))

    async def follow(self, following: Following[R]) -> AsyncChanges[R]:
        """Begin to follow, now if at no position."""
        if following.position is None:
            following.position = await self.send(following.latest())
        return AsyncChanges(self, following)

    async def tables(self) -> list[Row]:
        """Return the tables with their figures and definitions."""
        return await self.send(calls.tables())

    async def health(self) -> Row:
        """Return what the server says of itself. Raises NoAnswer where it is not ready."""
        return await self.send(calls.health())

    async def send(self, call: Call[T]) -> T:
        """Send a call, again where that is safe, and return what its answer means."""
        reply, _ = await self._exchange(call)
        return call.read(reply)

    @asynccontextmanager
    async def stream(self, call: Call[None]) -> AsyncIterator[httpx2.Response]:
        """Give the answer of a call, of which the body is still to come. Raises NoAnswer where it ends early."""
        _, response = await self._exchange(call)
        self._connections.guard(response)
        try:
            yield response
        finally:
            await response.aclose()

    async def _exchange(self, call: Call[Any]) -> tuple[Reply, httpx2.Response]:
        steps = exchange(call, len(self._servers), self._server, self._attempts)
        sending = next(steps)
        while True:
            await self._connections.rest_in_loop(sending.wait_s)
            outcome, response = await self._once(sending.call, sending.server)
            try:
                sending = steps.send(outcome)
            except StopIteration as ended:
                reply, self._server = ended.value
                assert response is not None
                return reply, response

    async def _once(self, call: Call[Any], server: int) -> tuple[Reply | Lost, httpx2.Response | None]:
        http = self._connections.http()
        request = request_of(http, self._servers[server], self._key, call)
        try:
            with self._connections.reading():
                response = await http.send(request, stream=True)
                if not call.is_streamed or response.status_code >= 300:
                    await response.aread()
        except httpx2.TransportError as error:
            return lost(self._servers[server], error), None
        return reply_of(response), response


class AsyncResults(Generic[R]):
    """What a query finds: iterate over the records, which come by the page. Each iteration asks anew."""

    def __init__(self, client: AsyncClient, ask: Paging[R], limit: int | None) -> None:
        self._client, self._ask, self._limit = client, ask, limit

    async def pages(self) -> AsyncIterator[Page[R]]:
        """Yield the pages, of all records up to the limit: each has `data`, `next`, `total`, `warnings`, `explain`."""
        following: str | None = None
        left = self._limit
        while True:
            page = (await self._client.send(self._ask(following))).up_to(left)
            yield page
            following = page.next
            if following is None:
                return
            left = None if left is None else left - len(page.data)

    async def __aiter__(self) -> AsyncIterator[R]:
        async for page in self.pages():
            for record in page.data:
                yield record

    async def first(self) -> R | None:
        """Return the first record, None where there is none."""
        return await anext(aiter(self), None)

    async def all(self) -> list[R]:
        """Return the records as a list."""
        return [record async for record in self]


class AsyncChanges(Generic[R]):
    """What happens: iterate over the changes as they come, for ever; another iteration goes on where one was left.

    A connection that breaks is made again. The end of them is that the client is closed. Raises ChangesGone where too
    much happened meanwhile, or the server was started anew: read the tables, and ask for changes again.
    """

    def __init__(self, client: AsyncClient, following: Following[R]) -> None:
        self._client, self._following = client, following

    @property
    def position(self) -> str:
        """How far it is, for `since`."""
        return self._following.position or ""

    async def __aiter__(self) -> AsyncIterator[Change[R]]:
        with suppress(ClientClosed):
            while True:
                with suppress(EndedEarly):
                    async with self._client.stream(self._following.stream()) as response:
                        async for piece in response.aiter_bytes():
                            for change in self._following.take(piece):
                                yield change
                await self._client._connections.rest_in_loop(AGAIN_S)


class AsyncSelection(Generic[R]):
    """The records of a table that satisfy conditions: to be found, counted, changed or removed."""

    def __init__(self, client: AsyncClient, table: TableCalls[R], conditions: Sequence[Predicate]) -> None:
        self._client, self._calls, self._conditions = client, table, conditions

    def __aiter__(self) -> AsyncIterator[R]:
        return aiter(self.find())

    def find(self, *, sort: Names = "", limit: int | None = None) -> AsyncResults[R]:
        """Find them, in an order such as ``"-age,name"``; by id where none is said."""
        return AsyncResults(self._client, self._calls.find(self._conditions, sort, limit), limit)

    def select(self, *paths: str) -> AsyncSelection[Row]:
        """Return the same records with some members alone, such as ``"home.city"``, as dictionaries."""
        return AsyncSelection(self._client, self._calls.selecting(paths), self._conditions)

    async def first(self, *, sort: Names = "") -> R | None:
        """Return the first of them, None where there is none."""
        return await self.find(sort=sort, limit=1).first()

    async def count(self) -> int:
        """Return how many they are."""
        return await self._client.send(self._calls.count(self._conditions))

    async def patch(self, changes: Any, *, all: bool = False, max_affected: int | None = None) -> Changed:
        """Change members of all of them. Raises as `delete`, and changes nothing then."""
        return await self._client.send(self._calls.patch_where(self._conditions, changes, max_affected, all=all))

    async def delete(self, *, all: bool = False, max_affected: int | None = None) -> Changed:
        """Remove all of them. Raises TooManyAffected; ConditionRequired, without conditions and `all`."""
        return await self._client.send(self._calls.delete_where(self._conditions, max_affected, all=all))


class AsyncTable(Generic[R]):
    """One table of a server. `R` is the type of its records."""

    def __init__(self, client: AsyncClient, table: TableCalls[R]) -> None:
        self._client, self._calls = client, table

    @property
    def name(self) -> str:
        """The table's name."""
        return self._calls.name

    async def create(self, record: R | Row, *, ttl: Ttl = None) -> R:
        """Store a new record and return it as it stands: with its id and its defaults. Raises RecordExists."""
        return await self._client.send(self._calls.create(record, ttl))

    async def get(self, id: object) -> R:
        """Return a record. Raises RecordNotFound."""
        return await self._client.send(self._calls.get(id))

    async def tagged(self, id: object) -> tuple[R, str]:
        """Return a record with its tag, for `if_match`. Raises RecordNotFound."""
        return await self._client.send(self._calls.tagged(id))

    async def put(
        self, id: object, record: R | Row, *, upsert: bool = False, if_match: str | None = None, ttl: Ttl = None
    ) -> R:
        """Put a record in the place of one. Raises RecordNotFound, but with `upsert`; PreconditionFailed."""
        return await self._client.send(self._calls.put(id, record, upsert=upsert, if_match=if_match, ttl=ttl))

    async def patch(self, id: object, changes: Any, *, if_match: str | None = None, ttl: Ttl = None) -> R:
        """Change members of a record, None removes one. Raises RecordNotFound, PreconditionFailed."""
        return await self._client.send(self._calls.patch(id, changes, if_match=if_match, ttl=ttl))

    async def delete(self, id: object, *, if_match: str | None = None) -> None:
        """Remove a record. Raises RecordNotFound, PreconditionFailed."""
        await self._client.send(self._calls.delete(id, if_match=if_match))

    async def insert(
        self,
        records: Iterable[R | Row] | R | Row,
        *,
        on_conflict: Literal["error", "ignore", "replace", "merge"] = "error",
        ttl: Ttl = None,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Store many records, or one, and return how many were stored; `progress` is told so far after each part.

        They are sent in parts of 8 MiB, each of which is stored whole or not at all.
        """
        with Parts(self._calls.bulks(records, on_conflict, ttl), progress) as parts:
            for call in parts:
                parts.add(await self._client.send(call))
        return parts.stored

    async def all(self) -> AsyncIterator[R]:
        """Yield every record, at one point in time, as they come."""
        lines = Lines()
        async with self._client.stream(self._calls.dump()) as response:
            async for piece in response.aiter_bytes():
                for line in lines.take(piece):
                    yield as_typed(self._calls.type, line)
            lines.finish()

    async def count(self, *conditions: Predicate) -> int:
        """Return how many records satisfy conditions."""
        return await self.where(*conditions).count()

    def find(self, *conditions: Predicate, sort: Names = "", limit: int | None = None) -> AsyncResults[R]:
        """Find the records that satisfy conditions."""
        return self.where(*conditions).find(sort=sort, limit=limit)

    def where(self, *conditions: Predicate) -> AsyncSelection[R]:
        """Return the records that satisfy conditions, to be found, counted, changed or removed."""
        return AsyncSelection(self._client, self._calls, conditions)

    def query(
        self,
        *conditions: Predicate,
        group_by: Names = (),
        aggregate: Mapping[str, str] | None = None,
        sort: Names = "",
        limit: int | None = None,
    ) -> AsyncResults[Row]:
        """Find groups of records with their figures: ``aggregate={"n": "count", "total": "sum:price"}``."""
        asking = self._calls.groups(conditions, group_by, aggregate, sort, limit)
        return AsyncResults(self._client, asking, limit)

    @overload
    def join(
        self,
        other: AsyncTable[S],
        key: str,
        *conditions: Predicate,
        type: Literal["inner"] = "inner",
        names: tuple[str, str] | None = None,
        sort: Names = "",
        limit: int | None = None,
    ) -> AsyncResults[tuple[R, S]]: ...
    @overload
    def join(
        self,
        other: AsyncTable[S],
        key: str,
        *conditions: Predicate,
        type: Literal["left", "right", "full"],
        names: tuple[str, str] | None = None,
        sort: Names = "",
        limit: int | None = None,
    ) -> AsyncResults[tuple[R | None, S | None]]: ...
    def join(
        self,
        other: AsyncTable[Any],
        key: str,
        *conditions: Predicate,
        type: str = "inner",
        names: tuple[str, str] | None = None,
        sort: Names = "",
        limit: int | None = None,
    ) -> AsyncResults[Any]:
        """Find pairs of records of two tables. Fields have their table's name in front: ``Field("users.age")``.

        Args:
            key: ``"user_id"``, or both sides: ``"id=user_id"``.
            names: what the two are called in conditions, needed where they are the same table.
        """
        asking = self._calls.join(calls.of(other), key, conditions, type, names, sort, limit)
        return AsyncResults(self._client, asking, limit)

    async def changes(self, *conditions: Predicate, since: str | None = None) -> AsyncChanges[R]:
        """Return what happens to records, which are chosen by what they are then: from now on, or from a position.

        Raises (also when it is iterated over):
            ChangesGone: too much has happened since.
        """
        return await self._client.follow(self._calls.changes(conditions, since))

    async def describe(self) -> Row:
        """Return the table's figures and definition. Raises UnknownTable."""
        return await self._client.send(self._calls.describe())

    async def define(self, definition: Row) -> Row:
        """Give the table a definition: ``schema``, ``unique``, ``indexes``. Raises DefinitionBroken."""
        return await self._client.send(self._calls.define(definition))

    async def drop(self) -> None:
        """Drop the table with its records. Raises UnknownTable."""
        await self._client.send(self._calls.drop())
