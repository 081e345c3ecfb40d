"""An endpoint: a typed function, and all that is declared of it, once.

    @endpoint("PUT", "/api/v1/data/{table}/{id}", role="write", answers={...}, problems=CHANGE, body=...)
    def put_record(session: Session, asked: Asked[None]) -> Reply | Awaitable[Reply]: ...

The declaration is what the OpenAPI document tells of it, and what `Endpoint.ask` holds each request against:

- the media types of `body` are those that are taken (415); a write without one refuses any (400), a read pays no heed;
- parameters in the query are the words that are taken, each read by its schema (400);
- the media types of `answers` are those that are offered (406, if it is among the problems);
- `role` and the tables of the path are what a key must reach (403);
- If-Match among the parameters asks for a record, If-None-Match alone for what the client knows; a write with neither
  refuses both.

An endpoint is a plain function where nothing has to be waited for. What has to wait is returned, to be awaited by
whoever carries the request. Knows no framework and no bytes; see ``wire/`` for the three ways that lead here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload
from urllib.parse import parse_qsl

from ramekin.api.http.answer import Answer, Reply, Stream
from ramekin.api.http.asked import NO_WORDS, Asked, Wishes
from ramekin.api.http.headers import JSON, accepted, has_body, media_type, preferences
from ramekin.api.http.preconditions import read_known, read_precondition, refuse_preconditions
from ramekin.api.http.query_string import read_parameters
from ramekin.api.session import Session
from ramekin.database.precondition import ALWAYS
from ramekin.engine.work import Work
from ramekin.errors import BadRequest, BodyTooLarge, NotAcceptable, RamekinError, UnexpectedBody
from ramekin.query.steps import at_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from ramekin.access.roles import Grant, Role
    from ramekin.api.context import Context
    from ramekin.api.http.heads import Head
    from ramekin.query.steps import Steps

M = TypeVar("M")

LONG_QUERY = 1000
"""Bytes of a query beyond which it is read in turns, where it may be long: 2 ms where each value is a decimal."""

_RESUMING = frozenset({"cursor", "since", "Last-Event-ID"})
"""The parameters by which a request goes on where an answer has ended."""

Size = Literal["record", "text", "bulk", "load"]
"""Which limit a body has."""


@dataclass(eq=False, slots=True)
class Endpoint(Generic[M]):
    """A function that answers requests, and what is declared of it.

    `answers` are by status, `problems` the statuses of errors; parameters are those in the query and in headers.
    """

    method: str
    path: str
    answer: Callable[[Session, Asked[M]], Reply | Awaitable[Reply]]
    role: Role | None
    """What whoever asks must have; None opens it to everybody."""
    answers: Mapping[int, Any] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    parameters: Sequence[dict[str, Any]] = ()
    path_example: Mapping[str, str] = field(default_factory=dict)
    """What the page of the document fills in for parts of the path, if it is the same on every server."""
    body: dict[str, Any] | None = None
    size: Size = "record"
    tag: str | None = None
    """Where it stands in the document; None leaves it out."""
    reads: Callable[[Session, Asked[M]], M] | None = None
    """Makes of the words what is meant, where that takes more than their schemas; what it raises is a 400."""
    reads_long: Callable[[Session, Asked[M]], Steps[M]] | None = None
    """As `reads`, in steps, where what is said may be long; alone it is both."""
    unsaid: M | EllipsisType = ...
    """What is meant where the address has no words, if that is always the same."""
    is_whole: bool = False
    """Whether it touches every table there is, and not those of its path alone."""
    is_whole_with: tuple[str, str] | None = None
    """A parameter, and the value of it with which it touches every table, and takes the role `admin`."""
    is_of_process: bool = False
    """Whether it tells of this process, so that it waits for no other, and answers where none can be asked."""
    opens: tuple[str, ...] = ()
    """Addresses of it that need no key and are not counted."""
    opens_below: tuple[str, ...] = ()
    """What such addresses begin with, where there is no list of them."""
    is_page: bool = False
    """Whether it is for people and shows no table by itself, so that it can say so where there is no such branch."""
    is_watchful: bool = False
    """Whether it stops when its client goes away."""
    is_single: Callable[[str, bytes], bool] | None = None
    """Says of a media type and a body whether they are a single record: its write goes on, for who still reads."""
    is_streamed: bool = False
    """Whether it takes its body as it arrives."""

    name: str = field(init=False)
    takes: tuple[str, ...] = field(init=False)
    """The media types of the body."""
    needs_body: bool = field(init=False)
    offers: tuple[str, ...] = field(init=False)
    """The media types of the answer."""
    words: dict[str, Any] = field(init=False)
    """The schemas of the parameters in the query, by name; ``conditions`` stands for all others."""
    resumes_by: frozenset[str] = field(init=False)
    """Which of its parameters go on where an answer has ended, and so in a branch that was there."""
    reads_words: bool = field(init=False)
    """Whether its parameters are these words alone; else it reads them itself, or pays no heed to them."""
    limit: str = field(init=False)
    """How long a body may be: the name that this has among `Limits`."""
    parts: list[str] = field(init=False)
    """The names of the parts of the path that differ."""
    tables: tuple[int, ...] = field(init=False)
    """Which parts of the path name tables."""

    def __post_init__(self) -> None:
        self.name = self.answer.__name__
        self.takes = tuple(self.body["content"]) if self.body else ()
        self.needs_body = self.body is not None and self.body["required"]
        offered = [media for told in self.answers.values() for media in told.get("content", ())]
        self.offers = tuple(dict.fromkeys(offered)) or (JSON,)
        self.words = {told["name"]: told["schema"] for told in self.parameters if told["in"] == "query"}
        self.resumes_by = _RESUMING & {told["name"] for told in self.parameters}
        self.reads_words = 400 in self.problems and "conditions" not in self.words
        if (reads_long := self.reads_long) is not None:
            self.reads = self.reads or (lambda session, asked: at_once(reads_long(session, asked)))
        elif self.reads is None:
            self.unsaid = cast("M", None)
        self.limit = f"{self.size}_bytes"
        self.parts = re.findall(r"{(\w+)(?::\w+)?}", self.path)
        self.tables = tuple(i for i, name in enumerate(self.parts) if name.startswith("table"))

    def permit(self, grant: Grant, parts: tuple[str, ...], query: bytes) -> None:
        """Refuse whoever lacks the role or a table: as soon as the route is known, whatever else is wrong.

        Raises:
            Forbidden. What a body names is checked by the endpoint, when it has read it.
        """
        if (role := self.role_for(query)) is not None:
            is_whole = self.is_whole or role != self.role
            grant.check(role, None if is_whole else [parts[i] for i in self.tables])

    def role_for(self, query: bytes) -> Role | None:
        """Return the role that a request takes; None if it is open to everybody."""
        if self.is_whole_with is not None and self.is_whole_with in parse_qsl(query.decode("latin-1")):
            return "admin"
        return self.role

    def enter(
        self, server: Context, grant: Grant, branch: str, head: Head, query: bytes, sent: object = None
    ) -> Session:
        """Return what the endpoint is given.

        What goes on where an answer has ended makes no branch, since it was there; nor does a page of another origin.

        Args:
            sent: the body as a value, where a cursor may stand in it.

        Raises:
            UnknownBranch, InvalidBranch, TooManyBranches.
        """
        if not branch:
            return Session(server, grant)
        goes_on = self._goes_on(head, query) or (isinstance(sent, dict) and "cursor" in sent)
        return Session(server, grant, branch, makes_none=goes_on or server.is_foreign(head))

    def may_resume_by_body(self, head: Head, query: bytes) -> bool:
        """Say whether a body is to be read before `enter`, since it may hold a cursor and the head holds none."""
        return bool(self.takes) and "cursor" in self.resumes_by and not self._goes_on(head, query)

    def _goes_on(self, head: Head, query: bytes) -> bool:
        """Say whether a head goes on where an answer has ended."""
        if not self.resumes_by:
            return False
        names = {name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)} if query else set()
        has_header = "Last-Event-ID" in self.resumes_by and bool(head.headers.get("last-event-id"))
        return has_header or bool(self.resumes_by & names)

    def watches(self, head: Head, body: bytes) -> bool:
        """Say whether a request stops when its client goes away."""
        return self.is_watchful and (self.is_single is None or not self.is_single(self.wishes_of(head).media, body))

    def ask(
        self,
        session: Session,
        head: Head,
        parts: tuple[str, ...],
        query: bytes,
        body: bytes,
        arriving: AsyncIterator[bytes] | None = None,
    ) -> Reply | Awaitable[Reply]:
        """Read a request in the order of refusals, and answer it at once; or return what to await for the answer.

        Raises:
            UnsupportedMediaType, UnexpectedBody, BodyTooLarge, the errors of words, NotAcceptable, those of headers: in
                this order.
            RamekinError: whatever the endpoint raises.
        """
        wishes = head.wishes.get(self) or self.wishes_of(head)
        if body and len(body) > getattr(session.limits, self.limit):
            raise too_large(getattr(session.limits, self.limit))
        asked: Asked[M]
        if query or self.unsaid is ...:
            try:
                words = read_parameters(query, self.words) if query and self.reads_words else NO_WORDS
                asked = Asked(parts, query, body, wishes, words, arriving)
                if query[LONG_QUERY:] and self.reads_long is not None:
                    return self._ask_in_turns(session, asked, self.reads_long(session, asked))
                if self.reads is not None:
                    asked.meant = self.reads(session, asked)
            except BadRequest as error:
                raise error.of("query") from None
        else:
            asked = Asked(parts, query, body, wishes, NO_WORDS, arriving, None, self.unsaid)
        if wishes.refused is not None:
            raise wishes.refused
        answer = self.answer  # called as a method, a slot is looked for anew each time
        return answer(session, asked)

    async def _ask_in_turns(self, session: Session, asked: Asked[M], reading: Steps[M]) -> Reply:
        """Do what is left of `ask` where the query is long: it is read in turns."""
        try:
            asked.meant = await Work(session.limits.query_s).through(reading)
        except BadRequest as error:
            raise error.of("query") from None
        if asked.wishes.refused is not None:
            raise asked.wishes.refused
        answer = self.answer
        reply = answer(session, asked)
        return reply if isinstance(reply, Answer | Stream) else await reply

    async def ask_anew(self, session: Session, *asked: Any) -> Reply:
        """Do what `ask` does once the tables show all that happened before, in other processes too."""
        if self.role is not None and not self.is_of_process:
            await session.tables.refresh()
        reply = self.ask(session, *asked)
        return reply if isinstance(reply, Answer | Stream) else await reply

    def wishes_of(self, head: Head) -> Wishes:
        """Return what a head wishes for, and remember it there unless something is refused.

        Raises:
            UnsupportedMediaType, UnexpectedBody: the body is none that the endpoint takes.
            InvalidHeader: the body is meant as a part of what stands.
        """
        media = ""
        if self.takes and (self.needs_body or has_body(head.headers)):
            media = media_type(head.headers, self.takes)
        elif self.method != "GET" and 400 in self.problems and has_body(head.headers):
            raise UnexpectedBody("This request takes no body: what is meant stands in its address. Nothing was done.")
        try:
            wishes = head.wishes[self] = self._further_wishes(head.headers, media)
        except RamekinError as error:
            return Wishes(media, refused=error)
        return wishes

    def _further_wishes(self, headers: Mapping[str, str], media: str) -> Wishes:
        """Return what headers wish for besides the body.

        Raises:
            NotAcceptable, InvalidHeader, PreconditionNotPossible: in this order.
        """
        accepts, precondition, known = self.offers[0], ALWAYS, frozenset[str]()
        if 406 in self.problems or len(self.offers) > 1:
            try:
                accepts = accepted(headers, self.offers)
            except NotAcceptable:
                if 406 in self.problems:
                    raise
        names = {told["name"] for told in self.parameters}
        if "If-Match" in names:
            precondition = read_precondition(headers)
        elif "If-None-Match" in names:
            known = read_known(headers)
        elif self.method != "GET":
            refuse_preconditions(headers)
        last_event = headers.get("last-event-id") or None if "Last-Event-ID" in names else None
        return Wishes(media, accepts, precondition, known, preferences(headers), last_event)


Endpoints = tuple[Endpoint[Any], ...]
"""Those of one feature."""


@overload
def endpoint(
    method: str, path: str, *, reads: Callable[[Session, Asked[M]], M], **declared: Any
) -> Callable[[Callable[[Session, Asked[M]], Reply | Awaitable[Reply]]], Endpoint[M]]: ...


@overload
def endpoint(
    method: str, path: str, *, reads_long: Callable[[Session, Asked[M]], Steps[M]], **declared: Any
) -> Callable[[Callable[[Session, Asked[M]], Reply | Awaitable[Reply]]], Endpoint[M]]: ...


@overload
def endpoint(
    method: str, path: str, **declared: Any
) -> Callable[[Callable[[Session, Asked[None]], Reply | Awaitable[Reply]]], Endpoint[None]]: ...


def endpoint(
    method: str, path: str, **declared: Any
) -> Callable[[Callable[[Session, Asked[Any]], Reply | Awaitable[Reply]]], Endpoint[Any]]:
    """Make an endpoint of a function; see `Endpoint` for what is declared of it."""

    def make(answer: Callable[[Session, Asked[Any]], Reply | Awaitable[Reply]]) -> Endpoint[Any]:
        return Endpoint(method, path, answer, **declared)

    return make


def dev_endpoint(
    method: str, path: str, **declared: Any
) -> Callable[[Callable[[Session, Asked[None]], Reply | Awaitable[Reply]]], Endpoint[None]]:
    """Make an endpoint of a function for whoever tests or shows something: it touches every table there is."""
    return endpoint(method, path, role="admin", is_whole=True, tag="development", **declared)


def too_large(limit_bytes: int) -> BodyTooLarge:
    """Return the error of a body that is over its limit."""
    return BodyTooLarge(f"The body has more than {limit_bytes} bytes.")
