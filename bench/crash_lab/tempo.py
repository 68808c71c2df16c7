"""Let time pass faster where only waiting would be measured.

Polls come every fifth of a second instead of every five minutes, lanes look ten times a second,
and a digest has a slot every two seconds instead of every minute. Nothing else of the product is
changed: what is claimed, written, sent and settled, and in which order, is its own.
"""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime, timedelta
from typing import Any

from crash_lab.swaps import swap, wrap

POLL_EVERY = timedelta(seconds=0.2)
LOOK_SECONDS = 0.1
SLOT_SECONDS = 2


def warm_up() -> None:
    """Import the whole product and fill its caches, which every life would do for itself."""
    import monitor

    for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    import uvloop  # noqa: F401

    from monitor.deliver.connections import tls_context
    from monitor.net.session import _ssl_context

    tls_context(None)
    _ssl_context(None)


def quicken() -> None:
    """Set the pace, in the zygote: every life inherits it."""
    from monitor.app import reload
    from monitor.fetch import schedule
    from monitor.pipeline import compose
    from monitor.schedule import lanes

    swap(schedule, "MIN_INTERVAL", POLL_EVERY)
    swap(schedule, "START_INTERVAL", POLL_EVERY)
    swap(schedule, "MAX_INTERVAL", POLL_EVERY)
    swap(reload, "START_INTERVAL", POLL_EVERY)
    swap(lanes, "LOOK_SECONDS", LOOK_SECONDS)
    wrap(compose, "due_slot", _quick_slots, takes=("schedule", "last", "now"))


def _quick_slots(due_slot: Any) -> Any:
    """Give slots every `SLOT_SECONDS`, keyed by the second; the first is the product's own."""
    from monitor.digest.windows import Slot
    from monitor.model.notice import Window

    def due(schedule: Any, *, last: Any, now: datetime) -> Any:
        if last is None:
            return due_slot(schedule, last=last, now=now)
        seconds = now.second - now.second % SLOT_SECONDS
        end = now.replace(second=seconds, microsecond=0)
        if end <= last.ended_at:
            return None
        window = Window(start=last.ended_at, end=end, zone=schedule.zone)
        return Slot(key=end.strftime("%Y-%m-%dT%H:%M:%S"), window=window)

    return due
