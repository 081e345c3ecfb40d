"""Batches over HTTP: several operations over several tables, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ramekin.api.declared.answers import CHANGE, answer, request_body
from ramekin.api.declared.endpoint import Endpoints, endpoint
from ramekin.api.declared.shapes import reference
from ramekin.api.http.answer import Reply, array_reply
from ramekin.api.http.preconditions import read_tags
from ramekin.api.routes import API
from ramekin.database.lifetimes import NEVER, Ttl
from ramekin.database.operations import OPS, Operation, Outcome
from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.engine.work import Work
from ramekin.errors import (
    Fault,
    InvalidHeader,
    InvalidOperation,
    MalformedJson,
    RamekinError,
    at,
    check_members,
    did_you_mean,
)
from ramekin.formats.record_text import AT_ONCE_BYTES, chunks_of
from ramekin.formats.splitter import Splitter
from ramekin.schema.bounds import LIFETIME_SAID, is_lifetime
from ramekin.schema.definition import check_table_name
from ramekin.storage.collector import overlook
from ramekin.values import codec
from ramekin.values.ids import id_key

if TYPE_CHECKING:
    from collections.abc import Generator

    from ramekin.api.http.asked import Asked
    from ramekin.api.session import Session

MEMBERS = ("op", "table", "id", "record", "if_match", "ttl")
BESIDE_BYTES = 4096
"""What an operation may have beside its record."""

SHAPE = 'A batch is an object with one member: {"operations": [...]}.'
STATUS = {"created": 201, "replaced": 200, "kept": 200, "deleted": 204}


@endpoint(
    "POST",
    f"{API}/batch",
    role="write",
    tag="whole tables",
    answers={
        200: answer(
            "All were applied.",
            reference("BatchResults"),
            {"results": [{"status": 201, "id": "rex", "etag": '"0f3a"', "record": {"id": "rex", "name": "Rex"}}]},
        )
    },
    problems=CHANGE,
    body=request_body(
        reference("Batch"),
        {
            "operations": [
                {"op": "upsert", "table": "pets", "id": "rex", "record": {"name": "Rex"}},
                {"op": "patch", "table": "pets", "id": "rex", "record": {"age": 3}},
                {"op": "create", "table": "homes", "record": {"pet_id": "rex"}},
            ]
        },
    ),
    size="bulk",
    is_watchful=True,
)
async def apply_batch(session: Session, asked: Asked[None]) -> Reply:
    """Apply operations in order over any tables, all or nothing."""
    work, operations = Work(session.limits.query_s), _Operations(session)
    with session.tables.leaving(lambda: (operations.read,)):
        await work.through(_read(asked.body, session.limits.text_bytes + BESIDE_BYTES, operations))
    try:
        with session.tables.leaving(lambda: (operations.read,), is_begun=True):
            outcomes = await session.database.write(operations.read)
    except RamekinError as error:
        raise _pointing_into_the_batch(error) from None
    work.commit()
    await work.let_go(operations.read)
    return await array_reply(outcomes, _result, work, opening=b'{"results":[', closing=b"]}")


class _Operations:
    """The operations of a batch, each read once it has arrived, so that none is held as it was sent besides."""

    def __init__(self, session: Session) -> None:
        self.read: list[Operation] = overlook([])
        self._grant, self._index = session.grant, 0
        self._forbidden: RamekinError | None = None
        self._invalid: RamekinError | None = None

    def take(self, item: Any) -> None:
        """Read an operation; what is wrong with it is told at the end."""
        try:
            if self._forbidden is None and isinstance(item, dict) and isinstance(table := item.get("table"), str):
                self._grant.check("write", [table])
        except RamekinError as error:
            self._forbidden = self._in_place(error)
        try:
            if self._forbidden is None and self._invalid is None:
                self.read.append(_read_operation(item))
        except RamekinError as error:
            self._invalid = self._in_place(error)
        self._index += 1

    def finish(self, refused: InvalidOperation | None) -> None:
        """End the batch. Raises Forbidden for a table out of reach, whatever else is wrong; then InvalidOperation.

        Args:
            refused: what is wrong around the operations.
        """
        if self._forbidden is None and refused is not None:
            raise refused
        if error := self._forbidden or self._invalid:
            raise error

    def _in_place(self, error: RamekinError) -> RamekinError:
        return error.within("operations", self._index, index=self._index)


def _read(body: bytes, limit_bytes: int, operations: _Operations) -> Generator[None, None, None]:
    """Read a batch, a long one in steps. Raises what is wrong with the JSON first."""
    if len(body) <= AT_ONCE_BYTES:
        batch = _parse(body)
        items = batch.get("operations") if isinstance(batch, dict) else None
        refused = None if isinstance(items, list) and len(batch) == 1 else _no_batch(batch)
        for item in items if isinstance(items, list) else ():
            operations.take(item)
            yield
    else:
        splitter = Splitter(limit_bytes=limit_bytes, extra_depth=1)
        yield from _cut(body, splitter, operations)
        refused = None if splitter.tables.keys() == {"operations"} else _no_batch(splitter.tables)
    operations.finish(refused)


def _no_batch(value: Any) -> InvalidOperation:
    """Return the error of what is sent in place of a batch, at the member that is too many if there is one."""
    unknown = [name for name in value if name != "operations"] if isinstance(value, dict) else []
    if not unknown:
        return InvalidOperation(SHAPE)
    return InvalidOperation(SHAPE, hint=did_you_mean(unknown[0], ["operations"])).within(unknown[0])


def _parse(body: bytes) -> Any:
    """Parse a short batch. What is wrong inside an operation has the operation's index."""
    try:
        return codec.parse(body, extra_depth=3)
    except RamekinError as error:
        raise error.within(index=error.index_behind("operations")) from None


def _cut(body: bytes, splitter: Splitter, operations: _Operations) -> Generator[None, None, None]:
    """Cut a long batch into its operations."""
    try:
        for chunk in chunks_of(body):
            for table, item, _ in splitter.records(chunk):
                if item is not None and table == "operations":
                    operations.take(item)
                yield
            yield
        splitter.finish()
    except MalformedJson:
        if splitter.tables.keys() - {"operations"}:  # what is wrong there does not matter
            raise _no_batch(splitter.tables) from None
        raise


def _read_operation(item: Any) -> Operation:
    if not isinstance(item, dict):
        raise InvalidOperation("An operation is an object.")
    check_members(item, MEMBERS, InvalidOperation, "An operation")
    op, table = item.get("op"), item.get("table")
    if op not in OPS:
        hint = did_you_mean(op, OPS) if isinstance(op, str) else ""
        fault = Fault("/op", "Unknown operation.")
        raise InvalidOperation(f"'op' is one of {', '.join(OPS)}.", hint=hint, faults=[fault])
    if not isinstance(table, str):
        raise InvalidOperation("'table' is the name of a table.", faults=[Fault("/table", "Text is expected.")])
    with at("table"):
        check_table_name(table)
    if (op == "delete") == ("record" in item):
        raise InvalidOperation("Every operation but delete has a 'record'; delete has none.").within("record")
    ttl = _ttl(item)
    if op == "create":
        return Operation(op, table, record=_with_id(item), is_parsed=True, ttl=ttl)
    address = _address(item, is_needed=op != "upsert")
    record = _upserted(item) if op == "upsert" else item.get("record")
    return Operation(op, table, address, record, _precondition(item), is_parsed=True, ttl=ttl)


def _ttl(item: dict[str, Any]) -> Ttl | None:
    """Return how long the record of an operation lives, None where nothing is said. Raises InvalidOperation."""
    if "ttl" not in item:
        return None
    ttl = item["ttl"]
    if item["op"] == "delete":
        raise InvalidOperation("'delete' takes no 'ttl': no record is left.", faults=[Fault("/ttl", "Leave it out.")])
    if ttl == NEVER or is_lifetime(ttl):
        return ttl  # type: ignore[no-any-return]  # one of the two
    raise InvalidOperation(
        f"'ttl' is {LIFETIME_SAID}, or \"{NEVER}\".", faults=[Fault("/ttl", "A number is expected.")]
    )


def _with_id(item: dict[str, Any]) -> Any:
    """Return the record of a create; an id beside it goes into it."""
    if "if_match" in item:
        raise InvalidOperation("'create' takes no 'if_match': there is no record yet.").within("if_match")
    record = item["record"]
    if "id" not in item or not isinstance(record, dict):
        return record
    if "id" in record and codec.dump(record["id"]) != codec.dump(item["id"]):
        raise InvalidOperation("'id' differs from the record's id.", faults=[Fault("/id", "Send the id once.")])
    return {"id": item["id"], **record}


def _upserted(item: dict[str, Any]) -> Any:
    """Return the record of an upsert; an id beside it goes into it in its own type."""
    record = item["record"]
    return {"id": item["id"], **record} if "id" in item and isinstance(record, dict) else record


def _address(item: dict[str, Any], *, is_needed: bool) -> str | None:
    if "id" in item:
        return id_key(item["id"])
    record = item.get("record")
    if is_needed or not isinstance(record, dict) or "id" not in record:
        raise InvalidOperation("'id' is needed.", faults=[Fault("/id", "This member is required.")])
    return None


def _precondition(item: dict[str, Any]) -> Precondition:
    if "if_match" not in item:
        return ALWAYS
    if not isinstance(text := item["if_match"], str):
        raise InvalidOperation("'if_match' is an entity tag, or '*'.", faults=[Fault("/if_match", "Text is expected.")])
    try:
        strong, weak = read_tags(text, "'if_match'")
    except InvalidHeader as error:
        fault = Fault("/if_match", "An entity tag in its double quotes is expected.")
        raise InvalidOperation(error.message, faults=[fault]) from None
    return Precondition(if_match=strong, has_weak=bool(weak))


def _pointing_into_the_batch(error: RamekinError) -> RamekinError:
    """Return the error with pointers into the request: ``/1/age`` becomes ``/operations/1/record/age``."""
    faults = []
    for fault in error.faults:
        inner = fault.pointer.removeprefix(f"/{error.index}")
        record = "/record" if inner and not fault.part else ""  # what is in no body stands beside the record here
        faults.append(replace(fault, pointer=f"/operations/{error.index}{record}{inner}", part=""))
    return error.but(faults=tuple(faults))


def _result(outcome: Outcome) -> bytes:
    """Return what an operation did as JSON; a stored body goes in as it is."""
    etag = b"null" if outcome.body is None else codec.dump(f'"{codec.digest(outcome.body)}"')
    return b'{"status":%d,"id":%b,"etag":%b,"record":%b}' % (
        STATUS[outcome.effect],
        codec.dump(outcome.record_id),
        etag,
        outcome.body or b"null",
    )


ENDPOINTS: Endpoints = (apply_batch,)
