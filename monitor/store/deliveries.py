"""Keep what is owed to whom: add to the outbox, show it, revive it, give it up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from monitor.errors import WorkError
from monitor.model.delivery import DeliveryKind, DeliveryState, Message
from monitor.model.keys import ChannelName, DeliveryKey, RuleId
from monitor.store import attempts, problems
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.outbox import is_pending, is_stopped, message_in
from monitor.store.tables import ChannelRow, DeliveryRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """Show a delivery in lists."""

    key: DeliveryKey
    channel: str
    recipient: str
    kind: DeliveryKind
    state: DeliveryState
    title: str
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    last_error: str | None
    subject: str | None


def add(
    tx: Tx,
    key: DeliveryKey,
    *,
    channel: ChannelName,
    recipient: str,
    kind: DeliveryKind,
    content: dict[str, Any],
    title: str,
    now: datetime,
) -> None:
    """Owe a message; one with the same key is owed once."""
    statement = insert(tx, DeliveryRow).values(
        key=key,
        channel=channel,
        recipient=recipient,
        kind=kind.value,
        state=DeliveryState.PENDING.value,
        content=content,
        title=title,
        attempts=0,
        due_at=now,
        created_at=now,
        fence=0,
        crashes=0,
    )
    tx.execute(statement.on_conflict_do_nothing(index_elements=["key"]))


def listed(
    tx: Tx, *, state: DeliveryState | None = None, limit: int = 50
) -> tuple[DeliveryLine, ...]:
    """List deliveries, latest first."""
    query = _LINE.order_by(DeliveryRow.created_at.desc(), DeliveryRow.key).limit(limit)
    if state is not None:
        query = query.where(DeliveryRow.state == state.value)
    return tuple(_line(row) for row in tx.execute(query))


def find(tx: Tx, start: str) -> DeliveryLine | None:
    """Find a delivery by its key or the start of it; raises WorkError if several begin so."""
    prefix = start if start.startswith("dl-") else f"dl-{start}"
    query = _LINE.where(DeliveryRow.key.startswith(prefix, autoescape=True))
    rows = tx.execute(query.order_by(DeliveryRow.key).limit(2)).all()
    if len(rows) > 1 and rows[0].key != prefix:
        msg = f"several deliveries begin with {start!r}: write more of the key"
        raise WorkError(msg)
    return _line(rows[0]) if rows else None


def message_of(tx: Tx, key: DeliveryKey) -> Message | None:
    """Read a delivery's bytes, None if it was never rendered."""
    row = tx.execute(select(DeliveryRow).where(DeliveryRow.key == key)).one_or_none()
    return None if row is None else message_in(row)


_LINE = select(
    DeliveryRow.key,
    DeliveryRow.channel,
    DeliveryRow.recipient,
    DeliveryRow.kind,
    DeliveryRow.state,
    DeliveryRow.title,
    DeliveryRow.attempts,
    DeliveryRow.created_at,
    DeliveryRow.due_at,
    DeliveryRow.sent_at,
    DeliveryRow.last_error,
    DeliveryRow.subject,
)


def _line(row: Any) -> DeliveryLine:
    return DeliveryLine(
        key=DeliveryKey(row.key),
        channel=row.channel,
        recipient=row.recipient,
        kind=DeliveryKind(row.kind),
        state=DeliveryState(row.state),
        title=row.title,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
        subject=row.subject,
    )


def revive(tx: Tx, key: DeliveryKey, *, now: datetime) -> bool:
    """Make a settled delivery due again with its bytes and its key; False if it is on its way.

    Its count of failures starts anew, and a claim still held keeps it from being sent twice. It
    is no more among what is wrong, and goes out even if it may have arrived.
    """
    revived = (
        update(DeliveryRow)
        .where(DeliveryRow.key == key, DeliveryRow.state != DeliveryState.PENDING.value)
        .values(state=DeliveryState.PENDING.value, due_at=now, attempts=0, crashes=0)
    )
    if tx.execute(revived).rowcount != 1:
        return False
    problems.clear(tx, "delivery", key)
    attempts.allow_again(tx, key)
    return True


def give_up_older(tx: Tx, *, before: datetime, reason: str) -> int:
    """Give up what is pending since before a moment; it can be revived one by one. Count it."""
    is_old = and_(
        DeliveryRow.state == DeliveryState.PENDING.value, DeliveryRow.created_at < before
    )
    dead = {"state": DeliveryState.DEAD.value, "last_error": reason, "claimed_until": None}
    return int(tx.execute(update(DeliveryRow).where(is_old).values(**dead)).rowcount)


def hurry(tx: Tx, key: DeliveryKey, *, now: datetime) -> None:
    """Make a pending delivery due at once."""
    pending = (DeliveryRow.key == key) & (DeliveryRow.state == DeliveryState.PENDING.value)
    tx.execute(update(DeliveryRow).where(pending).values(due_at=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """Count what is owed to a channel that monitor.yaml does not have."""

    channel: ChannelName
    count: int


def orphans(tx: Tx, known: Sequence[ChannelName]) -> tuple[Orphans, ...]:
    """Count pending deliveries by channel, of channels that are not among the known."""
    owed = select(DeliveryRow.channel, func.count().label("owed")).where(
        DeliveryRow.state == DeliveryState.PENDING.value, DeliveryRow.channel.not_in(known)
    )
    rows = tx.execute(owed.group_by(DeliveryRow.channel).order_by(DeliveryRow.channel))
    return tuple(Orphans(channel=ChannelName(row.channel), count=row.owed) for row in rows)


def cancel_of_channel(tx: Tx, channel: ChannelName, reason: str, *, now: datetime) -> int:
    """Give up what is owed to a channel, but for what is on its way; count it."""
    return _cancel(tx, DeliveryRow.channel == channel, reason, now)


def cancel_of_rule(tx: Tx, rule: RuleId, reason: str, *, now: datetime) -> int:
    """Give up a rule's alerts that are owed, but for those on their way; count them."""
    is_its = DeliveryRow.content[("rule", "id")].as_string() == rule
    return _cancel(tx, and_(DeliveryRow.kind == DeliveryKind.ALERT.value, is_its), reason, now)


def _cancel(tx: Tx, which: ColumnElement[bool], reason: str, now: datetime) -> int:
    moment = lease_clock(tx, now)
    is_still = or_(DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= moment)
    given_up = update(DeliveryRow).where(
        which, is_still, DeliveryRow.state == DeliveryState.PENDING.value
    )
    dead = {"state": DeliveryState.DEAD.value, "last_error": reason, "claimed_until": None}
    return int(tx.execute(given_up.values(**dead)).rowcount)


def root_of(
    tx: Tx, channel: ChannelName, recipient: str, keys: Sequence[str]
) -> DeliveryKey | None:
    """Give the oldest of these deliveries that this recipient was sent or is owed."""
    query = (
        select(DeliveryRow.key)
        .where(
            DeliveryRow.channel == channel,
            DeliveryRow.recipient == recipient,
            DeliveryRow.key.in_(keys),
            DeliveryRow.state != DeliveryState.DEAD.value,
        )
        .order_by(DeliveryRow.created_at, DeliveryRow.key)
        .limit(1)
    )
    found = tx.execute(query).scalar_one_or_none()
    return None if found is None else DeliveryKey(found)


def states(tx: Tx, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, DeliveryState]:
    """Say where those of these deliveries stand that exist."""
    rows = tx.execute(select(DeliveryRow.key, DeliveryRow.state).where(DeliveryRow.key.in_(keys)))
    return {DeliveryKey(row.key): DeliveryState(row.state) for row in rows}


def counts(tx: Tx) -> dict[str, int]:
    """Count deliveries by state."""
    rows = tx.execute(select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state))
    found = {state.value: 0 for state in DeliveryState}
    return found | {row[0]: int(row[1]) for row in rows}


def oldest_due(tx: Tx, *, now: datetime, channels: Sequence[ChannelName]) -> datetime | None:
    """Give since when the longest due delivery waits on channels that take some, or None."""
    waiting = select(func.min(DeliveryRow.due_at)).where(_is_due(now, channels))
    moment: datetime | None = tx.execute(waiting).scalar_one()
    return moment


def _is_due(now: datetime, channels: Sequence[ChannelName]) -> ColumnElement[bool]:
    stopped = select(ChannelRow.name).where(is_stopped(now))
    return and_(
        is_pending(now), DeliveryRow.channel.in_(channels), DeliveryRow.channel.not_in(stopped)
    )
