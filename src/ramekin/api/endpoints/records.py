"""Records over HTTP: create, read, replace, patch, delete.

Each endpoint reads as a sentence: what was asked, what the database says, how it is answered. Most answer at once; a
write that has to wait, for a disk say, returns what to await. Knows no engines; see ``database/operations.py`` for what
each write means and ``lists.py`` for many records of a table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from ramekin.api.declared.answers import CHANGE, READ, WRITE, answer, content, request_body, unless_known
from ramekin.api.declared.endpoint import Endpoint, Endpoints, endpoint, too_large
from ramekin.api.declared.parameters import (
    IF_ABSENT,
    IF_MATCH,
    IF_NONE_MATCH,
    MINIMAL,
    SELECT,
    STRICT,
    TTL,
    flag,
    word,
)
from ramekin.api.declared.shapes import RECORD, RECORD_INPUT, RECORD_PATCH, SELECTED, USER, array, reference
from ramekin.api.http.answer import (
    Answer,
    Reply,
    array_reply,
    ascii_json,
    bodiless,
    json_answer,
    not_modified,
    record_answer,
    stored_answer,
)
from ramekin.api.http.headers import CSV, JSON, MERGE_PATCH, NDJSON
from ramekin.api.http.lifetimes import expires_line, http_date, read_ttl
from ramekin.api.routes import API, record_address
from ramekin.database.operations import CONFLICT_RULES, Op, Operation, Outcome
from ramekin.database.precondition import ALWAYS
from ramekin.engine.work import Work
from ramekin.errors import InvalidParameter, RamekinError, UnknownField, Unprocessable, at
from ramekin.formats.delimited import DELIMITERS
from ramekin.formats.record_text import CSV_TYPES, ArrayText, CsvForm, CsvText, NdjsonText, chunks_of, with_lines
from ramekin.query.url import parse_select
from ramekin.values import codec, pieces
from ramekin.values.paths import LONG_BYTES, FieldPath, outer, select, split_names

if TYPE_CHECKING:
    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session
    from ramekin.formats.record_text import RecordText

ONE = f"{API}/data/{{table}}/{{id}}"
TABLE = f"{API}/data/{{table}}"

BLANK_BYTES = 256 * 1024
"""How much of a body is looked at to say whether it is one record or many."""

_AS_USUAL = CsvForm()
_CREATED = {"oneOf": [RECORD, array(RECORD), reference("Count")]}


def _is_single(media: str, text: bytes) -> bool:
    """Say whether a body is one record, and not many, which is taken for said where it begins with too many blanks."""
    if media != JSON or text[:1] in (b"{", b"["):
        return media == JSON and text[:1] == b"{"
    begin = text[:BLANK_BYTES].lstrip(b" \t\r\n")[:1]
    return begin != b"[" and (begin != b"" or len(text) <= BLANK_BYTES)


def _read_form(session: Session, asked: Asked[CsvForm]) -> CsvForm:
    """Return how CSV is read. Raises InvalidParameter where the body is none."""
    words = asked.words
    if "csv_types" not in words and "delimiter" not in words:
        return _AS_USUAL
    for name in ("csv_types", "delimiter"):
        if name in words and asked.wishes.media != CSV:
            raise InvalidParameter(f"'{name}' is for bodies of {CSV}.").within(name)
    return CsvForm(words.get("delimiter", _AS_USUAL.delimiter), words.get("csv_types", CSV_TYPES[0]))


@endpoint(
    "POST",
    TABLE,
    path_example={"table": "guests"},
    role="write",
    tag="records",
    reads=_read_form,
    unsaid=_AS_USUAL,
    answers={
        201: answer(
            "Created: the record, or the records in order, or with `return=minimal` their number.",
            _CREATED,
            USER,
            ["ETag", "Location", "Expires", "Preference-Applied"],
        ),
        200: answer("None was new: what is stored, as above.", _CREATED, has=["ETag", "Expires", "Preference-Applied"]),
    },
    problems=(*WRITE, 428),
    parameters=[
        word(
            "on_conflict",
            "What to do where a record with the id exists; `error` if it is not said.",
            enum=list(CONFLICT_RULES),
        ),
        word("csv_types", "`text`: every cell of a CSV body is text. For CSV alone.", enum=list(CSV_TYPES)),
        word("delimiter", "What stands between the cells of a CSV body. For CSV alone.", enum=list(DELIMITERS)),
        TTL,
        MINIMAL,
    ],
    body={
        "required": True,
        # Without ids, so that they can be sent again.
        "content": content(
            {"oneOf": [RECORD_INPUT, array(RECORD_INPUT)]}, {"name": "Ada", "address": {"city": "Paris"}}
        )
        | content({"type": "string"}, '{"name":"Ada"}\n{"name":"Grace"}\n', NDJSON)
        | content({"type": "string"}, "name,age\nAda,36\n", CSV),
    },
    size="bulk",
    is_watchful=True,
    is_single=_is_single,
)
def create_record(session: Session, asked: Asked[CsvForm]) -> Reply | Awaitable[Reply]:
    """Create one record, or many at once: all or nothing."""
    text, wishes = asked.body, asked.wishes
    if not (text[:1] == b"{" and wishes.media == JSON) and not _is_single(wishes.media, text):  # a call less for most
        return _create_many(session, asked)
    if len(text) > session.limits.text_bytes:
        raise too_large(session.limits.text_bytes)
    if len(text) > LONG_BYTES and asked.record is None:
        return _read_in_turns(session, asked, create_record)
    [table], words = asked.parts, asked.words
    rule, ttl = CONFLICT_RULES[0], None
    record, printed = asked.record or codec.read(text)
    if words:
        rule, ttl = words.get("on_conflict", rule), read_ttl(words)
    operation = Operation("create", table, None, record, ALWAYS, rule, True, printed, ttl)
    return _tell(table, session.database.apply_now(operation), "return=minimal" in wishes.preferences)


async def _create_many(session: Session, asked: Asked[CsvForm]) -> Reply:
    [table], work = asked.parts, Work(session.limits.query_s)
    rule = asked.words.get("on_conflict", CONFLICT_RULES[0])
    try:
        records, ttl = _read_bulk(session, asked), read_ttl(asked.words)
        outcomes = await session.database.insert(table, records, on_conflict=rule, is_parsed=True, ttl=ttl)
    except RamekinError as error:
        raise await work.through(with_lines(error, _read_bulk(session, asked))) from None
    work.commit()
    status = 200
    for outcome in outcomes:
        if outcome.effect == "created":
            status = 201
            break
        await work.rest()
    if "return=minimal" in asked.wishes.preferences:
        count = len(outcomes)
        await work.let_go(outcomes)
        return json_answer({"count": count}, status, {"preference-applied": "return=minimal"})
    return await array_reply(outcomes, _body, work, status)


def _body(outcome: Outcome) -> bytes:
    assert outcome.body is not None, "no record of a bulk is deleted"
    return outcome.body


def _read_bulk(session: Session, asked: Asked[CsvForm]) -> RecordText:
    limit, text = session.limits.text_bytes, asked.body
    if asked.wishes.media == JSON:
        return ArrayText(text, limit)
    if asked.wishes.media == NDJSON:
        return NdjsonText(lambda: chunks_of(text), limit)
    return CsvText(lambda: chunks_of(text), session.csv_columns(asked.parts[0]), limit, asked.meant)


def _read_selection(session: Session, asked: Asked[list[FieldPath] | None]) -> list[FieldPath] | None:
    """Return the fields that are asked for, None for all. Raises InvalidSelect, UnknownField."""
    if "select" not in asked.words:
        return None
    with at("select"):
        return list(parse_select(split_names(asked.words["select"]), session.database.fields(asked.parts[0])))


@endpoint(
    "GET",
    ONE,
    role="read",
    tag="records",
    reads=_read_selection,
    unsaid=None,
    answers=unless_known(
        answer("The record, or with `select` a part of it.", SELECTED, USER, ["ETag", "Expires", "Vary", "X-Warnings"])
    ),
    problems=(*READ, 412),
    parameters=[SELECT, IF_MATCH, IF_NONE_MATCH, STRICT],
)
def get_record(session: Session, asked: Asked[list[FieldPath] | None]) -> Reply | Awaitable[Reply]:
    """Return one record."""
    table, record_id = asked.parts
    database = session.database
    body = database.get_now(table, record_id)
    precondition = asked.wishes.precondition
    expirations = database.expirations
    due = expirations.due(table, record_id) if expirations.tables else None
    if precondition is ALWAYS and asked.meant is None and due is None:
        return stored_answer(body)
    if not precondition.matches(body):
        raise precondition.broken()
    if asked.meant is not None:
        return _answer_selected(session, asked, asked.meant, body)
    tag, lines = codec.digest(body), "" if due is None else expires_line(due)
    if precondition.knows(tag):
        return Answer(304, f'etag: "{tag}"\r\n{lines}'.encode())
    return record_answer(body, tag, 200, lines)


async def _answer_selected(
    session: Session, asked: Asked[list[FieldPath] | None], fields: list[FieldPath], body: bytes
) -> Reply:
    try:
        warnings = await session.database.missing(asked.parts[0], fields, is_strict=asked.wishes.is_strict)
    except UnknownField as error:
        raise error.of("query", "select") from None
    tag = f"{codec.digest(body)}-{codec.digest(repr(fields).encode())[:12]}"
    headers = {"etag": f'W/"{tag}"', "vary": "Prefer"}
    expirations, precondition = session.database.expirations, asked.wishes.precondition
    if (due := expirations.due(*asked.parts)) is not None:
        headers["expires"] = http_date(due)
    if precondition.knows(tag):
        return not_modified(headers)
    if warnings:
        headers["x-warnings"] = ascii_json(warnings)
    return json_answer(select(outer(body, [path[0] for path in fields]), fields), headers=headers)


@endpoint(
    "PUT",
    ONE,
    role="write",
    tag="records",
    answers={
        200: answer("Replaced: the new record.", RECORD, USER, ["ETag", "Expires"]),
        201: answer("Created.", RECORD, USER, ["ETag", "Expires", "Location"]),
    },
    problems=CHANGE,
    parameters=[flag("upsert", "Create the record if it is absent."), TTL, IF_MATCH, IF_ABSENT],
    body=request_body(RECORD_INPUT, USER),
    size="text",
)
def put_record(session: Session, asked: Asked[None]) -> Reply | Awaitable[Reply]:
    """Replace a whole record; with `upsert=true` create it where it is absent."""
    if len(asked.body) > LONG_BYTES and asked.record is None:
        return _read_in_turns(session, asked, put_record)
    (table, record_id), words = asked.parts, asked.words
    op: Op = "upsert" if words and words.get("upsert") else "replace"
    try:
        record, printed = asked.record or codec.read(asked.body)
    except Unprocessable:
        _look_first(session, asked)
        raise
    precondition, ttl = asked.wishes.precondition, read_ttl(words) if words else None
    operation = Operation(op, table, record_id, record, precondition, "error", True, printed, ttl)
    return _tell(table, session.database.apply_now(operation))


@endpoint(
    "PATCH",
    ONE,
    role="write",
    tag="records",
    answers={200: answer("The record as it is now.", RECORD, USER, ["ETag", "Expires"])},
    problems=CHANGE,
    parameters=[TTL, IF_MATCH, IF_ABSENT],
    body=request_body(RECORD_PATCH, {"name": "Ada L.", "address": {"zip": None}}, MERGE_PATCH, JSON),
    size="text",
)
def patch_record(session: Session, asked: Asked[None]) -> Reply | Awaitable[Reply]:
    """Change some members of a record (JSON merge patch); the result is validated again."""
    if len(asked.body) > LONG_BYTES and asked.record is None:
        return _read_in_turns(session, asked, patch_record)
    table, record_id = asked.parts
    try:
        record, _ = asked.record or codec.read(asked.body)
    except Unprocessable:
        _look_first(session, asked)
        raise
    precondition, ttl = asked.wishes.precondition, read_ttl(asked.words) if asked.words else None
    operation = Operation("patch", table, record_id, record, precondition, "error", True, None, ttl)
    return _tell(table, session.database.apply_now(operation))


@endpoint(
    "DELETE",
    ONE,
    role="write",
    tag="records",
    answers={204: answer("Deleted.")},
    problems=(400, 404, 412, 428, 503),
    parameters=[IF_MATCH, IF_ABSENT],
)
def delete_record(session: Session, asked: Asked[None]) -> Reply | Awaitable[Reply]:
    """Delete a record."""
    table, record_id = asked.parts
    operation = Operation("delete", table, record_id, None, asked.wishes.precondition, "error", True)
    return _tell(table, session.database.apply_now(operation))


def _look_first(session: Session, asked: Asked[Any]) -> None:
    """Raise RecordNotFound where nothing stands at an address: it is said before what the record breaks."""
    if len(asked.parts) > 1 and not asked.words.get("upsert"):
        session.database.get_now(*asked.parts)


async def _read_in_turns(session: Session, asked: Asked[Any], write: Endpoint[Any]) -> Reply:
    """Read a long record in turns, and go on as with any other."""
    try:
        asked.record = await Work(session.limits.record_s).through(pieces.read(asked.body))
    except Unprocessable:
        _look_first(session, asked)
        raise
    done = write.answer(session, asked)
    return await done if isinstance(done, Awaitable) else done


def _tell(
    table: str, done: Outcome | Coroutine[Any, Any, Outcome], is_minimal: bool = False
) -> Reply | Awaitable[Reply]:
    """Return the answer of a write, the record that it left with its tag: at once, unless it has to be waited for."""
    if type(done) is not Outcome:
        return _tell_late(table, cast("Awaitable[Outcome]", done), is_minimal)
    body = done.body
    if body is None:
        return bodiless(204)
    tag, status, lines = codec.digest(body), 200, ""
    if done.effect == "created":
        status, lines = 201, f"location: {record_address(table, done.key)}\r\n"
    if done.due is not None:
        lines += expires_line(done.due)
    if is_minimal:
        body, lines = codec.dump({"count": 1}), f"{lines}preference-applied: return=minimal\r\n"
    return record_answer(body, tag, status, lines)


async def _tell_late(table: str, done: Awaitable[Outcome], is_minimal: bool) -> Reply:
    reply = _tell(table, await done, is_minimal)
    assert not isinstance(reply, Awaitable), "nothing is left to wait for"
    return reply


ENDPOINTS: Endpoints = (create_record, get_record, put_record, patch_record, delete_record)
