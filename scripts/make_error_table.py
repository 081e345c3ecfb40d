"""Write the table of errors into docs/errors.md, from the classes themselves."""

import inspect
from pathlib import Path

from ramekin.api.http.problems import status_of
from ramekin.errors import RamekinError, all_errors

PAGE = Path(__file__).parent.parent / "docs" / "errors.md"


def row(error: type[RamekinError]) -> str:
    """Return an error's line of the table."""
    meaning = " ".join(inspect.cleandoc(error.__doc__ or "").split())
    cells = [cell.replace("|", r"\|") for cell in (meaning, error.remedy)]
    return f"| `{error.code}` | {status_of(error)} | {' | '.join(cells)} |"


def table() -> str:
    """Return the whole table."""
    return "\n".join(["| code | status | meaning | what to do |", "| --- | --- | --- | --- |", *map(row, all_errors())])


if __name__ == "__main__":
    text, _, _ = PAGE.read_text().partition("| code | status")
    PAGE.write_text(f"{text}{table()}\n")
    print(f"Wrote {PAGE.name}.")
