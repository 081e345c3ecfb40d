"""Records over HTTP: create, read, replace, patch, delete.

Each endpoint reads as a sentence: what was asked, what the database says, how it is answered. Knows no engines; see
``database/operations.py`` for what each write means and ``lists.py`` for many records of a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from ramekin.api.declared import descriptions
from ramekin.api.http.headers import CSV, JSON, MERGE_PATCH, NDJSON, accepted, media_type, preferences
from ramekin.api.http.preconditions import read_condition, refuse_preconditions
from ramekin.api.http.requests import check_no_body, choice, flag, read_body, read_parameters
from ramekin.api.http.responses import JsonText, ascii_json, body_response, json_response, not_modified, record_path
from ramekin.api.routes import API, add_route, hot
from ramekin.database.operations import ALWAYS, CONFLICT_RULES, Operation
from ramekin.errors import BodyTooLarge, InvalidParameter, RamekinError, Unprocessable
from ramekin.formats.delimited import DELIMITERS
from ramekin.formats.records import CSV_TYPES, ArrayText, CsvForm, CsvText, NdjsonText, with_lines
from ramekin.query.url import parse_select
from ramekin.values import codec
from ramekin.values.paths import select, split_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ramekin.api.context import Context
    from ramekin.database.operations import Condition, OnConflict, Outcome
    from ramekin.formats.records import Records
    from ramekin.schema.fields import Fields
    from ramekin.values.paths import FieldPath

RECORD = f"{API}/data/{{table}}/{{id}}"
TABLE = f"{API}/data/{{table}}"

_AS_USUAL = CsvForm()


def register(app: FastAPI, context: Context) -> None:
    """Add the endpoints of records."""
    database, limits = context.database, context.database.limits

    @hot
    async def create_record(table: str, request: Request) -> Response:
        """Create one record, or many at once: all or nothing."""
        kind = media_type(request, (JSON, NDJSON, CSV))
        body = await read_body(request, limits.bulk_bytes)
        rule, form = _read_words(request, kind)
        accepted(request, (JSON,))
        refuse_preconditions(request)
        is_minimal = "return=minimal" in preferences(request)
        if kind == JSON and body.lstrip(b" \t\r\n")[:1] != b"[":
            if len(body) > limits.record_bytes:
                raise BodyTooLarge(f"A record has more than {limits.record_bytes} bytes.")
            outcome = await database.apply(Operation("create", table, None, codec.parse(body), ALWAYS, rule, True))
            return _answer_one(table, outcome, is_minimal=is_minimal)
        records = _read_bulk(context, table, kind, body, form)
        try:
            outcomes = await database.insert(table, records, on_conflict=rule, is_parsed=True)
        except RamekinError as error:
            raise with_lines(error, _read_bulk(context, table, kind, body, form)) from None
        return _answer_many(outcomes, is_minimal=is_minimal)

    @hot
    async def get_record(table: str, id: str, request: Request) -> Response:
        """Return one record."""
        parameters = read_parameters(request, ("select",))
        fields = _selected(parameters["select"], database.fields(table)) if parameters else None
        accepted(request, (JSON,))
        condition = read_condition(request)
        body = await database.get(table, id)
        if condition is not ALWAYS and not condition.matches(body):
            raise condition.broken()
        if fields is not None:
            return await _answer_selected(request, table, body, fields, condition)
        tag = codec.digest(body)
        if condition is not ALWAYS and condition.knows(tag):
            return not_modified({"etag": f'"{tag}"'})
        return JsonText(body, 200, f'etag: "{tag}"\r\n')

    async def _answer_selected(
        request: Request, table: str, body: bytes, fields: list[FieldPath], condition: Condition
    ) -> Response:
        is_strict = "handling=strict" in preferences(request)
        warnings = await database.missing(table, fields, is_strict=is_strict)
        tag = f"{codec.digest(body)}-{codec.digest(repr(fields).encode())[:12]}"
        headers = {"etag": f'W/"{tag}"', "vary": "Prefer"}
        if condition.knows(tag):
            return not_modified(headers)
        if warnings:
            headers["x-warnings"] = ascii_json(warnings)
        return json_response(select(codec.parse(body), fields), headers=headers)

    @hot
    async def put_record(table: str, id: str, request: Request) -> Response:
        """Replace a whole record; with `upsert=true` create it where it is absent."""
        media_type(request, (JSON,))
        body = await read_body(request, limits.record_bytes)
        upsert = flag(read_parameters(request, ("upsert",)), "upsert")
        accepted(request, (JSON,))
        condition = read_condition(request)
        record = await _parse(context, body, table, None if upsert else id)
        kind: Any = "upsert" if upsert else "replace"
        outcome = await database.apply(Operation(kind, table, id, record, condition, "error", True))
        return _answer_one(table, outcome)

    @hot
    async def patch_record(table: str, id: str, request: Request) -> Response:
        """Change some members of a record (JSON merge patch); the result is validated again."""
        media_type(request, (JSON, MERGE_PATCH))
        body = await read_body(request, limits.record_bytes)
        read_parameters(request)
        accepted(request, (JSON,))
        condition = read_condition(request)
        record = await _parse(context, body, table, id)
        outcome = await database.apply(Operation("patch", table, id, record, condition, "error", True))
        return _answer_one(table, outcome)

    @hot
    async def delete_record(table: str, id: str, request: Request) -> Response:
        """Delete a record."""
        check_no_body(request)
        read_parameters(request)
        await database.apply(Operation("delete", table, id, None, read_condition(request), "error", True))
        return Response(status_code=204)

    docs = descriptions.RECORDS
    add_route(app, "POST", TABLE, create_record, **docs["create_record"])
    add_route(app, "GET", RECORD, get_record, **docs["get_record"])
    add_route(app, "PUT", RECORD, put_record, **docs["put_record"])
    add_route(app, "PATCH", RECORD, patch_record, **docs["patch_record"])
    add_route(app, "DELETE", RECORD, delete_record, **docs["delete_record"])


async def _parse(context: Context, body: bytes, table: str, id: str | None) -> Any:
    """Parse a record that is sent to an address: that nothing stands there is said before what the record breaks."""
    try:
        return codec.parse(body)
    except Unprocessable:
        if id is not None:
            await context.database.get(table, id)
        raise


def _read_words(request: Request, kind: str) -> tuple[OnConflict, CsvForm]:
    """Return what becomes of a record that is there already, and how CSV is read."""
    if not request.scope["query_string"]:
        return CONFLICT_RULES[0], _AS_USUAL
    parameters = read_parameters(request, ("on_conflict", "csv_types", "delimiter"))
    for name in ("csv_types", "delimiter"):
        if name in parameters and kind != CSV:
            raise InvalidParameter(f"'{name}' is for bodies of {CSV}.")
    delimiter = choice(parameters, "delimiter", tuple(DELIMITERS))
    form = CsvForm(delimiter, choice(parameters, "csv_types", CSV_TYPES))
    return choice(parameters, "on_conflict", CONFLICT_RULES), form


def _selected(text: str, fields: Fields) -> list[FieldPath]:
    return list(parse_select(split_names(text), fields))


def _read_bulk(context: Context, table: str, kind: str, body: bytes, form: CsvForm) -> Records:
    limit = context.database.limits.record_bytes
    if kind == JSON:
        return ArrayText(body, limit)
    if kind == NDJSON:
        return NdjsonText([body], limit)
    return CsvText(lambda: [body], context.csv_columns(table), limit, form)


def _answer_one(table: str, outcome: Outcome, *, is_minimal: bool = False) -> Response:
    body, status = outcome.body, 200
    assert body is not None, "only a deletion leaves none"
    lines = f'etag: "{codec.digest(body)}"\r\n'
    if outcome.effect == "created":
        lines, status = f"{lines}location: {record_path(table, outcome.key)}\r\n", 201
    if is_minimal:
        return JsonText(codec.dump({"count": 1}), status, f"{lines}preference-applied: return=minimal\r\n")
    return JsonText(body, status, lines)


def _answer_many(outcomes: Sequence[Outcome], *, is_minimal: bool) -> Response:
    status = 201 if any(outcome.effect == "created" for outcome in outcomes) else 200
    if is_minimal:
        return json_response({"count": len(outcomes)}, status, {"preference-applied": "return=minimal"})
    return body_response(codec.splice_array(outcome.body for outcome in outcomes if outcome.body is not None), status)
