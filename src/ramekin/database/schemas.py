"""The schemas and rules in force, by table: those of models, and of the definitions that the engine has.

What is in force is said by the engine alone; here a definition is made into rules, once. Knows no HTTP; see
``database.py`` for who asks and ``operations.py`` for what rules are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from ramekin.database.operations import Rules
from ramekin.schema.columns import UNTYPED, Columns
from ramekin.schema.json_schema import JsonSchema
from ramekin.schema.missing_model import MissingModel, fingerprint, schema_to_leave
from ramekin.schema.other_version import OtherVersion

if TYPE_CHECKING:
    from ramekin.engine.tables import Tables
    from ramekin.schema.definition import Definition
    from ramekin.schema.models import ModelSchema
    from ramekin.schema.record_schema import RecordSchema
    from ramekin.values.ids import IdSource


SPARE = 16
"""Rules of tables that are gone, which are kept in any case."""


class Schemas(Mapping[str, "RecordSchema"]):
    """The schemas in force, live, of the tables that have one."""

    def __init__(self, tables: Tables, models: Mapping[str, ModelSchema], limit_bytes: int, ids: IdSource) -> None:
        self._tables, self._models = tables, models
        self.fingerprints = {table: fingerprint(model) for table, model in models.items()}
        """What tells each model from one that it was before."""
        self._plain = Rules(limit_bytes=limit_bytes, ids=ids)
        self._known: dict[str, Rules] = {}  # by table, those that were made last

    def of(self, tables: Tables) -> Schemas:
        """Return the same for a branch: rules that were made for a definition hold for it there too."""
        twin = copy(self)
        twin._tables, twin._known = tables, self._known.copy()
        return twin

    def rules(self, table: str) -> Rules:
        """Return what holds for the records of a table; the same object for as long as it does. Cost: O(1)."""
        tables = self._tables
        if table not in tables.definitions and table not in tables.models:
            return self._plain
        definition = tables.definitions.get(table)
        known = self._known.get(table)
        if known is None or known.definition is not definition:
            known = self.make_rules(table, definition)
            self._keep(table, known)
        return known

    def make_rules(self, table: str, definition: Definition | None) -> Rules:
        """Return the rules that a definition means, in force or not. Raises InvalidDefinition."""
        schema = self._schema_of(table, definition)
        is_cautious = definition is not None and definition.require_if_match
        expire_after_s = None if definition is None else definition.expire_after_s
        limit_bytes = self._plain.limit_bytes
        if definition is not None and definition.max_bytes is not None:
            limit_bytes = min(limit_bytes, definition.max_bytes)
        return Rules(schema, limit_bytes, is_cautious, definition, self._plain.ids, expire_after_s)

    def know(self, table: str, rules: Rules) -> None:
        """Keep rules that were made of a definition which is in force now, so that they need not be made again."""
        known = self._known.get(table)
        if known is None or known.definition is not rules.definition:
            self._keep(table, rules)

    def _keep(self, table: str, rules: Rules) -> None:
        """Keep rules; forget those of tables that are gone once they are half of all. Cost: O(1), now and then more."""
        definitions, models = self._tables.definitions, self._tables.models
        if len(self._known) > 2 * (len(definitions) + len(models)) + SPARE:
            self._known = {name: kept for name, kept in self._known.items() if name in definitions or name in models}
        self._known[table] = rules

    def _schema_of(self, table: str, definition: Definition | None) -> RecordSchema | None:
        model, typed_by = self._models.get(table), self._tables.models.get(table)
        if definition is None:  # where a model types the table, its database is not open yet
            return model if typed_by is None or typed_by is model else MissingModel(schema_to_leave(typed_by))
        if model is None and definition.model is not None:
            return MissingModel(definition.schema)
        if model is not None:
            is_alike = definition.schema is not None and definition.schema == schema_to_leave(model)
            is_in_force = is_alike or definition.model in (None, self.fingerprints[table])  # None: it will be
            return model if is_in_force else OtherVersion(model, definition.schema)
        return None if definition.schema is None else JsonSchema(definition.schema)

    def get(self, table: str, default: Any = None) -> Any:
        """Return a table's schema."""
        schema = self.rules(table).schema
        return default if schema is None else schema

    def model(self, table: str) -> str | None:
        """Return the name of the model that types a table, so that no definition can."""
        model = self._tables.models.get(table)
        return None if model is None else model.title

    def columns(self, table: str) -> Columns:
        """Return what is said of a table's columns in CSV."""
        schema = self.get(table)
        return UNTYPED if schema is None else schema.columns

    def __getitem__(self, table: str) -> RecordSchema:
        schema: RecordSchema | None = self.get(table)
        if schema is None:
            raise KeyError(table)
        return schema

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys((*self._models, *self._tables.definitions))
        return (name for name in names if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
