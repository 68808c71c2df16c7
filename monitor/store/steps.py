"""Keep plans true when the clock they were made by is set back.

A moment that lies ahead was computed from a clock that was wrong by the step. Without this a feed
would not be polled, nor a message tried again, until the clock has caught up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, select, update

from monitor.model.notice import FIRST_SLOT
from monitor.store.engine import Tx
from monitor.store.tables import Base, ChannelRow, DigestRow, FeedRow

_PLANS = frozenset({"next_poll_at", "due_at", "claimed_until", "paused_until"})
_BATCH = 500


def set_back(tx: Tx, *, by: timedelta, now: datetime) -> int:
    """Move all plans that lie ahead of `now` back by a step of the clock; count them.

    `now` is of the clock after the step. A digest that was told by the clock before it does not
    keep the next from being due; slots that were told stay told, by their key.
    """
    moved = sum(
        _move(tx, table, column, by, now)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name in _PLANS
    )
    _reopen_slots(tx, now)
    for column in _MARKS:
        ahead = update(FeedRow).where(column > now)
        tx.execute(ahead.values({column: now}))  # or the next start would see the step again
    return moved


_MARKS = (FeedRow.last_ok_at, FeedRow.last_error_at)


def ahead(tx: Tx, now: datetime) -> timedelta:
    """Tell how far ahead of `now` the last poll lies: the clock was set back since."""
    latest = tx.execute(select(*(func.max(column) for column in _MARKS))).one()
    return max((mark - now for mark in latest if mark is not None), default=timedelta(0))


def _move(tx: Tx, table: Table, column: ColumnElement[Any], by: timedelta, now: datetime) -> int:
    (key,) = table.primary_key.columns
    rows = tx.execute(select(key, column).where(column > now)).all()
    changed = update(table).where(key == bindparam("moved"))
    name = str(column.key)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        tx.execute(
            changed.values({name: bindparam("to")}),
            [{"moved": row[0], "to": row[1] - by} for row in batch],
        )
    return len(rows)


def _reopen_slots(tx: Tx, now: datetime) -> None:
    """Let digests go on from the last slot that the clock after the step has come to."""
    early = select(ChannelRow.name).where(ChannelRow.last_slot_end > now)
    for name in tx.execute(early).scalars().all():
        told = select(DigestRow.slot, DigestRow.window_end).where(
            DigestRow.channel == name, DigestRow.window_end <= now
        )
        last = tx.execute(told.order_by(DigestRow.window_end.desc()).limit(1)).one_or_none()
        slot, end = (last.slot, last.window_end) if last else (FIRST_SLOT, now)
        reopened = update(ChannelRow).where(ChannelRow.name == name)
        tx.execute(reopened.values(last_slot=slot, last_slot_end=end))
