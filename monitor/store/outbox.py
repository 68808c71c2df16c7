"""Take from the outbox: claim what is due, keep its bytes, settle how its try ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update

from monitor.errors import LeaseLost
from monitor.model.delivery import Attempt, DeliveryKind, DeliveryState, Message
from monitor.model.keys import ChannelName, DeliveryKey
from monitor.store import attempts, claims
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.tables import ChannelRow, DeliveryRow
from monitor.store.upsert import insert

_ONE_MORE = DeliveryRow.__table__.c.attempts + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """Be a delivery that this process may send until its lease ends.

    `message` is None until the first claim has rendered it. `content` is an AlertNotice or a
    Digest as JSON, by `kind`. `claimed_until` is of the clock that leases are judged by.
    """

    key: DeliveryKey
    channel: ChannelName
    recipient: str
    kind: DeliveryKind
    content: dict[str, Any]
    message: Message | None
    attempts: int
    crashes: int
    fence: int
    claimed_until: datetime


def claim_due(
    tx: Tx,
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    channels: Sequence[ChannelName],
    per_channel: int,
) -> tuple[ClaimedDelivery, ...]:
    """Claim the deliveries longest due on channels that are neither paused nor stopped.

    At most `per_channel` are on their way to a channel at a time, from all processes together.
    """
    rows: list[Any] = []
    for name, room in _rooms(tx, now, channels, per_channel):
        rows += claims.claim(
            tx,
            DeliveryRow.key,
            is_due=and_(is_pending(now), DeliveryRow.channel == name),
            order=DeliveryRow.due_at,
            now=now,
            lease=lease,
            limit=min(room, limit - len(rows)),
        )
    return tuple(_claimed(row) for row in rows)


def _rooms(
    tx: Tx, now: datetime, names: Sequence[ChannelName], per_channel: int
) -> list[tuple[ChannelName, int]]:
    """Lock the channels that something is due on; say how many more each takes.

    The one that has waited longest comes first, so that none is starved by busy ones.
    """
    known = [{"name": name} for name in names]
    if known:
        tx.execute(insert(tx, ChannelRow).on_conflict_do_nothing(), known)
    moment = lease_clock(tx, now)
    oldest = (
        select(func.min(DeliveryRow.due_at))
        .where(
            is_pending(now),
            DeliveryRow.channel == ChannelRow.name,
            DeliveryRow.claimed_until.is_(None) | (DeliveryRow.claimed_until <= moment),
        )
        .scalar_subquery()
    )
    # in order of name: two processes cannot wait for each other
    lock = select(ChannelRow.name, oldest.label("oldest")).where(
        ChannelRow.name.in_(names), oldest.is_not(None), ~is_stopped(now)
    )
    waiting = tx.execute(lock.order_by(ChannelRow.name).with_for_update()).all()
    under_way = _under_way(tx, moment)
    return [
        (ChannelName(row.name), room)
        for row in sorted(waiting, key=lambda row: row.oldest)
        if (room := per_channel - under_way.get(row.name, 0)) > 0
    ]


def _under_way(tx: Tx, moment: datetime) -> dict[str, int]:
    """Count the claims that hold at a moment of the clock of leases, by channel."""
    held = DeliveryRow.claimed_until > moment
    query = select(DeliveryRow.channel, func.count()).where(held).group_by(DeliveryRow.channel)
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def _claimed(row: Any) -> ClaimedDelivery:
    return ClaimedDelivery(
        key=DeliveryKey(row.key),
        channel=ChannelName(row.channel),
        recipient=row.recipient,
        kind=DeliveryKind(row.kind),
        content=row.content,
        message=message_in(row),
        attempts=row.attempts,
        crashes=row.crashes,
        fence=row.fence,
        claimed_until=row.claimed_until,
    )


def message_in(row: Any) -> Message | None:
    """Read the bytes of a row, None if it was never rendered."""
    if row.body is None:
        return None
    return Message(
        content_type=row.content_type,
        body=bytes(row.body),
        subject=row.subject or "",
        html=row.html or "",
    )


def keep_message(tx: Tx, delivery: ClaimedDelivery, message: Message) -> None:
    """Keep the rendered bytes while the claim holds; raises LeaseLost."""
    kept = update(DeliveryRow).where(claims.is_held(DeliveryRow.key, delivery.key, delivery.fence))
    values = {
        "body": message.body,
        "content_type": message.content_type,
        "subject": message.subject,
        "html": message.html,
    }
    if tx.execute(kept.values(**values)).rowcount != 1:
        msg = "the claim ran out before the message was rendered"
        raise LeaseLost(msg)


def hold(tx: Tx, delivery: ClaimedDelivery) -> None:
    """Lock a claimed delivery for this transaction; raises LeaseLost."""
    claims.hold(tx, DeliveryRow.key, delivery.key, delivery.fence)


def renew(tx: Tx, delivery: ClaimedDelivery, *, now: datetime, lease: timedelta) -> None:
    """Lengthen the lease while the peer takes its time; raises LeaseLost."""
    claims.renew(tx, DeliveryRow.key, delivery.key, delivery.fence, now=now, lease=lease)


def settle(
    tx: Tx,
    delivery: ClaimedDelivery,
    attempt: Attempt | None,
    *,
    state: DeliveryState,
    due_at: datetime,
    error: str,
    now: datetime,
    is_cut: bool = False,
) -> None:
    """Write how a try ended and log it, in one transaction; raises LeaseLost.

    A try that a stop cut (`is_cut`) counts as no failure, and says nothing of earlier crashes.
    """
    values: dict[str, Any] = {
        "state": state.value,
        "due_at": due_at,
        "last_error": error or None,
    }
    counted: dict[str, ColumnElement[Any]] = {}
    if is_cut:
        values["crashes"] = delivery.crashes
    elif state is DeliveryState.SENT:
        values["sent_at"] = now
    elif attempt is not None:
        counted["attempts"] = _ONE_MORE
    settlement = (delivery.key, delivery.fence, values)
    claims.settle(tx, DeliveryRow.key, settlement, **counted)
    if attempt is not None:
        attempts.log(tx, attempt)


def release(tx: Tx, delivery: ClaimedDelivery, *, due_at: datetime) -> None:
    """Let go of a delivery that was not tried: due at `due_at`, all else as it was before."""
    values = {"due_at": due_at, "crashes": delivery.crashes}
    claims.settle(tx, DeliveryRow.key, (delivery.key, delivery.fence, values))


def is_pending(now: datetime) -> ColumnElement[bool]:
    """Ask for what is owed and due."""
    return and_(DeliveryRow.state == DeliveryState.PENDING.value, DeliveryRow.due_at <= now)


def is_stopped(now: datetime) -> ColumnElement[bool]:
    """Ask for channels that take nothing at a moment."""
    is_paused = func.coalesce(ChannelRow.paused_until > now, false())
    return or_(ChannelRow.disabled_at.is_not(None), is_paused)
