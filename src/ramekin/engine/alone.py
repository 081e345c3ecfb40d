r"""Steps that stand alone: of whole tables, or of very many records, while all others are held back.

    hold ---> catch up ---> compute, check ---> chunks, which nobody sees ---> commit ---> bring the chunks in
      \                                                                        |
       +--- whoever holds and is still for too long holds no more: nothing was done, and it begins again

The promise: no node is held for longer than one chunk takes, a few ms, however much is stored: what commits them knows
their number alone. Readers see all of it or nothing. If this process ends, what is committed is brought in by others,
and what is not is forgotten by whoever stands alone next. Knows no sockets.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from ramekin.cluster.line import DONE, deadline_s
from ramekin.engine.cells import Alone, alone_for, in_chunks
from ramekin.engine.work import Work
from ramekin.errors import OutcomeUnknown, RamekinError, Unavailable
from ramekin.storage.staging import Staging, is_large

if TYPE_CHECKING:
    from ramekin.changes import Step
    from ramekin.engine.base import Making
    from ramekin.engine.link import Link
    from ramekin.engine.tables import Tables
    from ramekin.schema.definition import Checked

HOLD_S, RENEW_S = 5.0, 1.0
"""Seconds for which others are held back without a word from whoever holds them, and between two such words."""

CLEARED = 100
"""Chunks that are forgotten at once."""

ATTEMPTS = 3
"""How often a step is begun: others went on where this process was still for too long."""

Done = tuple[int | None, "Step | None"]
"""A step's number and what it came to; None and None where it did not fit."""


class Standing:
    """Carries out one step after another while nobody else writes, neither here nor in other processes."""

    def __init__(self, link: Link, tables: Tables) -> None:
        self._link, self._tables = link, tables

    async def carry_out(self, step: Step | Making, expecting: Checked) -> Done:
        """Let a step happen. Raises as `Engine.apply`."""
        for _ in range(ATTEMPTS):
            nonce = self._link.new_nonce()
            await self.hold(nonce, HOLD_S, "begin")
            renewing = asyncio.create_task(self._go_on(nonce))
            try:
                done = await self._commit(nonce, step, expecting)
            finally:
                renewing.cancel()
                self._link.forget(nonce)
            if done is not None:
                return done
        raise Unavailable("The cluster lets nobody stand alone for long enough; nothing was applied.")

    async def hold(self, nonce: str, seconds: float, how: Literal["begin", "go on"] = "go on") -> None:
        """Hold back all others for some seconds; 0: no more. Who goes on must have held them all the time.

        Raises:
            Unavailable: another holds for long.
        """
        await self._link.line.call("hold", nonce, (), [int(seconds * 1000), how])

    async def _go_on(self, nonce: str) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with suppress(RamekinError):
                await self.hold(nonce, HOLD_S)

    async def _commit(self, nonce: str, step: Step | Making, expecting: Checked) -> Done | None:
        """Compute, check and commit a step; None: others are held back no more."""
        is_committed = False
        try:
            await self._clear(nonce)
            await self._link.catch_up()
            prepared = await self._prepared(step, expecting)
            if prepared is None:
                return None, None
            rest = prepared.step if isinstance(prepared, Staging) else prepared
            alone = alone_for(rest, self._tables.catalog, self._link.keys)
            if (chunks := await self._send_chunks(nonce, alone)) is None:
                return None
            self._link.replica.mine[nonce] = prepared
            words = alone.words(chunks)
            what, number, *_ = await self._link.line.call("commit", nonce, alone.emptied, words, frees=alone.frees)
            if what != DONE:
                return None
            is_committed = True
            await self._link.see(number, nonce, deadline_s())
            await self._bring_all()
            return number, rest
        finally:
            if not is_committed:
                with suppress(RamekinError):
                    await self._clear(nonce)
                    await self.hold(nonce, 0)

    async def _clear(self, nonce: str) -> None:
        """Have the nodes forget what was staged and not committed: by this process, or by one that ended."""
        staged = self._link.keys.of("staged")
        while chunks := (await self._link.line.read("LRANGE", staged, 0, 2 * CLEARED - 1))[::2]:
            what, *_ = await self._link.line.call("clear", nonce, [chunk.decode() for chunk in chunks], ())
            if what != DONE:
                return

    async def _bring_all(self) -> None:
        """Bring what is committed into its hashes. Raises OutcomeUnknown: others will do so."""
        try:
            await self._link.line.bring_all()
        except Unavailable:
            raise OutcomeUnknown("It is done, and the cluster does not say that all of it is in its place.") from None

    async def _prepared(self, step: Step | Making, expecting: Checked) -> Step | Staging | None:
        """Return what a step comes to, checked; None where it does not fit."""
        catalog = self._tables.catalog
        now = step() if callable(step) else step
        if now is not None and is_large(now):
            return await self._tables.stage(now, expecting)
        if now is not None and self._tables.builds.lacks(now):
            await self._tables.builds.for_step(now)
        rest = None if now is None else catalog.fit(now, expecting)
        if rest is not None:
            catalog.check(rest)
        return rest

    async def _send_chunks(self, nonce: str, alone: Alone) -> list[tuple[str, str]] | None:
        """Send what a step stores, which nobody sees yet; return each chunk's key, and its table if it is of records.

        None: others are held back no more.
        """
        line, work = self._link.line, Work()
        sent: list[tuple[str, str]] = []
        for name, table, cells in alone.cells:
            for words in in_chunks(cells):
                key = self._link.keys.chunk(nonce, len(sent))
                what, *_ = await line.call("stage", nonce, [key, name], words, frees=alone.frees)
                if what != DONE:
                    return None
                sent.append((key, table))
                await work.rest()
        return sent
