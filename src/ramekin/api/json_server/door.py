"""json-server's door: the endpoints of its addresses, as real routes beside our own.

    /posts      GET POST         an array of records: a table
    /posts/1    GET PUT PATCH DELETE
    /profile    GET PUT PATCH    an object without an id
    /...        404, in json-server's words

The words are json-server's (a *dialect* reads them), the records ours: a write goes through the same checks, keys and
limits as any other, and what is wrong with a request is a problem document. Only what is not there is told as
json-server tells it. Addresses of ours stay ours: no route here begins with one of `OURS`. See ``listing.py``
for lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from starlette.convertors import StringConvertor, register_url_convertor

from ramekin.api.declared.endpoint import Endpoint
from ramekin.api.http.answer import body_answer, json_answer, record_answer
from ramekin.api.http.headers import JSON
from ramekin.api.json_server.listing import list_reply
from ramekin.api.json_server.objects import NO_OBJECT, find_object
from ramekin.api.json_server.relations import put_inside, tables_of
from ramekin.engine.access import Access
from ramekin.engine.work import Work
from ramekin.errors import NotFound
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ramekin.api.declared.endpoint import Endpoints
    from ramekin.api.http.answer import Reply
    from ramekin.api.http.asked import Asked
    from ramekin.api.json_server.listing import Listing, Record
    from ramekin.api.json_server.relations import Relation
    from ramekin.api.session import Session
    from ramekin.values.ids import IdSource

OURS = frozenset({"api", "b", "console", "docs", "health", "metrics", "openapi.json", "problems", "redoc", "static"})
"""What addresses of our own begin with: a table of such a name is reached below ``/api/v1/data`` alone."""


_NOT_OURS = rf"(?!(?:{'|'.join(sorted(OURS)).replace('.', '[.]')})(?:/|$))"


class _Theirs(StringConvertor):
    """The first part of a path, if it is none of ours."""

    regex = f"{_NOT_OURS}[^/]+"


class _Rest(StringConvertor):
    """A whole path that does not begin with one of ours."""

    regex = f"{_NOT_OURS}.*"


register_url_convertor("theirs", _Theirs())
register_url_convertor("rest", _Rest())

MANY, ONE, REST = "/{table:theirs}", "/{table:theirs}/{id}", "/{path:rest}"

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Dialect(Protocol):
    """What a version of json-server makes of an address."""

    nothing: Record
    """What is told where there is nothing."""

    def read_list(self, table: str, query: bytes) -> Listing: ...
    def read_relations(self, table: str, query: bytes) -> list[Relation]: ...
    def as_kept(self, record: Record, ids: IdSource) -> Record:
        """Return a record of a file as it is stored."""


class Door:
    """The endpoints of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def endpoints(self) -> Endpoints:
        """Return the endpoints; those that answer 404 come last, as routes are tried in order."""
        return (
            self._made("GET", MANY, self.list_records),
            self._made("GET", ONE, self.get_record),
            *(Endpoint(method, REST, self.nothing, "read", {}, ()) for method in METHODS),
        )

    def _made(
        self, method: str, path: str, answer: Callable[[Session, Asked[None]], Awaitable[Reply]]
    ) -> Endpoint[None]:
        async def tell_nothing(session: Session, asked: Asked[None]) -> Reply:
            try:
                return await answer(session, asked)
            except NotFound:
                return self._not_found()

        tell_nothing.__name__, tell_nothing.__doc__ = answer.__name__, answer.__doc__
        return Endpoint(method, path, tell_nothing, "read", {}, (), is_watchful=True)

    def _not_found(self) -> Reply:
        return json_answer(self._dialect.nothing, 404)

    async def nothing(self, session: Session, asked: Asked[None]) -> Reply:  # noqa: ARG002  # as endpoints are
        """Say that nothing is there."""
        return self._not_found()

    async def list_records(self, session: Session, asked: Asked[None]) -> Reply:
        """Return a list, or the object of a name."""
        [table] = asked.parts
        if table not in session.database.engine.tables:
            return _object_reply(session, table)
        return await list_reply(session, table, self._dialect.read_list(table, asked.query))

    async def get_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Return a record, with others inside if that is asked for."""
        table, key = asked.parts
        body = session.database.get_now(table, key)
        known = session.database.engine.tables
        relations = self._dialect.read_relations(table, asked.query) if asked.query else []
        relations = [each for each in relations if each.table in known]
        if not relations:
            return record_answer(body, codec.digest(body))
        session.grant.check("read", tables_of(relations))
        record = codec.read_body(body)
        work = Work(session.database.limits.query_s)
        async with (
            session.server.flight.work(),
            known.view([Access(name) for name in tables_of(relations)], work) as view,
        ):
            for relation in relations:
                await put_inside(view, relation, [record])
        return json_answer(record)


def _object_reply(session: Session, name: str) -> Reply:
    value: Any = find_object(session.database, name)
    if value is NO_OBJECT:
        raise NotFound("There is nothing of this name.")
    return body_answer(codec.dump(value), media=JSON)
