"""What stands in a file of json-server and is no array: `{"profile": {"name": "Ada"}}`, an object without an id.

A table holds them, each under its name, so that they are kept, dumped and loaded with all the rest. See ``door.py`` for
who asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ramekin.database.operations import Operation
from ramekin.values import codec

if TYPE_CHECKING:
    from ramekin.database.database import Database

TABLE = "_objects"


def object_record(name: str, value: Any) -> dict[str, Any]:
    """Return the record that holds a value under its name."""
    return {"id": name, "value": value}


def find_object(database: Database, name: str) -> Any:
    """Return a value by its name, or `NO_OBJECT`. Cost: O(1)."""
    body = database.engine.ahead(TABLE, name)
    return NO_OBJECT if body is None else codec.read_body(body).get("value", NO_OBJECT)


async def put_object(database: Database, name: str, value: Any) -> None:
    """Store a value under the name of one that is there."""
    await database.apply(Operation("replace", TABLE, name, object_record(name, value), is_parsed=True))


NO_OBJECT = object()
"""No value: null is one."""
