"""Queries drawn from the grammar of the manual, each with what it means to `tests/oracle.py`; and the same, broken.

They are written as text by the grammar alone: conditions in an address, `where` in JSON, orders, chosen fields.
"""

import json
from urllib.parse import quote

from tests import oracle
from tests.oracles.generate import FIELDS, NUMBERS, TEXTS, Generator

ODD = ["limit", "or", "a:b", "x,y", "é", "n m", "p&q", "__proto__"]
"""Names of fields that mean something to the grammar, or to an address."""

TOKENS = ["&", "=", ":", ",", ".", "\\", "-", "[", "]", "{", "}", '"', "%", "%00", "%ff", "+", "%2B", "eq", "in", "nin",
          "not", "or", "and", "null", "where=", "sort=", "select=", "limit=", "cursor=", "0", "1e999", "9" * 30, "true", "\u00e9", "a" * 300]  # fmt: skip
"""What is put into a query to break it."""


class Grammar(Generator):
    """A source of tables, and of queries of them."""

    def record(self, id):
        odd = {name: self.scalar() for name in ODD if self.random() < 0.3}
        return super().record(id) | odd

    def path(self):
        """Return a path of a field, in which a dot that is part of a name has a backslash before it."""
        return self.choice([*FIELDS, *ODD, "id", "a", "b", "c"])

    def condition(self):
        """Return one condition of a `where`; a field that is called like a word of it has its operator."""
        [(name, part)] = super().condition().items()
        return {name: {"eq": part} if name == "or" and not isinstance(part, dict) else part}

    def parameter(self):
        """Return a condition as the name and the value of a parameter, and as JSON that means the same."""
        path, operator = self.path(), self.choice([*oracle.OPERATORS, "eq", "in"])
        text = str(self.choice([*TEXTS, *NUMBERS, "true", "false", "1e2", "0150", "null"]))
        is_short = operator == "eq" and path not in ODD and self.random() < 0.7
        name = path if is_short else f"{path}:{operator}"
        if operator in ("null", "exists"):
            wanted = self.random() < 0.5
            return name, json.dumps(wanted), {path: {operator: wanted}}
        if operator in ("in", "nin"):
            return name, *self.listed(path, operator)
        if operator in ("icontains", "startswith", "endswith"):
            return name, text, {path: {operator: text}}
        readings = [each for each in oracle.in_url(text) if operator[0] not in "gl" or not isinstance(each, bool)]
        parts = [{path: {operator: each}} for each in readings]
        return name, text, {"and": parts} if operator == "ne" else {"or": parts}

    def listed(self, path, operator):
        """Return a list of values as text, and the condition with all that they may mean: a JSON array has exact types."""
        if self.random() < 0.3:
            exact = [self.scalar() for _ in range(self.randrange(4))]
            return json.dumps(exact), {path: {operator: exact}}
        texts = [str(self.choice([*TEXTS, *NUMBERS])) for _ in range(1 + self.randrange(3))]
        return ",".join(texts), {path: {operator: [each for text in texts for each in oracle.in_url(text)]}}

    def names(self, most=4):
        """Return some fields of objects, no two alike."""
        known = ["id", "a", "b", "c", "o", "o.x", "o.y.z", "d\\.e", *ODD]
        return self.sample(known, self.randrange(1, most))

    def query(self):
        """Return a list's parameters as pairs of texts, and what they mean: a condition, an order, chosen fields."""
        pairs, parts = {}, []
        for _ in range(self.choice([0, 1, 1, 2, 3])):
            name, value, part = self.parameter()
            if all(name.removesuffix(":eq") != known.removesuffix(":eq") for known in pairs):
                pairs[name] = value
                parts.append(part)
        if self.random() < 0.5:
            where = self.where()
            pairs["where"] = json.dumps(where, ensure_ascii=self.random() < 0.5)
            parts.append(where)
        sort = [self.choice(["", "-"]) + name for name in self.names()] if self.random() < 0.5 else []
        select = self.names() if self.random() < 0.4 else []
        for word, names in (("sort", sort), ("select", select)):
            if names:
                pairs[word] = ",".join(escaped(name) for name in names)
        return list(pairs.items()), {"and": parts}, sort, select

    def written(self, pairs):
        """Return parameters as they stand in an address: whatever may be encoded is, or only what must be."""
        safe = self.choice(["", ":,.-", ":,.-!$'()*;@/?[]{}\"\\"])
        joined = [f"{quote(name, safe)}={quote(value, safe)}" for name, value in pairs]
        self.shuffle(joined)
        return "&".join(joined).replace("%20", self.choice(["%20", "+"])) if safe else "&".join(joined)

    def broken(self, text):
        """Return a query with some of its characters put in, taken out, doubled or moved."""
        for _ in range(self.choice([1, 1, 2, 5])):
            at, end = sorted(self.randrange(len(text) + 1) for _ in range(2))
            put = self.choice(TOKENS)
            text = self.choice([text[:at] + put + text[at:], text[:at] + text[end:], text[:end] + text[at:], text[end:] + text[:at]])  # fmt: skip
        return quote(text, safe="%&=:,.-+!$'()*;@/?[]{}\\~_")


def escaped(name):
    """Return a name as it stands in a list of names."""
    return name.replace(",", "\\,")


def chosen(record, names):
    """Return a record with some fields alone, in their places."""
    found = {}
    for path in names:
        value = oracle.at(record, path)
        if value is oracle.ABSENT:
            continue
        *outer, last = oracle.steps(path)
        place = found
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = value
    return found
