"""Workers that gave signs of life, and fell silent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from monitor.clock import system_clock
from monitor.store import beats
from monitor.store.beats import Signs
from monitor.store.engine import Store, Tx
from monitor.store.tables import BeatRow


def beat(
    tx: Tx,
    holder: str,
    *,
    now: datetime | None = None,
    age: timedelta = timedelta(0),
    **said: Any,
) -> None:
    """Leave a sign of life of a process that has run for so long."""
    beats.leave(tx, holder, Signs(**said), now=now or system_clock(), running_for=age)


def fall_silent(store: Store, holder: str, by: timedelta) -> None:
    """Let a beat lie further back, as if its process had died so long ago."""
    with store.write() as tx:
        (last,) = (one for one in beats.listed(tx, now=system_clock()) if one.holder == holder)
        older = update(BeatRow).where(BeatRow.holder == holder)
        tx.execute(older.values(at=last.at - by))
