"""Ramekin: an in-memory database served over REST.

From Python, `Database` is the database itself, without HTTP. Loads no web framework; that is ``ramekin.api``.
"""

from ramekin.database import Database
from ramekin.definitions import Limits
from ramekin.errors import RamekinError
from ramekin.version import __version__

__all__ = ["Database", "Limits", "RamekinError", "__version__"]
