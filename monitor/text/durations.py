"""Read spans of time as people write them: `30m`, `12h`, `7d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta

MAX_DURATION = timedelta(days=36_500)  # a century: beyond it arithmetic on dates overflows
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9}) ?([smhdw])", re.ASCII)

DURATION_CURE = "write a number and a unit, such as 30m, 12h or 7d"


def parse_duration(text: str) -> timedelta | None:
    """Read a whole number with a unit (s, m, h, d, w); None if it is none, or over a century."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found:
        return None
    span = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    return span if span <= MAX_DURATION else None
