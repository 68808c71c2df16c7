"""Keep what happened to channels, and the slots of their digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from monitor.errors import LeaseLost
from monitor.model.keys import ChannelName
from monitor.model.notice import Window
from monitor.store import claims, problems
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


@dataclass(frozen=True, slots=True)
class ClaimedChannel:
    """Be a channel that this process may compose a digest for until its lease ends."""

    name: ChannelName
    fence: int
    crashes: int


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


def has_slot(tx: Tx, name: ChannelName, slot: str) -> bool:
    """Tell whether a slot was closed before, maybe by a clock that was set back since."""
    closed = select(DigestRow.slot).where(DigestRow.channel == name, DigestRow.slot == slot)
    return tx.execute(closed).first() is not None


def last_sent(tx: Tx) -> dict[ChannelName, datetime]:
    """Say of each channel that has sent when it last did."""
    latest = select(DeliveryRow.channel, func.max(DeliveryRow.sent_at).label("at"))
    rows = tx.execute(latest.where(DeliveryRow.sent_at.is_not(None)).group_by(DeliveryRow.channel))
    return {ChannelName(row.channel): row.at for row in rows}


def claim(tx: Tx, name: ChannelName, *, now: datetime, lease: timedelta) -> ClaimedChannel | None:
    """Claim a channel to compose its digest; None while another process does."""
    tx.execute(insert(tx, ChannelRow).values(name=name).on_conflict_do_nothing())
    rows = claims.claim(
        tx,
        ChannelRow.name,
        is_due=ChannelRow.name == name,
        order=ChannelRow.name,
        now=now,
        lease=lease,
        limit=1,
    )
    return ClaimedChannel(name, rows[0].fence, rows[0].crashes) if rows else None


def keep_slot(
    tx: Tx, channel: ClaimedChannel, slot: str, window: Window, *, stories: int, now: datetime
) -> None:
    """Close a slot, once, and let go of the channel.

    A slot with nothing to tell is closed as well, with no stories. Raises LeaseLost if the claim
    is lost, or if the slot was closed before.
    """
    closed = (
        insert(tx, DigestRow)
        .values(
            channel=channel.name,
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
        raise LeaseLost(f"the digest {slot} of {channel.name} was composed before")
    _settle(tx, channel, last_slot=slot, last_slot_end=window.end)


def release(tx: Tx, channel: ClaimedChannel) -> None:
    """Let go of a channel without a digest; raises LeaseLost."""
    _settle(tx, channel, crashes=channel.crashes)


def _settle(tx: Tx, channel: ClaimedChannel, **values: Any) -> None:
    claims.settle(tx, ChannelRow.name, (channel.name, channel.fence, values))


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
