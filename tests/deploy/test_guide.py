"""The guide leads to every file that is there to be used."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MANUAL = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
FILES = [
    str(path.relative_to(ROOT))
    for path in (ROOT / "deploy").rglob("*")
    if path.is_file() and not path.stem.endswith("_test")  # what another file there is tried with
]


@pytest.mark.parametrize("file", FILES)
def test_the_manual_leads_to_each_file(file):
    assert f"](../{file})" in MANUAL
