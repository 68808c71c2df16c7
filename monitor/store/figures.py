"""Count what stands in the database, for metrics: by indexes where it is asked for often."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text

from monitor.model.delivery import DeliveryState
from monitor.store.articles import IS_PLACE_DUE
from monitor.store.engine import Tx
from monitor.store.lease import lease_clock
from monitor.store.tables import (
    ArticleRow,
    ChannelRow,
    DeliveryRow,
    FeedRow,
    RoleRow,
    StoryRow,
    WorkspaceRow,
)

_AT_THE_FRONT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFigures:
    """Count the feeds of sources.yaml by state, and those whose last poll failed."""

    by_state: dict[str, int]
    failing: int


def unplaced(tx: Tx) -> int:
    """Count the articles that wait for the assigner."""
    return _number(tx, select(func.count()).select_from(ArticleRow).where(IS_PLACE_DUE))


def oldest_unplaced(tx: Tx) -> datetime | None:
    """Give when the oldest at the front of the assigner's queue was fetched; None: it is empty.

    Only the front is looked at: a long queue must not make the question dear.
    """
    front = select(ArticleRow.fetched_at).where(IS_PLACE_DUE).order_by(ArticleRow.id)
    at = front.limit(_AT_THE_FRONT).subquery()
    moment: datetime | None = tx.execute(select(func.min(at.c.fetched_at))).scalar_one()
    return moment


def deliveries(tx: Tx, states: Collection[DeliveryState]) -> dict[tuple[str, ...], int]:
    """Count the deliveries in these states, by channel and state."""
    counted = select(DeliveryRow.channel, DeliveryRow.state, func.count().label("number"))
    counted = counted.where(DeliveryRow.state.in_([state.value for state in states]))
    rows = tx.execute(counted.group_by(DeliveryRow.state, DeliveryRow.channel))
    return {(row.channel, row.state): int(row.number) for row in rows}


def feeds(tx: Tx) -> FeedFigures:
    """Count feeds; reads them all."""
    counted = select(FeedRow.state, func.count(), func.count(FeedRow.last_error))
    rows = tx.execute(counted.where(FeedRow.state != "removed").group_by(FeedRow.state)).all()
    return FeedFigures(
        by_state={row[0]: int(row[1]) for row in rows}, failing=sum(int(row[2]) for row in rows)
    )


def stopped_channels(tx: Tx) -> frozenset[str]:
    """Name the channels that were stopped because their receivers asked for it."""
    stopped = select(ChannelRow.name).where(ChannelRow.disabled_at.is_not(None))
    return frozenset(tx.execute(stopped).scalars())


def is_delivery_paused(tx: Tx) -> bool:
    """Tell whether nothing is delivered until somebody has answered: a backup was restored."""
    return tx.execute(select(WorkspaceRow.paused_at)).scalar_one_or_none() is not None


def roles_held(tx: Tx, holder: str, *, now: datetime) -> frozenset[str]:
    """Name the roles that a process has at this moment."""
    held = select(RoleRow.name).where(
        RoleRow.holder == holder, RoleRow.claimed_until > lease_clock(tx, now)
    )
    return frozenset(tx.execute(held).scalars())


def articles(tx: Tx) -> int:
    """Count all articles."""
    return _number(tx, select(func.count()).select_from(ArticleRow))


def stories(tx: Tx) -> int:
    """Count all stories."""
    return _number(tx, select(func.count()).select_from(StoryRow))


def size_bytes(tx: Tx) -> int:
    """Give the size of the whole database."""
    if tx.dialect.name == "sqlite":
        pages = tx.execute(
            text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        )
        return int(pages.scalar_one())
    return int(tx.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def wal_bytes(tx: Tx) -> int | None:
    """Give the size of SQLite's write-ahead log; None on a server, which keeps its own."""
    if tx.dialect.name != "sqlite":
        return None
    try:
        return Path(f"{tx.engine.url.database}-wal").stat().st_size
    except OSError:  # it is there from the first write on
        return 0


def _number(tx: Tx, query: object) -> int:
    return int(tx.execute(query).scalar_one())  # type: ignore[call-overload]
