"""Say numbers, moments and spans as people do."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.render.words import count as counted
from monitor.render.words import independent

__all__ = ["counted", "independent", "moment", "span"]


def span(length: timedelta) -> str:
    """Say a span in its largest unit: "40 s", "14 min", "3 h", "2 d"; what is over is now."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 36 * 3600 else f"{round(seconds / 86_400)} d"


def local(at: datetime, zone: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """Say a moment in a zone that a heading names."""
    return at.astimezone(ZoneInfo(zone)).strftime(form)


def moment(at: datetime, zone: str) -> str:
    """Say a moment in a zone, which it names: "2026-11-23 11:00 Asia/Karachi"."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
