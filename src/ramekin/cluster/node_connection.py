"""A connection to a node: commands asked for in one turn of the event loop leave in one packet, replies come in order.

    connect ---> let in ---> send, send, send ... ---one packet---> node
                                 futures    <---replies, in order---

The promise: every future that `send` gives ends, with a reply, with `NodeRefused` if the node says no, or with `Lost`
when the connection has ended; whoever is told `Lost` cannot know what became of the command. What one reply may take is
bounded. Nothing is asked again here, and nothing redirected. Knows no keys; see ``slot.py`` for whom to ask.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any, Self, cast

import hiredis

if TYPE_CHECKING:
    from ramekin.cluster.address import Address, Login

Word = str | bytes | int

MAX_REPLY_BYTES = 512 << 20
"""Bytes that one reply may take; a node that sends more is no node of ours."""

ANSWER_S = 1.0
"""Seconds that a node may take to let us in, or to answer a short command: a cluster replaces one after about two."""


class Lost(Exception):
    """The node cannot be reached, or has stopped answering: what was asked for may have happened."""


class NobodyAnswers(Lost):
    """No node can be reached: where another one answers, and the primary does not, time may heal it."""


class NodeRefused(Exception):
    """The node said no."""

    @property
    def code(self) -> str:
        """The first word of what it said, such as ``MOVED`` or ``NOAUTH``."""
        return str(self).partition(" ")[0]


class NodeConnection(asyncio.Protocol):
    """A connection to one node, in the event loop that made it."""

    def __init__(self) -> None:
        self.is_open = False
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(protocolError=Lost, replyError=NodeRefused)
        self._asked = deque[asyncio.Future[Any]]()
        self._packet: list[bytes] = []
        self._unread_bytes = 0  # of a reply that is not whole yet
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: Address, login: Login, name: str, within_s: float = ANSWER_S) -> Self:
        """Return a connection to a node that has let us in.

        Args:
            name: what the node's own list of clients calls it.

        Raises:
            Lost: nobody answers there in time. NodeRefused: the user or the password is wrong.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                _, self = await loop.create_connection(cls, address.host, address.port, ssl=login.encryption())
                try:
                    await self._log_in(login, name)
                except BaseException:
                    self.close()
                    raise
        except TimeoutError:
            raise Lost("There is no answer in time.") from None
        except SSLCertVerificationError as error:
            raise Lost(f"The certificate is not trusted: {error.verify_message}.") from None
        except OSError as error:
            why = error.strerror or "The connection failed."
            if isinstance(error, ConnectionError) and error.errno is not None:
                why = os.strerror(error.errno)  # event loops have words of their own
            raise Lost(why) from None
        return self

    async def _log_in(self, login: Login, name: str) -> None:
        if login.password is not None:
            await self.send("AUTH", *([] if login.user is None else [login.user]), login.password)
        await self.send("CLIENT", "SETNAME", name)

    # Asking

    def send(self, *words: Word) -> asyncio.Future[Any]:
        """Ask for a command, and return what its reply will be in: bytes, integers, None, and lists of these.

        The reply, or NodeRefused, or Lost, is in the future. Cost: O(words).
        """
        reply: asyncio.Future[Any] = self._loop.create_future()
        if not self.is_open:
            _fail(reply, Lost("The connection has ended."))
            return reply
        if not self._packet:
            self._loop.call_soon(self._flush)
        self._packet.append(hiredis.pack_command(words))  # type: ignore[arg-type,unused-ignore]  # it takes any number
        self._asked.append(reply)
        return reply

    async def call(self, *words: Word, within_s: float = ANSWER_S) -> Any:
        """Return the reply to a command. Where it does not come in time, the connection is ended.

        Raises:
            NodeRefused, Lost.
        """
        reply = self.send(*words)
        try:
            async with asyncio.timeout(within_s):
                return await reply
        except TimeoutError:
            self.close()
            raise Lost("There is no answer in time.") from None

    def close(self) -> None:
        """End the connection; what was asked for and not answered is lost."""
        self._end(Lost("The connection was ended."))
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self.is_open and self._transport is not None:
            self._transport.write(b"".join(self._packet))
        self._packet.clear()

    def _end(self, reason: Lost) -> None:
        self.is_open = False
        while self._asked:
            reply = self._asked.popleft()
            if not reply.done():
                _fail(reply, reason)

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = cast("asyncio.Transport", transport), True  # of uvloop, which is no subclass

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self._unread_bytes += len(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._unread_bytes = 0
                self._answer(reply)
        except (Lost, IndexError):
            self._end(Lost("The node does not speak as Valkey and Redis do."))
        else:
            if self._unread_bytes <= MAX_REPLY_BYTES:
                return
            self._end(Lost("The node's reply is too long."))
        self.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._end(Lost("The node ended the connection."))

    def _answer(self, reply: Any) -> None:
        asked = self._asked.popleft()
        if asked.done():
            return
        if isinstance(reply, Exception):
            _fail(asked, reply)
        else:
            asked.set_result(reply)


def _fail(asked: asyncio.Future[Any], error: Exception) -> None:
    """Tell an error to whoever asked, if that one is still there to hear it."""
    asked.set_exception(error)
    asked.exception()
