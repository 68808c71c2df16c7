"""Let one process at a time ask a host, so that what it bears holds across all of them.

Within a process the gate keeps a host's turns (`fetch/hosts.py`). The lease is taken with the
claims it is for, in their transaction, and outlives the exchanges that they may begin.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, update
from sqlalchemy.orm import InstrumentedAttribute

from monitor.net.hosts import host_of
from monitor.store import claims
from monitor.store.claims import Key
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.tables import HostRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class HostWork:
    """Say who asks hosts for which rows: their host, address and when they are due."""

    holder: str
    host: InstrumentedAttribute[str]
    address: InstrumentedAttribute[str]
    due: InstrumentedAttribute[datetime]

    def is_open(self, moment: datetime) -> ColumnElement[bool]:
        """Hold for rows whose host no other process asks now."""
        taken = exists().where(
            HostRow.name == self.host,
            HostRow.holder != self.holder,
            HostRow.claimed_until > moment,
        )
        return ~taken


def keep_ours(
    tx: Tx, key: Key, rows: Sequence[Row[Any]], work: HostWork, *, now: datetime, lease: timedelta
) -> list[Row[Any]]:
    """Give those of the rows just claimed whose host this process may ask, and let go of others.

    What waits for a host's pause is due at its end. A row that an older program left without its
    host is let go of with it, so that `is_open` tells the next time.
    """
    names = {getattr(row, key.key): host_of(getattr(row, work.address.key)) for row in rows}
    taken = _take(tx, set(names.values()), work.holder, now=now, lease=lease)
    kept, refused, paused = [], [], []
    for row in rows:
        name = names[getattr(row, key.key)]
        as_before = {"crashes": row.crashes, work.host.key: name}
        if name not in taken:
            refused.append((getattr(row, key.key), row.fence, as_before))
        elif until := taken[name]:
            due = {work.due.key: until}
            paused.append((getattr(row, key.key), row.fence, as_before | due))
        else:
            kept.append(row)
    for let_go in (refused, paused):
        if let_go:
            claims.settle_many(tx, key, let_go)
    return kept


def _take(
    tx: Tx, names: Collection[str], holder: str, *, now: datetime, lease: timedelta
) -> Mapping[str, datetime | None]:
    """Take hosts for this process; give those it has, with the end of a pause asked for."""
    if not names:
        return {}
    moment = lease_clock(tx, now)
    until = moment + lease
    wanted = [
        {"name": name, "holder": holder, "claimed_until": until}
        for name in sorted(names)  # all in one order: two processes cannot wait for each other
    ]
    mine = insert(tx, HostRow).values(wanted)
    taken = mine.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "claimed_until": until},
        where=or_(HostRow.holder == holder, HostRow.claimed_until <= moment),
    )
    rows = tx.execute(taken.returning(HostRow.name, HostRow.paused_until)).all()
    return {
        row.name: row.paused_until if row.paused_until and row.paused_until > now else None
        for row in rows
    }


def pause(tx: Tx, name: str, until: datetime, *, now: datetime) -> None:
    """Ask a host nothing before a moment, in no process; a longer pause stays."""
    asked = insert(tx, HostRow).values(name=name, holder="", claimed_until=now, paused_until=until)
    is_longer = or_(HostRow.paused_until.is_(None), HostRow.paused_until < until)
    tx.execute(
        asked.on_conflict_do_update(
            index_elements=["name"], set_={"paused_until": until}, where=is_longer
        )
    )


def give_up(tx: Tx, holder: str, *, now: datetime) -> None:
    """Let others ask the hosts of a process that stops: it asks nothing any more."""
    moment = lease_clock(tx, now)
    held = update(HostRow).where(HostRow.holder == holder, HostRow.claimed_until > moment)
    tx.execute(held.values(claimed_until=moment))
