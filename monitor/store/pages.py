"""Keep the jobs of fetching articles' pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, func, select

from monitor.net.hosts import host_of
from monitor.store import claims, hosts
from monitor.store.engine import Tx
from monitor.store.hosts import HostWork
from monitor.store.lease import lease_clock
from monitor.store.tables import ArticleRow, PageRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPage:
    """Be a page that this process may fetch until its lease ends.

    `asked_at` is when it was asked for first: the article's arrival.
    """

    article_id: int
    url: str
    asked_at: datetime
    failures: int
    crashes: int
    fence: int


def add(tx: Tx, addresses: Mapping[int, str], *, now: datetime) -> None:
    """Ask for the pages of articles, by number; one that was asked for before stays."""
    if not addresses:
        return
    rows = [
        {"article_id": article_id, "url": url, "host": host_of(url), "due_at": now}
        for article_id, url in addresses.items()
    ]
    tx.execute(_asking(insert(tx, PageRow)), rows)


@lru_cache
def _asking(inserting: Any) -> Any:
    fresh = {"state": "pending", "fence": 0, "crashes": 0, "failures": 0}
    return inserting.values(**fresh).on_conflict_do_nothing()


def claim_due(
    tx: Tx, *, holder: str, now: datetime, lease: timedelta, limit: int
) -> tuple[ClaimedPage, ...]:
    """Claim the pages that are longest due, of hosts that no other process asks now."""
    work = HostWork(holder=holder, host=PageRow.host, address=PageRow.url, due=PageRow.due_at)
    is_due = and_(PageRow.state == "pending", PageRow.due_at <= now)
    rows = claims.claim(
        tx,
        PageRow.article_id,
        is_due=and_(is_due, work.is_open(lease_clock(tx, now))),
        order=PageRow.due_at,
        now=now,
        lease=lease,
        limit=limit,
    )
    rows = hosts.keep_ours(tx, PageRow.article_id, rows, work, now=now, lease=lease)
    ids = [row.article_id for row in rows]
    arrivals = select(ArticleRow.id, ArticleRow.first_seen_at).where(ArticleRow.id.in_(ids))
    asked_at = {row.id: row.first_seen_at for row in tx.execute(arrivals)}
    return tuple(
        ClaimedPage(
            article_id=row.article_id,
            url=row.url,
            asked_at=asked_at[row.article_id],
            failures=row.failures,
            crashes=row.crashes,
            fence=row.fence,
        )
        for row in rows
    )


def settle_done(tx: Tx, page: ClaimedPage) -> None:
    """Say that the page's text is stored; raises LeaseLost."""
    _settle(tx, page, state="done", last_error=None)


def settle_failed(tx: Tx, page: ClaimedPage, *, reason: str, retry_at: datetime | None) -> None:
    """Say why a page gave nothing, and when to try again (None: never); raises LeaseLost."""
    if retry_at is None:
        _settle(tx, page, state="failed", last_error=reason)
    else:
        _settle(tx, page, last_error=reason, due_at=retry_at, failures=page.failures + 1)


def release(tx: Tx, page: ClaimedPage, *, due_at: datetime) -> None:
    """Let go of a page that was not asked or not kept: it is due again at `due_at`."""
    _settle(tx, page, due_at=due_at, crashes=page.crashes)  # it says nothing of earlier ones


def _settle(tx: Tx, page: ClaimedPage, **values: object) -> None:
    claims.settle(tx, PageRow.article_id, (page.article_id, page.fence, values))


def count_due(tx: Tx, *, now: datetime) -> int:
    """Count pages that are due."""
    due = select(func.count()).where(PageRow.state == "pending", PageRow.due_at <= now)
    return int(tx.execute(due).scalar_one())
