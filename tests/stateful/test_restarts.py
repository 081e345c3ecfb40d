"""The same random sequences on an engine with a journal, with restarts and kills in the middle."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from ramekin import Database
from ramekin.durability.store import Store
from ramekin.engine.journaled import Journaled
from tests.stateful.test_machine import SEQUENCES, Machine


class RestartingMachine(Machine):
    def __init__(self):
        super().__init__()
        self.run(self.database.__aexit__())
        self.folder = Path(tempfile.mkdtemp(prefix="ramekin-restarts-"))
        self.number = 0
        self.start("everysec")

    def start(self, fsync):
        store = Store(self.folder / str(self.number), fsync)
        store.lock()
        self.database = Database(engine=Journaled(store))
        self.run(self.database.__aenter__())

    @rule(fsync=st.sampled_from(["everysec", "no", "always"]))
    def restart(self, fsync):
        self.run(self.database.__aexit__())
        self.start(fsync)

    @rule(fsync=st.sampled_from(["everysec", "always"]))
    def go_on_from_what_a_kill_would_leave(self, fsync):
        path = self.folder / str(self.number)
        self.number += 1
        shutil.copytree(path, self.folder / str(self.number))
        self.run(self.database.__aexit__())
        shutil.rmtree(path)
        self.start(fsync)

    @rule()
    def go_on_from_a_backup(self):
        backup = self.run(self.database.backup())
        self.run(self.database.__aexit__())
        self.number += 1
        path = self.folder / str(self.number)
        path.mkdir(mode=0o700)
        backup.rename(path / "tables.db")
        self.start("no")

    def teardown(self):
        super().teardown()
        shutil.rmtree(self.folder)


TestRestartingMachine = RestartingMachine.TestCase
TestRestartingMachine.settings = settings(max_examples=SEQUENCES * 3 // 10, stateful_step_count=30, deadline=None)
