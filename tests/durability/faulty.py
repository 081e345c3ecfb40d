"""A data directory whose disk is slow, or refuses, when a test says so."""

from __future__ import annotations

import time

from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled


class Faulty:
    """A store whose log raises what `fault` says; `gate` holds commits back, and each sync takes `delay_s` more."""

    def __init__(self, folder, fsync):
        self.fsync = fsync
        self.store = Store(folder / "data", fsync)
        self.store.lock()
        self.fault = None
        self.fresh_fault = None
        self.fresh = 0
        self.gate = None
        self.delay_s = 0.0
        self.engine = Journaled(self.store)
        read, replace = self.store.read, self.store.replace
        self.store.read = lambda advance: self._wrap(read(advance))
        self.store.replace = lambda file, contents: self._replace(replace, file, contents)

    def _wrap(self, found):
        file, contents = found
        for name in ("commit", "probe", "sync"):
            setattr(file, name, self._failing(getattr(file, name)))
        return file, contents

    def _failing(self, method):
        def call(*arguments):
            if self.gate is not None:
                self.gate.wait(10)
            if self.delay_s and method.__name__ == "sync":
                time.sleep(self.delay_s)
            if self.fault is not None:
                raise self.fault
            return method(*arguments)

        return call

    def _replace(self, replace, file, contents):
        if self.fresh_fault is not None:
            raise self.fresh_fault
        self.fresh += 1
        return self._wrap((replace(file, contents), None))[0]
