"""Definitions of tables: read from JSON, and checked against the records that are there.

Knows no HTTP; see ``database.py`` for who calls it and ``json_schema.py`` for what a schema means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin import codec
from ramekin.declarations import declared_field
from ramekin.definitions import Definition, IndexDefinition
from ramekin.engine.base import Access
from ramekin.errors import DefinitionBroken, Fault, InvalidDefinition, InvalidRecord, did_you_mean, shorten
from ramekin.fields import join_reader
from ramekin.json_schema import JsonSchema
from ramekin.paths import parse_path, print_path
from ramekin.schema import MAX_FAULTS

if TYPE_CHECKING:
    from ramekin.engine.base import Engine
    from ramekin.schema import RecordSchema
    from ramekin.values import JoinKey

MEMBERS = ("schema", "unique", "indexes", "require_if_match")
INDEX_KINDS = ("hash", "sorted")
MAX_NAMED = 16
"""Fields that are unique, and indexes that are pinned, at the most; others build themselves."""


def parse_definition(value: Any) -> Definition:
    """Return the definition that a JSON value means.

    Raises:
        InvalidDefinition: it has not the shape; the schema itself is read by `JsonSchema`.
    """
    if not isinstance(value, dict):
        raise InvalidDefinition("A definition is a JSON object.")
    for name in value:
        if name not in MEMBERS:
            raise InvalidDefinition(f"A definition has no member '{shorten(name)}'.{did_you_mean(name, MEMBERS)}")
    schema, caution = value.get("schema"), value.get("require_if_match", False)
    if schema is not None and not isinstance(schema, dict):
        raise InvalidDefinition("'schema' is a JSON Schema as an object, or null.")
    if not isinstance(caution, bool):
        raise InvalidDefinition("'require_if_match' is true or false.")
    unique = _names(value.get("unique", []), "unique")
    indexes = value.get("indexes", [])
    if not isinstance(indexes, list) or len(indexes) > MAX_NAMED:
        raise InvalidDefinition(f"'indexes' is an array of at most {MAX_NAMED} indexes.")
    pinned = tuple(_parse_index(index) for index in indexes)
    _names([index.field for index in pinned], "indexes")
    return Definition(schema, unique, pinned, caution)


async def check_records(engine: Engine, table: str, definition: Definition, schema: JsonSchema | None) -> None:
    """See that the records of a table satisfy a definition. Cost: O(n), in steps.

    Raises:
        DefinitionBroken: with a fault for each of the first records that do not; pointers begin with the record's id.
    """
    faults: list[Fault] = []
    taken: dict[str, dict[JoinKey, None]] = {name: {} for name in definition.unique}
    readers = {name: join_reader(declared_field(definition.schema, parse_path(name))) for name in definition.unique}
    async with engine.snapshot([Access(table, in_id_order=True)]) as view:
        last = None
        while len(faults) < MAX_FAULTS and (rows := await view.scan(table, last, view.rows_at_once(table))):
            last = rows[-1][0]
            for record_id, body in rows:
                faults += _schema_faults(schema, record_id, body)
                for name, key_of in readers.items():
                    key = key_of(body)
                    if key is not None and key in taken[name]:
                        faults.append(Fault(_pointer(record_id, name), "Another record has this value."))
                    elif key is not None:
                        taken[name][key] = None
    if faults:
        message = "Records that are there do not satisfy the definition; nothing was changed."
        raise DefinitionBroken(message, faults=faults[:MAX_FAULTS])


async def check_model(engine: Engine, table: str, schema: RecordSchema) -> None:
    """See that the records of a table satisfy a model. Cost: O(n), in steps. Raises as `check_records`."""
    faults: list[Fault] = []
    async with engine.snapshot([Access(table)]) as view:
        async for bodies in view.batches(table):
            for body in bodies:
                record = codec.parse(body)
                try:
                    schema.validate(record)
                except InvalidRecord as error:
                    faults += [Fault(f"/{record['id']}{fault.pointer}", fault.detail) for fault in error.faults]
            if len(faults) >= MAX_FAULTS:
                break
    if faults:
        message = f"Records of the table '{table}' do not satisfy the model {schema.title}, which has changed."
        raise DefinitionBroken(message, faults=faults[:MAX_FAULTS])


def _schema_faults(schema: JsonSchema | None, record_id: int | str, body: bytes) -> list[Fault]:
    if schema is None:
        return []
    try:
        schema.check(body)
    except InvalidRecord as error:
        return [Fault(f"/{record_id}{fault.pointer}", fault.detail) for fault in error.faults]
    return []


def _pointer(record_id: int | str, name: str) -> str:
    return f"/{record_id}/{'/'.join(shorten(step) for step in parse_path(name))}"


def _names(value: Any, member: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise InvalidDefinition(f"'{member}' is an array of fields.")
    value = [print_path(parse_path(name)) for name in value]
    if len(set(value)) < len(value):
        raise InvalidDefinition(f"'{member}' names a field twice.")
    if len(value) > MAX_NAMED:
        raise InvalidDefinition(f"'{member}' names at most {MAX_NAMED} fields.")
    return tuple(value)


def _parse_index(value: Any) -> IndexDefinition:
    if not isinstance(value, dict) or not set(value) <= {"field", "kind"} or not isinstance(value.get("field"), str):
        raise InvalidDefinition('An index is {"field": "age", "kind": "hash"} or {"field": "age", "kind": "sorted"}.')
    kind = value.get("kind", "hash")
    if kind not in INDEX_KINDS:
        raise InvalidDefinition("An index's 'kind' is hash (for equal values) or sorted (for ranges and order too).")
    return IndexDefinition(print_path(parse_path(value["field"])), kind)
