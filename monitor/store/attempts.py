"""Log the tries to deliver.

For a channel that sends at most once, a try is noted before it is made: as of unknown end, which
its end then replaces. Whoever finds such a note knows that the message may have arrived.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update

from monitor.model.delivery import Attempt, Result
from monitor.model.keys import DeliveryKey
from monitor.store.engine import Tx
from monitor.store.tables import AttemptRow
from monitor.store.upsert import insert

_ON_ITS_WAY = "It was on its way, and its end was not noted. The receiver may have taken it."


def log(tx: Tx, attempt: Attempt) -> None:
    """Add a try."""
    values = {
        "delivery_key": attempt.delivery,
        "number": attempt.number,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "result": attempt.result.value,
        "code": attempt.code,
        "reason": attempt.reason,
        "answer": attempt.answer,
    }
    tx.execute(insert(tx, AttemptRow).values(**values))


def count(tx: Tx, key: DeliveryKey) -> int:
    """Count the logged tries of a delivery."""
    counted = select(func.count()).where(AttemptRow.delivery_key == key)
    return int(tx.execute(counted).scalar_one())


def listed(tx: Tx, key: DeliveryKey) -> tuple[Attempt, ...]:
    """List the tries of a delivery, in order."""
    rows = tx.execute(
        select(AttemptRow).where(AttemptRow.delivery_key == key).order_by(AttemptRow.id)
    )
    return tuple(
        Attempt(
            delivery=DeliveryKey(row.delivery_key),
            number=row.number,
            started_at=row.started_at,
            ended_at=row.ended_at,
            result=Result(row.result),
            code=row.code,
            reason=row.reason,
            answer=row.answer,
        )
        for row in rows
    )


def begin(tx: Tx, key: DeliveryKey, *, now: datetime) -> None:
    """Note that a delivery leaves now, and that nothing is known of its end."""
    note = Attempt(
        delivery=key,
        number=count(tx, key) + 1,
        started_at=now,
        ended_at=now,
        result=Result.UNKNOWN,
        code=None,
        reason=_ON_ITS_WAY,
        answer="",
    )
    log(tx, note)


def may_have_left(tx: Tx, key: DeliveryKey) -> bool:
    """Tell whether a try has begun of whose end nothing is known."""
    return bool(tx.scalar(select(exists().where(_is_open(key)))))


def of_unknown_end(tx: Tx) -> frozenset[DeliveryKey]:
    """List the deliveries that may have left, and of whose end nothing is known."""
    found = select(AttemptRow.delivery_key).where(AttemptRow.result == Result.UNKNOWN.value)
    return frozenset(map(DeliveryKey, tx.scalars(found)))


def end(tx: Tx, key: DeliveryKey) -> None:
    """Take the note of a try back, for its end is known."""
    tx.execute(delete(AttemptRow).where(_is_open(key)))


def allow_again(tx: Tx, key: DeliveryKey) -> None:
    """Let a delivery that may have left go out once more."""
    tx.execute(update(AttemptRow).where(_is_open(key)).values(result=Result.RETRY.value))


def _is_open(key: DeliveryKey) -> ColumnElement[bool]:
    return and_(AttemptRow.delivery_key == key, AttemptRow.result == Result.UNKNOWN.value)
