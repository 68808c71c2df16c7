"""Read the clock: the only module that may."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Give the present moment, aware, in UTC."""


def system_clock() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Give seconds of a clock that never steps back, for measuring spans."""
    return time.monotonic()
