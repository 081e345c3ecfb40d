"""Processes on a port hear each other's figures, and wait for none that does not answer."""

import asyncio
import socket

import pytest

from ramekin.api.edge import siblings
from ramekin.api.edge.siblings import Siblings

pytestmark = pytest.mark.anyio


async def test_each_hears_what_the_others_tell(tmp_path):
    one, two, three = (Siblings(tmp_path, number) for number in (1, 2, 3))
    async with one.answering(telling("a")), two.answering(telling({"b": 2})):
        assert await three.told() in (["a", {"b": 2}], [{"b": 2}, "a"])
        assert await one.told() == [{"b": 2}]
    assert await three.told() == []


async def test_one_that_is_busy_or_has_died_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(siblings, "WITHIN_S", 0.1)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "7"))
    is_asked, may_tell = asyncio.Event(), asyncio.Event()

    async def tell():
        is_asked.set()
        await may_tell.wait()

    async with Siblings(tmp_path, 1).answering(tell):
        assert await Siblings(tmp_path, 2).told() == []
        await is_asked.wait()
        may_tell.set()
        await asyncio.sleep(0)


async def test_one_that_takes_the_place_of_another_is_heard(tmp_path):
    (tmp_path / "1").touch()
    async with Siblings(tmp_path, 1).answering(telling("new")):
        assert await Siblings(tmp_path, 2).told() == ["new"]


async def test_a_folder_whose_name_is_too_long_for_a_socket_ends_nothing(tmp_path, caplog):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    async with Siblings(folder, 1).answering(telling("nobody hears this")):
        assert await Siblings(folder, 2).told() == []
    assert "too long" in caplog.text


def telling(what):
    async def tell():
        return what

    return tell
