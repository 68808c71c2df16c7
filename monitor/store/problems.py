"""Keep what is wrong now: one row a subject, cleared when it is cured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from monitor.store.engine import Tx
from monitor.store.tables import ProblemRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Show a problem: what it concerns, since when, how often, and its cure."""

    kind: str
    subject: str
    reason: str
    cure: str
    first_at: datetime
    last_at: datetime
    count: int


def report(tx: Tx, kind: str, subject: str, reason: str, *, cure: str = "", now: datetime) -> None:
    """Say that something is wrong (again); its first moment stays."""
    statement = insert(tx, ProblemRow).values(
        kind=kind,
        subject=subject,
        reason=reason,
        cure=cure,
        first_at=now,
        last_at=now,
        count=1,
    )
    changed = {
        "reason": reason,
        "cure": cure,
        "last_at": now,
        "count": ProblemRow.count + 1,
    }
    tx.execute(statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=changed))


def clear(tx: Tx, kind: str, subject: str) -> None:
    """Say that it is cured."""
    tx.execute(delete(ProblemRow).where(ProblemRow.kind == kind, ProblemRow.subject == subject))


def clear_all(tx: Tx, kind: str, subjects: Iterable[str]) -> None:
    """Say of several that they are cured, or gone."""
    cured = delete(ProblemRow).where(ProblemRow.kind == kind)
    tx.execute(cured.where(ProblemRow.subject.in_(tuple(subjects))))


def keep_only(tx: Tx, kind: str, subjects: Iterable[str]) -> None:
    """Clear all problems of a kind but those of these subjects."""
    gone = delete(ProblemRow).where(ProblemRow.kind == kind)
    tx.execute(gone.where(ProblemRow.subject.not_in(tuple(subjects))))


def has_others(tx: Tx, kind: str, subjects: Iterable[str]) -> bool:
    """Tell whether a problem of a kind concerns something else than these subjects."""
    other = select(ProblemRow.subject).where(ProblemRow.kind == kind)
    return tx.execute(other.where(ProblemRow.subject.not_in(tuple(subjects)))).first() is not None


def listed(tx: Tx) -> tuple[Trouble, ...]:
    """List what is wrong now, latest first."""
    rows = tx.execute(
        select(ProblemRow).order_by(ProblemRow.last_at.desc(), ProblemRow.kind, ProblemRow.subject)
    )
    return tuple(
        Trouble(
            kind=row.kind,
            subject=row.subject,
            reason=row.reason,
            cure=row.cure,
            first_at=row.first_at,
            last_at=row.last_at,
            count=row._mapping["count"],  # `Row.count` is the tuple's method
        )
        for row in rows
    )
