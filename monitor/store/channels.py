"""Keep what happened to channels, and the slots of their digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from monitor.model.keys import ChannelName
from monitor.model.notice import Window
from monitor.store import problems
from monitor.store.engine import Tx
from monitor.store.tables import ChannelRow, DeliveryRow, DigestRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """Show what happened to a channel."""

    name: ChannelName
    last_slot: str | None = None
    last_slot_end: datetime | None = None
    paused_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


def read(tx: Tx, name: ChannelName) -> ChannelState:
    """Read a channel's state; one never used has an empty one."""
    row = tx.execute(select(ChannelRow).where(ChannelRow.name == name)).one_or_none()
    if row is None:
        return ChannelState(name=name)
    return ChannelState(
        name=name,
        last_slot=row.last_slot,
        last_slot_end=row.last_slot_end,
        paused_until=row.paused_until,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
    )


def last_sent(tx: Tx) -> dict[ChannelName, datetime]:
    """Say of each channel that has sent when it last did."""
    latest = select(DeliveryRow.channel, func.max(DeliveryRow.sent_at).label("at"))
    rows = tx.execute(latest.where(DeliveryRow.sent_at.is_not(None)).group_by(DeliveryRow.channel))
    return {ChannelName(row.channel): row.at for row in rows}


def keep_slot(
    tx: Tx, name: ChannelName, slot: str, window: Window, *, stories: int, now: datetime
) -> bool:
    """Close a slot; False, and nothing written, if it was closed before.

    A slot with nothing to tell is closed as well, with no stories.
    """
    closed = (
        insert(tx, DigestRow)
        .values(
            channel=name,
            slot=slot,
            window_start=window.start,
            window_end=window.end,
            composed_at=now,
            stories=stories,
        )
        .on_conflict_do_nothing()
        .returning(DigestRow.slot)
    )
    if tx.execute(closed).first() is None:
        return False
    _set(tx, name, last_slot=slot, last_slot_end=window.end)
    return True


def pause(tx: Tx, name: ChannelName, until: datetime) -> None:
    """Let a whole channel wait: its receiver asked us to slow down. A longer wait stays."""
    statement = insert(tx, ChannelRow).values(name=name, paused_until=until)
    is_longer = or_(ChannelRow.paused_until.is_(None), ChannelRow.paused_until < until)
    kept = {"paused_until": until}
    tx.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_=kept, where=is_longer)
    )


def disable(tx: Tx, name: ChannelName, reason: str, *, now: datetime) -> None:
    """Stop a channel: its receiver asked us to."""
    _set(tx, name, disabled_at=now, disabled_reason=reason)


def enable(tx: Tx, name: ChannelName) -> bool:
    """Let a stopped channel go on, which cures that trouble; False if it was not stopped."""
    stopped = (ChannelRow.name == name) & ChannelRow.disabled_at.is_not(None)
    values: dict[str, Any] = {
        "disabled_at": None,
        "disabled_reason": None,
        "paused_until": None,
    }
    if tx.execute(update(ChannelRow).where(stopped).values(**values)).rowcount != 1:
        return False
    problems.clear(tx, "channel", name)
    return True


def _set(tx: Tx, name: ChannelName, **values: Any) -> None:
    statement = insert(tx, ChannelRow).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
