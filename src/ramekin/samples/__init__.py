"""Sample models and datasets: users and their orders, and shops to show nested structures.

The datasets are files beside this one, made once by ``scripts/make_samples.py``. Knows no server; the models are in
``models.py``, and ``ramekin demo`` serves both.
"""

from __future__ import annotations

from importlib.resources import files

TABLES = ("users", "orders", "shops")


def datasets() -> dict[str, bytes]:
    """Return the sample datasets: a JSON array of records for each table."""
    return {table: (files(__name__) / "data" / f"{table}.json").read_bytes() for table in TABLES}
