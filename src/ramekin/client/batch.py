"""Batches: several operations over several tables, all or nothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from ramekin.client.sent import as_body, as_changes, as_record, id_text

Ttl = int | Literal["none"] | None
"""Seconds that a record lives; ``none``: for ever; None: as its table says, and a patch leaves it what it had."""


class Result(BaseModel):
    """What came of one operation: its status as if it had been sent alone, and the record as it stands then."""

    status: int
    id: int | str | None = None
    etag: str | None = None
    record: dict[str, Any] | None = None


class Batch:
    """Operations in order. Each method adds one and returns the batch, so they may be written one behind another.

    Records are dictionaries or instances of models. `if_match` is a tag: the operation is refused where the record has
    another one by then.
    """

    def __init__(self) -> None:
        self._operations: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._operations)

    def create(self, table: str, record: Any, *, ttl: Ttl = None) -> Batch:
        """Add a record; refused where one of its id is there."""
        return self._add("create", table, record=record, ttl=ttl)

    def upsert(self, table: str, id: object, record: Any, *, if_match: str | None = None, ttl: Ttl = None) -> Batch:
        """Put a record in the place of an id, whether one is there or not."""
        return self._add("upsert", table, id, record, if_match, ttl)

    def replace(self, table: str, id: object, record: Any, *, if_match: str | None = None, ttl: Ttl = None) -> Batch:
        """Put a record in the place of one that is there."""
        return self._add("replace", table, id, record, if_match, ttl)

    def patch(self, table: str, id: object, changes: Any, *, if_match: str | None = None, ttl: Ttl = None) -> Batch:
        """Change members of a record: a JSON merge patch (RFC 7396), in which None removes a member."""
        return self._add("patch", table, id, changes, if_match, ttl)

    def delete(self, table: str, id: object, *, if_match: str | None = None) -> Batch:
        """Remove a record."""
        return self._add("delete", table, id, if_match=if_match)

    def _add(
        self, op: str, table: str, id: object = None, record: Any = None, if_match: str | None = None, ttl: Ttl = None
    ) -> Batch:
        members = {"id": None if id is None else id_text(id), "record": record, "if_match": if_match, "ttl": ttl}
        given = {name: value for name, value in members.items() if value is not None}
        self._operations.append({"op": op, "table": table, **given})
        return self

    def body(self) -> bytes:
        """Return the batch as JSON."""
        return as_body({"operations": [_sent(each) for each in self._operations]})


def _sent(operation: dict[str, Any]) -> dict[str, Any]:
    if "record" not in operation:
        return operation
    read = as_changes if operation["op"] == "patch" else as_record
    return operation | {"record": read(operation["record"])}
