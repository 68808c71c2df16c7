"""Take a feed from its address to stored, matched articles.

The way of an article: fetch -> parse -> normalise -> match -> store (T1). Grouping, alerts and
digests follow in `place.py` and `compose.py`, sending in `dispatch.py`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from monitor.clock import monotonic_seconds
from monitor.errors import (
    ChildError,
    FetchError,
    HostBusy,
    LeaseLost,
    MonitorError,
    ParseError,
    StoreError,
)
from monitor.fetch.address import may_keep_secrets, read_url
from monitor.fetch.feed import FeedRequest, Fetched, Unchanged, fetch_feed
from monitor.fetch.schedule import may_have_lost
from monitor.model.article import Article, ParsedFeed
from monitor.normalise.entry import normalise_feed
from monitor.parse.choose import is_light, parse_carefully, parse_light
from monitor.pipeline.hosts import pause_host
from monitor.pipeline.keep import keep_articles
from monitor.pipeline.ports import Ports
from monitor.pipeline.restored import dated
from monitor.pipeline.settler import Settler
from monitor.pipeline.verdict import after_answer, after_failure, parked
from monitor.store import feeds, problems
from monitor.store.claims import MAX_CRASHES
from monitor.store.engine import Tx
from monitor.store.feeds import ClaimedFeed, Polled

log = structlog.get_logger()

POLL_AT_MOST = 50
"""Feeds in flight at a time; each waits for its host's turn besides."""


async def claim_feeds(ports: Ports, limit: int) -> tuple[ClaimedFeed, ...]:
    """Claim feeds that are due."""

    def work() -> tuple[ClaimedFeed, ...]:
        now = ports.now()
        with ports.store.read() as tx:
            if not feeds.count_due(tx, now=now):
                return ()
        with ports.store.write() as tx:
            return feeds.claim_due(
                tx, holder=ports.holder, now=now, lease=ports.terms.lease, limit=limit
            )

    claimed = await ports.in_thread(work)
    if claimed:
        ports.failpoints.hit("poll.claimed")
    return claimed


async def poll(ports: Ports, settler: Settler, feed: ClaimedFeed) -> None:
    """Poll one claimed feed and settle it, whatever happens."""
    began = monotonic_seconds()
    try:
        await _poll(ports, settler, feed)
        ports.tally.time("poll", monotonic_seconds() - began)
    except HostBusy as busy:
        ports.tally.add_labelled("polls", "put_off")
        due_at = ports.now() + timedelta(seconds=busy.wait_seconds)
        await ports.in_thread(_release, ports, feed, due_at)
    except LeaseLost:
        log.warning("poll outlived its lease", feed=feed.url)
    except asyncio.CancelledError:
        await ports.in_thread(_release, ports, feed)
        raise
    except StoreError:  # a full disk must not count as this feed's crash, nor be asked in a loop
        await ports.in_thread(_release, ports, feed, ports.now() + ports.terms.lease)
        raise


async def _poll(ports: Ports, settler: Settler, feed: ClaimedFeed) -> None:
    now = ports.now()
    if feed.crashes >= MAX_CRASHES:
        await ports.in_thread(_settle, ports, feed, parked(feed, now), now)
        return
    try:
        answer = await _fetch(ports, feed, now)
        ports.failpoints.hit("poll.fetched")
        if isinstance(answer, Unchanged) or answer.body_hash == feed.body_hash:
            polled = after_answer(feed, answer, parsed=None, new=0, now=now)
            ports.tally.add_labelled("polls", "unchanged")
            if feed.failures:  # it is cured: `status` has to hear of it
                await ports.in_thread(_settle, ports, feed, polled, now)
            else:
                await settler.settle(feed, polled)
            return
        parsed = await _parse(ports, answer)
    except (FetchError, ParseError, ChildError) as error:
        await _fail(ports, feed, error, now)
        return
    await settler.keep(lambda: _keep(ports, feed, answer, parsed, now))
    ports.tally.add_labelled("polls", "read")
    ports.wake("place")
    ports.wake("pages")


async def _fetch(ports: Ports, feed: ClaimedFeed, now: datetime) -> Fetched | Unchanged:
    request = FeedRequest(
        url=feed.fetch_url,
        etag=feed.etag,
        last_modified=feed.last_modified,
        headers=_headers(ports, feed),
    )
    network, patience = ports.network, ports.terms.limits.lease_seconds / 3
    # Feeds of one host queue here: who waits too long gives the claim back.
    async with network.gate.turn(request.url, max_wait_seconds=patience):
        return await fetch_feed(network.session, request, ports.terms.limits, now=now)


def _headers(ports: Ports, feed: ClaimedFeed) -> tuple[tuple[str, str], ...]:
    """Give the source's own headers, unless the feed has moved to a stranger's address."""
    has_moved = feed.fetch_url != feed.url
    if has_moved and not may_keep_secrets(read_url(feed.url), read_url(feed.fetch_url)):
        return ()
    return ports.current.source(feed.source_key).headers


async def _parse(ports: Ports, answer: Fetched) -> ParsedFeed:
    """Parse in place what is light and beyond doubt, the rest where it can be killed."""
    limits, url = ports.terms.limits, answer.final_url
    body, media, charset = answer.body, answer.content_type, answer.charset
    if is_light(body):
        parsed = parse_light(body, content_type=media, charset=charset, url=url, limits=limits)
        if parsed is not None:
            return parsed
    ports.tally.add("feeds_parsed_in_child")
    children = ports.network.children
    return await children.run(
        parse_carefully, body, content_type=media, charset=charset, url=url, limits=limits
    )


def _keep(
    ports: Ports, feed: ClaimedFeed, answer: Fetched, parsed: ParsedFeed, now: datetime
) -> None:
    """T1: articles, matches, pages to fetch and the feed's validators, all or nothing."""
    articles = dated(ports, _normalised(ports, feed, parsed, now), feed.last_ok_at)

    def polled(new: int) -> Polled:
        entries = len(articles)
        return after_answer(feed, answer, parsed=parsed, entries=entries, new=new, now=now)

    kept = keep_articles(
        ports,
        articles,
        is_baseline=feed.is_first_poll,
        now=now,
        settle=lambda tx, new: _settle_in(tx, feed, polled(new), now),
    )
    if not feed.is_first_poll and may_have_lost(kept.new, len(articles)):
        ports.tally.add("feed_gaps")
    log.info(
        "feed polled",
        feed=feed.url,
        entries=len(articles),
        new=kept.new,
        matches=kept.matches,
        baseline=feed.is_first_poll,
    )


def _normalised(
    ports: Ports, feed: ClaimedFeed, parsed: ParsedFeed, now: datetime
) -> tuple[Article, ...]:
    """Give the articles oldest first: a story is judged best by those that came before it."""
    newest_first = normalise_feed(
        parsed,
        feed_url=feed.url,
        source=ports.current.source(feed.source_key),
        sources=ports.current.book,
        now=now,
        limits=ports.terms.limits,
    )
    return newest_first[::-1]


async def _fail(ports: Ports, feed: ClaimedFeed, error: MonitorError, now: datetime) -> None:
    polled = after_failure(feed, error, now=now)
    log.info("feed failed", feed=feed.url, reason=str(error), again_at=polled.next_poll_at)
    ports.tally.add_labelled("polls", "failed")
    await ports.in_thread(_settle, ports, feed, polled, now)
    await pause_host(ports, feed.fetch_url, error, now)


def _settle(ports: Ports, feed: ClaimedFeed, polled: Polled, now: datetime) -> None:
    with ports.store.write() as tx:
        _settle_in(tx, feed, polled, now)


def _settle_in(tx: Tx, feed: ClaimedFeed, polled: Polled, now: datetime) -> None:
    """Write a poll's end, and keep in `status` what is wrong with the feed until it is cured."""
    feeds.settle(tx, feed, polled)
    if polled.gap:
        problems.report(tx, "gap", feed.url, polled.gap, cure=_GAP_CURE, now=now)
    if polled.error:
        cure = _cure(feed, polled)
        problems.report(tx, "feed", feed.url, polled.error, cure=cure, now=now)
    elif feed.failures:
        problems.clear(tx, "feed", feed.url)


_GAP_CURE = (
    "others may have come and gone between; it is polled more often now, and this note goes by "
    "itself after a day"
)


def _cure(feed: ClaimedFeed, polled: Polled) -> str:
    if polled.state == "parked":
        listed = f"sources.yaml (source {feed.source_key})"
        return f"monitor ingest polls it again; if that crashes too, take it out of {listed}"
    if polled.state != "active":
        return f"take it out of sources.yaml, or mend its address (source {feed.source_key})"
    mend = f"mend its address in sources.yaml (source {feed.source_key})"
    if polled.error_kind == "refused_address":
        return f"if it is in your own network, open that in network.allow_private, else {mend}"
    if polled.error_kind == "document":
        return mend
    return "it is tried again by itself"


def _release(ports: Ports, feed: ClaimedFeed, due_at: datetime | None = None) -> None:
    with suppress(LeaseLost, StoreError), ports.store.write() as tx:
        feeds.release(tx, feed, due_at=due_at)
