"""Claim rows, renew, settle: the queue is the domain rows themselves (DESIGN.md, decision 1).

A claim takes a lease (`claimed_until`) and counts up the row's `fence`. Whoever settles shows the
fence of the claim; if the row has been claimed again since, nothing is written and LeaseLost is
raised. A row whose lease ran out unsettled counts a crash; `MAX_CRASHES` of them and the row is
parked by its module, with the reason.

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
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from monitor.errors import LeaseLost
from monitor.store.engine import Tx
from monitor.store.tables import Claimable, DeliveryRow, FeedRow, PageRow, RoleRow

MAX_CRASHES = 5


def lease_clock(tx: Tx, now: datetime) -> datetime:
    """Give the moment leases are judged by: the database's on PostgreSQL, `now` on SQLite."""
    if tx.dialect.name == "sqlite":
        return now
    moment: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def claim(
    tx: Tx,
    table: type[Any],
    key: InstrumentedAttribute[Any],
    *,
    is_due: ColumnElement[bool],
    order: InstrumentedAttribute[datetime],
    now: datetime,
    lease: timedelta,
    limit: int,
) -> Sequence[Row[Any]]:
    """Claim up to `limit` due rows, longest due first, and give them whole, with the new fence.

    Rows that another worker is claiming at this moment are skipped, not waited for. Of those
    whose claim crashed before, one at most is in flight: the one with the fewest crashes first.
    """
    moment = lease_clock(tx, now)
    suspects = _free_suspects(table, key, moment).where(is_due)
    suspects = suspects.order_by(table.crashes, order, key).limit(min(1, limit))
    keys = list(tx.execute(suspects.with_for_update(skip_locked=True)).scalars())
    fresh = select(key).where(is_due, table.claimed_until.is_(None), table.crashes == 0)
    fresh = fresh.order_by(order, key).limit(limit - len(keys))
    keys += tx.execute(fresh.with_for_update(skip_locked=True)).scalars()
    if not keys:
        return []
    crashed = case((table.claimed_until.is_not(None), table.crashes + 1), else_=table.crashes)
    taken = (
        update(table)
        .where(key.in_(keys))
        .values(claimed_until=moment + lease, fence=table.fence + 1, crashes=crashed)
        .returning(*table.__table__.columns)
    )
    rank = {value: place for place, value in enumerate(keys)}
    return sorted(tx.execute(taken).all(), key=lambda row: rank[getattr(row, key.key)])


def _free_suspects(
    table: type[Any], key: InstrumentedAttribute[Any], moment: datetime
) -> Select[Any]:
    """Select rows whose claim crashed before, none while one of them is in flight."""
    claimed = aliased(table)
    in_flight = exists().where(claimed.claimed_until > moment, claimed.crashes > 0)
    is_left = and_(table.claimed_until.is_not(None), table.claimed_until <= moment)
    was_left = and_(table.claimed_until.is_(None), table.crashes > 0)
    return select(key).where(or_(is_left, was_left), ~in_flight)


Settlement = tuple[Any, int, dict[str, Any]]
"""A claimed row's key, the fence of its claim, and what to write."""


def settle(
    tx: Tx,
    table: type[Any],
    key: InstrumentedAttribute[Any],
    settlement: Settlement,
    **counted: ColumnElement[Any],
) -> None:
    """Write a claim's result and let go of the row; `counted` are computed by the database.

    Raises LeaseLost, and writes nothing, if the row was claimed again since.
    """
    if settle_many(tx, table, key, [settlement], **counted) != 1:
        msg = f"the claim on a {table.__tablename__} row ran out before it was settled"
        raise LeaseLost(msg)


def settle_many(
    tx: Tx,
    table: type[Any],
    key: InstrumentedAttribute[Any],
    settlements: Sequence[Settlement],
    **counted: ColumnElement[Any],
) -> int:
    """Settle claims at once that write the same columns; give how many were still held.

    A claim that was lost is left alone.
    """
    rows = [
        {"settled_key": row, "settled_fence": fence, "claimed_until": None, "crashes": 0, **values}
        for row, fence, values in settlements
    ]
    return int(tx.execute(_settling(table.__table__, key.key, **counted), rows).rowcount)


@lru_cache(maxsize=64)  # building and keying a statement costs more than sending it
def _settling(table: Table, key: str, **counted: ColumnElement[Any]) -> Update:
    columns = table.columns
    is_held = and_(
        columns[key] == bindparam("settled_key"),
        columns.fence == bindparam("settled_fence"),
        columns.claimed_until.is_not(None),
    )
    return update(table).where(is_held).values(**counted)


def renew(
    tx: Tx,
    table: type[Claimable],
    row_is: ColumnElement[bool],
    fence: int,
    *,
    now: datetime,
    lease: timedelta,
) -> None:
    """Lengthen a lease while long work goes on; raises LeaseLost like `settle`."""
    until = lease_clock(tx, now) + lease
    kept = update(table).where(
        and_(row_is, table.fence == fence, table.claimed_until.is_not(None))
    )
    if tx.execute(kept.values(claimed_until=until)).rowcount != 1:
        msg = "the claim ran out before it could be renewed"
        raise LeaseLost(msg)


def expire_all(tx: Tx, *, now: datetime) -> None:
    """End every lease now: for a process that knows it is alone (it holds the lock file).

    What a process that died had claimed is then due at once; each counts as a crash as usual.
    """
    for table in (FeedRow, PageRow, DeliveryRow, RoleRow):
        held = table.claimed_until > now
        tx.execute(update(table).where(held).values(claimed_until=now))
