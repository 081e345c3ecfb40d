r"""Field paths: `address.city`, `tags.0`, `a\.b`, and how one is read from a body without parsing the rest.

A dot goes into an object, a number into an array (or an object's member of that name). A backslash before a dot, a
comma, a hyphen, an equals sign, a quote or a backslash makes it a character of the name; ``""`` is the empty name.
Knows nothing of queries or tables.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from ramekin.errors import PathTooLong
from ramekin.values.comparison import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FieldPath = tuple[str, ...]
"""The names on the way to a field, outermost first; never empty."""

ID_PATH: FieldPath = ("id",)

_TOKEN = re.compile(r"\\[\\.,=\"-]|[^\\.]+|[\\.]")  # what is escaped, a run of a name, a dot, a backslash by itself
_ESCAPED = re.compile(r'\\([\\.,="-])')
_PIECE = re.compile(r"\\.|.", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_QUOTE = ord('"')
_UNUSUAL = re.compile(r'[\x00-\x1f"\\]')  # what a msgspec field's name may not hold


FEW = 500
"""Bodies that a reader decodes whole before it has a decoder made for its field alone: that takes 400 µs and leaves a
class behind, too much for names that somebody made up (CPython 3.11, November 2026)."""

LONG_BYTES = 64 * 1024
"""Of a body, all of whose values take some ms to make."""
_BEHIND = LONG_BYTES + 1

EMPTY = '""'
"""How the empty name is written: in a list of names, nothing would be a mistake."""

MAX_STEPS, MAX_CHARS = 64, 2000
"""How long a path may be: as deep as records are nested. Each step is looked up in a schema and in every record."""


def parse_path(text: str) -> FieldPath:
    """Return the path that a caller's text names. Raises PathTooLong with more than 64 steps or 2,000 characters."""
    path = split_path(text) if len(text) <= MAX_CHARS else ()
    if not 0 < len(path) <= MAX_STEPS:
        raise PathTooLong(f"The path of a field has at most {MAX_STEPS} steps and {MAX_CHARS} characters.")
    return path


def split_path(text: str) -> FieldPath:
    """Return the path that a text names. Every text is one; a step without a letter is the empty name too."""
    if "\\" not in text and EMPTY not in text:
        return tuple(text.split("."))
    steps = [""]
    for piece in _TOKEN.findall(text):
        if piece == ".":
            steps.append("")
        else:
            steps[-1] += piece
    return tuple("" if step == EMPTY else _ESCAPED.sub(r"\1", step) for step in steps)


def print_path(path: FieldPath) -> str:
    """Return the text that names a path; the reverse of `split_path`."""
    return ".".join(_print_step(step) for step in path)


def _print_step(name: str) -> str:
    if name in ("", EMPTY):
        return f"\\{name}" if name else EMPTY
    return name.replace("\\", "\\\\").replace(".", "\\.")


def split_names(text: str, sign: str = ",") -> list[str]:
    """Return the names between signs that no backslash stands before. They keep their backslashes, for `parse_path`."""
    if "\\" not in text:
        return text.split(sign)
    names = [""]
    for piece in _PIECE.findall(text):
        if piece == sign:
            names.append("")
        else:
            names[-1] += piece
    return names


def unescape(name: str) -> str:
    """Return a name, of a column and no path, without the backslashes before its signs."""
    return ".".join(split_path(name))


def walk(value: object, path: FieldPath) -> Any:
    """Return what a path leads to inside a value, or MISSING. Cost: O(length of the path)."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    return value


@lru_cache(maxsize=256)
def reader(path: FieldPath) -> Callable[[bytes], Any]:
    """Return a function from a body to the value of one field, or MISSING.

    It decodes only the path's first member and skips the rest: 0.2 µs for a 166-byte body against 0.9 µs for all of
    it (CPython 3.11, November 2026). Cost of each call: O(length of the body).
    """
    first, rest = path[0], path[1:]
    if _UNUSUAL.search(first):
        return lambda body: walk(outer(body, (first,)), path)
    decode: Callable[[bytes], Any] | None = None
    left = FEW

    def read(body: bytes) -> Any:
        nonlocal decode, left
        if decode is not None:
            value = decode(body).value
            return walk(value, rest) if rest else value
        left -= 1
        if not left:
            row = msgspec.defstruct("Row", [("value", Any, MISSING)], rename={"value": first}, gc=False)
            decode = msgspec.json.Decoder(row).decode
        return walk(outer(body, (first,)) if body[LONG_BYTES:_BEHIND] else _record.decode(body), path)

    return read


read_id: Callable[[bytes], Any] = reader(ID_PATH)
"""Return a stored record's id."""


def is_record_of(body: bytes, key: str) -> bool:
    """Say whether a text is a JSON object with the id that a key names. Cost: O(length), 0.4 µs for 136 bytes."""
    try:
        record_id = read_id(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return type(record_id) in (str, int) and str(record_id) == key


def has_text_id(body: bytes) -> bool:
    """Say whether a record's id is text. Cost: O(1) where the id comes first, as it does in most records."""
    return body[6] == _QUOTE if body[:6] == b'{"id":' else isinstance(read_id(body), str)


@lru_cache(maxsize=256)
def row_reader(paths: tuple[FieldPath, ...]) -> Callable[[bytes], Sequence[Any]]:
    """Return a function from a body to the values of several fields, in order, MISSING where there is none.

    It decodes the paths' first members together and skips the rest. Cost of each call: O(length of the body).
    """
    names = list(dict.fromkeys(path[0] for path in paths))
    if len(paths) == 1:
        read = reader(paths[0])
        return lambda body: (read(body),)
    if any(_UNUSUAL.search(name) for name in names):
        return lambda body: [walk(record, path) for record in (outer(body, names),) for path in paths]
    are_outermost = all(len(path) == 1 for path in paths) and len(names) == len(paths)
    steps = [(names.index(path[0]), path[1:]) for path in paths]
    astuple = msgspec.structs.astuple
    decode: Callable[[bytes], Any] | None = None
    left = FEW

    def read_all(body: bytes) -> Sequence[Any]:
        nonlocal decode, left
        if decode is not None:
            found = astuple(decode(body))
            if are_outermost:
                return found
            return [walk(found[place], rest) if rest else found[place] for place, rest in steps]
        left -= 1
        if not left:
            members = [(f"m{i}", Any, MISSING) for i in range(len(names))]
            row = msgspec.defstruct("Row", members, rename={f"m{i}": name for i, name in enumerate(names)}, gc=False)
            decode = msgspec.json.Decoder(row).decode
        record = outer(body, names) if body[LONG_BYTES:_BEHIND] else _record.decode(body)
        return [walk(record, path) for path in paths]

    return read_all


def member_names(body: bytes) -> list[str]:
    """Return the names of a record's outermost members, in order. Cost: O(length of the body)."""
    return list(_members.decode(body))


def outer(body: bytes, names: Iterable[str]) -> dict[str, Any]:
    """Return a record's members. Of a long one only some are read, and the others are what is printed of them.

    To make all values of 1 MiB takes 10 to 40 ms, to pass them by 2.
    """
    if len(body) <= LONG_BYTES:
        return _record.decode(body)
    members: dict[str, Any] = _members.decode(body)
    for name in names:
        if name in members:
            members[name] = _any.decode(members[name])
    return members


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_record = msgspec.json.Decoder(dict[str, Any])
_any = msgspec.json.Decoder()

read_members: Callable[[bytes], dict[str, Any]] = _record.decode
"""Return a stored record's members. Cost: 0.9 µs for a 166-byte body, of which `reader` decodes one member in 0.2."""


def select(record: dict[str, Any], paths: Sequence[FieldPath]) -> dict[str, Any]:
    """Return only the chosen fields of a record, each in its place; what is not there is not added."""
    return selector(paths)(record)


def selector(paths: Sequence[FieldPath]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the function from a record to its chosen fields. Cost of each call: O(members)."""
    chosen: dict[str, Any] = {}
    for path in paths:
        below = chosen
        for name in path[:-1]:
            below = below.setdefault(name, {})
            if below is None:  # all of it is chosen
                break
        else:
            below[path[-1]] = None
    return lambda record: _select(record, chosen)


def _select(record: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name in chosen and (part := _select_inside(value, chosen[name])) is not MISSING:
            kept[name] = part
    return kept


def _select_inside(value: object, chosen: dict[str, Any] | None) -> Any:
    """Return the chosen parts of a member: an array becomes the array of its chosen elements, in order."""
    if chosen is None:
        return value
    if isinstance(value, dict):
        return _select(value, chosen) or MISSING
    if isinstance(value, list):
        indexes = sorted(int(name) for name in chosen if _INDEX.fullmatch(name))
        parts = [_select_inside(value[index], chosen[str(index)]) for index in indexes if index < len(value)]
        return [part for part in parts if part is not MISSING] or MISSING
    return MISSING
