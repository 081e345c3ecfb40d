"""A model of which another version types the table: what both versions take is stored, and nothing else.

    record ---> this version takes it, and prints it ---> so does the other one's schema ---> stored
                        | no                                      | no
                        +------ does the other one's? ------------+---> 409: ask a server with the other version

A text means the same in both where each field that both name is read alike; where one is not, nothing is stored. What
the other version's own code refuses is not seen. Knows no tables; see ``schemas.py`` for when it is in force.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ramekin.errors import InvalidDefinition, InvalidRecord, ModelMissing
from ramekin.schema.declarations import names_in, type_in
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.missing_model import MissingModel
from ramekin.values import codec
from ramekin.values.paths import parse_path

if TYPE_CHECKING:
    from ramekin.schema.models import ModelSchema


class OtherVersion(MissingModel):
    """What is known of a version that is not here, by the schema that it left and the model that is."""

    def __init__(self, model: ModelSchema, schema: dict[str, Any] | None) -> None:
        super().__init__(schema)
        self.title = f"another version of the model {model.title}"
        self.columns, self.stored_names, self.takes_uuid = model.columns, model.stored_names, model.takes_uuid
        self._here = model
        self._other: JsonSchema | None = None
        if schema is not None and _are_read_alike(model.stored_schema, schema):
            with suppress(InvalidDefinition):  # it says more than is read here
                self._other = JsonSchema(schema)

    def validate(self, record: dict[str, Any], printed: bytes | None = None) -> bytes:
        if self._other is None:
            raise self._refusal("reads members of records otherwise")
        try:
            body = self._here.validate(record, printed)
        except InvalidRecord:
            if self._is_taken(record):
                raise self._refusal("alone takes such a record") from None
            raise
        if not self._is_taken(codec.parse(body)):
            raise self._refusal("does not take such a record")
        return body

    def _is_taken(self, record: dict[str, Any]) -> bool:
        """Say whether the other version takes a record, as far as its schema tells."""
        assert self._other is not None, "it was made"
        try:
            self._other.validate(record)
        except InvalidRecord:
            return False
        return True

    def _refusal(self, why: str) -> ModelMissing:
        return ModelMissing(
            f"The table is typed by another version of the model {self._here.title}, which {why}; nothing was stored.",
            hint="Ask a server that was started with that version, or start this one with it.",
        )

    def stored_id(self, value: object) -> object:
        return self._here.stored_id(value)

    def read_id(self, text: str) -> object:
        return self._here.read_id(text)


def _are_read_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Say whether the fields that two schemas name hold the same kind of texts and numbers in both."""
    for name in {*names_in(one)}.intersection(names_in(other)):
        path = parse_path(name)
        mine, theirs = type_in(one, path, is_closed=True), type_in(other, path, is_closed=True)
        if mine is None or theirs is None or (mine.reading, mine.is_float) != (theirs.reading, theirs.is_float):
            return False
    return True
