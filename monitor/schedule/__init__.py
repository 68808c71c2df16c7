"""Run the lanes: ticks look for work, crews do it side by side, a stop lets it end."""

from __future__ import annotations

from monitor.schedule.lanes import ALL, OFFLINE, Lanes
from monitor.schedule.ticks import end_ticks

__all__ = ["ALL", "OFFLINE", "Lanes", "end_ticks"]
