"""Write operations: what each leaves behind, given the record that stands.

An operation is a frozen value. `prepare` checks what can be checked without the table; `settle` takes the body that
stands and returns the body to store. Both are pure, so the same code serves one record, a bulk and a batch, and a
write that met another one in between is simply settled again. The values here are msgspec's, made in a third of
the time of named tuples. Knows no engines; see ``database.py`` for who calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import force_setattr

from ramekin.database.lifetimes import Stays, Ttl, check_ttl
from ramekin.database.precondition import ALWAYS, Precondition
from ramekin.errors import (
    BodyTooLarge,
    DuplicateId,
    Fault,
    IdMismatch,
    InvalidId,
    InvalidOperation,
    InvalidRecord,
    PreconditionRequired,
    RecordExists,
    RecordNotFound,
    did_you_mean,
    shorten,
)
from ramekin.limits import MIB
from ramekin.schema.definition import Definition, check_table_name
from ramekin.values import codec
from ramekin.values.ids import SURE_DIGITS, SYSTEM_IDS, IdSource, RecordId, id_key
from ramekin.values.merge_patch import patched
from ramekin.values.paths import has_text_id, read_id

if TYPE_CHECKING:
    from ramekin.schema.record_schema import RecordSchema

Op = Literal["create", "upsert", "replace", "patch", "delete"]
OnConflict = Literal["error", "ignore", "replace", "merge"]
Effect = Literal["created", "replaced", "kept", "deleted"]

OPS: tuple[Op, ...] = get_args(Op)
CONFLICT_RULES: tuple[OnConflict, ...] = get_args(OnConflict)


class Operation(Struct, frozen=True, gc=False):
    """One thing to do with one record.

    `address` is the record's key as the request's address has it, letter by letter; None for `create`, and for an
    `upsert` of a record that has an id. `record` is a parsed JSON value.
    """

    op: Op
    table: str
    address: str | None = None
    record: Any = None
    precondition: Precondition = ALWAYS
    on_conflict: OnConflict = "error"
    is_parsed: bool = False  # whether the words are known to be right and the record comes from `codec.parse`
    printed: bytes | None = None  # how `codec.dump` prints the record, where that is known
    ttl: Ttl | Stays | None = None  # how long the record lives, if anything is said


class Rules(Struct, frozen=True, gc=False):
    """What holds for the records of one table."""

    schema: RecordSchema | None = None
    limit_bytes: int = MIB
    needs_if_match: bool = False
    definition: Definition | None = None  # what says so, if anything is defined
    ids: IdSource = SYSTEM_IDS  # makes the ids of records that come without one
    expire_after_s: int | None = None  # how long a record lives of which nothing is said
    plain_bytes: int = 0  # what is no longer is never refused for its size

    def __post_init__(self) -> None:
        force_setattr(self, "plain_bytes", min(self.limit_bytes, codec.PLAIN_BYTES))


class Prepared(Struct, frozen=True, gc=False):
    """An operation whose key is known; `body` too, where it does not depend on the record that stands."""

    operation: Operation
    key: str
    record: Any = None
    body: bytes | None = None


class Outcome(Struct, frozen=True, gc=False):
    """What an operation did: the record's key, and its body before (None if it is new) and after (None if deleted)."""

    effect: Effect
    key: str
    body: bytes | None
    before: bytes | None = None
    due: int | None = None  # when the record is due from then on; see ``changes.py``

    @property
    def record_id(self) -> RecordId:
        """The record's id, in the type it was sent in."""
        body = self.body or self.before
        assert body is not None, "a record that neither was nor is has no outcome"
        return read_id(body)  # type: ignore[no-any-return]  # every stored body has a proper id

    @property
    def record(self) -> Any:
        """The record as Python has it, None if it was deleted. Cost: O(length of the body)."""
        return None if self.body is None else codec.parse(self.body)


def prepare(operation: Operation, rules: Rules) -> Prepared:
    """Check an operation and find its key. Cost: O(length of the record).

    Raises:
        InvalidOperation, InvalidTableName: it has a word that means nothing.
        IdMismatch: the record's id is not the one in the address.
        InvalidRecord, InvalidId, BodyTooLarge: of a record that is whole as it was sent.
    """
    if not operation.is_parsed:
        _check(operation)
    record, key, schema = operation.record, operation.address, rules.schema
    if schema is not None and schema.stored_names is not None and merges(operation):
        record = schema.stored_names(record)
    if operation.op == "create":
        record = record if type(record) is dict else _object(record)  # a call less
        if operation.on_conflict == "merge" and "id" in record:
            return Prepared(operation, _key_of(record["id"], rules.schema), record)
        body, key = body_of(record, rules, operation.printed)
        return Prepared(operation, key, record, body)
    if key is None:
        assert operation.op == "upsert", "all others but create have an address"
        if "id" not in _object(record):
            raise InvalidOperation("'upsert' needs the address of a record, or a record with an 'id'.")
        return Prepared(operation, _key_of(record["id"], rules.schema), record)
    if operation.op == "upsert":
        _check_address(key)  # of the others, what can be no id stands at no record
    if type(record) is dict and "id" in record and operation.op != "delete":
        sent = record["id"]
        if (str(sent) if type(sent) is int else sent) != key:  # most are the address, letter by letter
            _check_same_id(sent, operation, schema)
    return Prepared(operation, key, record)


def _check_address(key: str) -> None:
    """Refuse an address that can be no id's text. Raises InvalidId."""
    try:
        id_key(key)
    except InvalidId as error:
        raise error.of("path") from None


def _check(operation: Operation) -> None:
    """Refuse an operation made by Python code that no request could mean."""
    for word, known in ((operation.op, OPS), (operation.on_conflict, CONFLICT_RULES)):
        if word not in known:
            hint = did_you_mean(str(word), known) or f"It is one of {', '.join(known)}."
            raise InvalidOperation(f"'{shorten(str(word))}' is nothing that an operation can say.", hint=hint)
    if operation.op not in ("create", "upsert") and operation.address is None:
        raise InvalidOperation(f"'{operation.op}' needs the address of a record.")
    check_ttl(operation.ttl, operation.op)
    if operation.address is not None and type(operation.address) is not str:
        raise InvalidOperation("The address of a record is the text of its id.")
    tags = operation.precondition
    if type(tags) is not Precondition or not all(
        each is None or isinstance(each, frozenset | set) for each in (tags.if_match, tags.if_none_match)
    ):
        raise InvalidOperation("'precondition' is a Precondition, and what it names are sets of tags.")
    check_table_name(operation.table)
    codec.check_value(operation.record)


def body_of(record: object, rules: Rules, printed: bytes | None = None) -> tuple[bytes, str]:
    """Return the body of a new record, with an id if it has none, and its key. Cost: O(length of the record).

    Args:
        printed: how `codec.dump` prints the record, where that is known.

    Raises:
        InvalidRecord, InvalidId, BodyTooLarge: it is no record of the table.
    """
    sent = record if type(record) is dict else _object(record)  # two calls less
    schema = rules.schema
    if schema is None:
        body, key = codec.dump(sent) if printed is None else printed, ""
        if "id" not in sent:
            key = rules.ids.text()
            # what `with_id` returns for an id that is plain text, in half of the time
            body = b'{"id":"%b",%b' % (key.encode(), body[1:]) if sent else codec.with_id(body, codec.encode(key))
        if len(body) > rules.plain_bytes:
            _check_size(body, rules)
        return body, key or id_key(sent["id"])
    if "id" not in sent and schema.takes_uuid:
        sent, printed = {"id": rules.ids.text(), **sent}, None
    return _encode(sent, rules, None, printed)


def settle(prepared: Prepared, before: bytes | None, rules: Rules) -> Outcome:
    """Return what the operation does to the record that stands.

    Args:
        before: its body, or None if there is none.

    Raises:
        RecordNotFound, PreconditionRequired, PreconditionFailed, InvalidRecord, InvalidId, RecordExists, BodyTooLarge:
            in this order.

    Cost: O(length of the record).
    """
    operation = prepared.operation
    op, key, record, printed = operation.op, prepared.key, prepared.record, operation.printed
    if before is None and op not in ("create", "upsert"):
        raise _absent(operation)
    if rules.needs_if_match and before is not None and _is_blind(operation):
        raise PreconditionRequired("This table asks for If-Match with every change of a record.")
    if operation.precondition is not ALWAYS and not operation.precondition.holds(before):
        raise operation.precondition.broken()
    if op == "create":
        is_plain = before is None and prepared.body is not None
        return Outcome("created", key, prepared.body) if is_plain else _settle_create(prepared, before, rules)
    if op == "delete":
        return Outcome("deleted", key, None, before)
    record = record if type(record) is dict else _object(record)  # a call less
    if before is None:
        return _create_at(key, record, rules)
    if op == "patch":
        has_id = "id" in record
        if has_id and record["id"] is None:
            raise InvalidId("An id cannot be removed.")
        merged = patched(before, record, rules.schema is not None)
        if not has_id:  # so it stays
            return Outcome("replaced", key, _encode(merged, rules, key, None)[0])
        record, printed = merged, None
    return Outcome("replaced", key, _rewrite(record, before, key, rules, printed))


def id_twice(first: int) -> DuplicateId:
    """Return what is wrong with the id of a record that an earlier one in the same request has: the one at `first`."""
    told = f"An id stands twice in what was sent, first at index {first}; ids are compared by their text."
    return DuplicateId(told, faults=[Fault("/id", "This id came before.")])


def _check_same_id(sent: object, operation: Operation, schema: RecordSchema | None) -> None:
    """Refuse an id that differs from the address; one that is no id at all is left to the record's own check."""
    key = operation.address
    try:
        if _key_of(sent, schema) == key:
            return
    except InvalidId:
        return
    try:
        id_key(key)
    except InvalidId:
        raise _absent(operation) from None
    raise IdMismatch("The record's id differs from the id in the address; an id never changes.")


def _settle_create(prepared: Prepared, before: bytes | None, rules: Rules) -> Outcome:
    rule, body = prepared.operation.on_conflict, prepared.body
    if before is None:
        if body is None:
            body, _ = _encode(prepared.record, rules, prepared.key, None)
        return Outcome("created", prepared.key, body)
    if rule == "error":
        raise RecordExists("A record with this id exists already; ids are compared by their text.")
    if rule == "ignore":
        return Outcome("kept", prepared.key, before)
    if rule == "merge":
        merged = patched(before, prepared.record, rules.schema is not None)
        return Outcome("replaced", prepared.key, _rewrite(merged, before, prepared.key, rules))
    assert body is not None, "only merge waits for the record that stands"
    return Outcome("replaced", prepared.key, keep_id(body, before, rules))


def _create_at(key: str, record: dict[str, Any], rules: Rules) -> Outcome:
    """Return what an upsert makes where nothing stands."""
    if "id" not in record:
        record = {"id": _id_at(key, rules.schema), **record}
    elif rules.schema is None:
        id_key(record["id"])  # is one at the least
    return Outcome("created", key, _encode(record, rules, key, None)[0])


def _rewrite(record: dict[str, Any], before: bytes, key: str, rules: Rules, printed: bytes | None = None) -> bytes:
    """Encode a record that takes the place of another: it keeps the stored id, in its type."""
    is_text, schema = has_text_id(before), rules.schema
    if "id" not in record:
        if printed is not None:
            printed = codec.with_id(printed, codec.encode(key) if is_text else key.encode())
        if printed is None or schema is not None:
            record = {"id": key if is_text else int(key), **record}
    else:
        sent = record["id"]
        if not (sent == key if is_text else type(sent) is int):
            _key_of(sent, schema)  # is one at the least
            record, printed = {**record, "id": key if is_text else int(key)}, None
    if schema is None and printed is not None and len(printed) <= rules.plain_bytes:
        return printed  # as `_encode` would, a call later
    return _encode(record, rules, key, printed)[0]


def keep_id(body: bytes, before: bytes, rules: Rules) -> bytes:
    """Return a body that is to take the place of another, with the id that stands, in its type.

    Raises:
        InvalidRecord, BodyTooLarge: the record does not satisfy the table's schema with that id.
    """
    if read_id(body) == read_id(before):
        return body
    return _rewrite(codec.parse(body), before, str(read_id(before)), rules)


def _id_at(address: str, schema: RecordSchema | None) -> object:
    """Return the id of a new record at an address. Raises InvalidId where the schema would write it otherwise."""
    if schema is None:
        return address
    record_id = schema.read_id(address)
    if id_key(record_id) != address:
        raise InvalidId(
            "An address has an id as the table's type writes it: 901 and not 0901 or 901.0, a UUID in small letters "
            "with hyphens. This is another spelling."
        )
    return record_id


def _key_of(sent: object, schema: RecordSchema | None) -> str:
    """Return the key under which a record with this id is stored."""
    return id_key(sent if schema is None else schema.stored_id(sent))


def _encode(record: dict[str, Any], rules: Rules, key: str | None, printed: bytes | None) -> tuple[bytes, str]:
    """Return the body of a record, and its key; the key and how it is printed are given where they are known."""
    if rules.schema is None:
        assert key is not None, "a record without a schema is encoded where its key is known"
        body = codec.dump(record) if printed is None else printed
    else:
        body = rules.schema.validate(record, printed)
        if key is None or not _begins_with(body, key):
            record_id = read_id(body)  # the model may have made it, or another of it
            if record_id is None and "id" not in record:
                fault = Fault("/id", "This member is required: the model makes no id.")
                raise InvalidRecord("The record has no id, and the table's model makes none.", faults=[fault])
            found = id_key(record_id)
            if key is not None and found != key:
                raise InvalidRecord("The table's model makes another id of this one, and an id never changes.")
            key = found
    if len(body) > rules.plain_bytes:
        _check_size(body, rules)
    return body, key


def _begins_with(body: bytes, key: str) -> bool:
    """Say whether a body surely begins with the id of a key. Cost: a tenth of reading the id."""
    if key.isdecimal() and len(key) < SURE_DIGITS and body[: len(key) + 7] == f'{{"id":{key},'.encode():
        return True
    begin = b'{"id":' + codec.encode(key)
    return body[: len(begin)] == begin


def _check_size(body: bytes, rules: Rules) -> None:
    """Refuse a body that is longer than a record may be, or takes longer to read. Raises BodyTooLarge."""
    if len(body) > rules.limit_bytes:
        raise BodyTooLarge(f"The record has more than {rules.limit_bytes} bytes.")
    codec.check_extremes(body)
    codec.check_parts(body)


def merges(operation: Operation) -> bool:
    """Say whether an operation merges what is sent into the record that stands."""
    return operation.op == "patch" or (operation.op == "create" and operation.on_conflict == "merge")


def _is_blind(operation: Operation) -> bool:
    """Say whether an operation would change the record that stands without having seen it."""
    if operation.op == "create":
        return operation.on_conflict in ("replace", "merge")
    asked = operation.precondition
    return asked.if_match is None and "*" not in (asked.if_none_match or ())


def _absent(operation: Operation) -> RecordNotFound:
    return RecordNotFound(f"The table '{shorten(operation.table)}' has no record with this id.")


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRecord("A record is a JSON object.")
    return value
