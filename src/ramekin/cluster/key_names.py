"""What a database's keys are called. All have the database's name in ``{}``, so all are in one slot.

Whoever looks with a client of the servers sees records as they are: ``HGET '{ramekin:main}records:users' 7``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_CODE = (Path(__file__).parent / "library.lua").read_text()
_NAME = f"ramekin_{sha256(_CODE.encode()).hexdigest()[:12]}"

LIBRARY = _CODE.replace("LIBRARY", _NAME)
"""The functions that nodes carry out; they say what each key holds. The name is made of the text: no server calls the
functions of another version, and both may be on a node."""

FORMAT = 2
"""The version of what the keys hold: 1 has no names of steps, and no due times."""

_TYPES = {
    "head": "hash",
    "feed": "stream",
    "revisions": "hash",
    "births": "hash",
    "definitions": "hash",
    "sessions": "hash",
    "marks": "list",
    "applying": "list",
    "staged": "list",
}
"""What the keys hold that each function is given, in the order that the library names."""

_DATABASE = re.compile("[A-Za-z0-9_-]{1,63}")


def function(name: str) -> str:
    """Return what nodes call a function of the library."""
    return f"{_NAME}_{name}"


@dataclass(frozen=True, slots=True)
class KeyNames:
    """The names of one database's keys."""

    database: str

    def __post_init__(self) -> None:
        if not _DATABASE.fullmatch(self.database):
            raise ValueError("The name of a database is 1 to 63 letters, digits, '_' or '-'.")

    @property
    def tag(self) -> str:
        """What decides on the slot."""
        return f"ramekin:{self.database}"

    def of(self, name: str) -> str:
        """Return a key."""
        return f"{{{self.tag}}}{name}"

    @property
    def of_every_call(self) -> tuple[str, ...]:
        """The keys that each function is given, in the order that the library names."""
        return tuple(map(self.of, _TYPES))

    @property
    def types(self) -> dict[str, str]:
        """What each of them holds."""
        return {self.of(name): type_ for name, type_ in _TYPES.items()}

    def records(self, table: str) -> str:
        """Return the hash of a table's records: bodies by key."""
        return self.of(f"records:{table}")

    def claims(self, table: str) -> str:
        """Return the hash of the values that a table's unique fields have: keys of records by claim."""
        return self.of(f"claims:{table}")

    def chunk(self, nonce: str, number: int) -> str:
        """Return a part of a large step: a list of fields of a hash, each with its value or nothing behind it."""
        return self.of(f"chunk:{nonce}:{number}")
