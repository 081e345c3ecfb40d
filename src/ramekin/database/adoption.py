"""Tables that are typed by models: made at the start, and kept so, whatever other servers do to them meanwhile.

    start ---> each table satisfies its model, and its definition says which ---> serve
                        ^                                                          |
                        +--- it is gone, or nobody's any more: adopted again <-----+
                             it is another version's: told, and both go on <-------+

Of two versions of a model the one that was started last defines the table; where the nodes were emptied, the quicker
one, until either is started again. The other goes on with what both take (see
``schema/other_version.py``), and says in the definition that nobody vouches for the records: the next start looks at
them. Knows no HTTP; see ``whole_tables.py`` for who begins it, ``defining.py`` for how records are looked at.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ramekin.changes import Defined
from ramekin.clock import stopwatch_s
from ramekin.database.defining import define
from ramekin.errors import DefinitionBroken, InvalidRecord, RamekinError, UnknownTable
from ramekin.schema.bounds import NAMES
from ramekin.schema.definition import NOTHING_DEFINED, SEVERAL
from ramekin.schema.missing_model import schema_to_leave
from ramekin.values import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ramekin.database.schemas import Schemas
    from ramekin.engine.base import Engine
    from ramekin.schema.models import ModelSchema

_log = logging.getLogger("ramekin")

AGAIN_S, PART = 5.0, 10
"""Seconds after which a table is looked at again that could not be adopted; and the part of the time, as one in so
many, that is spent on looking at the most: at all of 1,000,000 records that is a minute's work."""


def pause_after(spent_s: float) -> float:
    """Return the seconds until tables are looked at again, after a look that took so long."""
    return max(AGAIN_S, PART * spent_s)


class Adoption:
    """The tables of one database's models."""

    def __init__(self, engine: Engine, schemas: Schemas, models: Mapping[str, ModelSchema]) -> None:
        self.warnings: dict[str, str] = {}
        """What is amiss, by table, in a sentence each."""
        self._engine, self._schemas, self._models = engine, schemas, models
        self._looking: asyncio.Task[None] | None = None
        self._broken: dict[str, str] = {}  # by table the key of a record that did not satisfy the model

    async def begin(self) -> None:
        """Make all tables, or see that what they hold satisfies the models. Raises DefinitionBroken."""
        for name, model in self._models.items():
            await adopt(self._engine, self._schemas, name, model)
        if self._models:
            self._engine.tables.when_defined.append(self._look)
        for look in self._engine.tables.when_defined:  # those of other databases on the engine too
            look()

    async def close(self) -> None:
        """Look no more."""
        if self._look in self._engine.tables.when_defined:
            self._engine.tables.when_defined.remove(self._look)
        if self._looking is not None and self._looking.get_loop() is asyncio.get_running_loop():
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _look(self) -> None:
        """Have what is amiss put right, beside all else. Cost: O(models)."""
        task = self._looking
        is_under_way = task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()
        if not is_under_way and any(map(self._is_amiss, self._models)):
            self._looking = asyncio.create_task(self._put_right())

    def _is_amiss(self, name: str) -> bool:
        """Say whether a table is not known to be this model's, nor to be written by several versions of it."""
        known = self._engine.tables.definitions.get(name, NOTHING_DEFINED)
        if known.model == self._schemas.fingerprints[name]:
            self.warnings.pop(name, None)
            return False
        if known.model is not None:
            model = self._models[name].title
            told = (
                f"several versions of the model {model} type the table '{name}', and each server stores what both take"
            )
            self._tell(name, f"{told}; once all have one version, start one of them again")
        return known.model != SEVERAL

    async def _put_right(self) -> None:
        while amiss := [name for name in self._models if self._is_amiss(name)]:
            began_s, is_done = stopwatch_s(), True
            for name in amiss:
                is_done = not self._is_broken(name) and await self._put_one_right(name) and is_done
            if not is_done:
                await asyncio.sleep(pause_after(stopwatch_s() - began_s))

    def _is_broken(self, name: str) -> bool:
        """Say whether a record that did not satisfy the model still does not: then the others need no look."""
        try:
            body = self._engine.tables.get(name, self._broken.get(name, ""))
            if body is not None:
                self._models[name].validate(codec.parse(body))
        except InvalidRecord:
            return True
        except UnknownTable:
            pass
        return False

    async def _put_one_right(self, name: str) -> bool:
        known = self._engine.tables.definitions.get(name, NOTHING_DEFINED)
        try:
            if known.model is None:
                await adopt(self._engine, self._schemas, name, self._models[name])
                _log.warning("the table '%s' had lost its model, and has it again", name)
            else:
                await self._engine.apply(Defined(name, replace(known, model=SEVERAL)), {name: known})
        except DefinitionBroken as broken:
            self._broken[name] = broken.faults[0].steps[0]
            self._tell(name, f"the table '{name}' was taken from its model: {broken.message}")
        except RamekinError:
            pass  # the nodes do not answer
        else:
            return True
        return False

    def _tell(self, name: str, said: str) -> None:
        if self.warnings.get(name) != said:
            _log.warning("%s", said)
        self.warnings[name] = said


async def adopt(engine: Engine, schemas: Schemas, name: str, model: ModelSchema) -> None:
    """Make a model's table, or see that what it holds satisfies the model. Raises DefinitionBroken.

    Records are looked at where the model, or its code, is not the one that they were found to satisfy last. How long
    records live, and how many there may be, is the class's to say; what else was defined of the table holds on.
    """
    known = engine.tables.definitions.get(name, NOTHING_DEFINED)
    definition = replace(known, schema=schema_to_leave(model), model=schemas.fingerprints[name], **model.bounds)
    if definition == known:
        return
    rules = schemas.make_rules(name, definition)
    changed = "" if known.model is None else ", which has changed"
    broken = f"Records of the table '{name}' do not satisfy the model {model.title}{changed}."
    await define(engine, name, rules, broken)
    if known != NOTHING_DEFINED and known.model is None:
        kept = [*known.pinned(), *(["If-Match"] if known.require_if_match else [])]
        told = "its JSON Schema gives way to the model" if known.schema is not None else "it had no schema"
        lost = [bound for bound in NAMES if getattr(known, bound) != getattr(definition, bound)]
        told += f", and to what its class says of {', '.join(lost)}" if lost else ""
        held = f"; its definition's {', '.join(kept)} hold on" if kept else ""
        _log.warning("the table '%s' is typed by the model %s from now on: %s%s", name, model.title, told, held)
