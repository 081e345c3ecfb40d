"""One way to call both clients: a test is told once, and holds for the client that blocks and for its twin."""

import asyncio
import inspect
from collections.abc import AsyncIterator

from ramekin.client import AsyncClient, Client


class Awaited:
    """An object of the asynchronous client, whose coroutines are waited for and whose iterators become lists."""

    def __init__(self, inner, loop):
        self.inner, self.loop = inner, loop

    def wait(self, value):
        if inspect.iscoroutine(value):
            return self.wait(self.loop.run_until_complete(value))
        if isinstance(value, AsyncIterator):
            return iter(self.loop.run_until_complete(collect(value)))
        if type(value).__module__ == "ramekin.client.aio":
            return Awaited(value, self.loop)
        return value

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found
        return lambda *given, **named: self.wait(found(*map(bare, given), **named))

    def __iter__(self):
        return iter(self.loop.run_until_complete(collect(aiter(self.inner))))


def bare(value):
    return value.inner if isinstance(value, Awaited) else value


async def collect(items):
    return [item async for item in items]


def open_clients(kind, *arguments, **options):
    """Yield a client of a kind, `Client` or `AsyncClient` in its wrapper; close it."""
    if kind == "sync":
        with Client(*arguments, **options) as client:
            yield client
        return
    loop = asyncio.new_event_loop()
    client = AsyncClient(*arguments, **options)
    yield Awaited(loop.run_until_complete(client.__aenter__()), loop)
    loop.run_until_complete(client.__aexit__())
    loop.close()
