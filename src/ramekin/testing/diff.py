"""What has become of records since a checkpoint, printed so that a person sees it at once.

Knows no server; see ``database/branching.py`` for how it is found.
"""

from __future__ import annotations

from pprint import pformat
from typing import Any

from ramekin.errors import RamekinError
from ramekin.values import codec


class Diff(dict[str, dict[str, list[Any]]]):
    """What differs, by table: ``{"users": {"created": [...], "replaced": [...], "deleted": [...]}}``.

    A dictionary, to be compared with what a test expects; empty where nothing differs. `str` prints it for people.
    """

    def lines(self) -> list[str]:
        """Return it line by line: ``+`` is a record that was created, ``-`` one deleted, ``~`` one replaced."""
        lines = []
        for table, found in self.items():
            counts = [f"{len(records)} {what}" for what, records in found.items() if records]
            lines.append(f"{table}: {', '.join(counts)}")
            lines += [f"  + {_print(record)}" for record in found.get("created", ())]
            lines += [f"  ~ {_changed(**pair)}" for pair in found.get("replaced", ())]
            lines += [f"  - {_print(record)}" for record in found.get("deleted", ())]
        return lines or ["nothing differs"]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return which members of a record are other ones than before."""
    members = []
    for name in {**before, **after}:
        was, now = (_print(record[name]) if name in record else "absent" for record in (before, after))
        if was != now:
            members.append(f"{name}: {was} -> {now}")
    return f"{_print(after.get('id'))} {', '.join(members)}"


def lines_of(expected: dict[Any, Any]) -> list[str]:
    """Return what a test expects line by line, whatever stands in it: as a diff where it has the shape of one."""
    try:
        return Diff(expected).lines()
    except (AttributeError, TypeError):
        return pformat(expected).splitlines()


def _print(value: Any) -> str:
    try:
        return codec.dump(value).decode()
    except (RamekinError, TypeError):  # such as `mock.ANY`, which a test expects of an id
        return repr(value)
