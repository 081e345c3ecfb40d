"""Requests that were understood and are refused: by the data, by a rule, by a limit."""

from __future__ import annotations

from ramekin.errors.error import RamekinError


class Unauthorized(RamekinError):
    """The server asks for a key, and the request has none, or one that is wrong or has expired."""

    title = "A key is needed"
    remedy = "Send `Authorization: Bearer <key>`. Keys are never taken from the address."
    place = ("header", "Authorization")


class Forbidden(RamekinError):
    """The key that was sent lacks the role that this takes, or does not reach a table that it touches."""

    title = "The key may not do this"
    remedy = "Use a key with the role, or the table, that the detail names; `ramekin key create` makes one."


class ForeignHost(Forbidden):
    """`Host` is none of the names that this server answers to: a page may have its own name stand for our address."""

    title = "The server does not answer to this host"
    remedy = (
        "Ask for `localhost` on the same machine. "
        "Behind a proxy, name the host that it sends, such as `--allow-host db.example.com`."
    )
    place = ("header", "Host")


class ForeignOrigin(Forbidden):
    """A page of another origin sent what would change something: `Sec-Fetch-Site` or `Origin` says so."""

    title = "A page of another origin may not do this"
    remedy = "Send it from a page of this server, or from a program. Behind a proxy, pass `Host` on as it was sent."
    place = ("header", "Origin")


class NotFound(RamekinError):
    """There is nothing at this address."""

    title = "Not found"
    remedy = "Check the address; `/docs` lists all of them."


class UnknownRoute(NotFound):
    """No endpoint has this path."""

    title = "No such endpoint"


class UnknownTable(NotFound):
    """The table does not exist. Only a write creates one."""

    title = "No such table"
    remedy = "Check the name at `/api/v1/tables`, or create a record in it."
    place = ("path", "table")


class RecordNotFound(NotFound):
    """The table has no record with this id."""

    title = "No such record"
    remedy = "Check the id, or create the record: `PUT ...?upsert=true` does so under the id in the address."


class UnknownBranch(NotFound):
    """There is no branch of that name."""

    title = "No such branch"
    remedy = (
        "`GET /api/v1/branches` lists them. One is made by `PUT`, or by its first use with the role `admin`, unless "
        "that has `since`, `Last-Event-ID` or `cursor`."
    )
    place = ("path", "branch")


class UnknownProblem(NotFound):
    """There is no page for this error code."""

    title = "No such error code"
    remedy = "Read the list of all codes at `/problems`."
    place = ("path", "code")


class ChangesGone(RamekinError):
    """What has happened since this position is not known any more: too much has, or the server was started anew."""

    title = "The changes are gone"
    remedy = "Ask `/api/v1/changes` for `latest`, then read the tables, and go on with `since` that position."
    place = ("query", "since")


class MethodNotAllowed(RamekinError):
    """The endpoint exists but does not take this method; the `Allow` header lists those it takes."""

    title = "The method is not allowed here"
    remedy = "Use one of the methods in the `Allow` header."


class NotAcceptable(RamekinError):
    """None of the media types in `Accept` can be produced here, or CSV would have too many columns."""

    title = "The answer has no form that is accepted"
    remedy = "Accept `application/json`; lists, joins and dumps also come as `application/x-ndjson` and `text/csv`."
    place = ("header", "Accept")


class UnsupportedMediaType(RamekinError):
    """The body has no `Content-Type`, one that this endpoint does not read, or a charset or `Content-Encoding`."""

    title = "The form of the body is not supported"
    remedy = "Send `Content-Type: application/json`, or what the detail names, in UTF-8 and with no `Content-Encoding`."
    place = ("header", "Content-Type")


class BodyTooLarge(RamekinError):
    """The body, or one record in it, is over the limit."""

    title = "The body is too large"
    remedy = "Send less at once, or raise the limit in the server's settings."


class HeadTooSlow(RamekinError):
    """The first line and the headers were not whole `--head-seconds` (10) after their first byte."""

    title = "The head comes too slowly"
    remedy = "Send the request again, with its headers at once."


class BodyTooSlow(RamekinError):
    """The body was not whole after `--body-seconds` (30) and brings less than 1 KiB a second; nothing was applied."""

    title = "The body comes too slowly"
    remedy = "Send the request again, with all of its body."


class AddressTooLong(RamekinError):
    """The address is longer than what a server reads of a request before its body: 32 KiB."""

    title = "The address is too long"
    remedy = "Send a long query as a body: `POST /api/v1/query/{table}`."


class HeadTooLarge(RamekinError):
    """The address and the headers have more than 32 KiB together, or there are more than 100 headers."""

    title = "There are too many headers, or too long ones"
    remedy = "Send fewer headers; cookies of other sites on the same host are often the cause."


class RateLimited(RamekinError):
    """The client has sent more requests than the limit allows."""

    title = "Too many requests"
    remedy = "Wait for the number of seconds in `Retry-After`."


class PreconditionFailed(RamekinError):
    """`If-Match` or `If-None-Match` does not hold: the record is not in the state that the request was made for."""

    title = "The precondition does not hold"
    remedy = "Read the record again and repeat the change with its present `ETag`."


class PreconditionRequired(RamekinError):
    """The table's definition asks for `If-Match`, so that no change is lost to another one."""

    title = "If-Match is needed"
    remedy = "Read the record and send its `ETag` as `If-Match`."
    place = ("header", "If-Match")


class Unprocessable(RamekinError):
    """The request was understood but breaks the model or a rule."""

    title = "The request breaks a rule"


class InvalidRecord(Unprocessable):
    """The record is not an object, or does not satisfy its table's model."""

    title = "The record is not valid"
    remedy = "Correct the members that `errors` points at; the table's schema is at `/api/v1/tables/{table}`."
    place = ("",)


class InvalidId(Unprocessable):
    """An id is text of 1 to 255 characters (no control character, no `/`, not `.` or `..`) or a 64-bit integer."""

    title = "The id is not valid"
    remedy = "Send another id, or none: a UUID is then made."
    place = ("", "id")


class IntegerOutOfRange(Unprocessable):
    """An integer does not fit into 64 bits with a sign, so other programs would round it."""

    title = "An integer is out of range"
    remedy = "Send it as text."


class InvalidTableName(Unprocessable):
    """A table's name is 1 to 63 of `A-Z a-z 0-9 _ -`, and begins with a letter or `_`."""

    title = "The table's name is not valid"
    remedy = "Choose another name."
    place = ("path", "table")


class InvalidBranch(Unprocessable):
    """A branch is called as a table may be: 1 to 63 of `A-Z a-z 0-9 _ -`; or what is said of it cannot be."""

    title = "The branch is not valid"
    remedy = 'Choose another name; as the body write `{"from": "main", "ttl_s": 600}`, both of which may be left out.'
    place = ("path", "branch")


class InvalidClock(Unprocessable):
    """What the clock is to tell has an unknown member, or is no time that it could be."""

    title = "The time is not valid"
    remedy = 'Write {"now": "2027-01-01T00:00:00Z", "is_frozen": true}, or {"advance_s": 3600}.'


class InvalidFault(Unprocessable):
    """A rule for faults on purpose has an unknown member, a value that cannot be, or nothing that it does."""

    title = "The rule is not valid"
    remedy = 'Write {"rules": [{"method": "POST", "table": "orders", "status": 503, "every": 3}]}.'


class InvalidOperation(Unprocessable):
    """An operation of a batch lacks a member, has one that its `op` does not take, or has an unknown `op`."""

    title = "The operation is not valid"
    remedy = 'Write `{"op": "create|upsert|replace|patch|delete", "table": ..., "id": ..., "record": {...}}`.'
    place = ("",)


class KeyNotResolved(Unprocessable):
    """Neither table of the join has a field of that name."""

    title = "The join key is not a field of either table"
    remedy = "Name a field of one of the tables, or write both sides: `left=right`."
    place = ("path", "key")


class NameTaken(Unprocessable):
    """With `shape=tree` the matches stand in a member of their own, and a record has one of that name already."""

    title = "The record has a member of that name"
    remedy = "Give the matches another name with `as=`, such as `as=users,their_orders`."
    place = ("query", "as")


class TooManyRows(Unprocessable):
    """The rows that must be held at once to put the answer in order are more than the server allows."""

    title = "Too many rows to put in order"
    remedy = "Add conditions, follow `next` instead of a large `offset`, or raise the server's `max_sorted_rows`."
    place = ("query", "sort")


class SortValueTooLong(Unprocessable):
    """The last record of a page has so long a value in a field of the order that no cursor can hold it."""

    title = "A value is too long to sort pages by"
    remedy = "Sort by a shorter field, or raise `limit` so that all records fit on one page."
    place = ("query", "sort")


class InvalidDefinition(Unprocessable):
    """The definition of a table has an unknown member, a schema that is not a JSON Schema, or a field twice."""

    title = "The definition is not valid"
    remedy = 'Write {"schema": {...}, "unique": ["email"], "indexes": [{"field": "age", "kind": "sorted"}]}.'
    place = ("",)
