"""What is told: tables on the terminal, and `results/latest.json` for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import description
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LATEST = Path(__file__).parent / "results" / "latest.json"
WIDTH = 132  # of a table that goes to a file
console = Console(width=None if sys.stdout.isatty() else WIDTH)


def say(line: str) -> None:
    """Print a line as it is."""
    console.print(line, markup=False, highlight=False)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose first column are names, the others figures."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    for number, head in enumerate(heads):
        shown.add_column(head, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def target(found: float, least: float | None) -> str:
    """Return a target and whether it is reached; empty where there is none."""
    return "" if least is None else f">= {least:g} {'yes' if found >= least else 'no'}"


def limit(found: float, most: float | None) -> str:
    """Return a limit and whether it is kept; empty where there is none."""
    return "" if most is None else f"<= {most:g} {'yes' if found <= most else 'no'}"


def save(name: str, found: Any) -> None:
    """Put what one program found into the file, beside what the others found, with machine, versions and date."""
    known = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    known[name] = {"machine": description(), "found": found}
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps(known, indent=2) + "\n")
