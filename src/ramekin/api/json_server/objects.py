"""What stands in a file of json-server and is no array: `{"profile": {"name": "Ada"}}`, an object without an id.

A table holds them, each under its name, so that they are kept, dumped and loaded with all the rest. See ``door.py`` for
who asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.api.http.answer import pack
from ramekin.values import codec
from ramekin.values.paths import read_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ramekin.database.database import Database
    from ramekin.engine.work import Work

TABLE = "_objects"


def object_record(name: str, value: Any) -> dict[str, Any]:
    """Return the record that holds a value under its name."""
    return {"id": name, "value": value}


def read_object(body: bytes) -> tuple[str, Any]:
    """Return a name and what stands under it; all of a record that others made with another shape."""
    record = codec.read_body(body)
    name = str(record.pop("id"))
    return name, record.get("value", record)


def find_object(database: Database, name: str) -> Any:
    """Return a value by its name. Raises UnknownTable, RecordNotFound. Cost: O(1)."""
    return read_object(database.get_now(TABLE, name))[1]


async def object_names(database: Database) -> list[str]:
    """Return the names under which values stand. Cost: O(values)."""
    if TABLE not in database.engine.tables:
        return []
    async with database.snapshot([TABLE]) as snapshot:
        return [str(read_id(body)) async for bodies in snapshot.view.batches(TABLE) for body in bodies]


async def whole_file(database: Database, work: Work) -> AsyncGenerator[bytes, None]:
    """Yield all tables and values as they stand in a file, at one moment."""
    async with database.snapshot(work=work) as snapshot:
        opening = b"{"
        for name in snapshot.tables:
            if name != TABLE:
                yield b"%b%b:[" % (opening, codec.dump(name))
                async for chunk in pack(snapshot.view.batches(name), b","):
                    yield chunk
                yield b"]"
                opening = b","
        if TABLE in snapshot.tables:
            async for bodies in snapshot.view.batches(TABLE):
                for name, value in map(read_object, bodies):
                    if name in snapshot.tables:
                        continue  # as at its address, the table comes first
                    yield b"%b%b:%b" % (opening, codec.dump(name), codec.dump(value))
                    opening = b","
        yield b"{}" if opening == b"{" else b"}"
