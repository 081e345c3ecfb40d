"""json-server's door: the endpoints of its addresses, as real routes beside our own.

    /posts      GET POST         an array of records: a table
    /posts/1    GET PUT PATCH DELETE
    /profile    GET PUT PATCH    an object without an id
    /...        404, in json-server's words

The words are json-server's (a *dialect* reads them), the records ours: a write goes through the same checks, keys and
limits as any other, and what is wrong with a request is a problem document. Only what is not there is told as
json-server tells it. Addresses of ours stay ours: no route here begins with one (``addresses.py``). See ``listing.py``
for lists.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ramekin.api.declared.endpoint import Endpoint, Endpoints
from ramekin.api.declared.parameters import IF_MATCH
from ramekin.api.http.answer import Reply, Stream, body_answer, json_answer, record_answer
from ramekin.api.http.headers import JSON
from ramekin.api.json_server.addresses import MANY, NESTED, ONE, REST, TABLES
from ramekin.api.json_server.forms import FORM, is_form, read_form
from ramekin.api.json_server.listing import Record, known_relations, list_reply, record_with_inside
from ramekin.api.json_server.objects import TABLE, find_object, object_names, object_record, whole_file
from ramekin.api.json_server.relations import SUFFIX, singular
from ramekin.api.json_server.static import StaticFirst
from ramekin.api.json_server.writing import create, delete, rewrite
from ramekin.api.routes import address
from ramekin.api.wire.asgi import add_routes
from ramekin.database.lifetimes import STAYS
from ramekin.engine.work import Work
from ramekin.errors import NotFound, UnknownTable
from ramekin.values import codec

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from ramekin.access.roles import Role
    from ramekin.api.context import Context
    from ramekin.api.http.asked import Asked
    from ramekin.api.json_server.dialect import Dialect
    from ramekin.api.session import Session

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


HOME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ramekin</title></head>
<body><h1>Ramekin</h1><ul>{links}</ul><p><a href="docs">The API beside these</a></p></body></html>
"""

ANY_BODY: dict[str, Any] = {
    "required": False,
    "content": {"": {}, JSON: {}, "text/plain": {}, FORM: {}},
}
"""What `curl -d` and `fetch` send without a word is JSON too; see ``forms.py`` for what is a form."""

Answering = Callable[["Session", "Asked[None]"], Awaitable["Reply"]]


class NoObject(Exception):
    """A body is no JSON object."""


class Door:
    """The endpoints of one dialect."""

    def __init__(self, dialect: Dialect, directories: Sequence[Path] = ()) -> None:
        """Speak a dialect, and serve the files of some directories."""
        self.dialect = dialect
        self._directories = directories

    def attach(self, app: FastAPI, context: Context) -> None:
        """Add its routes to an application; the first page is its own, too."""
        add_routes(app, context, self.endpoints())
        if context.faults is not None:
            context.faults.addresses.append(TABLES)
        if self._directories:
            app.add_middleware(StaticFirst, context=context, directories=self._directories)

    def endpoints(self) -> Endpoints:
        """Return the endpoints; those that answer 404 come last, as routes are tried in order."""
        nested = (
            *(self._read(path, self.whole, is_whole=True) for path in ("/db", "/db/")),
            self._read(NESTED, self.list_nested),
            self._write("POST", NESTED, self.create_nested),
        )
        return (
            self._read("/", self.home),
            *(nested if self.dialect.has_nested else ()),
            self._read(MANY, self.list_records),
            self._write("POST", MANY, self.create_record),
            self._write("PUT", MANY, self.put_object),
            self._write("PATCH", MANY, self.patch_object),
            self._read(ONE, self.get_record),
            self._write("PUT", ONE, self.put_record),
            self._write("PATCH", ONE, self.patch_record),
            self._made("DELETE", ONE, self.delete_record, "write", parameters=[IF_MATCH]),
            *(Endpoint(method, REST, self.nothing, "read", {}, ()) for method in METHODS),
        )

    def _read(self, path: str, answer: Answering, **declared: Any) -> Endpoint[None]:
        return self._made("GET", path, answer, "read", is_watchful=True, **declared)

    def _write(self, method: str, path: str, answer: Answering) -> Endpoint[None]:
        return self._made(method, path, answer, "write", parameters=[IF_MATCH], body=ANY_BODY)

    def _made(self, method: str, path: str, answer: Answering, role: Role, **declared: Any) -> Endpoint[None]:
        """Return an endpoint that says in json-server's words what is not there, and what is no object."""

        async def told(session: Session, asked: Asked[None]) -> Reply:
            try:
                return await answer(session, asked)
            except NotFound:
                return self._not_found()
            except NoObject:
                return json_answer({"error": "Body must be a JSON object"}, 400)

        told.__name__, told.__doc__ = answer.__name__, answer.__doc__
        return Endpoint(method, path, told, role, {}, (), **declared)

    def _sent(self, asked: Asked[None]) -> Record:
        """Return the object that is sent; none at all is an empty one.

        Raises:
            NoObject; MalformedJson, InvalidParameter.
        """
        if self.dialect.reads_forms and is_form(asked.wishes.media, asked.body):
            return read_form(asked.body)
        sent = codec.parse(asked.body) if asked.body else {}
        if not isinstance(sent, dict):
            raise NoObject
        return sent

    def _not_found(self) -> Reply:
        return json_answer(self.dialect.nothing, 404)

    async def nothing(self, session: Session, asked: Asked[None]) -> Reply:  # noqa: ARG002  # as endpoints are
        """Say that nothing is there."""
        return self._not_found()

    # Reading

    async def home(self, session: Session, asked: Asked[None]) -> Reply:  # noqa: ARG002  # as endpoints are
        """Return a page with what there is."""
        names = [name for name in session.seen() if name != TABLE]
        if session.grant.tables is None:
            names += await object_names(session.database)
        links = "".join(f'<li><a href="{address(f"/{name}")}">/{escape(name)}</a></li>' for name in names)
        return body_answer(HOME.format(links=links).encode(), media="text/html")

    async def list_records(self, session: Session, asked: Asked[None]) -> Reply:
        """Return a list, or the object of a name."""
        [table] = asked.parts
        if not _is_table(session, table):
            return body_answer(codec.dump(find_object(session.database, table)))
        return await list_reply(session, table, await self.dialect.read_list(session, table, asked.query))

    async def get_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Return a record, with others inside if that is asked for."""
        table, key = asked.parts
        _check_table(session, table)
        relations = self.dialect.read_relations(table, asked.query) if asked.query else []
        known = known_relations(session, relations)
        body = session.database.get_now(table, key)
        if not relations:
            return record_answer(body, codec.digest(body))
        return body_answer(await record_with_inside(session, known, body))

    async def list_nested(self, session: Session, asked: Asked[None]) -> Reply:
        """Return the records of another table that hold a record's id."""
        table, key, other = asked.parts
        _check_table(session, other)
        also = [(singular(table) + SUFFIX, key)]
        return await list_reply(session, other, await self.dialect.read_list(session, other, asked.query, also))

    async def whole(self, session: Session, asked: Asked[None]) -> Reply:  # noqa: ARG002  # as endpoints are
        """Return everything, as it stands in the file."""
        work = Work()
        return await Stream(whole_file(session.database, work), work, JSON).prime()

    # Writing

    async def create_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Create a record; or, as 0.17 has it, put a value in the place of an object."""
        [table], sent = asked.parts, self._sent(asked)
        if _is_table(session, table):
            return await self._created(session, table, sent)
        if not self.dialect.takes_new_objects:
            return self._not_found()
        return await self._changed(session, asked, table, lambda _: sent, 201)

    async def create_nested(self, session: Session, asked: Asked[None]) -> Reply:
        """Create a record of another table that holds a record's id."""
        table, key, other = asked.parts
        _check_table(session, other)
        return await self._created(session, other, {**self._sent(asked), singular(table) + SUFFIX: key})

    async def put_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Put a record in the place of another; it keeps the id."""
        (table, key), sent = asked.parts, self._sent(asked)
        _check_table(session, table)
        return _stored(await rewrite(session, table, key, lambda _: sent, asked.wishes.precondition))

    async def patch_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Put some members in the place of others; what is inside them is not looked at."""
        (table, key), sent = asked.parts, self._sent(asked)
        _check_table(session, table)
        change, precondition = (lambda stood: {**stood, **sent}), asked.wishes.precondition
        return _stored(await rewrite(session, table, key, change, precondition, STAYS))

    async def delete_record(self, session: Session, asked: Asked[None]) -> Reply:
        """Delete a record; what holds its id forgets it, or is deleted too."""
        table, key = asked.parts
        _check_table(session, table)
        body = await delete(session, self.dialect, table, key, asked.query, asked.wishes.precondition)
        return body_answer(self.dialect.deleted(body))

    async def put_object(self, session: Session, asked: Asked[None]) -> Reply:
        """Put an object in the place of what stands under a name."""
        [name], sent = asked.parts, self._sent(asked)
        return await self._changed(session, asked, name, lambda _: sent)

    async def patch_object(self, session: Session, asked: Asked[None]) -> Reply:
        """Put some members of an object in the place of others."""
        [name], sent = asked.parts, self._sent(asked)
        return await self._changed(
            session, asked, name, lambda stood: {**stood, **sent} if isinstance(stood, dict) else sent
        )

    async def _created(self, session: Session, table: str, sent: Record) -> Reply:
        done = await create(session, self.dialect, table, sent)
        key = quote(done.key, safe="")
        location = f"location: {address(f'/{table}/{key}')}\r\n"
        assert done.body is not None, "it was created"
        return record_answer(done.body, codec.digest(done.body), 201, location)

    async def _changed(
        self, session: Session, asked: Asked[None], name: str, change: Callable[[Any], Any], status: int = 200
    ) -> Reply:
        """Change what stands under a name, and return it."""
        if _is_table(session, name):
            return self._not_found()

        def make(record: Record) -> Record:
            return object_record(name, change(record.get("value")))

        body = await rewrite(session, TABLE, name, make, asked.wishes.precondition)
        return json_answer(codec.read_body(body)["value"], status)


def _is_table(session: Session, name: str) -> bool:
    return name != TABLE and name in session.tables


def _check_table(session: Session, name: str) -> None:
    """Refuse what is no table of records. Raises UnknownTable."""
    if not _is_table(session, name):
        raise UnknownTable("There is no table of this name.")


def _stored(body: bytes) -> Reply:
    return record_answer(body, codec.digest(body))
