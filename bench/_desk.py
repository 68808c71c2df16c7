"""Lay out work for the product and see how much of it is left, through its own store."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, or_, select, text, update

from monitor.clock import system_clock
from monitor.errors import StoreConflict
from monitor.model.keys import ChannelName
from monitor.pipeline.assigner import OPEN_FOR
from monitor.store import articles, beats, channels, deliveries, roles, stories
from monitor.store.engine import Store
from monitor.store.tables import ArticleRow, ChannelRow, DeliveryRow, FeedRow

HOLDER = "bench"
LONG = timedelta(days=1)


class Desk:
    """Hold the store; every method is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)

    def close(self) -> None:
        """Close all connections."""
        self.store.close()

    def beats(self) -> int:
        """Count the processes that run."""
        with self.store.read() as tx:
            return len(beats.listed(tx, now=system_clock()))

    def hold_assigner(self) -> None:
        """Be the assigner, who does nothing: articles wait."""
        with self.store.write() as tx:
            roles.take(tx, roles.ASSIGNER, HOLDER, None, now=datetime.now(UTC), lease=LONG)

    def release_assigner(self) -> None:
        """Let a worker become the assigner."""
        with self.store.write() as tx:
            roles.give_up(tx, HOLDER)

    def make_feeds_due(self, ids: Iterable[int] | None = None) -> None:
        """Let feeds fall due now: all, or some."""
        due = update(FeedRow).values(next_poll_at=datetime.now(UTC))
        if ids is not None:
            due = due.where(FeedRow.id.in_(list(ids)))
        with suppress(StoreConflict), self.store.write() as tx:  # a deadlock: the next time
            tx.execute(due)

    def feed_ids(self) -> list[int]:
        """List the feeds."""
        with self.store.read() as tx:
            return list(tx.execute(select(FeedRow.id).order_by(FeedRow.id)).scalars())

    def unpolled(self) -> int:
        """Count the feeds that are due or being polled."""
        is_due = FeedRow.next_poll_at <= datetime.now(UTC)
        return self._count(FeedRow, or_(is_due, FeedRow.claimed_until.is_not(None)))

    def unplaced(self) -> int:
        """Count the articles that wait for the assigner."""
        return self._count(ArticleRow, ArticleRow.place_due)

    def unsent(self) -> int:
        """Count the deliveries that are owed."""
        return self._count(DeliveryRow, DeliveryRow.state == "pending")

    def placed(self) -> tuple[int, int]:
        """Count articles and stories."""
        with self.store.read() as tx:
            return articles.counts(tx)["articles"], stories.count(tx)

    def _count(self, table: Any, holds: Any) -> int:
        with self.store.read() as tx:
            counted = select(func.count()).select_from(table).where(holds)
            return int(tx.execute(counted).scalar_one())

    def pause(self, names: Iterable[str]) -> None:
        """Let channels send nothing."""
        with self.store.write() as tx:
            for name in names:
                channels.pause(tx, ChannelName(name), datetime.now(UTC) + LONG)

    def resume(self) -> None:
        """Let all channels send again."""
        with self.store.write() as tx:
            tx.execute(update(ChannelRow).values(paused_until=None))

    def owe(self, number: int, names: tuple[str, ...]) -> int:
        """Owe as many more alerts, made after one that the product has decided; 0 before one."""
        now = datetime.now(UTC)
        with self.store.write() as tx:
            pattern = tx.execute(select(DeliveryRow.__table__).limit(1)).mappings().first()
            if pattern is None or number <= 0:
                return 0
            fresh = {"state": "pending", "fence": 0, "crashes": 0, "attempts": 0}
            empty = dict.fromkeys(("body", "html", "subject", "sent_at", "claimed_until"))
            rows = [
                {
                    **pattern,
                    **fresh,
                    **empty,
                    "key": f"dl-{secrets.token_hex(16)}",
                    "channel": names[at % len(names)],
                    "recipient": names[at % len(names)],
                    "due_at": now,
                    "created_at": now,
                }
                for at in range(number)
            ]
            tx.execute(insert(DeliveryRow), rows)
        return number

    def retire(self, live: int) -> None:
        """Date all but the newest so many articles back, past the age of an open story.

        The assigner hears of it as of a newer text, and lets the stories go.
        """
        now = datetime.now(UTC)
        held = select(ArticleRow.id).where(ArticleRow.first_seen_at >= now - OPEN_FOR)
        with self.store.write() as tx:
            ids = tx.execute(held.order_by(ArticleRow.id.desc()).offset(live).limit(1_000))
            old = now - OPEN_FOR - LONG
            aged = update(ArticleRow).where(ArticleRow.id.in_(list(ids.scalars())))
            tx.execute(aged.values(first_seen_at=old, published_at=old, place_due=True))

    def live(self) -> tuple[int, int]:
        """Count the articles, and those young enough for an open story."""
        is_young = ArticleRow.first_seen_at >= datetime.now(UTC) - OPEN_FOR
        return self._count(ArticleRow, ArticleRow.id > 0), self._count(ArticleRow, is_young)

    def sizes(self) -> dict[str, float]:
        """Give the MB of the database and of its write-ahead log."""
        if self.store.is_sqlite:
            file, log = Path(self.store.url.database or ""), Path(f"{self.store.url.database}-wal")
            sizes = [one.stat().st_size if one.exists() else 0 for one in (file, log)]
        else:
            with self.store.read() as tx:
                asked = "select pg_database_size(current_database()), 0"
                sizes = list(tx.execute(text(asked)).one())
        return {name: round(n / 2**20, 2) for name, n in zip(_SIZES, sizes, strict=True)}

    def work_done(self) -> dict[str, int]:
        """Count the polls, the articles and the deliveries that were sent, since ever."""
        with self.store.read() as tx:
            polls = tx.execute(select(func.sum(FeedRow.polls))).scalar_one()
        sent = self._count(DeliveryRow, DeliveryRow.state == "sent")
        return {"polls": int(polls), "articles": self.live()[0], "deliveries": sent}

    def done(self) -> dict[str, int]:
        """Count what came of it all."""
        with self.store.read() as tx:
            return {**articles.counts(tx), **deliveries.counts(tx), "stories": stories.count(tx)}


_SIZES = ("database_mb", "wal_mb")
