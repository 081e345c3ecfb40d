"""Every error that a caller can meet, as one tree.

    RamekinError
    ├── BadRequest            cannot be understood
    │   ├── MalformedJson     (DuplicateMember, NumberNotFinite, TooDeep)
    │   ├── MalformedCsv, MalformedPath
    │   ├── UnknownParameter, InvalidParameter, InvalidCursor, InvalidKey, InvalidHeader
    │   └── IdMismatch
    ├── Unauthorized
    ├── NotFound              (UnknownRoute, UnknownTable, RecordNotFound, UnknownProblem)
    ├── MethodNotAllowed, NotAcceptable, UnsupportedMediaType, BodyTooLarge, RateLimited
    ├── PreconditionFailed
    ├── Conflict              (RecordExists, DuplicateId)
    ├── Unprocessable         understood, but breaks the model or a rule
    │   └── InvalidRecord, InvalidId, IntegerOutOfRange, InvalidTableName, InvalidOperation, KeyNotResolved
    ├── Unavailable
    └── InternalError

Knows nothing of HTTP: the door keeps the one table from errors to status codes (``api/problems.py``). A message says
what was wrong and what to do; it never holds a record's value, a file path, a stack or a driver's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAME_LIMIT = 100
"""Characters of a caller's own name (field, table, operator) that a message may repeat."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a record: where (a JSON pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class RamekinError(Exception):
    """Anything that Ramekin refuses.

    Subclasses carry a stable ``code`` for programs, a ``title`` for people and a ``remedy``; the docstring's text is
    what ``/problems/{code}`` shows as the meaning.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    remedy: ClassVar[str] = "Read the detail: it says what was wrong."

    def __init__(self, message: str, *, faults: Sequence[Fault] = (), index: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)
        self.index = index


class BadRequest(RamekinError):
    """The request cannot be understood."""

    code = "bad-request"
    title = "The request cannot be understood"


class MalformedJson(BadRequest):
    """The text is not JSON (RFC 8259), is not UTF-8, has a byte order mark, or goes on after its end."""

    code = "malformed-json"
    title = "The body is not valid JSON"
    remedy = "Send one JSON text in UTF-8. The detail names line and column."


class DuplicateMember(MalformedJson):
    """An object has the same member twice. Parsers disagree about which one counts, so neither is taken."""

    code = "duplicate-member"
    title = "An object has the same member twice"
    remedy = "Send each member once."


class NumberNotFinite(MalformedJson):
    """A number is too large for a 64-bit float, such as 1e400: JSON has no infinity to store it as."""

    code = "number-not-finite"
    title = "A number is out of range"
    remedy = "Send a smaller number, or send it as text."


class TooDeep(MalformedJson):
    """Objects and arrays are nested more than 64 levels deep, the record's own braces counted as the first."""

    code = "too-deep"
    title = "The record is nested too deeply"
    remedy = "Flatten the record, or store the inner part as text or as a record of its own."


class MalformedCsv(BadRequest):
    """The text is not CSV (RFC 4180) with a header line: a row is ragged, a quote is open, or a name stands twice."""

    code = "malformed-csv"
    title = "The body is not valid CSV"
    remedy = "Give every row as many cells as the header has names. The detail names the line."


class MalformedPath(BadRequest):
    """The address is not UTF-8 once its percent signs are decoded."""

    code = "malformed-path"
    title = "The address cannot be read"
    remedy = "Percent-encode the UTF-8 bytes of each part of the path and of the query."


class UnknownParameter(BadRequest):
    """A query parameter is not one that this route takes. Nothing is ignored in silence."""

    code = "unknown-parameter"
    title = "Unknown parameter"
    remedy = "Remove the parameter or correct its name."


class InvalidParameter(BadRequest):
    """A query parameter, or a member of the request's own envelope, has a value that cannot be read."""

    code = "invalid-parameter"
    title = "A parameter cannot be read"
    remedy = "Correct the value; the detail says which values are taken."


class InvalidCursor(BadRequest):
    """The cursor was not made by this server, or was made for another query."""

    code = "invalid-cursor"
    title = "The cursor does not belong to this query"
    remedy = "Follow the `next` path as it was given, or start again without a cursor."


class InvalidKey(BadRequest):
    """The join key is neither `field` nor `left=right`, or the same table stands on both sides without `as`."""

    code = "invalid-key"
    title = "The join key cannot be read"
    remedy = "Write `/join/users/orders/id=user_id`; a dot goes into an object, `\\.` is a dot in a name."


class InvalidHeader(BadRequest):
    """A request header that decides what is done cannot be read."""

    code = "invalid-header"
    title = "A header cannot be read"
    remedy = "Correct the header; the detail names it."


class IdMismatch(BadRequest):
    """The record's id differs from the one in the address. An id never changes."""

    code = "id-mismatch"
    title = "The id in the body is not the id in the address"
    remedy = "Leave the id out of the body, or delete the record and create it under its new id."


class Unauthorized(RamekinError):
    """The server asks for a key and the request has none, or a wrong one."""

    code = "unauthorized"
    title = "A key is needed"
    remedy = "Send `Authorization: Bearer <key>`. Keys are never taken from the address."


class NotFound(RamekinError):
    """There is nothing at this address."""

    code = "not-found"
    title = "Not found"
    remedy = "Check the address; `/docs` lists all of them."


class UnknownRoute(NotFound):
    """No endpoint has this path."""

    code = "unknown-route"
    title = "No such endpoint"


class UnknownTable(NotFound):
    """The table does not exist. Only a write creates one."""

    code = "unknown-table"
    title = "No such table"
    remedy = "Check the name at `/api/v1/tables`, or create a record in it."


class RecordNotFound(NotFound):
    """The table has no record with this id."""

    code = "record-not-found"
    title = "No such record"
    remedy = "Check the id, or create the record: `PUT ...?upsert=true` does so under the id in the address."


class UnknownProblem(NotFound):
    """There is no page for this error code."""

    code = "unknown-problem"
    title = "No such error code"
    remedy = "Read the list of all codes at `/problems`."


class MethodNotAllowed(RamekinError):
    """The endpoint exists but does not take this method; the `Allow` header lists those it takes."""

    code = "method-not-allowed"
    title = "The method is not allowed here"
    remedy = "Use one of the methods in the `Allow` header."


class NotAcceptable(RamekinError):
    """None of the media types in `Accept` can be produced here."""

    code = "not-acceptable"
    title = "No acceptable media type"
    remedy = "Accept `application/json`; lists, joins and dumps also come as `application/x-ndjson` and `text/csv`."


class UnsupportedMediaType(RamekinError):
    """The body has no `Content-Type`, one that this endpoint does not read, or a `Content-Encoding`."""

    code = "unsupported-media-type"
    title = "The media type is not supported"
    remedy = "Send `Content-Type: application/json`, with no content encoding."


class BodyTooLarge(RamekinError):
    """The body, or one record in it, is over the limit."""

    code = "body-too-large"
    title = "The body is too large"
    remedy = "Send less at once, or raise the limit in the server's settings."


class RateLimited(RamekinError):
    """The client has sent more requests than the limit allows."""

    code = "rate-limited"
    title = "Too many requests"
    remedy = "Wait for the number of seconds in `Retry-After`."


class PreconditionFailed(RamekinError):
    """`If-Match` or `If-None-Match` does not hold: the record is not in the state that the request was made for."""

    code = "precondition-failed"
    title = "The precondition does not hold"
    remedy = "Read the record again and repeat the change with its present `ETag`."


class Conflict(RamekinError):
    """The request contradicts data that is there."""

    code = "conflict"
    title = "Conflict with the data"


class RecordExists(Conflict):
    """A record with this id is already there. Ids are compared by their text, so 1 and "1" are one id."""

    code = "record-exists"
    title = "The record exists"
    remedy = "Choose another id, use PUT, or say `on_conflict=ignore`, `replace` or `merge`."


class DuplicateId(Conflict):
    """The same id stands twice in one request."""

    code = "duplicate-id"
    title = "An id stands twice in the request"
    remedy = "Send each id once."


class Unprocessable(RamekinError):
    """The request was understood but breaks the model or a rule."""

    code = "unprocessable"
    title = "The request breaks a rule"


class InvalidRecord(Unprocessable):
    """The record is not an object, or does not satisfy its table's model."""

    code = "invalid-record"
    title = "The record is not valid"
    remedy = "Correct the members that `errors` points at; the table's schema is at `/api/v1/tables/{table}`."


class InvalidId(Unprocessable):
    """An id is text of 1 to 255 characters (no control character, no `/`, not `.` or `..`) or a 64-bit integer."""

    code = "invalid-id"
    title = "The id is not valid"
    remedy = "Send another id, or none: a UUID is then made."


class IntegerOutOfRange(Unprocessable):
    """An integer does not fit into 64 bits with a sign, so other programs would round it."""

    code = "integer-out-of-range"
    title = "An integer is out of range"
    remedy = "Send it as text."


class InvalidTableName(Unprocessable):
    """A table's name is 1 to 63 of `A-Z a-z 0-9 _ -`, and begins with a letter or `_`."""

    code = "invalid-table-name"
    title = "The table's name is not valid"
    remedy = "Choose another name."


class InvalidOperation(Unprocessable):
    """An operation of a batch lacks a member, has one that its kind does not take, or has an unknown kind."""

    code = "invalid-operation"
    title = "The operation is not valid"
    remedy = 'Write `{"op": "create|upsert|replace|patch|delete", "table": ..., "id": ..., "record": {...}}`.'


class KeyNotResolved(Unprocessable):
    """Neither table of the join has a field of that name."""

    code = "key-not-resolved"
    title = "The join key is no field of either table"
    remedy = "Name a field of one of the tables, or write both sides: `left=right`."


class Unavailable(RamekinError):
    """The server cannot answer now; nothing was applied."""

    code = "unavailable"
    title = "Not available now"
    remedy = "Try again after the number of seconds in `Retry-After`."


class InternalError(RamekinError):
    """The server met a fault of its own. Its log has the stack under the request's id."""

    code = "internal-error"
    title = "Internal error"
    remedy = "Report it with the request id."


def shorten(name: str) -> str:
    """Return a caller's own name as a message may repeat it: at most 100 characters, without control characters."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name[: NAME_LIMIT + 1])
    return printable if len(printable) <= NAME_LIMIT else printable[: NAME_LIMIT - 1] + "…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest of the known names, or nothing."""
    nearest = get_close_matches(name[:NAME_LIMIT], list(known), n=1)
    return f" Did you mean '{shorten(nearest[0])}'?" if nearest else ""


def all_errors(root: type[RamekinError] = RamekinError) -> list[type[RamekinError]]:
    """Return every class of the tree that has a code of its own, in the order of the tree."""
    below = [error for child in root.__subclasses__() for error in all_errors(child)]
    return [root, *below] if "code" in root.__dict__ else below
