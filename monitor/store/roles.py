"""Lease the roles that one process may have at a time, and keep signs of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, or_, select

from monitor.errors import LeaseLost
from monitor.store.claims import lease_clock
from monitor.store.engine import Tx
from monitor.store.tables import BeatRow, RoleRow
from monitor.store.upsert import insert

ASSIGNER = "assigner"


def take(tx: Tx, name: str, holder: str, *, now: datetime, lease: timedelta) -> int | None:
    """Take or keep a role; give its fence, or None while another holds it.

    The fence counts changes of holder, so one who lost the role and had it again sees that.
    """
    moment = lease_clock(tx, now)
    mine = insert(tx, RoleRow).values(
        name=name, holder=holder, claimed_until=moment + lease, fence=1
    )
    is_free = or_(RoleRow.holder == holder, RoleRow.claimed_until <= moment)
    kept = {
        "holder": holder,
        "claimed_until": moment + lease,
        "fence": case((RoleRow.holder == holder, RoleRow.fence), else_=RoleRow.fence + 1),
    }
    upserted = mine.on_conflict_do_update(index_elements=["name"], set_=kept, where=is_free)
    fence: int | None = tx.execute(upserted.returning(RoleRow.fence)).scalar_one_or_none()
    return fence


def require(tx: Tx, name: str, holder: str, fence: int) -> None:
    """Lock the role for this transaction; raises LeaseLost if another has taken it over."""
    held = select(RoleRow.fence).where(RoleRow.name == name, RoleRow.holder == holder)
    found = tx.execute(held.with_for_update()).scalar_one_or_none()
    if found != fence:
        msg = f"another process has taken over as {name}"
        raise LeaseLost(msg)


def give_up(tx: Tx, holder: str) -> None:
    """Let go of all roles and the beat of a process that stops."""
    tx.execute(delete(RoleRow).where(RoleRow.holder == holder))
    tx.execute(delete(BeatRow).where(BeatRow.holder == holder))


def beat(
    tx: Tx, holder: str, *, now: datetime, started_at: datetime, facts: dict[str, Any]
) -> None:
    """Leave a sign of life."""
    statement = insert(tx, BeatRow).values(
        holder=holder, at=now, started_at=started_at, facts=facts
    )
    kept = {"at": now, "facts": facts}
    tx.execute(statement.on_conflict_do_update(index_elements=["holder"], set_=kept))


def forget_beats(tx: Tx, *, before: datetime) -> None:
    """Forget the signs of life of processes that were killed."""
    tx.execute(delete(BeatRow).where(BeatRow.at < before))


def last_beats(tx: Tx) -> tuple[tuple[str, datetime, datetime, dict[str, Any]], ...]:
    """List processes: holder, last beat, start, facts."""
    rows = tx.execute(select(BeatRow).order_by(BeatRow.at.desc()))
    return tuple((row.holder, row.at, row.started_at, row.facts) for row in rows)
