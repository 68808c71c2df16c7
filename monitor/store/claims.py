"""Claim rows, renew, settle: the queue is the domain rows themselves (DESIGN.md, decision 1).

A claim takes a lease (`claimed_until`) and counts up the row's `fence`. Whoever settles shows the
fence of the claim; if the row has been claimed again since, nothing is written and LeaseLost is
raised. A row whose lease ran out unsettled counts a crash; `MAX_CRASHES` of them and the row is
parked by its module, with the reason. Feeds, pages, deliveries, channels (for composing) and
roles (for placing) are all claimed here.

A process that dies leaves all it had claimed, one guilty row and many innocent ones. They are all
suspects, and of a table's suspects one at a time is claimed: the guilty row is not in flight with
another suspect, so the others settle and are forgiven.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    Update,
    and_,
    bindparam,
    case,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from monitor.errors import LeaseLost
from monitor.store.engine import Tx
from monitor.store.lease import end_of, moment_of
from monitor.store.tables import ChannelRow, DeliveryRow, FeedRow, HostRow, PageRow, RoleRow

MAX_CRASHES = 5

Key = InstrumentedAttribute[Any]
"""The primary key of a table of claimable rows, as its mapped attribute."""

Settlement = tuple[Any, int, dict[str, Any]]
"""A claimed row's key, the fence of its claim, and what to write."""


def claim(
    tx: Tx,
    key: Key,
    *,
    is_due: ColumnElement[bool],
    order: InstrumentedAttribute[Any],
    now: datetime,
    lease: timedelta,
    limit: int,
) -> Sequence[Row[Any]]:
    """Claim up to `limit` due rows, first in `order` first, and give them whole.

    Rows that another worker is claiming at this moment are skipped, not waited for. Of those
    whose claim crashed before, one at most is in flight: the one with the fewest crashes first.
    """
    table, moment = key.class_, moment_of(tx, now)
    suspects = select(key).where(is_due, _is_free_suspect(table, moment))
    suspects = suspects.order_by(table.crashes, order, key).limit(min(1, limit))
    keys = list(tx.scalars(suspects.with_for_update(skip_locked=True)))
    fresh = select(key).where(is_due, table.claimed_until.is_(None), table.crashes == 0)
    fresh = fresh.order_by(order, key).limit(limit - len(keys))
    keys += tx.scalars(fresh.with_for_update(skip_locked=True))
    if not keys:
        return []
    crashed = case((table.claimed_until.is_not(None), table.crashes + 1), else_=table.crashes)
    taken = (
        update(table)
        .where(key.in_(keys))
        .values(claimed_until=end_of(tx, now, lease), fence=table.fence + 1, crashes=crashed)
        .returning(*table.__table__.columns)
    )
    rank = {value: place for place, value in enumerate(keys)}
    return sorted(tx.execute(taken).all(), key=lambda row: rank[getattr(row, key.key)])


def _is_free_suspect(table: Any, moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Hold for rows whose claim crashed before, for none while one of them is in flight."""
    claimed = aliased(table)
    in_flight = exists().where(claimed.claimed_until > moment, claimed.crashes > 0)
    is_left = and_(table.claimed_until.is_not(None), table.claimed_until <= moment)
    was_left = and_(table.claimed_until.is_(None), table.crashes > 0)
    return and_(or_(is_left, was_left), ~in_flight)


def is_held(key: Key, row: Any, fence: int) -> ColumnElement[bool]:
    """Hold for a row while nobody has claimed it since, nor settled it."""
    table = key.class_
    return and_(key == row, table.fence == fence, table.claimed_until.is_not(None))


def hold(tx: Tx, key: Key, row: Any, fence: int) -> None:
    """Lock a claimed row for this transaction; raises LeaseLost."""
    held = select(key).where(is_held(key, row, fence)).with_for_update()
    _require(key, len(tx.execute(held).all()))


def renew(tx: Tx, key: Key, row: Any, fence: int, *, now: datetime, lease: timedelta) -> None:
    """Lengthen a lease while long work goes on; raises LeaseLost."""
    kept = update(key.class_).where(is_held(key, row, fence))
    _require(key, tx.execute(kept.values(claimed_until=end_of(tx, now, lease))).rowcount)


def settle(tx: Tx, key: Key, settlement: Settlement, **counted: ColumnElement[Any]) -> None:
    """Write a claim's result and let go of the row; `counted` are computed by the database.

    Raises LeaseLost, and writes nothing, if the row was claimed again since.
    """
    _require(key, settle_many(tx, key, [settlement], **counted))


def _require(key: Key, rows: int) -> None:
    if rows != 1:
        raise LeaseLost(f"the claim on a {key.class_.__tablename__} row ran out")


def settle_many(
    tx: Tx, key: Key, settlements: Sequence[Settlement], **counted: ColumnElement[Any]
) -> int:
    """Settle claims at once that write the same columns; give how many were still held.

    A claim that was lost is left alone.
    """
    rows = [
        {"settled_key": row, "settled_fence": fence, "claimed_until": None, "crashes": 0, **values}
        for row, fence, values in settlements
    ]
    return int(tx.execute(_settling(key.class_.__table__, key.key, **counted), rows).rowcount)


@lru_cache(maxsize=64)  # building and keying a statement costs more than sending it
def _settling(table: Table, key: str, **counted: ColumnElement[Any]) -> Update:
    columns = table.columns
    is_held = and_(
        columns[key] == bindparam("settled_key"),
        columns.fence == bindparam("settled_fence"),
        columns.claimed_until.is_not(None),
    )
    return update(table).where(is_held).values(**counted)


def expire_all(tx: Tx, *, now: datetime) -> None:
    """End every lease now: for a process that knows it is alone (it holds the lock file).

    What a process that died had claimed is then due at once; each counts as a crash as usual.
    """
    for table in (FeedRow, PageRow, ChannelRow, DeliveryRow, RoleRow, HostRow):
        held = update(table).where(table.claimed_until > now)
        tx.execute(held.values(claimed_until=now))
