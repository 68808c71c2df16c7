"""Keep feeds: which are due, what they last said, how they failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from monitor.model.keys import SourceKey
from monitor.net.hosts import host_of
from monitor.store import claims, hosts, problems
from monitor.store.engine import Tx
from monitor.store.hosts import HostWork
from monitor.store.lease import lease_clock
from monitor.store.tables import FeedRow
from monitor.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """Be a feed that this process may poll until its lease ends."""

    id: int
    url: str
    fetch_url: str
    source_key: SourceKey
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    interval: timedelta
    failures: int
    crashes: int
    is_first_poll: bool
    sightings: dict[str, Any]
    last_ok_at: datetime | None
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """Say how a poll ended; `error` is "" after a success.

    `changes` are further columns of the feed to set (validators, title, notes, sightings).
    `gap` says that entries may have been missed since the poll before, "" if none were.
    """

    at: datetime
    next_poll_at: datetime
    interval: timedelta
    error: str = ""
    error_kind: str = ""
    failures: int = 0
    state: str = "active"
    new_articles: int = 0
    gap: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """Show a feed in `status` and `sources list`."""

    url: str
    source_key: str
    state: str
    title: str | None
    failures: int
    last_error: str | None
    last_error_kind: str | None
    last_ok_at: datetime | None
    last_new_at: datetime | None
    next_poll_at: datetime
    polls: int
    notes: tuple[str, ...]


def sync(
    tx: Tx,
    wanted: Iterable[tuple[SourceKey, str]],
    *,
    now: datetime,
    interval: timedelta,
) -> int:
    """Make the feeds those of sources.yaml: add, revive, mark the others removed; count added.

    A feed that stays keeps its `next_poll_at`, so a restart polls nothing early. Of one that goes
    the problem goes as well, and the claim: a poll in flight must not bring it back.
    """
    urls = {url: key for key, url in wanted}
    known = {
        row.url: row for row in tx.execute(select(FeedRow.url, FeedRow.state, FeedRow.source_key))
    }
    fresh = [url for url in urls if url not in known]
    for url in fresh:
        tx.execute(_new_feed(tx, url, urls[url], now, interval))
    for url, row in known.items():
        if url not in urls and row.state != "removed":
            removed = update(FeedRow).where(FeedRow.url == url)
            tx.execute(removed.values(state="removed", claimed_until=None, crashes=0))
            problems.clear(tx, "feed", url)
        elif url in urls and (row.state == "removed" or row.source_key != urls[url]):
            revived = {"state": "active"} if row.state == "removed" else {}
            changed = update(FeedRow).where(FeedRow.url == url)
            tx.execute(changed.values(source_key=urls[url], **revived))
    return len(fresh)


def _new_feed(tx: Tx, url: str, key: SourceKey, now: datetime, interval: timedelta) -> Any:
    return (
        insert(tx, FeedRow)
        .values(
            url=url,
            fetch_url=url,
            host=host_of(url),
            source_key=key,
            next_poll_at=now,
            interval_seconds=int(interval.total_seconds()),
            sightings={},
            notes=[],
            fence=0,
            crashes=0,
            failures=0,
            polls=0,
            state="active",
        )
        .on_conflict_do_nothing()
    )


def claim_due(
    tx: Tx, *, holder: str, now: datetime, lease: timedelta, limit: int
) -> tuple[ClaimedFeed, ...]:
    """Claim the feeds that are longest due, of hosts that no other process asks now."""
    work = HostWork(
        holder=holder, host=FeedRow.host, address=FeedRow.fetch_url, due=FeedRow.next_poll_at
    )
    is_due = and_(FeedRow.state == "active", FeedRow.next_poll_at <= now)
    rows = claims.claim(
        tx,
        FeedRow.id,
        is_due=and_(is_due, work.is_open(lease_clock(tx, now))),
        order=FeedRow.next_poll_at,
        now=now,
        lease=lease,
        limit=limit,
    )
    kept = hosts.keep_ours(tx, FeedRow.id, rows, work, now=now, lease=lease)
    return tuple(_claimed(row) for row in kept)


def _claimed(row: Any) -> ClaimedFeed:
    return ClaimedFeed(
        id=row.id,
        url=row.url,
        fetch_url=row.fetch_url,
        source_key=SourceKey(row.source_key),
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        interval=timedelta(seconds=row.interval_seconds),
        failures=row.failures,
        crashes=row.crashes,
        is_first_poll=row.baseline_at is None,
        sightings=row.sightings,
        last_ok_at=row.last_ok_at,
        fence=row.fence,
    )


def settle(tx: Tx, feed: ClaimedFeed, polled: Polled) -> None:
    """Write a poll's result and let go of the feed; raises LeaseLost."""
    settlement = (feed.id, feed.fence, _columns(feed, polled))
    claims.settle(tx, FeedRow.id, settlement, polls=_ONE_MORE)


def settle_many(tx: Tx, ended: Sequence[tuple[ClaimedFeed, Polled]]) -> int:
    """Settle many polls at once; count those whose claim still held: only they are written."""
    alike: dict[tuple[str, ...], list[claims.Settlement]] = {}
    for feed, polled in sorted(ended, key=lambda pair: pair[0].id):  # in one order: no deadlock
        values = _columns(feed, polled)
        alike.setdefault(tuple(values), []).append((feed.id, feed.fence, values))
    return sum(
        claims.settle_many(tx, FeedRow.id, rows, polls=_ONE_MORE) for rows in alike.values()
    )


_ONE_MORE = FeedRow.__table__.c.polls + 1


def _columns(feed: ClaimedFeed, polled: Polled) -> dict[str, Any]:
    values: dict[str, Any] = {
        "next_poll_at": polled.next_poll_at,
        "interval_seconds": int(polled.interval.total_seconds()),
        "failures": polled.failures,
        "state": polled.state,
        **polled.changes,
    }
    if "fetch_url" in polled.changes:
        values["host"] = host_of(polled.changes["fetch_url"])
    if polled.error:
        values |= {
            "last_error": polled.error,
            "last_error_kind": polled.error_kind,
            "last_error_at": polled.at,
        }
    else:
        values |= {"last_error": None, "last_error_kind": None, "last_ok_at": polled.at}
        if feed.is_first_poll:
            values["baseline_at"] = polled.at
    if polled.new_articles:
        values["last_new_at"] = polled.at
    return values


def release(tx: Tx, feed: ClaimedFeed, *, due_at: datetime | None = None) -> None:
    """Let go of a feed whose poll was not kept: it is due at `due_at`, or stays due (a stop)."""
    values: dict[str, Any] = {"crashes": feed.crashes}  # it says nothing of earlier ones
    if due_at is not None:
        values["next_poll_at"] = due_at
    claims.settle(tx, FeedRow.id, (feed.id, feed.fence, values))


def count_due(tx: Tx, *, now: datetime) -> int:
    """Count active feeds that are due."""
    due = select(func.count()).where(FeedRow.state == "active", FeedRow.next_poll_at <= now)
    return int(tx.execute(due).scalar_one())


def list_states(tx: Tx) -> tuple[FeedState, ...]:
    """List the feeds of sources.yaml, in order of source and address."""
    rows: Sequence[Any] = tx.execute(
        select(*FeedRow.__table__.columns)
        .where(FeedRow.state != "removed")
        .order_by(FeedRow.source_key, FeedRow.url)
    ).all()
    return tuple(
        FeedState(
            url=row.url,
            source_key=row.source_key,
            state=row.state,
            title=row.title,
            failures=row.failures,
            last_error=row.last_error,
            last_error_kind=row.last_error_kind,
            last_ok_at=row.last_ok_at,
            last_new_at=row.last_new_at,
            next_poll_at=row.next_poll_at,
            polls=row.polls,
            notes=tuple(row.notes),
        )
        for row in rows
    )


def make_due(tx: Tx, *, now: datetime) -> int:
    """Make every feed due now, parked ones as well, because somebody asks; count them."""
    is_waiting = and_(FeedRow.state == "active", FeedRow.next_poll_at > now)
    asked = update(FeedRow).where(or_(is_waiting, FeedRow.state == "parked"))
    return int(tx.execute(asked.values(state="active", next_poll_at=now)).rowcount)
