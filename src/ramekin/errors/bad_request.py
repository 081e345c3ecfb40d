"""Requests that cannot be understood, or ask for a part of a file that is not there."""

from __future__ import annotations

from typing import Any

from ramekin.errors.error import RamekinError


class BadRequest(RamekinError):
    """The request cannot be understood."""

    title = "The request cannot be understood"
    path: tuple[str, ...] = ()
    """The field that it is about, where whoever raises it does not know what names it."""


class MalformedJson(BadRequest):
    """The text is not JSON (RFC 8259), is not UTF-8, has a byte order mark, or goes on after its end."""

    title = "The body is not valid JSON"
    remedy = "Send one JSON text in UTF-8. The detail names line and column."
    place = ("",)


class DuplicateMember(MalformedJson):
    """An object has the same member twice. Parsers disagree about which one counts, so neither is taken."""

    title = "An object has the same member twice"
    remedy = "Send each member once."


class NumberNotFinite(MalformedJson):
    """A number is too large for a 64-bit float, such as 1e400: JSON has no infinity to store it as."""

    title = "A number is out of range"
    remedy = "Send a smaller number, or send it as text."


class TooDeep(MalformedJson):
    """Objects and arrays are nested more than 64 levels deep, the record's own braces counted as the first."""

    title = "The record is nested too deeply"
    remedy = "Flatten the record, or store the inner part as text or as a record of its own."


class MalformedCsv(BadRequest):
    """The text is not CSV (RFC 4180) with a header line: a row is ragged, quotes are open, a name is missing or twice.

    Or the header has another delimiter, or the text no line end at all.
    """

    title = "The body is not valid CSV"
    remedy = "Give every row as many cells as the header has names, and say `delimiter` if it is not a comma."
    place = ("",)


class MalformedRequest(BadRequest):
    """The request breaks a rule of HTTP (RFC 9112), so that two readers may understand it in two ways."""

    title = "The request breaks the rules of HTTP"
    remedy = "Correct what the detail names, or send the request with a library; the connection is closed."


class MalformedPath(BadRequest):
    """The address is not UTF-8 once its percent signs are decoded."""

    title = "The address cannot be read"
    remedy = "Percent-encode the UTF-8 bytes of each part of the path and of the query."
    place = ("path",)


class UnknownParameter(BadRequest):
    """A query parameter is not one that this route takes. Nothing is ignored in silence."""

    title = "Unknown parameter"
    remedy = "Remove the parameter or correct its name."
    place = ("query",)


class InvalidParameter(BadRequest):
    """A query parameter, or a member of the request's own envelope, has a value that cannot be read."""

    title = "A parameter cannot be read"
    remedy = "Correct the value; the detail says which values are taken."
    place: tuple[str, ...] = ("query",)


class LimitTooLarge(InvalidParameter):
    """The page asked for has more rows than the server gives at once."""

    title = "The limit is over the maximum"
    remedy = "Ask for smaller pages and follow `next`, or take the whole table with `GET /api/v1/dump/{table}`."
    place = ("query", "limit")


class ConflictingParameters(BadRequest):
    """Two parameters say different things about the same, such as `cursor` and `offset`."""

    title = "Parameters contradict each other"
    remedy = "Send one of the two."
    place = ("query",)


class UnknownOperator(BadRequest):
    """A condition has an operator that does not exist."""

    title = "Unknown operator"
    remedy = (
        "Use one of eq, ne, gt, gte, lt, lte, in, nin, contains, icontains, startswith, endswith, null, exists. "
        "A field whose name holds a colon is written with its operator: `a:b:eq=1`."
    )
    place = ("query",)


class InvalidOperator(BadRequest):
    """The operator makes no sense for the field's declared type, such as an order of booleans."""

    title = "The operator does not fit the field"
    remedy = "Use another operator; the field's type is in the table's schema at `/api/v1/tables/{table}`."
    place = ("query",)


class UnknownField(BadRequest):
    """The table's schema has no field of this name, or under `Prefer: handling=strict` no record has it."""

    title = "Unknown field"
    remedy = "Correct the name; the table's schema is at `/api/v1/tables/{table}`."
    place = ("query",)

    def __init__(self, said: str, *, path: tuple[str, ...], **told: Any) -> None:
        super().__init__(said, **told)
        self.path = path


class PathTooLong(BadRequest):
    """The path of a field has more than 64 steps or 2,000 characters, deeper than any record is nested."""

    title = "The path of a field is too long"
    remedy = "Name the field by a shorter path; records are nested 64 levels at the most."
    place = ("query",)


class InvalidValue(BadRequest):
    """A condition's value cannot be read as the field's declared type, or can match nothing that the field holds."""

    title = "The value cannot be read"
    remedy = "Send a value of the field's type: numbers as JSON writes them, times in ISO 8601."
    place = ("query",)


class RepeatedCondition(BadRequest):
    """The same field is compared twice with the same operator. All conditions hold at once, so one would be enough."""

    title = "A condition stands twice"
    remedy = "Use `in` for a choice of values (`id:in=1,2`), or `where` with `or`."
    place = ("query",)


class ConditionRequired(BadRequest):
    """A change of many records was asked for without saying which: no condition, or one that holds for any record."""

    title = "A condition is needed"
    remedy = "Add a condition, or say `all=true` for every record."
    place = ("query",)


class InvalidWhere(BadRequest):
    """The `where` object, or the body of a query, does not have the shape that the query language asks for."""

    title = "The query cannot be read"
    remedy = 'Write it like {"age": {"gte": 18}, "or": [{"city": "Paris"}, {"vip": true}]}.'
    place = ("query", "where")


class InvalidSort(BadRequest):
    """`sort` is no list of fields, or names one twice."""

    title = "The order cannot be read"
    remedy = "Write the fields with commas between, with `-` in front for descending: `sort=-total,name`."
    place = ("query", "sort")


class InvalidSelect(BadRequest):
    """`select` is no list of fields."""

    title = "The selection cannot be read"
    remedy = "Write the fields with commas between: `select=id,name`."
    place = ("query", "select")


class InvalidAggregate(BadRequest):
    """`group_by` or `aggregate` cannot be read, or stands beside what does not go with groups."""

    title = "The aggregates cannot be read"
    remedy = 'Write {"group_by": ["city"], "aggregate": {"n": "count", "total": "sum:total_price"}}.'
    place = ("",)


class InvalidCursor(BadRequest):
    """The cursor was not made by this server, or was made for another query."""

    title = "The cursor does not belong to this query"
    remedy = "Follow the `next` path as it was given, or start again without a cursor."
    place = ("query", "cursor")


class InvalidKey(BadRequest):
    """The join key is neither `field` nor `left=right`, or the same table stands on both sides without `as`."""

    title = "The join key cannot be read"
    remedy = "Write `/api/v1/join/users/orders/id=user_id`; a dot goes into an object, `\\.` is a dot in a name."
    place = ("path", "key")


class UnexpectedBody(BadRequest):
    """A request that changes something brings a body where none is taken. What it says would be passed over."""

    title = "This request takes no body"
    remedy = "Send it without one: no `-d` of curl, no `json=` or `data`. What is meant stands in the address."


class InvalidHeader(BadRequest):
    """A request header that decides what is done cannot be read."""

    title = "A header cannot be read"
    remedy = "Correct the header; the detail names it."
    place = ("header",)


class PreconditionNotPossible(BadRequest):
    """A precondition was sent to what has no strong `ETag`: a collection, a batch, a load or a definition."""

    title = "A precondition cannot be kept here"
    remedy = "Send it with a single record, which has a strong `ETag`, or as `if_match` in the operations of a batch."
    place = ("header",)


class IdMismatch(BadRequest):
    """The record's id differs from the one in the address. An id never changes."""

    title = "The id in the body is not the id in the address"
    remedy = "Leave the id out of the body, or delete the record and create it under its new id."
    place = ("", "id")


class RangeNotSatisfiable(RamekinError):
    """The file ends before the part that `Range` asks for; the `Content-Range` header tells its length."""

    title = "The file has no such part"
    remedy = "Ask for the file without `Range`, or for a part of the length in `Content-Range`."
    place = ("header", "Range")
