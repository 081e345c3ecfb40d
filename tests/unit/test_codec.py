"""Printing JSON from several threads at once: a snapshot prints definitions while the event loop prints records."""

from __future__ import annotations

import sys
import threading

import pytest

from ramekin.values import codec


@pytest.fixture
def eager_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_print_at_the_same_time_never_get_each_others_text(eager_switches):
    wrong = []

    def work(name):
        value = {"id": name, "text": name * 50}
        expected = b'{"id":"%b","text":"%b"}' % (name.encode(), name.encode() * 50)
        wrong.extend(text for _ in range(20_000) if (text := codec.dump(value)) != expected)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
