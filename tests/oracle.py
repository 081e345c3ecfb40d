"""The query language once more, read from its description as naively as can be: no index, no plan, no shared code.

Records are plain dictionaries, a query is the JSON form of `where`, and an order is a list of ``name`` or ``-name``.
"""

import functools
import re
from decimal import Decimal

ABSENT = object()
KINDS = ["boolean", "number", "text", "array", "object"]


def kind(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "array", dict: "object"}.get(type(value), "none")


def steps(path):
    """Return the names of a dotted path; a dot in a name has a backslash before it."""
    return [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)]


def at(record, path):
    """Follow a dotted path."""
    for name in steps(path):
        if isinstance(record, dict):
            record = record.get(name, ABSENT)
        elif isinstance(record, list) and re.fullmatch("0|[1-9][0-9]*", name) and int(name) < len(record):
            record = record[int(name)]
        else:
            return ABSENT
    return record


def equal(a, b):
    """Equality with exact types: no boolean is a number."""
    if kind(a) != kind(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)
    return a is b if a is None or a is ABSENT else a == b


def compare(a, b):
    """Return -1, 0 or 1 in the order across types; inside arrays and objects null comes last."""
    kinds = [*KINDS, "none"]
    if kind(a) != kind(b):
        return -1 if kinds.index(kind(a)) < kinds.index(kind(b)) else 1
    if isinstance(a, dict):
        a, b = [[part for name in sorted(d) for part in (name, d[name])] for d in (a, b)]
    if isinstance(a, list):
        for x, y in zip(a, b, strict=False):
            if found := compare(x, y):
                return found
        return (len(a) > len(b)) - (len(a) < len(b))
    if a is None or a is ABSENT:
        return 0
    return (a > b) - (a < b)


def holds(record, where):
    """Say whether a record satisfies the JSON form of a condition."""
    return all(member_holds(record, name, part) for name, part in where.items())


def member_holds(record, name, part):
    if name == "and" and isinstance(part, list):
        return all(holds(record, each) for each in part)
    if name == "or" and isinstance(part, list):
        return any(holds(record, each) for each in part)
    if name == "not" and isinstance(part, dict):
        return not holds(record, part)
    operators = part if isinstance(part, dict) else {"eq": part}
    return all(operator_holds(at(record, name), operator, wanted) for operator, wanted in operators.items())


def operator_holds(value, operator, wanted):
    return OPERATORS[operator](value, wanted)


def has_order(value, wanted):
    return kind(value) == kind(wanted) and kind(value) in ("number", "text")


def contains(value, wanted):
    if isinstance(value, list):
        return any(equal(each, wanted) for each in value)
    return isinstance(value, str) and isinstance(wanted, str) and wanted in value


OPERATORS = {
    "eq": equal,
    "ne": lambda value, wanted: not equal(value, wanted),
    "gt": lambda value, wanted: has_order(value, wanted) and value > wanted,
    "gte": lambda value, wanted: has_order(value, wanted) and value >= wanted,
    "lt": lambda value, wanted: has_order(value, wanted) and value < wanted,
    "lte": lambda value, wanted: has_order(value, wanted) and value <= wanted,
    "in": lambda value, wanted: any(equal(value, each) for each in wanted),
    "nin": lambda value, wanted: not any(equal(value, each) for each in wanted),
    "contains": contains,
    "icontains": lambda value, wanted: isinstance(value, str) and wanted.casefold() in value.casefold(),
    "startswith": lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    "endswith": lambda value, wanted: isinstance(value, str) and value.endswith(wanted),
    "null": lambda value, wanted: (value is None or value is ABSENT) is wanted,
    "exists": lambda value, wanted: (value is not ABSENT) is wanted,
}


def in_url(text):
    """Return the JSON forms of `eq` for a value in an address, on a table of which nothing is declared."""
    readings = [text]
    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        readings.append(int(text) if re.fullmatch("-?[0-9]+", text) else float(text))
    return readings + ([text == "true"] if text in ("true", "false") else [])


def compare_ids(a, b):
    """Numbers before text."""
    if isinstance(a, str) != isinstance(b, str):
        return -1 if isinstance(b, str) else 1
    return (a > b) - (a < b)


def ordered(records, sort=()):
    """Return records in an order; null and missing last both ways, ties by id."""

    def compared(a, b):
        for name in sort:
            x, y = (at(record, name.removeprefix("-")) for record in (a, b))
            lasts = [value is None or value is ABSENT for value in (x, y)]
            sign = -1 if name.startswith("-") else 1
            found = lasts[0] - lasts[1] if any(lasts) else compare(x, y) * sign
            if found:
                return found
        return compare_ids(a["id"], b["id"])

    return sorted(records, key=functools.cmp_to_key(compared))


def grouped(records, by, aggregates):
    """Return the rows of groups in the order of their values."""
    groups = []
    for record in ordered(records):
        values = [None if (value := at(record, name)) is ABSENT else value for name in by]
        for known, members in groups:
            if all(map(equal, known, values)):
                members.append(record)
                break
        else:
            groups.append((values, [record]))
    if not by and not groups:
        groups.append(([], []))
    rows = [
        dict(zip(by, values, strict=True)) | {name: figure(members, text) for name, text in aggregates.items()}
        for values, members in groups
    ]

    def compared(a, b):
        for name in by:
            x, y = a[name], b[name]
            if found := (x is None) - (y is None) if x is None or y is None else compare(x, y):
                return found
        return 0

    return sorted(rows, key=functools.cmp_to_key(compared))


def figure(records, text):
    function, _, name = text.partition(":")
    if not name:
        return len(records)
    values = [value for record in records if (value := at(record, name)) is not ABSENT and value is not None]
    if function == "count":
        return len(values)
    if function in ("min", "max"):
        values.sort(key=functools.cmp_to_key(compare), reverse=function == "max")
        return values[0] if values else None
    numbers = [Decimal(value) for value in values if kind(value) == "number"]
    if function == "sum":
        return sum(numbers, Decimal(0))
    return sum(numbers, Decimal(0)) / len(numbers) if numbers else None


def conditions_in(where):
    """Yield every condition of a query as (name, operator, operand)."""
    for name, part in where.items():
        if name in ("and", "or") and isinstance(part, list):
            for each in part:
                yield from conditions_in(each)
        elif name == "not" and isinstance(part, dict):
            yield from conditions_in(part)
        else:
            for operator, operand in part.items() if isinstance(part, dict) else [("eq", part)]:
                yield name, operator, operand


def asks_for_what_is_not_held(records, where):
    """Say whether a value of a query is of a kind that no record has in its field, where others have another kind."""
    for name, operator, operand in conditions_in(where):
        if operator in ("null", "exists") or (name == "id" and operator in ("eq", "in")):
            continue
        held = {kind(value) for record in records if (value := at(record, name)) is not ABSENT} - {"none"}
        for value in operand if operator in ("in", "nin") else [operand]:
            kinds = {kind(value)}
            if operator == "contains":
                kinds = {"array", "text"} & {"array", kind(value)}
            if kinds != {"none"} and held and not held & kinds:
                return True
    return False


def matching(value):
    """Return what a value is joined by: a pair of kind and text, or None."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (int, float)):
        fits = -(2**63) <= value < 2**63
        return ("text", str(int(value)) if float(value).is_integer() and fits else repr(value).replace("e+", "e"))
    return ("text", value) if isinstance(value, str) else None


def joined(lefts, rights, left, right, kind):
    """Return the pairs of a join, each side a record or None, by nested loops."""
    pairs, used = [], set()
    for one in ordered(lefts):
        key = matching(at(one, left))
        matches = [other for other in ordered(rights) if key is not None and matching(at(other, right)) == key]
        pairs += [(one, other) for other in matches]
        used |= {str(other["id"]) for other in matches}
        if not matches and kind in ("left", "full"):
            pairs.append((one, None))
    if kind in ("right", "full"):
        pairs += [(None, other) for other in ordered(rights) if str(other["id"]) not in used]
    return pairs
