"""Tell the time that leases are judged by: the database's on PostgreSQL, `now` on SQLite.

Workers' clocks differ; on SQLite there is one process, whose clock may be a test's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, select

from monitor.store.engine import Tx
from monitor.store.types import UtcDateTime


def lease_clock(tx: Tx, now: datetime) -> datetime:
    """Give the moment, asking the database if it has a clock."""
    if tx.dialect.name == "sqlite":
        return now
    moment: datetime = tx.execute(select(moment_of(tx, now))).scalar_one()
    return moment


def moment_of(tx: Tx, now: datetime) -> ColumnElement[datetime]:
    """Give the moment as an expression, which costs no question of its own."""
    if tx.dialect.name == "sqlite":
        return literal(now, UtcDateTime())
    return func.clock_timestamp(type_=UtcDateTime())


def end_of(tx: Tx, now: datetime, lease: timedelta) -> ColumnElement[datetime]:
    """Give when a lease ends that begins now, as an expression."""
    if tx.dialect.name == "sqlite":
        return literal(now + lease, UtcDateTime())
    return moment_of(tx, now) + literal(lease, Interval())
