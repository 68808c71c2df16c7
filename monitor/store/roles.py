"""Lease the roles that one process may have at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, null, select, update

from monitor.errors import LeaseLost
from monitor.store import claims
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock, moment_of
from monitor.store.tables import BeatRow, RoleRow
from monitor.store.upsert import insert

ASSIGNER = "assigner"
KEEPER = "keeper"
INDEXER = "indexer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Be a role that this process has until its lease ends.

    `is_after_crash` says that whoever had it before may have died of the work.
    """

    name: str
    fence: int
    is_after_crash: bool


def is_open(tx: Tx, name: str, holder: str, *, now: datetime) -> bool:
    """Tell whether asking for a role is worth a write: nobody else holds it."""
    moment = lease_clock(tx, now)
    other = select(RoleRow.name).where(
        RoleRow.name == name, RoleRow.holder != holder, RoleRow.claimed_until > moment
    )
    return tx.execute(other).first() is None


def take(
    tx: Tx, name: str, holder: str, held: Role | None, *, now: datetime, lease: timedelta
) -> Role | None:
    """Keep the role that is `held`, or take it if it is free; None while another has it.

    What is ours by a claim that we do not know of (its commit was not answered) is free to us.
    """
    if held is not None:
        try:
            claims.renew(tx, RoleRow.name, name, held.fence, now=now, lease=lease)
        except LeaseLost:
            pass
        else:
            return held
    _provide(tx, name)
    is_ours = RoleRow.claimed_until > lease_clock(tx, now)
    ours = update(RoleRow).where(RoleRow.name == name, RoleRow.holder == holder, is_ours)
    tx.execute(ours.values(claimed_until=None))
    rows = claims.claim(
        tx,
        RoleRow.name,
        is_due=RoleRow.name == name,
        order=RoleRow.name,
        now=now,
        lease=lease,
        limit=1,
    )
    if not rows:
        return None
    # the crash is told, not counted: a role is never parked, the work that crashes in it is
    tx.execute(update(RoleRow).where(RoleRow.name == name).values(holder=holder, crashes=0))
    return Role(name=name, fence=rows[0].fence, is_after_crash=rows[0].crashes > 0)


def _provide(tx: Tx, name: str) -> None:
    """Have a row for a role that nobody ever had."""
    free = {"name": name, "holder": "", "fence": 0, "crashes": 0}
    tx.execute(insert(tx, RoleRow).values(**free).on_conflict_do_nothing())


def take_away(tx: Tx, name: str, *, now: datetime) -> None:
    """Take a role from whoever has it, and let nobody have it until this transaction ends.

    What they hold in memory is worth nothing then: they find out by their fence, and begin anew.
    """
    _provide(tx, name)
    # a lease that ran out stays as it is: whoever takes the role is to know of the crash
    is_live = RoleRow.claimed_until > moment_of(tx, now)
    left = case((is_live, null()), else_=RoleRow.claimed_until)
    taken = update(RoleRow).where(RoleRow.name == name)
    tx.execute(taken.values(fence=RoleRow.fence + 1, holder="", claimed_until=left))


def require(tx: Tx, role: Role) -> None:
    """Lock the role for this transaction; raises LeaseLost if another has taken it over."""
    claims.hold(tx, RoleRow.name, role.name, role.fence)


def let_go(tx: Tx, role: Role) -> None:
    """Let go of a role whose work is done; raises LeaseLost if another has taken it over."""
    claims.settle(tx, RoleRow.name, (role.name, role.fence, {"holder": ""}))


def give_up(tx: Tx, holder: str) -> None:
    """Let go of all roles and the beat of a process that stops."""
    held = update(RoleRow).where(RoleRow.holder == holder)
    tx.execute(held.values(claimed_until=None, holder=""))
    tx.execute(delete(BeatRow).where(BeatRow.holder == holder))
