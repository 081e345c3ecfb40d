"""Random tables and queries, from a seed: values that collide often, types that mix, fields that are sometimes there."""

import os
import random

QUERIES = int(os.environ.get("QUERIES", "100"))
"""Queries that every oracle is asked in all; `make test-all` asks 5,000."""

SEEDS = 10
PER_TABLE = 10

TEXTS = [
    "",
    "0",
    "1",
    "01",
    "-1",
    "1.5",
    "a",
    "A",
    "ab",
    "b",
    "é",
    "ß",
    "SS",
    "true",
    "z\U0001f600",
    "\uffff",
    "a.b",
    "x y",
    "1e300",
    "9223372036854775808",
]
NUMBERS = [0, -0.0, 1, 1.0, -1, 2, 3, 1.5, 1e2, 100, 2**53, 2**53 + 1, -(2**63), 2**63 - 1, float(2**63), 1e300]
FIELDS = ["a", "b", "c", "o.x", "o.y.z", "t", "t.0", "t.1", "d\\.e", "none"]
IDS = [*range(-3, 60), "x", "y", "10x", "é", "01", "-0", "9999999999999999999"]


class Generator(random.Random):
    """A source of tables and queries."""

    def scalar(self):
        pool = self.choice([TEXTS, NUMBERS, [True, False], [None]])
        return self.choice(pool)

    def value(self, depth=2):
        if depth and self.random() < 0.2:
            return [self.value(depth - 1) for _ in range(self.randrange(3))]
        if depth and self.random() < 0.2:
            return {name: self.value(depth - 1) for name in self.sample("xyz", self.randrange(3))}
        return self.scalar()

    def record(self, id):
        record = {"id": id}
        if self.random() < 0.9:
            record["a"] = self.choice([1, 2, "1", "x", None, True, 1.0])
        if self.random() < 0.8:
            record["b"] = self.value(1)
        if self.random() < 0.5:
            record["c"] = self.randrange(4)
        if self.random() < 0.6:
            record["o"] = self.choice([{"x": self.scalar()}, {"y": {"z": self.scalar()}}, self.value()])
        if self.random() < 0.6:
            record["t"] = self.choice([[self.scalar() for _ in range(self.randrange(3))], self.value()])
        if self.random() < 0.2:
            record["d.e"] = self.scalar()
        return record

    def ids(self, most=60):
        """Return ids that no two records share by their text."""
        chosen = {str(id): id for id in self.sample(IDS, self.randrange(min(most, len(IDS))))}
        return list(chosen.values())

    def table(self, most=60):
        return {str(id): self.record(id) for id in self.ids(most)}

    def path(self):
        return self.choice([*FIELDS, "id", "a", "b", "c"])

    def condition(self):
        name = self.path()
        operator = self.choice(
            ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "contains"] * 2
            + ["icontains", "startswith", "endswith", "null", "exists"]
        )
        if operator in ("null", "exists"):
            return {name: {operator: self.random() < 0.5}}
        if operator in ("gt", "gte", "lt", "lte"):
            return {name: {operator: self.choice(self.choice([TEXTS, NUMBERS]))}}
        if operator in ("in", "nin"):
            return {name: {operator: [self.value(1) for _ in range(self.randrange(4))]}}
        if operator in ("icontains", "startswith", "endswith"):
            return {name: {operator: self.choice(TEXTS)}}
        value = self.value(1)
        if operator == "eq" and not isinstance(value, dict) and self.random() < 0.5:
            return {name: value}
        return {name: {operator: value}}

    def where(self, depth=2):
        """Return a condition in JSON."""
        found = {}
        for _ in range(self.choice([0, 1, 1, 1, 2, 2, 3])):
            kind = self.random()
            if depth and kind < 0.12:
                found["or"] = [self.where(depth - 1) for _ in range(self.randrange(4))]
            elif depth and kind < 0.18:
                found["and"] = [self.where(depth - 1) for _ in range(self.randrange(3))]
            elif depth and kind < 0.26:
                found["not"] = self.where(depth - 1)
            else:
                found.update(self.condition())
        return found

    def sort(self, most=3):
        names = self.sample([*FIELDS, "id"], self.choice([0, 0, 1, 1, 1, 2, most]))
        return [self.choice(["", "-"]) + name for name in names]

    def page(self):
        """Return a limit and an offset."""
        return self.choice([1, 2, 3, 5, 100]), self.choice([0, 0, 0, 1, 7])
