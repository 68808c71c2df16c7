"""Keep the outbox: what is owed to whom, its bytes, and each try."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update

from monitor.errors import LeaseLost, WorkError
from monitor.model.delivery import Attempt, DeliveryKind, DeliveryState, Message
from monitor.model.keys import ChannelName, DeliveryKey, RuleId
from monitor.store import attempts, claims, problems
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.tables import ChannelRow, DeliveryRow
from monitor.store.upsert import insert


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
            is_due=and_(_is_pending(now), DeliveryRow.channel == name),
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
            _is_pending(now),
            DeliveryRow.channel == ChannelRow.name,
            DeliveryRow.claimed_until.is_(None) | (DeliveryRow.claimed_until <= moment),
        )
        .scalar_subquery()
    )
    # in order of name: two processes cannot wait for each other
    lock = select(ChannelRow.name, oldest.label("oldest")).where(
        ChannelRow.name.in_(names), oldest.is_not(None), ~_is_stopped(now)
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
        message=_message(row),
        attempts=row.attempts,
        crashes=row.crashes,
        fence=row.fence,
        claimed_until=row.claimed_until,
    )


def _message(row: Any) -> Message | None:
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


_ONE_MORE = DeliveryRow.__table__.c.attempts + 1


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
    return None if row is None else _message(row)


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
    stopped = select(ChannelRow.name).where(_is_stopped(now))
    return and_(
        _is_pending(now), DeliveryRow.channel.in_(channels), DeliveryRow.channel.not_in(stopped)
    )


def _is_pending(now: datetime) -> ColumnElement[bool]:
    return and_(DeliveryRow.state == DeliveryState.PENDING.value, DeliveryRow.due_at <= now)


def _is_stopped(now: datetime) -> ColumnElement[bool]:
    is_paused = func.coalesce(ChannelRow.paused_until > now, false())
    return or_(ChannelRow.disabled_at.is_not(None), is_paused)
