"""Mark what a restored backup means for delivery: until it is answered, nothing goes out.

A backup is older than what was sent since. So delivery is paused after a restore, and somebody
says whether what the backup does not know of counts as told (`skip`) or goes out once more
(`resend`). `paused_at` stands until then; `restored_at` stays after a `skip`: what was published
before it counts as told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from monitor.store.engine import Tx
from monitor.store.tables import WorkspaceRow

PAUSE_REASON = "a backup was restored, and nobody has said whether to send again"
ANSWERS = "monitor db restore --answer skip|resend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Say since when and why nothing is delivered, and how old the restored backup is."""

    at: datetime
    reason: str
    restored_at: datetime | None
    backup_at: datetime | None


def pause(tx: Tx) -> Pause | None:
    """Give the pause of delivery, None if there is none."""
    row = tx.execute(select(*WorkspaceRow.__table__.columns)).one()
    if row.paused_at is None:
        return None
    return Pause(
        at=row.paused_at,
        reason=row.paused_reason or "",
        restored_at=row.restored_at,
        backup_at=row.backup_at,
    )


def is_paused(tx: Tx) -> bool:
    """Tell whether delivery is paused."""
    return tx.execute(select(WorkspaceRow.paused_at)).scalar_one() is not None


def told_before(tx: Tx) -> datetime | None:
    """Give the moment before which all that was published counts as told; None without one."""
    return _moment(tx, WorkspaceRow.restored_at)


def _moment(tx: Tx, column: Any) -> datetime | None:
    moment: datetime | None = tx.execute(select(column)).scalar_one()
    return moment


def note_backup(tx: Tx, *, now: datetime) -> None:
    """Note that a backup is being taken."""
    _set(tx, backup_at=now)


def note_restore(tx: Tx, *, now: datetime) -> None:
    """Pause delivery, because a backup was put in place."""
    _set(tx, paused_at=now, paused_reason=PAUSE_REASON, restored_at=now)


def end_pause(tx: Tx, *, is_told: bool) -> None:
    """Let delivery go on; with `is_told` what was published before the restore stays untold."""
    kept: dict[str, Any] = {} if is_told else {"restored_at": None}
    _set(tx, paused_at=None, paused_reason=None, **kept)


def moved_to(tx: Tx) -> str | None:
    """Say where `db move` took the data; None if it is here."""
    found: str | None = tx.execute(select(WorkspaceRow.moved_to)).scalar_one()
    return found


def note_move(tx: Tx, where: str) -> None:
    """Note where the data is now."""
    _set(tx, moved_to=where)


def _set(tx: Tx, **values: Any) -> None:
    tx.execute(update(WorkspaceRow).values(**values))
