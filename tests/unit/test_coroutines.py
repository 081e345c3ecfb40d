"""A coroutine that was begun by hand goes on as a task."""

import asyncio
from contextlib import aclosing

import pytest

from ramekin.api.wire.coroutines import GoneOn


async def begin(coroutine):
    """Run a coroutine up to what it waits for, then let it go on as a task."""
    awaited = coroutine.send(None)
    return asyncio.create_task(GoneOn(coroutine, awaited))


@pytest.fixture
def anyio_backend():
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_it_returns_what_the_coroutine_returns():
    async def work():
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return 7

    assert await (await begin(work())) == 7


async def test_it_waits_for_a_future():
    future = asyncio.get_running_loop().create_future()

    async def work():
        return await future

    task = await begin(work())
    await asyncio.sleep(0)
    assert not task.done()
    future.set_result("x")
    assert await task == "x"


async def test_it_raises_what_the_coroutine_raises():
    async def work():
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await (await begin(work()))


async def test_the_coroutine_sees_a_failed_future_and_a_cancellation():
    future, seen = asyncio.get_running_loop().create_future(), []

    async def work():
        try:
            await future
        except ValueError:
            seen.append("failed")
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    task = await begin(work())
    future.set_exception(ValueError())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["failed", "cancelled"]


async def test_the_coroutine_sees_a_cancellation_that_comes_before_its_task_goes_on():
    seen = []

    async def numbers():
        try:
            yield await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0)
            seen.append("closed")

    async def work():
        async with aclosing(numbers()) as these:
            async for _ in these:
                pass

    task = await begin(work())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["closed"]
