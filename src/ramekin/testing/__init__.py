"""What tests may use: of programs that use Ramekin, and of engines. Nothing else here imports it.

`SetClock` is a clock that a test sets. ``engines/`` is the suite that every engine passes; it alone imports pytest.
"""

from __future__ import annotations

from ramekin.testing.clock import SetClock

__all__ = ["SetClock"]
