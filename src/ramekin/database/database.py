"""`Database`: the one object behind every door (HTTP, command line, Python).

What concerns records is here; what concerns whole tables, and how a database is made and opened, in
``whole_tables.py``; branches and checkpoints in ``branching.py``. Operations are settled by ``writing.py``; lists,
groups and joins found by ``finding.py`` and ``joining.py``; changes by condition made by ``changing.py``. It takes and
returns bodies (JSON text as bytes) and never parses one in order to return it. Doors hand it requests; Python code may
say the same in words, which ``asking.py`` reads. Knows no HTTP.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from ramekin.database import asking, changing, finding, following, joining, loading, writing
from ramekin.database.arguments import checked
from ramekin.database.branching import Branching
from ramekin.database.join_request import JoinRequest
from ramekin.database.lifetimes import Ttl, check_ttl
from ramekin.database.operations import OnConflict, Op, Operation, Outcome
from ramekin.engine.work import Work
from ramekin.errors import NO_WORDS, RecordNotFound, UnknownTable, shorten
from ramekin.schema.definition import check_table_name
from ramekin.schema.fields import NO_SCHEMA, Fields
from ramekin.values.ids import RecordId, id_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping

    from ramekin.database.presence import Presence
    from ramekin.values.paths import FieldPath


class Database(Branching):
    """Tables of JSON records.

    1. A record that is stored has an id and satisfies its table's model.
    2. A call that raises an error of ours has changed nothing, but for OutcomeUnknown; a bulk or a batch is all or
       nothing. A call that is cancelled may yet happen, once, whole and in its order; to know, read.
    3. Errors are those of ``ramekin.errors``, UnfitModel for a model that can be no table.
    4. Records are JSON values; whoever hands over what `codec.parse` made says so, and it is not looked at again.

    Use it in ``async with``, from one event loop at a time, in one process; else RuntimeError says so.
    """

    # Reading

    @checked
    async def get(self, table: str, address: RecordId) -> bytes:
        """Return a record's body, by its id, or the id's text as it is stored, letter by letter. Cost: O(1).

        Raises:
            UnknownTable, RecordNotFound: there is no such table, or record.
        """
        self.owner.check()
        return self.get_now(table, address if type(address) is str else id_key(address))

    def get_now(self, table: str, key: str) -> bytes:
        """Do what `get` does, for a key and at once, for a door that has seen to the `owner`. Raises as `get`."""
        body = self._engine.tables.get(table, key)
        if body is None:
            raise RecordNotFound(f"The table '{shorten(table)}' has no record with this id.")
        return body

    @checked
    async def due(self, table: str, address: RecordId) -> datetime | None:
        """Return when a record will be gone, in UTC; None: it stays. Raises as `get`. Cost: O(1)."""
        key = address if type(address) is str else id_key(address)
        self.owner.check()
        self.get_now(table, key)
        due = self.expirations.due(table, key)
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def fields(self, table: str) -> Fields:
        """Return what is declared of a table's fields, for reading queries."""
        return self._presence.fields(table)

    @checked
    async def field_names(self, table: str) -> tuple[str, ...]:
        """Return the names of a table's fields, declared or seen in its first records; none without a table."""
        self.owner.check()
        try:
            return tuple(await self._presence.names(table))
        except UnknownTable:
            return ()

    @checked
    async def missing(
        self, table: str, paths: Iterable[FieldPath], *, is_strict: bool, words: Mapping[str, str] = NO_WORDS
    ) -> list[str]:
        """Return a warning for each field that no record has, as `Presence.missing`. Raises UnknownTable, Deadline.

        Cost: O(1) for a field that is known; else O(n) once, in steps, with the deadline of a single record.
        """
        self.owner.check()
        presence = self._presence.within(self.limits.record_s)
        return await presence.missing(table, paths, is_strict=is_strict, words=words)

    def _within(self) -> Presence:
        """Return what is known of fields, for one request with its deadline."""
        return self._presence.within(self.limits.query_s)

    async def find(self, asked: finding.FindRequest | str, **words: Unpack[asking.ToFind]) -> finding.FindPage:
        """Return a page of a table: ``find("users", where={"age": {"gte": 18}}, sort="-age", limit=10)``.

        Raises:
            UnknownTable; UnknownField, if the request is strict; TooManyRows.

        Cost: O(page) along an index; the first use of a field builds it, O(n log n) in steps.
        """
        if isinstance(asked, str):
            asked = asking.find(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, finding.FindRequest, words)
        return await finding.find(self.engine.tables, self._within(), asked, self.limits.sorted_rows)

    async def find_groups(self, asked: finding.GroupRequest | str, **words: Unpack[asking.ToGroup]) -> finding.FindPage:
        """Return a page of groups with their figures. Raises as `find`. Cost: O(records that satisfy the condition)."""
        if isinstance(asked, str):
            asked = asking.find_groups(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, finding.GroupRequest, words)
        return await finding.find_groups(self.engine.tables, self._within(), asked, self.limits.sorted_rows)

    @checked
    async def join(
        self, asked: JoinRequest | str, right: str = "", key: str = "", **words: Unpack[asking.ToJoin]
    ) -> joining.JoinPage:
        """Return a page of a join: ``join("users", "orders", "user_id")``. Cost: O(page), once the key has an index.

        Raises:
            UnknownTable, InvalidKey, KeyNotResolved, NameTaken, TooManyRows; UnknownField, if the request is strict.
        """
        if isinstance(asked, str):
            asked = asking.join((asked, right), key, (self.fields(asked), self.fields(right)), **words)
        else:
            asking.check_alone(asked, JoinRequest, words)
        return await joining.join(self.engine.tables, self._within(), asked, self.limits.sorted_rows)

    # What happens

    def changes(self, *tables: str, **words: Unpack[asking.ToFollow]) -> AsyncIterator[following.TableChange]:
        """Yield what happens to some tables, or to all, from now on: ``async for change in db.changes("users")``.

        With `since` from a position on, that of a change which was read before; with `where` for some records of one
        table. It never ends by itself.

        Raises (at once, and the last one later too):
            UnknownTable: none is there or was dropped since. UnknownField; InvalidParameter: `since` is no position.
            ChangesGone: too much has happened since.
        """
        fields = self.fields(tables[0]) if len(tables) == 1 and type(tables[0]) is str else NO_SCHEMA
        return self.follow(asking.follow(tables, fields, **words)).forever()

    def follow(self, asked: following.ChangesRequest) -> following.Follower:
        """Return a follower of what happens. Raises as `changes`."""
        return following.Follower(self.engine.tables, asked)

    async def changed(self, asked: following.ChangesRequest) -> following.ChangesPage:
        """Return what has happened since a position, the next few changes. Raises as `changes`; Deadline.

        Cost: O(changes that are looked at), in steps.
        """
        return await self.follow(asked).page(Work(self.limits.query_s))

    # Writing

    @checked
    async def apply(self, operation: Operation) -> Outcome:
        """Apply one operation and return what it did. Raises what `prepare` and `settle` raise. Cost: O(record)."""
        self.owner.check()
        check_table_name(operation.table)
        done = self.apply_now(operation)
        return done if isinstance(done, Outcome) else await done

    def apply_now(self, operation: Operation) -> Outcome | Coroutine[Any, Any, Outcome]:
        """Do what `apply` does at once, or where something is to be waited for, return what to await; as `get_now`."""
        return writing.apply(self._engine, self.schemas, operation, self.limits.record_s)

    @checked
    async def replace(
        self,
        table: str,
        record_id: RecordId,
        record: Any,
        *,
        upsert: bool = False,
        expecting: bytes | None = None,
        ttl: Ttl | None = None,
    ) -> Outcome:
        """Replace a record; with `upsert` create it where there is none.

        Args:
            expecting: the body that must stand, as `get` returned it.
            ttl: seconds for which the record lives; "none" for ever; else as the table's definition says.

        Raises:
            RecordNotFound, PreconditionFailed, and what else `apply` raises.
        """
        op: Op = "upsert" if upsert else "replace"
        return await self.apply(asking.operation(op, table, record_id, record, expecting, ttl))

    @checked
    async def patch(
        self,
        table: str,
        record_id: RecordId,
        patch: Any,
        *,
        expecting: bytes | None = None,
        ttl: Ttl | None = None,
    ) -> Outcome:
        """Change some members of a record by a merge patch, in which None removes a member. Raises as `replace`.

        Args:
            ttl: as for `replace`; if it is not said, the record lives for as long as it did.
        """
        return await self.apply(asking.operation("patch", table, record_id, patch, expecting, ttl))

    @checked
    async def delete(self, table: str, record_id: RecordId, *, expecting: bytes | None = None) -> Outcome:
        """Delete a record. Raises as `replace`."""
        return await self.apply(asking.operation("delete", table, record_id, expecting=expecting))

    @checked
    async def write(self, operations: Iterable[Operation]) -> list[Outcome]:
        """Apply operations in order, all or nothing, and return what each did.

        Later operations see what earlier ones did. Cost: O(operations).

        Raises:
            RamekinError: of the first operation that fails; `index` says which, and pointers begin with it.
        """
        return await writing.write(self.engine, self.schemas.rules, operations, Work(self.limits.query_s))

    @checked
    async def insert(
        self,
        table: str,
        records: Iterable[Any],
        *,
        on_conflict: OnConflict = "error",
        is_parsed: bool = False,
        ttl: Ttl | None = None,
    ) -> list[Outcome]:
        """Create one record, or many, all or nothing; the table too, also with no records.

        Args:
            records: a dictionary is one record.
            is_parsed: the records come from `codec.parse`, so they are known to be JSON values.
            ttl: as for `replace`.

        Raises:
            InvalidRecord: with the faults of the first records that have any; pointers begin with the index.
        """
        check_table_name(table)
        words: Any = {"on_conflict": on_conflict, "is_parsed": is_parsed, "ttl": ttl}
        check_ttl(ttl)
        if isinstance(records, dict):
            return [await self.apply(Operation("create", table, record=records, **words))]
        each = Operation("create", table, **words)
        work = Work(self.limits.query_s)
        outcomes = await writing.insert(self.engine, self.schemas.rules, each, records, work)
        if not outcomes:
            await loading.load(self.engine, self.schemas.rules, [(table, None)], is_replacing=False)
        return outcomes

    async def change(self, asked: changing.ChangeRequest | str, **words: Unpack[asking.ToChange]) -> changing.Changed:
        """Patch or delete the records that a condition means, all or nothing.

        ``change("users", where={"age": {"lt": 18}}, patch={"minor": True})``; `delete=True` takes the patch's place.

        Cost: O(records that are looked at), in steps, and one step of O(records that change).

        Raises:
            UnknownTable, UnknownField, PreconditionRequired, InvalidRecord, NotUnique, TooManyAffected.
        """
        if isinstance(asked, str):
            asked = asking.change(asked, self.fields(asked), **words)
        else:
            asking.check_alone(asked, changing.ChangeRequest, words)
        return await changing.change(self.engine, self._within(), self.schemas.rules, asked)
