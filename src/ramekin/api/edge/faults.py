"""Faults on purpose: which requests are delayed, refused or dropped, so that whoever sends them learns to live with it.

    a request ──► the first rule that it fits, and that is due ──► wait ──► apply it, or not ──► fail it, or not

Knows no ASGI: see ``wire/middleware.py`` for who carries a fault out, ``endpoints/faults.py`` for how rules are sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ramekin.api.routes import API, split_branch
from ramekin.errors import Fault, InvalidFault, did_you_mean, pointer, shorten
from ramekin.schema.definition import is_table_name
from ramekin.values.ids import Chance

if TYPE_CHECKING:
    from collections.abc import Callable, Container

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MAX_RULES, MAX_DELAY_MS, MAX_PATH = 100, 600_000, 1000

PATH = f"{API}/faults"
"""Where rules are set, and so are removed: no rule is about that."""

_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|s)")
_TABLES = re.compile(rf"{API}/(?:(?:data|tables|dump|query)/([^/]+)|join/([^/]+)/([^/]+))")

_Check = tuple["Callable[[Any], bool]", str]


def _whole(least: int, most: int) -> _Check:
    return lambda value: type(value) is int and least <= value <= most, f"a whole number from {least} to {most}"


_TRUTH: _Check = (lambda value: type(value) is bool, "true or false")
_MEMBERS: dict[str, _Check] = {
    "method": (lambda value: value in METHODS, f"one of {', '.join(METHODS)}"),
    "path": (
        lambda value: type(value) is str and 0 < len(value) <= MAX_PATH,
        f"a path in which `*` stands for anything, of at most {MAX_PATH} characters",
    ),
    "table": (is_table_name, "the name of a table"),
    "delay_ms": _whole(0, MAX_DELAY_MS),
    "jitter_ms": _whole(0, MAX_DELAY_MS),
    "status": _whole(400, 599),
    "drop": _TRUTH,
    "after_commit": _TRUTH,
    "rate": (lambda value: type(value) in (int, float) and 0 < value <= 1, "a number above 0, up to 1"),
    "every": _whole(1, 10**9),
    "count": _whole(1, 10**9),
    "seed": _whole(0, 2**63 - 1),
}
"""Of each member of a rule: whether a value will do, and which will."""


@dataclass(slots=True)
class Rule:
    """What is to happen to some requests. A member that is not said leaves it open."""

    method: str | None = None
    path: str | None = None
    table: str | None = None
    delay_ms: int = 0
    jitter_ms: int = 0
    status: int | None = None
    drop: bool = False
    after_commit: bool = False
    rate: float = 1.0
    every: int = 1
    count: int | None = None
    seed: int | None = None
    _fitted: int = field(default=0, init=False)
    _struck: int = field(default=0, init=False)
    _chance: Chance = field(default_factory=Chance, init=False)

    def __post_init__(self) -> None:
        if self.seed is not None:
            self._chance.seed(self.seed)

    @property
    def fails(self) -> bool:
        """Whether a request that it strikes gets no answer of its own."""
        return self.drop or self.status is not None

    def fits(self, method: str, path: str, tables: Container[str]) -> bool:
        """Say whether it is about a request, whose path names some tables."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.table is None or self.table in tables)
        )

    def is_due(self) -> bool:
        """Say whether it strikes this time, of a request that it is about."""
        if self.count is not None and self._struck >= self.count:
            return False
        self._fitted += 1
        strikes = self._fitted % self.every == 0 and (self.rate == 1 or self._chance.random() < self.rate)
        self._struck += strikes
        return strikes

    def wait_s(self) -> float:
        """Return how long a request is held up."""
        return (self.delay_ms + (self._chance.uniform(0, self.jitter_ms) if self.jitter_ms else 0)) / 1000


class Faults:
    """The rules in force, and as they were sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self._rules: list[Rule] = []
        self._when_changed: Callable[[], None] = lambda: None
        self.addresses = [_TABLES]
        """Where a path names tables, without its branch: the groups of patterns."""

    @property
    def are_any(self) -> bool:
        """Whether there is a rule."""
        return len(self._rules) > 0

    def report(self, when_changed: Callable[[], None]) -> None:
        """Call something whenever there are other rules."""
        self._when_changed = when_changed

    def set(self, value: Any) -> None:
        """Take rules, in place of all that there are; they count from the beginning. Raises InvalidFault."""
        rules = parse(value)
        self.sent, self._rules = value["rules"], rules
        self._when_changed()

    def strike(self, method: str, path: str) -> tuple[int, Rule] | None:
        """Return the rule that strikes a request, with its number, the first of which is 1; None where none does."""
        inner = split_branch(path)[1]
        if inner == PATH:
            return None
        tables = {name for each in self.addresses if (found := each.match(inner)) for name in found.groups()}
        for number, rule in enumerate(self._rules, 1):
            if rule.fits(method, path, tables) and rule.is_due():
                return number, rule
        return None


def read_delay(text: str) -> int:
    """Return the milliseconds of a delay such as ``200ms`` or ``1.5s``. Raises ValueError."""
    found = _DELAY.fullmatch(text)
    delay_ms = 0 if found is None else round(float(found[1]) * (1 if found[2] == "ms" else 1000))
    if not 0 < delay_ms <= MAX_DELAY_MS:
        raise ValueError("no delay")
    return delay_ms


def parse(value: Any) -> list[Rule]:
    """Return the rules that a JSON value means. Raises InvalidFault, which points to what is wrong."""
    told = 'Rules are sent as {"rules": [...]}.'
    if not isinstance(value, dict):
        raise _wrong(told)
    for name in value:
        if name != "rules":
            raise _wrong(told, name, hint=did_you_mean(name, ["rules"]))
    if not isinstance(value.get("rules"), list):
        raise _wrong(told, *value)
    if len(value["rules"]) > MAX_RULES:
        raise _wrong(f"There are at most {MAX_RULES} rules.", "rules")
    return [_parse_rule(rule, number) for number, rule in enumerate(value["rules"])]


def _parse_rule(value: Any, number: int) -> Rule:
    if not isinstance(value, dict):
        raise _wrong("A rule is an object.", "rules", number)
    for name, said in value.items():
        if name not in _MEMBERS:
            hint = did_you_mean(name, _MEMBERS)
            raise _wrong(f"A rule has no member '{shorten(name)}'.", "rules", number, name, hint=hint)
        is_right, told = _MEMBERS[name]
        if not is_right(said):
            hint = did_you_mean(said, METHODS) if name == "method" and isinstance(said, str) else ""
            raise _wrong(f"'{name}' is {told}.", "rules", number, name, hint=hint)
    rule = Rule(**value)
    if rule.drop and rule.status is not None:
        raise _wrong("A request is dropped, or answered with a status: say one of them.", "rules", number, "drop")
    if rule.after_commit and not rule.fails:
        raise _wrong("'after_commit' goes with 'status' or 'drop'.", "rules", number, "after_commit")
    if not (rule.fails or rule.delay_ms or rule.jitter_ms):
        raise _wrong("A rule says 'status', 'drop', 'delay_ms' or 'jitter_ms'.", "rules", number)
    return rule


def _wrong(told: str, *steps: str | int, hint: str = "") -> InvalidFault:
    return InvalidFault(told, hint=hint, faults=[Fault(pointer(steps), told)])
