"""A database on a disk that forgets: it is written to as the journal does, killed, started, and loses its power.

The real store and the real logs work on it; what the journal does with threads and a clock is done here by chance, with
simulated seconds. Every state that the database had is known. See ``forgetful.py`` for the disk.
"""

from __future__ import annotations

from ramekin.changes import Change, Defined, Dropped, Loaded, Written
from ramekin.durability.contents import TableContents
from ramekin.durability.failures import DiskFault
from ramekin.durability.store import Store
from ramekin.schema.definition import NOTHING_DEFINED, Definition
from tests.durability.forgetful import Disk, PowerOff

CLOCK_STEP_S = 0.05
"""Simulated seconds between two commits, on the average."""

SYNC_S = 0.5
REFUSES = (0, 0, 0.01, 0.1)
"""How likely the disk refuses a call, one of them for each life."""


class Machine:
    """A database, and all states that it had since its last start; `told` is the last one that was acknowledged."""

    def __init__(self, folder, random, fsync, *, syncs=True):
        self.path = folder / "data"
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.random, self.fsync, self.syncs = random, fsync, syncs
        self.disk = Disk(self.path, random)
        self.states, self.times, self.told = [{}], [0.0], 0
        self.now_s, self.unsynced_s = 0.0, None
        self.number = 0
        self.is_trusted, self.is_writing, self.has_lost_power = True, False, False
        self.lost_commits, self.lost_s = 0, 0.0

    # A life

    def live(self, calls=None):
        """Start, and write until the power goes or the process is killed; without a number of calls only start."""
        disk = self.disk
        disk.left, disk.beside, disk.refuses, disk.is_short = calls, None, 0.0, False
        with disk.in_use():
            try:
                self.start()
                disk.refuses = self.random.choice(REFUSES)
                while calls is not None:
                    self.do_something()
            except PowerOff:
                pass

    def start(self):
        """Start, and note what is lost; what is found outlives everything from now on."""
        self.store = Store(self.path, self.fsync, self.disk)
        self.store.lock()
        self.file, contents = self.store.read()
        found = {name: (kept.definition, kept.bodies) for name, kept in contents.items()}
        assert found in self.states, "a state that the database never had"
        place = len(self.states) - 1 - self.states[::-1].index(found)
        if place < self.told:
            assert self.has_lost_power, "a kill loses nothing"
            self.lost_commits += self.told - place
            self.lost_s = max(self.lost_s, self.now_s - self.times[place + 1])
        self.states, self.times, self.told = [self.states[place]], [self.now_s], 0
        self.unsynced_s, self.is_trusted, self.is_writing, self.has_lost_power = None, True, False, False

    def lose_power(self):
        """Forget what a disk may forget."""
        self.disk = Disk(self.path, self.random, self.disk.crash())
        self.has_lost_power = True

    def do_something(self):
        chance = self.random.random()
        if chance < 0.94:
            self.commit()
        elif chance < 0.98:
            self.turn()
        else:
            self.replace()

    # What the journal does

    def commit(self):
        """Commit a step or a group, sync where the mode wants it, and acknowledge."""
        self.now_s += self.random.random() * 2 * CLOCK_STEP_S
        self.keep_synced()
        steps, before = [], len(self.states)
        for _ in range(self.random.choice((1, 1, 1, 3))):
            self.number += 1
            step, state = next_step(self.random, self.states[-1], self.number)
            steps.append(step)
            self.states.append(state)
            self.times.append(self.now_s)
        try:
            self.file.commit(steps)
            if self.fsync == "always" and self.syncs:
                self.file.sync()
        except DiskFault as fault:
            if fault.is_lasting:
                self.replace()
            del self.states[before:], self.times[before:]  # refused
            return
        self.told = len(self.states) - 1
        if self.unsynced_s is None:
            self.unsynced_s = self.now_s

    def keep_synced(self):
        """With `everysec`, sync what is due; commits may go on beside it."""
        if self.fsync != "everysec" or self.unsynced_s is None or self.now_s - self.unsynced_s < SYNC_S:
            return
        self.unsynced_s = None
        beside, self.disk.beside = self.disk.beside, self.beside_sync
        try:
            self.file.sync()
            self.disk.beside = beside
        except DiskFault:
            self.disk.beside = beside
            self.replace()

    def turn(self):
        """Go on in a new log, and have a snapshot written while commits go on."""
        if self.is_writing:
            return
        try:
            following = self.store.begin_log()
            self.file.end(following)
        except DiskFault as fault:
            if fault.is_lasting:
                self.replace()
            return
        self.file = following
        contents = kept(self.states[self.told])
        self.is_writing, self.disk.beside = True, self.beside_snapshot
        try:
            if self.random.random() < 0.8:
                self.store.write_snapshot(following.header, contents)
        except DiskFault:
            pass  # the logs hold all
        self.is_writing, self.disk.beside = False, None

    def beside_snapshot(self):
        """Do something in the middle of a snapshot."""
        self.disk.beside = None
        while self.random.random() < 0.4:
            self.do_something()
        self.disk.beside = self.beside_snapshot

    def beside_sync(self):
        """Commit in the middle of a sync. No faults: the journal meets them when the sync is over."""
        self.disk.beside, refuses, self.disk.refuses = None, self.disk.refuses, 0.0
        if self.random.random() < 0.3:
            self.commit()
        self.disk.refuses = refuses

    def replace(self):
        """Write all anew, until the disk takes it; nothing is acknowledged meanwhile."""
        self.is_trusted, beside, self.disk.beside = False, self.disk.beside, None
        while not self.is_trusted:
            try:
                self.file = self.store.replace(self.file, kept(self.states[self.told]))
                self.is_trusted, self.unsynced_s = True, None
            except DiskFault:
                pass
        self.disk.beside = beside


def lose_power_once(folder, random, fsync, *, syncs=True):
    """Write until the power goes, start again, and return how many commits, and seconds, were lost.

    Before that the process may be killed, or the power go, also while a start goes on.

    Args:
        syncs: whether `always` syncs; not so for the negative control.
    """
    machine = Machine(folder, random, fsync, syncs=syncs)
    for _ in range(random.choice((0, 0, 1, 2))):
        machine.live(random.randrange(random.choice((25, 150))))
        if not machine.is_trusted or random.random() < 0.4:  # behind a failed sync the system may lie of what it has
            machine.lose_power()
    machine.live(random.randrange(random.choice((40, 300))))
    machine.lose_power()
    machine.live()
    return machine.lost_commits, machine.lost_s


def kept(state):
    return {name: TableContents(definition, bodies) for name, (definition, bodies) in state.items()}


def next_step(random, state, number):
    """Return a step, and the state that it leads to."""
    chance = random.random()
    if chance < 0.6 or not state:
        return write(random, state, number)
    name = random.choice(list(state))
    definition, bodies = state[name]
    if chance < 0.8 and bodies:
        key = random.choice(list(bodies))
        left = {each: body for each, body in bodies.items() if each != key}
        return Written([Change(name, key, bodies[key], None)]), {**state, name: (definition, left)}
    if chance < 0.9:
        return load(random, state, number)
    if chance < 0.95:
        definition = random.choice((NOTHING_DEFINED, Definition(unique=(f"f{number}",))))
        if definition is NOTHING_DEFINED:
            return Defined(f"n{number}", definition), {**state, f"n{number}": (definition, {})}
        return Defined(name, definition), {**state, name: (definition, bodies)}
    return Dropped(name), {each: table for each, table in state.items() if each != name}


def write(random, state, number):
    definition, bodies = state.get("t", (NOTHING_DEFINED, {}))
    after = {}
    for key in random.sample(range(30), random.choice((1, 1, 1, 5))):
        after[str(key)] = b'{"id":%d,"n":%d,"x":"%s"}' % (key, number, b"x" * random.choice((5, 50, 5000)))
    changes = [Change("t", key, bodies.get(key), body) for key, body in after.items()]
    return Written(changes), {**state, "t": (definition, {**bodies, **after})}


def load(random, state, number):
    """Load into a table; or instead of all, where another is emptied and the rest dropped."""
    loaded = {f"l{i}": b'{"id":"l%d","n":%d}' % (i, number) for i in range(random.randrange(1, 40))}
    definition, bodies = state.get("u", (NOTHING_DEFINED, {}))
    if random.random() < 0.7:
        return Loaded({"u": loaded}), {**state, "u": (definition, {**bodies, **loaded})}
    others = [name for name in state if name != "u"]
    after = {name: (state[name][0], {}) for name in others[:1]}
    return Loaded({"u": loaded}, True, others[:1], others[1:]), {**after, "u": (definition, loaded)}
