"""Run the lanes: ticks look for work, crews do it side by side, a stop lets it end."""

from __future__ import annotations

from monitor.schedule.lanes import ALL, OFFLINE, Lanes

__all__ = ["ALL", "OFFLINE", "Lanes"]
