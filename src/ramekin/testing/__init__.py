"""What tests of programs that use Ramekin may use: a clock that a test sets. Nothing else here imports it."""

from __future__ import annotations

from ramekin.testing.clock import SetClock

__all__ = ["SetClock"]
