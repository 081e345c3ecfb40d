"""``python -m ramekin`` is the command ``ramekin``."""

from ramekin.cli.main import run

run()
