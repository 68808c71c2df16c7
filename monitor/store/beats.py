"""Keep signs of life: which processes work on this database, and what each has in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from monitor.store import json
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.tables import BeatRow, RoleRow
from monitor.store.upsert import insert

BEAT_INTERVAL = timedelta(seconds=10)

SILENT_AFTER = 3 * BEAT_INTERVAL
"""A process without a beat for so long was killed, hangs, or is cut off from the database."""

FORGOTTEN_AFTER = timedelta(days=1)
"""How long the last beat of a process that was killed is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Say that a lane's latest work failed, and since when it does."""

    lane: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Be what a process says of itself; what an older program does not say has its default.

    `schema` is the newest one it knows, `ruleset` is the hash of its rules, `parts` are the hashes
    of all else in which the processes on one database should agree, by name.
    """

    version: str = ""
    schema: str = ""
    host: str = ""
    pid: int = 0
    rules: int = 0
    ruleset: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Be the last sign of life of a process; `silent_for` is how long ago it was."""

    holder: str
    at: datetime
    started_at: datetime
    silent_for: timedelta
    signs: Signs

    @property
    def is_live(self) -> bool:
        """Tell whether it may be counted on."""
        return self.silent_for < SILENT_AFTER


def leave(tx: Tx, holder: str, signs: Signs, *, now: datetime, running_for: timedelta) -> None:
    """Leave a sign of life, by the clock that leases are judged by; forget the very old ones."""
    moment = lease_clock(tx, now)
    facts = json.dump(Signs, signs)
    statement = insert(tx, BeatRow).values(
        holder=holder, at=moment, started_at=moment - running_for, facts=facts
    )
    kept = {"at": moment, "facts": facts}
    tx.execute(statement.on_conflict_do_update(index_elements=["holder"], set_=kept))
    tx.execute(delete(BeatRow).where(BeatRow.at < moment - FORGOTTEN_AFTER))


def succeed(tx: Tx, host: str, pid: int, *, now: datetime) -> None:
    """Forget those that a process which starts has come after, on the same host.

    They are silent, or had the same number: a container that is restarted keeps its host's name.
    """
    for one in listed(tx, now=now):
        if one.signs.host == host and (one.signs.pid == pid or not one.is_live):
            tx.execute(delete(BeatRow).where(BeatRow.holder == one.holder))


def forget_all(tx: Tx) -> None:
    """Forget every beat: for a process that knows it is alone (it holds the lock file)."""
    tx.execute(delete(BeatRow))


def listed(tx: Tx, *, now: datetime) -> tuple[Beat, ...]:
    """List the last beats, in order of start."""
    moment = lease_clock(tx, now)
    rows = tx.execute(select(BeatRow).order_by(BeatRow.started_at, BeatRow.holder))
    return tuple(
        Beat(
            holder=row.holder,
            at=row.at,
            started_at=row.started_at,
            silent_for=max(moment - row.at, timedelta(0)),
            signs=json.load(Signs, row.facts),
        )
        for row in rows
    )


def all_know(tx: Tx, schema: str | None, *, now: datetime) -> bool:
    """Tell whether no process is of a release that knows another schema than this as newest.

    One that says nothing of it is of a release before 0007. A silent one counts until its beat is
    forgotten: it may only be cut off.
    """
    return all(one.signs.schema == schema for one in listed(tx, now=now))


def roles(tx: Tx) -> dict[str, str]:
    """Say of each role which process had it last: until another needs it, that one has it."""
    return {row.name: row.holder for row in tx.execute(select(RoleRow.name, RoleRow.holder))}
